#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 400
# What a kernel or a host lacks costs what needs it and no more, and one line says so. Runs on any kernel with BPF.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
need_root
[ -x "$probectl" ] || skip_all "needs $probectl: make selftests"
need_cmd unshare setpriv

# mounts of its own: what is missing here is missing nowhere else
if [ -z "${OSTLER_TEST_UNSHARED:-}" ]; then
	OSTLER_TEST_UNSHARED=1 unshare -m "$0"
	status=$?
	finished=1
	[ $status = 0 ] || failures=1
	exit $status
fi
mkdir -p "$tmp/bpf"
mount -t bpf bpf "$tmp/bpf" || skip_all "needs a kernel with BPF"
at_exit "umount $tmp/bpf"

# try ARGUMENT... - load, print status, unload; sets said
try()
{
	said=$(printf 'status\nclose\n' | "$probectl" --debug "$@" 2>"$tmp/log")
}

try --pin "$tmp/bpf/ostler" --btf /nonexistent/vmlinux
like "no BTF: nothing of BPF, and what works without" "$said" \
	"error 95 probes: no /nonexistent/vmlinux: the kernel needs CONFIG_DEBUG_INFO_BTF; the daemon goes on without probes: .*"
try --pin "$tmp/bpf/ostler" --ring 5000
like "a ring of no power of two" "$said" "error 22 probes: ring_bytes is 5000: a power of two from 4096 on is right"
try --pin "$tmp/bpf/ostler" --instances 0
like "no instances" "$said" "error 22 probes: instances_max is 0: 1 to [0-9]* are right"

mkdir "$tmp/plain"
try --pin "$tmp/plain/ostler"
like "a pin folder that is on no bpffs costs the pins" "$said" "pins missing use $tmp/plain/ostler: not on a bpffs"
like "and only those" "$said" "signal have"
ok "the folder is not left behind" [ ! -e "$tmp/plain/ostler" ]
is "one line says so" "$(grep -c 'no pins' "$tmp/log")" 1

if mountpoint -q /sys/kernel/tracing; then
	umount /sys/kernel/tracing
	! mountpoint -q /sys/kernel/debug || umount /sys/kernel/debug
fi
try --pin "$tmp/bpf/ostler"
like "without tracefs no reclaim" "$said" "reclaim missing attach .*no tracefs: mount -t tracefs tracefs /sys/kernel/tracing"
like "but the rest" "$said" "signal have"
mount -t tracefs tracefs /sys/kernel/tracing
at_exit "umount /sys/kernel/tracing"
try --pin "$tmp/bpf/ostler"
like "with it, reclaim" "$said" "reclaim have"
like "without the module its tracepoints are missed, in words" "$said" \
	"module missing .*the module ostler is not loaded.*counted by their SIGILL"
if grep -q "release have" <<<"$said"; then
	like "with trampolines, what needs them" "$said" "target have"
	is "mandatory or not, nothing else is missing but the module and what needs a root" \
		"$(grep missing <<<"$said" | cut -d' ' -f1 | xargs)" "module demand sample"
else
	like "without trampolines what needs them is missing, in words" "$said" \
		"release missing .*no BPF trampolines.*samples still show"
	like "and so is the other" "$said" "target missing .*no BPF trampolines"
fi

said=$(setpriv --bounding-set -bpf,-perfmon,-sys_admin --inh-caps -bpf,-perfmon,-sys_admin \
	"$probectl" --pin "$tmp/bpf/ostler" </dev/null 2>"$tmp/log")
like "without the capabilities nothing loads, and they are named" "$said" \
	"error 1 probes: load: not permitted, CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN are needed"
done_testing
