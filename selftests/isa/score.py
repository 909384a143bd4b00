#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""How right the analysis is, and how fast, beside other ways to do it.

usage: score.py --truth FILE --ostlerctl FILE --isatool FILE --wrong FILE --features FILE [--only-ours] [--show-held-out]
                [--large PROGRAM]... GROUP=LIST...

Prints a figure a line: name, value, unit, and its goal (operator, number), separated by tabs; "-" where there is none, and a value
of "-" where nothing was there to be counted. What is wrong goes to the file --wrong, program by program; of the groups that are
held out only numbers, unless --show-held-out. The file --features gets the same figures feature by feature.

A pair is a program and a feature above x86-64-v1. Of a program's truth it is: hard, when it was needed in the runs; else not
needed.
A claim is a verdict of required, self-checked or hazard. It is
right         of a feature that was needed
implied       of what no processor can lack that has what was needed (AVX where AVX2 was): neither right nor wrong
unjudged      of what the runs can't tell: of a feature that had been switched on together with another, or, where the runs ended
              at a feature that can't be emulated, of one that was not seen up to there. Neither right nor wrong, and counted; where
              the program ran well on a processor without that feature, the runs do tell
false         any other
What is needed and not claimed is lacking, unless what is claimed implies it. The analysis holds some habits of makers for implied
(HABITS); here they are not, so that it is seen when they mislead it.

