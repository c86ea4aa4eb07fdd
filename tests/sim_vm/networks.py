"""The networks under the real driver: right numbers, or the right error in time and everything given back. One guest."""
import json
import os
import random
import struct
import tempfile
import time

import guest
import tool

RUN = f"{tool.BIN}/qaic-run"
UTIL = f"{tool.BIN}/qaic-util"
LIMIT = 1  # seconds, of --timeout for networks that do not answer
SLACK = 8  # seconds more, for a tool to start and end in a guest without KVM on a busy machine


def wrap(value):
    return (value + 2**31) % 2**32 - 2**31


def signed_bytes(path):
    with open(path, "rb") as file:
        data = file.read()
    return struct.unpack(f"{len(data)}b", data)


class Numbers:
    """Inputs of the networks in a folder, and outputs as plain arithmetic has them."""

    def __init__(self, folder):
        self.folder = folder
        self.random = random.Random(41)
        self.three_nsp()
        self.double_buffer()
        self.partial_input()

    def file(self, name):
        return f"{self.folder}/{name}"

    def write(self, name, values):
        with open(self.file(name), "wb") as file:
            file.write(struct.pack(f"<{len(values)}i", *values))

    def numbers(self, count):
        return [self.random.randrange(-2**31, 2**31) for _ in range(count)]

    def three_nsp(self):
        weights = signed_bytes(f"{tool.BUILD}/networks/three-nsp/constants.bin")
        first, second = weights[:32 * 96], weights[32 * 96:]
        x = self.numbers(32)
        y = [wrap(sum(first[k * 96 + j] * x[k] for k in range(32))) >> 4 for j in range(96)]
        self.write("three-nsp.x", x)
        self.write("three-nsp.z", [wrap(sum(second[k * 96 + i] * y[k] for k in range(96))) for i in range(96)])

    def double_buffer(self):
        signal, taps = self.numbers(16384), self.numbers(4)
        before = [0, 0, 0] + signal
        self.write("double-buffer.signal", signal)
        self.write("double-buffer.taps", taps)
        self.write("double-buffer.result",
                   [wrap(sum(taps[t] * before[i + 3 - t] for t in range(4))) for i in range(16384)])

    def partial_input(self):
        x = self.numbers(1024)
        self.write("partial-input.x", x)
        self.write("partial-input.result", [wrap(3 * v + 1) for v in x])

    def run(self, network, inputs, output, *more):
        words = [RUN, f"{tool.BUILD}/networks/{network}", "--timeout", "30s", *more]
        for name in inputs:
            words += ["-i", f"{name}={self.file(f'{network}.{name}')}"]
        return [*words, "-e", f"{output}={self.file(f'{network}.{output}')}"]


def conv(*more):
    return [RUN, f"{tool.BUILD}/networks/conv", "-i", f"images={tool.BUILD}/networks/digits/images.npy", *more]


def fails(network):
    return [RUN, f"{tool.BUILD}/networks/{network}", "--zero", "--timeout", f"{LIMIT}s", "-s", f"0={network}.out"]


def logits(path):
    with open(path, "rb") as file:
        return file.read()[-360 * 10 * 4:]


def main(folder):
    numbers = Numbers(folder)
    three_nsp = numbers.run("three-nsp", ["x"], "z", "-n", "20")
    show = [UTIL, "show", "-j"]
    commands = {
        "before": show,
        "three-nsp": three_nsp,
        "double-buffer": numbers.run("double-buffer", ["signal", "taps"], "result", "-n", "3"),
        "partial-input": numbers.run("partial-input", ["x"], "result", "-n", "5"),
        "partial-input in part": [f"{tool.BUILD}/tests/test_networks_partial_input"],
        "conv": conv("-s", f"logits={folder}/guest.npy"),
        "hang": fails("hang"),
        "deaf": fails("deaf"),
        "crash": fails("crash"),
        "after": show,
        "held": ["sh", "-c", f"sleep 60 7<>/dev/accel/accel0 & {' '.join(show)}; echo $! >&2; kill $!"],
        "at the end": three_nsp,
    }
    began = time.monotonic()
    done = guest.each(commands, cwd=folder)
    print(f"the guest: {time.monotonic() - began:.1f} s")
    if not done:
        return
    for name, one in done.items():
        print(f"{name}: exit code {one.returncode} after {one.seconds:.1f} s")
    for name in ("three-nsp", "double-buffer", "partial-input", "at the end"):
        tool.equal(done[name].returncode, 0, f"{name}: {done[name].stderr[-400:]}")
        tool.check("equals the expected output" in done[name].stdout, f"{name}: right numbers: {done[name].stdout[:400]}")
    whole = done["partial-input in part"]
    tool.equal(whole.returncode, 0, f"partial inputs by PARTIAL_EXECUTE: {whole.stdout[-800:]} {whole.stderr[-400:]}")

    # conv: the bits of the twin, which tests/networks holds against plain host computation, and right digits.
    tool.equal(done["conv"].returncode, 0, f"conv: {done['conv'].stderr[-400:]}")
    fast = tool.simulated(conv("-s", f"logits={folder}/fast.npy"))
    tool.equal(fast.returncode, 0, f"conv on the fast face: {fast.stderr[-400:]}")
    tool.check(logits(f"{folder}/guest.npy") == logits(f"{folder}/fast.npy"), "conv: the same numbers by the real driver and by its twin")
    values = struct.unpack("<3600i", logits(f"{folder}/guest.npy"))
    with open(f"{tool.BUILD}/networks/digits/labels.npy", "rb") as file:
        labels = struct.unpack("<360i", file.read()[-360 * 4:])
    rows = [values[10 * i:10 * i + 10] for i in range(360)]
    found = sum(row.index(max(row)) == label for row, label in zip(rows, labels))
    tool.check(found >= 350, f"conv: {found} of 360 digits are right")

    # The driver of 6.12 does not hear of a crash; that the network did not live is said when it is unloaded.
    crashed = "network-unload" if guest.KERNEL == "6.12" else "channel-lost"
    for name, code, error in (("hang", 6, "inference-deadline"), ("deaf", 6, "inference-deadline"), ("crash", 7, crashed)):
        tool.three_lines(done[name], code, error, f"network {name}")
        tool.check(done[name].seconds < LIMIT + SLACK, f"network {name}: ended after {done[name].seconds:.1f} s")
        tool.check(not os.path.exists(f"{folder}/{name}.out"), f"network {name}: no output is written")
    before, after = (json.loads(done[name].stdout)["devices"][0] for name in ("before", "after"))
    for what in ("nsp", "semaphores", "virtual_channels", "multicast_ids", "constants", "networks"):
        tool.equal(after["card"][what], before["card"][what], f"{what}: all is given back")
    tool.equal(after["held_by"]["processes"], [], "nobody holds the card any more")
    # A device node, found by its number, where the simulated one is a file.
    held = json.loads(done["held"].stdout)["devices"][0]["held_by"]
    tool.equal((held["processes"], held["not_looked_into"], held["others_hidden"]),
               ([{"pid": int(done["held"].stderr), "command": "sleep", "uid": 0}], 0, False), "who has it open")


guest.prepare()
with tempfile.TemporaryDirectory() as scratch:
    main(os.path.realpath(scratch))
tool.end()
