#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 600
# Every runtime: a collection gives memory back, asking alone doesn't, and the function goes on to answer right.

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# Requests before the collection.
requests=${AGENT_REQUESTS:-15}

# jemalloc gives back by itself what has been free for ten seconds; not here, or a slow machine confuses the two
export MALLOC_CONF=dirty_decay_ms:-1,muzzy_decay_ms:-1

# check NAME RUNTIME ALLOCATOR PERCENT - after the collection at most PERCENT of the memory before is left
check()
{
	local name=$1 runtime=$2 allocator=$3 percent=$4 seed first before stat after
	if ! runs_here "$name"; then
		skip "$name" "its runtime is not installed"
		return
	fi
	start_function "$name" || { not_ok "$name: starts"; return; }
	function_invoke "$port" 1
	first=$REPLY
	for ((seed = 2; seed <= requests; seed++)); do
		function_invoke "$port" "$seed" || { not_ok "$name: answers"; return; }
	done
	wait_for "anon_rests $function_pid"
	before=$(anon "$function_pid")
	poke "$function_pid" stat
	is "$name: is recognised" "$poke_status $(field runtimes) $(field allocators)" "0 $runtime $allocator"
	stat=$(anon "$function_pid")
	ok "$name: asking gives nothing back ($before -> $stat KiB)" [ "$stat" -ge $((before * 97 / 100)) ]
	poke "$function_pid" collect
	is "$name: collects" "$poke_status $(field status)" "0 0"
	# some hand back a little later
	wait_for "[ \$(anon $function_pid) -le $((before * percent / 100)) ]" 10
	after=$(anon "$function_pid")
	ok "$name: gives memory back ($before -> $after KiB, at most $percent %)" \
		[ "$after" -le $((before * percent / 100)) ]
	function_invoke "$port" 1
	is "$name: answers as before" "$REPLY" "$first"
	stop "$function_pid"
}

check java-json-serial jvm glibc 60
check java-json-parallel jvm glibc 60
check java-words-g1 jvm glibc 60
check node-json node glibc 60
check python-json python glibc 95
check ruby-json ruby glibc 92
check mono-ledger mono glibc 92
check c-csvsort native glibc 60
check cpp-wordmap native glibc 80
check jemalloc-csvsort native jemalloc 60

# garbage in cycles: the count comes from CPython itself
if runs_here python-graph; then
	start_function python-graph
	collected=0
	for seed in 1 2 3 4; do
		function_invoke "$port" "$seed"
		poke "$function_pid" collect
		[ "$(field collected)" -gt "$collected" ] && collected=$(field collected)
	done
	ok "python-graph: cycles are found ($collected objects)" [ "$collected" -gt 1000 ]
	poke "$function_pid" collect
	is "python-graph: and none are left" "$(field collected)" 0
	stop "$function_pid"
fi

# a program that switched its collector off is let be, and says so
cat >"$tmp/disabled.py" <<'PY'
import gc, sys
gc.disable()
sys.stdin.read()
PY
start_preloaded /usr/bin/python3 "$tmp/disabled.py"
poke "$target_pid" collect
is "gc.disable(): refused with ECANCELED" "$poke_status $(field status)" "1 -125"
ok "gc.disable(): ends well" target_ends

# a loop that doesn't come to rest: the request is withdrawn in time. The main thread runs then, so another is poked.
cat >"$tmp/busy.js" <<'JS'
process.stdin.resume().once('data', () => {
	while (!require('fs').existsSync(process.argv[2]));
	console.log('done');
	process.exit(0);
});
JS
if command -v node >/dev/null; then
	start_preloaded node "$tmp/busy.js" "$tmp/rest"
	poke "$target_pid" collect
	is "node: an idle loop collects" "$poke_status" 0
	echo >&"$input"
	wait_for "! blocked $target_pid"
	other=$(find "/proc/$target_pid/task" -mindepth 1 -maxdepth 1 ! -name "$target_pid" -printf '%f\n' | head -n 1)
	poke "$target_pid" collect -t 200 -T "$other"
	is "node: a busy loop is reported as EBUSY" "$poke_status $(field status)" "1 -16"
	touch "$tmp/rest"
	ok "node: its program ends well" target_ends
	is "node: undisturbed" "$(cat "$tmp/out")" "done"
else
	skip "node: a busy loop" "not installed"
fi

# an interpreter that ends while the agent waits for its lock
cat >"$tmp/ends.py" <<'PY'
import sys, time
time.sleep(0.4)
print("ended", flush=True)
PY
for _ in $(seq 10); do
	LD_PRELOAD=$agent /usr/bin/python3 "$tmp/ends.py" >"$tmp/ended" &
	ending=$!
	wait_for "blocked $ending"
	while alive "$ending"; do poke "$ending" collect; done
	wait "$ending" || break
done
is "python: ends well under constant pokes" "$? $(cat "$tmp/ended")" "0 ended"

done_testing
