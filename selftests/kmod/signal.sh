#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 400
# What else happens to a parked task: signals with handlers, a handler that jumps away, fork and exec from one, stop, the
# freezer, ptrace as a checkpoint does it. It is parked again with the same event, or the park ends.
# shellcheck source-path=SCRIPTDIR source=common.sh disable=SC2119
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
need_kmod
start_manager
park_instance a park_ms=3600000

# still EVENT PID - parked again, the same event, and the manager was told nothing of it
still()
{
	wait_for "parked $2 && [ \"\$(field event)\" = $1 ] && [ \"\$(field state)\" = waiting ]" &&
		! grep -q "^end event=$1 " "$notes" && [ "$(grep -c "^park event=$1 " "$notes")" = 1 ]
}

start_task a vex usr1=print
wait_parked "$last_pid"
one=$event
left=$(field left_ms)
for n in 1 2 3; do
	kill -USR1 "$last_pid"
	ok "handler $n runs" wait_for "[ \$(grep -c usr1 '$said') = $n ]"
	ok "and the task is parked again, the same event" still "$one" "$last_pid"
done
park_of "$last_pid"
is "each wake was a trap" "$(field retraps)" 3
ok "the deadline stays" test "$(field left_ms)" -lt "$left"
is "one trap was counted" "$(stat_of "$id" traps) $(stat_of "$id" parks)" "1 1"

kill -STOP "$last_pid"
wait_for "grep -q '^State:.*T' /proc/$last_pid/status"
ok "stopped" parked "$last_pid"
kill -CONT "$last_pid"
ok "and continued, it is parked again" still "$one" "$last_pid"

echo 1 >"$(instance_path a)/cgroup.freeze"
ok "the freezer freezes it" wait_for "grep -qx 'frozen 1' '$(instance_path a)/cgroup.events'"
echo 0 >"$(instance_path a)/cgroup.freeze"
ok "thawed, it is parked again" still "$one" "$last_pid"

# ptrace: a checkpoint seizes, interrupts, looks, and lets go
ok "seized, interrupted, let go" "$programs/task" seize "$last_pid"
is "it stood at the instruction" "$(field ip "$(grep stopped= "$tmp/output")")" "$ip"
like "stopped by the interruption alone" "$(cat "$tmp/output")" "stopped=1 signal=5 event=128 "
ok "it is parked again" still "$one" "$last_pid"
ok "let run under trace" "$programs/task" seize-go "$last_pid"
like "no signal showed" "$(cat "$tmp/output")" "stopped_by_itself=0"
ok "it is parked again" still "$one" "$last_pid"
ok "alive all the time" alive "$last_pid"
is "not counted as unparkable" "$(stat_of "$id" unparkable)" 0

if command -v gdb >/dev/null; then
	# shellcheck disable=SC2016 # gdb's own variable
	gdb -p "$last_pid" -batch -ex 'x/4xb $pc' >"$tmp/gdb" 2>&1
	ok "a debugger sees the instruction" grep -qE '0xc5\s+0xf8\s+0xa6\s+0xc0' "$tmp/gdb"
	ok "and leaves it parked" still "$one" "$last_pid"
else
	skip "a debugger sees the instruction" "no gdb"
fi
if command -v criu >/dev/null; then
	mkdir "$tmp/dump"
	ok "criu dumps it and lets it run on" criu dump -t "$last_pid" -D "$tmp/dump" -R --shell-job -v4
	ok "it is parked again" still "$one" "$last_pid"
else
	skip "criu dumps it and lets it run on" "no criu"
fi
parkctl set "$id" skip_max=100
park_of "$last_pid"
ok "after all that its verdict counts" parkctl verdict "$one" "$ip" skip 4
ends "and it goes on to its end" "$last_pid" 0

# a handler that jumps away
start_task a vex usr1=jump
wait_parked "$last_pid"
one=$event
kill -USR1 "$last_pid"
wait_for "grep -q jumped '$said'"
ok "jumped away, it is parked elsewhere" wait_for "parked $last_pid && [ \"\$(field event)\" != $one ]"
ok "where it was is over" ended "$one" exit
is "the new place has its own bytes" "$(field insn | cut -c1-10)" c5f8a7c0c3
parkctl verdict "$(field event)" "$(field ip)" skip 4
ends "it goes on from there" "$last_pid" 0

# a handler that forks: the child has a park of its own
start_task a vex usr1=fork
wait_parked "$last_pid"
one=$event
kill -USR1 "$last_pid"
wait_for "grep -q 'child pid=' '$said'"
child=$(field pid "$(grep 'child pid=' "$said")")
ok "the parent is parked again" still "$one" "$last_pid"
ok "its child is parked by itself" wait_parked "$child"
ok "with an event of its own" test "$event" != "$one"
parkctl verdict "$event" "$ip" skip 4
ok "whose verdict" wait_for "! alive $child"
ok "is not the parent's" still "$one" "$last_pid"
kill -KILL "$last_pid"
wait "$last_pid" 2>/dev/null

# a handler that executes another program
start_task a vex usr1=exec
wait_parked "$last_pid"
one=$event
kill -USR1 "$last_pid"
ok "executed anew, it is parked with another event" \
	wait_for "parked $last_pid && [ \"\$(field event)\" != $one ]"
ok "the old one is over" ended "$one" exit
kill -KILL "$last_pid"
wait "$last_pid" 2>/dev/null

# a thread executes another program while others are parked
start_task a vex threads=3 usr1=exec
wait_for "[ \$(count_parks $id) = 3 ]"
events=$(parkctl parks | sed 's/.*event=\([0-9]*\) .*/\1/')
kill -USR1 "$last_pid"
ok "the process is one thread, and parked" wait_for "parked $last_pid && [ \$(count_parks $id) = 1 ]"
for one in $events; do
	ok "event $one ended with its thread" ended "$one" exit
done
kill -KILL "$last_pid"
wait "$last_pid" 2>/dev/null
wait_for "[ \$(count_parks) = 0 ]"
is "every park ended in one way" "$(stat_of "$id" parks)" \
	"$(($(stat_of "$id" exits) + $(stat_of "$id" skips) + $(stat_of "$id" delivered) + $(stat_of "$id" timeouts)))"
done_testing
