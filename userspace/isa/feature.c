// SPDX-License-Identifier: GPL-2.0-or-later
#include "isa/feature.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define FEATURE_ROW(id, text, about, leaf_, subleaf_, reg_, bit_, ...) \
	[OST_F_##id] = { .name = text, .title = about, .cpuid.leaf = leaf_, \
			 .cpuid.subleaf = subleaf_, .cpuid.reg = OST_##reg_, .cpuid.bit = bit_, \
			 __VA_ARGS__ },

static const struct ost_feature_info catalogue[OST_FEATURE_END] = {
	OST_FEATURE_LIST(FEATURE_ROW)
};

const struct ost_feature_info *ost_feature_get(unsigned int feature)
{
	if (feature == OST_FEATURE_NONE || feature >= OST_FEATURE_END)
		return NULL;
	return &catalogue[feature];
}

const char *ost_feature_name(unsigned int feature)
{
	const struct ost_feature_info *info = ost_feature_get(feature);

	return info ? info->name : "?";
}

unsigned int ost_feature_find(const char *name)
{
	unsigned int i;

	/* asked for every string of a program: most differ at once */
	for (i = OST_FEATURE_NONE + 1; i < OST_FEATURE_END; i++)
		if (catalogue[i].name[0] == name[0] && !strcmp(catalogue[i].name, name))
			return i;
	return OST_FEATURE_NONE;
}

void ost_feature_where(unsigned int feature, char *buf, size_t size)
{
	static const char *const regs[] = { "EAX", "EBX", "ECX", "EDX" };
	const struct ost_feature_info *info = ost_feature_get(feature);
	const struct ost_cpuid_bit *at;

	if (!info || !info->cpuid.leaf) {
		snprintf(buf, size, "no CPUID bit");
		return;
	}
	at = &info->cpuid;
	if (at->width > 1)
		snprintf(buf, size, "CPUID %#x.%u:%s bits %u:%u >= %u", at->leaf, at->subleaf,
			 regs[at->reg & 3], at->bit + at->width - 1, at->bit,
			 at->min ? at->min : 1);
	else if (at->leaf < 10)
		snprintf(buf, size, "CPUID %u.%u:%s bit %u", at->leaf, at->subleaf,
			 regs[at->reg & 3], at->bit);
	else
		snprintf(buf, size, "CPUID %#x.%u:%s bit %u", at->leaf, at->subleaf,
			 regs[at->reg & 3], at->bit);
}

void ost_feature_level_set(unsigned int level, struct ost_feature_set *set)
{
	unsigned int i;

	memset(set, 0, sizeof(*set));
	if (level < 1 || level > 4)
		return;
	for (i = OST_FEATURE_NONE + 1; i < OST_FEATURE_END; i++)
		if (catalogue[i].level && catalogue[i].level <= level)
			ost_feature_set_add(set, i);
}

unsigned int ost_feature_level(const struct ost_feature_set *have)
{
	struct ost_feature_set needed;
	unsigned int level;

	for (level = 4; level > 0; level--) {
		ost_feature_level_set(level, &needed);
		if (ost_feature_set_within(&needed, have))
			break;
	}
	return level;
}

const char *ost_absence_text(unsigned int absence)
{
	switch (absence) {
	case OST_ABSENT_TRAPS:
		return "traps";
	case OST_ABSENT_SILENT:
		return "computes something else";
	case OST_ABSENT_IGNORED:
		return "is ignored";
	case OST_ABSENT_NO_INSN:
		return "has no instructions of its own";
	default:
		return "?";
	}
}

/* Is one of the clause's features there? */
static bool clause_met(const struct ost_feature_clause *clause, const struct ost_feature_set *have)
{
	unsigned int i;

	for (i = 0; i < OST_CLAUSE_MAX && clause->any[i]; i++)
		if (ost_feature_set_has(have, clause->any[i]))
			return true;
	return false;
}

void ost_feature_rule_needs(const struct ost_feature_rule *rule, struct ost_feature_set *needs)
{
	unsigned int i;

	for (i = 0; i < OST_RULE_MAX && rule->all[i].any[0]; i++)
		ost_feature_set_add(needs, rule->all[i].any[0]);
}

bool ost_feature_rule_missing(const struct ost_feature_rule *rule,
			      const struct ost_feature_set *have, struct ost_feature_set *missing)
{
	bool met = true;
	unsigned int i;

	for (i = 0; i < OST_RULE_MAX && rule->all[i].any[0]; i++) {
		if (clause_met(&rule->all[i], have))
			continue;
		ost_feature_set_add(missing, rule->all[i].any[0]);
		met = false;
	}
	return met;
}

/* Does the rule have this very clause already? */
static bool rule_has(const struct ost_feature_rule *rule, const struct ost_feature_clause *clause)
{
	unsigned int i;

	for (i = 0; i < OST_RULE_MAX; i++)
		if (!memcmp(&rule->all[i], clause, sizeof(*clause)))
			return true;
	return false;
}

int ost_feature_rule_join(struct ost_feature_rule *rule, const struct ost_feature_rule *more)
{
	struct ost_feature_rule joined = *rule;
	unsigned int i, n = 0;

	while (n < OST_RULE_MAX && joined.all[n].any[0])
		n++;
	for (i = 0; i < OST_RULE_MAX && more->all[i].any[0]; i++) {
		if (rule_has(&joined, &more->all[i]))
			continue;
		if (n == OST_RULE_MAX)
			return -E2BIG;
		joined.all[n++] = more->all[i];
	}
	*rule = joined;
	return 0;
}
