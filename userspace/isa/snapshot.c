// SPDX-License-Identifier: GPL-2.0-or-later
#include "isa/snapshot.h"

#include <asm/prctl.h>
#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/file.h"

#ifndef ARCH_GET_XCOMP_SUPP
#define ARCH_GET_XCOMP_SUPP 0x1021
#endif

#define HWCAP2_FSGSBASE_BIT (1ul << 1)	/* asm/hwcap2.h of newer kernels */

static const struct ost_cpuid_leaf *find_leaf(const struct ost_snapshot *s, uint32_t leaf,
					      uint32_t subleaf)
{
	uint32_t i;

	for (i = 0; i < s->count && i < OST_SNAPSHOT_LEAVES; i++)
		if (s->leaves[i].leaf == leaf && s->leaves[i].subleaf == subleaf)
			return &s->leaves[i];
	return NULL;
}

/* Ask CPUID, if its range has this leaf; a processor answers others with nonsense. */
static bool ask(uint32_t leaf, uint32_t subleaf, uint32_t regs[4])
{
	uint32_t range = leaf & 0xffff0000, last, ignored[3];

	__cpuid(range, last, ignored[0], ignored[1], ignored[2]);
	if (last < leaf || last - range > 0xffff)
		return false;
	if (subleaf && leaf != 0xd) {
		/* these leaves tell their last subleaf in EAX of the first */
		__cpuid_count(leaf, 0, last, ignored[0], ignored[1], ignored[2]);
		if (last < subleaf)
			return false;
	}
	__cpuid_count(leaf, subleaf, regs[0], regs[1], regs[2], regs[3]);
	return true;
}

static void take_leaf(struct ost_snapshot *s, uint32_t leaf, uint32_t subleaf)
{
	struct ost_cpuid_leaf new = { .leaf = leaf, .subleaf = subleaf };
	uint32_t at;

	if (!leaf || find_leaf(s, leaf, subleaf) || s->count == OST_SNAPSHOT_LEAVES)
		return;
	if (!ask(leaf, subleaf, new.regs))
		return;
	/* kept in rising order */
	for (at = s->count; at > 0; at--) {
		const struct ost_cpuid_leaf *before = &s->leaves[at - 1];

		if (before->leaf < leaf || (before->leaf == leaf && before->subleaf < subleaf))
			break;
		s->leaves[at] = *before;
	}
	s->leaves[at] = new;
	s->count++;
}

static uint64_t read_xcr0(void)
{
	uint32_t low, high;

	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return (uint64_t)high << 32 | low;
}

/* "user_shstk" among the flags of the first processor in /proc/cpuinfo */
static bool kernel_has_user_shstk(void)
{
	char text[8192], *flags, *end;

	if (ost_file_read(AT_FDCWD, "/proc/cpuinfo", text, sizeof(text)) < 0)
		return false;
	flags = strstr(text, "\nflags");
	if (!flags)
		return false;
	end = strchr(flags + 1, '\n');
	if (end)
		*end = '\0';
	return strstr(flags, " user_shstk");
}

void ost_snapshot_take(struct ost_snapshot *snapshot)
{
	const struct ost_feature_info *info;
	const struct ost_cpuid_leaf *first;
	uint64_t xcomp = 0;
	unsigned int i;

	memset(snapshot, 0, sizeof(*snapshot));
	for (i = OST_FEATURE_NONE + 1; i < OST_FEATURE_END; i++) {
		info = ost_feature_get(i);
		take_leaf(snapshot, info->cpuid.leaf, info->cpuid.subleaf);
		take_leaf(snapshot, info->also.leaf, info->also.subleaf);
	}
	first = find_leaf(snapshot, 1, 0);
	if (first && first->regs[OST_ECX] >> 27 & 1)
		snapshot->xcr0 = read_xcr0();
	if (!syscall(SYS_arch_prctl, ARCH_GET_XCOMP_SUPP, &xcomp))
		snapshot->xcomp = xcomp;
	if (getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE_BIT)
		snapshot->os |= OST_SNAPSHOT_FSGSBASE;
	if (kernel_has_user_shstk())
		snapshot->os |= OST_SNAPSHOT_USER_SHSTK;
}

static bool bit_is_set(const struct ost_snapshot *s, const struct ost_cpuid_bit *at)
{
	const struct ost_cpuid_leaf *leaf;
	uint32_t value, mask = at->width ? (1u << at->width) - 1 : 1;

	if (!at->leaf)
		return false;
	leaf = find_leaf(s, at->leaf, at->subleaf);
	if (!leaf)
		return false;
	value = leaf->regs[at->reg & 3] >> at->bit & mask;
	return value >= (at->min ? at->min : 1u);
}

static bool os_allows(const struct ost_snapshot *s, unsigned int os)
{
	static const struct ost_cpuid_bit ospke = { .leaf = 7, .reg = OST_ECX, .bit = 4 };
	static const struct ost_cpuid_bit osxsave = { .leaf = 1, .reg = OST_ECX, .bit = 27 };
	static const struct ost_cpuid_bit aeskle = { .leaf = 0x19, .reg = OST_EBX, .bit = 0 };

	switch (os) {
	case OST_OS_NONE:
		return true;
	case OST_OS_FSGSBASE:
		return s->os & OST_SNAPSHOT_FSGSBASE;
	case OST_OS_SHSTK:
		return s->os & OST_SNAPSHOT_USER_SHSTK;
	case OST_OS_PKE:
		return bit_is_set(s, &ospke);
	case OST_OS_XSAVE:
		return bit_is_set(s, &osxsave);
	case OST_OS_KEYLOCKER:
		return bit_is_set(s, &aeskle);
	default:
		return false;
	}
}

void ost_snapshot_evaluate(const struct ost_snapshot *snapshot, struct ost_feature_set *processor,
			   struct ost_feature_set *usable)
{
	unsigned int i;

	memset(processor, 0, sizeof(*processor));
	memset(usable, 0, sizeof(*usable));
	for (i = OST_FEATURE_NONE + 1; i < OST_FEATURE_END; i++) {
		const struct ost_feature_info *info = ost_feature_get(i);

		/* a gate is older than what it opens, so it has been decided */
		if (info->gate && !ost_feature_set_has(processor, info->gate))
			continue;
		if (!bit_is_set(snapshot, &info->cpuid) && !bit_is_set(snapshot, &info->also))
			continue;
		ost_feature_set_add(processor, i);
		if (info->kernel_only)
			continue;
		if ((snapshot->xcr0 & info->xcr0) != info->xcr0 || !os_allows(snapshot, info->os))
			continue;
		if (info->permission == OST_PERMISSION_XTILEDATA &&
		    (snapshot->xcomp & OST_XCR0_AMX) != OST_XCR0_AMX)
			continue;
		ost_feature_set_add(usable, i);
	}
}
