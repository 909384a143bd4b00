#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 600
# Who may see and do what: root and the group everything, an account its own instances, a stranger nothing.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
need_system
need_cmd setpriv

owner=daemon
group=games
uid=$(id -u "$owner")
gid=$(getent group "$group" | cut -d: -f3)

# as UID GID GROUPS CURL_ARGUMENT... PATH
as()
{
	local path=${*: -1} groups=--clear-groups
	[ -z "$3" ] || groups=--groups=$3
	setpriv --reuid "$1" --regid "$2" "$groups" curl -s -m 60 --unix-socket "$ostlerd_socket" "${@:4:$#-4}" "http://ostler$path"
}

start_daemon collect.enabled=no "api.group=$group" || { not_ok "the daemon starts"; done_testing; exit; }
chmod 711 "$tmp"
make_instance own own "$owner"
make_instance other other somebody
make_instance unlabelled unlabelled ''
own=$(instance_id own) other=$(instance_id other)
wait_for '[ "$(get /v1/instances ".instances | length")" = 3 ]' || not_ok "the instances are seen"

is "root sees all" "$(as 0 0 '' /v1/instances | jq '.instances | length')" 3
is "a member of the group sees all" "$(as 4711 4711 "$gid" /v1/instances | jq '.instances | length')" 3
is "also when it is the first group" "$(as 4711 "$gid" '' /v1/instances | jq '.instances | length')" 3
is "an account sees its own" "$(as "$uid" 4711 '' /v1/instances | jq -r '.instances[].path')" ostler-test/own
is "by its id too" "$(as "$uid" 4711 '' "/v1/instances/$own" | jq -r .id)" "$own"
is "another's is not there" "$(as "$uid" 4711 '' "/v1/instances/$other" | jq -r .error.code)" not_found
is "the functions of its own" "$(as "$uid" 4711 '' /v1/functions | jq -c '[.functions[].name]')" '["own"]'
# whoever may label a cgroup can name another user's function
setfattr -n user.ostler.function -v other "$(instance_path own)"
wait_for '[ "$(of own .function)" = other ]' || not_ok "the label is seen"
is "an instance that bears the name of another's function serves its own user's" \
	"$(as "$uid" 4711 '' /v1/functions | jq -c '[.functions[] | [.name, .user]] | sort')" "[[\"other\",\"$owner\"]]"
is "and is told of that alone" "$(as "$uid" 4711 '' /v1/functions/other/needs | jq -r .user)" "$owner"
is "as when it runs" "$(as "$uid" 4711 '' /v1/functions/other/run | jq -r .user)" "$owner"
is "another's is not there by its user either" \
	"$(as "$uid" 4711 '' '/v1/functions/other/needs?user=somebody' | jq -r .error.code)" not_found
is "root sees both" "$(as 0 0 '' /v1/functions | jq -c '[.functions[] | select(.name == "other") | .user] | sort')" \
	"[\"$owner\",\"somebody\"]"
is "and must say which" "$(as 0 0 '' /v1/functions/other/run | jq -r .error.code)" ambiguous
is "by the user" "$(as 0 0 '' '/v1/functions/other/run?user=somebody' | jq -r .user)" somebody
ok "ostlerctl, too" ctl needs other user=somebody
setfattr -n user.ostler.function -v own "$(instance_path own)"
wait_for '[ "$(of own .function)" = own ]' || not_ok "the label is seen"
is "an account without a name sees nothing" "$(as 4711 4711 '' /v1/instances | jq '.instances | length')" 0
is "no account owns what nobody can name" "$(as 65534 65534 '' /v1/instances | jq '.instances | length')" 0
is "status tells a stranger no names" "$(as 4711 4711 '' /v1/status | jq 'has("host") or has("degraded")')" false
is "a stranger can't read the configuration" "$(as 4711 4711 '' /v1/config | jq -r .error.code)" forbidden
is "an account can't collect its own" "$(as "$uid" 4711 '' -X POST "/v1/instances/$own/collect" | jq -r .error.code)" forbidden
is "nor change its mode" "$(as "$uid" 4711 '' -X PUT -d '{"mode":"off"}' "/v1/instances/$own/mode" | jq -r .error.code)" forbidden
is "nor let go of the module" \
	"$(as "$uid" 4711 '' -X PUT -d '{"released":true}' /v1/module | jq -r .error.code)" forbidden
is "nor give a verdict" "$(as "$uid" 4711 '' -d '{"verdict":"retry"}' /v1/parks/1/verdict | jq -r .error.code)" forbidden
is "a member of the group can collect" \
	"$(as 4711 4711 "$gid" -d '{"wait":true}' "/v1/instances/$own/collect" | jq -r .last_collection.status)" gone
ok "what is changed is logged with its account" said "account 4711: collect instance $own"

as "$uid" 4711 '' -N /v1/watch >"$tmp/watched" &
watcher=$!
wait_for 'grep -q alive "$tmp/watched"' || not_ok "the watcher is there"
collect other >/dev/null
collect own >/dev/null
wait_for 'grep -q collected "$tmp/watched"'
is "it watches its own" "$(jq -r 'select(.change == "collected") | .instance.path' "$tmp/watched")" ostler-test/own
kill "$watcher"
setfattr -n user.ostler.user -v somebody "$(instance_path own)"
wait_for '[ "$(of own .user)" = somebody ]'
is "a new label counts at once" "$(as "$uid" 4711 '' /v1/instances | jq '.instances | length')" 0
done_testing
