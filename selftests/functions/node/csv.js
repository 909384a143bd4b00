// SPDX-License-Identifier: GPL-2.0-or-later
// Parses a CSV log of measurements, computes quantiles per station and prints them.
'use strict';

const ROWS = 25000;

function log(random) {
	const lines = ['station,time,"value, in °C"'];

	for (let i = 0; i < ROWS; i++)
		lines.push(`"station ${random(60)}",${1700000000 + i * 60},${(random(6000) - 2000) / 100}`);
	return lines.join('\n');
}

function parse(line) {
	const fields = [];
	let field = '', quoted = false;

	for (const c of line) {
		if (c === '"') {
			quoted = !quoted;
		} else if (c === ',' && !quoted) {
			fields.push(field);
			field = '';
		} else {
			field += c;
		}
	}
	fields.push(field);
	return fields;
}

module.exports = (random, checksum) => {
	const stations = {};

	for (const [station, time, value] of log(random).split('\n').slice(1).map(parse))
		(stations[station] = stations[station] || []).push({time: Number(time), value: Number(value)});
	const lines = Object.entries(stations).sort().map(([name, rows]) => {
		const values = rows.map((row) => row.value).sort((a, b) => a - b);
		const at = (q) => values[Math.floor(q * (values.length - 1))];
		return [name, values.length, at(0), at(0.5), at(0.99)].join(';');
	});
	return `csv ${lines.length} ${checksum(lines.join('\n'))}`;
};
