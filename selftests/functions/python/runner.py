#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Serves one function on loopback: GET /?n=SEED runs it, GET /ready answers once it can."""

import importlib
import os
import random
import re
import sys
import zlib
from http.server import BaseHTTPRequestHandler, HTTPServer

NAMES = ("json_transform", "html_template", "csv_statistics", "graph_search", "word_index")


class Handler(BaseHTTPRequestHandler):
	protocol_version = "HTTP/1.1"
	function = None

	def answer(self, status, text):
		body = (text + "\n").encode()
		self.send_response(status)
		self.send_header("Content-Length", str(len(body)))
		self.send_header("Connection", "close")
		self.end_headers()
		self.wfile.write(body)

	def do_GET(self):
		query = re.fullmatch(r"/\?n=(\d{1,18})", self.path)
		if self.path == "/ready":
			self.answer(200, "ready")
		elif not query:
			self.answer(400, "wanted: GET /?n=SEED")
		else:
			label, text = Handler.function(random.Random(int(query[1])))
			self.answer(200, f"{label} {zlib.crc32(text.encode()):08x}")

	def log_message(self, *args):
		pass


def main():
	if len(sys.argv) != 2 or sys.argv[1] not in NAMES:
		sys.exit(f"usage: runner.py {'|'.join(NAMES)}")
	Handler.function = importlib.import_module(sys.argv[1]).run
	HTTPServer(("127.0.0.1", int(os.environ.get("PORT", "8080"))), Handler).serve_forever()


main()
