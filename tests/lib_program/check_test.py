#!/usr/bin/env python3
"""qaic-qpc check from outside: verdicts, exit codes, documents, and a program of 1 GiB."""
import json
import os
import re
import struct
import subprocess
import sys
import tempfile
import time

import jsonschema

from qpc_tool import NETWORKS, SOURCE, TOOL, check, report, run

SCHEMA = json.load(open(os.path.join(SOURCE, "docs", "schema", "qaic.qpc-check.json")))
GIB = 1 << 30


def document(*arguments, code=0):
    value = json.loads(run("check", *arguments, "-j", code=code).stdout)
    jsonschema.validate(value, SCHEMA)
    check(value["exit_code"] == code, "exit_code in the document")
    return value


def pack(folder, name, change, constants=None, code=0):
    """The network scale-add with its description changed; pack itself refuses what would not be loaded."""
    description = json.load(open(os.path.join(SOURCE, "networks", "scale-add", "scale-add.json")))
    change(description)
    path = os.path.join(folder, name)
    json.dump(description, open(path + ".json", "w"))
    more = ["--constants", constants] if constants else []
    run("pack", "--description", path + ".json", "--elf", os.path.join(NETWORKS, "scale-add.elf"), "-o", path, *more,
        code=code)
    return path


def grow(path, was, size):
    """Makes a program whose constants have `was` bytes one of `size`, the new bytes a hole."""
    data = bytearray(open(path, "rb").read())
    check(data.count(struct.pack("<Q", was)) >= 3, "the size stands in table, descriptor and metadata")
    data = bytearray(bytes(data).replace(struct.pack("<Q", was), struct.pack("<Q", size)))
    names = struct.unpack_from("<Q", data, 24)[0]
    for i in range(names):
        entry = 40 + 32 * i
        name = struct.unpack_from("<Q", data, entry + 16)[0]
        if data[name:].startswith(b"constants.bin\0"):
            struct.pack_into("<Q", data, entry + 24, len(data))
    struct.pack_into("<Q", data, 8, len(data) + size)
    with open(path, "wb") as file:
        file.write(data)
        file.truncate(len(data) + size)


