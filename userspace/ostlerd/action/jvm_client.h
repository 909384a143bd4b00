/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ACTION_JVM_CLIENT_H
#define OST_ACTION_JVM_CLIENT_H

#include <stdbool.h>

#include "lib/error.h"
#include "lib/jvm_attach.h"
#include "ostlerd/source/process.h"

/*
 * The client's half of HotSpot's attach mechanism. The JVM <n> (its pid as it sees itself)
 * listens on /tmp/.java_pid<n>; if it does not yet, /tmp/.attach_pid<n> is made and SIGQUIT sent,
 * whereupon it does. Without that file, or with the mechanism disabled, SIGQUIT makes it write a
 * thread dump into the function's output: so its performance data are read first. One connection
 * carries one command.
 */

/**
 * struct ost_jvm_client - a JVM that can be commanded
 * @process: its process
 * @tmp_fd: its /tmp
 * @fd: a connection for the next command, -1: none yet
 * @reply: text of the last reply
 */
struct ost_jvm_client {
	const struct ost_process *process;
	int tmp_fd;
	int fd;
	char reply[OST_JVM_ATTACH_REPLY_MAX];
};

/** ost_jvm_is_listening() - its attach socket is there already */
bool ost_jvm_is_listening(const struct ost_process *process);

/**
 * ost_jvm_client_new() - see to it that a JVM listens
 * @client: to be given to ost_jvm_client_free()
 *
 * Return: 0; -EPERM when it must not be asked to (attaching is disabled, SIGQUIT not caught);
 * -ETIMEDOUT; -ESRCH; another negative errno.
 */
int ost_jvm_client_new(struct ost_jvm_client **client, const struct ost_process *process,
		       uint64_t deadline_ns, struct ost_error *err);

/** ost_jvm_client_free() - NULL is allowed */
void ost_jvm_client_free(struct ost_jvm_client *client);

/**
 * ost_jvm_command() - carry out one command and take its whole reply
 * @args: as ost_jvm_attach_request()
 * @reply: points into @client until its next command
 *
 * Return: 0 when a reply came, whatever its code; -EFBIG when it is too long; -EBADMSG when it is
 * none; -EPERM when another process answers; -ETIMEDOUT; -ESRCH; another negative errno.
 */
int ost_jvm_command(struct ost_jvm_client *client, const char *command,
		    const char *const args[OST_JVM_ATTACH_ARGS], uint64_t deadline_ns,
		    struct ost_jvm_attach_reply *reply, struct ost_error *err);

#endif
