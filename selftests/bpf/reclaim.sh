#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 400
# A task over memory.high: passes, pages and stalls are what the kernel's own trace of that task shows; a pass that somebody
# else runs for the instance's memory counts as aimed at it, not as its own.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
need_probes
need_swap

start_probes --stall-ns 1 || { not_ok "the probes load" "$probes_said"; done_testing; exit; }
ok "the reclaim probes work" have reclaim
watched a 2
dir=$(instance_path a)
echo 16M >"$dir/memory.high"

trace=/sys/kernel/tracing/instances/ostler-test
mkdir "$trace"
at_exit "rmdir $trace"
echo 8192 >"$trace/buffer_size_kb"
echo 1 >"$trace/events/vmscan/mm_vmscan_memcg_reclaim_end/enable"
(
	echo $BASHPID >"$dir/cgroup.procs"
	echo $BASHPID >"$trace/set_event_pid"
	exec "$load" cycle 24 3
) >"$tmp/cycle"
like "the task ran" "$(cat "$tmp/cycle")" '^pages [1-9]'
echo 0 >"$trace/tracing_on"
read -r passes pages < <(awk '/memcg_reclaim_end:/ { passes++; sub(/.*nr_reclaimed=/, ""); pages += $1 }
	END { print passes + 0, pages + 0 }' "$trace/trace")
diag "traced: $passes passes, $pages pages"
ok "it had to reclaim" [ "$passes" -gt 10 ]
is "passes are what the trace has" "$(counter "$id" reclaim_passes)" "$passes"
is "pages are, too" "$(counter "$id" reclaim_pages)" "$pages"
stall=$(counter "$id" stall_ns)
ok "it stalled, and no longer than it ran ($stall ns)" [ "$stall" -gt "$passes" -a "$stall" -lt 30000000000 ]
ask drain >"$tmp/events"
is "each stall was told" "$(grep -c "^stall instance=$id" "$tmp/events")" "$passes"
is "and their sum is the counter's" \
	"$(awk '{ sub(/.* ns=/, ""); sum += $1 } END { printf "%.0f", sum }' "$tmp/events")" "$stall"

if have target; then
	target=$(counter "$id" target_passes)
	is "its own passes aim at it" "$target $(counter "$id" target_pages)" "$passes $pages"
	start_in_instance a "$load" hold 8 >/dev/null
	holder=$last_pid
	wait_for "[ \"\$(cat $dir/memory.current)\" -gt 8000000 ]"
	passes=$(counter "$id" reclaim_passes) target=$(counter "$id" target_passes)
	echo 2M >"$dir/memory.reclaim"
	ok "memory.reclaim aims at it" [ "$(counter "$id" target_passes)" -gt "$target" ]
	is "and is no pass of its own" "$(counter "$id" reclaim_passes)" "$passes"
	kill "$holder"
else
	skip "its own passes aim at it" "no trampolines"
fi
ask unwatch "$id"
is "unwatched, nothing is left" "$(ask counters "$id")" "error 2 No such file or directory"
is "and nothing was lost" "$(ask drops)" "ring_full=0 untimed=0 missed=0 skipped=0"
done_testing
