// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/agent.h"
void ost_node_ready(void)
{
}
bool ost_node_wants_wakeup(void)
{
	return false;
}
