#!/usr/bin/env python3
"""qaic-qpc extract and diff from outside: what is taken apart is put together equal; differences are named."""
import json
import os
import shutil
import struct
import sys
import tempfile

import jsonschema

from qpc_tool import NETWORKS, SOURCE, check, report, run

SCHEMAS = {verb: json.load(open(os.path.join(SOURCE, "docs", "schema", f"qaic.qpc-{verb}.json")))
           for verb in ("diff", "extract", "inspect")}


def document(verb, *arguments, code=0):
    value = json.loads(run(verb, *arguments, "-j", code=code).stdout)
    jsonschema.validate(value, SCHEMAS[verb])
    return value


def pack(folder, to, description="description.json", code=0):
    constants = os.path.join(folder, "constants.bin")
    more = ["--constants", constants] if os.path.exists(constants) else []
    return run("pack", "--description", os.path.join(folder, description), "--elf",
               os.path.join(folder, "network.elf"), "-o", to, *more, code=code)


def check_round(folder, program, name, not_described=()):
    """Takes `program` apart, puts it together, and compares."""
    parts = os.path.join(folder, name)
    told = document("extract", program, parts)
    check(told["not_described"] == list(not_described), f"{name}: {told['not_described']}")
    check(sorted(f["name"] for f in told["files"]) == sorted(os.listdir(parts)), f"{name}: the files")
    again = os.path.join(folder, name + ".again")
    pack(parts, again)
    same = document("diff", program, again)
    check(same["equal"] and same["differences"] == [], f"{name}: {same['differences'][:5]}")
    return parts


# What no program needs in order to run: as described, and as inspect shows it.
METADATA = {"metadata_version": [1, 3], "exec_context_major": 5, "shared_ddr_ecc": True,
            "dynamic_shared_ddr_ecc": True, "static_constants_ecc": True, "dynamic_constants_ecc": True,
            "dynamic_shared_ddr_supported": False, "raw_struct_version_length": 1234,
            "qnn_constants": "cache_enabled", "heap_on_deactivate": 7,
            "ports": [{"id": 1000, "type": "p2p"}, {"id": 101, "type": 9}],
            "l2tcm_nonzero_regions": [{"start": 4, "end": 16, "size": 12}],
            "required_fields": ["numNSPs", "dmaRequests->semaphoreOps->semNum"],
            "constants": {"mappings": [], "static_ecc": False}}
DESCRIPTOR = {"thread_groups": [3, 1], "thread_group_issue_count": 2, "thread_group_names": ["a", "b"],
              "stats": {"buffer": 1, "print_stats": True, "stats_level": -1, "no_host_sync": True,
                        "print_op_stats": True, "op_stats_level": 2, "batch_size": 3, "count_ddr_bandwidth": True,
                        "utimer_freq_ms": 4, "pmu_events": [5, -6], "ops_per_core": [7], "pmu_stats_level": 8,
                        "ops": [[], [[], [{"name": "n", "kind": "k", "type": "t", "memory": "m", "shape": "s",
                                           "operand": "o", "output_size": 1 << 40, "attributes": "x",
                                           "operands": ["p", "q"]}]]]},
              "crc_info": {"buffer": 1, "entries": [{"buffer": 1, "offset": 2, "size": 3, "index": 4,
                                                     "begin_block_size": 5, "end_block_size": 6,
                                                     "stride_interval": 7, "stride_size": 8, "algorithm": 9}]}}


# A nested execContext laid out by hand: a list of one variable, number 21 (the semaphore
# list), 4 bytes at 84, required.
EXEC_CONTEXT = ("0c000000" "0800080000000400" "0800000004000000" "0100000010000000"
                "0c0018000400100008001400" "0c00000015000000" "5400000000000000" "0400000000000000")


