# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What the measurements share, over selftests/common.sh, whose instances, module and daemon they use.
#
#	about WHAT			what is measured, in words; then seed and assumptions, a line each
#	in_turns ROUNDS SIDE...		ROUNDS times: call the function SIDE for each, which sets `sample`; kept in $tmp/SIDE.
#					Each is called once before, uncounted
#	median_of SIDE			of its samples
#	ratio_of SIDE SIDE		the first by the second, pair by pair; the median of that
#	figure NAME VALUE UNIT [OP GOAL]	one result: printed, and a line of JSON in $BENCH_RESULTS
#	missed WHY			a side could not be measured; said, and no figure
# shellcheck disable=SC2034,SC2154 # set for, and by, those that are sourced

# shellcheck source-path=SCRIPTDIR source=../../selftests/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../selftests/common.sh"

bench=$(basename "$0")
programs=$O/bench
sample=

about()
{
	local line
	printf '\n== %s: %s\n' "$bench" "$1"
	shift
	for line in "command: tools/bench $bench" "$@" "on: Linux $(uname -r), $(nproc) CPU, $(sed -n 's/^model name\t*: //p' /proc/cpuinfo | head -n 1)${BENCH_CLOCK:+, $BENCH_CLOCK}"; do
		printf '   %s\n' "$line"
	done
}

median()
{
	sort -g | awk '{ v[NR] = $1 } END { if (NR) printf "%.6g\n", NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

in_turns()
{
	local rounds=$1 round side
	shift
	for side in "$@"; do
		rm -f "$tmp/$side"
	done
	for ((round = 0; round <= rounds; round++)); do
		for side in "$@"; do
			sample=
			"$side"
			[ -n "$sample" ] || { missed "$side gave no sample"; return 1; }
			[ "$round" = 0 ] || echo "$sample" >>"$tmp/$side"
			printf '   turn %s, %s: %s%s\n' "$round" "$side" "$sample" "$([ "$round" -gt 0 ] || echo ' (not counted)')"
		done
	done
	for side in "$@"; do
		printf '   %-12s %s  median %s\n' "$side" "$(xargs <"$tmp/$side")" "$(median_of "$side")"
	done
}

median_of()
{
	median <"$tmp/$1"
}

ratio_of()
{
	paste "$tmp/$1" "$tmp/$2" | awk '$2 { print $1 / $2 }' | median
}

figure()
{
	local met=null word=
	if [ $# -gt 3 ]; then
		met=$(awk -v a="$2" -v op="$4" -v b="$5" 'BEGIN { print (op == "<=" ? a <= b : a >= b) ? "true" : "false" }')
		word="goal $4 $5: $([ "$met" = true ] && echo met || echo MISSED)"
	fi
	printf '   => %s = %s %s  %s\n' "$1" "$2" "$3" "$word"
	jq -cn --arg bench "$bench" --arg figure "$1" --argjson value "$2" --arg unit "$3" --arg goal "${4:+$4 $5}" \
		--argjson met "$met" --arg kernel "$(uname -r)" --arg clock "${BENCH_CLOCK:-time}" \
		'{$bench, $figure, $value, $unit, $goal, $met, $kernel, $clock}' >>"$BENCH_RESULTS"
}

missed()
{
	printf '   not measured: %s\n' "$*"
}

# some of this works in a hybrid tree, and without the memory controller
need_worker_host()
{
	need_root
}

# the script's end is no test's end, and that it asserts nothing no skip
finished=1 results=1
