#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 300
# `ostlerctl scan`: what it says and how it ends, for good programs, other hosts, archives, bundles and bad files.
# shellcheck source-path=SCRIPTDIR source=../common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

ctl=$O/userspace/ostlerctl
[ -x "$ctl" ] || skip_all "needs $ctl: make userspace"
need_cmd gcc jq python3 tar

cd "$tmp" || exit 1
export TMPDIR=$tmp/temp NO_COLOR=1
mkdir temp

# scan ARGUMENT... - set out, err and status
scan()
{
	status=0
	out=$("$ctl" scan --cache "$tmp/scan.db" "$@" 2>"$tmp/err") || status=$?
	err=$(cat "$tmp/err")
}

# says STATUS DESC REGEX - the last scan's status, and what either stream says; without a crash's words
says()
{
	if [ "$status" = "$1" ] && [[ $out$'\n'$err =~ $3 ]]; then
		ok "$2"
	else
		not_ok "$2" "status $status, wanted $1; wanted a match of '$3' in:"$'\n'"$out"$'\n'"$err"
	fi
}

# ---- programs made here: what they need is known ----

cat >needs.c <<'END'
/* no libc: everything that is reached is here */
__attribute__((noinline, used)) static void kernel_of_avx2(void) { asm volatile("vpaddd %ymm2, %ymm1, %ymm0"); }
__attribute__((noinline, used)) static void leave(void) { asm volatile("syscall" : : "a"(60), "D"(0)); }
#ifdef MORE
int more = 1;
#endif
void _start(void) { kernel_of_avx2(); leave(); }
END
cat >plain.c <<'END'
__attribute__((noinline, used)) static void leave(void) { asm volatile("syscall" : : "a"(60), "D"(0)); }
void _start(void) { leave(); }
END
cat >user.c <<'END'
int gone(void);
int main(void) { return gone(); }
END
echo 'int gone(void) { return 0; }' >gone.c
gcc -O1 -nostdlib -static -fno-stack-protector -o needs needs.c
gcc -O1 -nostdlib -static -fno-stack-protector -o plain plain.c
gcc -shared -fPIC -Wl,-soname,libgone-forever.so.1 -o libgone.so gone.c
gcc -o user user.c ./libgone.so
[ -x needs ] && [ -x plain ] && [ -x user ] || skip_all "needs a C compiler that makes programs for x86-64"

# ---- one program ----

scan /bin/true
says 0 "a program with libc" "/bin/true: runs on every x86-64 host .*objects"
scan --level /bin/true
is "its level, alone on the line" "$status $out" "0 x86-64-v1"
scan --json /bin/true
ok "its JSON" jq -e '.version == 1 and .path == "/bin/true" and .complete and .level == "x86-64-v1" and
	(.objects | length) >= 3 and .objects[0].how == "main" and (.objects[].path | startswith("/")) and
	.missing == []' <<<"$out"
scan -v /bin/true
says 0 "all rows and the objects" "dispatched.*libc.*objects:.*/bin/true  [0-9a-f]{40}"

scan needs
says 0 "an instruction that is reached" "needs: needs x86-64-v3.*avx2 +required +needs kernel_of_avx2.* vpaddd ymm0, ymm1, ymm2"
scan --level needs plain
is "levels of several" "$status $out" "0 x86-64-v3  needs
x86-64-v1  plain"
scan --json needs
ok "evidence in JSON" jq -e '.features[] | select(.name == "avx2") | .verdict == "required" and .count == 1 and
	.evidence.symbol == "kernel_of_avx2" and .evidence.instruction == "vpaddd ymm0, ymm1, ymm2" and
	.evidence.guard == null and .path[0].how == "root" and (.path[0].address | startswith("0x"))' <<<"$out"
scan --why avx2 needs
says 0 "the path to it, a step a line" "avx2 is required; 1 instruction"$'\n'"  starts at +needs _start.*"$'\n'"  calls +needs kernel_of_avx2.*vpaddd"
scan --why AVX512F plain
says 0 "no path where there is none" "plain: no instruction that needs avx512f was found"

# ---- the cache ----

