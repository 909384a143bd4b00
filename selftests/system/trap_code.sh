#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 400
# A trap is found again in the file that its instruction is of, by build-id and offset, once it is held long enough to be
# looked at; what the function's program did without is counted; both outlive a restart.
# shellcheck disable=SC2016,SC2119 # wait_for evaluates its condition; stop_ostlerd's signal is optional
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
need_system
need_module
need_trapping_function

# run QUERY - of what the daemon tells of the function's runs
run()
{
	get /v1/functions/$trapping/run "$1"
}

trap=".traps[] | select(.function == \"$trapping\" and .build_id != null)"
load_module || { not_ok "the module loads"; done_testing; exit; }
start_daemon traps.mode=park traps.park_ms=300000 || { not_ok "the daemon starts"; done_testing; exit; }
start_function avx "$trapping"
avx=$last_pid
ok "it serves" wait_ready avx
ok "its program is known" wait_for '[ -n "$(run ".runs[0].program // empty")" ]'
request avx >/dev/null 2>&1 &
ok "its trap is placed" wait_for '[ -n "$(get /v1/traps "$trap.build_id")" ]'

build_id=$(get /v1/traps "$trap.build_id" | head -n 1)
offset=$(get /v1/traps "$trap.offset" | head -n 1)
insn=$(get /v1/traps "$trap.insn" | head -n 1)
object=$(get /v1/traps "$trap.object" | head -n 1)
exe=$(readlink -f "/proc/$avx/exe")
is "in the program's file" "$object" "$(basename "$exe")"
is "where the file has that instruction" \
	"$(od -An -tx1 -j $((offset)) -N 15 "$exe" | tr -s ' \n' ' ' | sed 's/^ //; s/ $//')" "$insn"
# a build-id is a run of hexadecimal digits that the file itself holds; without one it is a hash
like "of its build" "$build_id" '^([0-9a-f]{16,}|sha256:[0-9a-f]{56})$'
is "which is the program that runs" "$(run '.runs[0].program')" "$build_id"
is "the feature counts as touched" "$(run '[.runs[0].touched[] | select(test("^'"$lacks"'$"))] | length > 0')" true
is "and is one that this host lacks" "$(run '.runs[0] | (.touched - .lacking) | length')" 0
is "the place is the function's" "$(run ".traps[] | select(.offset == \"$offset\").build_id")" "$build_id"

ok "it is written" wait_for \
	'[ "$(/usr/bin/python3 -c "import sqlite3, sys
print(sqlite3.connect(sys.argv[1]).execute(\"select count(*) from traps_by_code\").fetchone()[0])" "$tmp/ostler.db")" -ge 1 ]'
kill_daemon
start_daemon traps.mode=park
is "after a crash the place is known still" "$(run ".traps[] | select(.offset == \"$offset\").build_id" | head -n 1)" "$build_id"
is "and the run" "$(run '[.runs[0].touched[] | select(test("^'"$lacks"'$"))] | length > 0')" true
is "another function has none" "$(api GET /v1/functions/nobody/run | jq -r .error.code)" not_found
done_testing
