#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 400
# A task that meets an instruction its host lacks, from trap to verdict: parked, decoded, and delivered, retried, timed
# out, or decided beforehand; in mode observe it is counted; its neighbours notice nothing.
# shellcheck disable=SC2016,SC2119 # wait_for evaluates its condition; stop_ostlerd's signal is optional
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
need_system
need_module
need_trapping_function c-csvsort

# verdict EVENT WORD - prints the error, or nothing
verdict()
{
	api POST "/v1/parks/$1/verdict" "{\"verdict\":\"$2\"}" | jq -r '.error // empty'
}

# trap_in NAME - a request that will meet the instruction, in the background; sets event
trap_in()
{
	request "$1" >/dev/null 2>&1 &

	wait_for "[ \"\$(of $1 .parked)\" = 1 ]" || return 1
	event=$(get /v1/parks ".parks[] | select(.path | endswith(\"/$1\")).event")
}

# ends PID STATUS DESC - a background process ends with this status
ends()
{
	local status=0
	wait_for "! alive $1"
	wait "$1" 2>/dev/null || status=$?
	is "$3" "$status" "$2"
}

load_module || { not_ok "the module loads"; done_testing; exit; }
start_daemon traps.mode=observe traps.park_ms=300000 || { not_ok "the daemon starts"; done_testing; exit; }
is "the module is in use" "$(get /v1/status .parts.module)" true
start_function avx "$trapping" park
avx=$last_pid
start_function other c-csvsort park
start_function watched "$trapping" observe
watched=$last_pid
ok "they serve" wait_ready avx other watched
is "the label chose the mode" "$(of avx '"\(.mode) \(.mode_in_force)"')" "park true"

ok "the task is parked" trap_in avx
park=".parks[] | select(.event == \"$event\" or .event == $event)"

like "its missing feature is named" "$(get /v1/parks "$park | \"\(.class) \(.feature)\"")" "^missing $lacks\$"
like "the instruction is shown" "$(get /v1/parks "$park.assembly")" '^v[a-z]+ [xy]mm'
ok "the task is alive" alive "$avx"
ok "a neighbour serves meanwhile" request other
is "and the instance is not collected" "$(of avx .schedule.reason)" parked
is "a verdict of retry is accepted" "$(verdict "$event" retry)" ""
first=$event
ok "it traps again and is parked again" wait_for "get /v1/parks '.parks[].event' | grep -qvx $first"
event=$(get /v1/parks '.parks[].event')
is "as another event" "$([ "$event" != "$first" ] && echo new)" new
like "a verdict on the old one is refused" "$(verdict "$first" deliver)" 'no task is parked'
like "as is one that doesn't exist" "$(verdict "$event" forgive)" 'retry, deliver or skip'
is "a verdict of deliver is accepted" "$(verdict "$event" deliver)" ""
ends "$avx" 132 "the task gets its SIGILL"
ok "and the park is over" wait_for '[ "$(get /v1/status .parked)" = 0 ]'

request watched >/dev/null 2>&1
ends "$watched" 132 "in mode observe the task gets its SIGILL at once"
ok "and it is counted, with the feature's name" wait_for \
	'[ "$(get /v1/traps "[.traps[] | select(.function == \"$trapping\" and (.feature // \"\" | test(\"^$lacks\"))).count] | add")" -ge 2 ]'
stop_ostlerd
start_daemon traps.mode=park traps.park_ms=2000 || { not_ok "the daemon starts again"; done_testing; exit; }
start_function late "$trapping"
late=$last_pid
wait_ready late
request late >/dev/null 2>&1 &
ok "with a short deadline it is parked" wait_for "said '/late: .* is parked'"
ends "$late" 132 "and dies of SIGILL when nobody decides"
ok "which is a time-out" wait_for "said '/late: .* is no longer parked .*: timeout'"

start_in_instance late /usr/bin/python3 -c 'import ctypes, mmap
code = mmap.mmap(-1, 4096, prot=7)
code.write(b"\x06")
ctypes.CFUNCTYPE(None)(ctypes.addressof(ctypes.c_char.from_buffer(code)))()'
ends "$last_pid" 132 "bytes that are no instruction are delivered by the standing verdict"
ok "as garbage, after they were parked" wait_for "said '/late: python3.* is no longer parked .*: deliver'"
is "and are named so" "$(get /v1/traps '[.traps[] | select(.insn | startswith("06"))][0].class')" garbage

make_instance garbage
wait_for '[ "$(of garbage .mode_in_force)" = true ]'
start_in_instance garbage "$O/selftests/bpf/load" ud2 1
ends "$last_pid" 0 "a program's own abort is never parked"
done_testing
