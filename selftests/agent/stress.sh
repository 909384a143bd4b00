#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 1800
# Collections without pause while the function serves requests: no crash, no wrong answer.

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# Pokes per function, and which functions.
pokes=${AGENT_POKES:-500}

# traffic FILE - ask for seeds 1 to 5 until FILE is gone; every answer must be the one in the array want
traffic()
{
	local seed served=0
	while [ -e "$1" ]; do
		for seed in 1 2 3 4 5; do
			function_invoke "$port" "$seed" || return 1
			[ "$REPLY" = "${want[$seed]}" ] || return 2
			served=$((served + 1))
		done
	done
	echo "$served"
}

for name in ${AGENT_FUNCTIONS:-java-csv-serial java-csv-g1 node-template python-template ruby-erb mono-ledger \
	c-jsontree jemalloc-jsontree}; do
	if ! runs_here "$name"; then
		skip "$name" "its runtime is not installed"
		continue
	fi
	start_function "$name" || { not_ok "$name: starts"; continue; }
	want=()
	for seed in 1 2 3 4 5; do
		function_invoke "$port" "$seed"
		want[seed]=$REPLY
	done
	touch "$tmp/traffic"
	traffic "$tmp/traffic" >"$tmp/served" &
	client=$!
	poke "$function_pid" collect -n "$pokes" -t 10000 -d 60000
	is "$name: $pokes collections under traffic" "$poke_status" 0
	rm "$tmp/traffic"
	ok "$name: no answer was wrong or missing" wait "$client"
	ok "$name: it served meanwhile ($(cat "$tmp/served") requests)" [ "$(cat "$tmp/served")" -gt 0 ]
	ok "$name: it lives" alive "$function_pid"
	stop "$function_pid"
done

done_testing
