#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 300
# The attach door on real JVMs: every collector, those that can't be attached to, one in namespaces of its own.

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

need_root
need_cmd java javac unshare setpriv
# where other users can read them, wherever the tree lies
classes=$tmp/classes
chmod 755 "$tmp"
mkdir -m 755 "$classes"
cp "$O"/selftests/doors/*.class "$classes" && chmod 644 "$classes"/*.class
cp "$agent" "$tmp/${agent##*/}" && chmod 644 "$tmp/${agent##*/}"
agent=$tmp/${agent##*/}
socket=$tmp/agent.sock
heap=(-Xms160m -Xmx200m)

# gave_back SHARE - anonymous memory after is at most that share of before, in percent
gave_back()
{
	[ "$(field anon_after)" -le $(($(field anon_before) * $1 / 100)) ]
}

for java in java /usr/lib/jvm/temurin-25-jdk-amd64/bin/java; do
	command -v "$java" >/dev/null || continue
	for gc in Serial Parallel G1; do
		name="$gc, JDK $("$java" --version | awk 'NR == 1 { print $2 }')"
		start jvm "$java" -XX:+Use${gc}GC "${heap[@]}" -cp "$classes" Churn || continue
		collect "$pid"
		is "$name: GC.run by attaching" "$status $(field door) $(field jvm_gc)" "0 jvm-attach ${gc,,}"
		collect -s "$socket" -a "$agent" "$pid"
		is "$name: loads the collector" "$status $(field door) $(field runtime)" "0 jvm-attach jvm"
		# G1 keeps a few young regions: how many varies from run to run
		[ "$gc" = G1 ] && share=70 || share=65
		ok "$name: memory comes back ($(field anon_before) to $(field anon_after))" gave_back $share
		show "$pid"
		is "$name: which is there from now on" "$(field agent_loaded)" 1
		collect -s "$socket" -a "$agent" "$pid"
		is "$name: and is used the next time" "$status $(field door)" "0 agent"
		ok "$name: the JVM lives" alive "$pid"
		is "$name: no thread dump in its output" "$(grep -c 'Full thread dump' "$tmp/jvm")" 0
		stop jvm
	done
done

# with the capabilities that the daemon keeps, and as another user's
start jvm setpriv --reuid=65534 --regid=65534 --clear-groups java -XX:+UseSerialGC "${heap[@]}" -cp "$classes" Churn
kept=-all,+sys_admin,+sys_ptrace,+kill,+setuid,+setgid,+dac_override
status=0
answer=$(setpriv --no-new-privs --inh-caps=-all --bounding-set="$kept" \
	"$doorctl" collect -s "$socket" -a "$agent" "$pid" 2>&1) || status=$?
is "another user's, with few capabilities" "$status $(field door) $(field runtime)" "0 jvm-attach jvm"
ok "another user's: memory comes back ($(field anon_before) to $(field anon_after))" gave_back 65
stop jvm

# refuses NAME REGEX JAVA-OPTION...
refuses()
{
	local name=$1 why=$2
	shift 2
	start jvm java -XX:+UseSerialGC "$@" "${heap[@]}" -cp "$classes" Churn || return
	collect "$pid"
	like "$name: no door, and why" "$status $answer" "^$NO_DOOR .*$why"
	collect -d jvm-attach "$pid"
	is "$name: refused when tried all the same" "$status" "$REFUSED"
	is "$name: no thread dump" "$(grep -c 'Full thread dump' "$tmp/jvm")" 0
	ok "$name: it lives" alive "$pid"
	stop jvm
}

refuses "DisableAttachMechanism" "DisableAttachMechanism" -XX:+DisableAttachMechanism
refuses "no performance data" "UsePerfData" -XX:-UsePerfData

# these listen already, so no signal is needed and none is sent: -Xrs does not catch it
for option in -Xrs "-XX:-UsePerfData -XX:+StartAttachListener"; do
	# shellcheck disable=SC2086 # two words
	start jvm java -XX:+UseSerialGC $option "${heap[@]}" -cp "$classes" Churn
	collect "$pid"
	is "$option: it listens already" "$status $(field door)" "0 jvm-attach"
	ok "$option: it lives" alive "$pid"
	stop jvm
done

# -Xrs whose socket was removed: asking by signal would end it
start jvm java -XX:+UseSerialGC -Xrs "${heap[@]}" -cp "$classes" Churn
rm "/tmp/.java_pid$pid"
collect "$pid"
like "-Xrs, without its socket: no door, and why" "$status $answer" "^$NO_DOOR .*SIGQUIT"
collect -d jvm-attach "$pid"
is "-Xrs, without its socket: refused when tried all the same" "$status" "$REFUSED"
ok "-Xrs, without its socket: it lives" alive "$pid"
stop jvm

# a library that can't be loaded: GC.run instead, and the reason
start jvm java -XX:+UseSerialGC "${heap[@]}" -cp "$classes" Churn
collect -s "$socket" -a "$tmp/nonexistent.so" "$pid"
like "a library that is not there" "$status $(field detail)" "^0 GC.run only: .*can't be opened"
echo "no library" >"$tmp/none.so"
collect -s "$socket" -a "$tmp/none.so" "$pid"
like "a library that is none" "$status $(field detail)" "^0 GC.run only: .*can't load"
stop jvm

# stopped, it can't answer; what it was sent still means the same when it goes on
start jvm java -XX:+UseSerialGC "${heap[@]}" -cp "$classes" Churn
kill -STOP "$pid"
collect -t 400 "$pid"
is "a stopped JVM: time-out" "$status" "$TIMEOUT"
ok "a stopped JVM: by the deadline ($(field took_ms) ms)" [ "$(field took_ms)" -lt 2500 ]
kill -CONT "$pid"
ok "goes on: it listens" wait_for "[ -S /tmp/.java_pid$pid ]"
is "goes on: no thread dump" "$(grep -c 'Full thread dump' "$tmp/jvm")" 0
collect "$pid"
is "goes on: collected" "$status" 0
is "nothing left behind" "$(find /tmp -maxdepth 1 -name ".attach_pid$pid")" ""
stop jvm

# what stands in the way of the trigger file is neither opened nor followed
start jvm java -XX:+UseSerialGC "${heap[@]}" -cp "$classes" Churn
mkfifo "/tmp/.attach_pid$pid"
at_exit "rm -f /tmp/.attach_pid$pid"
collect "$pid"
is "a FIFO in place of the trigger file" "$status" 0
stop jvm
start jvm java -XX:+UseSerialGC "${heap[@]}" -cp "$classes" Churn
echo precious >"$tmp/precious"
ln -s "$tmp/precious" "/tmp/.attach_pid$pid"
at_exit "rm -f /tmp/.attach_pid$pid"
collect "$pid"
is "a symbolic link in its place" "$status $(cat "$tmp/precious")" "0 precious"
stop jvm

# other mounts, another pid namespace, another user: meets it in its own /tmp
cat >"$tmp/inside" <<'INSIDE'
mount -t tmpfs -o mode=1777 tmpfs /mnt
cp "$2"/*.class /mnt/
mount --move /mnt /tmp
mount -t proc proc /proc
exec setpriv --reuid=65534 --regid=65534 --clear-groups "$1" -XX:+UseSerialGC -Xms160m -Xmx200m -cp /tmp Churn
INSIDE
start guest unshare --mount --pid --fork --kill-child bash "$tmp/inside" "$(command -v java)" "$classes"
pid=$(pgrep -P "$pid")
show "$pid"
is "in namespaces: recognised" "$(field runtime) $(field nspid) $(field euid) $(field contained) $(field jvm_attach)" \
	"jvm 1 65534 1 1"
collect "$pid"
is "in namespaces: GC.run" "$status $(field door)" "0 jvm-attach"
collect -s "$socket" -a "$agent" "$pid"
is "in namespaces: the collector" "$status $(field door) $(field runtime)" "0 jvm-attach jvm"
ok "in namespaces: memory comes back ($(field anon_before) to $(field anon_after))" gave_back 65
is "in namespaces: nothing left behind" "$(find "/proc/$pid/root/tmp" -maxdepth 1 -name '.ostler*' -o -maxdepth 1 -name '.attach*')" ""
show "$pid"
is "in namespaces: it is there from now on" "$(field agent_loaded)" 1
collect -s "$socket" -a "$agent" "$pid"
is "in namespaces: and is used the next time" "$status $(field door)" "0 agent"
is "in namespaces: again nothing left behind" "$(find "/proc/$pid/root/tmp" -maxdepth 1 -name '.ostler*')" ""
stop guest

# a user namespace of its own: it takes itself for root, and us for its own user
cat >"$tmp/inside" <<'INSIDE'
mount -t tmpfs -o mode=1777 tmpfs /mnt
cp "$2"/*.class /mnt/
mount --move /mnt /tmp
exec setpriv --reuid=65534 --regid=65534 --clear-groups unshare --user --map-root-user --fork --kill-child \
	"$1" -XX:+UseSerialGC -Xms160m -Xmx200m -cp /tmp Churn
INSIDE
if setpriv --reuid=65534 --regid=65534 --clear-groups unshare --user true 2>"$tmp/userns"; then
	start guest unshare --mount bash "$tmp/inside" "$(command -v java)" "$classes"
	pid=$(pgrep -P "$pid")
	show "$pid"
	is "in a user namespace: recognised" "$(field runtime) $(field euid) $(field jvm_attach)" "jvm 65534 1"
	collect -s "$socket" -a "$agent" "$pid"
	is "in a user namespace: the collector" "$status $(field door) $(field runtime)" "0 jvm-attach jvm"
	ok "in a user namespace: memory comes back ($(field anon_before) to $(field anon_after))" gave_back 65
	collect -s "$socket" -a "$agent" "$pid"
	is "in a user namespace: and again" "$status $(field door)" "0 agent"
	stop guest
else
	skip "in a user namespace" "$(cat "$tmp/userns")"
fi

# a /tmp that is a link, to what is one of our folders, leads nowhere but into its own file system
cat >"$tmp/inside" <<'INSIDE'
mount -t tmpfs tmpfs /mnt
mkdir -p /mnt/usr /mnt/lib /mnt/lib64 /mnt/proc /mnt/etc /mnt/bin /mnt/classes "/mnt$3"
for folder in usr lib lib64 proc etc bin; do mount --rbind "/$folder" "/mnt/$folder"; done
cp "$2"/*.class /mnt/classes
ln -s "$3" /mnt/tmp
exec chroot /mnt "$1" -XX:+UseSerialGC -Xms160m -Xmx200m -cp /classes Churn
INSIDE
bait=$(mktemp -d -p /var/tmp)
at_exit "rmdir $bait"
start guest unshare --mount --kill-child --fork bash "$tmp/inside" "$(command -v java)" "$classes" "$bait"
pid=$(pgrep -P "$pid")
collect -s "$socket" -a "$agent" "$pid"
is "behind a linked /tmp: collected" "$status $(field door) $(field detail | cut -c 1-4)" "0 jvm-attach jvm:"
is "behind a linked /tmp: nothing was made on our side" "$(find "$bait" -mindepth 1)" ""
stop guest

done_testing
