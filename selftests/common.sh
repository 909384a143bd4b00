# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What every test script sources first:
#
#	. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
#
# It speaks TAP on stdout. Exit status: 0 all passed, 1 something failed, 4 everything was skipped. A script that ends without
# done_testing (or before its plan is fulfilled) has failed, whatever else it did. What is made here is undone at exit.
#
# Results	ok DESC [CMD...]	pass; with CMD: pass when it succeeds, its output is shown when not
#		not_ok DESC [WHY...]	fail
#		todo DESC WHY		known not to be right yet: said, not counted as a failure
#		fails DESC CMD...	pass when CMD exits non-zero by itself (a signal is no such failure)
#		exits STATUS DESC CMD...  pass when CMD exits with exactly this status
#		is DESC GOT WANTED	pass when both are the same text
#		like DESC GOT REGEX	pass when the bash regex matches
#		skip DESC WHY...	one subtest skipped
#		skip_all WHY...		nothing of this can run here: exit 4
#		diag TEXT...		a comment line
#		plan N			how many results there must be; optional
#		done_testing		the end was reached; needed without a plan
# Needs		need_root, need_worker_host (cgroup v2 with memory), need_cmd PROGRAM...,
#		need_module (this host takes modules and ours is built for it), need_ostlerd:
#		skip_all when it is not so
# Waiting	wait_for CONDITION [SECONDS]	evaluate until true, 30 s unless told; status 1 when it never was.
#		Conditions, never times: a loaded or emulated machine is slow.  alive PID: runs, and is no zombie
# Instances	make_instance NAME [FUNCTION [USER [RUNTIME]]]	a cgroup with our labels
#		instance_path NAME, instance_id NAME (cgroup id), run_in_instance NAME CMD...,
#		start_in_instance NAME CMD... (background, sets last_pid), remove_instance NAME
# Module	load_module [PARAMETER=VALUE...], unload_module, module_loaded
# Kernel log	expect_kernel_fault REGEX WHY; ...; end_kernel_fault	a fault provoked on purpose
# Daemon	start_ostlerd [SECTION.KEY=VALUE...] (waits until its socket answers; sets ostlerd_pid),
#		stop_ostlerd [SIGNAL], ctl ARGUMENT... (ostlerctl at that daemon)
# Undoing	at_exit COMMAND		evaluated at exit, last one first
# Variables	top (the tree), O (build output), tmp (private folder), instances_root, ostlerd_socket, ostlerd_log

set -uo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
O=$(realpath -m "${O:-$top/build}")
export O
instances_group=ostler-test
instances_root=/sys/fs/cgroup/$instances_group
tmp=$(mktemp -d "${TMPDIR:-/tmp}/ostler-test.XXXXXX")
ostlerd_socket=$tmp/ostlerd.sock
ostlerd_log=$tmp/ostlerd.log
ostlerd_pid=
last_pid=

results=0 failures=0 skips=0 planned=0 finished=0
exit_commands=()

# ---- results ----

diag()
{
	printf '%s\n' "$*" | sed 's/^/# /'
}

