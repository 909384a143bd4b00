#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 600
# The quick decoder says what Zydis says: over this machine's own code, and over random encodings.
# QUICK_INSTRUCTIONS, of files (default 5000000), and QUICK_EACH, of each (default 500000); QUICK_RANDOM, encodings
# (default 2000000); QUICK_SEED, of these and of the order of the files.
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
compare=${O:-$here/../../build}/selftests/quick/compare
instructions=${QUICK_INSTRUCTIONS:-5000000} random=${QUICK_RANDOM:-2000000} seed=${QUICK_SEED:-20220901}
each=${QUICK_EACH:-500000}

if [ ! -x "$compare" ]; then
	echo "1..0 # SKIP needs $compare: make selftests"
	exit 4
fi

failed=0
# result NUMBER DESC FILE... - what the program prints is the comment
result()
{
	local number=$1 desc=$2 said
	shift 2
	if said=$("$compare" "$@" 2>&1); then
		printf '%s\n' "$said" | sed 's/^/# /'
		echo "ok $number - $desc"
	else
		printf '%s\n' "$said" | sed 's/^/# /'
		echo "not ok $number - $desc"
		failed=1
	fi
}

# the C library has kernels for every processor; the others in an order that a seed makes
mapfile -d '' -t files < <(
	find /usr/lib/x86_64-linux-gnu -maxdepth 1 -name 'libc.so.6' -print0
	find /usr/lib/x86_64-linux-gnu /usr/lib/llvm-14 /usr/lib/jvm /usr/bin -xdev -type f -size +64k \
		\( -name '*.so*' -o -perm -100 \) -print0 2>/dev/null | sort -z | shuf -z --random-source=<(yes "$seed")
)
result 1 "files of this machine, up to $instructions instructions" -n "$instructions" -f "$each" "${files[@]}"
result 2 "random encodings" -s "$seed" -r "$random"
echo "1..2"
exit "$failed"
