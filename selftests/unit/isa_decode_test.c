// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A trap's bytes to its class and its missing feature: every kind of need, every way of not being
 * an instruction, every truncation.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "isa/decode.h"
#include "isa/host.h"
#include "unit/isa_encodings.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
	const struct encoding *rows;
	size_t count;
} tables[] = {
	{ older_encodings, COUNT(older_encodings) },
	{ young_encodings, COUNT(young_encodings) },
	{ apx_encodings, COUNT(apx_encodings) },
};

static size_t unhex(const char *hex, uint8_t *bytes)
{
	size_t n = strlen(hex) / 2;

	assert_true(n <= OST_INSN_BYTES_MAX && strlen(hex) % 2 == 0);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(sscanf(hex + 2 * i, "%2hhx", &bytes[i]), 1);
	return n;
}

static struct ost_feature_set parse(const char *names)
{
	struct ost_feature_set set;

	assert_int_equal(ost_feature_set_parse(&set, names, NULL), 0);
	return set;
}

/* Decode for a host that has @features and nothing else. */
static struct ost_trap_decode decode(const char *hex, const char *features)
{
	struct ost_feature_set host = parse(features);
	uint8_t bytes[OST_INSN_BYTES_MAX];
	struct ost_trap_decode out;
	size_t len = unhex(hex, bytes);

	assert_int_equal(ost_isa_decode(bytes, len, &host, &out), 0);
	assert_true(ost_feature_set_within(&out.missing, &out.needs));
	assert_true(strlen(out.why) > 20);
	return out;
}

static bool any_kernel_only(const struct ost_feature_set *set)
{
	for (unsigned int i = OST_FEATURE_NONE + 1; i < OST_FEATURE_END; i++)
		if (ost_feature_set_has(set, i) && ost_feature_get(i)->kernel_only)
			return true;
	return false;
}

/* On a host of the first level everything else is missing; on one that has it, nothing. */
static void check_encoding(const struct encoding *row)
{
	struct ost_feature_set needs = parse(row->needs), v1 = parse("x86-64-v1"), rest = needs;
	struct ost_trap_decode poor = decode(row->hex, "x86-64-v1");
	struct ost_trap_decode rich = decode(row->hex, row->needs);
	char names[256];

	ost_feature_set_format(&poor.needs, names, sizeof(names));
	if (strcmp(names, row->needs) || poor.length != strlen(row->hex) / 2 ||
	    strncmp(poor.text, row->mnemonic, strlen(row->mnemonic)) ||
	    !strchr(" ", poor.text[strlen(row->mnemonic)]))
		fail_msg("%s should be %s of %zu bytes that needs %s; is '%s' of %u that needs %s",
			 row->hex, row->mnemonic, strlen(row->hex) / 2, row->needs, poor.text,
			 poor.length, names);
	ost_feature_set_subtract(&rest, &v1);
	if (poor.trap_class == OST_TRAP_PRIVILEGED) {
		assert_true(ost_feature_set_empty(&poor.missing));
		assert_int_equal(rich.trap_class, OST_TRAP_PRIVILEGED);
		return;
	}
	assert_false(any_kernel_only(&needs));
	assert_true(ost_feature_set_equal(&poor.missing, &rest));
	assert_int_equal(poor.missing_youngest, ost_feature_set_youngest(&rest));
	if (poor.trap_class != OST_TRAP_MISSING) {
		/* nothing of it traps, so the bytes are not the reason of a trap */
		assert_int_equal(poor.trap_class, OST_TRAP_PRESENT);
		assert_non_null(strstr(poor.why, "does not trap"));
	} else {
		assert_non_null(strstr(poor.why, ost_feature_name(poor.missing_youngest)));
	}
	assert_true(ost_feature_set_empty(&rich.missing));
	assert_int_equal(rich.missing_youngest, OST_FEATURE_NONE);
	if (rich.trap_class != OST_TRAP_PRESENT) {
		/* AMX: the process still has to ask */
		assert_int_equal(rich.trap_class, OST_TRAP_DISABLED);
		assert_true(ost_feature_set_has(&needs, OST_F_AMX_TILE));
	}
}

static void every_kind_of_need(void **unused)
{
	for (size_t t = 0; t < COUNT(tables); t++)
		for (size_t i = 0; i < tables[t].count; i++)
			check_encoding(&tables[t].rows[i]);
}