scan --json plain
ok "what was analysed before is known" jq -e '.cached and .level == "x86-64-v1"' <<<"$out"
gcc -O1 -nostdlib -static -fno-stack-protector -DMORE -o plain needs.c
scan --json plain
ok "a file that has changed is analysed anew" jq -e '(.cached | not) and .level == "x86-64-v3"' <<<"$out"
gcc -O1 -nostdlib -static -fno-stack-protector -o plain plain.c
scan --no-cache --json plain
ok "without the cache" jq -e '.cached | not' <<<"$out"
# files that were changed just now are looked into; later their times tell enough, and what is not there
gcc -shared -fPIC -o libown.so gone.c
gcc -o own user.c -L. -lown -Wl,-rpath,"$PWD"
if [ -n "$(command -v strace)" ]; then
	opened()
	{
		strace -qq -e trace=openat -o trace "$ctl" scan --cache "$tmp/scan.db" own >scan.out && grep -c libown.so trace
	}
	scan own
	is "a library that is young is read again" "$(opened)" 1
	# closure.h, OST_CLOSURE_AGE_S
	sleep 5
	scan own
	is "one that has not changed is not" "$(opened)" 0
	touch libown.so
	is "one that was touched is" "$(opened)" 1
else
	skip "what is read again" "needs strace"
fi
for how in --json "--why avx2" -v; do
	# shellcheck disable=SC2086 # options and their arguments
	scan --no-cache $how needs
	fresh=$(sed -E 's/[0-9.]+ s$//; s/"(cached|duration_ms)":[^,}]*//g; s/decoded, earlier, in/decoded,/' <<<"$out")
	# shellcheck disable=SC2086
	scan $how needs
	is "the same is said from the cache: ${how#--}" "$(sed -E 's/[0-9.]+ s$//; s/"(cached|duration_ms)":[^,}]*//g; s/decoded, earlier, in/decoded,/' <<<"$out")" "$fresh"
done
scan --cache /proc/nowhere/db plain
says 0 "a cache that can't be is no reason to stop" "plain: runs on every.*going on without the cache"

# ---- other hosts ----

scan --host x86-64-v2 needs
says 1 "a level that lacks it" "needs: would not run on x86-64-v2"$'\n'"  avx2 \(CPUID 7.0:EBX bit 5\): missing"$'\n'"    required by needs kernel_of_avx2.*: vpaddd"
scan --host x86-64-v3 needs
says 0 "a level that has it" "needs: would run on x86-64-v3"
ok "a snapshot is printed without a daemon" sh -c '"$1" -s "$2/none" features snapshot >host.cpu' - "$ctl" "$tmp"
scan --host host.cpu plain
says 0 "and read again" "plain: would run on host.cpu"
printf 'processor\t: 0\nflags\t\t: fpu lm sse sse2 avx avx2\n\nprocessor\t: 1\nflags\t\t: fpu lm sse sse2\n' >uneven.cpuinfo
scan --host uneven.cpuinfo needs
says 1 "every CPU of a cpuinfo must have it" "would not run on uneven.cpuinfo"
sed 's/sse2$/sse2 avx2/' uneven.cpuinfo >even.cpuinfo
scan --host even.cpuinfo needs
says 0 "and when all have it" "would run on even.cpuinfo"
scan --json --host x86-64-v1 needs
ok "the answer in JSON" jq -e '.host | .runs == false and .unmet == ["avx2"] and .name == "x86-64-v1"' <<<"$out"
is "and its exit status" "$status" 1
sed 's/ lm / /' even.cpuinfo >old.cpuinfo
scan --host old.cpuinfo needs
says 2 "a 32-bit host" "no 64-bit mode"
echo rubbish >rubbish
scan --host rubbish plain
says 2 "a file that is no host" "neither a snapshot.*cpuinfo.*level"
sed 's/^leaf 0x00000001/leaf 0xzz/' host.cpu >broken.cpu
scan --host broken.cpu plain
says 2 "a broken snapshot" "CPU snapshot, line [0-9]+"
scan --host nowhere plain
says 2 "a host file that is not there" "--host nowhere: No such file"

# ---- what the loader refuses, and what happened when it ran ----

gcc -O1 -nostdlib -static -fno-stack-protector -Wl,-z,x86-64-v3 -o noted plain.c
scan --level noted
is "the level that the loader wants of a host" "$status $out" "0 x86-64-v3"
scan --json noted
ok "is checked before it runs" jq -e '[.features[] | select(.name == "avx2" or .name == "movbe").verdict] == ["self-checked", "self-checked"]' <<<"$out"

