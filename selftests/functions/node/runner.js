// SPDX-License-Identifier: GPL-2.0-or-later
// Serves one function on loopback: GET /?n=SEED runs it, GET /ready answers once it can.
'use strict';

const http = require('http');
const path = require('path');

const NAMES = ['json', 'template', 'markdown', 'csv'];

// mulberry32: small, seeded, the same everywhere
function random(seed) {
	let state = Number(BigInt(seed) & 0xffffffffn);

	return (limit) => {
		state = (state + 0x6d2b79f5) | 0;
		let t = Math.imul(state ^ (state >>> 15), 1 | state);
		t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
		return ((t ^ (t >>> 14)) >>> 0) % limit;
	};
}

// Adler-32
function checksum(text) {
	let a = 1, b = 0;

	for (const byte of Buffer.from(text)) {
		a = (a + byte) % 65521;
		b = (b + a) % 65521;
	}
	return (b * 65536 + a).toString(16).padStart(8, '0');
}

function answer(response, status, text) {
	const body = text + '\n';

	response.writeHead(status, {'Content-Length': Buffer.byteLength(body), 'Connection': 'close'});
	response.end(body);
}

function main(name) {
	if (!NAMES.includes(name)) {
		process.stderr.write(`usage: runner.js ${NAMES.join('|')}\n`);
		process.exit(2);
	}
	const run = require(path.join(__dirname, name + '.js'));

	http.createServer((request, response) => {
		const query = /^\/\?n=(\d{1,18})$/.exec(request.url);

		if (request.url === '/ready')
			answer(response, 200, 'ready');
		else if (!query)
			answer(response, 400, 'wanted: GET /?n=SEED');
		else
			answer(response, 200, run(random(query[1]), checksum));
	}).listen(Number(process.env.PORT || 8080), '127.0.0.1');
}

main(process.argv[2]);