/* No encoding begins another one, so whatever is cut short must be seen to be. */
static void every_truncation(void **unused)
{
	struct ost_feature_set host = parse("x86-64-v1");
	struct ost_trap_decode out;
	uint8_t bytes[OST_INSN_BYTES_MAX];

	for (size_t t = 0; t < COUNT(tables); t++) {
		for (size_t i = 0; i < tables[t].count; i++) {
			size_t len = unhex(tables[t].rows[i].hex, bytes);

			for (size_t cut = 1; cut < len; cut++) {
				assert_int_equal(ost_isa_decode(bytes, cut, &host, &out), 0);
				if (out.trap_class != OST_TRAP_TRUNCATED)
					fail_msg("%zu bytes of %s: %s, '%s'", cut,
						 tables[t].rows[i].hex,
						 ost_trap_class_name(out.trap_class), out.why);
				assert_int_equal(out.length, 0);
				assert_true(ost_feature_set_empty(&out.needs));
			}
		}
	}
	assert_int_equal(ost_isa_decode(bytes, 0, &host, &out), -EINVAL);
	assert_int_equal(out.trap_class, OST_TRAP_TRUNCATED);
}

/* What follows an instruction must not change what it is. */
static void what_follows_is_ignored(void **unused)
{
	struct ost_feature_set host = parse("x86-64-v2");
	struct ost_trap_decode alone, followed;
	uint8_t bytes[OST_INSN_BYTES_MAX];

	for (size_t t = 0; t < COUNT(tables); t++) {
		for (size_t i = 0; i < tables[t].count; i++) {
			size_t len = unhex(tables[t].rows[i].hex, bytes);

			ost_isa_decode(bytes, len, &host, &alone);
			for (int fill = 0; fill < 256; fill += 85) {
				memset(bytes + len, fill, sizeof(bytes) - len);
				ost_isa_decode(bytes, sizeof(bytes), &host, &followed);
				assert_memory_equal(&alone, &followed, sizeof(alone));
			}
		}
	}
}

static void programs_that_stop_themselves(void **unused)
{
	static const struct {
		const char *hex;
		uint8_t length;
		bool sanitizer;
	} rows[] = {
		{ "0f0b", 2, false },		/* ud2 */
		{ "0fb9c0", 3, false },		/* ud1 eax, eax */
		{ "0fffc0", 3, false },		/* ud0 eax, eax */
		{ "0fb9", 0, false },		/* cut short: the opcode says enough */
		{ "0fff", 0, false },
		{ "480fb9c0", 4, false },
		{ "660f0b", 3, false },
		{ "670fb94010", 5, true },	/* clang -fsanitize=undefined */
		{ "670fb9400c", 5, true },
		{ "670fb9c0", 4, false },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct ost_trap_decode out = decode(rows[i].hex, "x86-64-v4");
		uint8_t bytes[OST_INSN_BYTES_MAX];
		size_t len = unhex(rows[i].hex, bytes);

		assert_int_equal(out.trap_class, OST_TRAP_ABORT);
		assert_int_equal(out.length, rows[i].length);
		assert_int_equal(out.sanitizer, rows[i].sanitizer);
		assert_true(ost_isa_is_abort(bytes, len));
	}
	assert_non_null(strstr(decode("670fb94010", "").why, "check 16 failed"));
}

static void others_are_no_abort(void **unused)
{
	static const char *const hex[] = { "0f", "66", "0f05", "cc", "c5f877", "0f0c", "66660f" };
	uint8_t bytes[OST_INSN_BYTES_MAX];

	for (size_t i = 0; i < COUNT(hex); i++)
		assert_false(ost_isa_is_abort(bytes, unhex(hex[i], bytes)));
	assert_false(ost_isa_is_abort(bytes, 0));
}

