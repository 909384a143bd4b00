#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""How right the analysis is, and how fast, beside other ways to do it.

usage: score.py --truth FILE --ostlerctl FILE --isatool FILE --wrong FILE [--only-ours] GROUP=LIST...

Prints a figure a line: name, value, unit, and its goal (operator, number), separated by tabs; "-" where there is none. What is wrong 
goes to the file --wrong, program by program.

A pair is a program and a feature above x86-64-v1. Of a program's truth it is: hard, when it was needed in the runs; else not needed.
A claim is a verdict of required, self-checked or hazard. Neither right nor wrong are: claims of what no processor lacks that has
what was needed (AVX where AVX2 was), and claims about programs whose runs ended at a feature that can't be emulated, except those of
features that were seen.
Unsafe is a placement on a processor that was sold, that the analysis allows and that fails; lost is one that it refuses and
that would have done.
"""

import argparse
import collections
import json
import os
import re
import struct
import subprocess
import sys
import tempfile

import truth as truths

HARD = ("required", "self-checked", "hazard")
PT_LOAD, PF_X, EM_X86_64 = 1, 1, 62
MB = 1e6

# elfx86exts names capstone's groups
ELFX86EXTS = {
    "SSE3": "pni", "SSSE3": "ssse3", "SSE41": "sse4_1", "SSE42": "sse4_2", "SSE4A": "sse4a", "AVX": "avx", "AVX2": "avx2",
    "BMI": "bmi1", "BMI2": "bmi2", "FMA": "fma", "FMA4": "fma4", "F16C": "f16c", "AES": "aes", "PCLMUL": "pclmulqdq",
    "ADX": "adx", "RTM": "rtm", "HLE": "hle", "XOP": "xop", "TBM": "tbm", "SHA": "sha_ni", "FSGSBASE": "fsgsbase",
    "3DNOW": "3dnow", "AVX512": "avx512f", "CDI": "avx512cd", "BWI": "avx512bw", "DQI": "avx512dq", "VLX": "avx512vl",
    "ERI": "avx512er", "PFI": "avx512pf",
}

# mnemonics that occur, each with the widest vector that it is seen with
OBJDUMP_SCRIPT = r"""objdump -d --no-show-raw-insn "$1" | awk -F'\t' '
NF > 1 { split($2, word, " "); seen[word[1] " " ($2 ~ /zmm/ ? "z" : $2 ~ /ymm/ ? "y" : "-")] }
END { for (pair in seen) print pair }'"""

# objdump's mnemonics, by the first pattern that fits
OBJDUMP = [(re.compile(pattern), feature) for pattern, feature in (
    (r"popcnt", "popcnt"), (r"lzcnt", "abm"), (r"tzcnt|andn$|bextr|bls(i|r|msk)", "bmi1"),
    (r"pdep|pext$|bzhi|mulx|(ro|sa|sh)[rl]x", "bmi2"), (r"movbe", "movbe"), (r"rdrand", "rdrand"), (r"rdseed", "rdseed"),
    (r"rdtscp", "rdtscp"), (r"adcx|adox", "adx"), (r"x(begin|end|abort|test)", "rtm"), (r"cmpxchg16b", "cx16"),
    (r"(rd|wr)[fg]sbase", "fsgsbase"), (r"[ls]ahf", "lahf_lm"), (r"sha(1|256)", "sha_ni"), (r"gf2p8|vgf2p8", "gfni"),
    (r"vf(n?m)(add|sub)", "fma"), (r"vcvtph2ps|vcvtps2ph", "f16c"), (r"v?aes", "aes"), (r"v?pclmul", "pclmulqdq"),
    (r"h(add|sub)p|addsubp|lddqu|mov(ddup|s[hl]dup)", "pni"),
    (r"pshufb|ph(add|sub)|pmaddubsw|pmulhrsw|psign|pabs|palignr", "ssse3"),
    (r"pcmp[ei]str|crc32|pcmpgtq", "sse4_2"),
    (r"pblend|blend|p(min|max)(s[bd]|u[wd])|pmov[sz]x|pinsr[bdq]|pextr[bdq]|round[ps]|ptest|pmulld|pmuldq|packusdw|pcmpeqq|"
     r"dpp[sd]|mpsadbw|phminposuw|movntdqa|insertps|extractps", "sse4_1"),
    (r"femms|pf(add|sub|mul|rcp)|pi2fd|pf2id", "3dnow"),
)]


