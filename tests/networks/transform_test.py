#!/usr/bin/env python3
"""scale-add with tensors that the host transforms, through the whole stack: qaic-run on a
simulated card gets floats and gives floats, the card computes with 32-bit integers.

Expected numbers are computed here, quantising by Python's Fraction. Exit 77: this host
cannot run qaic-sim or has no emulator.
"""
import json
import random
import struct
import subprocess
import tempfile
import unittest
from fractions import Fraction

import tool
from tool import BUILD, SOURCE

SCALE, OFFSET = 0.125, -5           # of x
HALF_SCALE, HALF_OFFSET = 0.03, 7   # of y; no binary fraction
OUT_SCALE, OUT_OFFSET = 0.5, 1000   # of result


def single(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


def quantised(value, scale, offset):
    quotient = single(value / single(scale))
    return max(-2**31, min(2**31 - 1, round(Fraction(quotient)) + offset))


def wrap(value):
    return (value + 2**31) % 2**32 - 2**31


def transposed(values, rows, columns):
    return [values[r * columns + c] for c in range(columns) for r in range(rows)]


def copy(buffer, direction):
    return {"kind": "copy_dma_buffer", "direction": direction, "buffer": buffer}


def description():
    """x: float32 16x16, quantised, transposed. y: float16 256, to float32, quantised. factor: int8 into int32.
    result: transposed, dequantised, to float16."""
    with open(f"{SOURCE}/networks/scale-add/scale-add.json") as file:
        value = json.load(file)
    x = {"type": "int32_q", "dims": [16, 16], "scale": SCALE, "zero_point": OFFSET}
    y = {"type": "int32_q", "dims": [256], "scale": HALF_SCALE, "zero_point": HALF_OFFSET}
    result = {"type": "int32_q", "dims": [8, 32], "scale": OUT_SCALE, "zero_point": OUT_OFFSET}
    real = {"type": "float32", "dims": [32, 8]}
    value["tensors"] = [
        {"name": "x", "direction": "in", "type": "float32", "dims": [16, 16], "transformed": x,
         "transforms": [{"kind": "quantize", **x}, {"kind": "transpose", **x, "shuffle": [1, 0]}, copy("x", "in")]},
        {"name": "y", "direction": "in", "type": "float16", "dims": [256], "transformed": y,
         "transforms": [{"kind": "convert", "type": "float32", "dims": [256]}, {"kind": "quantize", **y},
                        copy("y", "in")]},
        {"name": "factor", "direction": "in", "type": "int8", "dims": [1],
         "transformed": {"type": "int32", "dims": [1]},
         "transforms": [{"kind": "convert", "type": "int32", "dims": [1]}, copy("factor", "in")]},
        {"name": "result", "direction": "out", **result, "transformed": {"type": "float16", "dims": [32, 8]},
         "transforms": [copy("result", "out"), {"kind": "transpose", **result, "dims": [32, 8], "shuffle": [1, 0]},
                        {"kind": "dequantize", **real}, {"kind": "convert", "type": "float16", "dims": [32, 8]}]},
    ]
    return value


class Transforms(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def tool(self, *arguments, code=0):
        done = subprocess.run([f"{BUILD}/bin/qaic-qpc", *arguments], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout

    def pack(self, value):
        path = f"{self.folder}/programqpc.bin"
        with open(f"{self.folder}/net.json", "w") as out:
            json.dump(value, out)
        self.tool("pack", "--description", f"{self.folder}/net.json", "--elf", f"{BUILD}/networks/scale-add.elf",
                  "-o", path)
        return path

    def run_on_card(self, path, *options):
        return subprocess.run([f"{BUILD}/bin/qaic-sim", "run", "--verify-clean", "--", f"{BUILD}/bin/qaic-run", path,
                               *options, "--timeout", "60s"], capture_output=True, text=True, timeout=200)

    def write(self, name, form, values):
        with open(f"{self.folder}/{name}", "wb") as out:
            out.write(struct.pack(f"<{len(values)}{form}", *values))
        return f"{name}={self.folder}/{name}"

    def test_numbers(self):
        generator = random.Random(4)
        x = [single(generator.uniform(-3000, 3000)) for _ in range(254)] + [0.0625, 0.1875]  # two ties
        y = [struct.unpack("<e", struct.pack("<e", generator.uniform(-800, 800)))[0] for _ in range(256)]
        factor = -3
        on_card_x = transposed([quantised(v, SCALE, OFFSET) for v in x], 16, 16)
        on_card_y = [quantised(v, HALF_SCALE, HALF_OFFSET) for v in y]
        on_card = [wrap(factor * a + b) for a, b in zip(on_card_x, on_card_y)]
        result = transposed([single((v - OUT_OFFSET) * OUT_SCALE) for v in on_card], 8, 32)
        self.assertLess(max(map(abs, result)), 65504)
        path = self.pack(description())
        options = ["-i", self.write("x", "f", x), "-i", self.write("y", "e", y),
                   "-i", self.write("factor", "b", [factor]), "-e", self.write("result", "e", result)]
        done = self.run_on_card(path, *options, "-n", "50")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        # The expectation is one that can fail.
        self.write("result", "e", result[:-1] + [result[-1] + 64])
        self.assertEqual(self.run_on_card(path, *options).returncode, 1)

    def test_inspect(self):
        path = self.pack(description())
        self.assertNotIn("tensor-transform", self.tool("check", path))
        lines = self.tool("inspect", path).splitlines()
        for line in ("  in  0   x float32 [16x16] 1024 B in buffer 0+0",
                     "        host: quantize to int32_q [16x16] scale 0.125 zero point -5",
                     "        host: transpose to int32_q [16x16] scale 0.125 zero point -5 of axes [1,0]",
                     "  out 3   result float16 [32x8] 512 B in buffer 3+0",
                     "        host: dequantize to float32 [32x8]"):
            self.assertIn(line, lines)

    def test_unknown_layout(self):
        value = description()
        value["tensors"][0]["transforms"][1] = {**value["tensors"][0]["transforms"][1], "kind": "convert_to_d32",
                                                "layout": 10}
        path = self.pack(value)
        self.assertIn("tensor-transform", self.tool("check", path))
        self.assertIn("NOT USABLE: convert_to_d32 (step 1): layout packed_d4_spatial_major_8x8",
                      self.tool("inspect", path))
        done = self.run_on_card(path, "--zero")
        self.assertEqual(done.returncode, 10, done.stdout + done.stderr)
        for part in ("tensor x ", "convert_to_d32", "packed_d4_spatial_major_8x8", "id: tensor-transform"):
            self.assertIn(part, done.stderr)


if __name__ == "__main__":
    tool.unit_tests()