static void garbage(void **unused)
{
	static const char *const hex[] = {
		"06", "07", "0e", "16", "17", "1e", "1f", "27", "2f", "37", "3f", "60", "61",
		"82c001", "9a", "ce", "d6", "ea", "d4", "0f04", "0f0a", "0f0c", "0f0fc100",
		"0f24c0", "0f36",
		"ffffffff", "fef8", "c6c800",
		"f089c0", "f090", "f0f30fb8c0",		/* LOCK where it can't be */
		"8ec8",					/* mov cs, eax */
		"66c5f058c2", "f3c5f058c2", "48c5f058c2", "f0c5f058c2",	/* before VEX */
		"66c4e2f1b4c2", "48c4e26b5cc1",		/* the same, young instructions */
		"c5f077",				/* vzeroupper with a register in vvvv */
		"d5184889c0",				/* REX after REX2 */
		"48d51901c0",				/* REX before REX2 */
		"d500e000", "d5883000", "d5000f05",	/* opcodes that REX2 leaves out */
	};

	for (size_t i = 0; i < COUNT(hex); i++) {
		struct ost_trap_decode out = decode(hex[i], "x86-64-v4");

		if (out.trap_class != OST_TRAP_GARBAGE)
			fail_msg("%s: %s, '%s'", hex[i], ost_trap_class_name(out.trap_class),
				 out.why);
		assert_int_equal(out.length, 0);
		assert_true(ost_feature_set_empty(&out.needs));
	}
}

static void fifteen_bytes_are_the_end(void **unused)
{
	struct ost_feature_set host = parse("x86-64-v4");
	struct ost_trap_decode out;
	uint8_t prefixes[20];

	memset(prefixes, 0x66, sizeof(prefixes));
	assert_int_equal(ost_isa_decode(prefixes, 15, &host, &out), 0);
	assert_int_equal(out.trap_class, OST_TRAP_GARBAGE);
	assert_int_equal(ost_isa_decode(prefixes, sizeof(prefixes), &host, &out), 0);
	assert_int_equal(out.trap_class, OST_TRAP_GARBAGE);
	assert_int_equal(ost_isa_decode(prefixes, 14, &host, &out), 0);
	assert_int_equal(out.trap_class, OST_TRAP_TRUNCATED);
}

static void not_known_here(void **unused)
{
	static const char *const hex[] = { "62f1704858c2", "c4e27bffc0", "0f38ffc0",
					   "62f27dc8ffc0" };

	for (size_t i = 0; i < COUNT(hex); i++)
		assert_int_equal(decode(hex[i], "x86-64-v4").trap_class, OST_TRAP_UNKNOWN);
}

static void kernel_instructions(void **unused)
{
	static const char *const hex[] = { "f4", "0f30", "0f01f8", "0f01c1", "0f01d8", "0f00d0",
					   "f30f38f808", "0faa", "0f20c0" };

	for (size_t i = 0; i < COUNT(hex); i++)
		assert_int_equal(decode(hex[i], "x86-64-v4").trap_class, OST_TRAP_PRIVILEGED);
}

static void the_youngest_is_named(void **unused)
{
	/* vaddps ymm of EVEX: the foundation is there, the narrow forms are not */
	struct ost_trap_decode out = decode("62f1742858c2", "x86-64-v3,avx512f");

	assert_int_equal(out.trap_class, OST_TRAP_MISSING);
	assert_int_equal(out.missing_youngest, OST_F_AVX512VL);
	assert_int_equal(ost_feature_set_count(&out.missing), 1);
	out = decode("62f1742858c2", "x86-64-v3");
	assert_int_equal(out.missing_youngest, OST_F_AVX512VL);
	assert_int_equal(ost_feature_set_count(&out.missing), 2);
	/* vpaddd ymm0, ymm0, ymm0 */
	out = decode("c5fdfec0", "x86-64-v2");
	assert_string_equal(out.why, "vpaddd ymm0, ymm0, ymm0 needs avx2 (CPUID 7.0:EBX bit 5); "
				     "this host lacks it");
}

static void avx10_stands_in(void **unused)
{
	assert_int_equal(decode("62f1742858c2", "avx10_1").trap_class, OST_TRAP_PRESENT);
	/* vaesenc of EVEX */
	assert_int_equal(decode("62f27548dcc2", "avx10_1").trap_class, OST_TRAP_PRESENT);
	/* vaesenc of VEX is not AVX10's, nor is vp2intersectd */
	assert_int_equal(decode("c4e275dcc2", "avx,avx10_1").trap_class, OST_TRAP_MISSING);
	assert_int_equal(decode("62f2774868c2", "avx10_1").trap_class, OST_TRAP_MISSING);
	/* EVEX vpdpbssd: AVX10.2, or AVX10.1 with the bit of its own */
	assert_int_equal(decode("62f2774850c2", "avx10_1").missing_youngest, OST_F_AVX10_2);
	assert_int_equal(decode("62f2774850c2", "avx10_1,avx10_v1_aux").trap_class,
			 OST_TRAP_PRESENT);
	/* xtest goes with either */
	assert_int_equal(decode("0f01d6", "hle").trap_class, OST_TRAP_PRESENT);
	assert_int_equal(decode("0f01d6", "").missing_youngest, OST_F_RTM);
}

