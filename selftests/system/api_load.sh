#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 600
# Many connections, connections that say nothing, and readers that don't read: nobody else notices.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
need_system
need_cmd setpriv /usr/bin/python3

client()
{
	/usr/bin/python3 "$top/selftests/system/api_client.py" "$ostlerd_socket" "$@"
}

start_daemon collect.enabled=no store.interval_ms=1000 || { not_ok "the daemon starts"; done_testing; exit; }
chmod 711 "$tmp"
for i in {1..40}; do make_instance "i$i"; done
wait_for '[ "$(get /v1/instances ".instances | length")" = 40 ]' 30 || not_ok "the instances are seen"

is "200 at once are all answered" "$(client parallel 200 /v1/instances)" "200 200"
client parallel 300 /v1/status >"$tmp/statuses"
is "of 300 at once each is answered" "$(awk '{ n += $2 } END { print n }' "$tmp/statuses")" 300
is "above the limit, with 503" "$(client full 256 44 /v1/status)" "503 44"

mkfifo "$tmp/hold"
cp "$top/selftests/system/api_client.py" "$tmp/client.py"
chmod 644 "$tmp/client.py"
setpriv --reuid 4711 --regid 4711 --clear-groups /usr/bin/python3 "$tmp/client.py" "$ostlerd_socket" idle 400 \
	<"$tmp/hold" >"$tmp/idle" &
exec 9>"$tmp/hold"
wait_for '[ -s "$tmp/idle" ]' 30 || not_ok "the silent client connects"
is "400 silent connections of one account keep nobody out" "$(client parallel 200 /v1/status)" "200 200"
exec 9>&-

read -r told lost < <(client slow 2000 "/v1/instances/$(instance_id i1)/collect")
is "a reader that doesn't read is told or lost every notice" "$((told + lost))" 2000
ok "it was told some" [ "$told" -gt 50 ]
ok "and lost some" [ "$lost" -gt 50 ]

curl -s -N --unix-socket "$ostlerd_socket" http://ostler/v1/watch >"$tmp/watched" &
# shellcheck disable=SC2034 # in a condition below
watcher=$!
wait_for 'grep -q alive "$tmp/watched"' || not_ok "the watcher is there"
ok "the daemon ends in order while it is watched" stop_ostlerd
ok "and its watchers' streams end" wait_for '! alive "$watcher"'
ok "its socket is gone" [ ! -e "$ostlerd_socket" ]
done_testing
