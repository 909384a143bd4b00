#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every seed of every fuzz target, once, as TAP: what a fuzzer found before must stay found.
# usage: seeds.sh [FOLDER of the *_replay programs, default O/selftests/fuzz]
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=${1:-${O:-$here/../../build}/selftests/fuzz}
number=0 failed=0

for source in "$here"/*_fuzz.c; do
	name=$(basename "$source" _fuzz.c)
	number=$((number + 1))
	if [ ! -d "$here/corpus/${name}_fuzz" ]; then
		echo "ok $number - $name # SKIP it has no seeds"
	elif said=$("$out/${name}_replay" "$here/corpus/${name}_fuzz" 2>&1); then
		echo "ok $number - $name: $said"
	else
		printf '%s\n' "$said" | sed 's/^/# /'
		echo "not ok $number - $name"
		failed=$((failed + 1))
	fi
done
echo "1..$number"
[ "$failed" = 0 ]