class Runs:
    """child processes, and what they took"""

    def __init__(self):
        self.seconds = collections.Counter()
        self.megabytes = collections.Counter()

    def timed(self, side, argv):
        """run it; its status, output, error output, and the most memory it had, in KiB"""
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            self.seconds[side] += usage.ru_utime + usage.ru_stime
            out.seek(0)
            err.seek(0)
            return process.returncode, out.read(), err.read(), usage.ru_maxrss


def code_bytes(path):
    """bytes of the executable segments"""
    with open(path, "rb") as file:
        head = file.read(64)
        if head[:5] != b"\x7fELF\x02" or struct.unpack_from("<H", head, 18)[0] != EM_X86_64:
            return 0
        offset, size, count = struct.unpack_from("<Q", head, 32)[0], *struct.unpack_from("<HH", head, 54)
        file.seek(offset)
        table = file.read(size * count)
    rows = (struct.unpack_from("<IIQQQQ", table, i * size) for i in range(count))
    return sum(row[5] for row in rows if row[0] == PT_LOAD and row[1] & PF_X)


def closure(program, dlopened):
    """what the loader itself says that it loads"""
    found = {os.path.realpath(path) for path in [program, *dlopened]}
    for path in [program, *dlopened]:
        said = subprocess.run(["ldd", path], capture_output=True, text=True, check=False).stdout
        found |= {os.path.realpath(word) for word in said.split() if word.startswith("/")}
    return found


class Ours:
    def __init__(self, ostlerctl, runs):
        self.ostlerctl = ostlerctl
        self.runs = runs

    def scan(self, program, dlopened):
        options = [word for path in dlopened for word in ("--dlopen", path)]
        status, out, err, kib = self.runs.timed("ours", [self.ostlerctl, "scan", "--json", "--no-cache", *options, program])
        if status not in (0, 4) or not out:
            raise ValueError(f"ostlerctl scan {program}: status {status}: {err.decode()[-300:]}")
        report = json.loads(out.splitlines()[0])
        verdicts = {}
        for feature in report["features"]:
            name = truths.SAME_BIT.get(feature["name"], feature["name"])
            if feature["verdict"] in HARD or name not in verdicts:
                verdicts[name] = feature
        return report, verdicts, kib


class Unions:
    """The other ways: the union of what occurs in all objects of the closure."""

    def __init__(self, runs):
        self.runs = runs
        self.seen = {}

    def elfx86exts(self, path):
        _, out, _, _ = self.runs.timed("elfx86exts", ["elfx86exts", path])
        return {ELFX86EXTS[word] for word in re.findall(r"^(\w+) \(", out.decode(), re.M) if word in ELFX86EXTS}

    def objdump(self, path):
        _, out, _, _ = self.runs.timed("objdump", ["sh", "-c", OBJDUMP_SCRIPT, "sh", path])
        found = set()
        for line in out.decode("latin1").splitlines():
            mnemonic, width = line.rsplit(" ", 1)
            bare = mnemonic[1:] if mnemonic.startswith("v") else mnemonic
            if width == "z" or re.match(r"k(mov|or|and|xor|not|unpck|shift|test|add)", mnemonic):
                found.add("avx512f")
            elif mnemonic.startswith("v") and not mnemonic.startswith("ver"):
                found.add("avx2" if width == "y" and bare.startswith("p") else "avx")
            for pattern, feature in OBJDUMP:
                if pattern.match(mnemonic):
                    found.add(feature)
                    break
        return found

    def of(self, side, paths):
        found = set()
        for path in paths:
            if (side, path) not in self.seen:
                self.seen[side, path] = getattr(self, side)(path)
                self.runs.megabytes[side] += code_bytes(path) / MB
            found |= self.seen[side, path]
        return found


class Tally:
    def __init__(self):
        self.count = collections.Counter()

    def add(self, claimed, needed, neutral, opened, covers):
        wrong = claimed - needed - neutral
        if opened:
            wrong = set()
        lacking = {f for f in needed - claimed if f not in covers}
        self.count["right"] += len(needed) - len(lacking)
        self.count["false"] += len(wrong)
        self.count["lacking"] += len(lacking)
        self.count["programs"] += 1
        self.count["exact"] += not wrong and not lacking
        self.count["clean"] += not needed
        self.count["kept clean"] += not needed and not wrong
        return wrong, lacking

    def ratio(self, part, rest):
        whole = self.count[part] + self.count[rest]
        return self.count[part] / whole if whole else 1.0


def passes(verdict, have):
    """does a host that has these fail, as ost_needs_unmet() says?"""
    name = truths.SAME_BIT.get(verdict["name"], verdict["name"])
    if name in have:
        return False
    if verdict["verdict"] in HARD:
        return True
    guard = (verdict["evidence"] or {}).get("guard") or {"features": []}
    return verdict["verdict"] == "weak guard" and set(guard["features"]) <= have


