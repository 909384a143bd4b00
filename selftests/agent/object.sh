#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The agent's file: it must load under any C library, and be invisible to the programs it is loaded into.

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

need_cmd readelf nm

is "needs no library" "$(readelf -d "$agent" | grep -c NEEDED)" 0
is "has no strong reference" "$(nm -D "$agent" | awk '$1 == "U"' | wc -l)" 0
is "has no reference to a version of a symbol" "$(nm -D --with-symbol-versions "$agent" | grep -c @)" 0
is "exports what it wraps and the JVM's entry points, nothing else" \
	"$(nm -D --defined-only "$agent" | awk '!/ Agent_On/ { print $3 }' | sort | paste -sd' ')" "epoll_pwait epoll_wait"
is "has no thread-local storage, which a late load can't always get" "$(readelf -lW "$agent" | grep -c '^ *TLS')" 0
is "has no executable stack" "$(readelf -lW "$agent" | awk '/GNU_STACK/ { print $7 }')" RW

same_output()
{
	local with without
	command -v "$1" >/dev/null || { skip "$1 behaves the same" "not installed"; return; }
	without=$("$@" 2>&1; echo "status $?")
	with=$(LD_PRELOAD=$agent "$@" 2>&1; echo "status $?")
	is "${1##*/} behaves the same" "$with" "$without"
}

same_output /bin/true
same_output /bin/false
# shellcheck disable=SC2016 # for that bash to expand
same_output bash -c 'echo $((6 * 7)); exit 3'
same_output perl -e 'print "6 x 7 = ", 6 * 7, "\n"; exit 4'
same_output /usr/bin/python3 -c 'import sys; print(6 * 7); sys.exit(5)'
same_output node -e 'setTimeout(() => { console.log(6 * 7); process.exit(6) }, 20)'
same_output ruby -e 'puts 6 * 7; exit 7'
same_output java -XX:+UseSerialGC -version

# a static program can't be preloaded: it must not look as if it could be poked
if [ -x "$target"_static ]; then
	start_preloaded "$target"_static poll
	ok "a static program runs" alive "$target_pid"
	fails "it does not catch the signal" signal_caught "$target_pid"
	poke "$target_pid" trim
	is "and is not poked" "$poke_status" 3
	ok "it ends by itself" target_ends
else
	skip "a static program" "no static libc"
fi

if [ -x "$target"_musl ]; then
	start_preloaded "$target"_musl read
	poke "$target_pid" trim
	is "a program of musl is served" "$poke_status $(field allocators)" "0 musl"
	poke "$target_pid" stat -n 100
	is "a hundred times" "$poke_status" 0
	ok "and ends by itself" target_ends
else
	skip "a program of musl" "no musl-gcc (package musl-tools)"
fi

done_testing
