// SPDX-License-Identifier: GPL-2.0
/*
 * The generic netlink family "ostler", the module's one way in. <linux/ostler.h> documents every message.
 */
#include <linux/module.h>
#include <net/genetlink.h>

#include "ostler.h"

#define SKIP_MAX_MAX 1000000
#define GRACE_MS_DEFAULT 10000

static struct genl_family family;

/* ---- what each command accepts; an attribute that isn't listed is refused ---- */

static struct netlink_range_validation park_ms_range = { .min = 1, .max = OSTLER_PARK_MS_MAX };
static struct netlink_range_validation skip_max_range = { .max = SKIP_MAX_MAX };
static struct netlink_range_validation grace_ms_range = { .max = OSTLER_GRACE_MS_MAX };

static const struct nla_policy nothing_policy[OSTLER_A_MAX + 1];

static const struct nla_policy instance_set_policy[OSTLER_A_MAX + 1] = {
	[OSTLER_A_INSTANCE_ID] = { .type = NLA_U64 },
	[OSTLER_A_MODE] = NLA_POLICY_MAX(NLA_U8, OSTLER_MODE_MAX),
	[OSTLER_A_PARK_MS] = NLA_POLICY_FULL_RANGE(NLA_U32, &park_ms_range),
	[OSTLER_A_SKIP_MAX] = NLA_POLICY_FULL_RANGE(NLA_U32, &skip_max_range),
};

static const struct nla_policy instance_id_policy[OSTLER_A_MAX + 1] = {
	[OSTLER_A_INSTANCE_ID] = { .type = NLA_U64 },
};

static const struct nla_policy park_get_policy[OSTLER_A_MAX + 1] = {
	[OSTLER_A_EVENT] = { .type = NLA_U64 },
	[OSTLER_A_INSTANCE_ID] = { .type = NLA_U64 },
};

static const struct nla_policy verdict_policy[OSTLER_A_MAX + 1] = {
	[OSTLER_A_EVENT] = { .type = NLA_U64 },
	[OSTLER_A_IP] = { .type = NLA_U64 },
	[OSTLER_A_VERDICT] = NLA_POLICY_RANGE(NLA_U8, OSTLER_VERDICT_RETRY, OSTLER_VERDICT_MAX),
	[OSTLER_A_LENGTH] = NLA_POLICY_RANGE(NLA_U8, 1, OSTLER_INSN_MAX),
};

static const struct nla_policy manager_set_policy[OSTLER_A_MAX + 1] = {
	[OSTLER_A_GRACE_MS] = NLA_POLICY_FULL_RANGE(NLA_U32, &grace_ms_range),
};

