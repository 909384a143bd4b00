// SPDX-License-Identifier: GPL-2.0-or-later
/* A trap's bytes: the first byte of the input chooses what the host has, the rest are the bytes. */
#include <stdlib.h>
#include <string.h>

#include "isa/decode.h"
#include "isa/host.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool holds)
{
	if (!holds)
		abort();
}

static void make_host(uint8_t choice, struct ost_host_features *host)
{
	memset(host, 0, sizeof(*host));
	ost_feature_level_set(choice % 5, &host->usable);
	if (choice & 0x20)
		ost_feature_set_add(&host->usable, OST_F_AVX10_1);
	if (choice & 0x40)
		ost_feature_set_add(&host->usable, OST_F_APX_F);
	host->processor = host->usable;
	if (choice & 0x80)
		memset(&host->processor, 0xff, sizeof(host->processor));
}

static void check(const uint8_t *bytes, size_t len, const struct ost_host_features *host,
		  const struct ost_trap_decode *out)
{
	static const struct ost_feature_set nothing;
	struct ost_feature_set missing = { 0 }, needs = { 0 };

	expect(out->trap_class < OST_TRAP_CLASS_END);
	expect(out->length <= len && out->length <= OST_INSN_BYTES_MAX);
	expect(memchr(out->text, '\0', sizeof(out->text)));
	expect(memchr(out->why, '\0', sizeof(out->why)));
	expect(out->why[0]);
	expect(ost_feature_set_within(&out->missing, &out->needs));
	expect(out->missing_youngest == ost_feature_set_youngest(&out->missing));
	ost_feature_rule_needs(&out->rule, &needs);
	expect(ost_feature_set_equal(&needs, &out->needs));
	expect(ost_isa_is_abort(bytes, len) == (out->trap_class == OST_TRAP_ABORT));
	switch (out->trap_class) {
	case OST_TRAP_MISSING:
	case OST_TRAP_PRESENT:
	case OST_TRAP_DISABLED:
		expect(out->length && out->text[0]);
		ost_feature_rule_missing(&out->rule, &host->usable, &missing);
		expect(ost_feature_set_equal(&missing, &out->missing));
		break;
	case OST_TRAP_PRIVILEGED:
		expect(out->length && out->text[0]);
		expect(ost_feature_set_equal(&out->missing, &nothing));
		break;
	case OST_TRAP_ABORT:
		expect(out->text[0]);
		break;
	default:
		expect(!out->length && !out->text[0]);
		expect(ost_feature_set_equal(&out->needs, &nothing));
		break;
	}
	if (out->trap_class == OST_TRAP_MISSING)
		expect(out->missing_youngest != OST_FEATURE_NONE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ost_trap_decode full, again, plain, cut;
	struct ost_host_features host;
	const uint8_t *bytes = data + 1;
	size_t i, len = size - 1;

	if (size < 2)
		return 0;
	make_host(data[0], &host);
	expect(ost_isa_decode_on(bytes, len, &host, &full) == 0);
	check(bytes, len, &host, &full);
	expect(ost_isa_decode_on(bytes, len, &host, &again) == 0);
	expect(!memcmp(&full, &again, sizeof(full)));
	/* knowing more of the host may only turn "missing" into "disabled" */
	expect(ost_isa_decode(bytes, len, &host.usable, &plain) == 0);
	expect(plain.trap_class == full.trap_class ||
	       (plain.trap_class == OST_TRAP_MISSING && full.trap_class == OST_TRAP_DISABLED));
	if (!full.length)
		return 0;
	/* the instruction alone is the instruction, and less than it is less */
	ost_isa_decode_on(bytes, full.length, &host, &again);
	expect(!memcmp(&full, &again, sizeof(full)));
	for (i = 1; i < full.length && full.trap_class != OST_TRAP_ABORT; i++) {
		ost_isa_decode_on(bytes, i, &host, &cut);
		check(bytes, i, &host, &cut);
		expect(cut.trap_class == OST_TRAP_TRUNCATED);
	}
	return 0;
}
