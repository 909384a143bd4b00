# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What the agent's tests share; sources ../common.sh. Nothing here needs root, a module or cgroups.
#
#	agent, agentctl, target		built files
#	poke PID OP [OPTION...]		agentctl at this test's socket; sets answer and poke_status. Its time-outs are ample:
#					where nobody is to answer, give shorter ones
#	field NAME			that word of the last answer
#	anon PID			anonymous memory, KiB
#	fate PID			for a failure's comment: how the process is, or what it ended of
#	start_preloaded CMD..., start_function NAME, target_ends, stop PID	see below

# shellcheck disable=SC2034 # variables for the tests

# shellcheck source-path=SCRIPTDIR source=../common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
# shellcheck source-path=SCRIPTDIR source=../functions/invoke
. "$top/selftests/functions/invoke"

agent=$O/userspace/agent/libostler-agent.so
agentctl=$O/selftests/agent/agentctl
target=$O/selftests/agent/target
functions=$top/selftests/functions
export OSTLER_AGENT_SOCKET=$tmp/agent.sock
answer='' poke_status=0 target_pid='' function_pid='' port=''

{ [ -x "$agentctl" ] && [ -e "$agent" ]; } || skip_all "needs $agent and $agentctl: make userspace selftests"

poke()
{
	local pid=$1 op=$2
	shift 2
	poke_status=0
	answer=$("$agentctl" -s "$OSTLER_AGENT_SOCKET" -d 30000 -t 20000 "$@" "$pid" "$op" 2>&1) || poke_status=$?
}

field()
{
	local word=" $answer"
	word=${word##* "$1"=}
	printf '%s\n' "${word%% *}"
}

anon()
{
	awk '/^Anonymous:/ { print $2 }' "/proc/$1/smaps_rollup"
}

# anon_rests PID - what the runtime does of its own after a request is over: two looks agree
anon_rests()
{
	local before
	before=$(anon "$1")
	read -rt 0.2 -u "$never_ready" || true
	[ "$(anon "$1")" = "$before" ]
}

# signal_caught PID - does it catch signal 57?
signal_caught()
{
	(((0x$(awk '/^SigCgt:/ { print $2 }' "/proc/$1/status") >> 56) & 1))
}

# blocked PID - is its main thread asleep?
blocked()
{
	grep -q '^State:.S' "/proc/$1/status"
}

stop()
{
	kill -KILL "$1" 2>/dev/null
	wait "$1" 2>/dev/null
	# its number may be another's by the end of the test
	[ "$1" != "$function_pid" ] || function_pid=
}

stop_function()
{
	[ -z "$function_pid" ] || stop "$function_pid"
}

# fate PID - a child's; the kernel names who died of a fault, and who died for memory
fate()
{
	local status=0
	if ! wait_for "! alive $1" 2 >/dev/null; then
		echo "process $1 runs:" "$(grep -E '^(Name|State|Threads|SigCgt)' "/proc/$1/status" | tr -s '\t\n' ' ')"
		return
	fi
	wait "$1" 2>/dev/null || status=$?
	if [ "$status" -gt 128 ]; then
		echo "process $1 ended by signal $(kill -l "$status")"
	else
		echo "process $1 ended with status $status"
	fi
	dmesg 2>/dev/null | grep -E "\[$1\]| process $1 " | tail -n 5
}

# start_preloaded CMD... - in the background with the agent, its stdin a pipe that end_input closes, its stdout in
# $tmp/out; sets target_pid. Returns once its main thread sleeps.
start_preloaded()
{
	exec {input}> >(LD_PRELOAD=$agent exec "$@" >"$tmp/out" 2>"$tmp/err")
	target_pid=$!
	wait_for "! alive $target_pid || { blocked $target_pid && ! is_shell $target_pid; }"
}

# is_shell PID - is it still the shell that is to become the program?
is_shell()
{
	[ "/proc/$1/exe" -ef /proc/$$/exe ]
}

end_input()
{
	exec {input}>&-
}

# target_ends - close its input; its exit status
target_ends()
{
	end_input
	wait_for "! alive $target_pid" 15 || kill -KILL "$target_pid"
	wait "$target_pid"
}

# listens PID PORT - does this very process listen there? Whoever else has the port would answer as well
listens()
{
	local inode
	for inode in $(awk -v port=":$(printf '%04X' "$2")" \
		'$4 == "0A" && substr($2, length($2) - 4) == port { print $10 }' /proc/net/tcp /proc/net/tcp6 2>/dev/null); do
		[ -z "$(find "/proc/$1/fd" -lname "socket:\\[$inode\\]" 2>/dev/null)" ] || return 0
	done
	return 1
}

# start_function NAME [AGENT] - the function of functions.tsv with the agent preloaded ('': none); sets function_pid and
# port. It serves when this returns 0.
start_function()
{
	local try
	at_exit stop_function
	for try in 1 2 3; do
		port=$((20000 + RANDOM % 12000))
		OSTLER_AGENT_SO=${2-$agent} "$functions/launch" "$1" "$port" 2>"$tmp/launch" &
		function_pid=$!
		wait_for "! alive $function_pid || { listens $function_pid $port && function_get $port /ready; }" 60
		listens "$function_pid" "$port" && return 0
		diag "function $1 does not serve on port $port, try $try of 3: $(fate "$function_pid")"
		diag "it said: $(tail -n 20 "$tmp/launch")"
		stop "$function_pid"
	done
	return 1
}

runs_here()
{
	: "${functions_here:=$("$functions/launch" -l)}"
	grep -qx "$1" <<<"$functions_here"
}
