"""qaic-run: tensors in and out, what is refused before anything is sent, verdicts."""
import json
import os
import struct
import tempfile
import zipfile

import tool

PROGRAM = f"{tool.BUILD}/networks/scale-add"


def run(*arguments, options=(), **more):
    return tool.simulated(["qaic-run", *arguments], options, **more)


def npy(path, descr, shape, data, order=False):
    header = f"{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}".encode()
    header += b" " * ((64 - (10 + len(header) + 1) % 64) % 64) + b"\n"
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data)


with tempfile.TemporaryDirectory() as folder:
    inside = lambda name: os.path.join(folder, name)
    first = run(PROGRAM, "--random", "-n", "3", "-j")
    device = tool.document(first, "run -j")["devices"][0]
    tool.equal((first.returncode, device["inferences"]), (0, 3), "three inferences")
    inputs = [t for t in device["tensors"] if t["direction"] == "input"]
    outputs = [t for t in device["tensors"] if t["direction"] == "output"]
    # The network's own rule, networks/scale-add: result = factor * x + y.
    count = inputs[0]["size_bytes"] // 4
    x = [i * 1001 - 77 for i in range(count)]
    y = [-5 * i for i in range(count)]
    shape = "(" + ", ".join(map(str, inputs[0]["dims"])) + ("," if len(inputs[0]["dims"]) == 1 else "") + ")"
    npy(inside("x.npy"), "<i4", shape, struct.pack(f"<{count}i", *x))
    with open(inside("y.raw"), "wb") as file:
        file.write(struct.pack(f"<{count}i", *y))
    with open(inside("factor.raw"), "wb") as file:
        file.write(struct.pack("<i", 3))
    names = [t["name"] for t in inputs]
    given = ["-i", f"{names[0]}={inside('x.npy')}", "-i", f"1={inside('y.raw')}", "-i", inside("factor.raw")]
    done = run(PROGRAM, *given, "-s", f"{outputs[0]['name']}={inside('out.npy')}")
    tool.equal(done.returncode, 0, f"named and numbered tensors: {done.stderr[:300]}")
    with open(inside("out.npy"), "rb") as file:
        saved = file.read()
    got = list(struct.unpack(f"<{count}i", saved[-4 * count:]))
    tool.equal(got, [3 * a + b for a, b in zip(x, y)], "result = factor * x + y")
    tool.equal(run(PROGRAM, *given, "-e", inside("out.npy"), "-n", "50").returncode, 0, "equal to what was saved")

    wrong = bytearray(saved)
    wrong[-4 * count + 8] ^= 1
    with open(inside("wrong.npy"), "wb") as file:
        file.write(wrong)
    differs = run(PROGRAM, *given, "-e", inside("wrong.npy"), "-j")
    comparison = next(t["comparison"] for t in tool.document(differs, "a difference")["devices"][0]["tensors"]
                      if t["comparison"])
    tool.equal((differs.returncode, comparison["mismatches"], comparison["first_mismatch"],
                comparison["largest_error"]), (1, 1, 2, 1), "one differing element: exit 1, named")

    near = run(PROGRAM, *given, "-e", inside("wrong.npy"), "--atol", "1", "--cosine", "0.999", "--top-k", "3", "-j")
    comparison = next(t["comparison"] for t in tool.document(near, "near")["devices"][0]["tensors"] if t["comparison"])
    tool.equal((near.returncode, comparison["passed"], comparison["equal"], comparison["mismatches"],
                comparison["top_k"]["same_set"]), (0, True, False, 0, comparison["top_k"]["rows"]), "near enough: exit 0")
    far = run(PROGRAM, *given, "-e", inside("wrong.npy"), "--rtol", "1e-12", "--top-k", "3")
    tool.equal(far.returncode, 1, f"not near enough: {far.stderr[:200]}")
    for line in ("differs in 1 of", "top 3: the same in 1 of 1 rows, in 1 also in order"):
        tool.check(line in far.stdout, f"not near enough: {line}: {far.stdout}")

    piped = tool.simulated(["bash", "-c", f"qaic-run {PROGRAM} -i 0=- -i 1={inside('y.raw')} -i {inside('factor.raw')} -s - < {inside('x.npy')}"
                            f" | cmp - <(tail -c {4 * count} {inside('out.npy')})"])
    tool.equal(piped.returncode, 0, f"stdin and stdout as tensors: {piped.stderr[:200]}")

    # Bundles: an independent zip on both sides.
    def archive(name, members, packing=zipfile.ZIP_DEFLATED):
        with zipfile.ZipFile(inside(name), "w", packing) as out:
            for member, source in members.items():
                out.write(source, member + ".npy")
    npy(inside("factor.npy"), "<i4", "(1,)", struct.pack("<i", 3))
    npy(inside("y.npy"), "<i4", shape, struct.pack(f"<{count}i", *y))
    named = dict(zip(names, (inside("x.npy"), inside("y.npy"), inside("factor.npy"))))
    archive("packed.npz", named)
    archive("stored.npz", named, zipfile.ZIP_STORED)
    result = outputs[0]["name"]
    for arguments in ([inside("packed.npz")], [inside("stored.npz")],
                      [f"{name}={inside('packed.npz')}" for name in names]):
        given_npz = [word for argument in arguments for word in ("-i", argument)]
        done = run(PROGRAM, *given_npz, "-e", inside("out.npy"), "-s", inside("saved.npz"))
        tool.equal(done.returncode, 0, f"inputs from {arguments}: {done.stderr[:300]}")
    with zipfile.ZipFile(inside("saved.npz")) as file:
        tool.equal(file.testzip(), None, "a .npz that was saved is whole")
        tool.equal({name: file.read(name) for name in file.namelist()}, {result + ".npy": saved}, "and has the output")
    with open(inside("in.json"), "w", encoding="ascii") as file:
        json.dump(dict(zip(names, (x, y, [3]))), file)
    done = run(PROGRAM, "-i", inside("in.json"), "-e", inside("saved.npz"), "-s", inside("out.json"))
    tool.equal(done.returncode, 0, f"inputs from JSON: {done.stderr[:300]}")
    with open(inside("out.json"), encoding="ascii") as file:
        tool.equal(json.load(file), {result: got}, "an output as JSON")
    with open(inside("y.json"), "w", encoding="ascii") as file:
        json.dump(y, file)
    done = run(PROGRAM, "-i", f"0={inside('x.npy')}", "-i", inside("y.json"), "-i", inside("factor.raw"), "-e", inside("out.json"))
    tool.equal(done.returncode, 0, f"a list alone is the next tensor: {done.stderr[:300]}")
    npy(inside("wide.npy"), "<f8", shape, struct.pack(f"<{count}d", *x))
    npy(inside("half.npy"), "<f8", shape, struct.pack(f"<{count}d", *([0.5] * count)))
    cast = run(PROGRAM, "-i", f"0={inside('wide.npy')}", *given[2:], "--cast", "-e", inside("out.npy"))
    tool.equal(cast.returncode, 0, f"float64 as int32: {cast.stderr[:300]}")
    archive("stranger.npz", {"nobody": inside("x.npy")})
    archive("other.npz", {result: inside("x.npy")})
    with open(inside("cut.npz"), "wb") as file, open(inside("packed.npz"), "rb") as whole:
        file.write(whole.read()[:-30])
    with open(inside("cut.json"), "w", encoding="ascii") as file:
        file.write("[1, 2")

    npy(inside("float.npy"), "<f4", shape, struct.pack(f"<{count}f", *([0.0] * count)))
    npy(inside("shape.npy"), "<i4", f"({count}, 1)", struct.pack(f"<{count}i", *x))
    npy(inside("big.npy"), ">i4", shape, struct.pack(f">{count}i", *x))
    npy(inside("short.npy"), "<i4", shape, struct.pack("<i", 1))
    with open(inside("short.raw"), "wb") as file:
        file.write(b"abc")
    with open(inside("cut.npy"), "wb") as file:
        file.write(b"\x93NUMPY\x01\x00\xff\xff{'descr'")
    for arguments, exit_code, error_id in [
        (["-i", inside("float.npy"), "--zero"], 9, "tensor-type"),
        (["-i", inside("half.npy"), "--zero", "--cast"], 9, "tensor-range"),
        (["-i", inside("stranger.npz"), "--zero"], 9, "tensor-unknown"),
        (["-i", inside("other.npz"), "--zero"], 9, "tensor-unknown"),
        (["-i", "0=" + inside("other.npz"), "--zero"], 9, "tensor-unknown"),
        (["-i", inside("cut.npz"), "--zero"], 9, "tensor-zip"),
        (["-i", inside("cut.json"), "--zero"], 9, "tensor-json"),
        (["-i", "0=" + inside("y.json"), "-i", "1=" + inside("in.json"), "-i", "2=" + inside("y.json")], 9, "tensor-shape"),
        (["-i", inside("no.npz"), "--zero"], 9, "file-open"),
        (["-i", inside("shape.npy"), "--zero"], 9, "tensor-shape"),
        (["-i", inside("big.npy"), "--zero"], 9, "tensor-npy"),
        (["-i", inside("short.npy"), "--zero"], 9, "tensor-npy"),
        (["-i", inside("cut.npy"), "--zero"], 9, "tensor-npy"),
        (["-i", inside("short.raw"), "--zero"], 9, "tensor-size"),
        (["-i", inside("missing.raw"), "--zero"], 9, "file-open"),
        (["-i", "nobody=" + inside("y.raw"), "--zero"], 9, "tensor-unknown"),
        (["-i", "0=" + inside("y.raw"), "-i", names[0] + "=" + inside("y.raw"), "--zero"], 2, "tensor-twice"),
        (["-i", inside("y.raw")] * 4, 2, "tensor-too-many"),
        ([], 2, "tensor-missing"),
        (["--zero", "--random"], 2, "usage"),
        (["--zero", "--atol", "1"], 2, "usage"),
        (["--zero", "-e", inside("out.npy"), "--atol", "-1"], 2, "usage"),
        (["--zero", "-e", inside("out.npy"), "--cosine", "1.1"], 2, "usage"),
        (["--zero", "-e", inside("out.npy"), "--top-k", str(count)], 2, "usage"),
        (["--zero", "-d", "9"], 3, "no-matching-card"),
        (["--zero", "-n", "0"], 2, "usage"),
        (["--zero", "-s", "-", "-j"], 2, "usage"),
    ]:
        tool.three_lines(run(PROGRAM, *arguments), exit_code, error_id, f"qaic-run {arguments}")
    tool.three_lines(tool.run(["qaic-run"]), 2, "usage", "no program")

    # A batch: y + 3 * x for several x, in a folder and in a list.
    os.mkdir(inside("many"))
    os.mkdir(inside("results"))
    os.mkdir(inside("golden"))
    for i, stem in enumerate(("c", "a", "b")):
        npy(inside(f"many/{stem}.npy"), "<i4", shape, struct.pack(f"<{count}i", *[i] * count))
        npy(inside(f"golden/{stem}.npy"), "<i4", shape, struct.pack(f"<{count}i", *[3 * i + b for b in y]))
    with open(inside("list.txt"), "w", encoding="utf-8") as file:
        file.write("".join(inside(f"many/{stem}.npy") + "\n" for stem in ("b", "c")))
    rest = ["-i", f"1={inside('y.raw')}", "-i", inside("factor.raw")]
    done = run(PROGRAM, "-i", f"0={inside('many')}", *rest, "-s", inside("results"), "-e", inside("golden"), "-j")
    device = tool.document(done, "a batch")["devices"][0]
    tool.equal((done.returncode, device["inferences"], device["batch"]), (0, 3, {"size": 3, "differing": []}), f"a batch: {done.stderr[:300]}")
    for stem in "abc":
        with open(inside(f"results/{stem}.npy"), "rb") as one, open(inside(f"golden/{stem}.npy"), "rb") as other:
            tool.check(one.read()[-4 * count:] == other.read()[-4 * count:], f"a batch: output {stem}")
    done = run(PROGRAM, "-i", f"0=@{inside('list.txt')}", *rest, "-s", inside("n{}.npy"), "-e", inside("golden/c.npy"))
    tool.equal(done.returncode, 1, f"a list against one output: {done.stderr[:300]}")
    tool.check("batch of 2, 1 differ: b;" in done.stdout, f"the one that differs is named: {done.stdout}")
    with open(inside("n1.npy"), "rb") as one, open(inside("golden/c.npy"), "rb") as other:
        tool.check(one.read()[-4 * count:] == other.read()[-4 * count:], "a numbered output")
    os.mkdir(inside("empty"))
    with open(inside("short.txt"), "w", encoding="utf-8") as file:
        file.write(inside("y.raw"))
    for arguments, exit_code, error_id in [
        (["-i", f"0={inside('empty')}", *rest], 2, "batch"),
        (["-i", f"0={inside('many')}", "-i", f"1=@{inside('short.txt')}", "--zero"], 2, "batch"),
        (["-i", f"0={inside('many')}", *rest, "-s", inside("nowhere")], 2, "batch"),
        (["-i", f"0={inside('many')}", *rest, "-n", "2"], 2, "batch"),
        (["-i", f"0=@{inside('list.txt')}", *rest, "-e", inside("empty")], 2, "batch"),
        (["-i", "0=@/no/such/list", *rest], 9, "file-open"),
        (["-i", f"2={inside('many')}", "--zero"], 9, "tensor-shape"),
    ]:
        tool.three_lines(run(PROGRAM, *arguments), exit_code, error_id, f"qaic-run {arguments}")

    dry = run(PROGRAM, "--zero", "--dry-run", "-s", inside("dry.npy"), "-j")
    device = tool.document(dry, "a dry run")["devices"][0]
    tool.equal((dry.returncode, device["fit"]["fits"], device["inferences"]), (0, True, 0), f"a dry run: {dry.stderr[:200]}")
    tool.check(not os.path.exists(inside("dry.npy")), "a dry run writes nothing")
    tool.three_lines(run(PROGRAM, "--dry-run"), 2, "tensor-missing", "a dry run checks the files")
    # One NSP, and a network on it that waits for an input it never takes.
    full = tool.simulated(["bash", "-c", f"""
        qaic-run {tool.BUILD}/networks/deaf --zero --timeout 60s & run=$!
        until qaic-run {PROGRAM} --zero --dry-run >/dev/null 2>&1; [ $? = 5 ]; do sleep 0.1; done
        qaic-run {PROGRAM} --zero --dry-run; code=$?
        kill $run; wait $run 2>/dev/null; exit $code"""], ["--set", "nsp_count=1"])
    tool.three_lines(full, 5, "network-short", "a dry run on a full card")
    tool.check("needs 1 NSPs, 0 of 1 are free" in full.stderr, f"what is short: {full.stdout} {full.stderr}")

    # One process has 12 of 16 NSPs, another needs 6 and is told whose they are; a third one only has the card open.
    for cores in (12, 6):
        description = inside(f"{cores}.json")
        with open(f"{tool.SOURCE}/networks/deaf/deaf.json", encoding="utf-8") as file:
            network = dict(json.load(file), name=f"deaf-{cores}", nsps=cores)
        with open(description, "w", encoding="utf-8") as file:
            json.dump(network, file)
        packed = tool.run(["qaic-qpc", "pack", "--description", description, "--elf", f"{tool.BUILD}/networks/deaf.elf",
                           "-o", inside(f"{cores}.qpc")])
        tool.equal(packed.returncode, 0, f"a network of {cores} NSPs: {packed.stderr}")
    short = tool.simulated(["bash", "-c", f"""
        qaic-run {inside("12.qpc")} --zero --timeout 60s 2>/dev/null & run=$!
        sleep 77 7<>/dev/accel/accel0 & sleeps=$!
        until qaic-run {inside("6.qpc")} --zero --dry-run >/dev/null 2>&1; [ $? = 5 ]; do sleep 0.1; done
        qaic-run {inside("6.qpc")} --zero --dry-run -j; code=$?
        qaic-run {inside("6.qpc")} --zero --dry-run >{inside("text")}
        qaic-run {inside("6.qpc")} --zero; loading=$?
        qaic-run bench {inside("6.qpc")} --zero --duration 1s -j >{inside("bench")} 2>/dev/null
        qaic-util show -j >{inside("show")}; qaic-util show >{inside("show-text")}
        echo $run $(pgrep -P $run) $sleeps >{inside("pids")}
        kill $run $sleeps; wait 2>/dev/null; echo $loading >{inside("loading")}; exit $code"""],
                           ["--set", "nsp_count=16"])
    read = lambda name: open(inside(name), encoding="utf-8").read()
    _, worker, sleeps = read("pids").split()
    fit = tool.document(short, "12 of 16 NSPs are taken")["devices"][0]["fit"]
    tool.equal((fit["fits"], fit["resources"][0]),
               (False, {"resource": "nsps", "needed": 6, "free": 4, "total": 16, "short": True}), "6 NSPs where 4 are free")
    owners = {(p["pid"], p["command"]) for p in fit["held_by"]["processes"]}
    tool.check({(int(worker), "qaic-run"), (int(sleeps), "sleep")} == owners, f"who holds them: {owners}, {worker}, {sleeps}")
    names = " and ".join(f"process {pid} ({command})" for pid, command in sorted(owners))
    tool.check(f"1 network is active on it; open in: {names}" in read("text"), f"as text: {read('text')}")
    tool.check(f"hint: 1 network is active; the card is open in: {names}" in short.stderr, f"as a hint: {short.stderr}")
    tool.check(read("loading") == "5\n" and f"hint: besides this run the card is open in: {names}" in short.stderr,
               f"not loaded, and why: {short.stderr}")
    tool.check(f"besides this run the card is open in: {names}" in json.loads(read("bench"))["errors"][0]["hint"],
               f"not measured, and why: {read('bench')}")
    shown = json.loads(read("show"))["devices"][0]["held_by"]["processes"]
    tool.equal({(p["pid"], p["command"]) for p in shown}, owners, "qaic-util show names them, too")
    tool.check(f"command sleep pid {sleeps} uid {os.getuid()}" in read("show-text"), f"as text: {read('show-text')}")

    several = run(PROGRAM, *given, "-e", inside("out.npy"), "--all-cards", "-j", options=["--cards", "3"])
    devices = tool.document(several, "all cards")["devices"]
    tool.equal((several.returncode, [(d["qid"], d["agrees"], d["inferences"]) for d in devices]),
               (0, [(i, True, 1) for i in range(3)]), f"all cards: {several.stderr[:300]}")
    some = run(PROGRAM, *given, "--all-cards", "-d", "0", "-d", "2", options=["--cards", "3"])
    tool.check(some.returncode == 0 and "all 2 cards gave the same outputs" in some.stdout, f"two of three: {some.stdout}")
    tool.three_lines(run(PROGRAM, *given, "-d", "0", "-d", "1", options=["--cards", "2"]), 2, "usage", "two cards, but not all")

    # One card of three computes otherwise; one of three is too small; two of two disagree.
    odd = run(PROGRAM, *given, "--all-cards", "-j", options=["--cards", "3", "--fault", "1:data-bit"])
    devices = tool.document(odd, "an odd card")["devices"]
    tool.equal((odd.returncode, [(d["qid"], d["agrees"]) for d in devices]), (1, [(0, True), (1, False), (2, True)]),
               f"the odd one: {odd.stderr[:300]}")
    odd = run(PROGRAM, *given, "-e", inside("out.npy"), "--all-cards", options=["--cards", "3", "--fault", "2:data-bit"])
    tool.check(odd.returncode == 1 and "card 2 gave other outputs than most cards\n" in odd.stdout, f"named: {odd.stdout}")
    tool.equal(odd.stdout.count("equals the expected output"), 2, f"and against what is expected: {odd.stdout}")
    wide = f"{tool.BUILD}/networks/three-nsp"
    some = run(wide, "--zero", "--all-cards", "-j", options=["--cards", "3", "--set", "1:nsp_count=2"])
    devices = tool.document(some, "a card that is too small")["devices"]
    tool.equal((some.returncode, [(d["qid"], d["agrees"]) for d in devices]), (8, [(0, True), (1, None), (2, True)]),
               f"a card that is too small: {some.stderr[:300]}")
    tool.equal([(e["id"], e["qid"]) for e in json.loads(some.stdout)["errors"]], [("network-short", 1)], "which, and why")
    split = run(PROGRAM, *given, "--all-cards", options=["--cards", "2", "--fault", "0:data-bit"])
    tool.check(split.returncode == 1 and "no output came from most of them" in split.stdout, f"one against one: {split.stdout}")
    all_odd = run(PROGRAM, *given, "--all-cards", "-e", inside("out.npy"), options=["--cards", "2", "--fault", "data-bit"])
    tool.check(all_odd.returncode == 1 and "all 2 cards gave the same outputs" in all_odd.stdout, f"both wrong alike: {all_odd.stdout}")
    tool.three_lines(run(PROGRAM, "--zero", options=["--cards", "2", "--fault", "2:data-bit"]), 2, "sim-setting", "no such card")

    # Networks that misbehave: an error in time, no output that is none, the card clean.
    for name, exit_code in [("crash", 7), ("hang", 6), ("deaf", 6)]:
        out = inside(name + ".raw")
        done = run(f"{tool.BUILD}/networks/{name}", "--zero", "--timeout", "500ms", "-s", "0=" + out, "-j")
        tool.equal(done.returncode, exit_code, f"network {name}: {done.stderr[:300]}")
        tool.equal(tool.document(done, f"network {name}")["devices"][0]["inferences"], 0, f"network {name}: inferences")
        tool.check(not os.path.exists(out), f"network {name}: no output is written")

    with open(f"{PROGRAM}/programqpc.bin", "rb") as file:
        program = file.read()
    for size in (0, 10, 39, 100, len(program) - 1):
        with open(inside("cut.bin"), "wb") as file:
            file.write(program[:size])
        done = run(inside("cut.bin"), "--zero")
        tool.equal(done.returncode, 9, f"a program cut to {size} bytes: {done.stderr[:200]}")
    tool.equal(run(inside("no-such"), "--zero").returncode, 9, "a program that is not there")

if os.geteuid() == 0:  # who else may not unbind
    for verb in ((), ("bench",)):
        words = " ".join(["qaic-run", *verb, f"{tool.BUILD}/networks/scale-add", "--zero"])
        bare = tool.simulated(["sh", "-c", f"basename /sys/bus/pci/drivers/qaic/0000:* >/sys/bus/pci/drivers/qaic/unbind; {words}"])
        tool.three_lines(bare, 3, "card-no-driver", f"{words}: a card without a driver")

tool.end()
