// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <netlink/genl/genl.h>
#include <stdio.h>
#include <string.h>

#include "ostlerd/source/kmod_attr.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const attr_names[] = {
	[OSTLER_A_PAD] = "PAD",
	[OSTLER_A_ABI] = "ABI",
	[OSTLER_A_MANAGER_PORT] = "MANAGER_PORT",
	[OSTLER_A_GRACE_MS] = "GRACE_MS",
	[OSTLER_A_GRACE_LEFT_MS] = "GRACE_LEFT_MS",
	[OSTLER_A_PARK_MAX] = "PARK_MAX",
	[OSTLER_A_PARKED] = "PARKED",
	[OSTLER_A_INSTANCES] = "INSTANCES",
	[OSTLER_A_STATS] = "STATS",
	[OSTLER_A_INSTANCE_ID] = "INSTANCE_ID",
	[OSTLER_A_MODE] = "MODE",
	[OSTLER_A_PARK_MS] = "PARK_MS",
	[OSTLER_A_SKIP_MAX] = "SKIP_MAX",
	[OSTLER_A_EVENT] = "EVENT",
	[OSTLER_A_PID] = "PID",
	[OSTLER_A_TGID] = "TGID",
	[OSTLER_A_COMM] = "COMM",
	[OSTLER_A_IP] = "IP",
	[OSTLER_A_INSN] = "INSN",
	[OSTLER_A_INSN_CLASS] = "INSN_CLASS",
	[OSTLER_A_AGE_MS] = "AGE_MS",
	[OSTLER_A_LEFT_MS] = "LEFT_MS",
	[OSTLER_A_RETRAPS] = "RETRAPS",
	[OSTLER_A_STATE] = "STATE",
	[OSTLER_A_VERDICT] = "VERDICT",
	[OSTLER_A_LENGTH] = "LENGTH",
	[OSTLER_A_END] = "END",
};

_Static_assert(COUNT(attr_names) == OSTLER_A_MAX + 1, "an attribute has no name");

/* What an attribute must look like before it is read; a newer module's extra attributes are passed over */
static const struct nla_policy policy[OSTLER_A_MAX + 1] = {
	[OSTLER_A_ABI] = { .type = NLA_U32 },
	[OSTLER_A_MANAGER_PORT] = { .type = NLA_U32 },
	[OSTLER_A_GRACE_MS] = { .type = NLA_U32 },
	[OSTLER_A_GRACE_LEFT_MS] = { .type = NLA_U32 },
	[OSTLER_A_PARK_MAX] = { .type = NLA_U32 },
	[OSTLER_A_PARKED] = { .type = NLA_U32 },
	[OSTLER_A_INSTANCES] = { .type = NLA_U32 },
	[OSTLER_A_STATS] = { .type = NLA_NESTED },
	[OSTLER_A_INSTANCE_ID] = { .type = NLA_U64 },
	[OSTLER_A_MODE] = { .type = NLA_U8 },
	[OSTLER_A_PARK_MS] = { .type = NLA_U32 },
	[OSTLER_A_SKIP_MAX] = { .type = NLA_U32 },
	[OSTLER_A_EVENT] = { .type = NLA_U64 },
	[OSTLER_A_PID] = { .type = NLA_U32 },
	[OSTLER_A_TGID] = { .type = NLA_U32 },
	[OSTLER_A_COMM] = { .type = NLA_STRING },
	[OSTLER_A_IP] = { .type = NLA_U64 },
	[OSTLER_A_INSN] = { .maxlen = OSTLER_INSN_MAX },
	[OSTLER_A_INSN_CLASS] = { .type = NLA_U8 },
	[OSTLER_A_AGE_MS] = { .type = NLA_U32 },
	[OSTLER_A_LEFT_MS] = { .type = NLA_U32 },
	[OSTLER_A_RETRAPS] = { .type = NLA_U32 },
	[OSTLER_A_STATE] = { .type = NLA_U8 },
	[OSTLER_A_END] = { .type = NLA_U8 },
};

int ost_kmod_parse(struct nlmsghdr *message, struct nlattr **attrs)
{
	if (!genlmsg_valid_hdr(message, 0))
		return -EBADMSG;
	return genlmsg_parse(message, 0, attrs, OSTLER_A_MAX, (struct nla_policy *)policy) ?
		       -EBADMSG :
		       0;
}

