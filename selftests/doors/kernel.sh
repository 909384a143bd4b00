#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
# What is done through an instance's cgroup: memory by kind, quota and freezer, the kernel's own doors.

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

need_worker_host
need_cmd setfattr getfattr

make_instance one
dir=$(instance_path one)

# mark NAME - its text in the cgroup, nothing when there is none
mark()
{
	getfattr --only-values -n "trusted.ostler.$1" "$dir" 2>/dev/null
}

# does VERB - doorctl VERB; sets answer and status
does()
{
	status=0
	answer=$("$doorctl" "$1" "$dir" 2>&1) || status=$?
}

# ---- quota ----
does lift
is "no quota: nothing to lift" "$status $answer" "0 lift=0"
echo "5000 100000" >"$dir/cpu.max"
does lift
is "a quota is lifted" "$answer $(cat "$dir/cpu.max")" "lift=1 max 100000"
is "and remembered" "$(mark cpu_max)" "5000 100000"
does restore
is "it is put back" "$answer $(cat "$dir/cpu.max")" "restore=1 5000 100000"
is "and forgotten" "$(mark cpu_max)" ""
does restore
is "a second time there is nothing to do" "$answer" "restore=0"
does lift
echo "20000 50000" >"$dir/cpu.max"
does restore
is "a quota that somebody set meanwhile stays" "$answer $(cat "$dir/cpu.max")" "restore=0 20000 50000"
is "and the old one is forgotten" "$(mark cpu_max)" ""
setfattr -n trusted.ostler.cpu_max -v "what ever" "$dir"
echo "max 100000" >"$dir/cpu.max"
does restore
like "a mark that is no quota is told and not written" "$status $answer" "^1 .*holds no quota"
is "the quota stays" "$(cat "$dir/cpu.max")" "max 100000"
setfattr -x trusted.ostler.cpu_max "$dir"
setfattr -n trusted.ostler.cpu_max -v "7000 100000" "$dir"
echo "max 100000" >"$dir/cpu.max"
does restore
is "what a daemon that died had lifted is put back" "$answer $(cat "$dir/cpu.max")" "restore=1 7000 100000"
echo max >"$dir/cpu.max"

# ---- freezer ----
start_in_instance one sleep 1000
sleeper=$last_pid
does thaw
is "not frozen: nothing to thaw" "$answer" "thaw=0"
echo 1 >"$dir/cgroup.freeze"
wait_for "grep -q 'frozen 1' '$dir/cgroup.events'"
does thaw
is "a frozen one is thawed" "$answer $(cat "$dir/cgroup.freeze") $(mark frozen)" "thaw=1 0 1"
ok "and runs when the call returns" grep -q 'frozen 0' "$dir/cgroup.events"
does refreeze
is "it is frozen again" "$answer $(cat "$dir/cgroup.freeze") $(mark frozen)" "refreeze=1 1 "
echo 0 >"$dir/cgroup.freeze"
does refreeze
is "what was not ours stays thawed" "$answer $(cat "$dir/cgroup.freeze")" "refreeze=0 0"
echo 1 >"$instances_root/cgroup.freeze"
wait_for "grep -q 'frozen 1' '$dir/cgroup.events'"
does thaw
like "frozen from above: not ours to thaw" "$status $answer" "^1 .*frozen by a cgroup above"
echo 0 >"$instances_root/cgroup.freeze"
wait_for "grep -q 'frozen 0' '$dir/cgroup.events'"

# ---- memory by kind ----
does memory
ok "memory by kind is read" [ "$(field current)" -gt 0 ]
is "anonymous memory as the kernel says" "$(field anon)" "$(awk '$1 == "anon" { print $2 }' "$dir/memory.stat")"