/* The message must be a literal for its extended acknowledgement, hence a macro */
#define need_attr(info, attr)                                                              \
	((info)->attrs[attr] ? 0 :                                                         \
	 ({ NL_SET_ERR_MSG((info)->extack, "attribute " #attr " is missing"); -EINVAL; }))

#define refuse_attr(extack, attr, text)                                                    \
	((attr) ? ({ NL_SET_ERR_MSG_ATTR(extack, attr, text); -EINVAL; }) : 0)

/* ---- building messages ---- */

static int put_u64(struct sk_buff *skb, int attr, u64 value)
{
	return nla_put_u64_64bit(skb, attr, value, OSTLER_A_PAD);
}

static int put_stats(struct sk_buff *skb, const struct ostler_stats *stats)
{
	struct nlattr *nest = nla_nest_start(skb, OSTLER_A_STATS);
	unsigned int stat;

	if (!nest)
		return -EMSGSIZE;
	for (stat = OSTLER_STAT_PAD + 1; stat <= OSTLER_STAT_MAX; stat++) {
		if (nla_put_u64_64bit(skb, stat, stats->count[stat], OSTLER_STAT_PAD))
			return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

static int put_instance(struct sk_buff *skb, const struct ostler_instance_info *info)
{
	if (put_u64(skb, OSTLER_A_INSTANCE_ID, info->id) ||
	    nla_put_u8(skb, OSTLER_A_MODE, info->mode) ||
	    nla_put_u32(skb, OSTLER_A_PARK_MS, info->park_ms) ||
	    nla_put_u32(skb, OSTLER_A_SKIP_MAX, info->skip_max) ||
	    nla_put_u32(skb, OSTLER_A_PARKED, info->parked))
		return -EMSGSIZE;
	return put_stats(skb, &info->stats);
}

static int put_park(struct sk_buff *skb, const struct ostler_park_info *info)
{
	if (put_u64(skb, OSTLER_A_EVENT, info->event) ||
	    put_u64(skb, OSTLER_A_INSTANCE_ID, info->instance_id) ||
	    nla_put_u32(skb, OSTLER_A_PID, info->pid) ||
	    nla_put_u32(skb, OSTLER_A_TGID, info->tgid) ||
	    nla_put_string(skb, OSTLER_A_COMM, info->comm) ||
	    put_u64(skb, OSTLER_A_IP, info->ip) ||
	    nla_put(skb, OSTLER_A_INSN, info->insn_len, info->insn) ||
	    nla_put_u8(skb, OSTLER_A_INSN_CLASS, info->insn_class) ||
	    nla_put_u32(skb, OSTLER_A_AGE_MS, info->age_ms) ||
	    nla_put_u32(skb, OSTLER_A_LEFT_MS, info->left_ms) ||
	    nla_put_u32(skb, OSTLER_A_RETRAPS, info->retraps) ||
	    nla_put_u8(skb, OSTLER_A_STATE, info->state))
		return -EMSGSIZE;
	return 0;
}

static int put_park_end(struct sk_buff *skb, const struct ostler_park_info *info)
{
	if (put_u64(skb, OSTLER_A_EVENT, info->event) ||
	    put_u64(skb, OSTLER_A_INSTANCE_ID, info->instance_id) ||
	    nla_put_u32(skb, OSTLER_A_PID, info->pid) ||
	    nla_put_u8(skb, OSTLER_A_END, info->end))
		return -EMSGSIZE;
	return 0;
}

/* A message with an empty body, to be finished by send_reply() or end_entry() */
static struct sk_buff *new_reply(struct genl_info *info, u8 cmd, void **header)
{
	struct sk_buff *skb = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);

	if (!skb)
		return NULL;
	*header = genlmsg_put_reply(skb, info, &family, 0, cmd);
	if (!*header) {
		nlmsg_free(skb);
		return NULL;
	}
	return skb;
}

static int send_reply(struct genl_info *info, struct sk_buff *skb, void *header, int ret)
{
	if (ret) {
		nlmsg_free(skb);
		return ret;
	}
	genlmsg_end(skb, header);
	return genlmsg_reply(skb, info);
}

/* ---- requests ---- */

static int put_info(struct sk_buff *skb)
{
	struct ostler_manager_info manager;
	struct ostler_stats stats;

	ostler_manager_read(&manager);
	ostler_instance_totals(&stats);
	if (nla_put_u32(skb, OSTLER_A_ABI, OSTLER_ABI_VERSION) ||
	    nla_put_u32(skb, OSTLER_A_MANAGER_PORT, manager.port) ||
	    nla_put_u32(skb, OSTLER_A_GRACE_MS, manager.grace_ms) ||
	    (manager.in_grace &&
	     nla_put_u32(skb, OSTLER_A_GRACE_LEFT_MS, manager.grace_left_ms)) ||
	    nla_put_u32(skb, OSTLER_A_PARK_MAX, ostler_park_max) ||
	    nla_put_u32(skb, OSTLER_A_PARKED, READ_ONCE(ostler_parks)) ||
	    nla_put_u32(skb, OSTLER_A_INSTANCES, atomic_read(&ostler_instances)))
		return -EMSGSIZE;
	return put_stats(skb, &stats);
}

static int do_info_get(struct sk_buff *request, struct genl_info *info)
{
	struct sk_buff *skb;
	void *header;

	skb = new_reply(info, OSTLER_CMD_INFO_GET, &header);
	return skb ? send_reply(info, skb, header, put_info(skb)) : -ENOMEM;
}

static int do_instance_set(struct sk_buff *request, struct genl_info *info)
{
	struct ostler_instance_change change = {};
	struct nlattr **attrs = info->attrs;
	int ret;

	ret = need_attr(info, OSTLER_A_INSTANCE_ID);
	if (ret)
		return ret;
	if (attrs[OSTLER_A_MODE]) {
		change.has_mode = true;
		change.mode = nla_get_u8(attrs[OSTLER_A_MODE]);
	}
	if (attrs[OSTLER_A_PARK_MS]) {
		change.has_park_ms = true;
		change.park_ms = nla_get_u32(attrs[OSTLER_A_PARK_MS]);
	}
	if (attrs[OSTLER_A_SKIP_MAX]) {
		change.has_skip_max = true;
		change.skip_max = nla_get_u32(attrs[OSTLER_A_SKIP_MAX]);
	}
	ret = ostler_instance_set(nla_get_u64(attrs[OSTLER_A_INSTANCE_ID]), &change);
	if (ret == -ENOENT)
		NL_SET_ERR_MSG_ATTR(info->extack, attrs[OSTLER_A_INSTANCE_ID],
				    "no cgroup v2 directory with this id lives here");
	return ret;
}

static int do_instance_del(struct sk_buff *request, struct genl_info *info)
{
	int ret = need_attr(info, OSTLER_A_INSTANCE_ID);

	if (ret)
		return ret;
	ret = ostler_instance_del(nla_get_u64(info->attrs[OSTLER_A_INSTANCE_ID]));
	if (ret)
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[OSTLER_A_INSTANCE_ID],
				    "this instance is not known");
	return ret;
}

static int do_instance_get(struct sk_buff *request, struct genl_info *info)
{
	struct ostler_instance_info instance;
	struct sk_buff *skb;
	void *header;
	int ret;

	ret = need_attr(info, OSTLER_A_INSTANCE_ID);
	if (ret)
		return ret;
	ret = ostler_instance_read(nla_get_u64(info->attrs[OSTLER_A_INSTANCE_ID]), &instance);
	if (ret) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[OSTLER_A_INSTANCE_ID],
				    "this instance is not known");
		return ret;
	}
	skb = new_reply(info, OSTLER_CMD_INSTANCE_GET, &header);
	return skb ? send_reply(info, skb, header, put_instance(skb, &instance)) : -ENOMEM;
}

static int do_park_get(struct sk_buff *request, struct genl_info *info)
{
	struct ostler_park_info park;
	struct sk_buff *skb;
	void *header;
	int ret;

	ret = need_attr(info, OSTLER_A_EVENT) ?:
	      refuse_attr(info->extack, info->attrs[OSTLER_A_INSTANCE_ID],
			  "INSTANCE_ID selects in a dump; EVENT alone names a park");
	if (ret)
		return ret;
	ret = ostler_park_read(nla_get_u64(info->attrs[OSTLER_A_EVENT]), &park);
	if (ret) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[OSTLER_A_EVENT],
				    "no task is parked with this event number");
		return ret;
	}
	skb = new_reply(info, OSTLER_CMD_PARK_GET, &header);
	return skb ? send_reply(info, skb, header, put_park(skb, &park)) : -ENOMEM;
}