def check_shown(program):
    """All of METADATA and DESCRIPTOR is in what inspect shows."""
    shown = json.loads(run("inspect", program, "-j").stdout)
    jsonschema.validate(shown, SCHEMAS["inspect"])
    shown = shown["program"]
    m, d = shown["metadata"], shown["descriptor"]
    check(shown["versions"]["metadata"] == "1.3", "version")
    check(m["ecc"] == {"shared_ddr": True, "dynamic_shared_ddr": True, "static_constants": True,
                       "dynamic_constants": True}, str(m["ecc"]))
    check(not m["dynamic_shared_ddr_supported"] and m["single_vtcm_page"] and m["hvx_fp"] and m["hmx_fp"], "flags")
    check(m["raw_struct_version_length"] == 1234, "length")
    check((m["qnn_constants"], m["heap_on_deactivate"]) == ("cache_enabled", 7), "QNN, heap")
    check(m["ports"] == METADATA["ports"], str(m["ports"]))
    check(m["exec_context_bytes"] == 64 and m["exec_context"] == [
        {"variable": "semaphore_list", "size_bytes": 4, "offset": 84, "optional": False}], str(m["exec_context"]))
    check(m["l2tcm_nonzero_regions"] == [{"start": 4, "end": 16, "size_bytes": 12}], "regions")
    check(shown["required_fields"] == ["AicMetadataFlat_Metadata->" + f for f in METADATA["required_fields"]],
          str(shown["required_fields"]))
    check(d["thread_groups"] == [3, 1] and d["thread_group_issue_count"] == 2, "thread groups")
    check(d["thread_group_names"] == ["a", "b"] and d["cluster_offsets"] == [0, 1], "names of thread groups")
    check(d["stats"] == DESCRIPTOR["stats"], str(d["stats"]))
    crc = dict(DESCRIPTOR["crc_info"]["entries"][0])
    crc["size_bytes"] = crc.pop("size")
    check(d["crc_info"] == {"buffer": 1, "entries": [crc]}, str(d["crc_info"]))
    check(m["unread"] == [] and d["unread"] == [], "nothing is unknown")
    check(shown["requests"][-1]["port"] == 300 and shown["requests"][-1]["transaction"] == 9, "port, transaction")
    tensors = {t["name"]: t for t in shown["tensors"]}
    check(tensors["part"]["align"] == 64, "align")
    check(tensors["q"]["transformed"]["zero_point"] == -3, "the other end")
    check(tensors["q"]["transforms"][2]["padding"] == [1, 2, 3, 4, 5, 6], "padding")
    check(tensors["q"]["transforms"][3]["copy"] == {"direction": "in", "buffer": 4, "buffer_offset": 1024}, "copy")
    check(shown["allowed_shapes"][1][0]["type"] == "int8", "type of a shape")
    text = run("inspect", program).stdout
    for part in ("Exec context             semaphore_list+84\n", "QNN constants            cache_enabled\n", "Heap on deactivate       7\n", "1000 p2p, 101 9\n",
                 "4 to 16 (12 B)\n", "1 operations named\n", "4 of buffer 1+2, 3 B\n", "Thread groups            3, 1\n",
                 "shared DDR, dynamic shared DDR, static constants,\n"):
        check(part in text, f"'{part}' in {text}")


def segments_of(whole):
    """Name, bytes and offset field of each segment."""
    base, count, table = struct.unpack_from("<QQQ", whole, 16)
    out = []
    for i in range(count):
        size, offset, name, start = struct.unpack_from("<QQQQ", whole, table - base + 32 * i)
        name = whole[name - base:whole.index(b"\0", name - base)]
        out.append((name.decode(), whole[start - base:start - base + size], offset))
    return out


def container(segments):
    """A program file with base 0, everything byte by byte behind each other."""
    at = 40 + 32 * len(segments)
    table, body = b"", b""
    for name, content, offset in segments:
        text = name.encode() + b"\0"
        table += struct.pack("<QQQQ", len(content), offset, at + len(body), at + len(body) + len(text))
        body += text + content
    return struct.pack("<IBBHQQQQ", 0xA1CD7C, 0, 1, 1, at + len(body), 0, len(segments), 40) + table + body


