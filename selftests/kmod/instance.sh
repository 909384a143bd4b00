#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 400
# Instances: set, changed, read, dumped; nested ones; moved tasks; cgroups that go away.
# shellcheck source-path=SCRIPTDIR source=common.sh disable=SC2119
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
need_kmod
start_manager

make_instance a
id=$(instance_id a)
like "not known at first" "$(parkctl get "$id")" "^error=2 .*INSTANCE_ID: this instance is not known"
ok "made known" parkctl set "$id"
like "with its defaults" "$(parkctl get "$id")" "^instance=$id mode=1 park_ms=30000 skip_max=0 parked=0 traps=0 "
ok "changed" parkctl set "$id" mode=$PARK park_ms=1000 skip_max=7
ok "in one thing" parkctl set "$id" park_ms=60000
like "the others stay" "$(parkctl get "$id")" "^instance=$id mode=2 park_ms=60000 skip_max=7 "
like "an id that no cgroup has" "$(parkctl set 999999999)" "^error=2 .*INSTANCE_ID: no cgroup v2 directory with this id"
is "made nothing known" "$(field instances "$(parkctl info)")" 1

# nested: a cgroup of the task's own changes nothing, an inner instance does
mkdir -p "$(instance_path a)/x/y"
(echo "$BASHPID" >"$(instance_path a)/x/y/cgroup.procs" && exec "$programs/task" vex) >"$said" 2>&1 &
last_pid=$!
ok "a task in a cgroup below is in the instance" wait_parked "$last_pid"
is "the instance's" "$(field instance)" "$id"
inner=$(stat -c %i "$(instance_path a)/x")
ok "an inner instance" parkctl set "$inner" mode=$OBSERVE
kill -CONT "$last_pid"
ok "leaves alone what is parked" parked "$last_pid"
kill -KILL "$last_pid"
wait "$last_pid" 2>/dev/null
(echo "$BASHPID" >"$(instance_path a)/x/y/cgroup.procs" && exec "$programs/task" vex) >/dev/null 2>&1
is "but decides for what traps there now" $? 132
is "counted there" "$(stat_of "$inner" traps)" 1
is "and not without" "$(stat_of "$id" traps)" 1
ok "forgotten" parkctl del "$inner"
like "it is not known" "$(parkctl del "$inner")" "^error=2 .*not known"

# released: by mode, by forgetting
start_task a vex threads=2
wait_for "[ \$(count_parks $id) = 2 ]"
is "a dump by instance" "$(count_parks "$inner")" 0
parkctl set "$id" mode=$OBSERVE
ends "out of mode PARK the instruction runs again" "$last_pid" 132
is "the manager was told" "$(grep -c 'end=released$' "$notes")" 2
is "counted" "$(stat_of "$id" released)" 2
parkctl set "$id" mode=$PARK
start_task a vex
wait_parked "$last_pid"
ok "forgotten while a task is parked" parkctl del "$id"
ends "the instruction runs again" "$last_pid" 132
ok "the manager was told" ended "$event" released
is "none is known" "$(field instances "$(parkctl info)")" 0
is "the module's totals stay" "$(field released "$(parkctl info)")" 3

# a task that is moved while it is parked
park_instance a
start_task a vex usr1=print
wait_parked "$last_pid"
one=$event
park_instance b
echo "$last_pid" >"$(instance_path b)/cgroup.procs"
ok "moved, it stays parked" parked "$last_pid"
kill -USR1 "$last_pid"
ok "until it traps in its new instance" \
	wait_for "parked $last_pid && [ \"\$(field instance)\" = $id ]"
ok "where it was is over" ended "$one" exit
one=$(field event)
echo "$last_pid" >/sys/fs/cgroup/cgroup.procs
kill -USR1 "$last_pid"
ends "moved out of all instances it dies of SIGILL" "$last_pid" 132
ok "the park is over" ended "$one" exit

# cgroups that go away
# inner NAME COUNT - that many cgroups below an instance, made known; their ids in $tmp/ids
inner()
{
	local n dirs=()
	for ((n = 0; n < $2; n++)); do
		dirs+=("$(instance_path "$1")/n$n")
	done
	mkdir "${dirs[@]}"
	stat -c %i "${dirs[@]}" | sort >"$tmp/ids"
	parkctl set-many 0 <"$tmp/ids"
}

inner a 50
is "all are in the dump" "$(parkctl list | wc -l)" 52
is "each once" "$(parkctl list | sort -u | wc -l)" 52
rmdir "$(instance_path a)"/n*
is "gone, they are not" "$(parkctl list | wc -l)" 2
is "nor known" "$(field instances "$(parkctl info)")" 2
inner=$(stat -c %i "$(instance_path b)")
remove_instance b
ok "a single one is dropped in time, too" wait_for "! parkctl get $inner" 30

# more than one message of a dump holds
make_instance many
inner many 300
parkctl list | sed -n 's/^instance=\([0-9]*\) mode=0 .*/\1/p' | sort >"$tmp/listed"
ok "300 instances are dumped, each once" cmp "$tmp/ids" "$tmp/listed"
rmdir "$(instance_path many)"/n*
done_testing
