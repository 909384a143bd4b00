#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 600
# Programs whose verdicts are known because they were written so: each analysed, and, where the emulator is installed, run on a
# processor that has x86-64-v1 only. tools/bench isa measures the same over many more.

# shellcheck source-path=SCRIPTDIR source=../common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

ctl=$O/userspace/ostlerctl
room=$top/selftests/isa
# as BASE in emulator.py
oldest=qemu64,sse3=off,cx16=off,lahf-lm=off,svm=off,3dnow=on,3dnowext=on,mmxext=on
hard='["required", "self-checked", "hazard"]'

# x86-64-v1 and what the first of its processors had beside
baseline='["fpu", "tsc", "cx8", "cmov", "mmx", "3dnow", "fxsr", "syscall", "mmxext", "3dnowext", "sse", "sse2", "clflush", "lm"]'

# verdict_of FEATURE - as the report has it, "none" when there is none
verdict_of()
{
	jq -r --arg name "$1" '[.features[] | select(.name == $name).verdict | sub(" "; "-")][0] // "none"' "$tmp/report"
}

# hard_but NAME... - hard features of the report that are not named
hard_but()
{
	jq -r --argjson hard "$hard" --argjson old "$baseline" '[.features[] | select(.verdict | IN($hard[])).name] - $old - $ARGS.positional | join(" ")' \
		--args "$@" <"$tmp/report"
}

# as_written VERDICTS - FEATURE=VERDICT[/VERDICT...] ...; sets why
as_written()
{
	local expected feature got known=() implied=(avx popcnt sse4_2 sse4_1 ssse3 pni xsave tzcnt bmi1)
	why=
	for expected in $1; do
		[ "$expected" != - ] || continue
		feature=${expected%%=*}
		known+=("$feature")
		got=$(verdict_of "$feature")
		[[ /${expected#*=}/ = */$got/* ]] || why+="$feature is $got, not ${expected#*=}; "
	done
	# where something is needed, what no processor lacks that has it may be named as well
	[[ $1 =~ =(required|self-checked|hazard) ]] || implied=()
	[[ $1 != *avx512* ]] || implied+=(avx2 fma f16c)
	got=$(hard_but "${known[@]}" "${implied[@]}")
	[ -z "$got" ] || why+="also hard: $got"
}

# fails_on_oldest PROGRAM - does it there what it does on the newest?
fails_on_oldest()
{
	local there here status_there=0 status_here=0
	here=$(qemu-x86_64 -cpu max "$1" 2>/dev/null) || status_here=$?
	there=$(qemu-x86_64 -cpu "$oldest" "$1" 2>/dev/null) || status_there=$?
	[ "$here $status_here" != "$there $status_there" ] || [ "$status_here" = 132 ]
}

# one NAME PROGRAM DLOPENS COMMANDS VERDICTS
one()
{
	local options=()
	[ "$3" = - ] || options=(--dlopen "$3")
	if ! "$ctl" scan --json --no-cache "${options[@]}" "$2" >"$tmp/report" 2>"$tmp/said"; then
		not_ok "$1 is analysed" "$(cat "$tmp/said" "$tmp/report")"
		return
	fi
	as_written "$5"
	if [ -z "$why" ]; then ok "$1: $5"; else not_ok "$1: $5" "$why"; fi
	[ "$emulated" = 1 ] && [ "$4" = "{}" ] || return 0
	if fails_on_oldest "$2"; then
		[ -n "$(hard_but)" ] || not_ok "$1: x86-64-v1 is not enough, and this is said" "nothing is hard"
	else
		[ -z "$(hard_but)" ] || not_ok "$1: x86-64-v1 is enough, and this is said" "hard: $(hard_but)"
	fi
}

need_cmd gcc g++ jq
[ -x "$ctl" ] || skip_all "needs $ctl: make userspace"
"$ctl" scan --help >/dev/null 2>&1 || skip_all "needs an ostlerctl that scans"
emulated=0
if command -v qemu-x86_64 >/dev/null; then emulated=1; else skip "on a processor that has x86-64-v1 only" "there is no qemu-x86_64"; fi
ok "programs are built" "$room/build-patterns" "$O/selftests/isa/simple" simple
while IFS=$'\t' read -r name program dlopens commands verdicts; do
	[ "$verdicts" = "?" ] || one "${name%@*}" "$program" "$dlopens" "$commands" "$verdicts"
done <"$O/selftests/isa/simple/programs.tsv"
done_testing
