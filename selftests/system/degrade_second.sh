#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 400
# A second daemon ends with a clear line and takes nothing from the first; mistakes in the configuration name file, line, key
# and what would be right.
# shellcheck disable=SC2016,SC2119 # wait_for evaluates its condition; stop_ostlerd's signal is optional
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
need_system

# refuses DESC REGEX LINE... - a configuration with these lines is refused, saying so
refuses()
{
	local desc=$1 regex=$2 status=0
	shift 2
	printf '%s\n' "$@" >"$tmp/bad.conf"
	timeout 20 "$O/userspace/ostlerd" --check-config --config "$tmp/bad.conf" >"$tmp/said" 2>&1 || status=$?
	is "$desc: exit status" "$status" 2
	like "$desc: it says so" "$(cat "$tmp/said")" "$regex"
}

start_daemon || { not_ok "the daemon starts"; done_testing; exit; }
make_instance a
wait_for '[ "$(of a .id)" != null ]'
status=0
timeout 60 "$O/userspace/ostlerd" --config "$tmp/ostler.conf" >"$tmp/second" 2>&1 || status=$?
is "a second daemon ends" "$status" 1
like "and says what would be right" "$(cat "$tmp/second")" 'another daemon answers at .*; stop it, or give this one another'
is "the first goes on" "$(of a .path)" "ostler-test/a"
is "with its probes and its collector's socket" "$(get /v1/status '.parts | "\(.probes) \(.agent)"')" "true true"
make_instance b
ok "and sees what comes" wait_for '[ "$(of b .path)" = ostler-test/b ]'
ok "an end is orderly" stop_ostlerd
ok "its socket is gone" [ ! -e "$ostlerd_socket" ]
for signal in INT HUP; do
	start_daemon || not_ok "the daemon starts again"
	ok "so it is by SIG$signal" stop_ostlerd "$signal"
	ok "its socket is gone then, too" [ ! -e "$ostlerd_socket" ]
done

refuses "an unknown key" 'bad.conf:2: there is no key colour in \[host\]' '[host]' 'colour = red'
refuses "an unknown section" 'bad.conf:2: there is no section \[hosts\]' '[hosts]' 'sample_ms = 1000'
refuses "a number out of range" 'bad.conf:2: \[collect\] slots = 0 must be 1 to 64' '[collect]' 'slots = 0'
refuses "no number" 'bad.conf:2: \[host\] sample_ms = soon is no number' '[host]' 'sample_ms = soon'
refuses "an unknown mode" 'must be one of off, observe, park' '[traps]' 'mode = maybe'
refuses "a key given twice" 'bad.conf:3: \[host\] sample_ms is given twice' '[host]' 'sample_ms = 1000' 'sample_ms = 2000'
refuses "a ring that is no power of two" 'must be a power of two' '[probes]' 'ring = 5000'
status=0
timeout 20 "$O/userspace/ostlerd" --config "$tmp/missing.conf" >"$tmp/said" 2>&1 || status=$?
is "a file that isn't there: exit status" "$status" 2
like "it is named" "$(cat "$tmp/said")" "can't read the configuration $tmp/missing.conf"
status=0
timeout 20 "$O/userspace/ostlerd" --config "$tmp/ostler.conf" -o host.cgroup_root=/proc >"$tmp/said" 2>&1 || status=$?
is "no cgroup root: exit status" "$status" 1
like "it says so" "$(cat "$tmp/said")" '/proc is no cgroup v2 file system'
done_testing
