#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 300
# tools/vm passes a command's status and output, and takes no panic, fault or hang for success. Two hosts meet on a network.
#
#   this machine ── tools/vm ── first  (eth0 10.77.0.1) ─┐
#              └── tools/vm ── second (eth0 10.77.0.2) ─┴─ multicast group on the loopback device
# shellcheck source-path=SCRIPTDIR source=../common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
need_cmd qemu-system-x86_64 cpio modprobe busybox
[ -n "$("$top/tools/vm" kernels)" ] || skip_all "needs a kernel in /boot; the Debian package is linux-image-amd64"

# boot NAME OPTION... - in the background; status and output in files of that name
boot()
{
	local name=$1
	shift
	{
		status=0
		"$top/tools/vm" run --name "$name" --log "$tmp/$name.log" "$@" >"$tmp/$name.out" 2>"$tmp/$name.err" || status=$?
		echo "$status" >"$tmp/$name.status"
	} &
}

# ended NAME STATUS DESC - the run ended with that status
ended()
{
	local got
	got=$(cat "$tmp/$1.status" 2>/dev/null)
	is "$3" "$got" "$2" || diag "$(cat "$tmp/$1.out" "$tmp/$1.err")"
}

# qemu_of NAME - that run's QEMU is there (the brackets keep grep from finding itself)
qemu_of()
{
	# whatever else ends meanwhile makes grep fail, whether it found something or not
	[ -n "$(grep -laE "[q]emu-system.*$tmp/$1\.log" /proc/[0-9]*/cmdline 2>/dev/null)" ]
}

# The two hosts wait for each other: the one that is done first stays until the other has said so.
cat >"$tmp/meet" <<'MEET'
set -e
for ((try = 0; try < 60; try++)); do
	busybox ping -c 1 -W 1 "$1" && break
	sleep 0.5
done
busybox ping -c 1 -W 5 "$1"
touch /run/share/$HOSTNAME-met
for ((try = 0; try < 300; try++)); do
	[ ! -e "/run/share/$2-met" ] || exit 7
	sleep 0.1
done
exit 1
MEET
mkdir "$tmp/share"
cp "$tmp/meet" "$tmp/share/meet"

net=test-$$
boot first --net $net --ip 10.77.0.1/24 --share "$tmp/share" -- bash /run/share/meet 10.77.0.2 second
boot second --net $net --ip 10.77.0.2/24 --share "$tmp/share" -- bash /run/share/meet 10.77.0.1 first
wait
ended first 7 "a command's exit status comes out, and the first host met the second"
ended second 7 "the second met the first"
like "so does its output" "$(cat "$tmp/first.out")" "64 bytes from 10\.77\.0\.2"
like "and the kernel log is kept where --log says" "$(cat "$tmp/first.log")" "Linux version"

boot panics -- bash -c 'echo before; echo before >&2; echo c >/proc/sysrq-trigger; sleep 5; exit 0'
boot warns -- bash -c 'echo "WARNING: planted" >/dev/kmsg; exit 0'
wait
ended panics 125 "a host that panics fails"
is "with what was said before on stdout" "$(cat "$tmp/panics.out")" before
like "and the panic on stderr" "$(cat "$tmp/panics.err")" "sysrq triggered crash"
ended warns 125 "a WARNING in the kernel log fails a command that succeeded"
like "and is shown" "$(cat "$tmp/warns.err")" "WARNING: planted"

boot hangs -t 15 -- bash -c 'trap "" TERM; while :; do sleep 1; done'
boot powers-off -- busybox poweroff -f
wait
ended hangs 124 "a host that hangs is ended"
like "and the message says so" "$(cat "$tmp/hangs.err")" "no end after 15 s"
fails "its QEMU is gone" qemu_of hangs

"$top/tools/vm" run --log "$tmp/ended.log" -- sleep 100 2>"$tmp/ended.err" &
vm_pid=$!
wait_for "grep -qs 'Linux version' '$tmp/ended.log'" 60
ok "a running host has a QEMU" qemu_of ended
kill $vm_pid
exits 143 "tools/vm ends when it is told to" wait $vm_pid
fails "and so does its QEMU" qemu_of ended
ended powers-off 125 "a host that is switched off by its command, without a result, fails"
fails "an unknown kernel is refused" "$top/tools/vm" run -k 1.2 -- true
fails "so is an unknown option" "$top/tools/vm" run --nonsense 1 -- true
fails "and no command" "$top/tools/vm" run
done_testing
