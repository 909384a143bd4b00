#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 500
# Everything at once, at random (stress.c): afterwards each park has ended in one way, and the module can go, with tasks parked too.
# OSTLER_STRESS_OPERATIONS (default 4000) and OSTLER_STRESS_SEED (default 1) choose how much and which.
# shellcheck source-path=SCRIPTDIR source=common.sh disable=SC2119
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
need_kmod
operations=${OSTLER_STRESS_OPERATIONS:-4000}
seed=${OSTLER_STRESS_SEED:-1}

make_instance a
ok "balances" timeout 240 "$programs/stress" "$(instance_path a)" "$operations" "$seed"
diag "$(cat "$tmp/output")"
is "nothing is parked" "$(field parked "$(parkctl info)")" 0
remove_instance a
for round in 1 2 3; do
	make_instance "b$round"
	ok "round $round" timeout 120 "$programs/stress" "$(instance_path "b$round")" $((operations / 20)) $((seed + round)) leave
	ok "the module goes with tasks parked" rmmod ostler
	remove_instance "b$round"
	load_module
done
done_testing
