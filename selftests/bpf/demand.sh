#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 400
# Demand: messages are counted for the side they reach.
#
#   instance a, or a/inner           instance b
#   load serve  <--- N messages ---  load send
#               ---- N answers --->
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
need_probes

start_probes || { not_ok "the probes load" "$probes_said"; done_testing; exit; }
watched a
a=$id
watched b
b=$id
is "before they are attached nothing is demanded" "$(ask attach "$instances_root")" ""
ok "the demand probe works" have demand

# talk CGROUP KIND N BYTES - N messages from b to a server in that cgroup
talk()
{
	local server
	: >"$tmp/port"
	(echo $BASHPID >"$instances_root/$1/cgroup.procs" && exec "$load" serve "$2" "$3" "$4" >"$tmp/port") &
	server=$!
	wait_for "grep -q port '$tmp/port'"
	run_in_instance b "$load" send "$2" "$(sed 's/port //' "$tmp/port")" "$3" "$4"
	wait "$server"
}

# seen_twice - how often TCP may have shown a segment twice so far, as busy emulated hosts have it: sent again since its
# answer came late (RetransSegs), or, when the end of the handshake and the first message are received on two processors at
# once, given to a second lookup since the other made the connection: both made one then (PassiveOpens beyond ActiveOpens).
seen_twice()
{
	awk '/^Tcp:/ && !names { names = split($0, name); next }
		/^Tcp:/ { for (i in name) n[name[i]] = $i; print n["RetransSegs"] + n["PassiveOpens"] - n["ActiveOpens"] }' \
		/proc/net/snmp
}
seen_twice_before=$(seen_twice)

# heard DESC ID MESSAGES BYTES - so many, of so many bytes each, have reached an instance
heard()
{
	local got bytes extra
	got=$(counter "$2" ingress_messages)
	bytes=$(counter "$2" ingress_bytes)
	extra=$(($(seen_twice) - seen_twice_before))
	if [ "$got" -ge "$3" ] && [ "$got" -le $(($3 + extra)) ] && [ "$bytes" = $((got * $4)) ]; then
		ok "$1"
	else
		not_ok "$1" "got $got messages, $bytes bytes; wanted $3 and up to $extra that came twice, of $4 bytes each"
	fi
}

ok "200 messages by TCP" talk a tcp 200 100
heard "reached the server" "$a" 200 100
heard "and 200 answers the other" "$b" 200 1
ok "30 by UDP" talk a udp 30 100
heard "reached the server, too" "$a" 230 100
ok "20 by TCP over IPv6" talk a tcp6 20 100
heard "reached the server, too" "$a" 250 100
mkdir "$(instance_path a)/inner"
ok "50 to a nested cgroup" talk a/inner tcp 50 100
heard "count for the instance" "$a" 300 100
heard "all answers came" "$b" 300 1
now=$(awk '{ printf "%.0f", $1 * 1e9 }' /proc/uptime)
last=$(counter "$a" last_ingress_ns)
ok "the last one came just now" [ $((now - last)) -lt 60000000000 -a "$last" -gt 0 ]
is "any other directory of cgroup v2 will do" "$(ask attach /sys/fs/cgroup)" ""
ok "10 more" talk a tcp 10 100
heard "count once" "$a" 310 100
like "what is no cgroup v2 directory is refused" "$(ask attach /tmp)" "error 22 .*no cgroup v2 directory"
ok "and changes nothing" have demand
done_testing
