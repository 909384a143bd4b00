# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads a CSV table and computes mean, median and spread of each group."""

import csv
import io
import statistics

ROWS = 12000


def table(rng):
	out = io.StringIO()
	writer = csv.writer(out)
	writer.writerow(("group", "name", "value"))
	for number in range(ROWS):
		writer.writerow((f"group, {rng.randrange(40)}", f"name {number}", round(rng.gauss(50, 12), 3)))
	return out.getvalue()


def run(rng):
	groups = {}
	for row in csv.DictReader(io.StringIO(table(rng))):
		groups.setdefault(row["group"], []).append(row)
	out = io.StringIO()
	writer = csv.writer(out, delimiter=";")
	for name, rows in sorted(groups.items()):
		values = [float(row["value"]) for row in rows]
		writer.writerow((name, len(values), f"{statistics.fmean(values):.4f}",
			f"{statistics.median(values):.4f}", f"{statistics.pstdev(values):.4f}"))
	return f"csv {len(groups)}", out.getvalue()
