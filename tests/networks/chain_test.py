#!/usr/bin/env python3
"""The networks through the whole stack: qaic-run on a simulated card.

Expected numbers are computed here, from the text files, without the device
programs. Exit 77: this host cannot run qaic-sim or has no emulator.
"""
import os
import struct
import subprocess
import sys
import tempfile
import time

BUILD = os.environ["QAIC_BUILD"]
SOURCE = os.environ["QAIC_SOURCE"]
failures = []


def check(ok, what):
    print(("ok      " if ok else "FAILED  ") + what)
    if not ok:
        failures.append(what)


def simulated(*command):
    return subprocess.run([f"{BUILD}/bin/qaic-sim", "run", "--", *command],
                          capture_output=True, text=True, timeout=110)


def run(network, *options):
    return simulated(f"{BUILD}/bin/qaic-run", f"{BUILD}/networks/{network}", *options)


def npy_values(path):
    data = open(path, "rb").read()
    assert data[:6] == b"\x93NUMPY"
    header = struct.unpack_from("<H", data, 8)[0]
    body = data[10 + header:]
    return struct.unpack(f"<{len(body) // 4}i", body)


def read_blocks(path):
    blocks = {}
    lines = [line for line in open(path) if not line.startswith("#")]
    while lines:
        name, rows, _ = lines[0].split()
        blocks[name] = [[int(v) for v in line.split()] for line in lines[1:1 + int(rows)]]
        lines = lines[1 + int(rows):]
    return blocks


def expected_logits(weights, pixels):
    shift = weights["shift"][0][0]
    hidden = []
    for j in range(64):
        total = weights["b1"][0][j] + sum(weights["w1"][k][j] * pixels[k] for k in range(64))
        hidden.append(max(0, min(127, total >> shift)))
    return [weights["b2"][0][i] + sum(weights["w2"][j][i] * hidden[j] for j in range(64)) for i in range(10)]


def digits(folder):
    out = f"{folder}/logits.npy"
    done = run("digits", "-i", f"images={BUILD}/networks/digits/images.npy", "-s", f"logits={out}")
    check(done.returncode == 0, f"digits runs {done.stderr.strip()}")
    if done.returncode != 0:
        return
    logits = npy_values(out)
    weights = read_blocks(f"{SOURCE}/networks/digits/weights.txt")
    right = equal = 0
    rows = [[int(v) for v in line.split()] for line in open(f"{SOURCE}/networks/digits/held-out.txt")
            if not line.startswith("#")]
    for number, (label, *pixels) in enumerate(rows):
        got = list(logits[10 * number:10 * number + 10])
        equal += got == expected_logits(weights, pixels)
        right += got.index(max(got)) == label
    check(len(rows) == 360 and equal == 360, f"digits: {equal} of 360 equal the integer reference bit for bit")
    check(right >= 342, f"digits: {right} of 360 held-out digits are right")


def scale_add(folder):
    def wrap(value):
        return (value + 2**31) % 2**32 - 2**31

    x = [wrap(i * 2654435761 + 12345) for i in range(256)]
    y = [wrap(i * i * 40503 - 7) for i in range(256)]
    factor = -98765
    for name, values in (("x", x), ("y", y), ("factor", [factor])):
        with open(f"{folder}/{name}", "wb") as out:
            out.write(struct.pack(f"<{len(values)}i", *values))
    with open(f"{folder}/result", "wb") as out:
        out.write(struct.pack("<256i", *[wrap(factor * a + b) for a, b in zip(x, y)]))
    inputs = [part for name in ("x", "y", "factor") for part in ("-i", f"{name}={folder}/{name}")]
    done = run("scale-add", *inputs, "-e", f"result={folder}/result", "-n", "2000")
    print(done.stdout.splitlines()[0] if done.stdout else done.stderr)
    check(done.returncode == 0, "scale-add: 2000 inferences equal plain arithmetic")
    with open(f"{folder}/result", "r+b") as out:
        out.write(b"\xff\xff\xff\x7f")
    done = run("scale-add", *inputs, "-e", f"result={folder}/result")
    check(done.returncode == 1, "scale-add: a wrong expectation is noticed")


def fails_alone(network, code, error):
    """A network that fails does so in time, with its own error, and harms no other on the card."""
    runner = f"{BUILD}/bin/qaic-run"
    both = (f"{runner} {BUILD}/networks/idle --random -n 300 > /dev/null & "
            f"{runner} {BUILD}/networks/{network} --zero --timeout 2s; failed=$?; "
            "wait $!; echo $failed $?")
    begin = time.monotonic()
    # So that the other one is under way for 3 s.
    done = subprocess.run([f"{BUILD}/bin/qaic-sim", "run", "--verify-clean", "--latency", "10ms", "--", "sh", "-c", both],
                          capture_output=True, text=True, timeout=110)
    took = time.monotonic() - begin
    check(done.returncode == 0, f"{network}: the card holds nothing afterwards")
    check(done.stdout.splitlines()[-1:] == [f"{code} 0"],
          f"{network}: exit code {code}, another network's 0: {done.stdout} {done.stderr}")
    check(f"id: {error}" in done.stderr, f"{network}: the error is {error}")
    check(took < 30, f"{network}: ended after {took:.1f} s")


def main():
    probe = simulated("true")
    if probe.returncode == 10:
        print("skipped: " + probe.stderr.strip())
        return 77
    with tempfile.TemporaryDirectory() as folder:
        digits(folder)
        scale_add(folder)
    done = run("semaphore-count", "--zero", "-n", "3")
    check(done.returncode == 0 and "20000 15905" in done.stdout,
          f"semaphore-count: 3 x 20,000 increments counted exactly {done.stderr.strip()}")
    done = run("idle", "--random", "-n", "3")
    check(done.returncode == 0, f"idle answers {done.stderr.strip()}")
    for network, code, error in (("crash", 7, "channel-lost"), ("hang", 6, "inference-deadline"),
                                 ("deaf", 6, "inference-deadline")):
        fails_alone(network, code, error)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
