"""qaic-run compare: reports that bench made, verdicts, what is refused."""
import copy
import json
import os
import tempfile

import tool

PROGRAM = f"{tool.BUILD}/networks/scale-add"


def compare(*arguments, **more):
    return tool.run(["qaic-run", "compare", *arguments], **more)


with tempfile.TemporaryDirectory() as folder:
    inside = lambda name: os.path.join(folder, name)

    def write(name, report):
        with open(inside(name), "w", encoding="utf-8") as file:
            json.dump(report, file)
        return inside(name)

    made = tool.simulated(["qaic-run", "bench", PROGRAM, "--warmup", "100ms", "--duration", "2s", "--depth", "1,2", "-j"])
    report = tool.document(made, "bench")
    # As a quiet host measures it: windows alike, but for a little.
    for point in report["points"]:
        counts = {}
        for window in point["windows"]:
            for bucket, count in (pair.split(":") for pair in window["buckets"].split()):
                counts[int(bucket)] = counts.get(int(bucket), 0) + int(count)
        length = point["windows"][0]["length_ns"]
        point["windows"] = [{"start_ns": i * length, "length_ns": length * (98 + i % 5) // 100, "inferences": sum(counts.values()),
                             "completed": sum(counts.values()), "buckets": " ".join(f"{b}:{n}" for b, n in sorted(counts.items()))} for i in range(20)]
        point["inferences"] = 20 * sum(counts.values())
        point["measured_ns"] = point["lanes"][0]["measured_ns"] = 21 * length
    a = write("a.json", report)

    same = compare(a, a, "--fail-if", "p50>+5%", "-j")
    document = tool.document(same, "a report against itself")
    tool.equal((same.returncode, document["conditions"]), (0, [{"condition": "p50>+5%", "holds": document["conditions"][0]["holds"]}]),
               "a report against itself does not fail")
    tool.equal([p["depth"] for p in document["points"]], [1, 2], "both loads are compared")
    for metric in document["points"][0]["metrics"]:
        tool.equal(metric["change_ratio"], 0, f"{metric['metric']} of a report against itself")

    # What cannot be told is null.
    few = copy.deepcopy(report)
    for point in few["points"]:
        point["windows"] = point["windows"][:1]
        point["measured_ns"] = point["lanes"][0]["measured_ns"] = 1
    rows = tool.document(compare(write("few.json", few), a, "-j"), "no whole window")["points"][0]["metrics"]
    tool.equal([(m["a"], m["change_ratio"]) for m in rows if m["metric"] == "throughput"], [(None, None)], "no throughput")
    tool.check(" -" in compare(inside("few.json"), a).stdout, "nor in the text")

    # Twice as slow in all: 128 buckets are a factor of 2, and half the throughput.
    slow = copy.deepcopy(report)
    for point in slow["points"]:
        for window in point["windows"]:
            window["buckets"] = " ".join(f"{int(b) + 128}:{n}" for b, n in (pair.split(":") for pair in window["buckets"].split()))
            window["length_ns"] *= 2
            window["start_ns"] *= 2
        point["measured_ns"] *= 2
        point["lanes"][0]["measured_ns"] *= 2
    slow["environment"]["governor"] = "powersave"
    slow["inputs"][0]["sha256"] = "0" * 64
    b = write("b.json", slow)
    done = compare(a, b, "--fail-if", "p50>+30%", "--fail-if", "throughput<-30%", "--fail-if", "p50>+300%", "-j")
    document = tool.document(done, "twice as slow")
    tool.equal([c["holds"] for c in document["conditions"]], ["yes", "yes", "no"], "twice as slow: verdicts")
    tool.equal(done.returncode, 1, "twice as slow: exit 1")
    rows = {m["metric"]: m for m in document["points"][0]["metrics"]}
    tool.check(abs(rows["p50"]["change_ratio"] - 1) < 0.01, f"p50 doubled: {rows['p50']}")
    tool.check(rows["throughput"]["low_ratio"] < -0.5 < rows["throughput"]["high_ratio"], f"its interval: {rows['throughput']}")
    tool.check(abs(rows["throughput"]["change_ratio"] + 0.5) < 0.01, f"throughput halved: {rows['throughput']}")
    for wanted in ("governor", "inputs"):
        tool.check(any(wanted in note for note in document["notes"]), f"what differs is noted: {wanted}: {document['notes']}")
    tool.equal(compare(a, b, "--fail-if", "p50>+300%").returncode, 0, "a condition that does not hold")
    tool.equal(compare(b, a, "--fail-if", "p50>0%").returncode, 0, "the other way round it became faster")

    text = compare(a, b, "--fail-if", "p50>+30%")
    tool.equal(text.returncode, 1, "text: exit 1")
    lines = text.stdout.split("\n")
    tool.check(max(len(line) for line in lines if folder not in line) <= 80, f"80 columns: {max(lines, key=len)!r}")
    for wanted in ("95 % interval", "p50>+30% holds: closed loop, depth 1", "note: governor differs"):
        tool.check(wanted in text.stdout, f"text shows {wanted!r}: {text.stdout[:600]}")

    other = copy.deepcopy(report)
    other["points"] = other["points"][1:]
    partly = tool.document(compare(a, write("part.json", other), "-j"), "a load that only one has")
    tool.check(any(note == "only in A: closed loop, depth 1" for note in partly["notes"]), f"noted: {partly['notes']}")
    # What B did not measure passes no gate, unless that is allowed.
    part = inside("part.json")
    gate = ["--fail-if", "p50>+900%"]
    tool.three_lines(compare(a, part, *gate), 9, "bench-report", "a load that B lacks")
    tool.equal(compare(a, part, *gate, "--allow-missing").returncode, 0, "a load that B may lack")
    tool.equal(compare(part, a, *gate).returncode, 0, "a load that only B has")
    slower = copy.deepcopy(slow)
    slower["points"] = slower["points"][1:]
    tool.equal(compare(a, write("slower.json", slower), "--fail-if", "p50>+30%").returncode, 1, "what holds is said first")
    slower["points"][0]["complete"], slower["exit_code"], slower["status"] = False, 6, "failed"
    notes = tool.document(compare(a, write("cut.json", slower), "-j"), "a report of a run that failed")["notes"]
    for wanted in ("B ended with exit code 6", "B: closed loop, depth 2 is incomplete"):
        tool.check(wanted in notes, f"noted: {wanted}: {notes}")
    other["points"][0]["depth"] = 9
    none = write("none.json", other)
    for arguments, exit_code, error_id in [
        ([a], 2, "usage"), ([], 2, "usage"), ([a, b, "--fail-if", "p99"], 2, "usage"), ([a, b, "--fail-if", "p98>5%"], 2, "usage"),
        ([a, inside("missing")], 9, "file-open"), ([a, f"{PROGRAM}/programqpc.bin"], 9, "bench-report"), ([a, none], 9, "bench-report"),
    ]:
        tool.three_lines(compare(*arguments), exit_code, error_id, f"compare {arguments}")
    with open(inside("cut.json"), "w", encoding="utf-8") as file:
        file.write(json.dumps(report)[:5000])
    tool.three_lines(compare(a, inside("cut.json")), 9, "bench-report", "a report that was cut")

tool.end()
