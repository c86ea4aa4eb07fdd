#!/usr/bin/env python3
"""Measures what docs/performance.md states and holds it against its bounds.

usage: measure.py [--counts-only | --guest-only] [--markdown]
Figures are counts, or ratios of two things timed in one run. QAIC_BUILD is the
build folder (default build/release). Exit 1 when a bound is broken, 77 when
something it needs is missing."""
import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

SOURCE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.environ.get("QAIC_BUILD", os.path.join(SOURCE, "build", "release"))
BIN = os.path.join(BUILD, "bin")
SIM = os.path.join(BIN, "qaic-sim")
rows = []


def row(what, value, bound, text, ok):
    rows.append((what, text, bound, ok))
    print(f"{'ok  ' if ok else 'FAIL'} {what}: {text} (bound {bound})", file=sys.stderr)


def run(command, **more):
    return subprocess.run(command, check=True, capture_output=True, text=True, **more).stdout


def in_sim(command, cards=1):
    return [SIM, "run", "--cards", str(cards), "--"] + command


def instructions(command, simulated=False):
    """Instructions in user space of the command and its children."""
    with tempfile.TemporaryDirectory() as folder:
        full = ["valgrind", "--tool=callgrind", "--trace-children=yes",
                f"--callgrind-out-file={folder}/out.%p"] + command
        subprocess.run(in_sim(full) if simulated else full, check=True, capture_output=True)
        total = 0
        for name in os.listdir(folder):
            with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as file:
                found = re.search(r"^(?:summary|totals): (\d+)", file.read(), re.M)
            if found:
                total += int(found.group(1))
        return total


