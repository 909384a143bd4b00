#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 400
# JVMs with nothing preloaded are collected by attach: Serial, Parallel and G1 give memory back, and still answer.
# shellcheck disable=SC2016,SC2119 # wait_for evaluates its condition; stop_ostlerd's signal is optional
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
need_system
need_function java-csv-serial java-json-parallel java-words-g1

start_daemon collect.enabled=no || { not_ok "the daemon starts"; done_testing; exit; }
for function in java-csv-serial java-json-parallel java-words-g1; do
	NO_AGENT=1 start_function jvm "$function"
	ok "$function serves" wait_ready jvm || continue
	request jvm 3
	is "$function is collected" "$(collect jvm)" "done"
	is "by attach" "$(of jvm '.runtime + " " + .last_collection.door')" "jvm jvm-attach"
	diag "$(of jvm '.last_collection | "\(.before_bytes / 1e6) MB -> \(.after_bytes / 1e6) MB in \(.cost_us / 1e3) ms: \(.detail)"')"
	is "it gives back a fifth of its memory or more" "$(of jvm '.last_collection | .before_bytes > 0 and .yield_bytes * 5 >= .before_bytes')" true
	ok "it answers" request jvm 1 9
	is "a second time works, too" "$(collect jvm)" "done"
	remove_instance jvm
done
done_testing
