# SPDX-License-Identifier: GPL-2.0-or-later
"""Builds an inverted index over documents and answers queries from it, ranked."""

import collections
import math
import re

DOCUMENTS = 1200
QUERIES = 60


def documents(rng):
	vocabulary = [f"{a}{b}{c}" for a in ("ka", "lo", "mi", "tra", "ne") for b in ("ra", "sta", "vi", "", "om")
		for c in ("n", "ck", "s", "le", "ton", "per")]
	weights = [1 / (rank + 2) for rank in range(len(vocabulary))]
	for _ in range(DOCUMENTS):
		yield " ".join(rng.choices(vocabulary, weights, k=80)).capitalize() + "."


def run(rng):
	index, texts = collections.defaultdict(dict), list(documents(rng))
	for number, text in enumerate(texts):
		for word in re.findall(r"\w+", text.lower()):
			index[word][number] = index[word].get(number, 0) + 1
	lines, words = [], sorted(index)
	for _ in range(QUERIES):
		scores = collections.Counter()
		query = rng.choices(words, k=3)
		for word in query:
			rarity = math.log(DOCUMENTS / len(index[word]))
			for number, count in index[word].items():
				scores[number] += count * rarity
		best = sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))[:5]
		lines.append(f"{' '.join(query)}: {[(number, round(score, 6)) for number, score in best]}")
	return f"index {len(index)}", "\n".join(lines)
