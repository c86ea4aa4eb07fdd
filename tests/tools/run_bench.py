"""qaic-run bench: reports, loops, sweeps, several cards, what is refused, interruption."""
import hashlib
import json
import os
import signal
import subprocess
import tempfile
import time
import xml.etree.ElementTree

import tool

PROGRAM = f"{tool.BUILD}/networks/scale-add"
SHORT = ["--warmup", "100ms", "--duration", "600ms"]


def bench(*arguments, options=(), **more):
    return tool.simulated(["qaic-run", "bench", *arguments], options, **more)


def near(got, wanted, ratio, what):
    tool.check(abs(got - wanted) <= ratio * wanted, f"{what}: got {got}, wanted {wanted} within {ratio:.0%}")


def check_point(point, what):
    """What holds for each measured point."""
    latency = point["latency"]
    ordered = [latency[k] for k in ("min_ns", "p50_ns", "p90_ns", "p95_ns", "p99_ns", "p99_9_ns", "max_ns")]
    tool.equal(ordered, sorted(ordered), f"{what}: quantiles grow")
    counted = point["inferences"] + point["unserved"]
    tool.equal(sum(row[2] for row in point["histogram"]), counted, f"{what}: the histogram has all")
    tool.equal(sum(window["inferences"] for window in point["windows"]), counted, f"{what}: so have the windows")
    for window in point["windows"]:
        counts = [int(pair.split(":")[1]) for pair in window["buckets"].split()]
        tool.equal(sum(counts), window["inferences"], f"{what}: buckets of a window")
    tool.equal(sum(lane["inferences"] for lane in point["lanes"]), point["inferences"], f"{what}: lanes")
    near(sum(lane["inferences_per_second"] for lane in point["lanes"]), point["inferences_per_second"], 0.001, f"{what}: rates")
    stages = point["attribution"]["all"]
    near(sum(stages[k] for k in ("host_ns", "queue_ns", "device_ns", "wake_up_ns")), stages["total_ns"], 0.001, f"{what}: stages")
    tool.check(stages["samples"] > 0 and stages["device_ns"] > 0, f"{what}: the driver was asked: {stages}")
    tool.check(point["attribution"]["bound"].endswith("."), f"{what}: a sentence")


