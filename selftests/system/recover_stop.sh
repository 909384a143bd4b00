#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 400
# A clean stop in the middle of a collection: it is brought to its end first, and what was lifted and thawed for it is
# put back; while a runtime is still awaited, and while memory settles. So it is when it is told twice.
# shellcheck disable=SC2016,SC2119 # wait_for evaluates its condition; stop_ostlerd's signal is optional
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
need_system
need_function c-csvsort

# waited COUNT - so often has a daemon said that it waits
waited()
{
	[ "$(grep -c 'waiting for the end of 1 collection$' "$ostlerd_log")" = "$1" ]
}

# limited and frozen, then in the middle of a collection
under_way()
{
	echo "5000 100000" >"$dir/cpu.max"
	echo 1 >"$dir/cgroup.freeze"
	wait_for is_frozen
	wait_for '[ "$(of f .populated)" = true ]'
	api POST "/v1/instances/$(instance_id f)/collect" '{"wait":true}' >"$tmp/answer" &
	asked=$!
	wait_for 'grep -q ^max "$dir/cpu.max" && ! is_frozen'
}

# as_it_was DESC
as_it_was()
{
	is "$1: the quota is put back" "$(cat "$dir/cpu.max")" "5000 100000"
	ok "$1: it is frozen again" is_frozen
	is "$1: no mark is left" "$(marks)" ""
}

start_daemon collect.enabled=no collect.settle_ms=60000 || { not_ok "the daemon starts"; done_testing; exit; }
start_function f c-csvsort
function=$last_pid
dir=$(instance_path f)
ok "it serves" wait_ready f
request f 2

ok "in the middle of a collection" under_way
# its door takes less than an answer of the API; then it settles for a minute
wait_for '[ "$(of f .collecting)" = true ]'
ok "told to stop, the daemon ends in order" stop_ostlerd
as_it_was "stopped while memory settles"
wait "$asked"
is "who waited for the collection hears of its end" "$(jq -r .last_collection.status "$tmp/answer")" "done"
ok "which is logged" said 'f: .* MB back of'

kill -STOP "$function"
start_daemon collect.enabled=no collect.settle_ms=60000 collect.timeout_ms=8000 ||
	{ not_ok "the daemon starts again"; done_testing; exit; }
ok "in the middle of one that gets no answer" under_way
kill -TERM "$ostlerd_pid"
wait_for 'waited 2'
like "another is not begun any more" "$(collect f)" 'stopping'
ok "the daemon ends in order" stop_ostlerd CONT
as_it_was "stopped while a runtime is awaited"
wait "$asked"

start_daemon collect.enabled=no collect.settle_ms=60000 collect.timeout_ms=8000 ||
	{ not_ok "the daemon starts a third time"; done_testing; exit; }
ok "in the middle of another" under_way
kill -TERM "$ostlerd_pid"
wait_for 'waited 3'
ok "told twice, it ends in order" stop_ostlerd
as_it_was "told twice"
wait "$asked"
kill -CONT "$function"
echo 0 >"$dir/cgroup.freeze"
echo max >"$dir/cpu.max"
ok "thawed, it answers" request f
done_testing
