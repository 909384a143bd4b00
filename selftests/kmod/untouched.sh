#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 400
# What the module leaves alone although its instance is in mode PARK: each ends as it would without the module.
# shellcheck source-path=SCRIPTDIR source=common.sh disable=SC2119
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
need_kmod
start_manager
park_instance a park_ms=600000

for instruction in ud2 ud1 ud0; do
	start_task a $instruction
	ends "$instruction is delivered" "$last_pid" 132
	start_task a $instruction catch
	ends "$instruction reaches its handler" "$last_pid" 0
	is "as ever" "$(head -n 1 "$said")" "sigill code=2 offset=0"
done
start_task a trap
ends "__builtin_trap() is delivered" "$last_pid" 132
is "counted as the program's own" "$(stat_of "$id" traps) $(stat_of "$id" aborts)" "7 7"
is "not as unparkable" "$(stat_of "$id" unparkable)" 0

start_task a sysenter
inside=$last_pid
"$programs/task" sysenter >/dev/null 2>&1
ends "sysenter does what it does elsewhere" "$inside" $?

before=$(stat_of "$id" unparkable)
start_task a vex traced
wait "$last_pid"
is "a tracer sees the signal, and the task dies of it" "$(tr '\n' ' ' <"$said")" "traced stop=4 traced end=4 "
is "counted as unparkable" "$(stat_of "$id" unparkable)" $((before + 1))

run_in_instance a "$programs/task32"
is "a 32-bit program dies of SIGILL" $? 132
is "counted as unparkable" "$(stat_of "$id" unparkable)" $((before + 2))

# a probe on the instruction: it then traps in the slot where the kernel steps through it
probed=0
offset=0x$(nm "$tmp/task" | awk '$3 == "task_insn_text" { print $1 }')
if grep -qw avx /proc/cpuinfo; then
	skip "an instruction under a probe is delivered" "it is one of AVX, which this processor has"
elif echo "p:ostler_test/probe $tmp/task:$offset" 2>/dev/null >>/sys/kernel/tracing/uprobe_events; then
	at_exit 'echo 0 >/sys/kernel/tracing/events/ostler_test/enable; echo -:ostler_test/probe >>/sys/kernel/tracing/uprobe_events'
	echo 1 >/sys/kernel/tracing/events/ostler_test/enable
	run_in_instance a "$tmp/task" vex text >"$said" 2>&1
	is "an instruction under a probe is delivered" $? 132
	is "counted as unparkable" "$(stat_of "$id" unparkable)" $((before + 3))
	echo 0 >/sys/kernel/tracing/events/ostler_test/enable
	start_in_instance a "$tmp/task" vex text >"$said" 2>&1
	ok "without the probe it is parked" wait_parked "$last_pid"
	probed=1
	kill -KILL "$last_pid"
	wait "$last_pid" 2>/dev/null
else
	skip "an instruction under a probe is delivered" "this kernel sets no uprobes"
fi

# kernel mode
module=$O/selftests/kmod/$(uname -r)/undefined.ko
if [ -e "$module" ]; then
	traps=$(stat_of "$id" traps)
	run_in_instance a insmod "$module"
	is "an undefined instruction in the kernel reaches its fixup" \
		"$(cat /sys/module/undefined/parameters/fixed_up)" Y
	rmmod undefined
	expect_kernel_fault "WARNING: CPU: [0-9]+ PID: [0-9]+ at .*undefined_init" "WARN_ONCE() of a test module"
	run_in_instance a insmod "$module" warn=1
	end_kernel_fault
	ok "WARN_ONCE() works" bash -c "dmesg | grep -q 'ostler-test: a warning on purpose'"
	rmmod undefined
	is "neither was seen by the module" "$(stat_of "$id" traps)" "$traps"
else
	skip "an undefined instruction in the kernel reaches its fixup" "$module is not built"
fi

# elsewhere, off, observed
"$programs/task" vex >/dev/null 2>&1
is "outside of instances" $? 132
parkctl set "$id" mode=0
traps=$(stat_of "$id" traps)
run_in_instance a "$programs/task" vex >/dev/null 2>&1
is "mode OFF" "$? $(stat_of "$id" traps)" "132 $traps"
parkctl set "$id" mode=$OBSERVE
run_in_instance a "$programs/task" vex >/dev/null 2>&1
is "mode OBSERVE" "$? $(stat_of "$id" traps)" "132 $((traps + 1))"
is "nothing was parked but what was meant to" "$(stat_of "$id" parks)" "$probed"
done_testing
