"""qaic-run: inputs of which less than the whole is given, and programs with allowed shapes."""
import json
import os
import struct
import tempfile
import zipfile

import tool

INPUT = f"{tool.BUILD}/networks/partial-input"
PAIR = f"{tool.BUILD}/networks/partial-pair"
COUNT = 1024


def run(*arguments, **more):
    return tool.simulated(["qaic-run", *arguments], **more)


def words(values):
    return struct.pack(f"<{len(values)}I", *(v % 2**32 for v in values))


def npy(path, shape, values):
    header = f"{{'descr': '<i4', 'fortran_order': False, 'shape': {shape}, }}".encode()
    header += b" " * ((64 - (10 + len(header) + 1) % 64) % 64) + b"\n"
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + words(values))
    return path


def raw(path, values):
    with open(path, "wb") as file:
        file.write(words(values))
    return path


def saved(path):
    with open(path, "rb") as file:
        return file.read()


def triple(x):
    """What the network partial-input makes of what it got."""
    return words([3 * v + 1 for v in x] + [2] * (COUNT - len(x)))


def mixed(x, bias, y):
    """And partial-pair."""
    x, y = x + [0] * (COUNT - len(x)), y + [0] * (COUNT - len(y))
    return words([3 * a + 5 * b + bias[i % 32] for i, (a, b) in enumerate(zip(x, y))])


def tensors_of(process, what):
    tool.equal(process.returncode, 0, f"{what}: {process.stderr[:300]}")
    return {t["name"]: t for t in tool.document(process, what)["devices"][0]["tensors"]}