def check_large(folder):
    constants = os.path.join(folder, "constants")
    open(constants, "wb").write(bytes(7777))
    path = pack(folder, "large", lambda d: d.update(constants={}), constants)
    grow(path, 7777, GIB)
    document(path)
    blocks = os.stat(path).st_blocks
    best = 1.0
    for _ in range(20):
        start = time.perf_counter()
        run("check", path)
        best = min(best, time.perf_counter() - start)
    with subprocess.Popen([TOOL, "check", path], stdout=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    check(process.returncode == 0, f"exit {process.returncode}")
    peak = usage.ru_maxrss
    print(f"1 GiB checked in {best * 1000:.1f} ms, at most {peak} KiB resident")
    check(best <= 0.050, f"1 GiB checked in {best * 1000:.1f} ms")
    # Constants that were read would be mapped pages of the process.
    check(peak < 64 * 1024, f"{peak} KiB resident")
    check(os.stat(path).st_blocks == blocks, "the hole is still one")


def main(folder):
    for name in ("scale-add", "digits", "semaphore-count"):
        value = document(os.path.join(NETWORKS, name))
        check(value["verdict"] == "ok" and value["counts"] == {"errors": 0, "warnings": 0, "notes": 1}, name)
        check([f["rule"] for f in value["findings"]] == ["device-unknown"], name)
    check("it may be loaded" in run("check", os.path.join(NETWORKS, "digits", "programqpc.bin")).stdout, "text")

    # A warning: said, and accepted.
    def later(description):
        description["semaphores"].append(0)
        ops = [("wait_equal", 1, "pre"), ("init", 1, "post"), ("init", 0, "post")]
        description["requests"] += [
            {"transfer": "out",
             "semaphores": [{"op": op, "number": 2, "value": value, "when": when}]} for op, value, when in ops]

    warned = document(pack(folder, "later", later))
    check(warned["verdict"] == "ok" and warned["counts"]["warnings"] == 1, "a warning is no refusal")
    found = warned["findings"][0]
    check((found["rule"], found["place"]) == ("order-self-wait", "metadata.dmaRequests[4].semaphoreOps[0]"), str(found))
    check("later request 5" in found["reason"], found["reason"])

    # An error: readable, refused, exit 1; inspect shows the program and refuses it.
    good = open(os.path.join(NETWORKS, "scale-add", "programqpc.bin"), "rb").read()
    at = good.index(struct.pack("<I", 0x68), good.index(b"\x7fELF"))
    broken = os.path.join(folder, "broken")
    data = bytearray(good)
    load = good.index(b"\x7fELF") + struct.unpack_from("<I", good, good.index(b"\x7fELF") + 28)[0]
    while struct.unpack_from("<I", data, load)[0] != 1:
        load += 32
    struct.pack_into("<I", data, load + 8, 0x1000000)  # p_vaddr: code is elsewhere now
    struct.pack_into("<I", data, at, 0x67)
    open(broken, "wb").write(data)
    refused = document(broken, code=1)
    rules = {f["rule"] for f in refused["findings"]}
    check(refused["verdict"] == "refused" and {"elf-entry", "elf-address", "elf-flags"} <= rules, str(rules))
    check(refused["status"] == "ok" and refused["errors"] == [], "a verdict is an answer")
    text = run("check", broken, code=1)
    check("it would not be loaded" in text.stdout and text.stderr == "", "text of a refusal")
    shown = subprocess.run([TOOL, "inspect", "-j", broken], capture_output=True, text=True)
    check(shown.returncode == 9 and json.loads(shown.stdout)["program"] is not None, "inspect shows it all the same")
    check("[elf-address]" in shown.stderr, shown.stderr)

    # Fine by itself, and more than any card has; or more than the library would ever ask a card for.
    greedy = pack(folder, "greedy", lambda d: d.update(heap_size=1 << 35))
    check([f["rule"] for f in document(greedy, code=1)["findings"]][-1] == "fit-memory", "too large a heap")
    text = run("check", greedy, code=1).stdout
    check("it fits no known card" in text, text)
    tick = {"transfer": "out", "semaphores": [{"op": "init", "number": 0, "value": 0, "when": "post"}]}
    pack(folder, "endless", lambda d: d["requests"].extend([tick] * 32768), code=10)

    # What is no program: 9; what is one of another kind: 10.
    check("verdict" not in document(os.path.join(SOURCE, "README.md"), code=9), "no program, no verdict")
    document(os.path.join(folder, "none"), code=9)
    encrypted = os.path.join(folder, "encrypted")
    open(encrypted, "wb").write(good.replace(b"\x7fELF", b"\x00ELF", 1))
    check(document(encrypted, code=10)["errors"][0]["id"] == "qpc-encrypted", "encrypted")

    # Every rule is described, and none besides.
    listed = {rule["id"]: rule for rule in document("--rules")["rules"]}
    page = open(os.path.join(SOURCE, "docs", "checker.md")).read()
    described = dict(re.findall(r"^\| `([a-z0-9-]+)` \| (note|warning|error) \|", page, re.M))
    check(described == {name: rule["severity"] for name, rule in listed.items()},
          f"docs/checker.md: {set(described.items()) ^ {(n, r['severity']) for n, r in listed.items()}}")
    run("check", code=2)
    run("check", broken, "--rules", code=2)
    check_large(folder)
    report()


if not os.path.exists(os.path.join(NETWORKS, "scale-add", "programqpc.bin")):
    print("skipped: the networks were not built, clang-14 or ld.lld-14 is missing")
    sys.exit(77)
with tempfile.TemporaryDirectory() as work:
    main(work)
