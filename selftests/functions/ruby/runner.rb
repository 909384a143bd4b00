# SPDX-License-Identifier: GPL-2.0-or-later
# Serves one function on loopback: GET /?n=SEED runs it, GET /ready answers once it can.

require "socket"
require "zlib"

NAMES = %w[erb_page json_report csv_join].freeze
MAX_HEADER = 8192

def answer(client, status, text)
  body = "#{text}\n"
  client.write("HTTP/1.1 #{status}\r\nContent-Length: #{body.bytesize}\r\nConnection: close\r\n\r\n#{body}")
end

def serve(client)
  head = +""
  head << client.readpartial(1024) until head.include?("\r\n\r\n") || head.size > MAX_HEADER
  case head
  when %r{\AGET /ready } then answer(client, "200 OK", "ready")
  when %r{\AGET /\?n=(\d{1,18}) }
    label, text = run_function(Random.new($1.to_i))
    answer(client, "200 OK", format("%s %08x", label, Zlib.crc32(text)))
  else answer(client, "400 Bad Request", "wanted: GET /?n=SEED")
  end
rescue EOFError, Errno::ECONNRESET, Errno::EPIPE
  nil
ensure
  client.close
end

abort("usage: runner.rb #{NAMES.join('|')}") unless ARGV.size == 1 && NAMES.include?(ARGV[0])
require_relative ARGV[0]
server = TCPServer.new("127.0.0.1", Integer(ENV.fetch("PORT", "8080")))
loop { serve(server.accept) }
