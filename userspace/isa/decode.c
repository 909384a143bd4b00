// SPDX-License-Identifier: GPL-2.0-or-later
#include "isa/decode.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "isa/fields.h"
#include "isa/host.h"
#include "isa/insn.h"

static const char *const class_names[OST_TRAP_CLASS_END] = {
	[OST_TRAP_UNKNOWN] = "unknown",
	[OST_TRAP_MISSING] = "missing",
	[OST_TRAP_DISABLED] = "disabled",
	[OST_TRAP_ABORT] = "abort",
	[OST_TRAP_GARBAGE] = "garbage",
	[OST_TRAP_TRUNCATED] = "truncated",
	[OST_TRAP_PRIVILEGED] = "privileged",
	[OST_TRAP_PRESENT] = "present",
};

const char *ost_trap_class_name(unsigned int trap_class)
{
	return trap_class < OST_TRAP_CLASS_END ? class_names[trap_class] : "?";
}

__attribute__((format(printf, 3, 4))) static void say(struct ost_trap_decode *out, uint8_t class,
						      const char *fmt, ...)
{
	va_list args;

	out->trap_class = class;
	va_start(args, fmt);
	vsnprintf(out->why, sizeof(out->why), fmt, args);
	va_end(args);
}

/* The bytes in hexadecimal, as an operator would paste them elsewhere. */
static const char *hex(const uint8_t *bytes, size_t len, char buf[3 * OST_INSN_BYTES_MAX + 1])
{
	size_t i;

	buf[0] = '\0';
	for (i = 0; i < len && i < OST_INSN_BYTES_MAX; i++)
		sprintf(buf + 3 * i, "%02x%s", bytes[i], i + 1 < len && i < 14 ? " " : "");
	return buf;
}

static bool is_prefix(uint8_t byte)
{
	switch (byte) {
	case 0x26:
	case 0x2e:
	case 0x36:
	case 0x3e:
	case 0x40 ... 0x4f:
	case 0x64 ... 0x67:
	case 0xf0:
	case 0xf2:
	case 0xf3:
		return true;
	default:
		return false;
	}
}

/* Where the opcode of ud0, ud1 or ud2 stands; -1 when it is none of them. */
static int find_abort(const uint8_t *bytes, size_t len)
{
	size_t at = 0;

	while (at < len && at < OST_INSN_BYTES_MAX && is_prefix(bytes[at]))
		at++;
	if (at + 1 >= len || at + 1 >= OST_INSN_BYTES_MAX || bytes[at] != 0x0f)
		return -1;
	if (bytes[at + 1] == 0x0b || bytes[at + 1] == 0xb9 || bytes[at + 1] == 0xff)
		return at + 1;
	return -1;
}

bool ost_isa_is_abort(const uint8_t *bytes, size_t len)
{
	return find_abort(bytes, len) >= 0;
}

/* ud0, ud1, ud2. clang's UBSan traps with `ud1 eax, [eax + N]`, N being the kind of the check. */
static bool decode_abort(const uint8_t *bytes, size_t len, struct ost_trap_decode *out)
{
	struct ost_insn insn;
	int at = find_abort(bytes, len);
	const char *name;

	if (at < 0)
		return false;
	name = bytes[at] == 0x0b ? "ud2" : bytes[at] == 0xb9 ? "ud1" : "ud0";
	snprintf(out->text, sizeof(out->text), "%s", name);
	if (ost_insn_decode_zydis(bytes, len, NULL, &insn) == OST_INSN_OK) {
		out->length = insn.length;
		snprintf(out->text, sizeof(out->text), "%s", insn.text);
	}
	if (at == 2 && bytes[0] == 0x67 && bytes[at] == 0xb9 && len > 4 && bytes[3] == 0x40) {
		out->sanitizer = true;
		say(out, OST_TRAP_ABORT,
		    "%s: the program stopped itself: its undefined-behaviour check %u failed",
		    out->text, bytes[4]);
	} else {
		say(out, OST_TRAP_ABORT,
		    "%s: the program stopped itself (abort, assertion, unreachable code)",
		    out->text);
	}
	return true;
}

