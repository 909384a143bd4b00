/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_CTL_CLIENT_H
#define OST_CTL_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/error.h"

/* HTTP to the daemon's socket, by libcurl. */

struct ost_client {
	void *curl;
	const char *socket;
};

/** struct ost_reply - an answer; @text is NUL-terminated and the caller's to free */
struct ost_reply {
	long status;
	char *text;
	size_t len;
};

/** ost_client_open() - 0, -ELIBACC without libcurl, -ENOMEM; connects only when something is asked */
int ost_client_open(struct ost_client *client, const char *socket);

void ost_client_close(struct ost_client *client);

/**
 * ost_client_call() - one request, one answer
 * @body: JSON text, NULL for none
 *
 * Return: 0 when an answer came, whatever its status; -ECONNREFUSED when no daemon answers;
 * -EPROTO, -ETIMEDOUT or another negative errno when what came is no answer.
 */
int ost_client_call(struct ost_client *client, const char *method, const char *path,
		    const char *body, struct ost_reply *reply, struct ost_error *err);

/**
 * ost_client_stream() - GET a path whose answer is lines without end
 * @line: called for each, NUL-terminated and without its newline; false ends the stream
 * @reply: gets the status, and the text of an answer that is no success
 *
 * Return: 0 when the stream ended, by either side; negative errno as ost_client_call() otherwise.
 */
int ost_client_stream(struct ost_client *client, const char *path,
		      bool (*line)(void *context, const char *text), void *context,
		      struct ost_reply *reply, struct ost_error *err);

#endif
