// SPDX-License-Identifier: GPL-2.0-or-later
/* SHA-256 against the examples of FIPS 180-4's test vectors, in pieces of every size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/sha256.h"

static void check(const void *bytes, size_t size, const char *expect)
{
	for (size_t piece = 1; piece < 200; piece += 13) {
		char text[OST_SHA256_TEXT];
		struct ost_sha256 sha;

		ost_sha256_init(&sha);
		sha.plain |= piece % 2;
		for (size_t at = 0; at < size; at += piece)
			ost_sha256_add(&sha, (const char *)bytes + at,
				       size - at < piece ? size - at : piece);
		ost_sha256_end_text(&sha, text);
		assert_string_equal(text, expect);
	}
}

static void meets_the_examples(void **state)
{
	static const char two_blocks[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
	char *million = malloc(1000000);

	check("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	check("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	check(two_blocks, 56, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	memset(million, 'a', 1000000);
	check(million, 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	free(million);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(meets_the_examples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
