#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 400
# The ring: what finds no room is counted as lost and is in the counters all the same; telemetry doesn't wake the reader
# until enough of it waits, and a drain can be taken in portions.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
need_probes

start_probes --ring 4096 || { not_ok "the probes load" "$probes_said"; done_testing; exit; }
watched a 1
run_in_instance a "$load" ud2 1000
is "counters hold every trap of a flood" "$(counter "$id" traps)" 1000
told=$(ask drain | grep -c ^trap)
lost=$(ask drops | sed 's/ring_full=\([0-9]*\) .*/\1/')
diag "$told told, $lost lost"
ok "the ring was too small for them" [ "$lost" -gt 0 -a "$told" -gt 0 ]
is "each was told or counted as lost" $((told + lost)) 1000
run_in_instance a "$load" ud2 20
is "a drained ring has room again" "$(ask drain | tail -n 1)" "drained 20"
stop_probes

start_probes || { not_ok "the probes load" "$probes_said"; done_testing; exit; }
watched a 1
run_in_instance a "$load" ud2 100
is "some telemetry doesn't wake the reader" "$(ask drain 10 | tail -n 1)" "drained 10"
is "a drain stops where it was told to" "$(ask drain 50 | tail -n 1)" "drained 50"
is "and goes on there" "$(ask drain | tail -n 1)" "drained 40"
is "nothing is left" "$(ask poll 0)" asleep

# a reader that sleeps until it is woken
echo "poll 20000" >&"$probes_in"
run_in_instance a "$load" ud2 100
if IFS= read -r -t 1 -u "$probes_out" line; then
	not_ok "100 records let it sleep" "it said '$line'"
else
	ok "100 records let it sleep"
fi
run_in_instance a "$load" ud2 300
is "400 wake it" "$(read_answer)" ready
is "nothing got lost" "$(ask drain | tail -n 1)" "drained 400"
is "nor was skipped" "$(ask drops)" "ring_full=0 untimed=0 missed=0 skipped=0"
done_testing
