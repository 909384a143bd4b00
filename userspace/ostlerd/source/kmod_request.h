/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_SOURCE_KMOD_REQUEST_H
#define OST_SOURCE_KMOD_REQUEST_H

#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

#include "ostlerd/source/kmod.h"

/*
 * One request to the module and its answer, within a time. Of kmod.c and nobody else.
 */

struct ost_kmod {
	struct nl_sock *requests;
	struct nl_sock *manager;
	int family;
	uint32_t notified;	/* sequence number of the last notification; 0: none yet */
	bool lost;		/* the next read is to say so */
};

/**
 * struct ost_kmod_request - a request and what came of it
 * @what: what is being done, for the error's words
 * @take: called for each message of the answer; may set @ret. NULL when the answer is an acknowledgement
 * @into: for @take
 * @many: a dump: an answer without messages is right
 * @answered: whether there was a message
 * @ret: 0, or negative errno from the module
 */
struct ost_kmod_request {
	const char *what;
	void (*take)(struct ost_kmod_request *request, struct nlattr **attrs);
	void *into;
	bool many;
	bool answered;
	int ret;
	/* the rest is kmod_request.c's */
	struct ost_kmod *kmod;
	uint32_t seq;
	bool done;
	char refusal[200];
};

/** ost_kmod_errno() - negative errno for one of libnl's error numbers, which are coarser */
int ost_kmod_errno(int nl);

/** ost_kmod_socket() - open a non-blocking generic netlink socket; 0 or negative errno */
int ost_kmod_socket(struct nl_sock **sock, struct ost_error *err);

/** ost_kmod_message() - begin a message of the family; NULL when memory is short */
struct nl_msg *ost_kmod_message(struct ost_kmod *kmod, uint8_t command, int flags);

/**
 * ost_kmod_send() - send a request and wait for the end of its answer
 * @sock: one of the two of @kmod
 * @msg: freed here; NULL is -ENOMEM
 * @put: not 0 when an attribute found no room in @msg
 *
 * Return: 0 or negative errno, with words in @err.
 */
int ost_kmod_send(struct ost_kmod *kmod, struct nl_sock *sock, struct nl_msg *msg, int put,
		  struct ost_kmod_request *request, struct ost_error *err);

#endif
