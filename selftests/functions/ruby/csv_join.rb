# SPDX-License-Identifier: GPL-2.0-or-later
# Joins two CSV tables on a key and prints the sums per region.

require "csv"

CLIENTS = 400
ORDERS = 4000

def table(header, rows)
  CSV.generate { |csv| [header, *rows].each { |row| csv << row } }
end

def run_function(random)
  clients = table(%w[client region], Array.new(CLIENTS) { |id| ["client, #{id}", "region \"#{random.rand(15)}\""] })
  orders = table(%w[order client cents], Array.new(ORDERS) do |id|
    [id, "client, #{random.rand(CLIENTS)}", random.rand(100_000)]
  end)
  region = CSV.parse(clients, headers: true).to_h { |row| [row["client"], row["region"]] }
  sums = Hash.new(0)
  CSV.parse(orders, headers: true).each { |row| sums[region.fetch(row["client"])] += row["cents"].to_i }
  ["csv #{sums.size}", table(%w[region cents], sums.sort)]
end
