#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 400
# The module goes with tasks parked: they get their SIGILL, and nothing of the module is left in them.
# shellcheck source-path=SCRIPTDIR source=common.sh disable=SC2119
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

for round in 1 2 3; do
	need_kmod
	start_manager
	park_instance a
	start_task a vex threads=8 catch
	many=$last_pid
	wait_for "[ \$(count_parks) = 8 ]"
	start_in_instance a "$programs/task" vex
	one=$last_pid
	wait_for "[ \$(count_parks) = 9 ]"
	if [ "$round" = 2 ]; then
		echo 1 >"$(instance_path a)/cgroup.freeze"
		wait_for "grep -qx 'frozen 1' '$(instance_path a)/cgroup.events'"
	fi
	ok "round $round: unloads" rmmod ostler
	if [ "$round" = 2 ]; then
		echo 0 >"$(instance_path a)/cgroup.freeze"
	fi
	ends "threads go on behind their handler" "$many" 0
	ends "a task without one dies of SIGILL" "$one" 132
	is "the manager was told of each" "$(grep -c 'end=released$' "$notes")" 9
	kill "$manager_pid"
	wait "$manager_pid" 2>/dev/null
	remove_instance a
done
like "without the module the client says so" "$(parkctl info)" "^error=2 .*ostler is not loaded.*all else works"

ok "a table size that can't be is refused" bash -c "! insmod '$module_file' park_max=0"
ok "and said why" bash -c "dmesg | grep -q 'ostler: park_max=0 is out of range: 1 to 65536'"
done_testing
