// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The catalogue's CPUID bits are those that Linux has under the same names: each row beside
 * arch/x86/include/asm/cpufeatures.h of all kernel headers that are here. Whatever processor this
 * machine has, a wrong bit shows.
 */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "isa/feature.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The registers that Linux keeps in words of 32 bits: enum cpuid_leafs in asm/cpufeature.h. */
static const struct word {
	uint32_t leaf, subleaf;
	enum ost_cpuid_reg reg;
	bool is_register; /* false: bits of Linux's own */
} words[] = {
	[0] = {0x1, 0, OST_EDX, true},	       [1] = {0x80000001, 0, OST_EDX, true},
	[4] = {0x1, 0, OST_ECX, true},	       [5] = {0xc0000001, 0, OST_EDX, true},
	[6] = {0x80000001, 0, OST_ECX, true},  [9] = {0x7, 0, OST_EBX, true},
	[10] = {0xd, 1, OST_EAX, true},	       [12] = {0x7, 1, OST_EAX, true},
	[13] = {0x80000008, 0, OST_EBX, true}, [16] = {0x7, 0, OST_ECX, true},
	[18] = {0x7, 0, OST_EDX, true},	       [19] = {0x8000001f, 0, OST_EAX, true},
	[20] = {0x80000021, 0, OST_EAX, true},
};

/* One line of the header: the name as /proc/cpuinfo has it, word and bit. */
static bool parse_line(const char *line, char name[64], unsigned int *word, unsigned int *bit)
{
	const char *quoted = strstr(line, "/* \"");

	if (sscanf(line, "#define X86_FEATURE_%63[A-Z0-9_] ( %u*32+ %u)", name, word, bit) != 3)
		return false;
	if (quoted && quoted[4] != '"') {
		sscanf(quoted + 4, "%63[^\"]", name);
		return true;
	}
	for (char *c = name; *c; c++)
		*c |= *c >= 'A' && *c <= 'Z' ? 0x20 : 0;
	return true;
}

static bool same_place(const struct ost_cpuid_bit *ours, const struct word *word, unsigned int bit)
{
	return ours->leaf == word->leaf && ours->subleaf == word->subleaf &&
	       ours->reg == word->reg && ours->bit == bit;
}

/* How many of its names the catalogue has. */
static unsigned int compare(const char *path)
{
	FILE *file = fopen(path, "re");
	unsigned int word, bit, known = 0;
	char line[512], name[64];

	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		const struct ost_feature_info *info;
		unsigned int feature;

		if (!parse_line(line, name, &word, &bit) || word >= COUNT(words) ||
		    !words[word].is_register)
			continue;
		feature = ost_feature_find(name);
		if (feature == OST_FEATURE_NONE)
			continue;
		known++;
		info = ost_feature_get(feature);
		if (!same_place(&info->cpuid, &words[word], bit) &&
		    !same_place(&info->also, &words[word], bit))
			fail_msg("%s: word %u bit %u in %s, not leaf 0x%x.%u register %u bit %u",
				 name, word, bit, path, info->cpuid.leaf, info->cpuid.subleaf,
				 info->cpuid.reg, info->cpuid.bit);
	}
	fclose(file);
	return known;
}

static void bits_are_the_kernels(void **unused)
{
	static const char below[] = "usr/src/linux-headers-*/arch/x86/include/asm/cpufeatures.h";
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	char pattern[4096];
	glob_t found;

	/* where tools/vm keeps kernels */
	snprintf(pattern, sizeof(pattern), "%s%s/ostler/vm/kernels/*/%s",
		 cache ? cache : home ? home : "", cache ? "" : "/.cache", below);
	glob(pattern, 0, NULL, &found);
	snprintf(pattern, sizeof(pattern), "/%s", below);
	glob(pattern, GLOB_APPEND, NULL, &found);
	if (!found.gl_pathc) {
		print_message("no kernel headers are here: nothing to compare with\n");
		skip();
	}
	for (size_t i = 0; i < found.gl_pathc; i++) {
		unsigned int known = compare(found.gl_pathv[i]);

		print_message("%u rows are as in %s\n", known, found.gl_pathv[i]);
		/* fewer would be a header that this test can't read */
		assert_in_range(known, 80, OST_FEATURE_END);
	}
	globfree(&found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bits_are_the_kernels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
