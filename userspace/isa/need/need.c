// SPDX-License-Identifier: GPL-2.0-or-later
#include "isa/need/need.h"

#include <stdlib.h>
#include <string.h>

static const char *const verdict_names[OST_NEED_END] = {
	[OST_NEED_UNREACHED] = "unreached",
	[OST_NEED_DISPATCHED] = "dispatched",
	[OST_NEED_WEAK_GUARD] = "weak guard",
	[OST_NEED_PROBABLE] = "probable",
	[OST_NEED_HAZARD] = "hazard",
	[OST_NEED_SELF_CHECKED] = "self-checked",
	[OST_NEED_REQUIRED] = "required",
};

/* A host that has @has runs what needs @gives, though no bit of its own may say so. */
struct stand_in {
	uint8_t has, gives;
};

/* AVX10.1 contains these AVX-512 families (Intel AVX10 architecture specification, chapter 1). */
static const struct stand_in stand_ins[] = {
	{ OST_F_AVX10_1, OST_F_AVX512F },
	{ OST_F_AVX10_1, OST_F_AVX512CD },
	{ OST_F_AVX10_1, OST_F_AVX512BW },
	{ OST_F_AVX10_1, OST_F_AVX512DQ },
	{ OST_F_AVX10_1, OST_F_AVX512VL },
	{ OST_F_AVX10_1, OST_F_AVX512_VPOPCNTDQ },
	{ OST_F_AVX10_1, OST_F_AVX512IFMA },
	{ OST_F_AVX10_1, OST_F_AVX512VBMI },
	{ OST_F_AVX10_1, OST_F_AVX512_VNNI },
	{ OST_F_AVX10_1, OST_F_AVX512_VBMI2 },
	{ OST_F_AVX10_1, OST_F_AVX512_BITALG },
	{ OST_F_AVX10_1, OST_F_AVX512_BF16 },
	{ OST_F_AVX10_1, OST_F_AVX512_FP16 },
	/* one CPUID bit, two rows of the catalogue */
	{ OST_F_BMI1, OST_F_TZCNT },
	{ OST_F_TZCNT, OST_F_BMI1 },
	/* what no list of an x86-64 level names, and every processor of it has */
	{ OST_F_LM, OST_F_TSC },
	{ OST_F_LM, OST_F_CLFLUSH },
	{ OST_F_AVX, OST_F_XSAVE },
};

/* All that a host with these features runs. */
static struct ost_feature_set widened(const struct ost_feature_set *have)
{
	struct ost_feature_set wide = *have;

	for (size_t i = 0; i < sizeof(stand_ins) / sizeof(stand_ins[0]); i++)
		if (ost_feature_set_has(have, stand_ins[i].has))
			ost_feature_set_add(&wide, stand_ins[i].gives);
	return wide;
}

static bool is_hard(const struct ost_need *need)
{
	return need->verdict == OST_NEED_REQUIRED || need->verdict == OST_NEED_SELF_CHECKED ||
	       need->verdict == OST_NEED_HAZARD;
}

void ost_needs_free(struct ost_needs *needs)
{
	ost_needs_drop_places(needs);
	free(needs->list);
	memset(needs, 0, sizeof(*needs));
}

const struct ost_need *ost_needs_get(const struct ost_needs *needs, unsigned int feature)
{
	for (size_t i = 0; i < needs->count; i++)
		if (needs->list[i].feature == feature)
			return &needs->list[i];
	return NULL;
}

const char *ost_need_verdict_name(unsigned int verdict)
{
	return verdict < OST_NEED_END ? verdict_names[verdict] : "?";
}

void ost_needs_hard(const struct ost_needs *needs, struct ost_feature_set *hard,
		    struct ost_feature_set *soft)
{
	memset(hard, 0, sizeof(*hard));
	if (soft)
		memset(soft, 0, sizeof(*soft));
	for (size_t i = 0; i < needs->count; i++) {
		const struct ost_need *need = &needs->list[i];

		if (is_hard(need))
			ost_feature_set_add(hard, need->feature);
		else if (soft && need->verdict == OST_NEED_PROBABLE)
			ost_feature_set_add(soft, need->feature);
	}
}

unsigned int ost_needs_level(const struct ost_needs *needs)
{
	struct ost_feature_set hard, has;

	ost_needs_hard(needs, &hard, NULL);
	for (unsigned int level = 1; level <= 4; level++) {
		ost_feature_level_set(level, &has);
		has = widened(&has);
		if (ost_feature_set_within(&hard, &has))
			return level;
	}
	return 0;
}

bool ost_needs_unmet(const struct ost_needs *needs, const struct ost_feature_set *have,
		     struct ost_feature_set *unmet)
{
	struct ost_feature_set wide = widened(have);

	memset(unmet, 0, sizeof(*unmet));
	for (size_t i = 0; i < needs->count; i++) {
		const struct ost_need *need = &needs->list[i];
		bool passes = need->verdict == OST_NEED_WEAK_GUARD &&
			      ost_feature_set_within(&need->guard, &wide);

		if ((is_hard(need) || passes) && !ost_feature_set_has(&wide, need->feature))
			ost_feature_set_add(unmet, need->feature);
	}
	return ost_feature_set_empty(unmet);
}

bool ost_needs_unsure(const struct ost_needs *needs, const struct ost_feature_set *unmet)
{
	for (size_t i = 0; i < needs->count; i++)
		if (ost_feature_set_has(unmet, needs->list[i].feature) && !needs->list[i].unsure)
			return false;
	return !ost_feature_set_empty(unmet);
}
