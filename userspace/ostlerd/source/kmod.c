// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <stdlib.h>
#include <string.h>

#include "ostlerd/source/kmod.h"
#include "ostlerd/source/kmod_attr.h"
#include "ostlerd/source/kmod_request.h"

/*
 * Receive buffer of the manager's socket in bytes: a full park table's notifications, each of which the kernel
 * accounts with about 1 KiB
 */
#define MANAGER_BUFFER (2 << 20)

/* ---- the requests ---- */

static int ask(struct ost_kmod *kmod, struct nl_msg *msg, int put,
		struct ost_kmod_request *request, struct ost_error *err)
{
	return ost_kmod_send(kmod, kmod->requests, msg, put, request, err);
}

static void take_info(struct ost_kmod_request *request, struct nlattr **attrs)
{
	request->ret = ost_kmod_read_info(attrs, request->into);
}

int ost_kmod_info_get(struct ost_kmod *kmod, struct ost_kmod_info *info, struct ost_error *err)
{
	struct ost_kmod_request request = { .what = "asking the kernel module about itself",
					    .take = take_info,
					    .into = info };
	struct nl_msg *msg = ost_kmod_message(kmod, OSTLER_CMD_INFO_GET, 0);

	return ask(kmod, msg, 0, &request, err);
}

int ost_kmod_instance_set(struct ost_kmod *kmod, const struct ost_kmod_instance_set *set,
			  struct ost_error *err)
{
	struct nl_msg *msg = ost_kmod_message(kmod, OSTLER_CMD_INSTANCE_SET, 0);
	struct ost_kmod_request request = { .what = "making an instance known" };
	int put = 0;

	if (msg) {
		put = nla_put_u64(msg, OSTLER_A_INSTANCE_ID, set->id);
		if (set->fields & OST_KMOD_SET_MODE)
			put |= nla_put_u8(msg, OSTLER_A_MODE, set->mode);
		if (set->fields & OST_KMOD_SET_PARK_MS)
			put |= nla_put_u32(msg, OSTLER_A_PARK_MS, set->park_ms);
		if (set->fields & OST_KMOD_SET_SKIP_MAX)
			put |= nla_put_u32(msg, OSTLER_A_SKIP_MAX, set->skip_max);
	}
	return ask(kmod, msg, put, &request, err);
}

int ost_kmod_instance_del(struct ost_kmod *kmod, uint64_t id, struct ost_error *err)
{
	struct nl_msg *msg = ost_kmod_message(kmod, OSTLER_CMD_INSTANCE_DEL, 0);
	struct ost_kmod_request request = { .what = "forgetting an instance" };
	int put = msg ? nla_put_u64(msg, OSTLER_A_INSTANCE_ID, id) : 0;

	return ask(kmod, msg, put, &request, err);
}

static void take_instance(struct ost_kmod_request *request, struct nlattr **attrs)
{
	request->ret = ost_kmod_read_instance(attrs, request->into);
}

int ost_kmod_instance_get(struct ost_kmod *kmod, uint64_t id, struct ost_kmod_instance *instance,
			  struct ost_error *err)
{
	struct ost_kmod_request request = { .what = "asking for an instance",
					    .take = take_instance,
					    .into = instance };
	struct nl_msg *msg = ost_kmod_message(kmod, OSTLER_CMD_INSTANCE_GET, 0);
	int put = msg ? nla_put_u64(msg, OSTLER_A_INSTANCE_ID, id) : 0;

	return ask(kmod, msg, put, &request, err);
}

/* A dump's items go to the caller as they come: what it has seen stands even when the dump fails later */
struct instance_walk {
	void (*each)(void *context, const struct ost_kmod_instance *instance);
	void *context;
};

static void take_each_instance(struct ost_kmod_request *request, struct nlattr **attrs)
{
	const struct instance_walk *walk = request->into;
	struct ost_kmod_instance instance;

	if (ost_kmod_read_instance(attrs, &instance))
		request->ret = -EBADMSG;
	else
		walk->each(walk->context, &instance);
}

int ost_kmod_instance_dump(struct ost_kmod *kmod,
			   void (*each)(void *context, const struct ost_kmod_instance *instance),
			   void *context, struct ost_error *err)
{
	struct instance_walk walk = { each, context };
	struct ost_kmod_request request = { .what = "asking for all instances",
					    .take = take_each_instance,
					    .into = &walk,
					    .many = true };
	struct nl_msg *msg = ost_kmod_message(kmod, OSTLER_CMD_INSTANCE_GET, NLM_F_DUMP);

	return ask(kmod, msg, 0, &request, err);
}

static void take_park(struct ost_kmod_request *request, struct nlattr **attrs)
{
	request->ret = ost_kmod_read_park(attrs, request->into);
}

int ost_kmod_park_get(struct ost_kmod *kmod, uint64_t event, struct ost_park *park,
		      struct ost_error *err)
{
	struct ost_kmod_request request = { .what = "asking for a parked task",
					    .take = take_park,
					    .into = park };
	struct nl_msg *msg = ost_kmod_message(kmod, OSTLER_CMD_PARK_GET, 0);
	int put = msg ? nla_put_u64(msg, OSTLER_A_EVENT, event) : 0;