/* Opcodes without an instruction in 64-bit mode, in maps where no processor will add one. */
static bool is_reserved(const struct ost_fields *f)
{
	if (f->space != OST_SPACE_LEGACY || !f->has_opcode)
		return false;
	if (f->map == 0)
		return true;
	if (f->map != OST_MAP_0F)
		return false;
	switch (f->opcode) {
	case 0x04:
	case 0x0a:
	case 0x0c:
	case 0x0f:
	case 0x24 ... 0x27:
	case 0x36:
	case 0x39:
	case 0x3b ... 0x3f:
		return true;
	default:
		return false;
	}
}

/* What kind of instruction begins like this, for bytes that don't make a whole one. */
static const char *kind_text(const struct ost_fields *f)
{
	switch (f->space) {
	case OST_SPACE_VEX:
		return "a VEX instruction (avx or younger)";
	case OST_SPACE_EVEX:
		return "an EVEX instruction (avx512f, avx10_1, apx or younger)";
	case OST_SPACE_XOP:
		return "an XOP instruction (AMD's xop, tbm or lwp)";
	case OST_SPACE_REX2:
		return "a REX2 instruction (apx)";
	default:
		break;
	}
	if (f->map == OST_MAP_0F38 || f->map == OST_MAP_0F3A)
		return "an instruction of map 0F 38 or 0F 3A (ssse3 or younger)";
	return "an instruction of the older maps";
}

static void decode_failed(const uint8_t *bytes, size_t len, enum ost_insn_result result,
			  const struct ost_insn *insn, struct ost_trap_decode *out)
{
	char text[3 * OST_INSN_BYTES_MAX + 1];
	struct ost_fields f;

	ost_fields_parse(bytes, len, &f);
	hex(bytes, len, text);
	if (result == OST_INSN_GARBAGE)
		say(out, OST_TRAP_GARBAGE, "%s is no instruction on any processor: %s", text,
		    insn->text);
	else if (result == OST_INSN_TRUNCATED)
		say(out, OST_TRAP_TRUNCATED,
		    "only %zu bytes could be read, %s: they begin %s that goes on behind them", len,
		    text, kind_text(&f));
	else if (is_reserved(&f))
		say(out, OST_TRAP_GARBAGE,
		    "%s is no instruction on any processor in 64-bit mode: the opcode is unused",
		    text);
	else
		say(out, OST_TRAP_UNKNOWN,
		    "%s is not known here; it looks like %s, so a younger processor may have it",
		    text, kind_text(&f));
}

static bool is_kernel_only(const struct ost_insn *insn)
{
	unsigned int i;

	if (insn->kernel_only)
		return true;
	for (i = 0; i < OST_RULE_MAX && insn->rule.all[i].any[0]; i++)
		if (ost_feature_get(insn->rule.all[i].any[0])->kernel_only)
			return true;
	return false;
}

/* Would the instruction trap where these are missing? */
static bool absence_traps(const struct ost_insn *insn, const struct ost_feature_set *missing)
{
	unsigned int i;

	for (i = OST_FEATURE_NONE + 1; i < OST_FEATURE_END && !insn->harmless; i++)
		if (ost_feature_set_has(missing, i) &&
		    ost_feature_get(i)->absence == OST_ABSENT_TRAPS)
			return true;
	return false;
}

/* What an instruction needs, without what every 64-bit processor has if there is more to tell. */
static void format_needs(const struct ost_trap_decode *out, char *buf, size_t size)
{
	struct ost_feature_set everywhere, needs = out->needs;

	ost_feature_level_set(1, &everywhere);
	ost_feature_set_subtract(&needs, &everywhere);
	ost_feature_set_unite(&needs, &out->missing);
	ost_feature_set_format(ost_feature_set_empty(&needs) ? &out->needs : &needs, buf, size);
}

static void say_missing(struct ost_trap_decode *out)
{
	char needs[100], missing[100], where[64];

	format_needs(out, needs, sizeof(needs));
	ost_feature_set_format(&out->missing, missing, sizeof(missing));
	ost_feature_where(out->missing_youngest, where, sizeof(where));
	if (!strchr(needs, ','))
		say(out, OST_TRAP_MISSING, "%s needs %s (%s); this host lacks it", out->text, needs,
		    where);
	else if (ost_feature_set_count(&out->missing) == 1)
		say(out, OST_TRAP_MISSING, "%s needs %s; this host lacks %s (%s)", out->text, needs,
		    missing, where);
	else
		say(out, OST_TRAP_MISSING, "%s needs %s; this host lacks %s (%s: %s)", out->text,
		    needs, missing, ost_feature_name(out->missing_youngest), where);
}