Unsafe is a placement on a processor that was sold, that the analysis allows and that fails; lost is one that it refuses and
that would have done. A program that only told its version or usage shows little: idle ones are counted.
"""

import argparse
import collections
import json
import os
import re
import shlex
import struct
import subprocess
import sys
import tempfile

import truth as truths

HARD = ("required", "self-checked", "hazard")
# nobody who works on the analysis should look at what it says of these
HELD_OUT = ("unseen", "fresh", "holdout")
# what implies what by custom only, see isa/implied.h: (POPCNT with AVX, LZCNT with BMI2, FMA and F16C with AVX-512)
HABITS = {"popcnt", "abm", "fma", "f16c"}
# words of commands that make a program tell of itself, and do nothing
IDLE_WORDS = {"--version", "-version", "version", "-V", "-v", "--help", "-help", "-h", "--list-langs", "-Xint", "--no-config",
              "--no-defaults"}
# what "a 100 MB program" has, in MB of code: less tells nothing about it, and of more nothing was promised
LARGE, LARGER = 100, 200
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

    def scan(self, program, dlopened, side="ours"):
        options = [word for path in dlopened for word in ("--dlopen", path)]
        status, out, err, kib = self.runs.timed(side, [self.ostlerctl, "scan", "--json", "--no-cache", *options, program])
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
    """Claims beside what was needed, over all features and for each."""

    def __init__(self):
        self.count = collections.Counter()
        self.of_feature = collections.defaultdict(collections.Counter)

    def _note(self, kind, features):
        self.count[kind] += len(features)
        for feature in features:
            self.of_feature[feature][kind] += 1

    def add(self, claimed, needed, neutral, unjudged, covers):
        rest = claimed - needed - neutral
        wrong = rest - unjudged
        lacking = needed - claimed - covers
        self._note("right", needed - lacking)
        self._note("false", wrong)
        self._note("lacking", lacking)
        self._note("unjudged", rest & unjudged)
        self._note("implied", (claimed & neutral) - needed)
        self.count["programs"] += 1
        self.count["exact"] += not wrong and not lacking
        self.count["clean"] += not needed
        self.count["kept clean"] += not needed and not rest
        return wrong, lacking

    def ratio(self, part, *rest):
        return share(self.count[part], sum(self.count[kind] for kind in (part, *rest)))

    def mean(self, part, rest):
        """of the features that have such pairs, each with the same weight"""
        shares = [share(c[part], c[part] + c[rest]) for c in self.of_feature.values() if c[part] + c[rest]]
        return share(sum(shares), len(shares))


def share(part, whole):
    """None of nothing"""
    return part / whole if whole else None


def idle(commands):
    """does no command of it make the program do what it is for?"""
    words = [set(shlex.split(text.partition("{}")[2])) for text in commands.split(";;")]
    return all(said and said <= IDLE_WORDS for said in words)


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
        self.hungriest = (0, "", 0)

    def one(self, group, name, program, dlopened, commands):
        truth = self.programs.get(name)
        extra = self.extra[group]
        if not truth or any(note.startswith(("takes", "never")) for note in truth["notes"]):
            print(f"score: {name}: no truth is known of it: {truth['notes'] if truth else 'never run'}", file=sys.stderr)
            extra["without truth"] += 1
            return
        extra["idle"] += idle(commands)
        extra["open"] += truth["open"]
        paths = closure(program, dlopened)
        try:
            report, verdicts, kib = self.ours.scan(program, dlopened)
        except ValueError as error:
            self.note(group, f"{group} {name}: {error}\n")
            extra["failed"] += 1
            report, verdicts, kib = None, {}, 0
        wrong, lacking = self.judge(group, truth, verdicts)
        unsafe, lost = self.place(group, truth, verdicts)
        if report:
            self.sizes(group, name, paths, report, kib)
        if wrong or lacking or unsafe or (report and not report["complete"]):
            self.tell(group, name, program, truth, verdicts, wrong, lacking, unsafe, lost, report)
        if not self.options.only_ours:
            for side in ("elfx86exts", "objdump"):
                self.compare(group, side, self.unions.of(side, paths) - self.old, truth)

    def unjudged(self, truth, needed, features):
        """those of these features of which the runs don't tell whether they are needed"""
        together = self.implied(needed)
        shown = [self.models[model] for model, judged in truth["models"].items() if judged == "fine"]
        return {f for f in features if (truth["open"] or f in together) and all(f in have for have in shown)}

    def compare(self, group, side, claimed, truth, kinds=("required", "self_checked", "hazard")):
        needed = set().union(*(truth[kind] for kind in kinds))
        seen = needed_at_all(truth)
        implied = strict(self.implied, seen) - seen
        unjudged = self.unjudged(truth, seen, claimed)
        return self.tallies[group, side].add(claimed, needed, implied, unjudged, strict(self.implied, claimed))

    def judge(self, group, truth, verdicts):
        claimed = {f for f, v in verdicts.items() if v["verdict"] in HARD and f not in self.old}
        right = needed_at_all(truth) & claimed
        self.extra[group]["kind"] += sum(f in truth[verdicts[f]["verdict"].replace("-", "_")] for f in right)
        self.extra[group]["kinds"] += len(right)
        self.compare(group, "ours, required", {f for f in claimed if verdicts[f]["verdict"] == "required"}, truth, ("required",))
        return self.compare(group, "ours", claimed, truth)

    def place(self, group, truth, verdicts):
        extra = self.extra[group]
        unsafe, lost = [], []
        for model, judged in truth["models"].items():
            refuses = any(passes(v, self.models[model]) for v in verdicts.values())
            if judged in ("trap", "wrong", "refused"):
                extra["failing"] += 1
                if not refuses:
                    unsafe.append(f"{model} ({judged})")
            elif judged == "fine":
                extra["fine"] += 1
                if refuses:
                    lost.append(model)
        extra["unsafe"] += len(unsafe)
        extra["lost"] += len(lost)
        return unsafe, lost

    def sizes(self, group, name, paths, report, kib):
        self.extra[group]["same closure"] += paths <= {os.path.realpath(o["path"]) for o in report["objects"]}
        self.extra[group]["incomplete"] += not report["complete"]
        megabytes = code_of(report)
        # no cache: all of it is read and decoded for each program, so it counts each time
        self.runs.megabytes["ours"] += megabytes
        self.runs.megabytes["ours, decoded"] += report["code_bytes"] / MB
        self.hungriest = max(self.hungriest, (kib, name, megabytes))

    def note(self, group, text):
        if group not in HELD_OUT or self.options.show_held_out:
            self.wrong.write(text)

    def tell(self, group, name, program, truth, verdicts, wrong, lacking, unsafe, lost, report):
        self.extra[group].update({"told": 1, "too much": len(wrong), "too little": len(lacking)})
        lines = [f"{group} {name} {program}"]
        if report and not report["complete"]:
            lines.append(f"  incomplete: {report['incomplete']}")
        for feature in sorted(wrong):
            lines.append(f"  too much: {feature}: {describe(verdicts[feature])}")
        for feature in sorted(lacking):
            kind = next(k for k in ("required", "self_checked", "hazard") if feature in truth[k])
            lines.append(f"  too little: {feature} is {kind}: {describe(verdicts.get(feature))}")
        if unsafe:
            lines.append(f"  unsafe: {', '.join(unsafe)}")
        if lost:
            lines.append(f"  lost: {', '.join(lost)}")
        self.note(group, "\n".join(lines) + "\n")

    def finish(self, groups):
        """the numbers of what was not told"""
        for group in groups:
            if group in HELD_OUT and not self.options.show_held_out:
                extra = self.extra[group]
                self.wrong.write(f"{group}: held out: {extra['told']} programs with something wrong: too much {extra['too much']}, "
                                 f"too little {extra['too little']}, unsafe {extra['unsafe']}, incomplete {extra['incomplete']}\n")
        self.wrong.close()


