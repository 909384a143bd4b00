/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_LIB_LOG_H
#define OST_LIB_LOG_H

#include <syslog.h>

/**
 * ost_log_open() - choose where log lines go
 * @ident: name of the program, printed before each line
 * @level: least urgent syslog level that is still printed (LOG_ERR ... LOG_DEBUG)
 *
 * Lines go to standard error. When that is the journal (JOURNAL_STREAM is set) each line begins with its
 * level as `<N>`, as sd-daemon(3) describes, and the journal files it by level.
 */
void ost_log_open(const char *ident, int level);

/** ost_log_level() - the level given to ost_log_open(), LOG_INFO before */
int ost_log_level(void);

/** ost_log() - one line at a syslog level; errno is left as it was */
void ost_log(int level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define ost_err(...) ost_log(LOG_ERR, __VA_ARGS__)
#define ost_warn(...) ost_log(LOG_WARNING, __VA_ARGS__)
#define ost_info(...) ost_log(LOG_INFO, __VA_ARGS__)
#define ost_debug(...) ost_log(LOG_DEBUG, __VA_ARGS__)

#endif
