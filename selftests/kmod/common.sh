# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What the module's tests share, over selftests/common.sh.
#
#	need_kmod [PARAMETER=VALUE...]	load the module, or skip everything
#	park_instance NAME [park_ms=N] [skip_max=N]	an instance in mode PARK; sets id
#	start_manager [GRACE_MS [VERDICT]]	in the background; notifications go to $notes; sets manager_pid
#	start_task NAME ARGUMENT...	task in an instance; its output goes to $said, sets last_pid
#	parked PID...	each of these threads is parked		count_parks ID
#	wait_parked PID	until it is parked; then field KEY gives what the module says of it, event and ip are set
#	field KEY [LINE...]	the value of KEY=VALUE in the line that park_of or get printed last ($line)
#	stat_of ID KEY		one counter of an instance
#	ends DESC PID STATUS	pass when the task ends with this exit status

# shellcheck source-path=SCRIPTDIR source=../common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

programs=$O/selftests/kmod
notes=$tmp/notes
said=$tmp/said
line='' event='' ip='' id=''
manager_pid=''

OBSERVE=1 PARK=2
# shellcheck disable=SC2034 # for the tests
readonly OBSERVE PARK

need_kmod()
{
	need_module
	[ -x "$programs/parkctl" ] || skip_all "needs $programs/parkctl: make selftests"
	# in memory: this machine's own files may be far away
	if [ "$programs" = "$O/selftests/kmod" ]; then
		cp "$programs"/{parkctl,task,task32,stress} "$tmp/"
		programs=$tmp
	fi
	load_module "$@" || { not_ok "the module loads"; done_testing; exit; }
}

parkctl()
{
	"$programs/parkctl" "$@"
}

park_instance()
{
	make_instance "$1"
	id=$(instance_id "$1")
	parkctl set "$id" mode=$PARK "${@:2}"
}

start_manager()
{
	: >"$notes"
	"$programs/parkctl" manager "${1:-10000}" "${@:2}" >>"$notes" 2>&1 &
	manager_pid=$!
	at_exit "kill $manager_pid 2>/dev/null"
	wait_for "grep -q '^manager' '$notes' || ! alive $manager_pid"
	grep -q '^manager' "$notes"
}

# stop_manager SIGNAL
stop_manager()
{
	kill "-$1" "$manager_pid"
	wait "$manager_pid" 2>/dev/null
}

start_task()
{
	local name=$1
	shift
	: >"$said"
	start_in_instance "$name" "$programs/task" "$@" >>"$said" 2>&1
}

park_of()
{
	while read -r line; do
		[[ $line != *" pid=$1 "* ]] || return 0
	done < <(parkctl parks)
	line=
	return 1
}

parked()
{
	local pid
	for pid in "$@"; do
		park_of "$pid" || return 1
	done
}

count_parks()
{
	local lines
	mapfile -t lines < <(parkctl parks "$@")
	printf '%s\n' "${#lines[@]}"
}

field()
{
	local text=" ${*:2}"
	[ $# -gt 1 ] || text=" $line"
	[[ $text =~ [[:space:]]$1=([^[:space:]]*) ]] && printf '%s\n' "${BASH_REMATCH[1]}"
}

wait_parked()
{
	wait_for "parked $1" || { diag "task said: $(cat "$said")"; return 1; }
	# shellcheck disable=SC2034 # for the test
	event=$(field event) ip=$(field ip)
}

stat_of()
{
	field "$2" "$(parkctl get "$1")"
}

# ends DESC PID STATUS - pass when the task ends with this exit status
ends()
{
	local status=0
	wait_for "! alive $2" 60
	wait "$2" 2>/dev/null || status=$?
	is "$1" "$status" "$3" || diag "it said: $(cat "$said")"
}

# ended EVENT HOW - the manager was told that this park ended so
ended()
{
	wait_for "grep -q '^end event=$1 .* end=$2$' '$notes'" ||
		{ diag "the manager was told:"; sed 's/^/#   /' "$notes"; return 1; }
}