def main_unheld(folder):
    """What a description cannot hold is named, and nothing else is."""
    digits = segments_of(open(os.path.join(NETWORKS, "digits", "programqpc.bin"), "rb").read())

    def changed(name, change):
        path = os.path.join(folder, name)
        open(path, "wb").write(container([change(s) for s in digits if change(s)]))
        return path

    same = changed("same", lambda s: s)
    check_round(folder, same, "same.parts")
    crc = os.path.join(folder, "crc")
    open(crc, "wb").write(container(digits + [("network.elf.crc", b"\1\2\3\4", 0), ("x", b"", 0)]))
    told = document("extract", crc, os.path.join(folder, "crc.parts"))
    check(told["not_described"] == ["segments.network.elf.crc", "segments.x"], str(told["not_described"]))
    check("not in description.json: segments.x\n" in run("extract", "--force", crc,
                                                         os.path.join(folder, "crc.parts")).stdout, "in text")
    newer = changed("newer", lambda s: (s[0], s[1] + b"\x98\x01\x05", s[2]) if s[0] == "networkdesc.bin" else s)
    told = document("extract", newer, os.path.join(folder, "newer.parts"))
    check(told["not_described"] == ["descriptor.19"], str(told["not_described"]))
    # More constants than are used come back whole, and so do constants that nothing uses.
    def grow(s):
        return (s[0], s[1] + bytes(96), s[2]) if s[0] == "constants.bin" else s

    parts = check_round(folder, changed("grown", grow), "grown.parts")
    size = len(dict((s[0], s[1]) for s in digits)["constants.bin"])
    check(os.path.getsize(os.path.join(parts, "constants.bin")) == size + 96, "all of constants.bin")
    parts = os.path.join(folder, "scale-add")
    value = json.load(open(os.path.join(parts, "description.json")))
    value["constants"] = {"static_size": 0, "dynamic_size": 0}
    json.dump(value, open(os.path.join(parts, "unused.json"), "w"))
    open(os.path.join(parts, "constants.bin"), "wb").write(bytes(40))
    unused = os.path.join(folder, "unused")
    pack(parts, unused, "unused.json")
    os.remove(os.path.join(parts, "constants.bin"))
    check(len(segments_of(open(unused, "rb").read())) == 4, "with constants")
    check_round(folder, unused, "unused.parts")
    split = changed("split", lambda s: (s[0], s[1], 0) if s[0] == "constants.bin" else s)
    told = document("extract", split, os.path.join(folder, "split.parts"))
    check(told["not_described"] == ["segments.constants.bin.offset"], str(told["not_described"]))


