// SPDX-License-Identifier: GPL-2.0-or-later
// Parses an order book from JSON, joins it with its customers, groups it and prints it as JSON.
'use strict';

const ORDERS = 6000;

function book(random) {
	const orders = [];

	for (let id = 0; id < ORDERS; id++) {
		const items = [];
		for (let i = random(5); i >= 0; i--)
			items.push({product: `product-${random(300)}`, amount: 1 + random(9), cents: random(99999)});
		orders.push({id, customer: random(400), tags: [`t${random(9)}`, `t${random(9)}`], items});
	}
	return JSON.stringify({orders});
}

module.exports = (random, checksum) => {
	const {orders} = JSON.parse(book(random));
	const customers = new Map();

	for (const order of orders) {
		const total = order.items.reduce((sum, item) => sum + item.amount * item.cents, 0);
		const known = customers.get(order.customer) || {id: order.customer, orders: [], total: 0};
		known.orders.push({...order, total, tags: [...new Set(order.tags)].sort()});
		known.total += total;
		customers.set(order.customer, known);
	}
	const report = [...customers.values()].sort((a, b) => b.total - a.total || a.id - b.id);
	return `json ${report.length} ${checksum(JSON.stringify(report.slice(0, 100)))}`;
};
