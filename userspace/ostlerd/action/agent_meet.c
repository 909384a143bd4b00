// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerd/action/agent_meet.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ostlerd/action/agent_broker.h"
#include "ostlerd/action/agent_talk.h"
#include "ostlerd/action/deadline.h"

int ost_agent_meeting_open(struct ost_agent_meeting *meeting, struct ost_agent_broker *broker,
			   const struct ost_process *process, bool guest, struct ost_error *err)
{
	int r;

	*meeting = (struct ost_agent_meeting){
		.process = process,
		.broker = broker,
		.place = OST_GUEST_DIR_NONE,
		.listener = -1,
	};
	if (guest) {
		r = ost_guest_dir_make(&meeting->place, process, err);
		if (r)
			return r;
		meeting->listener = ost_guest_dir_listen(&meeting->place, err);
		if (meeting->listener < 0)
			return meeting->listener;
		meeting->guest = true;
	}
	if (!broker)
		return 0;
	r = ost_agent_waiter_new(broker, process->pid, &meeting->waiter);
	if (r)
		return ost_error_set(err, r, r == -EBUSY ?
				     "pid %d: its collector is being asked already%.0s" :
				     "pid %d: can't wait for its collector: %s",
				     process->pid, strerror(-r));
	return 0;
}

/* A connection of that very process, -EAGAIN when there is none. */
static int take(struct ost_agent_meeting *meeting, bool from_listener)
{
	int fd, r;

	if (from_listener) {
		fd = accept4(meeting->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0)
			return -EAGAIN;
	} else {
		fd = ost_agent_waiter_take(meeting->waiter);
		if (fd < 0)
			return fd;
	}
	r = ost_agent_verify(fd, meeting->process);
	if (!r)
		return fd;
	/* others of the same user may have found the place: they are not talked to */
	close(fd);
	return -EAGAIN;
}

int ost_agent_meeting_wait(struct ost_agent_meeting *meeting, uint64_t deadline_ns)
{
	struct pollfd fds[] = {
		{ .fd = meeting->waiter ? ost_agent_waiter_fd(meeting->waiter) : -1,
		  .events = POLLIN },
		{ .fd = meeting->listener, .events = POLLIN },
		{ .fd = meeting->process->pidfd, .events = POLLIN },
	};

	for (;;) {
		int r = ost_deadline_poll(fds, 3, deadline_ns);

		if (r)
			return r;
		for (int i = 0; i < 2; i++) {
			r = fds[i].revents ? take(meeting, i == 1) : -EAGAIN;
			if (r >= 0)
				return r;
		}
		if (fds[2].revents)
			return -ESRCH;
	}
}

void ost_agent_meeting_close(struct ost_agent_meeting *meeting)
{
	ost_agent_waiter_free(meeting->waiter);
	meeting->waiter = NULL;
	if (meeting->listener >= 0)
		close(meeting->listener);
	meeting->listener = -1;
	ost_guest_dir_remove(&meeting->place);
}
