# SPDX-License-Identifier: GPL-2.0-or-later
# Parses visits from JSON, groups them by day and page, and prints the report as JSON.

require "json"

VISITS = 12_000

def visits(random)
  JSON.generate(Array.new(VISITS) do |number|
    { id: number, day: random.rand(30), page: "/page/#{random.rand(80)}", ms: random.rand(3000),
      agent: "browser #{random.rand(12)}" }
  end)
end

def run_function(random)
  report = JSON.parse(visits(random)).group_by { |visit| visit["day"] }.sort.map do |day, rows|
    pages = rows.group_by { |row| row["page"] }.map do |page, hits|
      times = hits.map { |hit| hit["ms"] }.sort
      { page: page, hits: hits.size, median: times[times.size / 2], agents: hits.map { |h| h["agent"] }.uniq.size }
    end
    { day: day, pages: pages.sort_by { |entry| [-entry[:hits], entry[:page]] } }
  end
  text = JSON.pretty_generate(report)
  ["json #{report.size}", text]
end
