/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_CONTROL_SOCKET_H
#define OST_CONTROL_SOCKET_H

#include <sys/types.h>

#include "lib/error.h"

/**
 * ost_socket_listen() - listen on a unix socket at a path
 * @gid: group of the file; (gid_t)-1: root's
 *
 * Everybody may connect: who may do what is decided by credentials, request by request. A socket
 * that nobody listens on any more is replaced; one with a living listener, and a file that is no
 * socket, stay.
 *
 * Return: a non-blocking descriptor; -EADDRINUSE when something listens there; or another negative
 * errno.
 */
int ost_socket_listen(const char *path, gid_t gid, struct ost_error *err);

/** ost_socket_close() - stop listening; remove the file unless another daemon listens there by now
 */
void ost_socket_close(const char *path, int fd);

#endif
