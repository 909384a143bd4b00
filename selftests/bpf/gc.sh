#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 400
# Memory that a runtime gives back with madvise; other advice, and what others do to its memory, don't count.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
need_probes

start_probes || { not_ok "the probes load" "$probes_said"; done_testing; exit; }
have release || skip_all "no BPF trampolines in this kernel"
watched a 4
MADV_WILLNEED=3 MADV_DONTNEED=4 MADV_FREE=8 MADV_PAGEOUT=21

run_in_instance a true
calls=$(counter "$id" released_calls) bytes=$(counter "$id" released_bytes)
run_in_instance a "$load" madvise 10 65536 $MADV_DONTNEED
is "DONTNEED" "$(counter "$id" released_calls) $(counter "$id" released_bytes)" \
	"$((calls + 10)) $((bytes + 655360))"
run_in_instance a "$load" madvise 10 65536 $MADV_FREE
run_in_instance a "$load" madvise 10 65536 $MADV_PAGEOUT
is "FREE and PAGEOUT" "$(counter "$id" released_calls) $(counter "$id" released_bytes)" \
	"$((calls + 30)) $((bytes + 3 * 655360))"
run_in_instance a "$load" madvise 10 65536 $MADV_WILLNEED
is "WILLNEED gives nothing back" "$(counter "$id" released_calls)" $((calls + 30))
is "small releases aren't told" "$(ask drain)" "drained 0"
run_in_instance a "$load" madvise 3 4194304 $MADV_DONTNEED
ask drain >"$tmp/events"
is "large ones are" "$(grep -c "^release instance=$id bytes=4194304 advice=4 tgid=" "$tmp/events")" 3
run_in_instance a "$load" madvise 1 4097 $MADV_FREE
is "what isn't a whole page counts as one" "$(counter "$id" released_bytes)" \
	$((bytes + 3 * 655360 + 3 * 4194304 + 8192))
done_testing