def rich(parts):
    """A description with everything that a program can have."""
    value = json.load(open(os.path.join(parts, "description.json")))
    value.update(name="rich", nsps=2, exec_context=EXEC_CONTEXT, dynamic_shared_ddr_size=4096, single_vtcm_page=True,
                 hvx_fp=True, hmx_fp=True, heap_size=7, l2_cached_ddr_size=4096, batch_size=3,
                 l2tcm_init=[{"offset": 4, "words": [1, 0, 5]}, {"offset": 400, "bytes": "0102030405"}])
    value["semaphores"].append(3)
    value["multicast"][1].update(
        host_writes_to=[1], dynamic=True,
        per_nsp=[{"memory": "l2tcm", "base": 4096, "size": 1024, "nsp_writes_to": []},
                 {"memory": "vtcm", "base": 8192, "size": 1024, "nsp_writes_to": [0], "dynamic": True}])
    value["buffers"].append({"size": 4096, "direction": "in"})
    value["tensors"].insert(0, {"name": "part", "direction": "in", "type": "int8", "dims": [3], "buffer": 4,
                                "partial": True, "align": 64})
    value["tensors"].insert(1, {"name": "q", "direction": "in", "type": "float32", "dims": [2, 3], "scale": 0.125,
                                "transformed": {"type": "int8_q", "dims": [2, 3], "scale": 0.5, "zero_point": -3},
                                "transforms": [
                                    {"kind": "quantize", "type": "int8_q", "scale": 0.5, "zero_point": -3},
                                    {"kind": "transpose", "type": "int8_q", "scale": 1, "dims": [3, 2],
                                     "shuffle": [1, 0]},
                                    {"kind": "convert_to_d32", "type": "int8_q", "scale": 0, "layout": 1,
                                     "padding": [1, 2, 3, 4, 5, 6]},
                                    {"kind": "copy_dma_buffer", "type": "int8_q", "scale": 0, "direction": "in",
                                     "buffer": 4, "buffer_offset": 1024}]})
    value["tensors"].insert(2, {"name": "gone", "direction": "in", "type": "int32", "dims": [1], "transforms": []})
    value["tensors"][-1]["name"] = "last"
    shapes = [t["dims"] for t in value["tensors"]]
    value["allowed_shapes"] = [shapes, [[1]] + shapes[1:]]
    value["requests"].append({"buffer": 4, "memory": {"ddr": "dynamic_shared", "offset": 0}, "transaction": 9,
                              "port": 300, "semaphores": [{"op": "inc", "number": 2, "when": "post",
                                                           "in_fence": True, "out_fence": True}],
                              "doorbells": [{"mcid": 0, "offset": 100, "data": 3, "bits": 8},
                                            {"mcid": 0, "offset": 102, "data": 4, "bits": 16}]})
    value["allowed_shapes"][1][0] = {"type": "int8", "dims": [1]}
    value["descriptor"] = {"name": "other", "version": [9, 4], "threads": 7, "hvx_threads": 3,
                           "cluster_offsets": [0, 1], **DESCRIPTOR}
    value.update(METADATA)
    json.dump(value, open(os.path.join(parts, "rich.json"), "w"))
    return "rich.json"


