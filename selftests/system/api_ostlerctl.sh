#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 600
# ostlerctl: its verbs, its exit codes, and that its manual says what is so.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
need_system

exits 3 "without a daemon: 3" ctl status
exits 2 "no verb: 2" ctl
exits 2 "an unknown verb: 2" ctl explode
exits 2 "too few arguments: 2" ctl show
exits 2 "an unknown option: 2" ctl --colour status
ok "help" ctl --help

start_daemon collect.enabled=no || { not_ok "the daemon starts"; done_testing; exit; }
make_instance alpha one test
make_instance beta two test
make_instance beta2 two other
evil=$'esc\033[31m\nline'
make_instance evil "$evil"
wait_for '[ "$(get /v1/instances ".instances | length")" = 4 ]' || not_ok "the instances are seen"

for verb in status list functions traps parks features config; do
	ok "$verb" ctl "$verb"
	ok "$verb as JSON" eval "ctl --json $verb | jq -e ."
done
is "all are listed" "$(ctl list | wc -l)" 5
is "chosen by user" "$(ctl list user=other | wc -l)" 2
is "chosen by function" "$(ctl --json list function=two | jq '.instances | length')" 2
exits 2 "list by what it doesn't know: 2" ctl list colour=red
is "no control character of a label reaches the terminal" "$(ctl list | tr -d '[:print:]\n' | wc -c)" 0
is "the option may come last" "$(ctl show alpha --json | jq -r .path)" ostler-test/alpha
for name in "$(instance_id alpha)" ostler-test/alpha /ostler-test/alpha alpha alp one; do
	is "named by $name" "$(ctl --json show "$name" | jq -r .path)" ostler-test/alpha
done
is "an exact name goes before a beginning" "$(ctl --json show beta | jq -r .path)" ostler-test/beta
exits 4 "a name that fits two: 4" ctl show two
exits 4 "a name that fits none: 4" ctl show gamma
like "show tells why it is not collected" "$(ctl show alpha)" 'schedule +not now: '
exits 1 "a collection that fails: 1" ctl collect alpha
like "and says why" "$(ctl collect alpha)" 'because +it has no process'
exits 4 "a verdict for nobody: 4" ctl verdict 1 retry
exits 2 "an event that is no number: 2" ctl verdict first retry
exits 1 "an unknown mode: 1" ctl mode alpha maybe
exits 1 "output that can't be written: 1" eval 'ctl list >/dev/full'

timeout 60 "$O/userspace/ostlerctl" --socket "$ostlerd_socket" watch --json >"$tmp/watched" &
wait_for 'grep -q alive "$tmp/watched"' || not_ok "the watcher is there"
remove_instance beta2
ok "watch tells what happens" wait_for 'grep -q "\"change\":\"gone\".*beta2" "$tmp/watched"'

"$O/userspace/ostlerd" --print-config | awk '/^\[/ { section = $1 } /^;/ { print section, substr($1, 2), $3 }' >"$tmp/keys"
page=$top/Documentation/man/ostler.conf.5
awk '/^\.Sh LABELS/ { exit }
	/^\.Ss \[/ { section = $2; sub(":", "", section) } /^\.It Cm/ { key = $3 }
	/^Default:$/ { getline; value = $2 == "empty" ? "" : $2; print section, key, value }' "$page" >"$tmp/documented"
is "ostler.conf(5) has every key with its default, and no other" "$(diff "$tmp/keys" "$tmp/documented" && echo same)" same
"$O/userspace/ostlerctl" --help | sed -n '/^$/,/^$/s/^  \([a-z]*\) .*/\1/p' >"$tmp/verbs"
ok "there are verbs" [ "$(wc -l <"$tmp/verbs")" -ge 11 ]
while read -r verb; do
	ok "ostlerctl(1) has $verb" grep -q "^\.It Cm $verb\b" "$top/Documentation/man/ostlerctl.1"
done <"$tmp/verbs"
stop_ostlerd
done_testing