with tempfile.TemporaryDirectory() as folder:
    inside = lambda name: os.path.join(folder, name)
    x = [i * 7919 - 500 for i in range(COUNT)]
    y = [i * 31 + 12345 for i in range(COUNT)]
    bias = [1000 * i for i in range(32)]
    out = inside("out.raw")

    # As much as the file has, whatever kind of file.
    with zipfile.ZipFile(inside("some.npz"), "w", zipfile.ZIP_DEFLATED) as file:
        file.write(npy(inside("33.npy"), "(33,)", x[:33]), "x.npy")
    with open(inside("some.json"), "w", encoding="ascii") as file:
        json.dump(x[:700], file)
    with open(inside("none.json"), "w", encoding="ascii") as file:
        json.dump({"x": []}, file)
    for path, count in [(raw(inside("x.raw"), x), COUNT), (raw(inside("1.raw"), x[:1]), 1), (raw(inside("0.raw"), []), 0),
                        (inside("33.npy"), 33), (npy(inside("0.npy"), "(0,)", []), 0), (inside("some.npz"), 33),
                        (inside("some.json"), 700), (inside("none.json"), 0)]:
        what = f"{count} elements from {os.path.basename(path)}"
        tensors = tensors_of(run(INPUT, "-i", path, "-s", out, "-n", "3", "-j"), what)
        tool.equal((tensors["x"]["partial"], tensors["x"]["sent_bytes"], tensors["x"]["size_bytes"]), (True, 4 * count, 4 * COUNT), what)
        tool.equal((tensors["result"]["partial"], tensors["result"]["sent_bytes"]), (False, None), f"{what}: its output")
        tool.check(saved(out) == triple(x[:count]), f"{what}: numbers")
    text = run(INPUT, "-i", inside("33.npy"))
    tool.check("input x (int32 1024): partial, 132 of 4096 bytes sent" in text.stdout, f"text says so: {text.stdout}")
    tool.check("partial, " not in run(INPUT, "-i", inside("x.raw")).stdout, "and nothing when all is sent")

    # Two of them and one that is always whole.
    given = ["-i", "bias=" + raw(inside("bias.raw"), bias)]
    done = run(PAIR, *given, "-i", f"x={inside('33.npy')}", "-i", "y=" + raw(inside("y.raw"), y), "-s", out, "-j")
    tensors = tensors_of(done, "a pair")
    tool.equal([tensors[n]["sent_bytes"] for n in ("x", "bias", "y")], [132, 128, 4096], "a pair: what is sent")
    tool.check(saved(out) == mixed(x[:33], bias, y), "a pair: numbers")
    tool.equal(tensors_of(run(PAIR, "--random", "-i", f"x={inside('1.raw')}", "-j"), "random rest")["y"]["sent_bytes"], 4096,
               "what is not given is whole")

    # What is no beginning of the tensor, and tensors that have none.
    with open(inside("odd.raw"), "wb") as file:
        file.write(b"12345")
    with open(inside("deep.json"), "w", encoding="ascii") as file:
        json.dump([[1], [2]], file)
    for arguments, error_id, says in [
        ([INPUT, "-i", inside("odd.raw")], "tensor-size", "1024, or less in the first dimension"),
        ([INPUT, "-i", raw(inside("more.raw"), x + [1])], "tensor-size", "takes 4096"),
        ([INPUT, "-i", npy(inside("more.npy"), "(1025,)", x + [1])], "tensor-shape", "1024, or less in the first dimension"),
        ([INPUT, "-i", npy(inside("column.npy"), "(33, 1)", x[:33])], "tensor-shape", "33x1"),
        ([INPUT, "-i", inside("deep.json")], "tensor-type", "element 0"),
        ([PAIR, "--zero", "-i", "bias=" + raw(inside("16.raw"), bias[:16])], "tensor-size", "takes 128"),
        ([PAIR, "--zero", "-i", "bias=" + npy(inside("16.npy"), "(16,)", bias[:16])], "tensor-shape", "takes 32"),
        ([INPUT, "--zero", "-e", inside("33.npy")], "tensor-shape", "takes 1024"),
    ]:
        refused = run(*arguments)
        tool.three_lines(refused, 9, error_id, f"qaic-run {arguments}")
        tool.check(says in refused.stderr, f"{arguments}: {says}: {refused.stderr}")

    # Before a run.
    dry = run(PAIR, "--zero", "-i", f"x={inside('33.npy')}", "--dry-run")
    tool.equal(dry.returncode, 0, f"a dry run: {dry.stderr[:300]}")
    for line in ("input x (int32 1024): partial, 132 of 4096 bytes to be sent",
                 "input y (int32 1024): partial, 4096 of 4096 bytes to be sent"):
        tool.check(line in dry.stdout, f"a dry run: {line}: {dry.stdout}")
    tool.check("bias" not in dry.stdout, f"a dry run: what is not partial: {dry.stdout}")
    tensors = tensors_of(run(PAIR, "--zero", "--dry-run", "-j"), "a dry run as JSON")
    tool.equal([tensors[n]["partial"] for n in ("x", "bias", "y", "result")], [True, False, True, False], "a dry run as JSON")
    shown = tool.run(["qaic-qpc", "inspect", PAIR])
    tool.equal(shown.stdout.count("partial allowed"), 2, f"qaic-qpc inspect: {shown.stdout[:600]}")

    # A batch, each as long as its file.
    os.mkdir(inside("many"))
    os.mkdir(inside("results"))
    sizes = {"a": 5, "b": COUNT, "c": 0, "d": 64}
    for stem, size in sizes.items():
        npy(inside(f"many/{stem}.npy"), f"({size},)", x[:size])
    done = run(PAIR, *given, "-i", f"x={inside('many')}", "-i", f"y={inside('y.raw')}", "-s", inside("results"), "-j")
    tool.equal(tensors_of(done, "a batch")["x"]["sent_bytes"], 256, "a batch: of the last")
    for stem, size in sizes.items():
        tool.check(saved(inside(f"results/{stem}.npy"))[-4 * COUNT:] == mixed(x[:size], bias, y), f"a batch: {stem}")

    # Allowed shapes; of the bias, which is always sent whole, what is not given is zero.
    def packed(name, change):
        with open(f"{tool.SOURCE}/networks/partial-pair/partial-pair.json", encoding="utf-8") as file:
            description = json.load(file)
        change(description)
        with open(inside(name + ".json"), "w", encoding="utf-8") as file:
            json.dump(description, file)
        done = tool.run(["qaic-qpc", "pack", "--description", inside(name + ".json"), "--elf",
                         f"{tool.BUILD}/networks/partial-pair.elf", "-o", inside(name)])
        tool.equal(done.returncode, 0, f"{name} is packed: {done.stderr}")
        return inside(name)

    shapes = packed("shapes", lambda d: d.update(allowed_shapes=[
        [[64], [32], [16], [1024]], [[1024], [32], [1024], [1024]], [[8, 8], [16], [64], [1024]]]))
    square = npy(inside("square.npy"), "(8, 8)", x[:64])
    half = npy(inside("half.npy"), "(16,)", bias[:16])
    y64, y16 = npy(inside("y64.npy"), "(64,)", y[:64]), npy(inside("y16.npy"), "(16,)", y[:16])
    done = run(shapes, "-i", f"x={square}", "-i", f"bias={half}", "-i", f"y={y64}", "-s", out, "-j")
    tensors = tensors_of(done, "an allowed tuple")
    tool.equal([tensors[n]["sent_bytes"] for n in ("x", "bias", "y")], [256, 128, 256], "an allowed tuple: what is sent")
    tool.check(saved(out) == mixed(x[:64], bias[:16] + [0] * 16, y[:64]), "an allowed tuple: numbers")
    done = run(shapes, *given, "-i", "x=" + raw(inside("x64.raw"), x[:64]), "-i", f"y={y16}", "-s", out)
    tool.equal(done.returncode, 0, f"raw bytes of an allowed tuple: {done.stderr}")
    tool.check(saved(out) == mixed(x[:64], bias, y[:16]), "raw bytes of an allowed tuple: numbers")
    done = run(shapes, *given, "-i", f"x={inside('0.raw')}", "-i", f"y={y16}", "-s", out)
    tool.check(done.returncode == 0 and saved(out) == mixed([], bias, y[:16]), f"a partial input that is skipped: {done.stderr}")
    tensors = tensors_of(run(shapes, "--random", "-i", f"x={square}", "-j"), "the rest follows")
    tool.equal(tensors["y"]["sent_bytes"], 256, "the rest follows")
    tool.equal(run(shapes, "--zero").returncode, 0, "the tensors' own shapes are among them")
    os.mkdir(inside("biases"))
    for stem, size in (("a", 32), ("b", 16), ("c", 32)):
        npy(inside(f"biases/{stem}.npy"), f"({size},)", bias[:size])
    done = run(shapes, "-i", f"bias={inside('biases')}", "-i", "y=" + raw(inside("y64.raw"), y[:64]), "--zero", "-s", inside("b{}.raw"))
    tool.three_lines(done, 9, "tensor-shapes", "a batch of which some do not go with the rest")
    done = run(shapes, "-i", f"bias={inside('biases')}", "--zero", "-s", inside("b{}.raw"), "-j")
    tool.equal(tensors_of(done, "a batch of shapes")["y"]["sent_bytes"], 4096, "a batch of shapes: of the last")
    for i, size in enumerate((32, 16, 32)):
        tool.check(saved(inside(f"b{i}.raw")) == mixed([], bias[:size] + [0] * (32 - size), []), f"a batch of shapes: {i}")
    refused = run(shapes, *given, "-i", f"x={square}", "-i", f"y={y64}")
    tool.three_lines(refused, 9, "tensor-shapes", "no allowed tuple")
    for says in ("x 8x8, bias of 128 bytes, y 64", "x 1024, bias 32, y 1024; or x 64, bias 32, y 16; or x 8x8, bias 16, y 64"):
        tool.check(says in refused.stderr, f"no allowed tuple: {says}: {refused.stderr}")
    refused = run(shapes, "--zero", "-i", f"x={inside('33.npy')}")
    tool.three_lines(refused, 9, "tensor-shape", "a shape in no tuple")
    tool.check("1024 or 64 or 8x8 or nothing" in refused.stderr, f"a shape in no tuple: {refused.stderr}")
    os.mkdir(inside("mixture"))
    npy(inside("mixture/a.npy"), "(8, 8)", x[:64])
    npy(inside("mixture/b.npy"), "(64,)", x[:64])
    refused = run(shapes, "--zero", "-i", f"x={inside('mixture')}", "-i", f"y={y64}")
    tool.three_lines(refused, 9, "tensor-shapes", "a batch with a shape that does not go")
    tool.check("b: the program does not allow" in refused.stderr, f"which of the batch: {refused.stderr}")

    # A program that the checker warns of, and that cannot be run.
    crooked = packed("crooked", lambda d: d["tensors"][0].update(align=8192))
    tool.check("partial-header" in tool.run(["qaic-qpc", "check", crooked]).stdout, "the checker warns")
    tool.three_lines(run(crooked, "--zero"), 10, "partial-room", "no room for a partial input")

tool.end()
