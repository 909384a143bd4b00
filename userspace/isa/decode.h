/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ISA_DECODE_H
#define OST_ISA_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "isa/feature.h"

struct ost_host_features;

/*
 * The opcode bytes of a trap, to the feature that was missing. 64-bit code only: a 32-bit task's
 * bytes are read as if they were 64-bit code.
 */

#define OST_INSN_BYTES_MAX 15	/* longest x86 instruction */

/** enum ost_trap_class - what a trap was */
enum ost_trap_class {
	OST_TRAP_UNKNOWN,	/* no instruction known here; a younger processor may have it */
	OST_TRAP_MISSING,	/* a feature that this host lacks: another host would run it */
	OST_TRAP_DISABLED,	/* the processor has it; the kernel or a permission withholds it */
	OST_TRAP_ABORT,		/* ud0, ud1, ud2: the program stopped itself */
	OST_TRAP_GARBAGE,	/* no instruction on any processor in 64-bit mode */
	OST_TRAP_TRUNCATED,	/* the instruction goes on after the bytes that were read */
	OST_TRAP_PRIVILEGED,	/* for kernels and hypervisors: no host would run it */
	OST_TRAP_PRESENT,	/* this host has all it needs: hypervisor, debugger, ... */

	OST_TRAP_CLASS_END
};

/** struct ost_trap_decode - what a trap's bytes say; self-contained, may be copied and kept */
struct ost_trap_decode {
	uint8_t trap_class;		/* enum ost_trap_class */
	uint8_t length;			/* of the instruction in bytes, 0 = not known */
	uint8_t missing_youngest;	/* enum ost_feature: the one to name; OST_FEATURE_NONE */
	bool sanitizer;			/* an abort as clang's UBSan emits it: 67 0F B9 */
	struct ost_feature_set needs;	/* all features that the instruction needs */
	struct ost_feature_set missing;	/* of @needs, what this host can't give */
	struct ost_feature_rule rule;	/* @needs with alternatives: would another host do? */
	char text[96];			/* Intel syntax, "" when not known */
	char why[240];			/* one line for people */
};

/**
 * ost_isa_decode() - what made these bytes trap on a host that has these features
 * @bytes: from the trapping address on
 * @len: how many could be read; more than OST_INSN_BYTES_MAX are not looked at
 * @host: features that this host can give to a process
 *
 * Never says OST_TRAP_DISABLED, since @host does not tell apart what the processor lacks and
 * what the kernel withholds; ost_isa_decode_on() does.
 *
 * Return: 0, or -EINVAL when @len is 0: then the class is OST_TRAP_TRUNCATED.
 */
int ost_isa_decode(const uint8_t *bytes, size_t len, const struct ost_feature_set *host,
		   struct ost_trap_decode *out);

/** ost_isa_decode_on() - ost_isa_decode() for a host of which more is known */
int ost_isa_decode_on(const uint8_t *bytes, size_t len, const struct ost_host_features *host,
		      struct ost_trap_decode *out);

/** ost_isa_is_abort() - do these bytes begin with ud0, ud1 or ud2 (with any legacy prefixes)? */
bool ost_isa_is_abort(const uint8_t *bytes, size_t len);

/** ost_trap_class_name() - "missing", "disabled", ...; "?" for a number that is none */
const char *ost_trap_class_name(unsigned int trap_class);

#endif
