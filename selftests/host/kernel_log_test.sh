#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Which kernel log lines fail a run: one of each kind that a kernel prints when it is unwell, and lines that look like it.
# shellcheck source-path=SCRIPTDIR source=../common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
# shellcheck source-path=SCRIPTDIR source=../../tools/lib.sh
. "$top/tools/lib.sh"

refused()
{
	! printf '[    1.000000] %s\r\n' "$@" | kernel_log_faults /dev/stdin >/dev/null
}

while IFS= read -r line; do
	ok "refuses: $line" refused "$line"
done <<'LINES'
WARNING: CPU: 1 PID: 77 at kernel/workqueue.c:1 worker_thread+0x1/0x2
WARNING: possible circular locking dependency detected
WARNING: possible recursive locking detected
WARNING: suspicious RCU usage
WARNING: inconsistent lock state
BUG: kernel NULL pointer dereference, address: 0000000000000010
BUG: KASAN: slab-out-of-bounds in f+0x1/0x2
BUG: sleeping function called from invalid context at mm/slab.h:1
BUG: unable to handle page fault for address: ffff888000000000
watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [a:1]
Oops: 0002 [#1] PREEMPT SMP PTI
invalid opcode: 0000 [#1] PREEMPT SMP NOPTI
general protection fault, probably for non-canonical address 0xdead000000000100: 0000 [#1] SMP
INFO: task rmmod:123 blocked for more than 60 seconds.
rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:
INFO: trying to register non-static key.
list_del corruption. prev->next should be ffff, but was 0
refcount_t: underflow; use-after-free.
UBSAN: array-index-out-of-bounds in a.c:1:2
Kernel panic - not syncing: sysrq triggered crash
LINES

while IFS= read -r line; do
	fails "lets pass: $line" refused "$line"
done <<'LINES'
ostler: loading out-of-tree module taints kernel.
ostler: module verification failed: signature and/or required key missing - tainting kernel
traps: a.out[77] trap invalid opcode ip:401000 sp:7ffc0 error:0 in a.out[401000+1000]
traps: a.out[77] general protection fault ip:401000 sp:7ffc0 error:0 in a.out[401000+1000]
a.out[77]: segfault at 0 ip 0000000000401000 sp 00007ffc error 4 in a.out
Memory cgroup out of memory: Killed process 77 (a.out)
AMD-Vi: AMD IOMMUv2 functionality not available on this system - This is not a bug.
LINES

expected_and_over()
{
	printf '%s\n' "ostler-test: fault-expected: at kernel/a.c:1 " "$1" "ostler-test: fault-over" "${@:2}" |
		kernel_log_faults /dev/stdin
}
ok "a fault that a test announced passes" expected_and_over "WARNING: CPU: 1 PID: 7 at kernel/a.c:1 f+0x1/0x2"
fails "another one at that time does not" expected_and_over "WARNING: CPU: 1 PID: 7 at kernel/b.c:1 f+0x1/0x2"
fails "nor the same one afterwards" expected_and_over "quiet" "WARNING: CPU: 1 PID: 7 at kernel/a.c:1 f+0x1/0x2"
done_testing
