#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 400
# Each verdict, and what is refused: retry (in vain, then with the instruction mended), deliver, skip within its bound.
# shellcheck source-path=SCRIPTDIR source=common.sh disable=SC2119
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
need_kmod
start_manager
park_instance a skip_max=2

# retry
start_task a vex threads=1 usr2
process=$last_pid
wait_for "[ \"\$(count_parks)\" = 1 ]"
line=$(parkctl parks)
event=$(field event) ip=$(field ip)
is "the park names the thread's process" "$(field tgid)" "$process"
is "its instance" "$(field instance)" "$id"
is "its class" "$(field class)" vex
like "its bytes" "$(field insn)" "^c5f8a6c0c3[0-9a-f]{20}$"
is "its name" "$(field comm)" task
is "its state" "$(field state)" waiting
like "what is left of its time" "$(field left_ms)" "^(2[0-9]{4}|30000)$"
is "one park alone reads the same" "$(field insn "$(parkctl park "$event")")" "$(field insn)"
ok "the manager was told" wait_for "grep -q '^park event=$event .*class=vex' '$notes'"
ok "retry" parkctl verdict "$event" "$ip" retry
ok "ends the park" ended "$event" retry
ok "in vain: it parks again, as another event" \
	wait_for "[ \"\$(field event \"\$(parkctl parks)\")\" = $((event + 1)) ]"
event=$((event + 1))
kill -USR2 "$process"
wait_for "grep -q patched '$said'"
ok "retry, the instruction mended" parkctl verdict "$event" "$ip" retry
ends "it goes on" "$process" 0
ok "past the instruction" grep -qx past "$said"
ok "with the park ended" ended "$event" retry
is "retries are counted" "$(stat_of "$id" retries)" 2

# deliver
start_task a vex catch
wait_parked "$last_pid"
ok "deliver" parkctl verdict "$event" "$ip" deliver
ends "it goes on behind its handler" "$last_pid" 0
ok "which saw the signal as ever" grep -qx "sigill code=2 offset=0" "$said"
ok "ends the park" ended "$event" deliver

start_task a vex
wait_parked "$last_pid"
parkctl verdict "$event" "$ip" deliver
ends "without a handler it dies of SIGILL" "$last_pid" 132

# skip
start_task a vex times=3
for n in 1 2; do
	wait_parked "$last_pid"
	ok "skip $n of 2" parkctl verdict "$event" "$ip" skip 4
	ok "ends the park" ended "$event" skip
	wait_for "[ \$(grep -cx past '$said') = $n ]"
done
wait_parked "$last_pid"
like "a third is refused: the instance's bound is reached" \
	"$(parkctl verdict "$event" "$ip" skip 4)" "^error=122 .*SKIP_MAX"
parkctl set "$id" skip_max=1
ok "a new bound counts anew" parkctl verdict "$event" "$ip" skip 4
ends "it goes on to its end" "$last_pid" 0
is "skips are counted" "$(stat_of "$id" skips)" 3

# what is refused
start_task a evex
wait_parked "$last_pid"
is "another class" "$(field class)" evex
like "an event that isn't" "$(parkctl verdict $((event + 9)) "$ip" retry)" "^error=3 .*EVENT: no task"
like "another address" "$(parkctl verdict "$event" $((ip + 1)) retry)" "^error=116 .*IP: .*another address"
like "a verdict that isn't" "$(parkctl verdict "$event" "$ip" 9)" "^error=34 .*VERDICT: integer out of range"
like "a skip without a length" "$(parkctl verdict "$event" "$ip" skip)" "^error=22 .*OSTLER_A_LENGTH is missing"
like "a length that isn't" "$(parkctl verdict "$event" "$ip" skip 16)" "^error=34 .*LENGTH: integer out of range"
like "a length with another verdict" "$(parkctl verdict "$event" "$ip" retry 4)" "^error=22 .*LENGTH: .*SKIP alone"
is "none of which did anything" "$(field state "$(parkctl park "$event")")" waiting
echo 1 >"$(instance_path a)/cgroup.freeze"
wait_for "grep -qx 'frozen 1' '$(instance_path a)/cgroup.events'"
ok "a frozen task gets its verdict" parkctl verdict "$event" "$ip" deliver
is "it waits for it to run again" "$(field state "$(parkctl park "$event")")" decided
like "a second one is refused until then" "$(parkctl verdict "$event" "$ip" retry)" "^error=114 .*earlier verdict"
echo 0 >"$(instance_path a)/cgroup.freeze"
ends "thawed, it has its effect" "$last_pid" 132
like "afterwards there is no park" "$(parkctl verdict "$event" "$ip" retry)" "^error=3 "

# an instruction at the end of readable memory
start_task a edge
wait_parked "$last_pid"
is "the bytes up to the page's end are told" "$(field insn)" c5f8a6c0c3
like "no skip over more than was read" "$(parkctl verdict "$event" "$ip" skip 6)" "^error=22 .*LENGTH: longer than"
parkctl set "$id" skip_max=5
ok "skip over what was" parkctl verdict "$event" "$ip" skip 4
ends "it goes on" "$last_pid" 0
is "every park has ended" "$(count_parks)" 0
done_testing
