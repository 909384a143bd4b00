# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What the tests of the probes share: probectl as a coprocess, asked line by line.
#
#	start_probes [OPTION...]	load; sets probes_pid; when refused, status 1 and the reason in probes_said
#	ask COMMAND...			print the answer
#	stop_probes [keep]		unload
#	counter ID NAME			one counter
#	load ...			the program that does what is counted

# shellcheck source-path=SCRIPTDIR source=../common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

probectl=$O/selftests/bpf/probectl
# shellcheck disable=SC2034 # for those who source this
load=$O/selftests/bpf/load
probes_pid=
probes_said=

need_probes()
{
	need_worker_host
	[ -x "$probectl" ] || skip_all "needs $probectl: make selftests"
}

read_answer()
{
	local line
	while IFS= read -r -t 60 -u "$probes_out" line; do
		[ "$line" != . ] || return 0
		printf '%s\n' "$line"
	done
	return 1
}

start_probes()
{
	coproc PROBES { exec "$probectl" "$@" 2>>"$tmp/probes.log"; }
	probes_pid=$PROBES_PID
	exec {probes_out}<&"${PROBES[0]}" {probes_in}>&"${PROBES[1]}"
	at_exit stop_probes
	probes_said=$(read_answer)
	[ "$probes_said" = loaded ]
}

ask()
{
	echo "$@" >&"$probes_in"
	read_answer
}

stop_probes()
{
	[ -n "$probes_pid" ] || return 0
	ask close "$@" 2>/dev/null
	end_probes
}

# kill_probes - as a daemon that dies
kill_probes()
{
	kill -KILL "$probes_pid"
	end_probes
}

end_probes()
{
	exec {probes_in}>&- {probes_out}<&-
	wait "$probes_pid" 2>/dev/null
	probes_pid=
}

counter()
{
	ask counters "$1" | sed -n "s/.*\<$2=\([0-9]*\).*/\1/p"
}

# watched NAME [FLAGS] - an instance that is watched; sets id
watched()
{
	make_instance "$1" || return 1
	id=$(instance_id "$1")
	ask watch "$id" "${2:-7}"
}

# have CAPABILITY
have()
{
	# not through a pipe: who asks must read the answer to its end, or the next one begins with the rest
	[[ $'\n'$(ask status) = *$'\n'"$1 have"* ]]
}

# need_swap - memory of instances can be reclaimed only where it can go somewhere
need_swap()
{
	[ "$(wc -l </proc/swaps)" -lt 2 ] || return 0
	need_cmd mkswap swapon
	modprobe zram 2>/dev/null || skip_all "needs swap, or the module zram to make some"
	if ! { echo 256M >/sys/block/zram0/disksize && mkswap /dev/zram0 >/dev/null && swapon /dev/zram0; }; then
		skip_all "needs swap, and could not make it"
	fi
	at_exit "swapoff /dev/zram0 && echo 1 >/sys/block/zram0/reset"
}
