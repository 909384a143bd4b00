/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_CONTROL_PEER_H
#define OST_CONTROL_PEER_H

#include <stdbool.h>
#include <sys/types.h>

#include "ostlerd/core/state.h"

/*
 * Who is at the other end of a connection, as the kernel noted it at connect(2). Root and the
 * members of the API's group may see and change everything. Anybody else sees the instances whose
 * user is named as the peer's own account is. Asking for that name may go over a network (NSS), so
 * a worker does it, and the answer is kept for a while.
 */

struct ost_peers;

/** struct ost_peer - one side of a connection */
struct ost_peer {
	uid_t uid;
	bool all;   /* may see and change everything */
	bool named; /* @name is settled; empty when the account has none */
	char name[OST_NAME_LEN];
};

/** ost_peer_read() - credentials of the peer of a connected unix socket; 0 or negative errno */
int ost_peer_read(const struct ost_peers *peers, int fd, struct ost_peer *peer);

/** ost_peer_sees() - may the peer know of what belongs to this user? */
bool ost_peer_sees(const struct ost_peer *peer, const char *user);

/** ost_peer_sees_id() - may the peer know of this instance? Of one that is gone only who sees all
 * may. */
bool ost_peer_sees_id(const struct ost_peer *peer, const struct ost_instances *instances,
		      uint64_t id);

/**
 * ost_peers_new() - the names that are known
 * @group: whose members may do everything; when there is no such group, only root may
 * @named: called in the loop's thread whenever names have come in
 *
 * Return: NULL when memory is short.
 */
struct ost_peers *ost_peers_new(struct ost_pool *pool, const char *group,
				void (*named)(void *context), void *context);

/** ost_peers_free() - after the pool has ended */
void ost_peers_free(struct ost_peers *peers);

/** ost_peers_gid() - gid of the group, (gid_t)-1 when there is none */
gid_t ost_peers_gid(const struct ost_peers *peers);

/**
 * ost_peers_name() - settle the peer's name
 *
 * Return: true when it is known now; false when a worker has been asked and @named will be called.
 */
bool ost_peers_name(struct ost_peers *peers, struct ost_peer *peer);

#endif
