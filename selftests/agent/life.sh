#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 300
# The agent's life in a process: armed, poked, gone again, through forks and in awkward company.

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

threads()
{
	find "/proc/$1/task" -mindepth 1 -maxdepth 1 | wc -l
}

descriptors()
{
	find "/proc/$1/fd" -mindepth 1 -maxdepth 1 | wc -l
}

# connected PID - has a thread other than the first a connection, where the agent keeps it?
connected()
{
	local thread
	for thread in "/proc/$1/task"/*; do
		[ "${thread##*/}" = "$1" ] || [ ! -e "$thread/fd/200" ] || return 0
	done
	return 1
}

# a program pays for a thread and a connection only while the manager talks to it
start_preloaded "$target" poll
ok "armed: it catches the signal" signal_caught "$target_pid"
before=$(descriptors "$target_pid")
is "no thread before a poke" "$(threads "$target_pid")" 1
poke "$target_pid" trim
is "it answers a poke" "$poke_status $(field status)" "0 0"
ok "no thread after it" wait_for "[ \$(threads $target_pid) = 1 ]"
is "no descriptor left" "$(descriptors "$target_pid")" "$before"
poke "$target_pid" silent
is "a manager that says nothing is hung up on" "$poke_status" 0
ok "and the thread ends" wait_for "[ \$(threads $target_pid) = 1 ]"
ok "the program saw nothing of it" target_ends

# during a visit too the program's descriptors are its own
start_preloaded "$target" poll
before=$(descriptors "$target_pid")
"$agentctl" -s "$OSTLER_AGENT_SOCKET" -d 30000 "$target_pid" silent >/dev/null &
listener=$!
ok "a visit is a second thread" wait_for "[ \$(threads $target_pid) = 2 ]"
ok "with a descriptor of its own" wait_for "connected $target_pid"
is "and no descriptor of the program's" "$(descriptors "$target_pid")" "$before"
wait "$listener"
ok "it ends well" target_ends

# calls that wait without end go on as if there had been no signal
for call in read recv poll ppoll select pselect epoll; do
	start_preloaded "$target" "$call"
	poke "$target_pid" trim -n 20
	is "$call: 20 pokes are answered" "$poke_status" 0
	ok "$call: it never returned EINTR" target_ends
done
start_preloaded "$target" sleep
sleep 3	# late enough that beginning anew would show
poke "$target_pid" trim
is "sleep: pokes are answered" "$poke_status" 0
ok "sleep: as long as it was to be, and not much longer" target_ends
like "sleep: length" "$(cat "$tmp/out")" '^(6|7|8\.[0-7])'
for call in pause sigwait; do
	start_preloaded "$target" "$call"
	poke "$target_pid" trim -n 5
	ok "$call: goes on" alive "$target_pid"
	kill -USR1 "$target_pid"
	ok "$call: until its own signal" target_ends
done

# memory of a native program
start_preloaded "$target" garbage
wait_for "[ \$(anon $target_pid) -gt 30000 ] && blocked $target_pid"
before=$(anon "$target_pid")
poke "$target_pid" stat
like "stat: the free bytes are seen" "$(field free)" '^3[0-9]{7}$'
after_stat=$(anon "$target_pid")
ok "stat gives nothing back ($before -> $after_stat KiB)" [ "$after_stat" -gt $((before * 95 / 100)) ]
poke "$target_pid" trim
after=$(anon "$target_pid")
ok "trim does ($before -> $after KiB)" [ "$after" -lt $((before / 8)) ]
ok "the program ends well" target_ends

# forks
start_preloaded "$target" fork
wait_for "[ -s $tmp/out ]"
child=$(cat "$tmp/out")
wait_for "blocked $child"
poke "$target_pid" trim
is "the parent of a fork is served" "$poke_status" 0
poke "$child" trim
is "so is the child, under its own pid" "$poke_status $(field pid)" "0 $child"
poke "$target_pid" trim -n 50
is "again the parent" "$poke_status" 0
ok "both end well" target_ends
start_preloaded "$target" spawner
poke "$target_pid" trim -n 200
is "200 pokes while it forks, vforks and execs" "$poke_status" 0
ok "no child was disturbed" target_ends
like "in this many rounds" "$(cat "$tmp/out")" '^[1-9][0-9]+$'

