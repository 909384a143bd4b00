# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What the measurements share, over selftests/common.sh, whose instances, module and daemon they use.
#
#	about WHAT			what is measured, in words; then seed and assumptions, a line each
#	in_turns ROUNDS SIDE...		ROUNDS times: call the function SIDE for each, which sets `sample`, one number or
#					several in columns; kept in $tmp/SIDE. Each is called once before, uncounted
#	median_of SIDE [COLUMN]		of its samples
#	ratios SIDE SIDE [COLUMN]	the first by the second, pair by pair
#	figure NAME VALUE UNIT [OP GOAL]	one result: printed, and a line of JSON in $BENCH_RESULTS
#	figure_of NAME FILE DIGITS UNIT [OP GOAL]	the same for the median of the numbers in FILE, with their quartiles
#	missed WHY			a side could not be measured; said, and no figure
# shellcheck disable=SC2034,SC2154 # set for, and by, those that are sourced

# shellcheck source-path=SCRIPTDIR source=../../selftests/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../selftests/common.sh"

# bpftrace looks for them at /lib/modules/VERSION/source, which kernels that tools/vm fetched don't have
headers=/lib/modules/$(uname -r)/build
if [ -e "$headers/Makefile" ]; then
	export BPFTRACE_KERNEL_BUILD=$headers
	BPFTRACE_KERNEL_SOURCE=$(sed -n 's|^include \(.*\)/Makefile$|\1|p' "$headers/Makefile")
	export BPFTRACE_KERNEL_SOURCE=${BPFTRACE_KERNEL_SOURCE:-$headers}
fi

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

# quantile SHARE - of the numbers on stdin; between two of them it is what lies between
quantile()
{
	sort -g | awk -v share="$1" '{ v[NR] = $1 } END {
		if (!NR) exit
		at = 1 + (NR - 1) * share; low = int(at)
		printf "%.6g\n", v[low] + (at - low) * (v[low < NR ? low + 1 : low] - v[low]) }'
}

median()
{
	quantile 0.5
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
}

median_of()
{
	awk -v at="${2:-1}" '{ print $at }' "$tmp/$1" | median
}

ratios()
{
	paste -d ' ' <(awk -v at="${3:-1}" '{ print $at }' "$tmp/$1") <(awk -v at="${3:-1}" '{ print $at }' "$tmp/$2") |
		awk '$2 { printf "%.6f\n", $1 / $2 }'
}

figure()
{
	local met=null word='' spread=${spread:-}
	if [ $# -gt 3 ]; then
		met=$(awk -v a="$2" -v op="$4" -v b="$5" 'BEGIN { print (op == "<=" ? a <= b : a >= b) ? "true" : "false" }')
		word="goal $4 $5: $([ "$met" = true ] && echo met || echo MISSED)"
	fi
	printf '   => %s = %s%s%s  %s\n' "$1" "$2" "${3:+ $3}" "${spread:+ ($spread)}" "$word"
	jq -cn --arg bench "$bench" --arg figure "$1" --argjson value "$2" --arg unit "$3" --arg goal "${4:+$4 $5}" \
		--argjson met "$met" --arg spread "$spread" --arg kernel "$(uname -r)" --arg clock "${BENCH_CLOCK:-time}" \
		'{$bench, $figure, $value, $unit, $goal, $met, $spread, $kernel, $clock}' >>"$BENCH_RESULTS"
}

figure_of()
{
	local name=$1 file=$2 format=%.$3f unit=$4 spread
	shift 4
	# shellcheck disable=SC2059 # the format is made here
	spread=$(printf "quartiles $format to $format of %d" "$(quantile 0.25 <"$file")" "$(quantile 0.75 <"$file")" "$(wc -l <"$file")")
	# shellcheck disable=SC2059
	figure "$name" "$(printf "$format" "$(median <"$file")")" "$unit" "$@"
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