static int explain_verdict(struct genl_info *info, int ret)
{
	switch (ret) {
	case -ESRCH:
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[OSTLER_A_EVENT],
				    "no task is parked with this event number");
		return ret;
	case -ESTALE:
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[OSTLER_A_IP],
				    "the task is parked at another address");
		return ret;
	case -EALREADY:
		NL_SET_ERR_MSG(info->extack, "an earlier verdict has not been consumed yet");
		return ret;
	case -EDQUOT:
		NL_SET_ERR_MSG(info->extack, "the instance's SKIP_MAX is used up");
		return ret;
	case -ERANGE:
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[OSTLER_A_LENGTH],
				    "longer than what could be read of the instruction");
		return -EINVAL;
	}
	return ret;
}

static int do_verdict(struct sk_buff *request, struct genl_info *info)
{
	struct nlattr **attrs = info->attrs;
	u8 verdict, length = 0;
	int ret;

	ret = need_attr(info, OSTLER_A_EVENT) ?: need_attr(info, OSTLER_A_IP) ?:
	      need_attr(info, OSTLER_A_VERDICT);
	if (ret)
		return ret;
	verdict = nla_get_u8(attrs[OSTLER_A_VERDICT]);
	if (verdict == OSTLER_VERDICT_SKIP)
		ret = need_attr(info, OSTLER_A_LENGTH);
	else
		ret = refuse_attr(info->extack, attrs[OSTLER_A_LENGTH],
				  "LENGTH belongs to the verdict SKIP alone");
	if (ret)
		return ret;
	if (attrs[OSTLER_A_LENGTH])
		length = nla_get_u8(attrs[OSTLER_A_LENGTH]);
	ret = ostler_park_decide(nla_get_u64(attrs[OSTLER_A_EVENT]),
				 nla_get_u64(attrs[OSTLER_A_IP]), verdict, length);
	return explain_verdict(info, ret);
}

