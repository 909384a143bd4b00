#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
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

messages()
{
	printf '%s %s' "$(counter "$1" ingress_messages)" "$(counter "$1" ingress_bytes)"
}

ok "200 messages by TCP" talk a tcp 200 100
is "reached the server" "$(messages "$a")" "200 20000"
is "and 200 answers the other" "$(messages "$b")" "200 200"
ok "30 by UDP" talk a udp 30 100
is "reached the server, too" "$(messages "$a")" "230 23000"
ok "20 by TCP over IPv6" talk a tcp6 20 100
is "reached the server, too" "$(messages "$a")" "250 25000"
mkdir "$(instance_path a)/inner"
ok "50 to a nested cgroup" talk a/inner tcp 50 100
is "count for the instance" "$(messages "$a")" "300 30000"
is "all answers came" "$(messages "$b")" "300 300"
now=$(awk '{ printf "%.0f", $1 * 1e9 }' /proc/uptime)
last=$(counter "$a" last_ingress_ns)
ok "the last one came just now" [ $((now - last)) -lt 60000000000 -a "$last" -gt 0 ]
is "any other directory of cgroup v2 will do" "$(ask attach /sys/fs/cgroup)" ""
ok "10 more" talk a tcp 10 100
is "count once" "$(messages "$a")" "310 31000"
like "what is no cgroup v2 directory is refused" "$(ask attach /tmp)" "error 22 .*no cgroup v2 directory"
ok "and changes nothing" have demand
done_testing
