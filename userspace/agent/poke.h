/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_AGENT_POKE_H
#define OST_AGENT_POKE_H

#include <signal.h>

/** ost_poke_ready() - before the handler is installed: find out what it has to reckon with */
void ost_poke_ready(void);

/**
 * ost_poke_handler() - handler of OST_AGENT_SIGNAL
 *
 * Starts the helper thread if the signal interrupted a thread that was blocked in a system call and
 * so holds no lock that starting a thread needs. Then lets the interrupted call go on as if there
 * had been no signal, wherever that is exact.
 */
void ost_poke_handler(int sig, siginfo_t *info, void *context);

#endif
