# SPDX-License-Identifier: GPL-2.0-or-later
"""Input files for the programs that are run: small, and the same each time."""

import gzip
import hashlib
import os
import random
import struct
import wave
import zlib

SEED = 20031
SIDE = 64


def _png(width, height, pixel):
    rows = b"".join(b"\0" + b"".join(bytes(pixel(x, y)) for x in range(width)) for y in range(height))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def make(folder):
    """write them all, unless they are there"""
    with open(__file__, "rb") as file:
        version = hashlib.sha256(file.read()).hexdigest()
    try:
        with open(os.path.join(folder, "made"), encoding="utf-8") as file:
            if file.read() == version:
                return
    except FileNotFoundError:
        pass
    os.makedirs(folder, exist_ok=True)
    rng = random.Random(SEED)

    def put(name, data):
        with open(os.path.join(folder, name), "wb") as file:
            file.write(data)

    def pixel(x, y):
        return (x * 4 & 255, y * 4 & 255, (x * y) & 255)

    blob = rng.randbytes(30000) + b"ostler " * 5000
    put("blob", blob)
    put("blob.gz", gzip.compress(blob, mtime=0))
    put("numbers", "".join(f"{rng.randrange(100000)}\n" for _ in range(4000)).encode())
    put("text", " ".join(rng.choice(("host", "instance", "task", "feature", "trap")) for _ in range(3000)).encode() + b"\n")
    put("table.json", ("[" + ",".join(f'{{"id":{i},"v":"{rng.random()}"}}' for i in range(300)) + "]\n").encode())
    put("picture.png", _png(SIDE, SIDE, pixel))
    put("picture.ppm", b"P6 %d %d 255\n" % (SIDE, SIDE) + b"".join(bytes(pixel(x, y)) for y in range(SIDE) for x in range(SIDE)))
    frame = bytes((i * 7) & 255 for i in range(SIDE * SIDE)) + bytes([100]) * (SIDE * SIDE // 2)
    put("film.y4m", b"YUV4MPEG2 W%d H%d F25:1 Ip A1:1 C420jpeg\n" % (SIDE, SIDE) +
        b"".join(b"FRAME\n" + frame[i * 13:] + frame[:i * 13] for i in range(4)))
    with wave.open(os.path.join(folder, "sound.wav"), "wb") as sound:
        sound.setparams((1, 2, 44100, 0, "NONE", ""))
        sound.writeframes(b"".join(struct.pack("<h", int(8000 * ((i * 37 % 441) / 220 - 1))) for i in range(11025)))
    reference = "".join(rng.choice("ACGT") for _ in range(4000))
    put("reference.fa", f">ref\n{reference}\n".encode())
    put("reads.fa", "".join(f">r{i}\n{reference[i * 90:i * 90 + 150]}\n" for i in range(20)).encode())
    put("reads.fq", "".join(f"@r{i}\n{reference[i * 90:i * 90 + 100]}\n+\n{'I' * 100}\n" for i in range(20)).encode())
    protein = ["".join(rng.choice("ACDEFGHIKLMNPQRSTVWY") for _ in range(120)) for _ in range(6)]
    put("protein.fa", "".join(f">p{i}\n{p}\n" for i, p in enumerate(protein)).encode())
    put("one.fa", f">one\n{protein[0]}\n".encode())
    put("two.fa", f">two\n{protein[0][:60]}{protein[1][:60]}\n".encode())
    species = ["".join(rng.choice("ACGT") if rng.random() < 0.3 else base for base in reference[:200]) for _ in range(6)]
    put("tree.phy", ("6 200\n" + "".join(f"species{i}  {bases}\n" for i, bases in enumerate(species))).encode())
    put("tree.fa", "".join(f">species{i}\n{bases}\n" for i, bases in enumerate(species)).encode())
    put("hello.tcl", b"puts [expr {sqrt(2) * 3}]\n")
    put("sum.gp", b"print(factor(10^17+3)); print(vecsum(vector(100, i, i^2)))\n")
    put("ball.pov", b"sphere{<0,0,4>,1 pigment{rgb 1}} light_source{<2,4,-3> rgb 1}\n")
    put("page.ps", b"%!\n/Helvetica findfont 12 scalefont setfont 20 20 moveto (ostler) show showpage\n")
    put("dot.pbm", b"P1 8 8\n" + b"0 0 1 1 1 1 0 0\n" * 8)
    put("words.c", b"int f(int *a, int n) { int s = 0; for (int i = 0; i < n; i++) s += a[i] * i; return s; }\n")
    put("made", version.encode())
