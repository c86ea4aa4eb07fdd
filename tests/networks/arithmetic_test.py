#!/usr/bin/env python3
"""three-nsp, double-buffer, partial-input and conv through the whole stack, and what one other
weight or instruction does to them.

Expected numbers are computed here, from the constants as packed. Exit 77: this
host cannot run qaic-sim or has no emulator.
"""
import os
import random
import struct
import subprocess
import tempfile
import unittest

import tool
from tool import BUILD, SOURCE

VECTOR_ADD = (0xFFE020E0, 0x1C400000, 0x000000E0)  # mask, Vd.w = vadd(Vu.w, Vv.w), bits that make it vsub
MULTIPLY_ADD = (0xFFE020E0, 0xEF000000, 0x00800000)  # Rx += mpyi(Rs, Rt), bits that make it Rx -= mpyi


def wrap(value):
    return (value + 2**31) % 2**32 - 2**31


def signed_bytes(data):
    return list(struct.unpack(f"{len(data)}b", data))


def read(path):
    with open(path, "rb") as file:
        return file.read()


class Network:
    """One network in a folder of its own, packed anew when it is changed."""

    def __init__(self, name, folder):
        self.name = name
        self.folder = folder
        self.elf = read(f"{BUILD}/networks/{name}.elf")
        constants = f"{BUILD}/networks/{name}/constants.bin"
        self.constants = read(constants) if os.path.exists(constants) else None

    def write(self, name, data):
        with open(f"{self.folder}/{name}", "wb") as out:
            out.write(data)

    def pack(self):
        self.write("elf", self.elf)
        constants = []
        if self.constants is not None:
            self.write("constants", self.constants)
            constants = ["--constants", f"{self.folder}/constants"]
        subprocess.run([f"{BUILD}/bin/qaic-qpc", "pack", "--description",
                        f"{SOURCE}/networks/{self.name}/{self.name}.json", "--elf", f"{self.folder}/elf", *constants,
                        "-o", f"{self.folder}/programqpc.bin"], check=True)

    def change_constant(self, offset):
        self.constants = bytes(b ^ 0x40 if i == offset else b for i, b in enumerate(self.constants))

    def change_instruction(self, mask, word, bits):
        """The first one of that kind."""
        for at in range(0, len(self.elf) - 3, 4):
            found = struct.unpack_from("<I", self.elf, at)[0]
            if found & mask == word:
                self.elf = self.elf[:at] + struct.pack("<I", found ^ bits) + self.elf[at + 4:]
                return
        raise AssertionError(f"{self.name} has no such instruction")

    def run(self, inputs, output, count, inferences=1):
        """`count` 32-bit integers, those of the last of several inferences."""
        self.pack()
        options = []
        for name, data in inputs.items():
            self.write(name, data)
            options += ["-i", f"{name}={self.folder}/{name}"]
        done = subprocess.run(
            [f"{BUILD}/bin/qaic-sim", "run", "--", f"{BUILD}/bin/qaic-run", f"{self.folder}/programqpc.bin", *options,
             "-s", f"{output}={self.folder}/{output}", "-n", str(inferences), "--timeout", "30s"],
            capture_output=True, text=True, timeout=110)
        if done.returncode != 0:
            raise AssertionError(f"{self.name}: exit code {done.returncode} {done.stderr}")
        return list(struct.unpack(f"<{count}i", read(f"{self.folder}/{output}")))


class Arithmetic(unittest.TestCase):
    def setUp(self):
        self.random = random.Random(20)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def numbers(self, count):
        return [self.random.randrange(-2**31, 2**31) for _ in range(count)]

    def three_nsp(self, network, x, inferences=1):
        return network.run({"x": struct.pack("<32i", *x)}, "z", 96, inferences)

    def test_three_nsp(self):
        network = Network("three-nsp", self.folder)
        weights = signed_bytes(network.constants)
        w1, w2 = weights[:32 * 96], weights[32 * 96:]
        x = self.numbers(32)
        y = [wrap(sum(w1[k * 96 + j] * x[k] for k in range(32))) >> 4 for j in range(96)]
        z = [wrap(sum(w2[k * 96 + i] * y[k] for k in range(96))) for i in range(96)]
        self.assertEqual(self.three_nsp(network, x, 300), z)
        for third in range(3):
            # Of w1 and of w2, columns of this NSP: of w2 only its own results change, of w1 all that has y in it.
            changed = Network("three-nsp", self.folder)
            changed.change_constant(32 * 96 + 50 * 96 + third * 32 + 7)
            other = self.three_nsp(changed, x)
            self.assertEqual([i for i in range(96) if other[i] != z[i]], [third * 32 + 7])
            changed = Network("three-nsp", self.folder)
            changed.change_constant(9 * 96 + third * 32 + 7)
            other = self.three_nsp(changed, x)
            for nsp in range(3):
                self.assertNotEqual(other[nsp * 32:nsp * 32 + 32], z[nsp * 32:nsp * 32 + 32])
        changed = Network("three-nsp", self.folder)
        changed.change_instruction(*VECTOR_ADD)
        self.assertNotEqual(self.three_nsp(changed, x), z)

    def double_buffer(self, network, signal, taps, inferences=1):
        return network.run({"signal": struct.pack(f"<{len(signal)}i", *signal), "taps": struct.pack("<4i", *taps)},
                           "result", len(signal), inferences)

    def test_double_buffer(self):
        network = Network("double-buffer", self.folder)
        signal, taps = self.numbers(16384), self.numbers(4)
        before = [0, 0, 0] + signal
        result = [wrap(sum(taps[t] * before[i + 3 - t] for t in range(4))) for i in range(16384)]
        self.assertEqual(self.double_buffer(network, signal, taps, 20), result)
        other = self.double_buffer(network, signal, [taps[0], taps[1], taps[2], taps[3] ^ 1])
        self.assertEqual([i for i in range(16384) if other[i] == result[i]], [0, 1, 2])
        network.change_instruction(*MULTIPLY_ADD)
        self.assertNotEqual(self.double_buffer(network, signal, taps), result)

    def test_partial_input_whole(self):
        """All of it is sent; partial_input_test.cpp sends less."""
        x = self.numbers(1024)
        result = [wrap(3 * v + 1) for v in x]
        network = Network("partial-input", self.folder)
        inputs = {"x": struct.pack("<1024i", *x)}
        self.assertEqual(network.run(inputs, "result", 1024, 20), result)
        network.change_instruction(*VECTOR_ADD)
        self.assertNotEqual(network.run(inputs, "result", 1024), result)

    def test_conv(self):
        network = Network("conv", self.folder)
        images, labels = read(f"{BUILD}/networks/digits/images.npy"), read(f"{BUILD}/networks/digits/labels.npy")
        pixels, labels = images[-360 * 64:], struct.unpack("<360i", labels[-360 * 4:])
        logits = network.run({"images": pixels}, "logits", 3600, 2)
        rows = [logits[10 * i:10 * i + 10] for i in range(360)]
        right = sum(row.index(max(row)) == label for row, label in zip(rows, labels))
        print(f"conv: {right} of 360 held-out digits are right")
        self.assertGreaterEqual(right, 350)


if __name__ == "__main__":
    tool.unit_tests()
