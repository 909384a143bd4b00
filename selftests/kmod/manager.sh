#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 400
# The manager: one at a time; when it dies parked tasks wait for its return, and no longer than the grace time.
# shellcheck source-path=SCRIPTDIR source=common.sh disable=SC2119
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
need_kmod
make_instance a
id=$(instance_id a)

# no deadline of a park comes before the grace times do, however slow the machine
parkctl set "$id" mode=$PARK park_ms=600000
start_task a vex
ends "without a manager nothing is parked" "$last_pid" 132
is "but counted" "$(stat_of "$id" traps) $(stat_of "$id" parks)" "1 0"

ok "somebody becomes the manager" start_manager 60000
like "which the module says" "$(parkctl info)" "manager_port=[1-9][0-9]* grace_ms=60000 in_grace=0 "
like "a second one is refused" "$(parkctl manager 1000)" "^error=16 .*another socket is the manager"
like "nor can another give up the role" "$(parkctl raw 8 0)" "^error=1 .*not the manager"

# dies, and comes back in time
start_task a vex threads=2
wait_for "[ \$(count_parks) = 2 ]"
before=$(parkctl parks | sed 's/ age_ms=.*//' | sort)
stop_manager KILL
like "its grace time begins" "$(parkctl info)" "manager_port=0 grace_ms=60000 in_grace=1 grace_left_ms=[1-9]"
is "the parked are still parked" "$(parkctl parks | sed 's/ age_ms=.*//' | sort)" "$before"
two=$last_pid
start_task a 0f38
ok "in the grace time tasks are parked" wait_parked "$last_pid"
kill -KILL "$last_pid"
wait "$last_pid" 2>/dev/null
ok "it comes back" start_manager 60000
like "the grace time is over" "$(parkctl info)" "manager_port=[1-9][0-9]* .*in_grace=0"
is "the dump shows what was parked before" "$(parkctl parks | sed 's/ age_ms=.*//' | sort)" "$before"
line=$(parkctl parks | head -n 1)
ok "a verdict of the new manager is taken" parkctl verdict "$(field event)" "$(field ip)" deliver
ends "and has its effect" "$two" 132

# dies, and nobody comes
stop_manager TERM
ok "a shorter grace time" start_manager 300
start_task a vex catch
wait_parked "$last_pid"
stop_manager KILL
ends "nobody comes: the task goes on behind its handler" "$last_pid" 0
ok "which saw the signal" grep -q "sigill code=2" "$said"
is "counted as orphaned" "$(stat_of "$id" orphans)" 1
like "the grace time is over" "$(parkctl info)" "manager_port=0 .*in_grace=0"
start_task a vex
ends "nothing is parked any more" "$last_pid" 132

# gives up
ok "another manager" start_manager 60000
start_task a vex
wait_parked "$last_pid"
stop_manager USR1
ends "gives up its role: no grace time" "$last_pid" 132
is "orphaned" "$(stat_of "$id" orphans)" 2
like "nobody is the manager" "$(parkctl info)" "manager_port=0 .*in_grace=0"

# none at all
ok "a manager without grace time" start_manager 0
start_task a vex
wait_parked "$last_pid"
stop_manager KILL
ends "its death orphans at once" "$last_pid" 132

# a flood that the socket can't hold is noticed
ok "a manager that sleeps" start_manager 60000
kill -STOP "$manager_pid"
parkctl set "$id" park_ms=1
start_task a vex catch times=3000
ends "meets a flood" "$last_pid" 0
lost=$(field lost "$(parkctl info)")
kill -CONT "$manager_pid"
if [ "$lost" -gt 0 ]; then
	ok "what was lost is counted, and the manager told to dump" wait_for "grep -qx lost '$notes'"
else
	skip "what was lost is counted, and the manager told to dump" "the socket held it all"
fi
done_testing