	return ask(kmod, msg, put, &request, err);
}

struct park_walk {
	void (*each)(void *context, const struct ost_park *park);
	void *context;
};

static void take_each_park(struct ost_kmod_request *request, struct nlattr **attrs)
{
	const struct park_walk *walk = request->into;
	struct ost_park park;

	if (ost_kmod_read_park(attrs, &park))
		request->ret = -EBADMSG;
	else
		walk->each(walk->context, &park);
}

int ost_kmod_park_dump(struct ost_kmod *kmod, uint64_t instance_id,
		       void (*each)(void *context, const struct ost_park *park), void *context,
		       struct ost_error *err)
{
	struct park_walk walk = { each, context };
	struct ost_kmod_request request = { .what = "asking for the parked tasks",
					    .take = take_each_park,
					    .into = &walk,
					    .many = true };
	struct nl_msg *msg = ost_kmod_message(kmod, OSTLER_CMD_PARK_GET, NLM_F_DUMP);
	int put = msg && instance_id ? nla_put_u64(msg, OSTLER_A_INSTANCE_ID, instance_id) : 0;

	return ask(kmod, msg, put, &request, err);
}

int ost_kmod_verdict(struct ost_kmod *kmod, uint64_t event, uint64_t ip, uint8_t verdict,
		     uint8_t length, struct ost_error *err)
{
	struct nl_msg *msg = ost_kmod_message(kmod, OSTLER_CMD_VERDICT, 0);
	struct ost_kmod_request request = { .what = "giving a verdict" };
	int put = 0;

	if (msg) {
		put = nla_put_u64(msg, OSTLER_A_EVENT, event) |
		      nla_put_u64(msg, OSTLER_A_IP, ip) |
		      nla_put_u8(msg, OSTLER_A_VERDICT, verdict);
		if (length)
			put |= nla_put_u8(msg, OSTLER_A_LENGTH, length);
	}
	return ask(kmod, msg, put, &request, err);
}

/* ---- the manager's socket ---- */

int ost_kmod_manager_set(struct ost_kmod *kmod, uint32_t grace_ms, struct ost_error *err)
{
	struct nl_msg *msg = ost_kmod_message(kmod, OSTLER_CMD_MANAGER_SET, 0);
	struct ost_kmod_request request = { .what = "becoming the manager" };
	int put = msg ? nla_put_u32(msg, OSTLER_A_GRACE_MS, grace_ms) : 0;

	return ost_kmod_send(kmod, kmod->manager, msg, put, &request, err);
}

int ost_kmod_manager_del(struct ost_kmod *kmod, struct ost_error *err)
{
	struct nl_msg *msg = ost_kmod_message(kmod, OSTLER_CMD_MANAGER_DEL, 0);
	struct ost_kmod_request request = { .what = "giving up the manager's role" };
	int ret;

	ret = ost_kmod_send(kmod, kmod->manager, msg, 0, &request, err);
	if (!ret)
		kmod->notified = 0;
	return ret;
}

int ost_kmod_fd(const struct ost_kmod *kmod)
{
	return nl_socket_get_fd(kmod->manager);
}

struct reading {
	struct ost_kmod *kmod;
	const struct ost_kmod_ops *ops;
	void *context;
	int handled;
};

/* The module counts the notifications of a manager from 1, those that found no room included */
static void check_gap(struct reading *reading, uint32_t seq)
{
	if (seq != reading->kmod->notified + 1)
		reading->kmod->lost = true;
	reading->kmod->notified = seq;
}

static int on_notification(struct nl_msg *msg, void *context)
{
	struct nlattr *attrs[OSTLER_A_MAX + 1];
	struct nlmsghdr *message = nlmsg_hdr(msg);
	struct reading *reading = context;
	struct ost_park_end end;
	struct ost_park park;

	/* a late answer to the manager's own request */
	if (message->nlmsg_pid)
		return NL_OK;
	check_gap(reading, message->nlmsg_seq);
	reading->handled++;
	if (ost_kmod_parse(message, attrs)) {
		reading->kmod->lost = true;
		return NL_OK;
	}
	switch (ost_kmod_command(message)) {
	case OSTLER_CMD_PARK_NTF:
		if (ost_kmod_read_park(attrs, &park))
			reading->kmod->lost = true;
		else if (reading->ops->park)
			reading->ops->park(reading->context, &park);
		break;
	case OSTLER_CMD_PARK_END_NTF:
		if (ost_kmod_read_park_end(attrs, &end))
			reading->kmod->lost = true;
		else if (reading->ops->park_end)
			reading->ops->park_end(reading->context, &end);
		break;
	}
	return NL_OK;
}

static int ignore_message(struct nl_msg *msg, void *context)
{
	return NL_OK;
}

static int ignore_refusal(struct sockaddr_nl *from, struct nlmsgerr *body, void *context)
{
	return NL_SKIP;
}

