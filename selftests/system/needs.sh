#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 1200
# What the programs of instances need is found while they run, each once, and corrected by what happens to them; it outlives a
# crash, and another program in the same place is another analysis.
# shellcheck disable=SC2016,SC2119 # wait_for evaluates its condition; stop_ostlerd's signal is optional
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
need_system
need_function c-avx2hash c-avx2guarded
functions=$O/selftests/functions

# needs FUNCTION QUERY - of what the daemon tells of the function's programs
needs()
{
	get "/v1/functions/$1/needs" "$2"
}

# analysed FUNCTION NAME - is what it runs now the file NAME, and known? At first that is what launches it.
analysed()
{
	[ "$(needs "$1" '.programs[0] | select(.instances > 0) | .report.objects[0].path // "" | split("/") | last')" = "$2" ]
}

# names of the files of the programs that are known
# shellcheck disable=SC2034 # asked for by conditions
paths='[.programs[].report | select(. != null) | .objects[0].path | split("/") | last | select(. == "ends")] | join(" ")'
avx2='.programs[0].report.features[] | select(.name == "avx2")'

start_daemon || { not_ok "the daemon starts"; done_testing; exit; }
start_function hash c-avx2hash
hash=$last_pid
start_function guarded c-avx2guarded
ok "they serve" wait_ready hash guarded
ok "a program is analysed" wait_for 'analysed c-avx2hash avx2hash' 400
ok "and another one" wait_for 'analysed c-avx2guarded avx2guarded' 400
is "what one needs is required" "$(needs c-avx2hash "$avx2.verdict")" required
is "as its code says" "$(needs c-avx2hash "$avx2.static")" required
is "behind a test it is not" "$(needs c-avx2guarded "$avx2.verdict")" dispatched
is "the file is the one that the process sees" "$(needs c-avx2hash '.programs[0].report.objects[0].path')" "$(readlink -f "/proc/$hash/exe")"
is "found by its id" "$(needs c-avx2hash '.programs[0] | .program == .report.objects[0].build_id')" true
has=$(api GET /v1/features | jq '[.features[] | select(.name == "avx2")][0].usable')
is "this host is held against it" "$(needs c-avx2hash '.programs[0].report.host.runs')" "$has"
is "the instance says so, too" "$(of hash '.needs | "\(.level) \(.runs_here)"')" "x86-64-v3 $has"
like "a table for people" "$(ctl needs c-avx2hash)" "needs +x86-64-v3.*avx2 +required.* avx2hash "
like "and a line" "$(ctl show "$(instance_id hash)")" "needs +x86-64-v3: .*avx2"
is "another function has none" "$(api GET /v1/functions/nobody/needs | jq -r .error.code)" not_found
# ends as soon as it is looked at; no other has all its bytes
cp "$functions/csvsort" "$tmp/ends"
echo >>"$tmp/ends"
make_instance ends ending
start_in_instance ends "$tmp/ends" 21997 >/dev/null 2>&1
ending=$last_pid
ok "a process of the daemon's looks" wait_for 'pgrep -P "$ostlerd_pid" -f "$tmp/ends" >/dev/null || [ "$(needs ending "$paths")" != "" ]' 400
kill "$ending"
ok "what ended meanwhile is known" wait_for '[ "$(needs ending "$paths")" = ends ]' 400
remove_instance ends
ok "nothing of it is left behind" wait_for '! pgrep -P "$ostlerd_pid" ost-analyse >/dev/null' 100

# as if it had trapped there, on a host without AVX2: a trap of our own making, by the store that the daemon reads
program=$(needs c-avx2guarded '.programs[0].program')
build_id=$(needs c-avx2guarded "$avx2.evidence.build_id")
address=$(needs c-avx2guarded "$avx2.evidence.address")
# virtual address, then offset of the code's segment
segment=$(readelf -lW "$(needs c-avx2guarded "$avx2.evidence.object")" | awk '$1 == "LOAD" && / R E / { print $3, $2 }')
offset=$((address - ${segment% *} + ${segment#* }))
# what is written of its analysis
stored()
{
	/usr/bin/python3 -c "import sqlite3, sys
for row in sqlite3.connect(sys.argv[1]).execute('select digest from analyses join functions_run on digest = analysis where function = \"c-avx2guarded\" and functions_run.program = ?', (sys.argv[2],)): print(row[0])" "$tmp/ostler.db" "$program"
}
ok "it is written" wait_for '[ -n "$(stored)" ]'
digest=$(stored)
like "by its digest" "$digest" '^[0-9a-f]{64}$'
kill_daemon
/usr/bin/python3 -c "import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1])
now = int(time.time() * 1000)
db.execute('insert into traps_by_code values (\"test\", ?, ?, \"avx2\", \"c-avx2guarded\", \"avx2guarded\", 3, ?, ?)', (sys.argv[2], int(sys.argv[3]), now, now))
db.commit()" "$tmp/ostler.db" "$build_id" "$offset"
start_daemon
ok "after a crash it is known still" wait_for 'analysed c-avx2guarded avx2guarded'
is "a trap corrects what the code says" "$(needs c-avx2guarded "$avx2 | \"\(.verdict) \(.static) \(.run)\"")" "required dispatched true"
like "people see both" "$(ctl needs c-avx2guarded)" "avx2 +required +dispatched"
is "not for another function" "$(needs c-avx2hash "$avx2.run")" false
ok "it is looked at again" wait_for '[ "$(needs c-avx2guarded ".programs[0].looked_unix_ms != null")" = true ]' 200
is "and is the same" "$(stored) $(needs c-avx2guarded "$avx2 | \"\(.verdict) \(.static)\"")" "$digest required dispatched"

# other programs in one place, and nothing at all of one that is no program for it
cp "$functions/csvsort" "$tmp/program"
make_instance changes changing
start_in_instance changes "$tmp/program" 21999 >/dev/null 2>&1
first=$last_pid
ok "a program of its own" wait_for 'analysed changing program' 400
is "needs nothing" "$(needs changing '.programs[0].report.level')" x86-64-v1
kill "$first"
wait_for "! alive $first"
remove_instance changes
rm "$tmp/program"
cp "$functions/avx2hash" "$tmp/program"
make_instance changed changing
start_in_instance changed "$tmp/program" 21998 >/dev/null 2>&1
ok "a changed file is a new analysis" wait_for '[ "$(needs changing ".programs[0].report.level")" = x86-64-v3 ]' 200
is "both are known" "$(needs changing '[.programs[].report.level] | unique | join(" ")')" "x86-64-v1 x86-64-v3"
stop_ostlerd
start_daemon analyse.enabled=no
make_instance off switched-off
start_in_instance off sleep 1000
ok "switched off, none is begun" wait_for '[ "$(needs switched-off ".programs[0].state")" = off ]' 100
is "what was known is served" "$(needs c-avx2hash "$avx2.verdict")" required
done_testing
