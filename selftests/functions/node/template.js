// SPDX-License-Identifier: GPL-2.0-or-later
// Renders a shop page: a template with loops and escapes is compiled once and filled with many rows.
'use strict';

const PRODUCTS = 4000;

const escapes = {'&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;'};
const escape = (value) => String(value).replace(/[&<>"]/g, (c) => escapes[c]);

// "{{name}}" becomes an escaped value, "{{#each}} ... {{/each}}" a repeated part
function compile(source) {
	const each = /\{\{#(\w+)\}\}([\s\S]*?)\{\{\/\1\}\}/g;
	const parts = [];
	let last = 0;

	for (const match of source.matchAll(each)) {
		parts.push(fill(source.slice(last, match.index)));
		const inner = fill(match[2]);
		parts.push((data) => data[match[1]].map(inner).join(''));
		last = match.index + match[0].length;
	}
	parts.push(fill(source.slice(last)));
	return (data) => parts.map((part) => part(data)).join('');
}

function fill(source) {
	const pieces = source.split(/\{\{(\w+)\}\}/);

	return (data) => pieces.map((piece, i) => (i % 2 ? escape(data[piece]) : piece)).join('');
}

const page = compile(`<html><head><title>{{title}}</title></head><body><h1>{{title}}</h1><table>
{{#products}}<tr class="{{kind}}"><td>{{name}}</td><td>{{text}}</td><td>{{price}}</td></tr>
{{/products}}</table><footer>{{count}} products</footer></body></html>`);

module.exports = (random, checksum) => {
	const products = [];

	for (let i = 0; i < PRODUCTS; i++)
		products.push({
			kind: ['odd', 'even'][i % 2],
			name: `Thing "${random(100000)}" & more`,
			text: `<b>${'lorem ipsum '.repeat(1 + random(5))}</b>`,
			price: (random(100000) / 100).toFixed(2),
		});
	const html = page({title: 'Shop <' + random(1000) + '>', products, count: products.length});
	return `template ${html.length} ${checksum(html)}`;
};
