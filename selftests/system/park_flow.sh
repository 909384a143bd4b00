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
need_function c-avx2hash c-csvsort
! grep -qw avx2 /proc/cpuinfo || skip_all "needs a processor without AVX2: tools/vm run -c qemu64 boots such a host"

# verdict EVENT WORD - prints the error, or nothing
verdict()
{
	api POST "/v1/parks/$1/verdict" "{\"verdict\":\"$2\"}" | jq -r '.error // empty'
}

# trap_in NAME - a request that will meet the instruction, in the background; sets event
trap_in()
{
	request "$1" >/dev/null 2>&1 &

	wait_for "[ \"\$(of $1 .parked)\" = 1 ]" 30 || return 1
	event=$(get /v1/parks ".parks[] | select(.path | endswith(\"/$1\")).event")
}

# status_of PID - exit status of a background process, when it has ended
status_of()
{
	local status=0
	wait_for "! alive $1" 30
	wait "$1" 2>/dev/null || status=$?
	echo "$status"
}

load_module || { not_ok "the module loads"; done_testing; exit; }
start_daemon traps.mode=observe traps.park_ms=60000 || { not_ok "the daemon starts"; done_testing; exit; }
is "the module is in use" "$(get /v1/status .parts.module)" true
start_function avx c-avx2hash park
avx=$last_pid
start_function other c-csvsort park
start_function watched c-avx2hash observe
watched=$last_pid
ok "they serve" wait_ready avx other watched
is "the label chose the mode" "$(of avx '"\(.mode) \(.mode_in_force)"')" "park true"

ok "the task is parked" trap_in avx
park=".parks[] | select(.event == \"$event\" or .event == $event)"
# its first VEX instruction may be one of AVX still, as the compiler pleases
like "its missing feature is named" "$(get /v1/parks "$park | \"\(.class) \(.feature)\"")" '^missing avx2?$'
like "the instruction is shown" "$(get /v1/parks "$park.assembly")" '^v[a-z]+ [xy]mm'
ok "the task is alive" alive "$avx"
ok "a neighbour serves meanwhile" request other
is "and the instance is not collected" "$(of avx .schedule.reason)" parked
is "a verdict of retry is accepted" "$(verdict "$event" retry)" ""
first=$event
ok "it traps again and is parked again" wait_for "get /v1/parks '.parks[].event' | grep -qvx $first" 30
event=$(get /v1/parks '.parks[].event')
is "as another event" "$([ "$event" != "$first" ] && echo new)" new
like "a verdict on the old one is refused" "$(verdict "$first" deliver)" 'no task is parked'
like "as is one that doesn't exist" "$(verdict "$event" forgive)" 'retry, deliver or skip'
is "a verdict of deliver is accepted" "$(verdict "$event" deliver)" ""
is "the task gets its SIGILL" "$(status_of "$avx")" 132
ok "and the park is over" wait_for '[ "$(get /v1/status .parked)" = 0 ]'

request watched >/dev/null 2>&1
is "in mode observe the task gets its SIGILL at once" "$(status_of "$watched")" 132
ok "and it is counted, with the feature's name" wait_for \
	'[ "$(get /v1/traps "[.traps[] | select(.function == \"c-avx2hash\" and (.feature // \"\" | startswith(\"avx\"))).count] | add")" -ge 2 ]'
stop_ostlerd
start_daemon traps.mode=park traps.park_ms=2000 || { not_ok "the daemon starts again"; done_testing; exit; }
start_function late c-avx2hash
late=$last_pid
wait_ready late
ok "with a short deadline it is parked" trap_in late
is "and dies of SIGILL when nobody decides" "$(status_of "$late")" 132
ok "which is a time-out" said "no longer parked (event $event): time"

make_instance garbage
wait_for '[ "$(of garbage .mode_in_force)" = true ]'
start_in_instance garbage "$O/selftests/bpf/load" ud2 1
is "a program's own abort is never parked" "$(status_of "$last_pid")" 0
done_testing