static void silent_ones_do_not_trap(void **unused)
{
	static const char *const hex[] = { "f30fbdc0", "f30fbcc0", "f30f1efa", "0f0d08", "0f1c00",
					   "f3480f1ec8", "0f183d00000000", "f30f1b00" };

	for (size_t i = 0; i < COUNT(hex); i++) {
		struct ost_trap_decode out = decode(hex[i], "");

		assert_int_equal(out.trap_class, OST_TRAP_PRESENT);
		assert_false(ost_feature_set_empty(&out.missing));
	}
	/* bndldx with a bounds register that is none, and without a SIB byte: a no-op everywhere */
	assert_int_equal(decode("0f1a29", "x86-64-v1").trap_class, OST_TRAP_PRESENT);
}

/* The processor has it, the kernel or the process withholds it. */
static void disabled_is_not_missing(void **unused)
{
	static const uint8_t amx[] = { 0xc4, 0xe2, 0x7b, 0x49, 0xc0 };		/* tilezero tmm0 */
	static const uint8_t avx2[] = { 0xc5, 0xfd, 0xfe, 0xc0 };
	struct ost_host_features host = { .processor = parse("x86-64-v3,amx_tile"),
					  .usable = parse("x86-64-v2"), .first.xcr0 = 3 };
	struct ost_trap_decode out;

	assert_int_equal(ost_isa_decode_on(avx2, sizeof(avx2), &host, &out), 0);
	assert_int_equal(out.trap_class, OST_TRAP_DISABLED);
	assert_int_equal(out.missing_youngest, OST_F_AVX2);
	assert_non_null(strstr(out.why, "XCR0 lacks 0x4"));
	assert_int_equal(ost_isa_decode_on(amx, sizeof(amx), &host, &out), 0);
	assert_int_equal(out.trap_class, OST_TRAP_DISABLED);
	assert_non_null(strstr(out.why, "XCR0 lacks 0x60000"));
	/* all is there, but the process did not ask */
	host.usable = host.processor;
	assert_int_equal(ost_isa_decode_on(amx, sizeof(amx), &host, &out), 0);
	assert_int_equal(out.trap_class, OST_TRAP_DISABLED);
	assert_non_null(strstr(out.why, "ARCH_REQ_XCOMP_PERM"));
	assert_int_equal(ost_isa_decode_on(avx2, sizeof(avx2), &host, &out), 0);
	assert_int_equal(out.trap_class, OST_TRAP_PRESENT);
	/* not there at all */
	host.processor = host.usable = parse("x86-64-v2");
	assert_int_equal(ost_isa_decode_on(avx2, sizeof(avx2), &host, &out), 0);
	assert_int_equal(out.trap_class, OST_TRAP_MISSING);
}

static void class_names(void **unused)
{
	assert_string_equal(ost_trap_class_name(OST_TRAP_MISSING), "missing");
	assert_string_equal(ost_trap_class_name(OST_TRAP_PRESENT), "present");
	assert_string_equal(ost_trap_class_name(OST_TRAP_CLASS_END), "?");
	for (unsigned int i = 0; i < OST_TRAP_CLASS_END; i++)
		assert_non_null(ost_trap_class_name(i));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_need),
		cmocka_unit_test(every_truncation),
		cmocka_unit_test(what_follows_is_ignored),
		cmocka_unit_test(programs_that_stop_themselves),
		cmocka_unit_test(others_are_no_abort),
		cmocka_unit_test(garbage),
		cmocka_unit_test(fifteen_bytes_are_the_end),
		cmocka_unit_test(not_known_here),
		cmocka_unit_test(kernel_instructions),
		cmocka_unit_test(the_youngest_is_named),
		cmocka_unit_test(avx10_stands_in),
		cmocka_unit_test(silent_ones_do_not_trap),
		cmocka_unit_test(disabled_is_not_missing),
		cmocka_unit_test(class_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