/* The first feature of @needs that a process has to ask the kernel for. */
static unsigned int find_permission(const struct ost_feature_set *needs)
{
	unsigned int i;

	for (i = OST_FEATURE_NONE + 1; i < OST_FEATURE_END; i++)
		if (ost_feature_set_has(needs, i) && ost_feature_get(i)->permission)
			return i;
	return OST_FEATURE_NONE;
}

static void say_present(const struct ost_insn *insn, struct ost_trap_decode *out)
{
	unsigned int asked = find_permission(&out->needs);
	const struct ost_feature_info *info;
	char needs[100];

	if (!ost_feature_set_empty(&out->missing)) {
		info = ost_feature_get(out->missing_youngest);
		say(out, OST_TRAP_PRESENT, "%s does not trap for want of %s: without it, it %s",
		    out->text, info->name,
		    insn->harmless ? "is ignored" : ost_absence_text(info->absence));
		return;
	}
	format_needs(out, needs, sizeof(needs));
	if (asked)
		say(out, OST_TRAP_DISABLED,
		    "%s needs %s, which this host has; but the process did not ask the kernel for"
		    " it (arch_prctl ARCH_REQ_XCOMP_PERM)", out->text, needs);
	else
		say(out, OST_TRAP_PRESENT,
		    "%s needs only what this host has (%s): a hypervisor or debugger made it trap,"
		    " or the bytes have changed since", out->text, needs);
}

/* Does the processor have all that a process can't use here? Then say why it can't. */
static bool say_disabled(const struct ost_host_features *host, struct ost_trap_decode *out)
{
	char missing[100], reason[120];

	if (!host || !ost_feature_set_within(&out->missing, &host->processor))
		return false;
	ost_feature_set_format(&out->missing, missing, sizeof(missing));
	ost_host_feature_withheld(host, out->missing_youngest, reason, sizeof(reason));
	say(out, OST_TRAP_DISABLED, "%s needs %s, which the processor has: %s", out->text, missing,
	    reason);
	return true;
}

static void judge(const struct ost_insn *insn, const struct ost_feature_set *usable,
		  const struct ost_host_features *host, struct ost_trap_decode *out)
{
	out->length = insn->length;
	out->rule = insn->rule;
	memcpy(out->text, insn->text, sizeof(out->text));
	ost_feature_rule_needs(&insn->rule, &out->needs);
	if (is_kernel_only(insn)) {
		say(out, OST_TRAP_PRIVILEGED,
		    "%s is for kernels and hypervisors: no host runs it in a process", out->text);
		return;
	}
	ost_feature_rule_missing(&insn->rule, usable, &out->missing);
	out->missing_youngest = ost_feature_set_youngest(&out->missing);
	if (!absence_traps(insn, &out->missing))
		say_present(insn, out);
	else if (!say_disabled(host, out))
		say_missing(out);
}

static int decode(const uint8_t *bytes, size_t len, const struct ost_feature_set *usable,
		  const struct ost_host_features *host, struct ost_trap_decode *out)
{
	enum ost_insn_result result;
	struct ost_insn insn;

	memset(out, 0, sizeof(*out));
	if (!len) {
		say(out, OST_TRAP_TRUNCATED, "no byte of the instruction could be read");
		return -EINVAL;
	}
	if (len > OST_INSN_BYTES_MAX)
		len = OST_INSN_BYTES_MAX;
	if (decode_abort(bytes, len, out))
		return 0;
	result = ost_insn_decode(bytes, len, &insn);
	/* after 15 bytes there is nothing left that could complete it */
	if (result == OST_INSN_TRUNCATED && len == OST_INSN_BYTES_MAX) {
		result = OST_INSN_GARBAGE;
		snprintf(insn.text, sizeof(insn.text), "longer than 15 bytes");
	}
	if (result == OST_INSN_OK)
		judge(&insn, usable, host, out);
	else
		decode_failed(bytes, len, result, &insn, out);
	return 0;
}

int ost_isa_decode(const uint8_t *bytes, size_t len, const struct ost_feature_set *host,
		   struct ost_trap_decode *out)
{
	return decode(bytes, len, host, NULL, out);
}

int ost_isa_decode_on(const uint8_t *bytes, size_t len, const struct ost_host_features *host,
		      struct ost_trap_decode *out)
{
	return decode(bytes, len, &host->usable, host, out);
}
