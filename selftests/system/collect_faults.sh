#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 600
# A runtime that never answers costs its own instance a time-out and nobody else anything, and several of one instance
# cost no more than one; an instance that vanishes in the middle, one without a process, and one that nobody can ask are each said to be so.
# shellcheck disable=SC2016,SC2119 # wait_for evaluates its condition; stop_ostlerd's signal is optional
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
need_system
need_function python-template c-csvsort

start_daemon collect.slots=2 collect.timeout_ms=25000 collect.page_cache=no collect.enabled=no ||
	{ not_ok "the daemon starts"; done_testing; exit; }
start_function stuck python-template
stuck=$last_pid
start_function well c-csvsort
start_function brief c-csvsort
ok "they serve" wait_ready stuck well brief
request stuck 2
request well 2
kill -STOP "$stuck"

collect stuck >"$tmp/stuck" &
waiter=$!
wait_for '[ "$(of stuck .collecting)" = true ]'
is "beside one that doesn't answer another is collected" "$(collect well)" "done"
is "which is still awaited" "$(of stuck .collecting)" true
wait "$waiter"
# from outside, one that is stopped looks like one that is at work
like "then its time is over" "$(cat "$tmp/stuck")" '^(timeout|busy)$'
is "and is marked" "$(of stuck '.last_collection | "\(.failures) \(.count)"')" "1 0"
like "with the reason" "$(of stuck .last_collection.detail)" .
ok "the log tells" wait_for "said 'stuck: not collected: '"
is "nothing counts as collecting" "$(get /v1/status .collecting)" 0
kill -CONT "$stuck"
ok "awake again, it serves" request stuck
is "and can be collected" "$(collect stuck)" "done"

start_function crowd c-csvsort
for name in second third fourth fifth; do
	port_of[$name]=$((++next_port))
	start_in_instance crowd env OSTLER_AGENT_SO="$O/userspace/agent/libostler-agent.so" \
		OSTLER_AGENT_SOCKET="$tmp/agent.sock" "$top/selftests/functions/launch" c-csvsort "${port_of[$name]}" \
		>"$tmp/$name.log" 2>&1
done
ok "an instance has five processes" wait_ready crowd second third fourth fifth
xargs kill -STOP <"$(instance_path crowd)/cgroup.procs"
started=$SECONDS
like "when none of them answers, it is told" "$(collect crowd)" '^(timeout|busy)$'
took=$((SECONDS - started))
ok "all of them together took the time of one, $took s" [ "$took" -lt 50 ]
xargs kill -CONT <"$(instance_path crowd)/cgroup.procs"
is "awake again, they are collected" "$(collect crowd)" "done"
remove_instance crowd

kill -STOP "$(head -n 1 "$(instance_path brief)/cgroup.procs")"
api POST "/v1/instances/$(instance_id brief)/collect" '{}' >/dev/null
ok "a collection is under way" wait_for '[ "$(of brief .collecting)" = true ]'
id=$(instance_id brief)
remove_instance brief
ok "its instance vanishes, and it ends" wait_for '[ "$(get /v1/status .collecting)" = 0 ]'
is "the instance is no longer there" "$(get "/v1/instances/$id" '.error != null')" true
ok "as the log says" wait_for "said 'brief: not collected: gone'"

make_instance empty
wait_for '[ "$(of empty .id)" != null ]'
is "one without a process has nothing to collect" "$(collect empty)" gone
make_instance mute
start_in_instance mute sleep 1000
wait_for '[ "$(of mute .populated)" = true ]'
is "one that nobody can ask has no door" "$(collect mute)" no_door
like "and it is said what would be one" "$(of mute .last_collection.detail)" 'agent|collector|LD_PRELOAD|preload'
is "the daemon goes on" "$(collect well)" "done"
done_testing
