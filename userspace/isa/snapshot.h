/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ISA_SNAPSHOT_H
#define OST_ISA_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "isa/feature.h"

struct ost_error;

/*
 * What one CPU says of itself, and what the kernel says of it: enough to evaluate every row of the
 * catalogue, here or on another host. The text form:
 *
 *	ostler-cpu 1
 *	xcr0 0x7
 *	xcomp 0x0
 *	os fsgsbase
 *	leaf 0x00000001 0x0 0x00800f12 0x01020800 0xfed83203 0x178bfbff
 *	...
 *	end
 *
 * Lines in this order, numbers in hexadecimal, "os" names separated by commas or "-" for none,
 * leaves as leaf, subleaf, EAX, EBX, ECX, EDX in rising order. Lines that begin with # are
 * comments.
 */

#define OST_SNAPSHOT_VERSION 1
#define OST_SNAPSHOT_LEAVES 32
#define OST_SNAPSHOT_TEXT_MAX 4096	/* bytes that every snapshot's text fits in, with its NUL */

/* what the kernel lets processes use that neither CPUID nor XCR0 tells */
#define OST_SNAPSHOT_FSGSBASE (1u << 0)		/* CR4.FSGSBASE is on */
#define OST_SNAPSHOT_USER_SHSTK (1u << 1)	/* user shadow stacks are supported */

/** struct ost_cpuid_leaf - one answer of CPUID */
struct ost_cpuid_leaf {
	uint32_t leaf;
	uint32_t subleaf;
	uint32_t regs[4];	/* by enum ost_cpuid_reg */
};

/** struct ost_snapshot - one CPU */
struct ost_snapshot {
	uint64_t xcr0;		/* 0 where XGETBV can't be used */
	uint64_t xcomp;		/* what ARCH_GET_XCOMP_SUPP of arch_prctl offers, 0 = nothing */
	uint32_t os;		/* OST_SNAPSHOT_* */
	uint32_t count;
	struct ost_cpuid_leaf leaves[OST_SNAPSHOT_LEAVES];
};

/** ost_snapshot_take() - of the CPU that the caller runs on; pin the thread first */
void ost_snapshot_take(struct ost_snapshot *snapshot);

/**
 * ost_snapshot_evaluate() - the catalogue against a snapshot
 * @processor: gets what CPUID says is there
 * @usable: gets what a process can use: also XCR0 and the kernel's own switches. What needs a
 *	permission that the kernel would give counts as usable.
 */
void ost_snapshot_evaluate(const struct ost_snapshot *snapshot, struct ost_feature_set *processor,
			   struct ost_feature_set *usable);

/**
 * ost_snapshot_format() - the text form
 *
 * Return: its length, or -ENOSPC.
 */
int ost_snapshot_format(const struct ost_snapshot *snapshot, char *buf, size_t size);

/**
 * ost_snapshot_parse() - the reverse
 * @text: NUL-terminated
 * @rest: gets where the text goes on after this snapshot's "end" line; NULL: nothing may follow
 * @err: may be NULL
 *
 * Return: 0; -EINVAL for anything but the form above; -EPROTONOSUPPORT for a version that is not
 * ours. @snapshot is then unchanged.
 */
int ost_snapshot_parse(struct ost_snapshot *snapshot, const char *text, const char **rest,
		       struct ost_error *err);

#endif
