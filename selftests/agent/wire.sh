#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The agent's side of the protocol: bad messages are refused, a manager that goes away leaves no trace.

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

threads()
{
	find "/proc/$1/task" -mindepth 1 -maxdepth 1 | wc -l
}

start_preloaded "$target" poll

# agentctl checks the status of the refusal, and that the agent hangs up where it must
for bad in short long magic version kind size reserved; do
	poke "$target_pid" "$bad"
	is "bad header ($bad): refused with EPROTO, and hung up on" "$poke_status $(field status)" "0 -71"
done
for bad in op timeout; do
	poke "$target_pid" "$bad"
	is "unknown value ($bad): refused with EINVAL" "$poke_status $(field status)" "0 -22"
done
poke "$target_pid" bye
is "bye: the agent hangs up" "$poke_status" 0
poke "$target_pid" stat
is "after all that it answers" "$poke_status $(field status)" "0 0"

for _ in $(seq 20); do
	poke "$target_pid" die
	[ "$poke_status" = 0 ] || break
done
is "20 managers that die in the middle of a request" "$poke_status" 0
ok "leave no thread" wait_for "[ \$(threads $target_pid) = 1 ]"
poke "$target_pid" trim
is "and it still answers" "$poke_status" 0

# only root and the process's own user are served
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	chmod 777 "$tmp"
	rm -f "$OSTLER_AGENT_SOCKET"
	for _ in 1 2 3; do kill -57 "$target_pid"; done
	status=0
	setpriv --reuid 65534 --clear-groups "$agentctl" -s "$OSTLER_AGENT_SOCKET" -d 30000 -w -t 100 "$target_pid" stat \
		>"$tmp/stranger" 2>&1 &
	stranger=$!
	wait_for "[ -S $OSTLER_AGENT_SOCKET ]"
	# until it has heard from somebody: the first pokes may come before it listens
	while alive "$stranger"; do kill -57 "$target_pid" && read -rt 0.05 -u "$never_ready"; done
	wait "$stranger" || status=$?
	is "a listener of another user is not served" "$status" 6
else
	skip "a listener of another user" "needs root and setpriv"
fi

ok "the program saw nothing of it" target_ends

done_testing
