#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 400
# Processes that look like a runtime and misbehave: every door ends by its deadline, and with the right word.

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

need_root
[ -x "$impostor" ] || skip_all "needs $impostor: make selftests"
folder=$tmp/objects
socket=$tmp/agent.sock
mkdir "$folder"

# meets KIND MODE STATUS REGEX - the words that say what was wrong
meets()
{
	local kind=$1 mode=$2 wanted=$3 regex=$4 door limit=5000
	# time enough for one that answers, however slow the machine; what never comes is not waited for so long
	case $wanted in "$TIMEOUT" | "$BUSY") limit=500 ;; esac
	case $kind in
	jvm) door=(-d jvm-attach) ;;
	dotnet) door=(-d dotnet -n /opt/hook.dll) ;;
	agent) door=(-d agent -s "$socket") ;;
	esac
	start false "$impostor" "$folder" "$kind" "$mode" "$socket" || return
	collect -t $limit "${door[@]}" "$pid"
	like "$kind, $mode: $wanted" "$status $answer" "^$wanted .*$regex"
	ok "$kind, $mode: by its deadline ($(field took_ms) ms)" [ "$(field took_ms)" -lt $((limit + 2000)) ]
	stop false
	# left on purpose for a JVM that sees to the signal later; this one never will
	rm -f "/tmp/.attach_pid$pid"
}

meets jvm ok 0 "status=done"
is "jvm: it was asked to collect" "$(grep -ac jcmd "$tmp/false")" 2
meets jvm endless "$FAILED" "too large"
meets jvm garbage "$FAILED" "does not begin with a code"
meets jvm silent "$TIMEOUT" "none by the deadline"
meets jvm hangup "$FAILED" "does not begin with a code|reset"
meets jvm vanish "$GONE" "it ended"
meets jvm deaf "$TIMEOUT" "did not begin to listen"
meets jvm fifo "$TIMEOUT" "did not begin to listen"
meets jvm link "$TIMEOUT" "did not begin to listen"
is "jvm, link: nobody was talked to" "$(grep -ac jcmd "$tmp/false")" 0

meets dotnet ok 0 "status=done"
is "dotnet: it was asked to load the assembly" "$(sed -n 2p "$tmp/false")" /opt/hook.dll
meets dotnet error "$REFUSED" "HRESULT 0x80131384"
meets dotnet endless "$FAILED" "answer"
meets dotnet garbage "$FAILED" "answer"
meets dotnet silent "$TIMEOUT" "none by the deadline"
meets dotnet vanish "$GONE" "ended"

meets agent lies 0 "status=done"
ok "agent, lies: times are cut to what passed" [ "$(field collect_us)" -lt 1500000 ]
is "agent, lies: nothing is believed of bytes" "$(field dropped_bytes)" 0
is "agent, lies: its words can be printed" "$(field detail | tr -d '?')" ""
meets agent short "$FAILED" "breaks the protocol"
meets agent version "$FAILED" "breaks the protocol"
meets agent endless "$FAILED" "breaks the protocol"
meets agent id "$FAILED" "breaks the protocol"
meets agent silent "$TIMEOUT" "no answer by the deadline"
meets agent hangup "$FAILED" "hung up"
meets agent vanish "$GONE" "ended"
meets agent deaf "$TIMEOUT" "did not dial in"
meets agent busy "$BUSY" "was running at each"

# somebody else dials in place of the process that was poked
start deaf "$impostor" "$folder" agent deaf "$socket"
deaf=$pid
start other "$impostor" "$folder" agent lies "$socket"
(wait_for "[ -S '$socket' ]" && kill -57 "$pid") &
collect -t 3000 -d agent -s "$socket" "$deaf"
is "another process's connection is not taken for it" "$status" "$TIMEOUT"
is "though it came" "$(grep -c dialled "$tmp/other")" 1
stop deaf
stop other

# the process that is held ends before it is asked
for door in agent jvm-attach dotnet pageout; do
	start victim bash -c 'echo ready; read -r _'
	victim=$pid
	start asker "$doorctl" collect -w -k -t 5000 -s "$socket" -n /opt/hook.dll -d "$door" "$victim"
	stop victim
	echo >&"${inputs[asker]}"
	asker=${pids[asker]}
	wait_for "! alive $asker"
	status=0
	wait "$asker" || status=$?
	answer=$(cat "$tmp/asker")
	is "$door: a process that has ended is gone" "$status" "$GONE"
	stop asker
done

done_testing