with tempfile.TemporaryDirectory() as folder:
    inside = lambda name: os.path.join(folder, name)
    done = bench(PROGRAM, "--depth", "1,4", *SHORT, "--plot", inside("a.svg"), "-j")
    report = tool.document(done, "a depth sweep")
    tool.equal(done.returncode, 0, f"a depth sweep: {done.stderr[:300]}")
    tool.equal([p["depth"] for p in report["points"]], [1, 4], "a point per depth")
    for point in report["points"]:
        check_point(point, f"depth {point['depth']}")
        tool.equal((point["loop"], point["depth_reached"], point["unserved"]), ("closed", point["depth"], 0), "a closed loop")
        near(point["measured_ns"], 600e6, 0.001, "as long as asked for")
        near(point["inferences_per_second"], point["completed"] / 0.6, 0.001, "rate and count")
        tool.check(0 <= point["inferences"] - point["completed"] <= point["depth"], "what is in flight at the end is late")
    shown = subprocess.run(["sha256sum", f"{PROGRAM}/programqpc.bin"], capture_output=True, text=True, check=True).stdout
    tool.equal(report["program"]["sha256"], shown.split()[0], "the program's hash")
    tool.equal((report["options"]["warm_up_ns"], report["options"]["duration_ns"], report["options"]["count"]), (10**8, 6 * 10**8, None), "options")
    tool.check([len(i["sha256"]) for i in report["inputs"]] and all(i["sent_bytes"] > 0 for i in report["inputs"]), f"inputs: {report['inputs']}")
    tool.equal(report["devices"][0]["changes"], {}, "an idle card is as before")
    tool.equal(report["devices"][0]["before"]["state"], "ready", "the card was asked")
    texts = "".join(xml.etree.ElementTree.parse(inside("a.svg")).getroot().itertext())
    for wanted in ("Inferences per second", "depth 4", "99 %", "wake-up"):
        tool.check(wanted in texts, f"the picture shows {wanted!r}")

    counted = tool.document(bench(PROGRAM, "-n", "77", "--warmup", "0", "--depth", "3", "-j"), "counted")["points"][0]
    tool.equal(counted["inferences"], 77, "exactly as many as asked for")
    check_point(counted, "counted")

    for kind in ([], ["--poisson"]):
        point = tool.document(bench(PROGRAM, "--rate", "200", *kind, "--warmup", "100ms", "--duration", "1500ms", "-j"),
                              f"open loop {kind}")["points"][0]
        check_point(point, f"open loop {kind}")
        tool.equal((point["loop"], point["arrivals"]), ("open", "poisson" if kind else "constant"), "an open loop")
        arrivals = point["inferences"] + point["unserved"]
        near(arrivals, 300, 0.2 if kind else 0.011, f"arrivals of an open loop {kind}")
    # Far more than any host does: it says so instead of showing a short latency.
    flooded = tool.document(bench(PROGRAM, "--rate", "1000000", *SHORT, "-j"), "too high a rate")["points"][0]
    tool.check(flooded["unserved"] > flooded["inferences"], "most arrivals of too high a rate are unserved")
    tool.check(flooded["latency"]["max_ns"] > 300e6, "and those that were served waited long")
    tool.check(flooded["attribution"]["bound"].startswith("Overloaded"), flooded["attribution"]["bound"])

    two = tool.document(bench(PROGRAM, "--all-cards", "--activations", "2", *SHORT, "-j", options=["--cards", "2"]), "two cards")
    tool.equal([(lane["qid"], lane["activation"]) for lane in two["points"][0]["lanes"]], [(0, 0), (0, 1), (1, 0), (1, 1)], "four lanes")
    tool.check(all(lane["inferences"] > 10 for lane in two["points"][0]["lanes"]), "each lane worked")
    check_point(two["points"][0], "two cards")
    tool.equal(two["points"][0]["activations"], 4, "activations of all cards")
    # Counted: all lanes together do what was asked for, whatever the depth and the loop.
    for load in (["--depth", "1,3"], ["--rate", "500"]):
        many = tool.document(bench(PROGRAM, "--all-cards", "--activations", "3", *load, "-n", "400", "--warmup", "50ms", "-j",
                                   options=["--cards", "2"]), f"six activations {load}")
        for point in many["points"]:
            check_point(point, f"six activations {load}")
            tool.equal((len(point["lanes"]), point["inferences"] + point["unserved"]), (6, 400), f"six activations {load}: the sum")
    tool.equal(len(two["devices"]), 2, "both cards in the report")
    chosen = tool.document(bench(PROGRAM, "-d", "1", "-n", "5", "-j", options=["--cards", "2"]), "the second card")
    tool.equal([d["qid"] for d in chosen["devices"]], [1], "the card that was chosen")

    text = bench(PROGRAM, "--depth", "1,2", *SHORT)
    lines = text.stdout.split("\n")
    tool.equal(text.returncode, 0, f"text: {text.stderr[:200]}")
    tool.check(max(map(len, lines)) <= 80, f"80 columns: {max(lines, key=len)!r}")
    for wanted in ("done/s", "p99.9", "Bound by", "Where the time goes at depth 2", "█", "health and link as before", "sha256"):
        tool.check(wanted in text.stdout, f"text shows {wanted!r}")
    tool.check("\r" not in text.stderr and "\x1b" not in text.stderr, "no progress where no terminal is")

    for arguments, exit_code, error_id in [
        (["--depth", "0"], 2, "usage"), (["--depth", "1,,2"], 2, "usage"), (["--depth", "1.5"], 2, "usage"),
        (["--depth", "2000"], 2, "usage"), (["--depth", "x"], 2, "usage"), (["--rate", "0"], 2, "usage"),
        (["--rate", "-5"], 2, "usage"), (["--rate", "nan"], 2, "usage"), (["--poisson"], 2, "usage"),
        (["-n", "0"], 2, "usage"), (["-n", "5", "--duration", "1s"], 2, "usage"), (["--duration", "0"], 2, "usage"),
        (["--duration", "soon"], 2, "usage"), (["--warmup", "-1"], 2, "usage"), (["--activations", "0"], 2, "usage"),
        (["--all-cards", "-d", "0"], 2, "usage"), (["--zero", "--random"], 2, "usage"), (["--plop"], 2, "usage"),
        (["-d", "9"], 3, "no-matching-card"), (["-i", inside("missing.raw")], 9, "file-open"),
    ]:
        tool.three_lines(bench(PROGRAM, *arguments), exit_code, error_id, f"bench {arguments}")
    tool.three_lines(tool.run(["qaic-run", "bench"]), 2, "usage", "no program")
    tool.three_lines(bench(PROGRAM, "-n", "3", "--plot", inside("no/such/folder.svg")), 9, "file-create", "a picture that cannot be written")
    tool.equal(bench(PROGRAM, "--activations", "64", "-n", "5").returncode, 5, "more activations than fit")

    # Making many buffers takes longer than the card may for one answer.
    deep = bench(PROGRAM, "--depth", "768", "--timeout", "200ms", "-n", "50", "--warmup", "0", "-j", options=["--latency", "1us,execute=off"])
    tool.equal(deep.returncode, 0, f"many buffers: {deep.stderr[:300]}")

    # Inputs are what qaic-run takes: less of a partial one is measured, several sets are refused.
    with open(inside("33.raw"), "wb") as file:
        file.write(bytes(33 * 4))
    done = bench(f"{tool.BUILD}/networks/partial-input", "-i", inside("33.raw"), "-n", "5", "--warmup", "0", "-j")
    tool.equal(tool.document(done, "a partial input")["points"][0]["inferences"], 5, f"a partial input: {done.stderr[:300]}")
    tool.equal([(i["sent_bytes"], i["sha256"]) for i in json.loads(done.stdout)["inputs"]], [(132, hashlib.sha256(bytes(132)).hexdigest())], "what was sent")
    os.mkdir(inside("many"))
    os.rename(inside("33.raw"), inside("many/33.raw"))
    tool.three_lines(bench(f"{tool.BUILD}/networks/partial-input", "-i", inside("many")), 2, "batch", "a folder of inputs")

    # One dead card ends the measurement, is named, and its point says that it is no whole one.
    began = time.monotonic()
    done = bench(PROGRAM, "--all-cards", "--timeout", "1s", "--duration", "60s", "-j", options=["--cards", "2", "--set", "1:latency=10s,execute=off"])
    tool.check(time.monotonic() - began < 30, "one dead card ends the measurement")
    report = tool.document(done, "one dead card")
    tool.equal((done.returncode, [e["qid"] for e in report["errors"]]), (8, [1]), f"one dead card: {done.stderr[:300]}")
    tool.equal([p["complete"] for p in report["points"]], [False], "one dead card: half a result")

    # Nothing measured is said, and costs no older picture.
    for load in (["--duration", "100ms"], ["--rate", "0.1", "--duration", "400ms"]):
        done = bench(PROGRAM, *load, "--plot", inside("a.svg"), "-j", options=["--latency", "700ms,execute=off"])
        tool.equal(tool.document(done, f"nothing measured {load}")["points"], [], f"nothing measured {load}")
        tool.equal((done.returncode, [e["id"] for e in json.loads(done.stdout)["errors"]]), (6, ["nothing-measured"]), f"{load}")
    tool.check(os.path.getsize(inside("a.svg")) > 1000, "the older picture is whole")
    tool.equal([name for name in os.listdir(folder) if name.endswith(".part")], [], "nothing is left beside it")

    # Networks that misbehave: an error in time, no figures.
    for name, exit_code in [("crash", 7), ("hang", 6)]:
        done = bench(f"{tool.BUILD}/networks/{name}", "--zero", "--timeout", "500ms", "--duration", "1s", "-j")
        tool.equal(done.returncode, exit_code, f"network {name}: {done.stderr[:300]}")
        tool.equal(tool.document(done, f"network {name}")["points"], [], f"network {name}: nothing was measured")

    # Ctrl-C ends with what was measured.
    running = subprocess.Popen(["qaic-sim", "run", "--verify-clean", "--", "sh", "-c",
                                f"echo $$; exec qaic-run bench {PROGRAM} --warmup 0 --duration 60s -j -O {inside('cut.json')}"],
                               env=tool.ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    pid = int(running.stdout.readline())
    time.sleep(1.5)
    os.kill(pid, signal.SIGINT)
    running.communicate(timeout=60)
    tool.equal(running.returncode, 130, "interrupted: the exit code")
    with open(inside("cut.json"), encoding="utf-8") as file:
        cut = json.load(file)
    tool.equal((cut["exit_code"], [p["complete"] for p in cut["points"]]), (130, [False]), "interrupted: a whole document")
    check_point(cut["points"][0], "interrupted")
    tool.check(0.1e9 < cut["points"][0]["measured_ns"] < 30e9, "interrupted: measured until then")

tool.end()