def needed_at_all(truth):
    return set(truth["required"]) | set(truth["self_checked"]) | set(truth["hazard"])


def strict(implied, features):
    """what the architecture says, without habits"""
    return implied(features) - (HABITS - features)


def code_of(report):
    """MB of executable segments of all its objects"""
    return sum(code_bytes(path) for path in {os.path.realpath(o["path"]) for o in report["objects"]}) / MB


def figure(name, value, unit="", goal=("", "")):
    shown = "-" if value is None else f"{value:.6g}"
    print("\t".join((f"isa: {name}", shown, unit or "-", goal[0] or "-", goal[1] or "-")))


def print_accuracy(tally, group, what, goal):
    count = tally.count
    figure(f"{group}: precision{what}", tally.ratio("right", "false"), f"of {count['right'] + count['false']} claims", goal)
    figure(f"{group}: recall{what}", tally.ratio("right", "lacking"), f"of {count['right'] + count['lacking']} pairs", goal)


def print_group(score, group):
    mine, extra = score.tallies[group, "ours"], score.extra[group]
    count = mine.count
    figure(f"{group}: programs", count["programs"])
    figure(f"{group}: programs that only tell their version or usage", extra["idle"], f"of {count['programs']}")
    figure(f"{group}: programs left out, as their truth is not known", extra["without truth"])
    print_accuracy(mine, group, "", (">=", "0.95"))
    figure(f"{group}: claims that the runs can't tell of", count["unjudged"], f"with {extra['open']} programs of an open end")
    figure(f"{group}: precision if those were all wrong", mine.ratio("right", "false", "unjudged"))
    figure(f"{group}: claims that follow from what was needed", count["implied"])
    figure(f"{group}: precision, mean over features", mine.mean("right", "false"))
    figure(f"{group}: recall, mean over features", mine.mean("right", "lacking"))
    print_accuracy(score.tallies[group, "ours, required"], group, " of required alone", (">=", "0.95"))
    figure(f"{group}: programs exactly right", share(count["exact"], count["programs"]), f"of {count['programs']}")
    figure(f"{group}: programs that need nothing, and so said", share(count["kept clean"], count["clean"]), f"of {count['clean']}")
    figure(f"{group}: right kind of what is hard", share(extra["kind"], extra["kinds"]), f"of {extra['kinds']}")
    failing = extra["failing"]
    figure(f"{group}: unsafe placements", extra["unsafe"] if failing else None, f"of {failing} that fail", ("<=", "0"))
    figure(f"{group}: lost placements", extra["lost"] if extra["fine"] else None, f"of {extra['fine']} that do well")
    figure(f"{group}: incomplete answers", extra["incomplete"])
    figure(f"{group}: closures that hold all that the loader loads", share(extra["same closure"], count["programs"]))
    if extra["failed"]:
        figure(f"{group}: programs not analysed", extra["failed"], "", ("<=", "0"))