uint8_t ost_kmod_command(struct nlmsghdr *message)
{
	return genlmsg_valid_hdr(message, 0) ? genlmsg_hdr(message)->cmd : OSTLER_CMD_UNSPEC;
}

/* Whether all of @wanted (0 ends it) are there */
static int has(struct nlattr **attrs, const uint8_t *wanted)
{
	for (; *wanted; wanted++) {
		if (!attrs[*wanted])
			return 0;
	}
	return 1;
}

static void read_stats(struct nlattr *nest, struct ost_kmod_stats *stats)
{
	struct nlattr *attr;
	int left;

	memset(stats, 0, sizeof(*stats));
	if (!nest)
		return;
	nla_for_each_nested(attr, nest, left) {
		int type = nla_type(attr);

		if (type > OSTLER_STAT_PAD && type <= OSTLER_STAT_MAX && nla_len(attr) == 8)
			stats->count[type] = nla_get_u64(attr);
	}
}

int ost_kmod_read_info(struct nlattr **attrs, struct ost_kmod_info *info)
{
	static const uint8_t wanted[] = { OSTLER_A_ABI, OSTLER_A_MANAGER_PORT, OSTLER_A_GRACE_MS,
					  OSTLER_A_PARK_MAX, OSTLER_A_PARKED, OSTLER_A_INSTANCES,
					  0 };

	if (!has(attrs, wanted))
		return -EBADMSG;
	*info = (struct ost_kmod_info){
		.abi = nla_get_u32(attrs[OSTLER_A_ABI]),
		.manager_port = nla_get_u32(attrs[OSTLER_A_MANAGER_PORT]),
		.grace_ms = nla_get_u32(attrs[OSTLER_A_GRACE_MS]),
		.in_grace = attrs[OSTLER_A_GRACE_LEFT_MS],
		.park_max = nla_get_u32(attrs[OSTLER_A_PARK_MAX]),
		.parked = nla_get_u32(attrs[OSTLER_A_PARKED]),
		.instances = nla_get_u32(attrs[OSTLER_A_INSTANCES]),
	};
	if (info->in_grace)
		info->grace_left_ms = nla_get_u32(attrs[OSTLER_A_GRACE_LEFT_MS]);
	read_stats(attrs[OSTLER_A_STATS], &info->stats);
	return 0;
}

int ost_kmod_read_instance(struct nlattr **attrs, struct ost_kmod_instance *instance)
{
	static const uint8_t wanted[] = { OSTLER_A_INSTANCE_ID, OSTLER_A_MODE, OSTLER_A_PARK_MS,
					  OSTLER_A_SKIP_MAX, OSTLER_A_PARKED, 0 };

	if (!has(attrs, wanted))
		return -EBADMSG;
	instance->id = nla_get_u64(attrs[OSTLER_A_INSTANCE_ID]);
	instance->mode = nla_get_u8(attrs[OSTLER_A_MODE]);
	instance->park_ms = nla_get_u32(attrs[OSTLER_A_PARK_MS]);
	instance->skip_max = nla_get_u32(attrs[OSTLER_A_SKIP_MAX]);
	instance->parked = nla_get_u32(attrs[OSTLER_A_PARKED]);
	read_stats(attrs[OSTLER_A_STATS], &instance->stats);
	return 0;
}