ok()
{
	local desc=$1 status=0
	shift
	if [ $# -gt 0 ]; then
		"$@" >"$tmp/output" 2>&1 || status=$?
	fi
	results=$((results + 1))
	if [ "$status" = 0 ]; then
		printf 'ok %d - %s\n' "$results" "$desc"
		return 0
	fi
	failures=$((failures + 1))
	printf 'not ok %d - %s\n' "$results" "$desc"
	diag "'$*' exited with $status"
	sed 's/^/#   /' "$tmp/output"
	return 1
}

# todo DESC WHY - what is known not to be right yet: said, and not counted as a failure
todo()
{
	results=$((results + 1))
	printf 'not ok %d - %s # TODO %s\n' "$results" "$1" "$2"
}

not_ok()
{
	results=$((results + 1)) failures=$((failures + 1))
	printf 'not ok %d - %s\n' "$results" "$1"
	shift
	[ $# = 0 ] || diag "$@"
	return 1
}

exits()
{
	local wanted=$1 desc=$2 status=0
	shift 2
	"$@" >"$tmp/output" 2>&1 || status=$?
	if [ "$status" = "$wanted" ]; then
		ok "$desc"
	else
		not_ok "$desc" "'$*' exited with $status, not $wanted; it said:"$'\n'"$(cat "$tmp/output")"
	fi
}

fails()
{
	local desc=$1 status=0
	shift
	"$@" >"$tmp/output" 2>&1 || status=$?
	if [ "$status" -gt 0 ] && [ "$status" -lt 124 ]; then
		ok "$desc"
	else
		not_ok "$desc" "'$*' exited with $status; it said:"$'\n'"$(cat "$tmp/output")"
	fi
}

is()
{
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		not_ok "$1" "got '$2', wanted '$3'"
	fi
}

like()
{
	if [[ $2 =~ $3 ]]; then
		ok "$1"
	else
		not_ok "$1" "got '$2', wanted a match of '$3'"
	fi
}

skip()
{
	results=$((results + 1)) skips=$((skips + 1))
	printf 'ok %d - %s # SKIP %s\n' "$results" "$1" "${*:2}"
}

skip_all()
{
	if [ "$results" = 0 ]; then
		printf '1..0 # SKIP %s\n' "$*"
		finished=1
		exit 4
	fi
	skip "the rest" "$@"
	done_testing
	exit
}

plan()
{
	planned=$1
	printf '1..%d\n' "$planned"
}

done_testing()
{
	finished=1
	[ "$planned" -gt 0 ] || printf '1..%d\n' "$results"
}

at_exit()
{
	exit_commands=("$1" "${exit_commands[@]}")
}

end_of_test()
{
	local status=$? command
	trap - EXIT HUP INT TERM
	if [ "$planned" -gt 0 ] && [ "$results" = "$planned" ] && [ "$status" = 0 ]; then
		finished=1
	fi
	for command in "${exit_commands[@]}"; do
		eval "$command"
	done
	remove_all_instances
	if [ "$finished" != 1 ]; then
		not_ok "reached its end" "ended early, with status $status, after $results results"
		[ "$planned" -gt 0 ] || printf '1..%d\n' "$results"
	fi
	if [ "$failures" != 0 ] && [ -s "$ostlerd_log" ]; then
		diag "ostlerd said last:"
		tail -n 40 "$ostlerd_log" | sed 's/^/#   /'
	fi
	rm -rf "$tmp"
	[ "$failures" = 0 ] || exit 1
	[ "$results" != "$skips" ] || exit 4
	exit 0
}
trap end_of_test EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# ---- needs ----

need_root()
{
	[ "$(id -u)" = 0 ] || skip_all "needs root"
}

need_worker_host()
{
	need_root
	grep -qsw memory /sys/fs/cgroup/cgroup.controllers ||
		skip_all "needs cgroup v2 with the memory controller at /sys/fs/cgroup; tools/vm run boots such a host"
}

need_cmd()
{
	local program
	for program in "$@"; do
		command -v "$program" >/dev/null || skip_all "needs the program $program"
	done
}

need_module()
{
	need_worker_host
	[ -e /proc/modules ] || skip_all "needs a kernel that takes modules; tools/vm run boots one"
	module_file=$O/kmod/$(uname -r)/ostler.ko
	[ -e "$module_file" ] || skip_all "needs $module_file: make kmod KDIR=/lib/modules/$(uname -r)/build"
}

need_ostlerd()
{
	need_worker_host
	need_cmd curl
	[ -x "$O/userspace/ostlerd" ] || skip_all "needs $O/userspace/ostlerd: make userspace"
	[ -x "$O/userspace/ostlerctl" ] || skip_all "needs $O/userspace/ostlerctl: make userspace"
}

# ---- waiting ----

# builtins only: in an emulated host on a busy machine each program that is started takes a good part of a second
exec {never_ready}<> <(:)

wait_for()
{
	local deadline
	deadline=$((${EPOCHREALTIME/[^0-9]/} + ${2:-30} * 1000000))
	until eval "$1"; do
		if [ "${EPOCHREALTIME/[^0-9]/}" -ge "$deadline" ]; then
			diag "never became true in ${2:-30} s: $1"
			return 1
		fi
		read -rt 0.05 -u "$never_ready" || true
	done
}

# All of it in one read: a process that becomes another program in between changes its name, which shifts the lines behind
# it, and the one that was wanted would be skipped.
alive()
{
	local stat=
	read -rd '' stat 2>/dev/null <"/proc/$1/stat" || true
	[[ ${stat##*\)} = ' '[!ZX]' '* ]]
}

# ---- instances ----

instance_path()
{
	printf '%s/%s\n' "$instances_root" "$1"
}

instance_id()
{
	stat -c %i "$instances_root/$1"
}

make_instance()
{
	local dir=$instances_root/$1
	need_cmd setfattr
	mkdir -p "$instances_root" || return 1
	echo "+memory +cpu +pids" >"$instances_root/cgroup.subtree_control" || return 1
	mkdir -p "$dir" || return 1
	setfattr -n user.ostler.function -v "${2:-$1}" "$dir" || return 1
	setfattr -n user.ostler.user -v "${3:-test}" "$dir" || return 1
	[ $# -lt 4 ] || setfattr -n user.ostler.runtime -v "$4" "$dir"
}

run_in_instance()
{
	local dir=$instances_root/$1
	shift
	(echo "$BASHPID" >"$dir/cgroup.procs" && exec "$@")
}

start_in_instance()
{
	local dir=$instances_root/$1
	shift
	(echo "$BASHPID" >"$dir/cgroup.procs" && exec "$@") &
	# shellcheck disable=SC2034 # for the test
	last_pid=$!
}

remove_instance()
{
	local dir=$instances_root/$1 nested
	[ -d "$dir" ] || return 0
	echo 1 >"$dir/cgroup.kill"
	wait_for "grep -qx 'populated 0' '$dir/cgroup.events'" || return 1
	find "$dir" -mindepth 1 -depth -type d | while read -r nested; do rmdir "$nested"; done
	rmdir "$dir"
}

remove_all_instances()
{
	local dir
	[ -d "$instances_root" ] && [ "$(id -u)" = 0 ] || return 0
	for dir in "$instances_root"/*/; do
		[ ! -d "$dir" ] || remove_instance "$(basename "$dir")"
	done
	rmdir "$instances_root" 2>/dev/null || true
}

# ---- kernel module and log ----

module_loaded()
{
	grep -q '^ostler ' /proc/modules
}

load_module()
{
	need_module
	! module_loaded || unload_module || return 1
	at_exit 'module_loaded && unload_module'
	insmod "$module_file" "$@"
}

# the last user of the module may be on its way out still: a socket or a parked task
unload_module()
{
	wait_for "! module_loaded || rmmod ostler 2>'$tmp/rmmod'" && return 0
	diag "rmmod ostler: $(cat "$tmp/rmmod")"
	return 1
}

expect_kernel_fault()
{
	printf 'ostler-test: fault-expected: %s\n' "$1" >/dev/kmsg
	diag "provokes a kernel log line on purpose: ${2:-}"
}

end_kernel_fault()
{
	echo "ostler-test: fault-over" >/dev/kmsg
}

# ---- daemon ----

ctl()
{
	"$O/userspace/ostlerctl" --socket "$ostlerd_socket" "$@"
}

ostlerd_answers()
{
	curl -sf -m 5 --unix-socket "$ostlerd_socket" http://ostler/v1/status >/dev/null
}

# write_config SECTION.KEY=VALUE... - as an ini file; of a key given twice the last value counts
write_config()
{
	local assignment key
	local -A values=()
	for assignment in "$@"; do
		values[${assignment%%=*}]=${assignment#*=}
	done
	for key in "${!values[@]}"; do
		printf '[%s]\n%s = %s\n' "${key%%.*}" "${key#*.}" "${values[$key]}"
	done
}

start_ostlerd()
{
	need_ostlerd
	write_config "host.instances=$instances_group/*" "api.socket=$ostlerd_socket" \
		"store.path=$tmp/ostler.db" "collect.agent_socket=$tmp/agent.sock" \
		"collect.agent_library=$O/userspace/agent/libostler-agent.so" "$@" >"$tmp/ostler.conf"
	"$O/userspace/ostlerd" --config "$tmp/ostler.conf" >>"$ostlerd_log" 2>&1 &
	ostlerd_pid=$!
	at_exit stop_ostlerd
	if ! wait_for "ostlerd_answers || ! alive $ostlerd_pid" 30 || ! ostlerd_answers; then
		diag "ostlerd does not answer at $ostlerd_socket; it said:"
		sed 's/^/#   /' "$ostlerd_log"
		return 1
	fi
}

# stop_ostlerd [SIGNAL] - returns its exit status
stop_ostlerd()
{
	local status=0
	[ -n "$ostlerd_pid" ] || return 0
	kill "-${1:-TERM}" "$ostlerd_pid" 2>/dev/null || true
	wait_for "! alive $ostlerd_pid" 15 || kill -KILL "$ostlerd_pid"
	wait "$ostlerd_pid" 2>/dev/null || status=$?
	ostlerd_pid=
	return "$status"
}
