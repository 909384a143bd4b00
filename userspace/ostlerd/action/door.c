// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerd/action/door.h"

#include <errno.h>
#include <string.h>

#include "ostlerd/action/deadline.h"

/*
 * A process that ends closes its sockets some time before it has ended: after a hang-up so long
 * is waited to tell the one from the other, microseconds.
 */
#define END_US 50000

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Best first: what gives back most at the least cost, and knows what it did. */
static const struct ost_door_ops *const doors[] = {
	&ost_door_agent,
	&ost_door_jvm,
	&ost_door_dotnet,
	&ost_door_pageout,
	&ost_door_reclaim,
};

static const char *const status_texts[OST_DOOR_STATUSES] = {
	[OST_DOOR_DONE] = "done",
	[OST_DOOR_BUSY] = "busy",
	[OST_DOOR_REFUSED] = "refused",
	[OST_DOOR_TIMEOUT] = "timed out",
	[OST_DOOR_GONE] = "gone",
	[OST_DOOR_FAILED] = "failed",
};

const char *ost_door_status_text(enum ost_door_status status)
{
	return (unsigned int)status < OST_DOOR_STATUSES ? status_texts[status] : "unknown";
}

/* The door whose reason for not fitting is worth telling: the one made for this runtime. */
static const struct ost_door_ops *natural_door(const struct ost_process *process)
{
	switch (process->runtime) {
	case OST_RUNTIME_JVM:
		return &ost_door_jvm;
	case OST_RUNTIME_DOTNET:
		return &ost_door_dotnet;
	default:
		return &ost_door_agent;
	}
}

const struct ost_door_ops *ost_door_choose(const struct ost_process *process,
					   const struct ost_door_config *config,
					   char *why_not, size_t size)
{
	for (size_t i = 0; i < COUNT(doors); i++)
		if (doors[i]->fits(process, config, why_not, size))
			return doors[i];
	natural_door(process)->fits(process, config, why_not, size);
	return NULL;
}

const struct ost_door_ops *ost_door_find(const char *name)
{
	for (size_t i = 0; i < COUNT(doors); i++)
		if (!strcmp(doors[i]->name, name))
			return doors[i];
	return NULL;
}

static enum ost_door_status status_of(int r)
{
	switch (r) {
	case 0:
		return OST_DOOR_DONE;
	case -EBUSY:
		return OST_DOOR_BUSY;
	case -ETIMEDOUT:
		return OST_DOOR_TIMEOUT;
	case -ESRCH:
	case -ENODEV:
		return OST_DOOR_GONE;
	case -EPERM:
	case -EACCES:
	case -EOPNOTSUPP:
	case -ECANCELED:
	case -ESHUTDOWN:
	case -ENOSYS:
		return OST_DOOR_REFUSED;
	}
	return OST_DOOR_FAILED;
}

int ost_door_run(const struct ost_door_ops *door, const struct ost_process *process,
		 const struct ost_door_request *req, struct ost_door_result *res,
		 struct ost_error *err)
{
	uint64_t before = 0, after = 0;
	struct ost_error why = { 0 };
	int r;

	memset(res, 0, sizeof(*res));
	ost_process_anon(process, &before);
	r = door->collect(process, req, res, &why);
	if (!ost_process_anon(process, &after) && before > after && !res->dropped_bytes)
		res->dropped_bytes = before - after;
	if (r == -ECONNRESET || r == -EPIPE || r == -EBADMSG)
		ost_deadline_pause(END_US, process->pidfd, req->deadline_ns);
	if (r && !ost_process_alive(process) && r != -ESRCH)
		r = ost_error_set(&why, -ESRCH, "pid %d: it ended while it was asked to collect",
				  process->pid);
	res->status = status_of(r);
	if (r)
		ost_error_set(err, r, "%s", why.text);
	return r;
}