cat >chooses.c <<'END'
#include <cpuid.h>
__attribute__((noinline, used)) static int wide(int a) { asm volatile("vpaddd %ymm2, %ymm1, %ymm0"); return a; }
__attribute__((noinline, used)) static void leave(void) { asm volatile("syscall" : : "a"(60), "D"(0)); }
void _start(void)
{
	unsigned int a, b, c, d;

	__cpuid_count(7, 0, a, b, c, d);
	if (b & bit_AVX2)
		wide(1);
	leave();
}
END
gcc -O1 -nostdlib -static -fno-stack-protector -o chooses chooses.c
scan --json chooses
id=$(jq -r '.objects[0].build_id' <<<"$out")
at=$(jq -r '.features[] | select(.name == "avx2").evidence.address' <<<"$out")
# told by where it lies in the file
read -r offset start <<<"$(readelf -lW chooses | awk '$1 == "LOAD" && $0 ~ / R E / { print $2, $3 }')"

# run_of TRAPS RUNS - what a daemon would tell, in run.json
run_of()
{
	echo "{\"function\": \"f\", \"traps\": [$1], \"runs\": [$2]}" >run.json
}

run_of "$(printf '{"build_id": "%s", "offset": "0x%x", "feature": "avx2", "count": 1}' "$id" $((at - start + offset)))" ""
scan --run run.json chooses
says 0 "a trap makes what is behind a test required" "chooses: needs x86-64-v3.*avx2 +required"
scan --run run.json --host x86-64-v2 chooses
says 1 "and it would not run where that is missing" "would not run on x86-64-v2"
run_of "{\"build_id\": \"00$id\", \"offset\": \"0x1\", \"feature\": \"avx2\", \"count\": 1}" ""
scan --run run.json --level chooses
is "a trap of another build counts for nothing" "$status $out" "0 x86-64-v1"
id=$("$ctl" scan --json --no-cache needs | jq -r '.objects[0].build_id')
run_of "" "{\"program\": \"$id\", \"requests\": 100000, \"lacking\": [\"avx2\"], \"touched\": []}"
scan --run run.json --level needs
is "what is required stays so, however long nothing trapped" "$status $out" "0 x86-64-v3"
echo '{"runs": 1}' >run.json
scan --run run.json chooses
says 2 "what no daemon tells" "--run run.json: .*runs.*GET /v1/functions/NAME/run"
scan --run nowhere chooses
says 2 "a --run file that is not there" "--run nowhere: No such file"

# ---- folders ----

mkdir -p tree/sub/deep
cp needs tree/sub/
cp plain tree/
cp rubbish tree/
ln -s .. tree/sub/up
ln -s loop tree/loop
ln -s /bin tree/out
mkfifo tree/sub/pipe
gcc -shared -fPIC -nostdlib -Wl,-soname,libalone.so -o tree/sub/deep/libalone.so gone.c
scan --level tree
is "a folder: programs, then a library that none loads; links are not followed" "$status $out" "0 x86-64-v1  tree/plain
x86-64-v3  tree/sub/needs
x86-64-v1  tree/sub/deep/libalone.so"
scan --json tree/
is "a line of JSON each" "$(jq -r .path <<<"$out")" "tree/plain
tree/sub/needs
tree/sub/deep/libalone.so"
mkdir -p empty/er
scan empty
says 3 "a folder without programs" "empty: no program or library for x86-64 in it"

# ---- libraries ----

scan ./user
says 4 "a library that is gone is named" "at least|as far as is known.*missing: libgone-forever.so.1, wanted by ./user: not found.*incomplete"
scan --json ./user
ok "and in JSON" jq -e '(.complete | not) and .missing[0].name == "libgone-forever.so.1" and (.incomplete | length > 0)' <<<"$out"
mkdir -p root/lib/x86_64-linux-gnu root/bin
cp user root/bin/
scan --root root /bin/user
says 4 "another root doesn't have this host's libraries" "missing: libc.so.6"
cp libgone.so root/lib/x86_64-linux-gnu/libgone-forever.so.1
scan --json --root root /bin/user
is "it has its own" "$(jq -r '.objects[].path' <<<"$out" | grep -c 'libgone-forever.so.1$')" 1
scan --dlopen "$tmp/libgone.so" --json plain
ok "a library that the caller names" jq -e '.objects[] | select(.how == "dlopen") | .path | endswith("libgone.so")' <<<"$out"

