#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 400
# This host is one that Ostler can steward: cgroup v2 with what instances need, BPF, tracepoints, modules, ptys, and instances
# can be made, labelled, filled and removed.
# shellcheck source-path=SCRIPTDIR source=../common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
need_worker_host

for controller in memory cpu pids io; do
	ok "cgroup controller $controller is on" grep -qw "$controller" /sys/fs/cgroup/cgroup.subtree_control
done
is "bpffs is mounted" "$(stat -f -c %T /sys/fs/bpf)" bpf_fs
ok "tracepoints are to be seen" test -d /sys/kernel/tracing/events/signal/signal_generate
ok "the kernel has BTF" test -s /sys/kernel/btf/vmlinux
ok "pressure is measured" test -e /proc/pressure/memory
ok "the kernel takes modules" test -e /proc/modules
ok "loopback is up" bash -c 'exec 3<>/dev/udp/127.0.0.1/9'
ok "a pty can be made" script -qec true /dev/null
ok "/dev/fd works" bash -c 'cat /dev/fd/5 5</etc/hostname'
ok "/dev/stdout can be opened again" bash -c 'echo x >/dev/stdout'
ok "/tmp is writable" touch /tmp/writable

ok "an instance is made" make_instance one function-one user-one cpython
is "its function can be read back" "$(getfattr --only-values -n user.ostler.function "$(instance_path one)" 2>/dev/null)" function-one
like "its id is a number" "$(instance_id one)" '^[0-9]+$'
like "a command runs in it" "$(run_in_instance one cat /proc/self/cgroup)" '^0::/ostler-test/one$'
start_in_instance one sleep 1000
wait_for "grep -qx $last_pid '$(instance_path one)/cgroup.procs'"
is "a background command is in it" "$(cat "$(instance_path one)/cgroup.procs")" "$last_pid"
like "its memory is accounted" "$(cat "$(instance_path one)/memory.current")" '^[1-9][0-9]*$'
ok "it is removed with what runs in it" remove_instance one
fails "which is gone then" alive "$last_pid"
done_testing
