# SPDX-License-Identifier: GPL-2.0-or-later
"""Parses an order book from JSON, groups it by customer and prints the sums as JSON."""

import json

ORDERS = 4000


def book(rng):
	return json.dumps([{
		"id": number,
		"customer": f"customer {rng.randrange(400)}",
		"items": [{"product": f"product {rng.randrange(300)}", "amount": rng.randrange(1, 9),
			"price": rng.randrange(99999) / 100} for _ in range(rng.randrange(1, 6))],
	} for number in range(ORDERS)])


def run(rng):
	customers = {}
	for order in json.loads(book(rng)):
		total = sum(item["amount"] * item["price"] for item in order["items"])
		entry = customers.setdefault(order["customer"], {"orders": [], "total": 0})
		entry["orders"].append({**order, "total": round(total, 2)})
		entry["total"] = round(entry["total"] + total, 2)
	report = sorted(customers.items(), key=lambda pair: (-pair[1]["total"], pair[0]))
	return f"json {len(report)}", json.dumps(report, indent=1)
