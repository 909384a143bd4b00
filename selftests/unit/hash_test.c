// SPDX-License-Identifier: GPL-2.0-or-later
/* The hash table: growth, equal keys, removal while many are in, iteration that meets each node once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/cleanup.h"
#include "lib/hash.h"

#define ROWS 5000

struct row {
	struct ost_hash_node node;
	unsigned int seen;
};

static void finds_what_was_inserted(void **unused)
{
	static struct row rows[ROWS];
	struct ost_hash hash = { 0 };
	struct ost_hash_node *node = NULL;
	size_t met = 0;

	assert_null(ost_hash_find(&hash, 1));
	assert_null(ost_hash_next(&hash, NULL));
	for (uint64_t i = 0; i < ROWS; i++)
		assert_int_equal(ost_hash_insert(&hash, &rows[i].node, i * 3), 0);
	assert_int_equal(hash.count, ROWS);
	for (uint64_t i = 0; i < ROWS; i++)
		assert_ptr_equal(ost_hash_find(&hash, i * 3), &rows[i].node);
	assert_null(ost_hash_find(&hash, 1));
	for (uint64_t i = 0; i < ROWS; i += 2)
		ost_hash_remove(&hash, &rows[i].node);
	assert_int_equal(hash.count, ROWS / 2);
	for (uint64_t i = 0; i < ROWS; i++)
		assert_true((ost_hash_find(&hash, i * 3) != NULL) == (i % 2 == 1));
	while ((node = ost_hash_next(&hash, node))) {
		struct row *row = ost_container_of(node, struct row, node);

		assert_int_equal(row->seen++, 0);
		met++;
	}
	assert_int_equal(met, ROWS / 2);
	ost_hash_remove(&hash, &rows[0].node); /* not in any more: nothing happens */
	assert_int_equal(hash.count, ROWS / 2);
	ost_hash_free(&hash);
}

static void equal_keys_are_all_found(void **unused)
{
	struct row rows[3];
	struct ost_hash hash = { 0 };
	struct ost_hash_node *node;
	int found = 0;

	for (int i = 0; i < 3; i++)
		assert_int_equal(ost_hash_insert(&hash, &rows[i].node, 42), 0);
	for (node = ost_hash_find(&hash, 42); node; node = ost_hash_again(node))
		found++;
	assert_int_equal(found, 3);
	ost_hash_free(&hash);
}

static void text_keys_differ(void **unused)
{
	assert_int_equal(ost_hash_text("a"), ost_hash_text("a"));
	assert_int_not_equal(ost_hash_text("a"), ost_hash_text("b"));
	/* FNV-1a's published offset basis */
	assert_true(ost_hash_text("") == 0xcbf29ce484222325ull);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_was_inserted),
		cmocka_unit_test(equal_keys_are_all_found),
		cmocka_unit_test(text_keys_differ),
	};

	return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}
