#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 400
# Traps seen by their signal: each #UD counts once and is told with its bytes; other SIGILLs don't count.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
need_probes

start_probes || { not_ok "the probes load" "$probes_said"; done_testing; exit; }
ok "the signal probe works" have signal
watched a 1

run_in_instance a "$load" ud2 1000
is "1000 undefined instructions are 1000 traps" "$(counter "$id" traps)" 1000
is "none was parked" "$(counter "$id" parks)" 0
ask drain >"$tmp/events"
is "each is told" "$(grep -c "^trap instance=$id " "$tmp/events")" 1000
is "as a #UD by its signal, with its bytes" \
	"$(grep -c "source=1 action=0 code=2 insn=0f0b[0-9a-f]\{26\} comm=load" "$tmp/events")" 1000

run_in_instance a "$load" edge 10
ask drain >"$tmp/events"
is "at the end of readable memory the bytes that are there are told" \
	"$(grep -c "insn=0f0b comm=load" "$tmp/events")" 10

before=$(counter "$id" traps)
start_in_instance a sleep 60
# the shell that becomes it would take the signal in its own way
wait_for "grep -qx sleep /proc/$last_pid/comm"
kill -ILL "$last_pid"
wait "$last_pid" 2>/dev/null
is "a SIGILL that somebody sent is no trap" "$(counter "$id" traps)" "$before"

ask watch "$id" 0
run_in_instance a "$load" ud2 5
is "unasked, traps count" "$(counter "$id" traps)" $((before + 5))
is "and are not told" "$(ask drain)" "drained 0"

"$load" ud2 7
is "traps outside of instances don't count" "$(counter "$id" traps)" $((before + 5))

mkdir -p "$(instance_path a)/inner/most"
(echo $BASHPID >"$(instance_path a)/inner/most/cgroup.procs" && exec "$load" ud2 3)
is "traps of nested cgroups count for the instance" "$(counter "$id" traps)" $((before + 8))
inner=$(instance_id a/inner)
ask watch "$inner" 0
(echo $BASHPID >"$(instance_path a)/inner/most/cgroup.procs" && exec "$load" ud2 2)
is "and for the innermost of two" "$(counter "$id" traps) $(counter "$inner" traps)" \
	"$((before + 8)) 2"
done_testing
