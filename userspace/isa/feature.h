/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ISA_FEATURE_H
#define OST_ISA_FEATURE_H

#include <stdbool.h>
#include <stdint.h>

#include "isa/feature_list.h"
#include "isa/feature_set.h"

/*
 * The feature catalogue: every processor capability that a program can need, one row each, oldest
 * first. A feature's number is its rank: of two features the one with the higher number is younger.
 */

enum ost_feature {
	OST_FEATURE_NONE,
#define OST_FEATURE_ENUM(id, ...) OST_F_##id,
	OST_FEATURE_LIST(OST_FEATURE_ENUM)
#undef OST_FEATURE_ENUM
	OST_FEATURE_END
};

_Static_assert(OST_FEATURE_END <= OST_FEATURE_SET_BITS, "struct ost_feature_set is too small");

/** enum ost_cpuid_reg - which register of a CPUID leaf */
enum ost_cpuid_reg { OST_EAX, OST_EBX, OST_ECX, OST_EDX };

/**
 * struct ost_cpuid_bit - where CPUID tells of a feature
 * @leaf: 0 means nowhere
 * @width: bits of the field; 0 is read as 1
 * @min: least value of the field that means present; 0 is read as 1
 */
struct ost_cpuid_bit {
	uint32_t leaf;
	uint32_t subleaf;
	uint8_t reg;		/* enum ost_cpuid_reg */
	uint8_t bit;
	uint8_t width;
	uint8_t min;
};

/* XCR0 components that the operating system must have switched on */
#define OST_XCR0_X87 (1ull << 0)
#define OST_XCR0_SSE (1ull << 1)
#define OST_XCR0_YMM (1ull << 2)
#define OST_XCR0_MPX (3ull << 3)
#define OST_XCR0_ZMM (7ull << 5)	/* opmask, upper halves of ZMM0-15, ZMM16-31 */
#define OST_XCR0_PKRU (1ull << 9)
#define OST_XCR0_AMX (3ull << 17)	/* TILECFG, TILEDATA */
#define OST_XCR0_APX (1ull << 19)
#define OST_XCR0_LWP (1ull << 62)

#define OST_XCR0_AVX (OST_XCR0_SSE | OST_XCR0_YMM)
#define OST_XCR0_AVX512 (OST_XCR0_AVX | OST_XCR0_ZMM)

/** enum ost_absence - what an instruction does on a host without its feature */
enum ost_absence {
	OST_ABSENT_TRAPS,	/* #UD: the program gets SIGILL */
	OST_ABSENT_SILENT,	/* runs as another instruction and computes something else */
	OST_ABSENT_IGNORED,	/* runs as a no-op, which the program can't tell apart */
	OST_ABSENT_NO_INSN,	/* a property without instructions of its own */
};

/** enum ost_permission - what a process must ask the kernel for before first use */
enum ost_permission {
	OST_PERMISSION_NONE,
	OST_PERMISSION_XTILEDATA,	/* arch_prctl(ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) */
};

/** enum ost_os_bit - what the kernel must have switched on that XCR0 does not tell */
enum ost_os_bit {
	OST_OS_NONE,
	OST_OS_FSGSBASE,	/* CR4.FSGSBASE: bit 1 of AT_HWCAP2 */
	OST_OS_PKE,		/* CR4.PKE: OSPKE, CPUID 7.0:ECX[4] */
	OST_OS_XSAVE,		/* CR4.OSXSAVE: CPUID 1:ECX[27] */
	OST_OS_SHSTK,		/* user shadow stacks: "user_shstk" in /proc/cpuinfo */
	OST_OS_KEYLOCKER,	/* AESKLE: CPUID 0x19:EBX[0] */
	OST_OS_NEVER,		/* no Linux kernel lets a process use it */
};

/** struct ost_feature_info - a row of the catalogue */
struct ost_feature_info {
	const char *name;		/* as in /proc/cpuinfo where the kernel has one; unique */
	const char *title;		/* for people */
	struct ost_cpuid_bit cpuid;
	struct ost_cpuid_bit also;	/* a second place that means the same, if leaf != 0 */
	uint8_t gate;			/* enum ost_feature that gives @cpuid a meaning */
	uint64_t xcr0;			/* components that must all be on */
	uint8_t absence;		/* enum ost_absence */
	uint8_t permission;		/* enum ost_permission */
	uint8_t os;			/* enum ost_os_bit */
	uint8_t level;			/* first x86-64 level that contains it: 1 .. 4, 0 = none */
	bool own_name;			/* /proc/cpuinfo has no name for it, it is ours */
	bool kernel_only;		/* faults or traps outside the kernel */
	bool shared_bit;		/* by design another row has the same CPUID bit */
};

/** ost_feature_get() - the row of a feature; NULL for a number that is none */
const struct ost_feature_info *ost_feature_get(unsigned int feature);

/** ost_feature_name() - its name, "?" for a number that is none */
const char *ost_feature_name(unsigned int feature);

/** ost_feature_find() - by name; OST_FEATURE_NONE when there is no such feature */
unsigned int ost_feature_find(const char *name);

/**
 * ost_feature_where() - where CPUID tells of it, in words: "CPUID 7.0:EBX bit 5"
 * @size: 64 is enough
 */
void ost_feature_where(unsigned int feature, char *buf, size_t size);

/** ost_feature_level() - highest x86-64 level (1 .. 4) that @have contains; 0 = not even v1 */
unsigned int ost_feature_level(const struct ost_feature_set *have);

/** ost_feature_level_set() - the features of a level and of those below; empty if there is none */
void ost_feature_level_set(unsigned int level, struct ost_feature_set *set);

/** ost_absence_text() - "traps", "computes something else", ... */
const char *ost_absence_text(unsigned int absence);

/*
 * Rules. What an instruction needs is an AND of clauses, each an OR of features: AVX512VL code also
 * runs where AVX10.1 is. The first feature of a clause is named when none of them is there.
 */

#define OST_CLAUSE_MAX 3
#define OST_RULE_MAX 4

struct ost_feature_clause {
	uint8_t any[OST_CLAUSE_MAX];	/* enum ost_feature, 0 = unused */
};

struct ost_feature_rule {
	struct ost_feature_clause all[OST_RULE_MAX];	/* any[0] == 0 ends the list */
};

/** ost_feature_rule_needs() - add what the rule names first in each clause to @needs */
void ost_feature_rule_needs(const struct ost_feature_rule *rule, struct ost_feature_set *needs);

/**
 * ost_feature_rule_missing() - what keeps a host from meeting the rule
 * @missing: gets added what each clause that @have doesn't meet names first
 *
 * Return: true when nothing is missing.
 */
bool ost_feature_rule_missing(const struct ost_feature_rule *rule,
			      const struct ost_feature_set *have, struct ost_feature_set *missing);

/** ost_feature_rule_join() - add the clauses of @more; -E2BIG, and no change, if they don't fit */
int ost_feature_rule_join(struct ost_feature_rule *rule, const struct ost_feature_rule *more);

#endif
