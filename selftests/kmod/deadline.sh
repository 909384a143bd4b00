#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 400
# A park ends at its deadline with the SIGILL the task would have had, and with the task when it dies.
# shellcheck source-path=SCRIPTDIR source=common.sh disable=SC2119
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
need_kmod
start_manager
park_instance a park_ms=500

# the park may be over before it is looked for: what the manager was told stays
start_task a vex catch
wait_for "grep -q '^park event=.* pid=$last_pid ' '$notes'" || not_ok "it is parked" "$(cat "$notes")"
event=$(field event "$(grep "^park event=.* pid=$last_pid " "$notes")")
ends "after its time it goes on behind its handler" "$last_pid" 0
ok "which saw the signal as ever" grep -qx "sigill code=2 offset=0" "$said"
ok "the manager was told" ended "$event" timeout
is "counted" "$(stat_of "$id" timeouts)" 1

parkctl set "$id" park_ms=3600000
start_task a vex
wait_parked "$last_pid"
like "a new deadline is the next park's" "$(field left_ms)" "^3(600000|5[0-9]{5})$"
kill -KILL "$last_pid"
ends "killed while parked" "$last_pid" 137
ok "the manager was told" ended "$event" exit
is "it holds no place" "$(count_parks)" 0

start_task a vex
wait_parked "$last_pid"
kill -TERM "$last_pid"
ends "ended by another signal while parked" "$last_pid" 143
ok "the manager was told" ended "$event" exit

start_task a vex
wait_parked "$last_pid"
prlimit --core=unlimited --pid "$last_pid"
kill -QUIT "$last_pid"
ends "dumped core while parked" "$last_pid" 131
ok "the manager was told" ended "$event" exit

# many threads of one process, and the first thread ends the process
start_task a vex threads=4
wait_for "[ \$(count_parks) = 4 ]"
ticks=$(grep -c tick "$said")
ok "the first thread runs on" wait_for "[ \$(grep -c tick '$said') -gt $((ticks + 2)) ]"
events=$(parkctl parks | sed 's/.*event=\([0-9]*\) .*/\1/')
is "four threads, four events" "$(sort -u <<<"$events" | wc -l)" 4
kill -KILL "$last_pid"
wait "$last_pid" 2>/dev/null
for event in $events; do
	ok "event $event ended with the process" ended "$event" exit
done
is "none holds a place" "$(field parked "$(parkctl info)")" 0
done_testing