# threads
start_preloaded "$target" join
poke "$target_pid" trim -n 200
is "200 pokes at a join, while another thread allocates" "$poke_status" 0
ok "the threads end well" target_ends
start_preloaded "$target" mutex
poke "$target_pid" trim -d 3000
is "a thread that waits for a mutex starts nothing" "$poke_status" 5
ok "it gets its mutex" target_ends
start_preloaded "$target" keyed
wait_for "[ -s '$tmp/out' ]"
if grep -qx 'no keys' "$tmp/out"; then
	skip "a thread in code behind a protection key starts nothing" "this processor has no keys; that of tools/vm run -c max does"
	target_ends
else
	poke "$target_pid" trim -T "$(cat "$tmp/out")" -d 1000
	is "a thread in code behind a protection key starts nothing" "$poke_status" 5
	ok "it goes on" target_ends
fi
ok "a thread in epoll_wait can be cancelled" env LD_PRELOAD="$agent" timeout 10 "$target" cancel

# a program that closes whatever it doesn't know keeps its own descriptors
start_preloaded "$target" closer
for _ in $(seq 40); do
	poke "$target_pid" trim
	[ "$poke_status" != 1 ] || break
done
ok "it runs on" alive "$target_pid"
ok "its descriptors were let be" target_ends || diag "$(cat "$tmp/err")"

# the signal is somebody else's
start_preloaded "$target" handler
poke "$target_pid" trim -d 3000
is "a handler installed later gets the signal: nobody dials" "$poke_status" 5
ok "it ends well" target_ends
like "its handler was called" "$(cat "$tmp/out")" '^[0-9]+$'
start_preloaded bash -c "trap '' SIGRTMIN+23; exec '$target' poll"
wait_for "! is_shell $target_pid && blocked $target_pid"
fails "ignored by whoever started it: not taken" signal_caught "$target_pid"
ok "that program ends well" target_ends
OSTLER_AGENT=off start_preloaded "$target" poll
fails "OSTLER_AGENT=off: not taken" signal_caught "$target_pid"
ok "OSTLER_AGENT=off: ends well" target_ends

# nobody listens
start_preloaded "$target" poll
for _ in $(seq 50); do kill -57 "$target_pid"; done
ok "pokes while nobody listens are harmless" wait_for "[ \$(threads $target_pid) = 1 ]"
poke "$target_pid" trim
is "once somebody does, it is served" "$poke_status" 0
ok "it ends well all the same" target_ends
OSTLER_AGENT_SOCKET='' start_preloaded "$target" poll
poke "$target_pid" trim -d 3000
is "without OSTLER_AGENT_SOCKET it dials the default path" "$poke_status" 5
ok "which does not disturb it" target_ends
OSTLER_AGENT_SOCKET=/tmp/$(printf '%0200d' 0) start_preloaded "$target" poll
kill -57 "$target_pid"
ok "a path that is too long does not either" target_ends

# seccomp: what the manager is told not to do, and what happens if it does
start_preloaded "$target" noconnect
poke "$target_pid" trim
is "a process with a filter of its own is not poked" "$poke_status" 4
poke "$target_pid" trim -f -d 3000
is "poked all the same, one without socket() does not dial" "$poke_status" 5
ok "and goes on" target_ends
start_preloaded "$target" nosocket
poke "$target_pid" trim
is "a filter that kills: not poked" "$poke_status" 4
ok "and so it lives" alive "$target_pid"
poke "$target_pid" trim -f -d 3000
ok "poked all the same, it is killed: the check is needed" wait_for "! alive $target_pid"
end_input

done_testing