def describe(verdict):
    if not verdict:
        return "not found"
    evidence = verdict["evidence"] or {}
    guard = (evidence.get("guard") or {}).get("features")
    where = " ".join(str(evidence.get(key)) for key in ("symbol", "address", "instruction"))
    where = f"{os.path.basename(evidence.get('object') or '?')} {where}"
    return f"{verdict['verdict']} x{verdict['count']} at {where}" + (f" guard {','.join(guard)}" if guard is not None else "")


class Score:
    def __init__(self, options, oracle_implied, known):
        self.options = options
        self.implied = oracle_implied
        self.models = {name: set(have) | {"bmi1"} if "tzcnt" in have else set(have) for name, have in known["models"].items()}
        self.old = self.models["v1"]
        self.programs = known["programs"]
        self.runs = Runs()
        self.ours = Ours(options.ostlerctl, self.runs)
        self.unions = Unions(self.runs)
        self.tallies = collections.defaultdict(Tally)
        self.extra = collections.defaultdict(collections.Counter)
        self.wrong = open(options.wrong, "w", encoding="utf-8")
        self.largest = self.hungriest = (0, "", 0)

    def one(self, group, name, program, dlopened):
        truth = self.programs.get(name)
        if not truth or any(note.startswith(("takes", "never")) for note in truth["notes"]):
            print(f"score: {name}: no truth is known of it: {truth['notes'] if truth else 'never run'}", file=sys.stderr)
            return
        needed = set(truth["required"]) | set(truth["self_checked"]) | set(truth["hazard"])
        neutral = self.implied(needed) - needed
        paths = closure(program, dlopened)
        try:
            report, verdicts, kib = self.ours.scan(program, dlopened)
        except ValueError as error:
            self.wrong.write(f"{group} {name}: {error}\n")
            self.extra[group]["failed"] += 1
            report, verdicts, kib = None, {}, 0
        claimed = {f for f, v in verdicts.items() if v["verdict"] in HARD and f not in self.old}
        wrong, lacking = self.tallies[group, "ours"].add(claimed, needed, neutral, truth["open"], self.implied(claimed))
        self.extra[group]["kind"] += sum(f in truth[verdicts[f]["verdict"].replace("-", "_")] for f in needed & claimed)
        self.extra[group]["kinds"] += len(needed & claimed)
        unsafe, lost = self.place(truth, verdicts)
        self.extra[group]["unsafe"] += len(unsafe)
        self.extra[group]["lost"] += len(lost)
        self.extra[group]["placements"] += len(truth["models"])
        if report:
            self.sizes(group, name, paths, report, kib)
        if wrong or lacking or unsafe or (report and not report["complete"]):
            self.tell(group, name, program, truth, verdicts, wrong, lacking, unsafe, lost, report)
        if not self.options.only_ours:
            for side in ("elfx86exts", "objdump"):
                found = self.unions.of(side, paths) - self.old
                self.tallies[group, side].add(found, needed, neutral, truth["open"], self.implied(found))

    def place(self, truth, verdicts):
        unsafe, lost = [], []
        for model, judged in truth["models"].items():
            refuses = any(passes(v, self.models[model]) for v in verdicts.values())
            if judged in ("trap", "wrong", "refused") and not refuses:
                unsafe.append(f"{model} ({judged})")
            elif judged == "fine" and refuses:
                lost.append(model)
        return unsafe, lost

    def sizes(self, group, name, paths, report, kib):
        self.extra[group]["same closure"] += paths <= {os.path.realpath(o["path"]) for o in report["objects"]}
        self.extra[group]["incomplete"] += not report["complete"]
        megabytes = sum(code_bytes(path) for path in {os.path.realpath(o["path"]) for o in report["objects"]}) / MB
        self.runs.megabytes["ours"] += megabytes
        self.largest = max(self.largest, (megabytes, name, kib))
        self.hungriest = max(self.hungriest, (kib, name, megabytes))

    def tell(self, group, name, program, truth, verdicts, wrong, lacking, unsafe, lost, report):
        write = self.wrong.write
        write(f"{group} {name} {program}\n")
        if report and not report["complete"]:
            write(f"  incomplete: {report['incomplete']}\n")
        for feature in sorted(wrong):
            write(f"  too much: {feature}: {describe(verdicts[feature])}\n")
        for feature in sorted(lacking):
            kind = next(k for k in ("required", "self_checked", "hazard") if feature in truth[k])
            write(f"  too little: {feature} is {kind}: {describe(verdicts.get(feature))}\n")
        if unsafe:
            write(f"  unsafe: {', '.join(unsafe)}\n")
        if lost:
            write(f"  lost: {', '.join(lost)}\n")