static int do_manager_set(struct sk_buff *request, struct genl_info *info)
{
	u32 grace_ms = GRACE_MS_DEFAULT;
	int ret;

	if (info->attrs[OSTLER_A_GRACE_MS])
		grace_ms = nla_get_u32(info->attrs[OSTLER_A_GRACE_MS]);
	ret = ostler_manager_set(info->snd_portid, grace_ms);
	if (ret)
		NL_SET_ERR_MSG(info->extack, "another socket is the manager; INFO_GET tells its port");
	return ret;
}

static int do_manager_del(struct sk_buff *request, struct genl_info *info)
{
	int ret = ostler_manager_del(info->snd_portid);

	if (ret)
		NL_SET_ERR_MSG(info->extack, "this socket is not the manager");
	return ret;
}

/* ---- dumps ---- */

static void *begin_entry(struct sk_buff *skb, struct netlink_callback *cb, u8 cmd)
{
	return genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq, &family,
			   NLM_F_MULTI, cmd);
}

struct instance_dump {
	struct sk_buff *skb;
	struct netlink_callback *cb;
};

static bool dump_instance(void *context, const struct ostler_instance_info *info)
{
	struct instance_dump *dump = context;
	void *header = begin_entry(dump->skb, dump->cb, OSTLER_CMD_INSTANCE_GET);

	if (!header)
		return false;
	if (put_instance(dump->skb, info)) {
		genlmsg_cancel(dump->skb, header);
		return false;
	}
	genlmsg_end(dump->skb, header);
	dump->cb->args[0] = info->serial;
	return true;
}

/* cb->args[0]: serial of the instance that was put last */
static int dump_instances(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct instance_dump dump = { .skb = skb, .cb = cb };
	struct nlattr *attrs[OSTLER_A_MAX + 1];
	int ret;

	ret = genlmsg_parse(cb->nlh, &family, attrs, OSTLER_A_MAX, instance_id_policy, cb->extack);
	if (ret)
		return ret;
	ret = refuse_attr(cb->extack, attrs[OSTLER_A_INSTANCE_ID],
			  "INSTANCE_ID is for a single instance; a dump shows all");
	if (ret)
		return ret;
	if (!cb->args[0])
		ostler_instance_sweep();
	ostler_instance_walk(cb->args[0], dump_instance, &dump);
	return skb->len;
}

static int dump_park(struct sk_buff *skb, struct netlink_callback *cb,
		     const struct ostler_park_info *info)
{
	void *header = begin_entry(skb, cb, OSTLER_CMD_PARK_GET);

	if (!header)
		return -EMSGSIZE;
	if (put_park(skb, info)) {
		genlmsg_cancel(skb, header);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, header);
	return 0;
}

