# SPDX-License-Identifier: GPL-2.0-or-later
# Renders a page of invoices with ERB.

require "erb"

INVOICES = 1500

Item = Struct.new(:name, :amount, :cents) do
  def total = amount * cents
end

TEMPLATE = ERB.new(<<~PAGE, trim_mode: "-")
  <html><body>
  <%- invoices.each do |invoice| -%>
  <h2><%= ERB::Util.h(invoice[:customer]) %></h2>
  <ul>
  <%- invoice[:items].each do |item| -%>
  <li><%= ERB::Util.h(item.name) %>: <%= item.amount %> x <%= format("%.2f", item.cents / 100.0) %></li>
  <%- end -%>
  </ul><p>Total <%= format("%.2f", invoice[:items].sum(&:total) / 100.0) %></p>
  <%- end -%>
  </body></html>
PAGE

def run_function(random)
  invoices = Array.new(INVOICES) do
    items = Array.new(1 + random.rand(5)) do
      Item.new("part <#{random.rand(900)}> & screws", 1 + random.rand(9), random.rand(99_999))
    end
    { customer: "Customer \"#{random.rand(300)}\"", items: items }
  end
  page = TEMPLATE.result_with_hash(invoices: invoices)
  ["erb #{page.size}", page]
end
