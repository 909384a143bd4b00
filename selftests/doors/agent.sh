#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 400
# The collector's door, by the daemon's own broker: real runtimes that had libostler-agent.so preloaded.

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

[ -e "$agent" ] || skip_all "needs $agent: make userspace"
socket=$tmp/agent.sock

# gives_back NAME RUNTIME SHARE CMD... - at most SHARE percent are left
gives_back()
{
	local name=$1 runtime=$2 share=$3
	shift 3
	if ! command -v "$1" >/dev/null; then
		skip "$name" "needs the program $1"
		return
	fi
	if ! start function env LD_PRELOAD="$agent" OSTLER_AGENT_SOCKET="$socket" "$@"; then
		not_ok "$name" "did not start"
		return
	fi
	# a runtime that has just become idle may not be in its wait yet
	collect -s "$socket" "$pid"
	is "$name: collected" "$status $(field door) $(field runtime)" "0 agent $runtime"
	ok "$name: memory comes back ($(field anon_before) to $(field anon_after))" \
		[ "$(field anon_after)" -lt $(($(field anon_before) * share / 100)) ]
	collect -s "$socket" "$pid"
	is "$name: and once more" "$status" 0
	ok "$name: it lives" alive "$pid"
	stop function
	is "$name: it was not disturbed" "$(tail -n 1 "$tmp/function")" "ends"
}

gives_back CPython python 80 /usr/bin/python3 -c '
import sys
class Node: pass
def cycle():
    a, b = Node(), Node()
    a.b, b.a, a.text = b, a, "x" * 500
import gc
gc.set_threshold(10**9)
for _ in range(40000): cycle()
print("ready", flush=True)
sys.stdin.read()
print("ends")'
# shellcheck disable=SC2016 # JavaScript
gives_back Node.js node 80 node -e '
let text = [];
for (let i = 0; i < 300000; i++) text.push(`row ${i}`);
console.log("ready", text.length);
text = null;
process.stdin.resume().on("end", () => console.log("ends"));'
# shellcheck disable=SC2016 # Ruby
gives_back Ruby ruby 95 ruby -e '
rows = Array.new(400000) { |i| "row number #{i} and some more text to fill it" }
puts "ready #{rows.size}"
$stdout.flush
rows = nil
$stdin.read
puts "ends"'

# one that is at work is not waited for beyond the deadline, and is told from one that does not answer
start function env LD_PRELOAD="$agent" OSTLER_AGENT_SOCKET="$socket" /usr/bin/python3 -c '
print("ready", flush=True)
while True: pass'
collect -t 500 -s "$socket" "$pid"
is "at work all the time: busy" "$status" "$BUSY"
ok "at work all the time: by the deadline ($(field took_ms) ms)" [ "$(field took_ms)" -lt 2500 ]
ok "at work all the time: it lives" alive "$pid"
stop function

start function bash -c 'echo ready; read -r _'
collect -s "$socket" "$pid"
like "without the collector: no door, and how to have one" "$status $answer" "^$NO_DOOR .*LD_PRELOAD"
stop function

# a socket that a dead daemon left is replaced, one that is answered is not
start function env LD_PRELOAD="$agent" OSTLER_AGENT_SOCKET="$socket" bash -c 'echo ready; read -r _; echo ends'
victim=$pid
start first "$doorctl" collect -w -d pageout -s "$socket" "$victim"
collect -s "$socket" "$victim"
like "a second daemon on the same socket" "$status $answer" "^1 .*another daemon answers there"
kill -KILL "${pids[first]}"
wait_for "! alive ${pids[first]}"
stop first 2>/dev/null
collect -s "$socket" "$victim"
is "a dead daemon's socket is replaced" "$status" 0
stop function
echo precious >"$tmp/file"
exits 1 "a file in the socket's place is left alone" "$doorctl" collect -s "$tmp/file" $$
is "and is as it was" "$(cat "$tmp/file")" precious

done_testing
