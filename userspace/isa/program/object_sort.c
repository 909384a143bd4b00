// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "object_file.h"

#define DIGIT_BITS 11
#define DIGITS (1u << DIGIT_BITS)

/* One pass of a radix sort, least significant digit first. */
static void sort_digit(const struct ost_object_key *from, struct ost_object_key *to, size_t count,
		       unsigned int shift)
{
	size_t start[DIGITS] = { 0 }, sum = 0;

	for (size_t i = 0; i < count; i++)
		start[from[i].key >> shift & (DIGITS - 1)]++;
	for (size_t i = 0; i < DIGITS; i++) {
		size_t here = start[i];

		start[i] = sum;
		sum += here;
	}
	for (size_t i = 0; i < count; i++)
		to[start[from[i].key >> shift & (DIGITS - 1)]++] = from[i];
}

int ost_object_sort(struct ost_object_key *keys, size_t count)
{
	struct ost_object_key *other, *from = keys, *to;
	uint64_t differ = 0;
	bool sorted = true;

	for (size_t i = 1; i < count; i++) {
		differ |= keys[i].key ^ keys[0].key;
		sorted &= keys[i - 1].key <= keys[i].key;
	}
	if (sorted)
		return 0;
	other = malloc(count * sizeof(*other));
	if (!other)
		return -ENOMEM;
	to = other;
	for (unsigned int shift = 0; shift < 64; shift += DIGIT_BITS) {
		struct ost_object_key *swap = from;

		if (!(differ >> shift & (DIGITS - 1)))
			continue;
		sort_digit(from, to, count, shift);
		from = to;
		to = swap;
	}
	if (from != keys)
		memcpy(keys, from, count * sizeof(*keys));
	free(other);
	return 0;
}
