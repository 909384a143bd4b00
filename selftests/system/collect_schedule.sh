#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 400
# Instances are collected by schedule when they are idle, one at a time with one slot, and not while requests come; they
# still answer; what was learned of their functions survives a restart.
# shellcheck disable=SC2016,SC2119 # wait_for evaluates its condition; stop_ostlerd's signal is optional
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
need_system
need_function python-template node-json c-csvsort

start_daemon collect.slots=1 collect.idle_ms=4000 || { not_ok "the daemon starts"; done_testing; exit; }
start_function python python-template
start_function node node-json
start_function used c-csvsort
ok "three functions serve" wait_ready python node used

# requests to one of them keep coming
touch "$tmp/keep"
(while [ -e "$tmp/keep" ]; do request used; sleep 0.2; done) >/dev/null 2>&1 &
requests=$!
at_exit "kill $requests 2>/dev/null"
request python 3
request node 3
ok "the idle Python instance is collected" wait_for "collected python" 60
ok "the idle Node instance is collected" wait_for "collected node" 60
is "the one in use is not" "$(of used .last_collection.status)" never
is "because it is in use" "$(of used .schedule.reason)" busy_instance
rm "$tmp/keep"
wait "$requests" 2>/dev/null
ok "once nobody asks any more it is, too" wait_for "collected used" 60

most=$(awk '/: collecting/ { if (++now > most) most = now } / back of | not collected: / { now-- } END { print most + 0 }' "$ostlerd_log")
is "never were there more at once than slots" "$most" 1
for name in python node used; do
	is "$name: the yield is what is missing after it" \
		"$(of "$name" '.last_collection | .yield_bytes > 0 and .yield_bytes == .before_bytes - .after_bytes')" true
	is "$name: through the collector inside, at a cost, with an estimate" \
		"$(of "$name" '.last_collection | .door == "agent" and .cost_us > 0 and .estimate_bytes > 0 and .count == 1')" true
	ok "$name: answers after it" request "$name"
done
is "runtimes are recognised" "$(of python .runtime) $(of node .runtime) $(of used .runtime)" "python node native"
of python .counters >"$tmp/counters"
ok "demand was counted" [ "$(of python .demand.messages)" -ge 4 ]

learned='[.functions[] | select(.learned.collections > 0) | [.name, .learned.kept_bytes]] | sort | tostring'
before=$(get /v1/functions "$learned")
like "each function has learned" "$before" 'c-csvsort.*node-json.*python-template'
stop_ostlerd
start_daemon collect.enabled=no || { not_ok "the daemon starts again"; done_testing; exit; }
is "and knows it after a restart" "$(get /v1/functions "$learned")" "$before"
wait_for '[ "$(of python .memory.anon_bytes)" -gt 0 ]'
is "estimates begin with what the function keeps" \
	"$(of python '.memory.anon_bytes - .garbage_bytes')" "$(get /v1/functions '.functions[] | select(.name == "python-template").learned.kept_bytes')"
done_testing
