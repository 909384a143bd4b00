// SPDX-License-Identifier: GPL-2.0-or-later
/* Counts words and word pairs of a text in ordered and unordered maps of strings. */
#include "serve.h"
#include <algorithm>
#include <cstdio>
#include <map>
#include <sstream>
#include <string>
#include <unordered_map>
#include <vector>

static const int words = 60000;

static std::string text(uint64_t &random)
{
	static const char *const syllables[] = {"ka", "lo", "mi", "ne",	 "or",
						"ta", "ul", "vi", "sen", "dra"};
	std::string out;

	for (int i = 0; i < words; i++) {
		uint64_t a = random_next(&random) % 70, pick = a * a;

		for (uint64_t rest = pick + 1; rest; rest /= 10)
			out += syllables[rest % 10];
		out += ' ';
	}
	return out;
}

extern "C" void function_run(uint64_t seed, char *reply, size_t size)
{
	uint64_t random = random_seed(seed), hash = 0;
	std::unordered_map<std::string, std::vector<size_t>> places;
	std::map<std::string, size_t> pairs;
	std::istringstream in(text(random));
	std::string word, last;

	for (size_t at = 0; in >> word; at++) {
		places[word].push_back(at);
		if (!last.empty())
			pairs[last + " " + word]++;
		last = word;
	}
	std::vector<std::pair<size_t, std::string>> ranking;
	for (const auto &pair : pairs)
		ranking.emplace_back(pair.second, pair.first);
	std::sort(ranking.begin(), ranking.end());
	for (const auto &entry : ranking)
		hash = hash_bytes(hash, entry.second.data(), entry.second.size());
	snprintf(reply, size, "wordmap %zu %zu %016llx", places.size(), pairs.size(),
		 (unsigned long long)hash);
}