static int read_some(struct reading *reading)
{
	struct nl_cb *cb = nl_cb_alloc(NL_CB_CUSTOM);
	int ret = 0;

	if (!cb)
		return -ENOMEM;
	nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, on_notification, reading);
	nl_cb_set(cb, NL_CB_ACK, NL_CB_CUSTOM, ignore_message, NULL);
	nl_cb_err(cb, NL_CB_CUSTOM, ignore_refusal, NULL);
	while (!ret && reading->handled < OST_KMOD_READ_MAX)
		ret = nl_recvmsgs(reading->kmod->manager, cb);
	nl_cb_put(cb);
	if (ret == -NLE_NOMEM) {
		/* ENOBUFS looks like this through libnl; either way something is missing */
		reading->kmod->lost = true;
		return 0;
	}
	return ret == -NLE_AGAIN || ret == -NLE_INTR ? 0 : ost_kmod_errno(ret);
}

int ost_kmod_read(struct ost_kmod *kmod, const struct ost_kmod_ops *ops, void *context,
		  struct ost_error *err)
{
	struct reading reading = { .kmod = kmod, .ops = ops, .context = context };
	int ret = read_some(&reading);

	if (kmod->lost && ops->lost)
		ops->lost(context);
	kmod->lost = false;
	if (ret)
		return ost_error_set(err, ret, "reading the kernel module's notifications: %s",
				     strerror(-ret));
	return reading.handled;
}

/* ---- open and close ---- */

static int resolve(struct ost_kmod *kmod, struct ost_error *err)
{
	struct ost_kmod_info info;
	struct nl_sock *sock;
	int ret;

	/* the controller's answer is waited for by libnl itself, on a socket that blocks */
	sock = nl_socket_alloc();
	if (!sock)
		return ost_error_set(err, -ENOMEM, "no memory for a netlink socket");
	ret = genl_connect(sock);
	if (!ret)
		ret = genl_ctrl_resolve(sock, OSTLER_GENL_NAME);
	nl_socket_free(sock);
	if (ret == -NLE_OBJ_NOTFOUND)
		return ost_error_set(err, -ENOENT,
				     "the kernel module ostler is not loaded (modprobe ostler loads it): traps are "
				     "counted and named, but tasks can't be parked; all else works");
	if (ret < 0)
		return ost_error_set(err, ost_kmod_errno(ret), "can't look for the kernel module: %s",
				     nl_geterror(ret));
	kmod->family = ret;
	ret = ost_kmod_info_get(kmod, &info, err);
	if (ret)
		return ret;
	if (info.abi != OSTLER_ABI_VERSION)
		return ost_error_set(err, -EPROTO,
				     "the loaded kernel module speaks ABI %u, this program %u: install both from the "
				     "same release",
				     info.abi, OSTLER_ABI_VERSION);
	return 0;
}

int ost_kmod_open(struct ost_kmod **out, struct ost_error *err)
{
	struct ost_kmod *kmod = calloc(1, sizeof(*kmod));
	int size = MANAGER_BUFFER, ret;

	*out = NULL;
	if (!kmod)
		return ost_error_set(err, -ENOMEM, "no memory for the kernel module's client");
	ret = ost_kmod_socket(&kmod->requests, err);
	if (ret)
		goto fail;
	ret = ost_kmod_socket(&kmod->manager, err);
	if (ret)
		goto fail;
	/* past the system's limit when we may; otherwise more notifications are lost in a flood */
	if (setsockopt(ost_kmod_fd(kmod), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(ost_kmod_fd(kmod), SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	ret = resolve(kmod, err);
	if (ret)
		goto fail;
	*out = kmod;
	return 0;

fail:
	ost_kmod_close(kmod);
	return ret;
}

void ost_kmod_close(struct ost_kmod *kmod)
{
	if (!kmod)
		return;
	nl_socket_free(kmod->manager);
	nl_socket_free(kmod->requests);
	free(kmod);
}

const char *ost_kmod_end_name(uint8_t end)
{
	static const char *const names[] = {
		[OSTLER_END_RETRY] = "retry",	[OSTLER_END_DELIVER] = "deliver",
		[OSTLER_END_SKIP] = "skip",	[OSTLER_END_TIMEOUT] = "timeout",
		[OSTLER_END_ORPHAN] = "orphan", [OSTLER_END_EXIT] = "exit",
		[OSTLER_END_RELEASED] = "released",
	};

	return end <= OSTLER_END_MAX && names[end] ? names[end] : "?";
}

const char *ost_kmod_class_name(uint8_t insn_class)
{
	static const char *const names[] = {
		[OSTLER_INSN_UNREADABLE] = "unreadable", [OSTLER_INSN_LEGACY] = "legacy",
		[OSTLER_INSN_0F38] = "0f38",		 [OSTLER_INSN_0F3A] = "0f3a",
		[OSTLER_INSN_VEX] = "vex",		 [OSTLER_INSN_EVEX] = "evex",
		[OSTLER_INSN_XOP] = "xop",		 [OSTLER_INSN_REX2] = "rex2",
		[OSTLER_INSN_UD0] = "ud0",		 [OSTLER_INSN_UD1] = "ud1",
		[OSTLER_INSN_UD2] = "ud2",
	};

	return insn_class <= OSTLER_INSN_CLASS_MAX ? names[insn_class] : "?";
}
