// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <linux/genetlink.h>
#include <netlink/genl/genl.h>
#include <poll.h>
#include <string.h>
#include <time.h>

#include "ostlerd/source/kmod_attr.h"
#include "ostlerd/source/kmod_request.h"

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* libnl has error numbers of its own, too coarse to report; these are the ones that a socket meets */
int ost_kmod_errno(int nl)
{
	switch (nl < 0 ? -nl : nl) {
	case NLE_SUCCESS:
		return 0;
	case NLE_NOMEM:
		return -ENOMEM;
	case NLE_AGAIN:
		return -EAGAIN;
	case NLE_INTR:
		return -EINTR;
	case NLE_PERM:
	case NLE_NOACCESS:
		return -EPERM;
	case NLE_OBJ_NOTFOUND:
		return -ENOENT;
	case NLE_MSG_TRUNC:
	case NLE_MSG_TOOSHORT:
		return -EBADMSG;
	}
	return -EIO;
}

/* ---- sockets ---- */

static void set_option(struct nl_sock *sock, int option)
{
	int on = 1;

	/* without it a refusal has a number and no words: still right */
	setsockopt(nl_socket_get_fd(sock), SOL_NETLINK, option, &on, sizeof(on));
}

int ost_kmod_socket(struct nl_sock **out, struct ost_error *err)
{
	struct nl_sock *sock = nl_socket_alloc();
	int ret;

	*out = NULL;
	if (!sock)
		return ost_error_set(err, -ENOMEM, "no memory for a netlink socket");
	ret = genl_connect(sock);
	if (ret) {
		nl_socket_free(sock);
		return ost_error_set(err, ost_kmod_errno(ret),
				     "can't open a generic netlink socket: %s", nl_geterror(ret));
	}
	set_option(sock, NETLINK_EXT_ACK);
	nl_socket_set_nonblocking(sock);
	nl_socket_disable_auto_ack(sock);
	nl_socket_disable_seq_check(sock);
	*out = sock;
	return 0;
}

/* An answer that comes too late must not be taken for the next request's: begin with a new socket */
static void renew_requests(struct ost_kmod *kmod)
{
	struct nl_sock *fresh;

	if (ost_kmod_socket(&fresh, NULL))
		return;
	nl_socket_free(kmod->requests);
	kmod->requests = fresh;
}

/* ---- an exchange ---- */

struct nl_msg *ost_kmod_message(struct ost_kmod *kmod, uint8_t command, int flags)
{
	struct nl_msg *msg = nlmsg_alloc();

	if (msg && !genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, kmod->family, 0,
				NLM_F_REQUEST | NLM_F_ACK | flags, command, OSTLER_GENL_VERSION)) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

static void take_answer(struct ost_kmod_request *request, struct nlmsghdr *message)
{
	struct nlattr *attrs[OSTLER_A_MAX + 1];

	if (ost_kmod_parse(message, attrs)) {
		request->ret = -EBADMSG;
		return;
	}
	request->answered = true;
	if (request->take)
		request->take(request, attrs);
}

static int on_message(struct nl_msg *msg, void *context)
{
	struct ost_kmod_request *request = context;
	struct nlmsghdr *message = nlmsg_hdr(msg);

	if (!message->nlmsg_pid) {
		/* a notification that came in between; the caller of ost_kmod_read() is told to dump */
		request->kmod->lost = true;
		return NL_OK;
	}
	if (message->nlmsg_seq == request->seq)
		take_answer(request, message);
	return NL_OK;
}

static int on_end(struct nl_msg *msg, void *context)
{
	struct ost_kmod_request *request = context;
	struct nlmsghdr *message = nlmsg_hdr(msg);

	if (message->nlmsg_seq != request->seq)
		return NL_OK;
	request->done = true;
	/* a dump that failed half-way says so at its end */
	if (message->nlmsg_type == NLMSG_DONE && nlmsg_datalen(message) >= (int)sizeof(int) &&
	    *(int *)nlmsg_data(message) < 0) {
		request->ret = *(int *)nlmsg_data(message);
		ost_kmod_read_refusal(message, request->refusal, sizeof(request->refusal));
	}
	return NL_OK;
}

