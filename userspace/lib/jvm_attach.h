/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_LIB_JVM_ATTACH_H
#define OST_LIB_JVM_ATTACH_H

#include <stddef.h>
#include <sys/types.h>

/*
 * The words of HotSpot's attach protocol, version 1: a request is "1", a command and always three
 * arguments, each ended by a NUL; the reply is text whose first line is a decimal code, up to the
 * end of the stream.
 */

/** Arguments of every request; those not used are empty. */
#define OST_JVM_ATTACH_ARGS 3

/** Longest reply that is kept, bytes; what comes after it is an error. */
#define OST_JVM_ATTACH_REPLY_MAX (64 * 1024)

/**
 * ost_jvm_attach_request() - write a request
 * @args: OST_JVM_ATTACH_ARGS strings; NULL stands for ""
 *
 * HotSpot refuses a command longer than 16 bytes and an argument longer than 1024.
 *
 * Return: its length, -E2BIG when something is too long.
 */
ssize_t ost_jvm_attach_request(char *buf, size_t size, const char *command,
			       const char *const args[OST_JVM_ATTACH_ARGS]);

/**
 * struct ost_jvm_attach_reply - a reply taken apart
 * @code: 0 when the command was carried out
 * @text: what follows the first line, within the reply, not NUL-terminated
 * @len: its length
 */
struct ost_jvm_attach_reply {
	int code;
	const char *text;
	size_t len;
};

/**
 * ost_jvm_attach_parse() - take a whole reply apart; 0, -EBADMSG when its first line is no number
 */
int ost_jvm_attach_parse(const char *reply, size_t len, struct ost_jvm_attach_reply *out);

/**
 * ost_jvm_attach_load_code() - what Agent_OnAttach returned, from the reply to "load"
 *
 * JDK 9 and later write "return code: N" as text; JDK 8 writes N alone.
 *
 * Return: 0 with @code set; -ENOENT when the library was not entered, its text then says why.
 */
int ost_jvm_attach_load_code(const struct ost_jvm_attach_reply *reply, int *code);

#endif
