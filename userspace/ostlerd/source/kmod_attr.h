/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_SOURCE_KMOD_ATTR_H
#define OST_SOURCE_KMOD_ATTR_H

#include <netlink/attr.h>
#include <netlink/msg.h>

#include "ostlerd/source/kmod.h"

/*
 * Messages of the netlink family "ostler" to and from structs. Of kmod.c and nobody else.
 */

/** ost_kmod_parse() - the attributes of a message by enum ostler_attr; 0 or -EBADMSG */
int ost_kmod_parse(struct nlmsghdr *message, struct nlattr **attrs);

/** ost_kmod_command() - enum ostler_cmd of a message */
uint8_t ost_kmod_command(struct nlmsghdr *message);

/* Each returns 0, or -EBADMSG when something that must be there is not. */
int ost_kmod_read_info(struct nlattr **attrs, struct ost_kmod_info *info);
int ost_kmod_read_instance(struct nlattr **attrs, struct ost_kmod_instance *instance);
int ost_kmod_read_park(struct nlattr **attrs, struct ost_park *park);
int ost_kmod_read_park_end(struct nlattr **attrs, struct ost_park_end *end);

/**
 * ost_kmod_read_refusal() - what the module says about a request that it refused
 * @refusal: the message of type NLMSG_ERROR, or NLMSG_DONE for a dump
 * @text: gets the words, such as "MODE: integer out of range"; empty when it says nothing
 */
void ost_kmod_read_refusal(const struct nlmsghdr *refusal, char *text, size_t size);

#endif
