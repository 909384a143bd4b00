#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Processes are recognised by what they have mapped and what their program exports.

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# recognised NAME RUNTIME ALLOCATOR CMD...
recognised()
{
	local name=$1 runtime=$2 allocator=$3
	shift 3
	if ! command -v "$1" >/dev/null; then
		skip "$name" "needs the program $1"
		return
	fi
	if ! start proc "$@"; then
		not_ok "$name" "did not start"
		return
	fi
	show "$pid"
	is "$name" "$status $(field runtime) $(field allocator) $(field pid)" "0 $runtime $allocator $pid"
	stop proc
}

in_shell='echo ready; read -r _'
recognised "a shell is native" native glibc bash -c "$in_shell"
recognised "CPython within its program" python glibc \
	/usr/bin/python3 -c 'import sys; print("ready", flush=True); sys.stdin.read()'
recognised "Node.js" node glibc \
	node -e 'console.log("ready"); process.stdin.resume()'
# shellcheck disable=SC2016 # Ruby
recognised "Ruby" ruby glibc ruby -e 'puts "ready"; $stdout.flush; $stdin.read'
recognised "PHP" php glibc php -r 'echo "ready\n"; fgets(STDIN);'
recognised "Lua" lua glibc lua5.4 -e 'print("ready") io.stdout:flush() io.read()'
for jemalloc in /usr/lib/*/libjemalloc.so.2; do
	[ -e "$jemalloc" ] || continue
	recognised "a preloaded allocator" native jemalloc \
		env LD_PRELOAD="$jemalloc" bash -c "$in_shell"
done

if command -v java >/dev/null; then
	for gc in Serial Parallel G1; do
		if start jvm java -XX:+Use${gc}GC -Xmx64m -cp "$O/selftests/doors" Churn; then
			show "$pid"
			is "a JVM with $gc" "$(field runtime) $(field jvm_gc) $(field jvm_attach)" "jvm ${gc,,} 1"
			stop jvm
		else
			not_ok "a JVM with $gc" "did not start"
		fi
	done
fi

# a static program can't be preloaded
cat >"$tmp/static.c" <<'C'
#include <stdio.h>
int main(void) { puts("ready"); fflush(stdout); return getchar() == 0; }
C
if cc -static -o "$tmp/static" "$tmp/static.c" 2>"$tmp/cc"; then
	recognised "a static program" native static "$tmp/static"
	start proc "$tmp/static" && show "$pid"
	is "is told as one" "$(field static_exe)" 1
	stop proc
else
	skip "a static program" "needs a C compiler with static libraries"
fi

# the linker of Go leaves a note; one like it makes any program one of Go's
cat >"$tmp/gonote.c" <<'C'
#include <stdio.h>
__attribute__((section(".note.go.buildid"), aligned(4), used))
static const struct { unsigned name, desc, type; char owner[4], id[4]; } note = { 4, 4, 4, "Go", "abc" };
int main(void) { puts("ready"); fflush(stdout); return getchar() == 0; }
C
if cc -o "$tmp/gonote" "$tmp/gonote.c" 2>"$tmp/cc"; then
	recognised "a program with the note of Go's linker" go glibc "$tmp/gonote"
else
	skip "a program with the note of Go's linker" "needs a C compiler"
fi

# what can't be looked at is told
exits 1 "no such process" "$doorctl" show 999999999
like "says so" "$("$doorctl" show 999999999 2>&1)" "pid 999999999: it has ended"
exits 1 "pid 0 is no process" "$doorctl" show 0

# a zombie is as good as gone
# its parent has become a program that asks after no child before it ends
mkfifo "$tmp/go"
(cat "$tmp/go" & echo $! >"$tmp/zombie"; exec sleep 60) &
parent=$!
at_exit "kill $parent"
wait_for "grep -qsx sleep /proc/$parent/comm"
: >"$tmp/go"
wait_for "grep -qs '^State:.Z' /proc/\$(cat '$tmp/zombie')/status"
show "$(cat "$tmp/zombie")"
like "a zombie has ended" "$status $answer" "^1 .*it has ended"

done_testing