/* libnl hands over the body; its header stands right before it */
static int on_refusal(struct sockaddr_nl *from, struct nlmsgerr *body, void *context)
{
	struct ost_kmod_request *request = context;
	const struct nlmsghdr *message =
		(const struct nlmsghdr *)((const char *)body - NLMSG_HDRLEN);

	if (message->nlmsg_seq != request->seq)
		return NL_SKIP;
	request->done = true;
	request->ret = body->error;
	ost_kmod_read_refusal(message, request->refusal, sizeof(request->refusal));
	/* NL_STOP would put libnl's number in the place of ours */
	return NL_SKIP;
}

static int receive(struct nl_sock *sock, struct nl_cb *cb, int64_t deadline)
{
	struct pollfd ready = { .fd = nl_socket_get_fd(sock), .events = POLLIN };
	int64_t left = deadline - now_ms();
	int ret;

	if (left <= 0)
		return -ETIMEDOUT;
	ret = poll(&ready, 1, left);
	if (ret < 0)
		return errno == EINTR ? 0 : -errno;
	if (!ret)
		return -ETIMEDOUT;
	ret = nl_recvmsgs(sock, cb);
	return ret == -NLE_AGAIN || ret == -NLE_INTR ? 0 : ost_kmod_errno(ret);
}

/* Send @msg (freed here) and wait until the module has answered to the end */
static int exchange(struct nl_sock *sock, struct nl_msg *msg, struct ost_kmod_request *request)
{
	int64_t deadline = now_ms() + OST_KMOD_WAIT_MS;
	struct nl_cb *cb = nl_cb_alloc(NL_CB_CUSTOM);
	int ret;

	if (!cb) {
		nlmsg_free(msg);
		return -ENOMEM;
	}
	nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, on_message, request);
	nl_cb_set(cb, NL_CB_FINISH, NL_CB_CUSTOM, on_end, request);
	nl_cb_set(cb, NL_CB_ACK, NL_CB_CUSTOM, on_end, request);
	nl_cb_err(cb, NL_CB_CUSTOM, on_refusal, request);
	ret = nl_send_auto(sock, msg);
	request->seq = nlmsg_hdr(msg)->nlmsg_seq;
	nlmsg_free(msg);
	ret = ret < 0 ? ost_kmod_errno(ret) : 0;
	while (!ret && !request->done)
		ret = receive(sock, cb, deadline);
	nl_cb_put(cb);
	return ret ? ret : request->ret;
}

static int explain(int ret, const struct ost_kmod_request *request, struct ost_error *err)
{
	const char *what = request->what, *refusal = request->refusal;

	if (ret == -ETIMEDOUT)
		return ost_error_set(err, ret, "%s: the kernel module did not answer within %d ms",
				     what, OST_KMOD_WAIT_MS);
	if (ret == -EPERM && !refusal[0])
		return ost_error_set(err, ret,
				     "%s: refused: CAP_NET_ADMIN in the initial user namespace is needed",
				     what);
	if (ret == -EOPNOTSUPP)
		return ost_error_set(err, ret, "%s: this kernel module doesn't know the request", what);
	return ost_error_set(err, ret, "%s: %s%s%s", what, refusal, refusal[0] ? ": " : "",
			     strerror(-ret));
}

int ost_kmod_send(struct ost_kmod *kmod, struct nl_sock *sock, struct nl_msg *msg, int put,
		  struct ost_kmod_request *request, struct ost_error *err)
{
	int ret;

	if (!msg || put) {
		nlmsg_free(msg);
		return ost_error_set(err, -ENOMEM, "%s: no memory for the request", request->what);
	}
	request->kmod = kmod;
	ret = exchange(sock, msg, request);
	if (ret == -ETIMEDOUT && sock == kmod->requests)
		renew_requests(kmod);
	if (!ret && request->take && !request->answered && !request->many)
		ret = -ENODATA;
	return ret ? explain(ret, request, err) : 0;
}