# ---- page cache ----
# a file system on a device has one; what the host boots from may not
modprobe loop 2>/dev/null
truncate -s 96M "$tmp/disk"
mkdir "$tmp/mounted"
if mkfs.ext4 -q "$tmp/disk" 2>/dev/null && mount -o loop "$tmp/disk" "$tmp/mounted" 2>/dev/null; then
	at_exit "umount '$tmp/mounted'"
	run_in_instance one dd if=/dev/zero of="$tmp/mounted/file" bs=1M count=48 2>/dev/null
	sync
	before=$(awk '$1 == "file" { print $2 }' "$dir/memory.stat")
	ok "an instance with page cache ($before)" [ "$before" -gt $((40 << 20)) ]
	collect -k -b $((8 << 20)) -d kernel-reclaim -c "$dir" "$sleeper"
	is "page cache is reclaimed" "$status $(field door)" "0 kernel-reclaim"
	gone=$(field dropped_bytes)
	ok "about as much as was wanted ($gone)" [ "$gone" -gt $((6 << 20)) -a "$gone" -lt $((20 << 20)) ]
	collect -k -d kernel-reclaim -c "$dir" "$sleeper"
	after=$(awk '$1 == "file" { print $2 }' "$dir/memory.stat")
	ok "nearly all of it ($before to $after)" [ "$after" -lt $((before / 8)) ]
else
	skip "page cache is reclaimed" "needs mkfs.ext4 and loop devices"
fi
collect -c "$dir" "$sleeper"
is "not unless it is allowed" "$status" "$NO_DOOR"
collect -k -d kernel-reclaim -c /sys/kernel "$sleeper"
like "no cgroup: says what is missing" "$status $answer" "memory controller"

# ---- page-out ----
if [ -e /sys/module/zram ] || modprobe zram 2>/dev/null; then
	echo 256M >/sys/block/zram0/disksize && mkswap /dev/zram0 >/dev/null && swapon /dev/zram0 &&
		at_exit 'swapoff /dev/zram0'
fi
if grep -q zram /proc/swaps; then
	hoard=$(printf '%s\n' 'import sys' 'x = bytearray(range(250)) * 120000' \
		'print("ready", flush=True)' 'sys.stdin.readline()' 'print(sum(x))')
	start hoard /usr/bin/python3 -c "$hoard"
	collect -k -d pageout "$pid"
	is "page-out" "$status $(field door)" "0 pageout"
	ok "most of it went ($(field anon_before) to $(field anon_after))" \
		[ "$(field anon_after)" -lt $(($(field anon_before) / 4)) ]
	echo >&"${inputs[hoard]}"
	wait_for "! alive $pid" 60
	is "and it comes back whole" "$(tail -n 1 "$tmp/hoard")" $((249 * 250 * 60000))
	stop hoard
	start hoard /usr/bin/python3 -c "$hoard"
	collect -k -b 4194304 -d pageout "$pid"
	gone=$(field dropped_bytes)
	ok "no more than was wanted ($gone)" [ "$gone" -gt 2000000 -a "$gone" -le 4194304 ]
	stop hoard
else
	skip "page-out" "needs swap, and has no zram"
fi

# ---- a frozen instance with a quota, as the daemon goes about it ----
kill "$sleeper"
if command -v java >/dev/null && [ -e "$O/selftests/doors/Churn.class" ]; then
	# shellcheck disable=SC2016 # for the shell inside
	start jvm bash -c 'echo $BASHPID >"$1/cgroup.procs"; exec java -XX:+UseSerialGC -Xmx64m -cp "$0" Churn' \
		"$O/selftests/doors" "$dir"
	echo "5000 100000" >"$dir/cpu.max"
	echo 1 >"$dir/cgroup.freeze"
	wait_for "grep -q 'frozen 1' '$dir/cgroup.events'"
	collect -t 1000 "$pid"
	is "frozen, it can't answer" "$status" "$TIMEOUT"
	does thaw
	does lift
	collect -t 60000 "$pid"
	is "thawed and lifted, it collects" "$status" 0
	does refreeze
	does restore
	is "everything is as it was" "$(cat "$dir/cgroup.freeze" "$dir/cpu.max" | tr '\n' ' ')" "1 5000 100000 "
	is "no thread dump" "$(grep -c 'Full thread dump' "$tmp/jvm")" 0
	echo 0 >"$dir/cgroup.freeze"
	stop jvm
else
	skip "frozen, it can't answer" "needs java"
fi

# ---- a cgroup that is gone ----
setfattr -n trusted.ostler.cpu_max -v "7000 100000" "$dir"
exec {held}<"$dir"
remove_instance one
exits 0 "a removed one needs nothing put back" "$doorctl" restore "/proc/self/fd/$held"

done_testing
