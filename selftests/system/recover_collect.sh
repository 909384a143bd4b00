#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 400
# Under a CPU quota and in a frozen instance: lifted and thawed for the collection, put back after; when the daemon
# is killed in between, put back at its next start.
# shellcheck disable=SC2016,SC2119 # wait_for evaluates its condition; stop_ostlerd's signal is optional
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
need_system
need_function c-csvsort

start_daemon collect.enabled=no collect.settle_ms=6000 || { not_ok "the daemon starts"; done_testing; exit; }
start_function f c-csvsort
dir=$(instance_path f)
ok "it serves" wait_ready f
request f 2
echo "5000 100000" >"$dir/cpu.max"
echo 1 >"$dir/cgroup.freeze"
wait_for is_frozen

collect f >"$tmp/status" &
waiter=$!
ok "the quota is lifted for the collection" wait_for 'grep -q ^max "$dir/cpu.max"'
ok "and the instance thawed" wait_for '! is_frozen'
wait "$waiter"
is "it is collected" "$(cat "$tmp/status")" "done"
is "the quota is put back" "$(cat "$dir/cpu.max")" "5000 100000"
ok "and it is frozen again" wait_for is_frozen
is "no mark is left" "$(marks)" ""

api POST "/v1/instances/$(instance_id f)/collect" '{}' >/dev/null
ok "in the middle of the next one" wait_for 'grep -q ^max "$dir/cpu.max" && ! is_frozen'
kill_daemon
ok "the daemon is killed: the quota is still lifted" grep -q ^max "$dir/cpu.max"
like "what it was is remembered in the cgroup" "$(marks)" '5000 100000'
start_daemon collect.enabled=no || { not_ok "the daemon starts again"; done_testing; exit; }
ok "at its next start the quota is put back" wait_for '[ "$(cat "$dir/cpu.max")" = "5000 100000" ]'
ok "and the instance frozen" wait_for is_frozen
ok "and it says so" wait_for "said 'CPU quota is put back'"
ok "no mark is left" wait_for '[ -z "$(marks)" ]'
echo 0 >"$dir/cgroup.freeze"
echo max >"$dir/cpu.max"
ok "thawed, it answers" request f
done_testing
