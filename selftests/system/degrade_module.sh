#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 400
# Without the module traps are counted by their signal, which is said; a module that is loaded later is found, one that
# is taken away is missed; a module that has another manager is left to it.
# shellcheck disable=SC2016,SC2119 # wait_for evaluates its condition; stop_ostlerd's signal is optional
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
need_system
need_module
load=$O/selftests/bpf/load
[ -x "$load" ] || skip_all "needs $load: make selftests"

module_loaded && unload_module
start_daemon traps.mode=observe || { not_ok "the daemon starts without the module"; done_testing; exit; }
is "it has none" "$(get /v1/status .parts.module)" false
like "and says what works and what would be right" "$(degraded module)" 'modprobe|insmod|load'
make_instance a
wait_for '[ "$(of a .id)" != null ]'
run_in_instance a "$load" ud2 100
ok "traps are counted" wait_for '[ "$(of a .counters.traps)" = 100 ]'
is "as the program's own abort" "$(get /v1/traps '.traps[] | "\(.source) \(.class) \(.count)"')" "signal abort 100"
like "a mode can't be set" "$(api PUT "/v1/instances/$(instance_id a)/mode" '{"mode":"park"}' | jq -r .error)" 'module is not loaded'

load_module || not_ok "the module loads"
ok "loaded later, it is found" wait_for '[ "$(get /v1/status .parts.module)" = true ]'
is "nothing is said to be missing of it" "$(degraded module)" ""
is "the instance is told to it" "$(of a '"\(.mode) \(.mode_in_force)"')" "observe true"
run_in_instance a "$load" ud2 100
ok "no trap counts twice" wait_for '[ "$(of a .counters.traps)" = 200 ]'

if [ -x "$O/selftests/kmod/parkctl" ]; then
	stop_ostlerd
	"$O/selftests/kmod/parkctl" manager 1000 >"$tmp/manager" 2>&1 &
	manager=$!
	wait_for 'grep -q ^manager "$tmp/manager"'
	start_daemon traps.mode=observe
	like "another manager is left alone, and told of" "$(degraded module)" 'manager'
	kill "$manager"
	ok "when it is gone its place is taken" wait_for '[ "$(get /v1/status .parts.module)" = true ]'
else
	skip "another manager is left alone" "no parkctl"
fi
done_testing