def instructions_by_object(command):
    """Instructions in user space of a command on a simulated card, by the file name of the program or library."""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out")
        run(in_sim(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}"] + command))
        names, counts, current, inclusive = {}, {}, None, False
        with open(out, encoding="utf-8", errors="replace") as file:
            for line in file:
                found = re.match(r"(c?)ob=\((\d+)\)(?: (.*))?", line)
                if found:
                    if found.group(3):
                        names[found.group(2)] = os.path.basename(found.group(3).strip())
                    if not found.group(1):
                        current = found.group(2)
                elif line.startswith("calls="):
                    inclusive = True  # the next line counts what was called
                elif re.match(r"[-+*0-9]\S* \d+$", line.rstrip()):
                    if not inclusive:
                        counts[current] = counts.get(current, 0) + int(line.split()[1])
                    inclusive = False
        return {names.get(number, "?"): count for number, count in counts.items()}


def instructions_per_inference(way):
    """Of each object, for one more inference of scale-add that is driven in this way."""
    few, many = (instructions_by_object([os.path.join(BUILD, "bench", "inference_cost"), network("scale-add"), way,
                                         str(count)]) for count in (100, 300))
    return {name: (count - few.get(name, 0)) / 200 for name, count in many.items()}


def count_inferences():
    by_hand = instructions_per_inference("hand")
    for way, what in (("queue", "a queue"), ("inference", "an inference object")):
        library = instructions_per_inference(way)
        ours = sum(count for name, count in library.items() if name.startswith("libqaic.so"))
        hand = by_hand["inference_cost"]
        row(f"instructions in libqaic.so per inference by {what}, beyond a hand-written loop of the same 2 ioctls",
            ours - hand, "400", f"{ours - hand:.0f} ({ours:.0f} : {hand:.0f}; with libc and libstdc++ "
            f"{sum(library.values()):.0f} : {sum(by_hand.values()):.0f})", ours - hand <= 400)
        cost = json.loads(run(in_sim([os.path.join(BUILD, "bench", "inference_cost"), network("scale-add"), way, "1000"])))
        row(f"allocations and bytes copied by 1,000 inferences of {what}", cost["allocations"] + cost["copied_bytes"],
            "0 and 0", f"{cost['allocations']} and {cost['copied_bytes']}",
            cost["allocations"] == 0 and cost["copied_bytes"] == 0)


def time_library():
    """Wall of the library against the loop by hand; everything, the card too, on one CPU."""
    cpu = str(min(os.sched_getaffinity(0)))
    for way, what in (("queue", "a queue"), ("inference", "an inference object")):
        ratio = json.loads(run(["taskset", "-c", cpu] + in_sim(
            [os.path.join(BUILD, "bench", "inference_cost"), network("scale-add"), way, "100", "60"])))
        row(f"wall of inferences by {what} against the loop by hand, on one CPU", ratio["median"], "none",
            f"{ratio['median']:.3f} median, {ratio['p10']:.3f} to {ratio['p90']:.3f} (p10 to p90)", True)


def in_flight(depth, cards, latency):
    command = in_sim([os.path.join(BUILD, "bench", "queue_depth"), network("scale-add"), str(depth), "1000", str(cards)],
                     cards)
    command[2:2] = ["--latency", latency]
    return json.loads(run(command))["inferences_per_second"]


def time_depths():
    """Needs the card's latency model; the numbers themselves are computed elsewhere, so no network is executed."""
    if "--latency" not in run([SIM, "run", "--help"]):
        print("measure: this qaic-sim has no --latency, the depths are left out", file=sys.stderr)
        return
    one = in_flight(1, 1, "2ms,execute=off")
    eight = in_flight(8, 1, "2ms,execute=off")
    row("inferences per second of a card of 2 ms latency, depth 8 against depth 1", eight / one, "7",
        f"{eight / one:.2f} ({eight:.0f} : {one:.0f})", eight / one >= 7)
    four = in_flight(8, 4, "2ms,execute=off")
    row("the same at depth 8, four such cards against one", four / eight, "3.8", f"{four / eight:.2f}",
        four / eight >= 3.8)
    median = int(run(in_sim([os.path.join(BUILD, "bench", "ioctl_round_trip"), "/dev/accel/accel0", "20000"])).split()[0])
    sweep = ", ".join(f"{depth}: {in_flight(depth, 1, '100us,execute=off'):.0f}" for depth in (1, 2, 4, 8, 16))
    row("inferences per second of a card of 100 µs latency, by depth", 0, "none",
        f"{sweep}; two bare round trips: {1e9 / (2 * median):.0f}", True)


def wall(command, times):
    best = []
    for _ in range(times):
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        best.append(time.perf_counter() - start)
    return statistics.median(best)


def timed_inside(program_lists, cards=1, times=15):
    """Median wall seconds of several commands, interleaved inside one simulation."""
    script = ("import json,subprocess,sys,time,statistics\n"
              "commands=json.loads(sys.argv[1]); n=int(sys.argv[2]); t=[[] for _ in commands]\n"
              "for _ in range(n):\n"
              "  for i,c in enumerate(commands):\n"
              "    s=time.perf_counter(); subprocess.run(c,stdout=subprocess.DEVNULL,check=True)\n"
              "    t[i].append(time.perf_counter()-s)\n"
              "print(json.dumps([statistics.median(x) for x in t]))\n")
    return json.loads(run(in_sim([sys.executable, "-c", script, json.dumps(program_lists), str(times)], cards)))


def count_instructions():
    util = os.path.join(BIN, "qaic-util")
    query = instructions([util, "-q"], simulated=True)
    row("instructions of qaic-util -q, one card, probe child included", query, "8,000,000", f"{query:,}",
        query <= 8_000_000)
    empty = instructions([os.path.join(BUILD, "bench", "empty_like_util")])
    version = instructions([util, "--version"])
    row("qaic-util --version against an empty main with the same libraries", version / empty, "1.3",
        f"{version / empty:.2f} ({version:,} : {empty:,} instructions)", version / empty <= 1.3)


def time_queries():
    util = [os.path.join(BIN, "qaic-util"), "-q"]
    hello = [os.path.join(BUILD, "bench", "hello")]
    one, greeting = timed_inside([util, hello])
    row("wall of qaic-util -q, one card, against a C++ hello world", one / greeting, "8",
        f"{one / greeting:.2f} ({one * 1e3:.2f} ms : {greeting * 1e3:.2f} ms)", one / greeting <= 8)
    eight, greeting8 = timed_inside([util, hello], cards=8)
    ratio = (eight / greeting8) / (one / greeting)
    row("wall of qaic-util -q, 8 cards against one", ratio, "2", f"{ratio:.2f}", ratio <= 2)


def time_simulator():
    rtt = os.path.join(BUILD, "bench", "ioctl_round_trip")
    median, p99 = map(int, run(in_sim([rtt, "/dev/accel/accel0", "20000"])).split())
    row("round trip of a trivial ioctl on the simulated card", median, "20 µs median",
        f"{median / 1e3:.1f} µs median, {p99 / 1e3:.1f} µs p99", median <= 20_000)
    start = wall(in_sim(["true"]), 7) - wall(["true"], 7)
    row("start of a simulated card until Ready, the command included", start, "200 ms", f"{start * 1e3:.0f} ms",
        start <= 0.2)
    shown = subprocess.Popen(in_sim(["sleep", "5"], cards=16))
    time.sleep(2)
    kib = sum(rss_of(pid) for pid in family(shown.pid))
    shown.terminate()
    shown.wait()
    row("resident memory of 16 idle cards", kib, "128 MiB", f"{kib / 1024:.1f} MiB", kib <= 128 * 1024)


def family(pid):
    """pid and all its descendants."""
    found, todo = [], [pid]
    while todo:
        current = todo.pop()
        found.append(current)
        for task in os.listdir(f"/proc/{current}/task"):
            with open(f"/proc/{current}/task/{task}/children", encoding="ascii") as file:
                todo += [int(child) for child in file.read().split()]
    return found


def rss_of(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        found = re.search(r"VmRSS:\s+(\d+)", file.read())
    return int(found.group(1)) if found else 0


def network(name):
    path = os.path.join(BUILD, "networks", name, "programqpc.bin")
    if not os.path.exists(path):
        print(f"measure: {path} is not built", file=sys.stderr)
        sys.exit(77)
    return path


def time_inferences():
    report = json.loads(run(in_sim([os.path.join(BIN, "qaic-run"), network("scale-add"), "--random",
                                    "-n", "2000", "-j"])))
    device = report["devices"][0]
    median = device["latency"]["median_ns"] / 1e6
    row("2,000 inferences of scale-add (HVX), one at a time", median, "0.5 ms median",
        f"{median:.3f} ms median, p99 {device['latency']['p99_ns'] / 1e6:.3f} ms", median <= 0.5)


def time_pci_card():
    """What qaic-sim serve measures of itself while a guest with the real driver works with it."""
    with tempfile.TemporaryDirectory() as folder:
        server = os.path.join(folder, "serve")
        with open(server, "w", encoding="utf-8") as file:
            file.write(f'#!/bin/sh\nexec "{SIM}" serve --statistics "$@"\n')
        os.chmod(server, 0o755)
        images = os.path.join(os.path.dirname(network("digits")), "images.npy")
        work = (f'"{BUILD}/bench/copy_bo" /dev/accel/accel0 200 && '
                f'"{BIN}/qaic-run" "{network("digits")}" -i "images={images}" -n 200 > /dev/null')
        done = subprocess.run([SIM, "vm", "--server", server, "--", "sh", "-c", work], capture_output=True, text=True,
                              check=False)
    if done.returncode == 10:
        print(f"measure: no guest, so no figures of the card behind PCIe: {done.stderr.strip()}", file=sys.stderr)
        return
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    said = re.search(r"^statistics (.*)$", done.stderr, re.M)
    figures = dict(one.split("=") for one in said[1].split())
    median = float(figures["read_median_us"])
    row("register read answered by qaic-sim serve, in a guest, in the server", median, "20 µs median",
        f"{median:.2f} µs median of {int(figures['reads']):,}, p99 {figures['read_p99_us']} µs", median <= 20)
    copy, plain = int(figures["copy_mib_per_s"]), int(figures["memcpy_mib_per_s"])
    row("copy of a BO of 1 MiB in the server, from doorbell to completion, against memcpy", copy / plain, "at least 0.5",
        f"{copy / plain:.2f} ({copy:,} : {plain:,} MiB/s, median of {figures['copies']})", copy / plain >= 0.5)


def time_library_in_guest(kernel):
    """The same as time_library() on the real driver. Without KVM the guest's instructions are translated, its system calls
    too: how much the library's part weighs beside them differs from a real processor's."""
    cpu = str(min(os.sched_getaffinity(0)))
    cost = os.path.join(BUILD, "bench", "inference_cost")
    work = " && ".join(f'"{cost}" "{network("scale-add")}" {way} 50 60' for way in ("queue", "inference"))
    done = subprocess.run(["taskset", "-c", cpu, SIM, "vm", "--kernel", kernel, "--cpus", "1", "--timeout", "10m", "--",
                           "sh", "-c", work], capture_output=True, text=True, check=False)
    if done.returncode == 10:
        print(f"measure: no guest, so no wall on the real driver: {done.stderr.strip()}", file=sys.stderr)
        return
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    for what, line in zip(("a queue", "an inference object"), done.stdout.splitlines(), strict=True):
        ratio = json.loads(line)
        row(f"wall of inferences by {what} against the loop by hand, real driver of {kernel} in a guest (TCG), on one CPU",
            ratio["median"], "none", f"{ratio['median']:.3f} median, {ratio['p10']:.3f} to {ratio['p90']:.3f} (p10 to p90)", True)


def time_bench():
    added, clocks = map(float, run([os.path.join(BUILD, "bench", "bench_overhead")]).split())
    row("what qaic-run bench adds to an inference, PERF_STATS aside", added, "100 ns",
        f"{added:.0f} ns, {clocks:.0f} of it reading the clock", added <= 100)


def measure_memory():
    with tempfile.TemporaryDirectory() as folder:
        peaks = {}
        for name, size in (("empty", 0), ("1 GiB", 1 << 30)):
            path = os.path.join(folder, "programqpc.bin")
            run([sys.executable, os.path.join(SOURCE, "bench", "big_qpc.py"), BIN, BUILD, str(size), path])
            peaks[name] = peak_of(in_sim([os.path.join(BIN, "qaic-run"), path, "--zero"]))
            os.remove(path)
        more = (peaks["1 GiB"] - peaks["empty"]) / 1024
        row("RssAnon + RssShmem of qaic-run, a 1 GiB QPC above an empty one", more, "24 MiB",
            f"{more:.1f} MiB ({peaks['1 GiB'] / 1024:.1f} against {peaks['empty'] / 1024:.1f})",
            more <= 24)


def peak_of(command):
    """Highest RssAnon + RssShmem in KiB of the qaic-run below the command."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    peak = 0
    while process.poll() is None:
        try:
            for pid in family(process.pid):
                with open(f"/proc/{pid}/comm", encoding="ascii") as file:
                    if file.read().strip() != "qaic-run":
                        continue
                with open(f"/proc/{pid}/status", encoding="ascii") as file:
                    text = file.read()
                peak = max(peak, sum(int(n) for n in re.findall(r"Rss(?:Anon|Shmem):\s+(\d+)", text)))
        except OSError:
            pass
        time.sleep(0.001)
    if process.returncode != 0:
        raise RuntimeError(process.stderr.read())
    return peak


def main():
    parser = argparse.ArgumentParser()
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--counts-only", action="store_true", help="only what does not depend on the machine's speed")
    only.add_argument("--guest-only", action="store_true", help="only what is measured on the real driver in a guest")
    parser.add_argument("--markdown", action="store_true", help="print the table for docs/performance.md")
    options = parser.parse_args()
    if not options.guest_only and not shutil.which("valgrind"):
        print("measure: valgrind is missing", file=sys.stderr)
        sys.exit(77)
    if not options.guest_only:
        count_instructions()
        count_inferences()
    if not options.counts_only and not options.guest_only:
        time_queries()
        time_simulator()
        time_inferences()
        time_bench()
        time_library()
        time_depths()
        measure_memory()
    if not options.counts_only:
        time_pci_card()
        for kernel in ("6.12", "7.x"):
            time_library_in_guest(kernel)
    if options.markdown:
        print("| what | measured | bound |\n|---|---|---|")
        for what, text, bound, _ in rows:
            print(f"| {what} | {text} | {bound} |")
    sys.exit(0 if all(ok for *_, ok in rows) else 1)


if __name__ == "__main__":
    main()