def figure(name, value, unit="", goal=("", "")):
    print("\t".join((f"isa: {name}", f"{value:.6g}", unit or "-", goal[0] or "-", goal[1] or "-")))


def print_figures(score, groups, only_ours):
    for group in groups:
        mine, extra = score.tallies[group, "ours"], score.extra[group]
        figure(f"{group}: programs", mine.count["programs"])
        figure(f"{group}: precision", mine.ratio("right", "false"), "", (">=", "0.95"))
        figure(f"{group}: recall", mine.ratio("right", "lacking"), "", (">=", "0.95"))
        figure(f"{group}: pairs that are hard", mine.count["right"] + mine.count["lacking"])
        figure(f"{group}: programs exactly right", mine.count["exact"] / max(mine.count["programs"], 1))
        figure(f"{group}: programs that need nothing, and so said", mine.ratio("kept clean", "none") if not mine.count["clean"] else
               mine.count["kept clean"] / mine.count["clean"])
        figure(f"{group}: right kind of what is hard", extra["kind"] / max(extra["kinds"], 1))
        figure(f"{group}: unsafe placements", extra["unsafe"], f"of {extra['placements']}", ("<=", "0"))
        figure(f"{group}: lost placements", extra["lost"], f"of {extra['placements']}")
        figure(f"{group}: incomplete answers", extra["incomplete"])
        figure(f"{group}: closures that hold all that the loader loads", extra["same closure"] / max(mine.count["programs"], 1))
        if extra["failed"]:
            figure(f"{group}: programs not analysed", extra["failed"], "", ("<=", "0"))
        for side in () if only_ours else ("elfx86exts", "objdump"):
            tally = score.tallies[group, side]
            figure(f"{group}: precision of {side}", tally.ratio("right", "false"))
            figure(f"{group}: recall of {side}", tally.ratio("right", "lacking"))
            figure(f"{group}: programs exactly right by {side}", tally.count["exact"] / max(tally.count["programs"], 1))


def print_speed(score, only_ours):
    runs = score.runs
    rate = {side: runs.megabytes[side] / runs.seconds[side] for side in runs.seconds if runs.seconds[side] and runs.megabytes[side]}
    if "ours" not in rate:
        return
    megabytes, name, kib = score.largest
    figure(f"memory for the largest program, {name}, {megabytes:.0f} MB of code", kib / 1024, "MiB", ("<=", "1024"))
    kib, name, megabytes = score.hungriest
    figure(f"memory for the hungriest, {name}, {megabytes:.0f} MB of code", kib / 1024, "MiB", ("<=", "1024"))
    figure("analysis, cold, CPU time", rate["ours"], "MB/s", (">=", "130"))
    for side, goal in (("objdump", "15"), ("elfx86exts", "10")):
        if side in rate and not only_ours:
            figure(f"{side}, CPU time", rate[side], "MB/s")
            figure(f"analysis ÷ {side}", rate["ours"] / rate[side], "", (">=", goal))


def main():
    parser = argparse.ArgumentParser(description="how right the analysis is, and how fast")
    for option in ("--truth", "--ostlerctl", "--isatool", "--wrong"):
        parser.add_argument(option, required=True)
    parser.add_argument("--only-ours", action="store_true", help="not beside other ways")
    parser.add_argument("lists", nargs="+", metavar="GROUP=LIST")
    options = parser.parse_args()
    memo = {}

    def implied(features):
        key = ",".join(sorted(features))
        if key and key not in memo:
            said = subprocess.run([options.isatool, "implied", key], check=True, capture_output=True, text=True).stdout.strip()
            memo[key] = {truths.SAME_BIT.get(f, f) for f in said.split(",")}
        return memo.get(key, set())

    with open(options.truth, encoding="utf-8") as file:
        score = Score(options, implied, json.load(file))
    groups = []
    for argument in options.lists:
        group, _, path = argument.partition("=")
        groups.append(group)
        # the built programs are too small for their time to tell anything
        saved = collections.Counter(score.runs.seconds), collections.Counter(score.runs.megabytes)
        for name, program, dlopened, _ in truths.read_list(path):
            score.one(group, name, program, dlopened)
        if group == "built":
            score.runs.seconds, score.runs.megabytes = saved
            score.unions.seen.clear()
    score.wrong.close()
    print_figures(score, groups, options.only_ours)
    print_speed(score, options.only_ours)


if __name__ == "__main__":
    main()
