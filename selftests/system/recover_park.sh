#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 400
# The daemon is killed while a task is parked: the task stays where it is; a new daemon finds it and can decide; without
# one it gets its SIGILL when the grace time is over.
# shellcheck disable=SC2016,SC2119 # wait_for evaluates its condition; stop_ostlerd's signal is optional
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
need_system
need_module
need_trapping_function

park_one()
{
	start_function "$1" "$trapping" park
	pid=$last_pid
	wait_ready "$1"
	request "$1" >/dev/null 2>&1 &
	wait_for "[ \"\$(of $1 .parked)\" = 1 ]"
}

dies_of_sigill()
{
	local status=0
	wait_for "! alive $1"
	wait "$1" 2>/dev/null || status=$?
	is "$2" "$status" 132
}

load_module || { not_ok "the module loads"; done_testing; exit; }
options=(traps.mode=observe traps.park_ms=120000 traps.grace_ms=60000)
start_daemon "${options[@]}" || { not_ok "the daemon starts"; done_testing; exit; }
ok "a task is parked" park_one first
event=$(get /v1/parks '.parks[].event')
kill_daemon
ok "the daemon is killed: the task is held" alive "$pid"
start_daemon "${options[@]}" || { not_ok "the daemon starts again"; done_testing; exit; }
ok "a new daemon finds the park" wait_for '[ "$(get /v1/parks ".parks[].event")" = "$event" ]'
like "and decodes it" "$(get /v1/parks '.parks[] | "\(.class) \(.feature)"')" "^missing $lacks\$"
is "it belongs to its instance" "$(of first .parked)" 1
api POST "/v1/parks/$event/verdict" '{"verdict":"deliver"}' >/dev/null
dies_of_sigill "$pid" "its verdict is carried out"

stop_ostlerd
start_daemon traps.mode=observe traps.park_ms=120000 traps.grace_ms=1000 ||
	{ not_ok "the daemon starts once more"; done_testing; exit; }
ok "another task is parked" park_one second
kill_daemon
dies_of_sigill "$pid" "without a daemon it gets its SIGILL after the grace time"
done_testing