# libraries that want each other, and one that wants itself
echo 'int right(void); int left(void) { return right(); }' >left.c
echo 'int left(void); int right(void) { return left(); }' >right.c
echo 'int left(void); void _start(void) { left(); }' >circle.c
make_library()
{
	gcc -shared -fPIC -nostdlib -Wl,-soname,"$1" -Wl,-rpath,"$PWD" -o "$1" "${@:2}"
}
make_library libright.so right.c
make_library libleft.so left.c libright.so
make_library libright.so right.c libleft.so
gcc -nostdlib -o circle circle.c -L. -lleft -Wl,-rpath,"$PWD" -Wl,-rpath-link,.
scan --json circle
ok "libraries that want each other are each looked at once" jq -e '.complete and
	([.objects[].path | split("/") | last | select(test("left|right"))] | sort) == ["libleft.so", "libright.so"]' <<<"$out"

# a library that only stands in its data
make_library libopened.so.1 gone.c
echo 'void *dlopen(const char *, int); int main(void) { return !dlopen("libopened.so.1", 2); }' >opens.c
gcc -o opens opens.c -Wl,-rpath,"$PWD"
scan --json opens
ok "a library that is named in the data is looked at" jq -e 'any(.objects[]; .how == "dlopen" and (.path | endswith("libopened.so.1")))' <<<"$out"
scan --json --no-dlopen opens
ok "and not with --no-dlopen" jq -e 'all(.objects[]; .how != "dlopen")' <<<"$out"

# a program whose code has no end: 2 MiB of it, and no table says where functions are
python3 - <<'END'
import os, struct
size = 2 << 20
head = b"\x7fELF\2\1\1" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0x400078, 64, 0, 0, 64, 56, 1, 64, 0, 0)
with open("endless", "wb") as file:
    file.write(head + struct.pack("<IIQQQQQQ", 1, 5, 0, 0x400000, 0x400000, size, size, 4096))
    file.truncate(size)
END
scan endless
says 4 "a budget that was spent is said" "as far as is known.*incomplete: the budget of code to decode, .*was spent: 1 function was not read to the end"

# ---- archives and bundles ----