def print_figures(score, groups, only_ours):
    for group in groups:
        print_group(score, group)
        for side in () if only_ours else ("elfx86exts", "objdump"):
            tally = score.tallies[group, side]
            print_accuracy(tally, group, f" of {side}", ("", ""))
            figure(f"{group}: programs exactly right by {side}", share(tally.count["exact"], tally.count["programs"]))


def write_features(score, groups, path):
    """feature by feature, those of which there are pairs or claims"""
    with open(path, "w", encoding="utf-8") as file:
        file.write("group\tfeature\tright\tfalse\tlacking\tunjudged\tprecision\trecall\n")
        for group in groups:
            for feature, count in sorted(score.tallies[group, "ours"].of_feature.items()):
                ratios = (share(count["right"], count["right"] + count[other]) for other in ("false", "lacking"))
                row = [count[kind] for kind in ("right", "false", "lacking", "unjudged")]
                if any(row):
                    words = ["-" if ratio is None else f"{ratio:.3f}" for ratio in ratios]
                    file.write("\t".join([group, feature, *map(str, row), *words]) + "\n")


def print_memory(score):
    for program in score.options.large:
        report, _, kib = score.ours.scan(program, [], "large")
        megabytes = code_of(report)
        goal = ("<=", "1024") if LARGE <= megabytes < LARGER else ("", "")
        how = "" if report["complete"] else ", not all of it within the budgets"
        size = f"{megabytes:.0f} MB of code, {report['code_bytes'] / MB:.0f} MB of it decoded"
        figure(f"memory for {os.path.basename(program)}, {size}{how}", kib / 1024, "MiB", goal)
    kib, name, megabytes = score.hungriest
    if name:
        figure(f"memory for the hungriest, {name}, {megabytes:.0f} MB of code", kib / 1024, "MiB")


def print_speed(score, only_ours):
    runs = score.runs
    rate = {side: share(runs.megabytes[side], runs.seconds[side]) for side in ("ours", "objdump", "elfx86exts")}
    if not rate["ours"]:
        return
    decoded = share(runs.megabytes["ours, decoded"], runs.seconds["ours"])
    figure("analysis, cold, CPU time, bytes of executable segments each time they are analysed", rate["ours"], "MB/s", (">=", "130"))
    figure("analysis, cold, CPU time, only bytes that were decoded", decoded, "MB/s")
    for side, goal in (("objdump", "15"), ("elfx86exts", "10")):
        if rate[side] and not only_ours:
            figure(f"{side}, CPU time, bytes of executable segments, each file once", rate[side], "MB/s")
            figure(f"analysis ÷ {side}, both by bytes of executable segments", rate["ours"] / rate[side], "", (">=", goal))


def main():
    parser = argparse.ArgumentParser(description="how right the analysis is, and how fast")
    for option in ("--truth", "--ostlerctl", "--isatool", "--wrong", "--features"):
        parser.add_argument(option, required=True)
    parser.add_argument("--only-ours", action="store_true", help="not beside other ways")
    parser.add_argument("--show-held-out", action="store_true", help="program by program, too: they are seen from then on")
    parser.add_argument("--large", action="append", default=[], metavar="PROGRAM", help="to measure memory with")
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
        for name, program, dlopened, commands in truths.read_list(path):
            score.one(group, name, program, dlopened, commands)
        if group == "built":
            score.runs.seconds, score.runs.megabytes = saved
            score.unions.seen.clear()
    score.finish(groups)
    write_features(score, groups, options.features)
    print_figures(score, groups, options.only_ours)
    print_memory(score)
    print_speed(score, options.only_ours)


if __name__ == "__main__":
    main()
