#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 400
# A full table, and an instance's share of it: who finds no place gets its SIGILL, and is counted.
# shellcheck source-path=SCRIPTDIR source=common.sh disable=SC2119
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
need_kmod park_max=4 park_share=3
start_manager
park_instance a
first=$id
park_instance b
second=$id

start_in_instance a "$programs/task" vex threads=3 >/dev/null 2>&1
three=$last_pid
wait_for "[ \$(count_parks $first) = 3 ]"
start_task a vex
ends "an instance that has its share gets no more" "$last_pid" 132
is "counted" "$(stat_of "$first" full)" 1
start_task b vex
wait_parked "$last_pid"
one=$last_pid
is "another instance gets the last place" "$(field instance)" "$second"
start_task b vex
ends "then the table is full" "$last_pid" 132
is "counted" "$(stat_of "$second" full)" 1
is "in all" "$(field full "$(parkctl info)") $(field parked "$(parkctl info)")" "2 4"
kill -KILL "$one"
wait "$one" 2>/dev/null
wait_for "[ \$(count_parks $second) = 0 ]"
start_task b vex
ok "a place that became free is taken again" wait_parked "$last_pid"
kill -KILL "$last_pid" "$three"
wait "$last_pid" "$three" 2>/dev/null
ok "all places become free" wait_for "[ \$(count_parks) = 0 ]"

# places are not lost: many times more parks than places
parkctl set "$second" park_ms=1
start_task b vex catch times=200
ends "200 parks in 4 places, one after the other" "$last_pid" 0
# a place is not free again before its end has been told, which may lag behind
is "each was parked, or counted as finding no place" \
	"$(($(stat_of "$second" timeouts) + $(stat_of "$second" full) - 1))" 200
ok "most were parked" test "$(stat_of "$second" timeouts)" -gt 50
parkctl set "$first" park_ms=60000
start_in_instance a "$programs/task" vex threads=3 >/dev/null 2>&1
ok "and the places are all there" wait_for "[ \$(count_parks $first) = 3 ]"
done_testing
