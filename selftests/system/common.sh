# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What the tests of the whole daemon share, over selftests/common.sh.
#
#	start_daemon [SECTION.KEY=VALUE...]	start_ostlerd with quick settings; those given go over them
#	kill_daemon			as a crash does
#	api METHOD PATH [BODY]		print the answer, whatever its status
#	get PATH FILTER			the answer through jq -r
#	of NAME FILTER			the same of one instance (instance_path NAME)
#	collect NAME			ask for a collection and wait for its end; prints its status
#	collected NAME [STATUS]		has a collection ended so (default done)?
#	start_function NAME FUNCTION [MODE]	a function of selftests/functions as the instance NAME, collector preloaded;
#					sets last_pid; port_of[NAME] is where it serves. NO_AGENT=1: nothing preloaded
#	need_trapping_function [FUNCTION...]	need_function, and one that meets an instruction that this host lacks: sets
#					trapping, its name, and lacks, a regular expression of the feature
#	wait_ready NAME...		until they serve
#	request NAME [COUNT [FIRST_SEED]]	requests one after the other; sets REPLY
#	is_frozen, marks		of the instance whose directory is $dir: is it? what is noted there to be put back
#	degraded PART			what status says is missing of it
#	said REGEX			has the daemon logged it?

# shellcheck disable=SC2016,SC2119 # wait_for evaluates its condition; stop_ostlerd's signal is optional
# shellcheck source-path=SCRIPTDIR source=../common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
# shellcheck source-path=SCRIPTDIR source=../functions/invoke
. "$top/selftests/functions/invoke"

declare -A port_of=()
next_port=21000

# a daemon, its functions and this test share an emulated host: what takes a moment elsewhere takes long here
eval "patient_$(declare -f wait_for)"
wait_for()
{
	patient_wait_for "$1" "${2:-60}"
}

need_system()
{
	need_ostlerd
	need_cmd jq curl setfattr
}

# need_function FUNCTION...
need_function()
{
	local function available
	available=$("$top/selftests/functions/launch" -l)
	for function in "$@"; do
		grep -qx "$function" <<<"$available" || skip_all "function $function can't run here: see functions.tsv"
	done
}

# its first VEX instruction may be one of AVX still, as the compiler pleases
need_trapping_function()
{
	trapping=c-avx2hash lacks='avx2?'
	# shellcheck disable=SC2034 # for the tests
	! grep -qw avx2 /proc/cpuinfo || trapping=c-xophash lacks=xop
	! grep -qw xop /proc/cpuinfo || skip_all "needs a processor without AVX2 or without XOP: tools/vm run boots such a host"
	need_function "$trapping" "$@"
}

is_frozen()
{
	grep -qx "frozen 1" "$dir/cgroup.events"
}

marks()
{
	getfattr -d -m '^trusted.ostler' "$dir" 2>/dev/null
}

start_daemon()
{
	# a loaded, emulated host is slow to answer, and always busy
	start_ostlerd host.sample_ms=200 collect.idle_ms=1500 collect.garbage_min=1M collect.garbage_min_share=0.05 \
		collect.interval_ms=600000 collect.settle_ms=200 collect.timeout_ms=60000 collect.busy_max=1 \
		store.interval_ms=200 log.level=debug "$@"
}

kill_daemon()
{
	kill -KILL "$ostlerd_pid"
	wait "$ostlerd_pid" 2>/dev/null
	ostlerd_pid=
}

api()
{
	local body=()
	[ $# -lt 3 ] || body=(-H 'Content-Type: application/json' --data "$3")
	curl -s -m 150 --unix-socket "$ostlerd_socket" -X "$1" "${body[@]}" "http://ostler$2"
}

get()
{
	api GET "$1" | jq -r "$2"
}

of()
{
	get "/v1/instances/$(instance_id "$1")" "$2"
}

collect()
{
	api POST "/v1/instances/$(instance_id "$1")/collect" '{"wait":true}' | jq -r '.last_collection.status // .error'
}

collected()
{
	[ "$(of "$1" .last_collection.status)" = "${2:-done}" ]
}

start_function()
{
	make_instance "$1" "$2"
	[ $# -lt 3 ] || setfattr -n user.ostler.mode -v "$3" "$(instance_path "$1")"
	port_of[$1]=$((++next_port))
	local environment=(OSTLER_AGENT_SOCKET="$tmp/agent.sock")
	[ -n "${NO_AGENT:-}" ] || environment+=(OSTLER_AGENT_SO="$O/userspace/agent/libostler-agent.so")
	start_in_instance "$1" env "${environment[@]}" "$top/selftests/functions/launch" "$2" "${port_of[$1]}" \
		>"$tmp/$1.log" 2>&1
}

wait_ready()
{
	local name
	for name in "$@"; do
		function_wait_ready "${port_of[$name]}" 90 || { diag "$name doesn't serve: $(tail -n 3 "$tmp/$name.log")"; return 1; }
	done
}

request()
{
	local seed first=${3:-1}
	for ((seed = first; seed < first + ${2:-1}; seed++)); do
		function_invoke "${port_of[$1]}" "$seed" || { diag "request $seed to $1 failed: ${REPLY:-no answer}"; return 1; }
	done
}

degraded()
{
	get /v1/status ".degraded[] | select(.part == \"$1\") | .text"
}

said()
{
	grep -q -- "$1" "$ostlerd_log"
}
