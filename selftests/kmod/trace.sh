#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 400
# The tracepoints tell each trap once, with what became of it, and each park's begin and end.
# shellcheck source-path=SCRIPTDIR source=common.sh disable=SC2119
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
tracing=/sys/kernel/tracing
[ -d $tracing/events ] || skip_all "needs tracefs at $tracing"
need_kmod
start_manager
park_instance a skip_max=10
echo 1 >$tracing/events/ostler/enable
at_exit "echo 0 >$tracing/events/ostler/enable"
: >$tracing/trace

# told PID TEXT - the trace has a line of this task with it
told()
{
	wait_for "grep -q 'task-$1 .*$2' $tracing/trace" || { sed 's/^/# /' $tracing/trace; return 1; }
}

start_task a vex usr1=print
wait_parked "$last_pid"
ok "a trap that is parked" told "$last_pid" \
	"ostler_trap: event=$event instance=$id ip=$ip insn=c5f8a6c0c3[0-9a-f]* class=4 action=parked"
ok "the park" told "$last_pid" "ostler_park: event=$event instance=$id ip=$ip pid=$last_pid"
kill -USR1 "$last_pid"
wait_for "grep -q usr1 '$said' && parked $last_pid"
is "trapping again is not told" "$(grep -c "ostler_trap: event=$event " $tracing/trace)" 1
parkctl verdict "$event" "$ip" skip 4
ends "skipped" "$last_pid" 0
ok "a verdict that is consumed" told "$last_pid" "ostler_trap: event=$event .* action=resumed"
ok "the park's end" wait_for "grep -q 'ostler_park_end: event=$event instance=$id pid=$last_pid end=skip after=' $tracing/trace"

start_task a ud2
ends "delivered" "$last_pid" 132
ok "a trap that is not parked" told "$last_pid" "ostler_trap: .*insn=0f0bc3[0-9a-f]* class=10 action=signalled"
parkctl set "$id" mode=$OBSERVE
start_task a evex
ends "delivered" "$last_pid" 132
ok "observed" told "$last_pid" "ostler_trap: .*insn=62f17c48a6c0c3[0-9a-f]* class=5 action=signalled"
parkctl set "$id" mode=0
told_before=$(grep -c ostler_ $tracing/trace)
start_task a evex
ends "delivered" "$last_pid" 132
is "in mode OFF nothing is told" "$(grep -c ostler_ $tracing/trace)" "$told_before"
done_testing