int ost_kmod_read_park(struct nlattr **attrs, struct ost_park *park)
{
	static const uint8_t wanted[] = { OSTLER_A_EVENT, OSTLER_A_INSTANCE_ID, OSTLER_A_PID,
					  OSTLER_A_TGID, OSTLER_A_COMM, OSTLER_A_IP, OSTLER_A_INSN,
					  OSTLER_A_INSN_CLASS, OSTLER_A_AGE_MS, OSTLER_A_LEFT_MS,
					  OSTLER_A_RETRAPS, OSTLER_A_STATE, 0 };

	if (!has(attrs, wanted))
		return -EBADMSG;
	*park = (struct ost_park){
		.event = nla_get_u64(attrs[OSTLER_A_EVENT]),
		.instance_id = nla_get_u64(attrs[OSTLER_A_INSTANCE_ID]),
		.ip = nla_get_u64(attrs[OSTLER_A_IP]),
		.pid = nla_get_u32(attrs[OSTLER_A_PID]),
		.tgid = nla_get_u32(attrs[OSTLER_A_TGID]),
		.age_ms = nla_get_u32(attrs[OSTLER_A_AGE_MS]),
		.left_ms = nla_get_u32(attrs[OSTLER_A_LEFT_MS]),
		.retraps = nla_get_u32(attrs[OSTLER_A_RETRAPS]),
		.state = nla_get_u8(attrs[OSTLER_A_STATE]),
		.insn_class = nla_get_u8(attrs[OSTLER_A_INSN_CLASS]),
		.insn_len = nla_len(attrs[OSTLER_A_INSN]),
	};
	memcpy(park->insn, nla_data(attrs[OSTLER_A_INSN]), park->insn_len);
	nla_strlcpy(park->comm, attrs[OSTLER_A_COMM], sizeof(park->comm));
	return 0;
}

int ost_kmod_read_park_end(struct nlattr **attrs, struct ost_park_end *end)
{
	static const uint8_t wanted[] = { OSTLER_A_EVENT, OSTLER_A_INSTANCE_ID, OSTLER_A_PID,
					  OSTLER_A_END, 0 };

	if (!has(attrs, wanted))
		return -EBADMSG;
	*end = (struct ost_park_end){
		.event = nla_get_u64(attrs[OSTLER_A_EVENT]),
		.instance_id = nla_get_u64(attrs[OSTLER_A_INSTANCE_ID]),
		.pid = nla_get_u32(attrs[OSTLER_A_PID]),
		.end = nla_get_u8(attrs[OSTLER_A_END]),
	};
	return 0;
}

/* The attribute of the refused request that stands at @offset in it; NULL when that can't be told */
static const char *attr_name_at(const struct nlmsghdr *request, size_t held, uint32_t offset)
{
	struct nlattr attr;

	if (offset + sizeof(attr) > held)
		return NULL;
	memcpy(&attr, (const char *)request + offset, sizeof(attr));
	attr.nla_type &= NLA_TYPE_MASK;
	return attr.nla_type < COUNT(attr_names) ? attr_names[attr.nla_type] : NULL;
}

/*
 * Where the attributes of a refusal begin, in bytes from its body's begin. netlink(7): after the error's number the refused
 * request follows in whole, or with NLM_F_CAPPED its header alone; a dump's end has the number alone.
 */
static size_t attrs_at(const struct nlmsghdr *refusal, size_t held)
{
	const struct nlmsgerr *body = nlmsg_data(refusal);

	if (refusal->nlmsg_type == NLMSG_DONE)
		return NLMSG_ALIGN(sizeof(int));
	if (held < sizeof(*body) || refusal->nlmsg_flags & NLM_F_CAPPED)
		return sizeof(*body);
	return sizeof(body->error) + NLMSG_ALIGN(body->msg.nlmsg_len);
}

void ost_kmod_read_refusal(const struct nlmsghdr *refusal, char *text, size_t size)
{
	const char *body = nlmsg_data(refusal), *name = NULL, *words = "";
	size_t held = refusal->nlmsg_len - NLMSG_HDRLEN, at = attrs_at(refusal, held);
	struct nlattr *attr;
	int words_len = 0, left;

	text[0] = '\0';
	if (!(refusal->nlmsg_flags & NLM_F_ACK_TLVS) || at > held)
		return;
	left = held - at;
	for (attr = (struct nlattr *)(body + at); nla_ok(attr, left); attr = nla_next(attr, &left)) {
		if (nla_type(attr) == NLMSGERR_ATTR_MSG) {
			words = nla_data(attr);
			words_len = strnlen(words, nla_len(attr));
		} else if (nla_type(attr) == NLMSGERR_ATTR_OFFS && nla_len(attr) == 4 &&
			   refusal->nlmsg_type == NLMSG_ERROR) {
			name = attr_name_at((const struct nlmsghdr *)(body + sizeof(int)),
					    at - sizeof(int), nla_get_u32(attr));
		}
	}
	snprintf(text, size, "%s%s%.*s", name ? name : "", name && words_len ? ": " : "", words_len,
		 words);
}
