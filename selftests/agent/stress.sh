#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 1800
# Collections without pause while the function serves requests: no crash, no wrong answer.

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# Pokes per function, and which functions.
pokes=${AGENT_POKES:-500}

# traffic FILE - ask for seeds 1 to 5 until FILE is gone; every answer must be the one in the array want. Prints how many
# were; says why it ended before.
traffic()
{
	local seed served=0 wrong=
	while [ -e "$1" ] && [ -z "$wrong" ]; do
		for seed in 1 2 3 4 5; do
			REPLY=
			if ! function_invoke "$port" "$seed"; then
				wrong="no answer, or not 200: '$REPLY'"
			elif [ "$REPLY" != "${want[seed]}" ]; then
				wrong="answer '$REPLY', wanted '${want[seed]}'"
			fi
			[ -z "$wrong" ] || break
			served=$((served + 1))
		done
	done
	echo "$served"
	[ -z "$wrong" ] || { echo "seed $seed, after $served right answers: $wrong" >&2; return 1; }
}

# answers_right - one more request; a process that is about to end is still there for a moment
answers_right()
{
	function_invoke "$port" 1 && [ "$REPLY" = "${want[1]}" ] && alive "$function_pid"
}

for name in ${AGENT_FUNCTIONS:-java-csv-serial java-csv-g1 node-template python-template ruby-erb mono-ledger \
	c-jsontree jemalloc-jsontree}; do
	if ! runs_here "$name"; then
		skip "$name" "its runtime is not installed"
		continue
	fi
	start_function "$name" || { not_ok "$name: starts"; continue; }
	before=$failures
	want=()
	for seed in 1 2 3 4 5; do
		function_invoke "$port" "$seed" || not_ok "$name: answers before the first collection"
		want[seed]=$REPLY
	done
	touch "$tmp/traffic"
	traffic "$tmp/traffic" >"$tmp/served" 2>"$tmp/client" &
	client=$!
	poke "$function_pid" collect -n "$pokes" -t 10000 -d 60000
	is "$name: $pokes collections under traffic" "$poke_status" 0 || diag "agentctl: $answer"
	rm "$tmp/traffic"
	ok "$name: no answer was wrong or missing" wait "$client" || diag "$(cat "$tmp/client")"
	served=$(cat "$tmp/served")
	ok "$name: it served meanwhile ($served requests)" [ "$served" -gt 0 ]
	ok "$name: it lives" answers_right
	[ "$failures" = "$before" ] || diag "$(fate "$function_pid")"$'\n'"it said: $(tail -n 20 "$tmp/launch")"
	stop "$function_pid"
done

done_testing