def main(folder):
    networks = sorted(os.listdir(NETWORKS))
    for name in networks:
        program = os.path.join(NETWORKS, name, "programqpc.bin")
        if os.path.exists(program):
            check_round(folder, program, name)
    digits = os.path.join(folder, "digits")
    check(os.path.getsize(os.path.join(digits, "constants.bin")) > 1000, "constants are extracted")

    parts = os.path.join(folder, "scale-add")
    program = os.path.join(folder, "rich")
    pack(parts, program, rich(parts))
    back = check_round(folder, program, "rich.parts")
    check_shown(program)
    value = json.load(open(os.path.join(back, "description.json")))
    check(value["tensors"][0] == {"name": "part", "direction": "in", "type": "int8", "dims": [3], "scale": 1.0,
                                  "buffer": 4, "buffer_offset": 0, "partial": True, "align": 64},
          str(value["tensors"][0]))
    check(value["tensors"][1]["transforms"][2]["padding"] == [1, 2, 3, 4, 5, 6], "padding")
    check(value["l2tcm_init"][-1] == {"offset": 400, "bytes": "0102030405"}, str(value["l2tcm_init"]))
    check(value["requests"][-1]["transaction"] == 9 and value["requests"][-1]["port"] == 300, "transaction, port")
    check(value["descriptor"]["cluster_offsets"] == [0, 1], "cluster offsets")

    # Each change is found, and where.
    for change, path in (
        (lambda v: v["requests"][0]["doorbells"][0].update(data=2), "requests[0].doorbells[0].data"),
        (lambda v: v["tensors"][0].update(name="renamed"), "tensors[0].name"),
        (lambda v: v["semaphores"].append(1), "semaphores[2]"),
        (lambda v: v["descriptor"].update(threads=5), "descriptor.threads"),
        (lambda v: v.update(heap_size=5), "heap_size"),
        (lambda v: v.update(shared_ddr_ecc=True), "shared_ddr_ecc"),
        (lambda v: v.update(heap_on_deactivate="preserve"), "heap_on_deactivate"),
        (lambda v: v.update(ports=[]), "ports"),
        (lambda v: v["descriptor"].update(thread_group_names=["g"]), "descriptor.thread_group_names"),
        (lambda v: v["descriptor"].update(stats={"buffer": 3}), "descriptor.stats"),
        (lambda v: v["l2tcm_init"][0]["words"].append(6), "l2tcm_init[0].words[1]"),
    ):
        value = json.load(open(os.path.join(parts, "description.json")))
        change(value)
        json.dump(value, open(os.path.join(parts, "changed.json"), "w"))
        changed = os.path.join(folder, "changed")
        pack(parts, changed, "changed.json")
        found = document("diff", os.path.join(NETWORKS, "scale-add"), changed, code=1)
        paths = [d["path"] for d in found["differences"]]
        check(not found["equal"] and path in paths, f"{path} in {paths}")
    text = run("diff", os.path.join(NETWORKS, "scale-add"), changed, code=1).stdout
    check("l2tcm_init[0].words[1]\n  - (nothing)\n  + 6\n" in text, text)
    # A name that is not UTF-8, of a tensor that only one of them has, and one with a line feed.
    whole = open(program, "rb").read()
    check(whole.count(b"gone") == 1 and whole.count(b"\x04last") == 1, "the names are found")
    broken = os.path.join(folder, "broken")
    open(broken, "wb").write(whole.replace(b"gone", b"g\xff\n\x1b", 1).replace(b"\x04last", b"\x04la\xff\x1b", 1))
    text = run("diff", os.path.join(NETWORKS, "scale-add"), broken, code=1).stdout
    check("\n  - (nothing)\n  + {\"buffer\"" in text and "\x1b" not in text, text)
    text = run("diff", program, broken, code=1).stdout
    check("tensors[2].name\n  - gone\n  + g\ufffd\\x0a\\x1b\n" in text, text)
    check("name" in str(document("extract", broken, os.path.join(folder, "broken.parts"))["not_described"]),
          "and no description can hold it")
    found = document("diff", os.path.join(NETWORKS, "scale-add"), os.path.join(NETWORKS, "digits"), code=1)
    paths = {d["path"] for d in found["differences"]}
    check({"name", "segments.constants.bin", "code[0].content", "segments.network.elf.content"} <= paths, str(paths))
    check(run("diff", program, program).stdout == "", "equal programs have no differences")

    main_unheld(folder)

    # What is there is not replaced unasked; names do not lead out of the folder.
    refused = run("extract", os.path.join(NETWORKS, "digits"), digits, code=11)
    check("id: file-exists" in refused.stderr, refused.stderr)
    run("extract", os.path.join(NETWORKS, "digits"), digits, "--force")
    whole = open(os.path.join(NETWORKS, "digits", "programqpc.bin"), "rb").read()
    evil = os.path.join(folder, "evil")
    open(evil, "wb").write(whole.replace(b"constants.bin\0", b"../constants\0\0", 1))
    out = document("extract", evil, os.path.join(folder, "out"), code=9)
    check(out["errors"][0]["id"] == "qpc-segment-name", str(out["errors"]))
    check(not os.path.exists(os.path.join(folder, "constants")), "nothing outside")
    check(not os.path.exists(os.path.join(folder, "out")), "and nothing inside")

    # Of an encrypted program the segments come out.
    encrypted = os.path.join(folder, "encrypted")
    open(encrypted, "wb").write(whole.replace(b"\x7fELF", b"\x00ELF", 1))
    out = document("extract", encrypted, os.path.join(folder, "sealed"), code=10)
    check(len(os.listdir(os.path.join(folder, "sealed"))) == len(out["files"]) == 4, "segments of an encrypted one")
    document("diff", encrypted, program, code=10)
    document("diff", os.path.join(folder, "none"), program, code=9)
    shutil.rmtree(digits)
    report()


if not os.path.exists(os.path.join(NETWORKS, "scale-add", "programqpc.bin")):
    print("skipped: the networks were not built, clang-14 or ld.lld-14 is missing")
    sys.exit(77)
with tempfile.TemporaryDirectory() as work:
    main(work)
