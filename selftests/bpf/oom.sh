#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 400
# The OOM killer's victims are counted as memory.events counts them, told at once, and wake the reader.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
need_probes

start_probes || { not_ok "the probes load" "$probes_said"; done_testing; exit; }
have oom || skip_all "this kernel's tracepoint doesn't name the victim"
watched a 0
dir=$(instance_path a)
echo 8M >"$dir/memory.max"
echo 0 >"$dir/memory.swap.max"

for _ in 1 2 3; do
	start_in_instance a "$load" hold 64
	victim=$last_pid
	wait "$victim" 2>/dev/null
	is "the task was killed" $? 137
	is "the reader was woken" "$(ask poll 50000)" ready
	is "by what happened to it" "$(ask drain)" "oom instance=$id tgid=$victim comm=load
drained 1"
done
is "three victims" "$(counter "$id" oom_kills)" 3
is "as the kernel counts" "$(sed -n 's/^oom_kill //p' "$dir/memory.events")" 3
done_testing
