#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 400
# With the module: a trap that module and signal both see counts once, parks are told at once, and the module can be
# unloaded when the probes let go of it.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
need_probes
need_module

start_probes || { not_ok "the probes load" "$probes_said"; done_testing; exit; }
watched a 1
run_in_instance a "$load" ud2 10
is "without the module signals tell" "$(ask drain | grep -c source=1)" 10
is "it is not there yet" "$(ask module)" missing
load_module
is "and is found when it was loaded" "$(ask module)" have

is "observe" "$(ask mode "$id" 1)" ""
run_in_instance a "$load" ud2 100
is "what module and signal see counts once" "$(counter "$id" traps)" 110
ask drain >"$tmp/events"
is "and is told once, by the module" "$(grep -c "source=0 action=0 code=2 insn=0f0b" "$tmp/events")" 100
is "only" "$(tail -n 1 "$tmp/events")" "drained 100"
run_in_instance a "$load" vex 50
is "the same for a missing feature" "$(counter "$id" traps) $(counter "$id" parks)" "160 0"
is "off" "$(ask mode "$id" 0)" ""
run_in_instance a "$load" ud2 10
is "what the module leaves alone the signal tells" "$(counter "$id" traps)" 170
is "each" "$(ask drain | grep -c source=1)" 10

is "park" "$(ask mode "$id" 2)" ""
start_in_instance a "$load" vex 3
task=$last_pid
is "a park wakes the reader" "$(ask poll 50000)" ready
like "and is told as one" "$(ask drain)" "trap instance=$id event=[1-9][0-9]* ip=.* pid=$task source=0 action=1 code=0 insn=c5f8a6c0"
is "counted as trap and as park" "$(counter "$id" traps) $(counter "$id" parks)" "171 1"
is "deliver" "$(ask verdict 2 0)" ""
is "the next one parks" "$(ask poll 50000)" ready
wait_for '[ "$(counter "$id" parks)" = 2 ]'
like "the first was told as resumed" "$(ask drain)" "action=2 code=2"
is "its signal was no trap of its own" "$(counter "$id" traps)" 172
is "skip" "$(ask verdict 3 4)" ""
wait_for '[ "$(counter "$id" parks)" = 3 ]'
is "the third is the third" "$(counter "$id" traps)" 173
is "deliver" "$(ask verdict 2 0)" ""
ok "the task ends well" wait "$task"
is "three traps in all" "$(counter "$id" traps) $(counter "$id" parks)" "173 3"

fails "the module is held as long as its traps are taken" rmmod ostler
ask release
like "released, the probes say so" "$(ask status)" "module missing detached"
is "observe, with nobody to be told" "$(ask mode "$id" 1)" ""
run_in_instance a "$load" vex 10
is "signals tell all again" "$(counter "$id" traps)" 183
ok "the module can be unloaded" unload_module
is "it is missed when asked for" "$(ask module)" missing
done_testing
