#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The score of the analysis, with a truth and an analysis that are made up: what counts as right, wrong, and neither.

# shellcheck source-path=SCRIPTDIR source=../common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

room=$top/selftests/isa
tool=$O/selftests/isa/isatool
need_cmd python3 jq
[ -x "$tool" ] || skip_all "needs $tool: make selftests"
cd "$tmp" || exit 1

# an analysis that claims what the file beside the program says
cat >ostlerctl <<'END'
#!/bin/bash
claims=$(cat "${!#}.claims")
jq -cn --arg path "${!#}" --arg claims "$claims" '{objects: [{path: $path}], complete: true, incomplete: "", code_bytes: 0,
	features: [$claims | split(" ")[] | {name: ., verdict: "required", count: 1, evidence: null}]}'
END
chmod +x ostlerctl
echo '{"models": {"v1": ["sse2"], "old": ["sse2", "pni", "ssse3", "sse4_1", "sse4_2", "xsave", "avx"],
	"new": ["sse2", "pni", "ssse3", "sse4_1", "sse4_2", "xsave", "avx", "popcnt", "avx2", "bmi1", "bmi2", "fma"]}, "programs": {}}' >truth.json

# program GROUP NAME CLAIMS COMMANDS REQUIRED OPEN MODEL=OUTCOME...
program()
{
	local models
	models=$(printf '%s\n' "${@:7}" | jq -Rn '[inputs | split("=") | {(.[0]): .[1]}] | add')
	echo 'not run here' >"$2"
	echo "$3" >"$2.claims"
	printf '%s\t%s\t-\t%s\n' "$2" "$tmp/$2" "$4" >>"$1.tsv"
	jq --arg name "$2" --arg required "$5" --argjson open "$6" --argjson models "$models" '.programs[$name] = {required: ($required | split(" ")),
		self_checked: [], hazard: [], $open, notes: [], $models}' truth.json >truth.new
	mv truth.new truth.json
}

# score GROUP... - to figures, wrong and features
score()
{
	local group lists=()
	for group in "$@"; do
		lists+=("$group=$group.tsv")
	done
	"$room/score.py" --truth truth.json --ostlerctl ./ostlerctl --isatool "$tool" --wrong wrong --features features --only-ours \
		"${lists[@]}" >figures
}

# figure_of NAME - value and unit
figure_of()
{
	awk -F'\t' -v name="isa: $1" '$1 == name { print $2, $3 }' figures
}

program judged implies "avx2 avx popcnt" "{} x" "avx2" false v1=trap old=trap new=fine
program judged too-much "bmi2" "{} x" "" false v1=fine old=fine new=fine
program judged habit "avx" "{} x" "popcnt" false v1=trap old=trap new=fine
program judged open-end "avx512f sha_ni" "{} x" "avx512f" true v1=trap old=trap new=trap
program judged tells "" "{} --version" "" false v1=fine old=fine new=fine
printf 'unknown\t/bin/true\t-\t{}\n' >>judged.tsv
program nothing quiet "" "{} x" "" false v1=fine old=fine new=fine
program holdout secret "bmi2" "{} x" "" false v1=fine old=fine new=fine
ok "scores" score judged nothing holdout
is "programs" "$(figure_of "judged: programs")" "5 -"
is "a program without a truth is left out, and counted" "$(figure_of "judged: programs left out, as their truth is not known")" "1 -"
is "a program that tells its version is counted" "$(figure_of "judged: programs that only tell their version or usage")" "1 of 5"
is "precision: bmi2 is false, and is avx beside popcnt not?" "$(figure_of "judged: precision")" "0.5 of 4 claims"
is "recall: avx is no proof of popcnt" "$(figure_of "judged: recall")" "0.666667 of 3 pairs"
is "claims that the runs can't tell of: popcnt with avx2, sha_ni behind avx512f" \
	"$(figure_of "judged: claims that the runs can't tell of")" "2 with 1 programs of an open end"
is "a claim that follows: avx with avx2" "$(figure_of "judged: claims that follow from what was needed")" "1 -"
is "nothing of 0 is no success" "$(figure_of "nothing: recall") $(figure_of "nothing: unsafe placements")" "- of 0 pairs - of 0 that fail"
is "feature by feature" "$(awk '$1 == "judged" && $2 == "popcnt"' features)" $'judged\tpopcnt\t0\t0\t1\t1\t-\t0.000'
is "what is held out is told in numbers" "$(grep -c secret wrong) $(grep -c '^holdout: held out: 1 programs' wrong)" "0 1"
like "what is not, program by program" "$(cat wrong)" "judged too-much .*too much: bmi2"
done_testing
