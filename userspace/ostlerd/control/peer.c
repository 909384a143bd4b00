// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerd/control/peer.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/log.h"

/* How long a name is believed, in nanoseconds. */
#define NAME_KEPT_NS 60000000000ull

/* Accounts remembered at once; the oldest makes room. */
#define NAMES_MAX 64

/* Supplementary groups of a process, NGROUPS_MAX of the kernel. */
#define GROUPS_MAX 65536

/* What ids outside this user namespace look like (kernel.overflowuid): many accounts, so nobody's.
 */
#define OVERFLOW_UID 65534

struct account {
	struct ost_job job;
	struct ost_peers *peers;
	struct account *next;
	uid_t uid;
	uint64_t asked_ns;
	bool asking;
	char name[OST_NAME_LEN];
};

struct ost_peers {
	struct ost_pool *pool;
	gid_t gid;
	struct account *accounts;
	unsigned int count;
	void (*named)(void *context);
	void *context;
};

/* Is @gid among the supplementary groups that the peer had when it connected? */
static bool in_groups(int fd, gid_t gid)
{
	gid_t few[64], *groups = few;
	socklen_t size = sizeof(few);
	bool found = false;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) < 0) {
		if (errno != ERANGE || size > GROUPS_MAX * sizeof(gid_t))
			return false;
		groups = malloc(size);
		if (!groups)
			return false;
		if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) < 0)
			size = 0;
	}
	for (size_t i = 0; i < size / sizeof(gid_t) && !found; i++)
		found = groups[i] == gid;
	if (groups != few)
		free(groups);
	return found;
}

int ost_peer_read(const struct ost_peers *peers, int fd, struct ost_peer *peer)
{
	struct ucred cred;
	socklen_t size = sizeof(cred);

	memset(peer, 0, sizeof(*peer));
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) < 0)
		return -errno;
	peer->uid = cred.uid;
	peer->all = cred.uid == 0;
	if (!peer->all && peers->gid != (gid_t)-1)
		peer->all = cred.gid == peers->gid || in_groups(fd, peers->gid);
	return 0;
}

bool ost_peer_sees(const struct ost_peer *peer, const char *user)
{
	return peer->all || (peer->name[0] && !strcmp(peer->name, user));
}

bool ost_peer_sees_id(const struct ost_peer *peer, const struct ost_instances *instances,
		      uint64_t id)
{
	const struct ost_instance *instance;

	if (peer->all)
		return true;
	instance = ost_instance_find(instances, id);
	return instance && ost_peer_sees(peer, instance->user);
}

static gid_t find_group(const char *name)
{
	struct group *group;

	if (!*name)
		return (gid_t)-1;
	group = getgrnam(name);
	if (group)
		return group->gr_gid;
	ost_info("api: there is no group %s on this host, so only root may see and change "
		 "everything",
		 name);
	return (gid_t)-1;
}

struct ost_peers *ost_peers_new(struct ost_pool *pool, const char *group,
				void (*named)(void *context), void *context)
{
	struct ost_peers *peers = calloc(1, sizeof(*peers));

	if (!peers)
		return NULL;
	peers->pool = pool;
	peers->gid = find_group(group);
	peers->named = named;
	peers->context = context;
	return peers;
}

void ost_peers_free(struct ost_peers *peers)
{
	while (peers && peers->accounts) {
		struct account *account = peers->accounts;

		peers->accounts = account->next;
		free(account);
	}
	free(peers);
}

gid_t ost_peers_gid(const struct ost_peers *peers)
{
	return peers->gid;
}

/* Worker thread. */
static void ask(struct ost_job *job)
{
	struct account *account = ost_container_of(job, struct account, job);
	struct passwd entry, *found = NULL;
	char buf[4096];

	account->name[0] = '\0';
	if (account->uid == OVERFLOW_UID)
		return;
	if (getpwuid_r(account->uid, &entry, buf, sizeof(buf), &found) || !found)
		return;
	/* a name that doesn't fit can't be an instance's user either */
	if (strlen(entry.pw_name) < sizeof(account->name))
		strcpy(account->name, entry.pw_name);
}

static void answered(struct ost_job *job)
{
	struct account *account = ost_container_of(job, struct account, job);
	struct ost_peers *peers = account->peers;

	account->asking = false;
	account->asked_ns = ost_now_ns();
	peers->named(peers->context);
}

static struct account *find_account(struct ost_peers *peers, uid_t uid)
{
	struct account *account = peers->accounts;

	while (account && account->uid != uid)
		account = account->next;
	return account;
}

static struct account *add_account(struct ost_peers *peers, uid_t uid)
{
	struct account *account = NULL;

	if (peers->count == NAMES_MAX) {
		for (struct account *a = peers->accounts; a; a = a->next)
			if (!a->asking && (!account || a->asked_ns < account->asked_ns))
				account = a;
	} else {
		account = calloc(1, sizeof(*account));
		if (account) {
			account->next = peers->accounts;
			peers->accounts = account;
			account->peers = peers;
			peers->count++;
		}
	}
	if (account) {
		account->uid = uid;
		account->asked_ns = 0;
	}
	return account;
}

bool ost_peers_name(struct ost_peers *peers, struct ost_peer *peer)
{
	struct account *account = find_account(peers, peer->uid);

	if (!account)
		account = add_account(peers, peer->uid);
	if (!account) {
		/* no memory, or everybody asks at once: seeing nothing is the safe answer */
		peer->named = true;
		return true;
	}
	if (account->asking)
		return false;
	if (account->asked_ns && ost_now_ns() - account->asked_ns < NAME_KEPT_NS) {
		memcpy(peer->name, account->name, sizeof(peer->name));
		peer->named = true;
		return true;
	}
	account->asking = true;
	account->job.run = ask;
	account->job.done = answered;
	ost_pool_submit(peers->pool, &account->job);
	return false;
}
