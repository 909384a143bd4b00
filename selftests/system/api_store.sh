#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 600
# What was learned outlives a restart and a crash; a full disk and a locked file cost nothing but time.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
need_system
need_function c-csvsort

# sql FILE QUERY - through Python's own SQLite
sql()
{
	/usr/bin/python3 -c 'import sqlite3, sys
for row in sqlite3.connect(sys.argv[1]).execute(sys.argv[2]): print(*row)' "$@"
}

learned()
{
	get /v1/functions '.functions[] | select(.name == "c-csvsort") | .learned | "\(.collections) \(.kept_bytes) \(.yield_ratio)"'
}

start_daemon collect.enabled=no || { not_ok "the daemon starts"; done_testing; exit; }
start_function worker c-csvsort
ok "it serves" wait_ready worker
request worker 3
is "it is collected" "$(collect worker)" "done"
before=$(learned)
like "something was learned" "$before" '^1 [1-9]'
ok "it is written" wait_for '[ "$(sql "$tmp/ostler.db" "select count(*) from functions where collections = 1")" = 1 ]'
kill_daemon
start_daemon collect.enabled=no
is "after a crash it is known still" "$(learned)" "$before"
is "and the collection is in the history" \
	"$(sql "$tmp/ostler.db" "select function, user, path from collections")" "c-csvsort test ostler-test/worker"
collect worker >/dev/null
after=$(learned)
ok "an end at once is orderly" stop_ostlerd
start_daemon collect.enabled=no
is "and has written the last change" "$(learned)" "$after"
stop_ostlerd

mkdir "$tmp/small"
mount -t tmpfs -o size=512k small "$tmp/small"
at_exit 'umount "$tmp/small"'
start_daemon collect.enabled=no "store.path=$tmp/small/ostler.db"
wait_for '[ "$(of worker .populated)" = true ]'
dd if=/dev/zero of="$tmp/small/fill" bs=4k 2>/dev/null
collect worker >/dev/null
ok "a full disk is said to be so" wait_for '[[ $(degraded store) == *"full"*"tried again"* ]]'
is "meanwhile collections go on" "$(of worker .last_collection.status)" "done"
rm "$tmp/small/fill"
ok "once there is room it is mended" wait_for '[ -z "$(degraded store)" ]'
ok "and what waited is written" \
	wait_for '[ "$(sql "$tmp/small/ostler.db" "select count(*) from collections")" = 1 ]'

mkfifo "$tmp/until"
/usr/bin/python3 -c 'import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("begin exclusive")
print("held", flush=True)
sys.stdin.read()' "$tmp/small/ostler.db" <"$tmp/until" >"$tmp/lock" &
exec 9>"$tmp/until"
wait_for '[ -s "$tmp/lock" ]'
collect worker >/dev/null
ok "a file that another holds is said to be so" wait_for '[[ $(degraded store) == *"locked"* ]]'
ok "meanwhile it answers at once" ostlerd_answers
exec 9>&-
ok "once it is free it is mended" wait_for '[ -z "$(degraded store)" ]'
ok "an end is orderly" stop_ostlerd
done_testing
