#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 400
# Without the module traps are counted by their signal, which is said; a module that is loaded later is found, and held until
# the daemon is told to let it go; one that is taken away is missed; a module that has another manager is left to it.
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

fails "while its tracepoints are probed it can't be unloaded" rmmod ostler
ok "told to, the daemon lets it go" ctl module release
like "which is said" "$(degraded module)" 'let go.*ostlerctl module take'
is "it is still the module's manager" "$(get /v1/status .parts.module)" true
run_in_instance a "$load" ud2 100
ok "traps are counted by their signal again" wait_for '[ "$(of a .counters.traps)" = 300 ]'
ok "it can be taken again" ctl module take
is "then nothing is missing of it" "$(degraded module)" ""
fails "and it can't be unloaded" rmmod ostler
ok "let go once more" ctl module release
ok "it can be unloaded while the daemon runs" unload_module
ok "one that is taken away is missed" wait_for '[ "$(get /v1/status .parts.module)" = false ]'
like "and it is said so" "$(degraded module)" 'modprobe|insmod|load'
exits 1 "of one that isn't there nothing can be let go" ctl module release
exits 2 "it can be told two things" ctl module drop
run_in_instance a "$load" ud2 100
ok "traps are counted" wait_for '[ "$(of a .counters.traps)" = 400 ]'
load_module || not_ok "the module loads again"
ok "loaded anew, it is taken by itself" wait_for '[ "$(get /v1/status .parts.module)" = true ]'
is "nothing is missing of it" "$(degraded module)" ""
fails "and held" rmmod ostler
run_in_instance a "$load" ud2 100
ok "no trap counts twice" wait_for '[ "$(of a .counters.traps)" = 500 ]'

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
