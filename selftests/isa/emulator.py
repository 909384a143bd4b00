# SPDX-License-Identifier: GPL-2.0-or-later
"""One run of a program on a processor that qemu-x86_64 emulates, with every trap of it seen by the emulator's gdb server before
the program sees it: a handler of its own hides none."""

import hashlib
import os
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time

QEMU = "qemu-x86_64"
# seconds that a run may take
RUN_SECONDS = 120
# traps after which a program is ended that goes on trapping
TRAPS_MAX = 64
SIGILL = 4
INSN_BYTES_MAX = 15
# where the gdb server's general registers have RIP: after sixteen of 8 bytes
RIP_AT = 16 * 8 * 2
# bytes of output that are kept to be compared
OUTPUT_MAX = 64 << 20

# The first AMD64 processors: x86-64-v1 with 3DNow!, as were sold, so no program is led astray by a processor that can't be.
BASE = "qemu64,sse3=off,cx16=off,lahf-lm=off,svm=off,3dnow=on,3dnowext=on,mmxext=on"
MODELS = ("core2duo", "Nehalem", "SandyBridge", "Haswell-noTSX", "EPYC", "max")
# names that differ between the catalogue and the emulator
QEMU_NAMES = {"pni": "sse3", "sse4_1": "sse4.1", "sse4_2": "sse4.2"}


def cpu_with(features):
    """-cpu for BASE and these features; never +f and -f, of which the latter wins wherever it stands"""
    have = {QEMU_NAMES.get(f, f.replace("_", "-")) for f in features}
    options = [o for o in BASE.split(",")[1:] if o.split("=")[0] not in have]
    return ",".join(["qemu64", *options, *(f"{f}=on" for f in sorted(have))])


class Debugger:
    """The client's side of a gdb server, as little as is needed."""

    def __init__(self, path, deadline, process):
        self.socket = socket.socket(socket.AF_UNIX)
        self.deadline = deadline
        self.buffer = b""
        while True:
            try:
                self.socket.connect(path)
                return
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise ConnectionError("the emulator did not start") from None
                time.sleep(0.002)

    def ask(self, command):
        self.socket.sendall(b"$%s#%02x" % (command, sum(command) & 255))
        while True:
            start = self.buffer.find(b"$")
            end = self.buffer.find(b"#", start)
            if start >= 0 and 0 <= end <= len(self.buffer) - 3:
                answer = self.buffer[start + 1:end]
                self.buffer = self.buffer[end + 3:]
                self.socket.sendall(b"+")
                return answer
            left = self.deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self.socket.settimeout(left)
            more = self.socket.recv(65536)
            if not more:
                return b""
            self.buffer += more

    def bytes_at_rip(self, thread):
        if thread:
            self.ask(b"Hg" + thread)
        rip = int.from_bytes(bytes.fromhex(self.ask(b"g")[RIP_AT:RIP_AT + 16].decode()), "little")
        for count in range(INSN_BYTES_MAX, 0, -1):
            answer = self.ask(b"m%x,%x" % (rip, count))
            if answer and not answer.startswith(b"E"):
                return rip, answer.decode()
        return rip, ""


class Outcome:
    """How a run ended: exit status or negative signal, its output's hash, and the traps on the way."""

    def __init__(self):
        self.status = None
        self.output = ""
        self.said = ""
        self.traps = []  # (address, hexadecimal bytes)

    @property
    def timed_out(self):
        return self.status == "timeout"


def _limits():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.setsid()


def _watch(debugger, outcome):
    debugger.ask(b"?")
    answer = debugger.ask(b"c")
    while answer[:1] in (b"T", b"S"):
        number = int(answer[1:3], 16)
        if number == SIGILL:
            thread = answer[3:].partition(b"thread:")[2].partition(b";")[0]
            outcome.traps.append(debugger.bytes_at_rip(thread))
            if len(outcome.traps) >= TRAPS_MAX:
                return False
        answer = debugger.ask(b"C%02x" % number)
    return True


def _run_one(argv, cpu, env, folder, deadline, outcome, out, err):
    gate = os.path.join(folder, ".gdb")
    command = argv if cpu is None else [QEMU, "-g", gate, "-cpu", cpu, *argv]
    if os.path.exists(gate):
        os.unlink(gate)
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd=folder, env=env,
                               preexec_fn=_limits)
    try:
        if cpu is None or _watch(Debugger(gate, deadline, process), outcome):
            return process.wait(max(deadline - time.monotonic(), 1))
        return -SIGILL
    except (TimeoutError, socket.timeout, subprocess.TimeoutExpired):
        return "timeout"
    except (ConnectionError, ValueError) as error:
        return process.wait() if process.poll() is not None else f"lost: {error}"
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def run(chain, cpu, extra_env=(), seconds=RUN_SECONDS):
    """Run a chain of commands in one folder, each when the one before ended with 0, on -cpu cpu, or on this processor when cpu
    is None."""
    outcome = Outcome()
    folder = tempfile.mkdtemp(prefix="ostler-isa-")
    # nothing else of this environment: OPENBLAS_CORETYPE and its like lead to code that a processor can't run
    env = {"PATH": "/usr/bin:/bin", "HOME": folder, "LC_ALL": "C.UTF-8", "TZ": "UTC", "OMP_NUM_THREADS": "1"}
    env.update(extra_env)
    deadline = time.monotonic() + seconds
    try:
        with open(os.path.join(folder, ".out"), "w+b") as out, open(os.path.join(folder, ".err"), "w+b") as err:
            for argv in chain:
                argv = [word.replace("{tmp}", folder) for word in argv]
                outcome.status = _run_one(argv, cpu, env, folder, deadline, outcome, out, err)
                if outcome.status != 0:
                    break
            out.seek(0)
            outcome.output = hashlib.sha256(out.read(OUTPUT_MAX).replace(folder.encode(), b"")).hexdigest()[:16]
            err.seek(0)
            outcome.said = err.read(65536).decode("utf-8", "replace")[-300:]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return outcome