(cd tree && tar cf ../tree.tar plain sub/needs rubbish && python3 -c 'import sys, zipfile
with zipfile.ZipFile("../tree.zip", "w") as archive:
	for name in sys.argv[1:]:
		archive.write(name)' plain sub/needs rubbish)
for archive in tree.tar tree.zip; do
	scan --level $archive
	is "$archive" "$status $out" "0 x86-64-v1  $archive/plain
x86-64-v3  $archive/sub/needs"
done
scan --host x86-64-v1 tree.zip
says 1 "a program in an archive on another host" "tree.zip/sub/needs: would not run"
head -c $(($(stat -c %s tree.zip) / 3)) tree.zip >cut.zip
scan cut.zip
says 3 "an archive that was cut short" "cut.zip: "
is "nothing unpacked is left behind" "$(ls -A temp)" ""

# archives that climb out of their folder, lie about sizes, grow without end, or hold each other
python3 - <<'END'
import io, struct, tarfile, zipfile
program = open("plain", "rb").read()

def tar(name, mode, *members):
    with tarfile.open(name, mode) as archive:
        for path, data, link in members:
            info = tarfile.TarInfo(path)
            info.size = len(data)
            if link:
                info.type, info.linkname = tarfile.SYMTYPE, link
            archive.addfile(info, io.BytesIO(data))

tar("climbs.tar", "w", ("plain", program, None), ("../../climbed-out", program, None), ("up", b"", "../../.."),
    ("up/climbed-out", program, None))
tar("one.tar", "w", ("plain", program, None))
head = bytearray(open("one.tar", "rb").read())
head[124:136] = b"77777777777\0"
head[148:156] = b" " * 8
head[148:156] = b"%06o\0 " % sum(head[:512])
open("liar.tar", "wb").write(head)
with zipfile.ZipFile("liar.zip", "w", zipfile.ZIP_DEFLATED) as archive:
    archive.writestr("plain", program)
head = bytearray(open("liar.zip", "rb").read())
for mark, at in ((b"PK\3\4", 22), (b"PK\1\2", 24)):
    at += head.index(mark)
    head[at:at + 4] = struct.pack("<I", 16)
open("liar.zip", "wb").write(head)
tar("grows.tar.xz", "w:xz", ("plain", program, None), ("zeros", bytes(100 << 20), None))
for name in ("a", "b", "c", "d", "deep"):
    tar(name + ".tar", "w", ("plain", program, None), ("in.tar", open("one.tar", "rb").read(), None))
    open("one.tar", "wb").write(open(name + ".tar", "rb").read())
END
scan climbs.tar
says 4 "an archive that climbs out of its folder" "climbs.tar/plain: runs on.*leads out of the archive; not unpacked"
is "does not come out" "$(find "$tmp" "$tmp/.." -maxdepth 2 -name climbed-out 2>/dev/null)" ""
scan liar.tar
says 3 "a tar whose size is a lie" "liar.tar: .*cut short"
scan liar.zip
says 3 "a zip whose size is a lie" "liar.zip: .*wrong size"
scan grows.tar.xz
says 3 "an archive that grows without end" "grows.tar.xz: .*64 MiB came out of .*more than"
scan --level deep.tar
says 4 "archives in archives in archives" "deep.tar/plain.*nested more than 3 deep"

mkdir -p bundle/rootfs/opt
cp needs bundle/rootfs/opt/tool
echo '{"ociVersion": "1.0.2", "root": {"path": "rootfs"}, "process": {"cwd": "/", "args": ["tool"], "env": ["PATH=/bin:/opt"]}}' >bundle/config.json
scan --json bundle
ok "a bundle's program, found with its PATH" jq -e '.path == "bundle/rootfs/opt/tool" and .level == "x86-64-v3"' <<<"$out"
rm bundle/rootfs/opt/tool
scan bundle
says 3 "a bundle without its program" "bundle: .*tool"

# ---- what can't be analysed ----

: >nothing
head -c 100 needs >beginning
head -c 3000 needs >most
{ head -c 18 needs && printf '\xb7\x00' && tail -c +21 needs; } >arm
{ head -c 4 needs && printf '\x01' && tail -c +6 needs; } >short
printf '#!/usr/bin/python3 -I\n' >script
scan nowhere
says 3 "a path that is not there" "nowhere: No such file or directory"
scan rubbish
says 3 "a text" "rubbish: .*not an ELF file"
scan nothing
says 3 "an empty file" "nothing: "
scan beginning
says 3 "the beginning of a program" "beginning: broken ELF"
scan most
says 3 "most of a program" "most: "
scan arm
says 3 "a program for another machine" "arm: .*(aarch64|AArch64|machine)"
scan short
says 3 "a 32-bit program" "short: .*32"
scan script
says 3 "a script" "script: a script.*/usr/bin/python3"
scan tree/sub/pipe
says 3 "a pipe is not waited for" "pipe: neither a file nor a folder"
scan /dev/null
says 3 "a device" "null: neither"
scan --json rubbish
ok "a failure in JSON" jq -e '.path == "rubbish" and .complete == false and (.error | length > 0)' <<<"$out"
mkdir mixed
cp beginning plain mixed/
scan mixed
says 4 "a broken file in a folder doesn't hide the others" "mixed/plain: runs on every"
scan --level rubbish plain user
is "one bad path doesn't hide the others" "$status $(wc -l <<<"$out")" "3 2"
scan --host x86-64-v1 rubbish needs user
is "would not run outweighs the rest" "$status" 1
printf '\033]0;x\007' >"$tmp/name"
cp rubbish "evil$(cat name)"
scan "evil$(cat name)"
says 3 "names can't play tricks on a terminal" 'evil\\x1b\]0;x\\x07: '

# ---- usage ----

exits 0 "help" "$ctl" scan --help
exits 2 "no path" "$ctl" scan
exits 2 "an unknown option" "$ctl" scan --frobnicate /bin/true
exits 2 "an unknown feature" "$ctl" scan --why frobnicate /bin/true
exits 2 "two kinds of answers" "$ctl" scan --json --level /bin/true
exits 2 "a root that is not there" "$ctl" scan --root nowhere /bin/true
exits 3 "other verbs still take options behind them" "$ctl" list --json -s "$tmp/none"
done_testing
