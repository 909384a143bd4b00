#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 400
# Without probes instances are found, sampled from their files and collected, and what is missing is said; so it is of a
# single one. A ring that is too small for a flood loses records, says how many, and loses no count.
# shellcheck disable=SC2016,SC2119 # wait_for evaluates its condition; stop_ostlerd's signal is optional
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
need_system
need_cmd bpftool
need_function c-csvsort
load=$O/selftests/bpf/load
[ -x "$load" ] || skip_all "needs $load: make selftests"

start_daemon probes.enabled=no || { not_ok "the daemon starts without probes"; done_testing; exit; }
is "it has none" "$(get /v1/status .parts.probes)" false
like "and says what works without" "$(degraded probes)" 'no reclaim.*sampled from their cgroup files'
start_function f c-csvsort
ok "a function serves" wait_ready f
request f 2
ok "its memory is known" wait_for '[ "$(of f .memory.anon_bytes)" -gt 1000000 ]'
ok "its CPU time is, too" wait_for '[ "$(of f .demand.cpu_ns)" -gt 0 ]'
ok "it is collected by schedule" wait_for 'collected f' 60
ok "and answers" request f
remove_instance f
ok "its end is seen" wait_for '[ "$(get /v1/status .instances)" = 0 ]'
stop_ostlerd

mkdir "$tmp/pins"
: >"$ostlerd_log"
start_daemon "probes.pin=$tmp/pins" log.level=info || { not_ok "the daemon starts without pins"; done_testing; exit; }
is "the probes are there" "$(get /v1/status .parts.probes)" true
like "what is missing of them is said, and what works without" "$(degraded pins)" 'not on a bpffs.*begin at 0'
like "ostlerctl lists it" "$(ctl status)" 'pins'
is "of the others none is missing" "$(get /v1/status '[.degraded[].part | select(. != "module")] | join(" ")')" pins
ok "it is logged once" [ "$(grep -c 'not on a bpffs' "$ostlerd_log")" = 1 ]
stop_ostlerd
start_daemon probes.pin= || { not_ok "the daemon starts with no pins wanted"; done_testing; exit; }
is "what nobody wants isn't missed" "$(degraded pins)" ""
stop_ostlerd

start_daemon probes.ring=4096 host.sample_ms=60000 traps.mode=observe || { not_ok "the daemon starts"; done_testing; exit; }
make_instance flood
wait_for '[ "$(of flood .id)" != null ]'
kill -STOP "$ostlerd_pid"
run_in_instance flood "$load" ud2 1000
kill -CONT "$ostlerd_pid"
row=".[] | select((.formatted // .).key == $(instance_id flood)) | (.formatted // .).value.traps"
is "a ring that is full loses no count" "$(bpftool -j map dump pinned /sys/fs/bpf/ostler/counters | jq "$row")" 1000
stop_ostlerd
start_daemon traps.mode=observe || { not_ok "the daemon starts again"; done_testing; exit; }
ok "the counters go on after a restart" wait_for '[ "$(of flood .counters.traps)" = 1000 ]'
ok "and what was lost is told" wait_for '[ "$(get /v1/status .drops)" -gt 900 ]'
done_testing
