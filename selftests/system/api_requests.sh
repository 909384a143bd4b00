#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 600
# What the API refuses, and how: every error is JSON with a code and a reason, and the daemon goes on.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
need_system

# answers DESC STATUS CODE CURL_ARGUMENT... - the status and the error's code; the path is the last argument
answers()
{
	local desc=$1 status=$2 code=$3 path=${*: -1}
	set -- "${@:4:$#-4}"
	is "$desc" "$(curl -s -m 30 --path-as-is -o "$tmp/answer" -w '%{http_code}' --unix-socket "$ostlerd_socket" "$@" \
		"http://ostler$path") $(jq -r '.error.code // "none"' "$tmp/answer")" "$status $code"
}

start_daemon collect.enabled=no || { not_ok "the daemon starts"; done_testing; exit; }
make_instance empty
id=$(instance_id empty)
wait_for '[ "$(of empty .id)" = "$id" ]' || not_ok "the instance is seen"

answers "a path that isn't there" 404 not_found /v1/nothing
answers "a later version" 404 not_found /v2/status
answers "a slash at the end" 400 invalid /v1/status/
answers "two slashes" 400 invalid //v1/status
answers "dots" 404 not_found /v1/../v1/status
answers "a bad escape" 400 invalid /v1/%zz
answers "an escaped NUL" 400 invalid '/v1/status%00'
answers "a path too long" 414 too_long "/v1/$(printf 'a%.0s' {1..1100})"
answers "an unknown argument" 400 invalid '/v1/instances?colour=red'
answers "an argument given twice" 400 invalid '/v1/instances?user=a&user=b'
answers "an id that is no number" 400 invalid /v1/instances/first
answers "an id beyond 64 bits" 400 invalid /v1/instances/99999999999999999999
answers "an id that nobody has" 404 not_found /v1/instances/1
answers "a method that the path lacks" 405 bad_method -X DELETE /v1/status
answers "a body where none belongs" 400 invalid -X GET -d x /v1/status
answers "a body that is no JSON" 400 invalid -d x "/v1/instances/$id/collect"
answers "an array for an object" 400 invalid -d '[]' "/v1/instances/$id/collect"
answers "an unknown member" 400 invalid -d '{"wiat":true}' "/v1/instances/$id/collect"
answers "a member of another type" 400 invalid -d '{"wait":1}' "/v1/instances/$id/collect"
answers "a member given twice" 400 invalid -d '{"wait":true,"wait":true}' "/v1/instances/$id/collect"
answers "a missing member" 400 invalid -X PUT -d '{}' "/v1/instances/$id/mode"
answers "an unknown mode" 400 invalid -X PUT -d '{"mode":"maybe"}' "/v1/instances/$id/mode"
answers "an unknown verdict" 400 invalid -d '{"verdict":"forgive"}' /v1/parks/1/verdict
answers "a verdict for nobody" 404 not_found -d '{"verdict":"retry"}' /v1/parks/1/verdict
answers "an event that is no number" 400 invalid -d '{"verdict":"retry"}' /v1/parks/-1/verdict
head -c 70000 /dev/zero >"$tmp/large"
answers "a body too large, by its own word" 413 too_large --data-binary "@$tmp/large" "/v1/instances/$id/collect"
answers "a body too large, piece by piece" 413 too_large -H 'Transfer-Encoding: chunked' -H 'Expect:' \
	--data-binary "@$tmp/large" "/v1/instances/$id/collect"
head -c 3000000 /dev/zero >"$tmp/endless"
fails "a body without end is cut off" curl -s -m 30 -o /dev/null --unix-socket "$ostlerd_socket" -H 'Transfer-Encoding: chunked' \
	-H 'Expect:' --data-binary "@$tmp/endless" "http://ostler/v1/instances/$id/collect"
printf 'no HTTP at all\r\n\r\n' | timeout 10 curl -s -m 5 --unix-socket "$ostlerd_socket" telnet://ostler >/dev/null 2>&1
like "the reason names what would be right" "$(api GET '/v1/instances?colour=red' | jq -r .error.text)" 'known are: user function'
like "405 names the method" "$(curl -s -D - -o /dev/null -X PUT --unix-socket "$ostlerd_socket" http://ostler/v1/status)" 'Allow: GET'

is "an instance without a process" "$(collect empty)" gone
is "not waited for, it is accepted" \
	"$(curl -s -o /dev/null -w '%{http_code}' -X POST --unix-socket "$ostlerd_socket" "http://ostler/v1/instances/$id/collect")" 202
is "each member's unit is in its name" "$(of empty '[paths(numbers) | last | strings |
	select(test("(^|_)(bytes|ns|us|ms|s|share|ratio)$|^(parked|messages|count|failures|high_events|oom_events|traps|reclaim_(passes|pages))$") |
	not)] | length')" 0
ok "it still answers" ostlerd_answers
ok "and ends in order" stop_ostlerd
done_testing
