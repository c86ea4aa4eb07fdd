#!/usr/bin/env python3
"""qaic-qpc from outside: packs the example, shows it, and refuses what is wrong."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

import jsonschema

import qpc_tool
from qpc_tool import SOURCE, check, report

DATA = os.path.join(SOURCE, "tests", "lib_program", "data")
SCHEMA = json.load(open(os.path.join(SOURCE, "docs", "schema", "qaic.qpc-inspect.json")))


def run(*arguments, code=0):
    done = qpc_tool.run(*arguments, code=code)
    if code != 0:
        lines = done.stderr.splitlines()
        check(len(lines) == 3, f"{arguments}: error of {len(lines)} lines: {done.stderr}")
        check("hint: " in lines[1] and "id: " in lines[2], f"{arguments}: {done.stderr}")
    return done


def document(*arguments, code=0):
    value = json.loads(run(*arguments, "-j", code=code).stdout)
    jsonschema.validate(value, SCHEMA)
    check(value["exit_code"] == code, "exit_code in the document")
    check((code == 0) == (value["errors"] == []), "errors in the document")
    return value


def build_elf(folder):
    clang, linker = shutil.which("clang-14"), shutil.which("ld.lld-14")
    if not clang or not linker:
        print("skipped: clang-14 or ld.lld-14 is missing")
        sys.exit(77)
    program, elf = os.path.join(folder, "double.o"), os.path.join(folder, "double.elf")
    subprocess.run([clang, "--target=hexagon-unknown-elf", "-mv68", "-G0", "-O2", "-ffreestanding", "-c",
                    os.path.join(DATA, "double.c"), "-o", program], check=True)
    subprocess.run([linker, "--image-base=0x2000000", "-z", "max-page-size=4096", "-e", "entry", "--no-rosegment",
                    "-z", "separate-code", "-o", elf, program], check=True)
    return elf


def main(folder):
    elf = build_elf(folder)
    example = os.path.join(DATA, "double.json")
    packed = os.path.join(folder, "programqpc.bin")

    def pack(description, *more, code=0, to=packed):
        return run("pack", "--description", description, "--elf", elf, "-o", to, *more, code=code)

    def changed(change):
        value = json.load(open(example))
        change(value)
        path = os.path.join(folder, "changed.json")
        json.dump(value, open(path, "w"))
        return path

    check(pack(example).stdout == "", "pack is silent")
    shown = document("inspect", packed)
    check([s["name"] for s in shown["container"]["segments"]] == ["network.elf", "networkdesc.bin"], "segments")
    check([t["name"] for t in shown["program"]["tensors"]] == ["x", "y"], "tensors")
    check(shown["program"]["resources"]["semaphores"] == 2, "semaphores")
    check(shown["program"]["requests"][0]["semaphores"][0]["op"] == "wait_equal", "request program")
    check([bo["size_bytes"] for bo in shown["program"]["plan"]] == [128, 128], "plan")

    # A folder stands for the file in it; -O writes instead of printing.
    text = run("inspect", folder).stdout
    for part in ("Program double", "    0 b0+0 > mc1+0                     128 s0==1      s0=0       mc0+0=1\n",
                 "    1 b1+0 < ddr+64                    128 s1==0      s1=1       mc0+4=1\n", "BO 1"):
        check(part in text, f"'{part}' in the text")
    out = os.path.join(folder, "report")
    check(run("inspect", packed, "-O", out).stdout == "" and open(out).read() == text, "-O")

    # A request of many parts and long numbers goes on below, within 80 columns.
    def crowded(value):
        value["dynamic_shared_ddr_size"] = 1 << 62
        request = value["requests"][0]
        request["memory"] = {"ddr": "dynamic_shared", "offset": (1 << 61) + 64}
        request["semaphores"] += [{"op": "inc", "number": i % 2, "when": "post", "in_fence": True} for i in range(5)]
        request["doorbells"] = [{"mcid": 0, "offset": 1000 + i, "data": 200 + i, "bits": 8} for i in range(6)]
        value["requests"].insert(1, {"semaphores": [{"op": "wait_positive_then_dec", "number": 0, "when": "pre"}]})

    pack(changed(crowded))
    lines = run("inspect", packed).stdout.splitlines()
    check(max(map(len, lines)) <= 80, "80 columns: " + max(lines, key=len))
    start = lines.index("DMA requests of one inference, in order") + 2
    check(lines[start].split()[:4] == ["0", "b0+0", "128", "s0==1"], lines[start])
    check(any("> dyn+0x2000000000000040" in line for line in lines), "a long offset")
    for part in ("s1++|in", "mc0+1005=205/8", "s0>0--"):
        check(any(part in line for line in lines[start:]), part)
    pack(example)

    # Constants travel, split as described.
    constants = os.path.join(folder, "constants")
    open(constants, "wb").write(bytes(range(200)))

    def split(value):
        value["constants"] = {"dynamic_size": 50}

    pack(changed(split), "--constants", constants)
    shown = document("inspect", packed)
    resources = shown["program"]["resources"]
    check((resources["static_constants_bytes"], resources["dynamic_constants_bytes"]) == (150, 50), "constants")
    check(shown["container"]["segments"][0]["offset"] == 150, "constants.bin says what is static")
    check(bytes(range(200)) in open(packed, "rb").read(), "the constants themselves")

    # Several NSPs, each with its own place for what the host writes.
    def spread(value):
        value["nsps"] = 2
        value["multicast"][1].update(host_writes_to=[1], nsp_writes_to=[])
        value["multicast"][1]["per_nsp"] = [
            {"memory": "l2tcm", "base": 4096, "size": 128},
            {"memory": "vtcm", "base": "0x2000", "size": 128, "nsp_writes_to": [0]},
        ]

    pack(changed(spread))
    program = document("inspect", packed)["program"]
    check(program["resources"]["nsps"] == 2, "NSPs")
    check(program["host_multicast"][1]["nsp_mask"] == "0x2" and program["host_multicast"][0]["nsp_mask"] == "0x3",
          "which NSPs the host writes to")
    first, second = (table[1] for table in program["nsp_multicast"])
    check((first["memory"], first["offset"], first["nsp_mask"]) == ("l2tcm", 4096, "0x3"), "NSP 0's entry")
    check((second["memory"], second["offset"], second["nsp_mask"]) == ("vtcm", 0x2000, "0x1"), "NSP 1's entry")
    pack(changed(split), "--constants", constants)

    # The result is checked: nothing is left behind when it is wrong.
    bad = os.path.join(folder, "bad.bin")
    for change, part in (
        (lambda v: v.pop("name"), "/name is missing"),
        (lambda v: v.update(surprise=1), "/surprise is not a key"),
        (lambda v: v.update(nsps=17), "/nsps is not 1 to 16"),
        (lambda v: v.update(l2tcm_size=-1), "/l2tcm_size is out of range"),
        (lambda v: v.update(l2tcm_size="0xzz"), "/l2tcm_size is no whole number"),
        (lambda v: v.update(l2tcm_size=1 << 21), "L2TCMSize"),
        (lambda v: v["threads"][0].update(entry="nowhere"), "/threads/0/entry cannot be found"),
        (lambda v: v["threads"][0].update(entry=16), "entryPoint of thread 0"),
        (lambda v: v["tensors"][0].update(type="float64"), "/tensors/0/type"),
        (lambda v: v["tensors"][0].update(dims=[33]), "does not fit into its DMA buffer"),
        (lambda v: v["tensors"][0].update(direction="out"), "/tensors/0/direction"),
        (lambda v: v["tensors"][0].update(buffer="none"), "/tensors/0/buffer"),
        (lambda v: v["requests"][0].update(buffer=2), "/requests/0/buffer"),
        (lambda v: v["requests"][0]["memory"].update(ddr="shared"), "/requests/0/memory/mcid"),
        (lambda v: v["requests"][0]["memory"].update(mcid=2), "multicast id 2"),
        (lambda v: v["requests"][0]["semaphores"][0].update(op="wait"), "/requests/0/semaphores/0/op"),
        (lambda v: v["requests"][0]["semaphores"][0].update(number=2), "semNum is 2"),
        (lambda v: v["requests"][0]["doorbells"][0].update(bits=64), "/requests/0/doorbells/0/bits"),
        (lambda v: v["multicast"][0].update(per_nsp=[{}, {}]), "/multicast/0/per_nsp"),
        (lambda v: v["multicast"][0].update(host_writes_to=[1]), "names NSP 1 of 1"),
        (lambda v: v.update(constants={"dynamic_size": 1}), "/constants/dynamic_size"),
        (lambda v: v.update(constants={"static_size": 1}), "/constants/static_size"),
        (lambda v: v.update(qnn_constants="cache_full"), "/qnn_constants 'cache_full' is none of cache_disabled"),
        (lambda v: v.update(heap_on_deactivate=128), "/heap_on_deactivate is out of range"),
        (lambda v: v.update(required_fields=["numCats"]), "/required_fields names 'numCats'"),
        (lambda v: v.update(descriptor={"stats": {"ops": [[3]]}}), "/descriptor/stats/ops/0/0 is no list"),
        (lambda v: v.update(descriptor={"thread_group_names": [3]}), "/descriptor/thread_group_names/0 is no text"),
    ):
        done = pack(changed(change), code=9, to=bad)
        check(part in done.stderr, f"'{part}' in: {done.stderr}")
        check(not os.path.exists(bad) and not os.path.exists(bad + ".part"), "nothing is left behind")

    # A number that no type holds is a wrong description, not a bug of the tool.
    huge = changed(lambda v: v["tensors"][0].update(scale=8.125))
    open(huge, "r+").write(open(huge).read().replace("8.125", "1e999"))
    done = pack(huge, code=9, to=bad)
    check("id: qpc-description" in done.stderr and "1e999" in done.stderr, done.stderr)

    # Names from a file neither move the cursor nor make up lines.
    wild = "\x1b[31m\nerror    fake\x7f\x9b"
    shown_as = "\\x1b[31m\\x0aerror    fake\\x7f\\x9b"
    pack(changed(lambda v: v["tensors"][0].update(name=wild)))
    text = run("inspect", packed).stdout
    check(shown_as in text and "\x1b" not in text and "\nerror" not in text, text)
    check(document("inspect", packed)["program"]["tensors"][0]["name"] == wild, "JSON has the name itself")
    done = pack(changed(lambda v: v["tensors"][0].update(name=wild, dims=[33])), code=9, to=bad)
    check(shown_as in done.stderr and "\x1b" not in done.stderr, done.stderr)
    pack(changed(split), "--constants", constants)

    # Files that are not there, or not what they should be.
    pack(os.path.join(folder, "none.json"), code=9)
    pack(elf, code=9)
    failed = document("inspect", elf, code=9)
    check(failed["container"] is None and failed["errors"][0]["id"] == "qpc-container", "not a container")
    whole = open(packed, "rb").read()
    encrypted = os.path.join(folder, "encrypted.bin")
    open(encrypted, "wb").write(whole.replace(b"\x7fELF", b"\x00ELF", 1))
    failed = document("inspect", encrypted, code=10)
    check(failed["container"]["kind"] == "encrypted" and failed["program"] is None, "encrypted")
    multi = os.path.join(folder, "multi.bin")
    open(multi, "wb").write(whole.replace(b"constants.bin\0", b"mdp_meta_info\0", 1))
    failed = document("inspect", multi, code=10)
    check(failed["container"]["kind"] == "multi_device", "multi-device")

    # Usage.
    run(code=2)
    run("inspect", code=2)
    run("inspect", packed, "--surprise", code=2)
    for arguments in (["--help"], ["--version"], ["inspect", "--help"], ["pack", "--help"]):
        check(run(*arguments).stdout != "", f"{arguments} prints")
    report()


with tempfile.TemporaryDirectory() as work:
    main(work)