/* cb->args[0]: the slot to go on with */
static int dump_parks(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nlattr *attrs[OSTLER_A_MAX + 1], *only;
	struct ostler_park_info info;
	int ret;

	ret = genlmsg_parse(cb->nlh, &family, attrs, OSTLER_A_MAX, park_get_policy, cb->extack);
	if (ret)
		return ret;
	ret = refuse_attr(cb->extack, attrs[OSTLER_A_EVENT],
			  "EVENT is for a single park; INSTANCE_ID selects in a dump");
	if (ret)
		return ret;
	only = attrs[OSTLER_A_INSTANCE_ID];
	for (; cb->args[0] < ostler_park_max; cb->args[0]++) {
		if (!ostler_park_slot(cb->args[0], &info))
			continue;
		if (only && nla_get_u64(only) != info.instance_id)
			continue;
		if (dump_park(skb, cb, &info))
			break;
	}
	return skb->len;
}

/* ---- notifications ---- */

int ostler_netlink_notify(u32 port, u32 seq, const struct ostler_park_info *park)
{
	u8 cmd = park->end ? OSTLER_CMD_PARK_END_NTF : OSTLER_CMD_PARK_NTF;
	struct sk_buff *skb;
	void *header;
	int ret;

	skb = genlmsg_new(512, GFP_KERNEL);
	if (!skb)
		return -ENOMEM;
	header = genlmsg_put(skb, 0, seq, &family, 0, cmd);
	if (!header) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	ret = park->end ? put_park_end(skb, park) : put_park(skb, park);
	if (ret) {
		nlmsg_free(skb);
		return ret;
	}
	genlmsg_end(skb, header);
	return genlmsg_unicast(&init_net, skb, port);
}

/* ---- the family ---- */

static const struct genl_ops ops[] = {
	{
		.cmd = OSTLER_CMD_INFO_GET,
		.policy = nothing_policy,
		.maxattr = OSTLER_A_MAX,
		.doit = do_info_get,
	},
	{
		.cmd = OSTLER_CMD_INSTANCE_SET,
		.flags = GENL_ADMIN_PERM,
		.policy = instance_set_policy,
		.maxattr = OSTLER_A_MAX,
		.doit = do_instance_set,
	},
	{
		.cmd = OSTLER_CMD_INSTANCE_DEL,
		.flags = GENL_ADMIN_PERM,
		.policy = instance_id_policy,
		.maxattr = OSTLER_A_MAX,
		.doit = do_instance_del,
	},
	{
		.cmd = OSTLER_CMD_INSTANCE_GET,
		.policy = instance_id_policy,
		.maxattr = OSTLER_A_MAX,
		.doit = do_instance_get,
		.dumpit = dump_instances,
	},
	{
		/* addresses of other users' code: not for everybody */
		.cmd = OSTLER_CMD_PARK_GET,
		.flags = GENL_ADMIN_PERM,
		.policy = park_get_policy,
		.maxattr = OSTLER_A_MAX,
		.doit = do_park_get,
		.dumpit = dump_parks,
	},
	{
		.cmd = OSTLER_CMD_VERDICT,
		.flags = GENL_ADMIN_PERM,
		.policy = verdict_policy,
		.maxattr = OSTLER_A_MAX,
		.doit = do_verdict,
	},
	{
		.cmd = OSTLER_CMD_MANAGER_SET,
		.flags = GENL_ADMIN_PERM,
		.policy = manager_set_policy,
		.maxattr = OSTLER_A_MAX,
		.doit = do_manager_set,
	},
	{
		.cmd = OSTLER_CMD_MANAGER_DEL,
		.flags = GENL_ADMIN_PERM,
		.policy = nothing_policy,
		.maxattr = OSTLER_A_MAX,
		.doit = do_manager_del,
	},
};

/* parallel_ops: our own locks suffice, and other families' slow requests are not to delay a verdict */
static struct genl_family family __ro_after_init = {
	.name = OSTLER_GENL_NAME,
	.version = OSTLER_GENL_VERSION,
	.maxattr = OSTLER_A_MAX,
	.module = THIS_MODULE,
	.parallel_ops = true,
	.ops = ops,
	.n_ops = ARRAY_SIZE(ops),
	.resv_start_op = OSTLER_CMD_INFO_GET,
};

int ostler_netlink_init(void)
{
	return genl_register_family(&family);
}

void ostler_netlink_exit(void)
{
	genl_unregister_family(&family);
}
