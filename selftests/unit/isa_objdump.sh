#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A second opinion on the encodings that the decoder is tested against: binutils' disassembler must see one
# instruction of the same length and the same name, wherever it knows the instruction at all.
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for tool in as objdump awk; do
	command -v "$tool" >/dev/null || { echo "1..0 # SKIP $tool is missing (Debian: binutils, mawk)"; exit 4; }
done

# table, hex, mnemonic of each row
awk '/^static const struct encoding/ { table = $5; sub(/_encodings.*/, "", table) }
	match($0, /\{ "[0-9a-f]+", "[^"]*", "[^"]*" \}/) {
		split(substr($0, RSTART, RLENGTH), part, "\"")
		sub(/^(\{nf\}|rep) /, "", part[6])
		print table, part[2], part[6]
	}' "$here/isa_encodings.h" >"$work/rows"

# one symbol each, since objdump starts afresh at a symbol
awk '{
	printf "row%d: .byte ", NR
	for (i = 1; i < length($2); i += 2)
		printf "%s0x%s", (i > 1 ? "," : ""), substr($2, i, 2)
	print ""
}' "$work/rows" >"$work/rows.s"
as --64 -o "$work/rows.o" "$work/rows.s" || { echo "Bail out! as refused its input"; exit 1; }

# row, bytes of its first instruction, its first word that is no prefix
objdump -d -M intel --insn-width=15 "$work/rows.o" | awk -F'\t' '
	/^[0-9a-f]+ <row[0-9]+>:$/ { row = $0; gsub(/.*<row|>:/, "", row); fresh = 1; next }
	fresh && NF >= 2 {
		fresh = 0
		gsub(/ /, "", $2)
		count = split($3, word, " ")
		for (i = 1; i < count && word[i] ~ /^(rep|repz|repnz|lock|data16|bnd|rex\.?[WRXB]*|\{evex\}|\{vex\})$/; i++)
			;
		print row, $2, word[i]
	}' >"$work/seen"

awk '
	BEGIN {
		# spelt otherwise
		alias["xstore"] = "xstore-rng"
		alias["xcrypt_ecb"] = "xcrypt-ecb"
		alias["xcrypt_ctr"] = "xcrypt-ctr"
		# what an older objdump, which passes over the prefix, takes a younger instruction for
		older["prefetchrst2"] = "nop"
		older["erets"] = older["eretu"] = "clac"
		older["vmpsadbw"] = "vdbpsadbw"
	}
	NR == FNR { bytes[$1] = $2; name[$1] = $3; next }
	{
		n = FNR
		want = $3 in alias ? alias[$3] : $3
		sub(/pclmul[hl]q[hl]qdq$/, "pclmulqdq", name[n])
		if (bytes[n] == $2 && name[n] == want) {
			agreed[$1]++
		} else if (name[n] == "(bad)" || name[n] == "" || $1 == "apx" || older[$3] == name[n]) {
			unknown[$1]++
			if ($1 == "older")
				print "# " $2 " " $3 ": not known to objdump"
		} else {
			print "# " $2 ": " $3 ", objdump has " bytes[n] " " name[n]
			wrong[$1]++
		}
	}
	END {
		count = split("older young apx", table, " ")
		for (i = 1; i <= count; i++) {
			t = table[i]
			printf "%sok %d - %s encodings: %d agree, %d not known to this objdump, %d differ\n",
				wrong[t] || (t == "older" && unknown[t]) || (t != "apx" && !agreed[t]) ? "not " : "",
				i, t, agreed[t], unknown[t], wrong[t]
			failed += wrong[t] > 0
		}
		print "1.." count
		exit failed > 0
	}' "$work/seen" "$work/rows"
