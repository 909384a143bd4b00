#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 300
# A running JVM that was started without the agent loads it, dials, and can be poked from then on.

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

need_cmd java jcmd
runs_here java-json-serial || skip_all "needs the functions in Java: make selftests with javac"

# load PID - by the JVM's own attach protocol; the options are the socket's path
load()
{
	jcmd "$1" JVMTI.agent_load "$agent" "$OSTLER_AGENT_SOCKET" >"$tmp/load" 2>&1
}

# the path is to come with the request to load, not from the environment
export -n OSTLER_AGENT_SOCKET
for collector in serial parallel; do
	start_function "java-json-$collector" '' || { not_ok "$collector: starts"; continue; }
	pid=$function_pid
	for seed in $(seq 15); do function_invoke "$port" "$seed"; done
	reply=$REPLY
	fails "$collector: not armed at first" signal_caught "$pid"

	before=$(anon "$pid")
	"$agentctl" -s "$OSTLER_AGENT_SOCKET" -d 60000 -t 20000 -w "$pid" collect >"$tmp/answer" 2>&1 &
	listener=$!
	wait_for "[ -S $OSTLER_AGENT_SOCKET ]"
	ok "$collector: loads the agent" load "$pid"
	status=0
	wait "$listener" || status=$?
	answer=$(cat "$tmp/answer")
	is "$collector: which dials and collects" "$status $(field runtimes) $(field attached)" "0 jvm 1"
	wait_for "[ \$(anon $pid) -lt $((before * 60 / 100)) ]" 10
	after=$(anon "$pid")
	ok "$collector: memory comes back ($before -> $after KiB)" [ "$after" -lt $((before * 60 / 100)) ]
	ok "$collector: from now on it can be poked" signal_caught "$pid"
	poke "$pid" collect
	is "$collector: and answers" "$poke_status" 0
	load "$pid"
	poke "$pid" collect -n 5
	is "$collector: loaded twice, it still answers" "$poke_status" 0
	function_invoke "$port" 15
	is "$collector: the function answers as before" "$REPLY" "$reply"
	stop "$pid"
done

done_testing
