# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What the tests of the doors share; sources ../common.sh.
#
#	doorctl, impostor, agent	built files
#	start NAME CMD...	in the background with its standard input held open and its output in $tmp/NAME;
#				sets pid; waits for a line that begins with "ready"
#	stop NAME		end its standard input, then it
#	collect OPTION... PID	doorctl collect; sets answer and status
#	show PID		doorctl show; sets answer and status
#	field NAME		that line of the answer

# shellcheck disable=SC2034 # variables for the tests

# shellcheck source-path=SCRIPTDIR source=../common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

doorctl=$O/selftests/doors/doorctl
impostor=$O/selftests/doors/impostor
agent=$O/userspace/agent/libostler-agent.so
answer='' status=0 pid=''
declare -A pids=() inputs=()

[ -x "$doorctl" ] || skip_all "needs $doorctl: make selftests"

# status of a door that did not do it, see doorctl.c
readonly BUSY=11 REFUSED=12 TIMEOUT=13 GONE=14 FAILED=15 NO_DOOR=3

start()
{
	local name=$1 input
	shift
	rm -f "$tmp/$name" "$tmp/$name.in"
	mkfifo "$tmp/$name.in"
	exec {input}<>"$tmp/$name.in"
	# the writing end is ours alone: when it is closed, the input has ended
	(exec {input}>&- && exec "$@" <"$tmp/$name.in" >"$tmp/$name" 2>&1) &
	pid=$!
	pids[$name]=$pid inputs[$name]=$input
	at_exit "stop $name"
	if ! wait_for "grep -qs '^ready' '$tmp/$name' || ! alive $pid" 100 || ! alive "$pid"; then
		diag "$name did not start:"
		diag "$(cat "$tmp/$name")"
		return 1
	fi
}

stop()
{
	local fd=${inputs[$1]:-} victim=${pids[$1]:-}
	[ -n "$victim" ] || return 0
	exec {fd}>&-
	wait_for "! alive $victim" 10 >/dev/null || kill -KILL "$victim" 2>/dev/null
	wait "$victim" 2>/dev/null
	unset "pids[$1]" "inputs[$1]"
}

collect()
{
	status=0
	answer=$("$doorctl" collect "$@" 2>&1) || status=$?
}

show()
{
	status=0
	answer=$("$doorctl" show "$1" 2>&1) || status=$?
}

field()
{
	sed -n "s/^$1=//p" <<<"$answer"
}
