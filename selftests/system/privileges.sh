#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 300
# Of root's power the daemon keeps what its manual lists and nothing else, in each of its threads, and can get no more:
# not by the bounding set, not by a program with more.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
need_system

# of capabilities(7); numbers are the kernel's ABI
declare -A number=([CAP_CHOWN]=0 [CAP_DAC_OVERRIDE]=1 [CAP_DAC_READ_SEARCH]=2 [CAP_KILL]=5 [CAP_SETGID]=6 [CAP_SETUID]=7
	[CAP_NET_ADMIN]=12 [CAP_SYS_PTRACE]=19 [CAP_SYS_ADMIN]=21 [CAP_SYS_NICE]=23 [CAP_PERFMON]=38 [CAP_BPF]=39)

# status_of THREAD FIELD
status_of()
{
	awk -v field="$2:" '$1 == field { print $2 }' "/proc/$ostlerd_pid/task/$1/status"
}

page=$top/Documentation/man/ostlerd.8
unit=$top/userspace/ostlerd/service/ostlerd.service
kept=0 listed=0
while read -r name; do
	listed=$((listed + 1))
	kept=$((kept | 1 << ${number[$name]:?the manual lists $name, which this test does not know}))
	ok "the unit file leaves it $name" grep -q "^CapabilityBoundingSet=.*\b$name\b" "$unit"
done < <(sed -n '/^\.Ss Privileges/,/^\.S[hs] [^P]/s/^\.It Dv \(CAP_[A-Z_]*\)$/\1/p' "$page")
is "the manual lists what is kept" "$listed" "${#number[@]}"
printf -v kept %016x "$kept"

start_daemon || { not_ok "the daemon starts"; done_testing; exit; }
for field in CapPrm CapEff CapBnd; do
	is "$field is the manual's list" "$(status_of "$ostlerd_pid" $field)" "$kept"
done
for field in CapInh CapAmb; do
	is "$field is empty" "$(status_of "$ostlerd_pid" $field)" 0000000000000000
done
is "no program gives it more" "$(status_of "$ostlerd_pid" NoNewPrivs)" 1
more=
for thread in /proc/"$ostlerd_pid"/task/*; do
	thread=${thread##*/}
	[ "$(status_of "$thread" CapPrm) $(status_of "$thread" CapBnd) $(status_of "$thread" NoNewPrivs)" = "$kept $kept 1" ] ||
		more+=" $(cat "/proc/$ostlerd_pid/task/$thread/comm")"
done
is "no thread has more" "$more" ""
done_testing
