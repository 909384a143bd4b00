/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_CONTROL_WATCH_H
#define OST_CONTROL_WATCH_H

#include "ostlerd/control/server.h"

/*
 * Streams of notices, a JSON object a line. A reader that is too slow for its buffer loses notices
 * and is told how many; nothing waits for it.
 */

/** ost_watch_tell() - hand a notice to all watchers that may know of it */
void ost_watch_tell(struct ost_control *control, const struct ost_notice *notice);

/** ost_watch_beat() - send a sign of life where it is due; returns when the next one is, or 0 */
uint64_t ost_watch_beat(struct ost_control *control, uint64_t now_ns);

/** ost_watch_end_all() - end every stream */
void ost_watch_end_all(struct ost_control *control);

#endif
