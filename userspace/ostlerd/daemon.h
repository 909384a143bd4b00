/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_DAEMON_H
#define OST_DAEMON_H

#include "ostlerd/core/state.h"

#define OST_DEAD_MAX 256

/**
 * struct ost_daemon - the stages wired together: the state and the requests that keep it up to date
 */
struct ost_daemon {
	struct ost_state state;
	struct ost_op signals;
	struct ost_op ring;
	struct ost_op ring_again;	/* the ring had more than one turn's worth */
	struct ost_op module;
	struct ost_op cgroups;
	struct ost_op pressure;
	struct ost_op agents;
	struct ost_op sample;		/* timer */
	struct ost_op upkeep;		/* timer */
	int signal_fd;
	int root_fd;
	int agent_fd;
	int pressure_fd;
	uint64_t dead[OST_DEAD_MAX];	/* instances that ended while no daemon ran */
	unsigned int dead_count;
};

/**
 * ost_daemon_prepare() - what takes a privilege that is given up before ost_daemon_open()
 *
 * A pressure trigger takes CAP_SYS_RESOURCE when its file is opened, and no more after.
 */
void ost_daemon_prepare(struct ost_daemon *daemon);

/** ost_daemon_open() - build the stages from left to right; what may be missing is noted as degraded */
int ost_daemon_open(struct ost_daemon *daemon, struct ost_error *err);

/** ost_daemon_close() - take them down from right to left; also after a failed open */
void ost_daemon_close(struct ost_daemon *daemon);

#endif
