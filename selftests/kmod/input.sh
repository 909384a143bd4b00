#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 400
# Bad requests: each is refused with the attribute's name and what is wrong with it, and nothing changes.
# shellcheck source-path=SCRIPTDIR source=common.sh disable=SC2119
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
need_kmod
make_instance a
id=$(instance_id a)
parkctl set "$id"
before=$(parkctl list)

# parkctl raw COMMAND FLAGS TYPE:BYTES:VALUE...; the numbers are those of <linux/ostler.h>
INFO_GET=1 SET=2 DEL=3 GET=4 PARK_GET=5 VERDICT=6 MANAGER_SET=7 MANAGER_DEL=8
ID=10 MODE=11 PARK_MS=12 SKIP_MAX=13 EVENT=14 IP=18 VERDICT_=25 LENGTH=26 GRACE_MS=4
DUMP=$((0x300))

refused()
{
	like "$1" "$(parkctl raw "${@:3}")" "$2"
}

refused "a command that isn't" "^error=95 " 77 0
refused "a notification as a request" "^error=95 " 9 0
refused "an attribute that isn't" "^error=22 .*Unknown attribute type" $SET 0 $ID:8:"$id" 99:4:1
refused "one of another command" "^error=22 .*VERDICT: Unsupported attribute" $SET 0 $ID:8:"$id" $VERDICT_:1:1
refused "any with INFO_GET" "^error=22 .*MODE: Unsupported attribute" $INFO_GET 0 $MODE:1:1
refused "any with MANAGER_DEL" "^error=22 .*GRACE_MS: Unsupported attribute" $MANAGER_DEL 0 $GRACE_MS:4:1
refused "a set without an id" "^error=22 .*OSTLER_A_INSTANCE_ID is missing" $SET 0 $MODE:1:1
refused "an id of 4 bytes" "^error=(22|34) .*INSTANCE_ID: " $SET 0 $ID:4:1
refused "a mode that isn't" "^error=34 .*MODE: integer out of range" $SET 0 $ID:8:"$id" $MODE:1:3
refused "a mode of 4 bytes" "^error=(22|34) .*MODE: " $SET 0 $ID:8:"$id" $MODE:4:1
refused "no time at all" "^error=34 .*PARK_MS: integer out of range" $SET 0 $ID:8:"$id" $PARK_MS:4:0
refused "too much time" "^error=34 .*PARK_MS: integer out of range" $SET 0 $ID:8:"$id" $PARK_MS:4:3600001
refused "too many skips" "^error=34 .*SKIP_MAX: integer out of range" $SET 0 $ID:8:"$id" $SKIP_MAX:4:1000001
refused "a valid and an invalid one" "^error=34 .*MODE: " $SET 0 $ID:8:"$id" $PARK_MS:4:5 $MODE:1:9
refused "the id 0" "^error=2 .*INSTANCE_ID: no cgroup" $SET 0 $ID:8:0
refused "the largest id" "^error=2 .*INSTANCE_ID: no cgroup" $SET 0 $ID:8:-1
refused "a del without an id" "^error=22 .*OSTLER_A_INSTANCE_ID is missing" $DEL 0
refused "a get without an id" "^error=22 .*OSTLER_A_INSTANCE_ID is missing" $GET 0
refused "a dump of instances with an id" "^error=22 .*a dump shows all" $GET $DUMP $ID:8:"$id"
refused "a park without an event" "^error=22 .*OSTLER_A_EVENT is missing" $PARK_GET 0
refused "a park with an instance" "^error=22 .*INSTANCE_ID: .*selects in a dump" $PARK_GET 0 $EVENT:8:1 $ID:8:"$id"
refused "a dump of parks with an event" "^error=22 .*for a single park" $PARK_GET $DUMP $EVENT:8:1
refused "an event that isn't" "^error=3 .*EVENT: no task is parked" $PARK_GET 0 $EVENT:8:1
refused "a verdict without an event" "^error=22 .*OSTLER_A_EVENT is missing" $VERDICT 0 $IP:8:1 $VERDICT_:1:1
refused "a verdict without an address" "^error=22 .*OSTLER_A_IP is missing" $VERDICT 0 $EVENT:8:1 $VERDICT_:1:1
refused "a verdict without a verdict" "^error=22 .*OSTLER_A_VERDICT is missing" $VERDICT 0 $EVENT:8:1 $IP:8:1
refused "the verdict 0" "^error=34 .*VERDICT: integer out of range" $VERDICT 0 $EVENT:8:1 $IP:8:1 $VERDICT_:1:0
refused "the length 0" "^error=34 .*LENGTH: integer out of range" $VERDICT 0 $EVENT:8:1 $IP:8:1 $VERDICT_:1:3 $LENGTH:1:0
refused "too long a grace time" "^error=34 .*GRACE_MS: integer out of range" $MANAGER_SET 0 $GRACE_MS:4:600001
is "nothing changed" "$(parkctl list)" "$before"
like "nobody is the manager" "$(parkctl info)" "manager_port=0 "

# who may
chmod 755 "$tmp"
need_cmd setpriv
unprivileged()
{
	setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --bounding-set=-all "$programs/parkctl" "$@"
}
ok "anybody may ask what there is" unprivileged info
ok "and for the instances" unprivileged list
for verb in "set $id mode=0" "del $id" "parks" "park 1" "verdict 1 1 retry" "manager 1000"; do
	# shellcheck disable=SC2086 # words
	like "not so: $verb" "$(unprivileged $verb)" "^error=1 .*CAP_NET_ADMIN in the initial user namespace"
done
like "nor with capabilities in a user namespace" \
	"$(setpriv --reuid=65534 --regid=65534 --clear-groups unshare --user --map-root-user "$programs/parkctl" set "$id" mode=0)" \
	"^error=1 .*CAP_NET_ADMIN in the initial user namespace"
like "in another network namespace there is no such family" \
	"$(unshare --net "$programs/parkctl" info)" "^error=2 .*not loaded"
is "nothing changed" "$(parkctl list)" "$before"
done_testing
