#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 400
# Pinned maps: readable by name with bpftool; counters go on after the process ended or died; one process at a time; another
# definition begins anew and says so.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
need_probes
PATH=$PATH:/usr/sbin
need_cmd bpftool

pins=/sys/fs/bpf/ostler
start_probes || { not_ok "the probes load" "$probes_said"; done_testing; exit; }
ok "the maps are pinned" have pins
watched a 1
run_in_instance a "$load" ud2 12

bpftool map dump pinned $pins/counters >"$tmp/dump" 2>&1
ok "bpftool prints counters by name" grep -q '"traps": 12' "$tmp/dump"
is "all of them" "$(grep -c '": [0-9]' "$tmp/dump")" 14
bpftool map dump pinned $pins/instances >"$tmp/dump" 2>&1
ok "and flags" grep -q '"flags": 1' "$tmp/dump"
bpftool map dump pinned $pins/drops >"$tmp/dump" 2>&1
ok "and drops" grep -q '"ring_full": 0' "$tmp/dump"

"$probectl" </dev/null >"$tmp/second"
like "a second process is refused" "$(cat "$tmp/second")" "error 16 probes: another process uses $pins"
is "and counting goes on" "$(run_in_instance a "$load" ud2 1; counter "$id" traps)" 13

kill_probes
run_in_instance a "$load" ud2 5
start_probes || not_ok "the probes load after a death" "$probes_said"
is "after a death the counters go on" "$(counter "$id" traps)" 13
run_in_instance a "$load" ud2 2
is "where they were" "$(counter "$id" traps)" 15
is "and so does what was asked for" "$(ask drain | tail -n 1)" "drained 2"
is "watching again changes nothing" "$(ask watch "$id" 0; counter "$id" traps)" 15
is "all rows are found" "$(ask each | sed 's/ .*traps=/ /; s/ parks.*//')" "$id 15"
stop_probes keep
ok "kept, the pins stay" [ -e $pins/counters ]

: >"$tmp/probes.log"
start_probes --instances 64 || not_ok "the probes load with another size" "$probes_said"
is "other maps begin anew" "$(ask counters "$id")" "error 2 No such file or directory"
like "and say why" "$(cat "$tmp/probes.log")" "counters has .*entries 16384.* instead of .* 64.*: replaced, counters begin at 0"
for i in $(seq 64); do
	echo "watch $((i + 1000000)) 0"
done >&"$probes_in"
for i in $(seq 64); do
	read_answer
done >"$tmp/answers"
is "as many instances as were asked for" "$(cat "$tmp/answers")" ""
is "and no more" "$(ask watch 7 0)" "error 7 Argument list too long"
is "64 rows in one reading" "$(ask each | wc -l)" 64
is "unknown flags are refused" "$(ask watch 1000001 8)" "error 22 Invalid argument"
is "and instance 0" "$(ask watch 0 0)" "error 22 Invalid argument"
is "what isn't watched can't be forgotten" "$(ask unwatch 7)" "error 2 No such file or directory"
stop_probes
ok "not kept, nothing stays" [ ! -e $pins ]
done_testing
