#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What programs really need: what happens when they run on emulated processors.

usage: truth.py --isatool FILE --cache FILE --data DIR LIST...

A LIST has a program a line: name, program, what it dlopens ("-" for nothing), commands separated by ";;", each perhaps a chain
with "&&" in one folder. Words of a command: NAME=VALUE before the program is its environment, {} the program, {data} a folder of
input files that are made here, {tmp} a private folder, {cpuinfo} a file with the flags of the processor.

Found for each, and kept in the cache by the hashes of all that went in:

required      features whose absence traps, from x86-64-v1 upwards: at each trap that the program doesn't survive, the feature
              that was missing is switched on, with what every processor has that has it, and the program is run again
self_checked  features without which the program ends with another status although nothing traps
hazard        features without which its output is another although it ends with the same status
models        what happens on processors that were sold: fine, trap, wrong, refused
open          it met a feature that can't be emulated, so that more may be needed than was seen
"""

import argparse
import hashlib
import json
import os
import shlex
import subprocess
import sys
import tempfile

import emulator
import samples

VERSION = 5
SAME_BIT = {"tzcnt": "bmi1"}


class Oracle:
    def __init__(self, isatool, data):
        self.isatool = isatool
        self.data = data
        self.memo = {}
        self.models = {model: self.features_on(model) for model in (emulator.BASE, *emulator.MODELS)}
        # what can be switched on, oldest first
        self.base = set(self.models[emulator.BASE])
        self.steps = [f for f in self.models["max"] if f not in self.base and f not in ("mpx", "tzcnt")]

    def ask(self, *argv):
        if argv not in self.memo:
            self.memo[argv] = subprocess.run([self.isatool, *argv], check=True, capture_output=True, text=True).stdout.strip("\n")
        return self.memo[argv]

    def features_on(self, model):
        done = subprocess.run([emulator.QEMU, "-cpu", model, self.isatool, "host"], capture_output=True, text=True, check=True)
        return done.stdout.strip().split(",")

    def implied(self, features):
        if not features:
            return set()
        return {SAME_BIT.get(f, f) for f in self.ask("implied", ",".join(sorted(features))).split(",")}

    def missing(self, trap, have):
        """the features that a trap was for; none when it was no missing feature"""
        kind, names, _ = (self.ask("decode", ",".join(sorted(have)) or "-", trap[1]) + "\t\t").split("\t")[:3]
        return set(names.split(",")) if kind == "missing" and names != "-" else set()

    def possible(self, features):
        return features <= set(self.steps) | self.base


class Command:
    """One command line, and what is right for it."""

    def __init__(self, oracle, program, text):
        self.oracle = oracle
        words = shlex.split(text)
        self.env = {}
        while "=" in words[0] and not words[0].startswith(("{", "/")):
            name, _, value = words.pop(0).partition("=")
            self.env[name] = value
        self.chain = [[]]
        for word in words:
            if word == "&&":
                self.chain.append([])
            else:
                self.chain[-1].append(word.replace("{}", program).replace("{data}", oracle.data))
        first, second, native = self.on("max"), self.on("max"), self.run(None, ())
        self.noisy = first.output != second.output
        self.right = first
        self.note = ""
        # what the emulator can't run, and perhaps this processor can
        if first.status == -emulator.SIGILL or (first.status != native.status and (first.traps or native.status == 0)):
            self.right = None
        if not first.traps and first.status != native.status and native.status == 0:
            self.note = f"never runs in the emulator: {first.status} {first.said.strip()[-120:]}"
        if first.timed_out:
            self.note = "takes too long"

    def run(self, cpu, features):
        with tempfile.NamedTemporaryFile("w", prefix="ostler-isa-cpuinfo-") as info:
            info.write("flags\t\t: " + " ".join(features) + "\n")
            info.flush()
            return emulator.run([[w.replace("{cpuinfo}", info.name) for w in words] for words in self.chain], cpu, self.env)

    def on(self, model):
        return self.run(model, self.oracle.models[model])

    def with_features(self, features):
        closed = self.oracle.implied(features) if features else set()
        return self.run(emulator.cpu_with(closed - self.oracle.base), closed | self.oracle.base)

    def run_with_all(self):
        return self.with_features(set(self.oracle.steps))

    def fine(self, outcome):
        return (self.right is not None and outcome.status == self.right.status and
                (self.noisy or outcome.output == self.right.output))

    def judge(self, outcome):
        if outcome.timed_out:
            return "timeout"
        if self.fine(outcome):
            return "fine"
        if outcome.traps:
            return "trap"
        if self.right is None:
            return "unknown"
        return "wrong" if outcome.status == self.right.status else "refused"


def climb(command, oracle):
    """from x86-64-v1 up, trap by trap: required features, the last outcome, and whether the way was blocked"""
    required = set()
    while True:
        outcome = command.with_features(required)
        if command.fine(outcome) or outcome.timed_out or not outcome.traps:
            return required, outcome, False
        have = oracle.implied(required) | oracle.base
        missing = set()
        for trap in reversed(outcome.traps):
            missing = oracle.missing(trap, have)
            if missing:
                break
        if not missing:
            return required, outcome, False
        required |= missing
        if not oracle.possible(missing):
            return required, outcome, True


def descend(command, oracle, required):
    """no trap, yet not right: the fewest features with which it is right, by what they are to it, or None when all are not
    enough"""
    kept = set(oracle.steps) | required
    if not command.fine(command.with_features(kept)):
        return None
    for feature in reversed(oracle.steps):
        if feature not in kept:
            continue
        less = {f for f in kept if f != feature and feature not in oracle.implied({f})}
        if required <= less and command.fine(command.with_features(less)):
            kept = less
    found = {"required": set(), "self_checked": set(), "hazard": set()}
    for feature in {f for f in kept - oracle.implied(required) if not any(g != f and f in oracle.implied({g}) for g in kept)}:
        # what it is needed for shows where only it is lacking
        outcome = command.with_features({f for f in oracle.steps if feature not in oracle.implied({f})})
        if outcome.traps:
            found["required"].add(feature)
        elif outcome.status == command.right.status:
            found["hazard"].add(feature)
        else:
            found["self_checked"].add(feature)
    return found


def find(oracle, program, commands):
    truth = {"required": set(), "self_checked": set(), "hazard": set(), "models": {}, "open": False, "notes": []}
    for text in commands.split(";;"):
        command = Command(oracle, program, text.strip())
        if command.note:
            truth["notes"].append(command.note)
            continue
        if command.noisy:
            truth["notes"].append("output differs from run to run, only its status is compared")
        required, outcome, blocked = climb(command, oracle)
        truth["required"] |= required
        truth["open"] |= blocked or command.right is None
        if not blocked and command.right is not None and not command.fine(outcome):
            more = descend(command, oracle, required)
            if more is None and command.run_with_all().status == command.right.status:
                command.noisy = True
                truth["notes"].append("output tells of the processor, only its status is compared")
                truth["required"] |= climb(command, oracle)[0]
                more = {}
            if more is None:
                truth["notes"].append(f"never right: {outcome.status} {outcome.said.strip()[-120:]}")
            else:
                for kind, features in more.items():
                    truth[kind] |= features
        for model in (emulator.BASE, *emulator.MODELS):
            name = model if model in emulator.MODELS else "v1"
            judged = command.judge(command.on(model))
            if truth["models"].get(name, "fine") == "fine":
                truth["models"][name] = judged
    return {key: sorted(value) if isinstance(value, set) else value for key, value in truth.items()}


def key_of(program, dlopens, commands):
    digest = hashlib.sha256(f"{VERSION} {commands} {emulator.BASE} {emulator.MODELS}".encode())
    digest.update(subprocess.run([emulator.QEMU, "--version"], capture_output=True, check=True).stdout)
    with open(program, "rb") as file:
        digest.update(file.read())
    used = subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout.split()
    for path in [w for w in used if w.startswith("/")] + dlopens:
        stat = os.stat(path)
        digest.update(f"{path} {stat.st_size} {stat.st_mtime_ns}".encode())
    return digest.hexdigest()


def read_list(path):
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.strip() and not line.startswith("#"):
                name, program, dlopens, commands = line.rstrip("\n").split("\t")[:4]
                yield name, program, [] if dlopens == "-" else dlopens.split(","), commands


def main():
    parser = argparse.ArgumentParser(description="what programs really need")
    parser.add_argument("--isatool", required=True)
    parser.add_argument("--cache", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("lists", nargs="+")
    options = parser.parse_args()
    samples.make(options.data)
    oracle = Oracle(options.isatool, os.path.abspath(options.data))
    try:
        with open(options.cache, encoding="utf-8") as file:
            known = json.load(file)
    except FileNotFoundError:
        known = {}
    known["models"] = {name if name in emulator.MODELS else "v1": have for name, have in oracle.models.items()}
    programs = known.setdefault("programs", {})
    for path in options.lists:
        for name, program, dlopens, commands in read_list(path):
            if not os.access(program, os.X_OK):
                print(f"{name}: {program} is not installed", file=sys.stderr)
                continue
            key = key_of(program, dlopens, commands)
            if programs.get(name, {}).get("key") == key:
                continue
            programs[name] = {"key": key, **find(oracle, program, commands)}
            print(name, {k: v for k, v in programs[name].items() if v and k not in ("key",)}, file=sys.stderr, flush=True)
            with open(options.cache + ".new", "w", encoding="utf-8") as file:
                json.dump(known, file, indent=1)
            os.replace(options.cache + ".new", options.cache)


if __name__ == "__main__":
    main()
