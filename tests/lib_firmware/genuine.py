#!/usr/bin/env python3
"""The genuine images: all are good, and one changed byte is found wherever it is.

Fetches them from the distribution into the build folder; exit 77 with the
reason when they cannot be had. ELF and hash segment are read here by a reader
of its own.
"""
import lzma
import os
import shutil
import struct
import subprocess
import sys
import tempfile

from tool import Qaicfw, check, source, build

FILES = ["sbl.bin", "fw1.bin", "fw2.bin", "fw5.bin", "fw9.bin", "fw10.bin"]
COMPONENT = {"sbl.bin": "SBL", "fw1.bin": "QSM", "fw2.bin": "NSP", "fw9.bin": "NSP"}
ROOT = "d9357db88795b5a8afaebfd9"
LABEL = "general-use test root (for testing only)"


class Elf:
    def __init__(self, data):
        self.wide = data[4] == 2
        self.entry = 56 if self.wide else 32
        self.start = 64 if self.wide else 52
        count = struct.unpack_from("<H", data, 56 if self.wide else 44)[0]
        self.segments = []  # (flags, offset, size)
        for i in range(count):
            at = self.start + i * self.entry
            if self.wide:
                _, flags, offset, _, _, size = struct.unpack_from("<IIQQQQ", data, at)
            else:
                _, offset, _, _, size, _, flags = struct.unpack_from("<7I", data, at)
            self.segments.append((flags, offset, size))
        self.hash_index = [i for i, s in enumerate(self.segments) if s[0] >> 24 & 7 == 2][0]
        self.hash_offset = self.segments[self.hash_index][1]
        words = struct.unpack_from("<12I", data, self.hash_offset)
        self.table = self.hash_offset + 48 + words[11]
        self.signature = self.table + words[5]
        self.chain = self.signature + words[7]
        self.certificates = []  # (offset, size)
        at = self.chain
        while data[at] == 0x30:
            size = struct.unpack_from(">H", data, at + 2)[0] + 4
            self.certificates.append((at, size))
            at += size
        self.certificates_end = at

    def flags_at(self, index):
        return self.start + index * self.entry + (4 if self.wide else 24)

    def gap(self, data):
        covered = bytearray(len(data))
        for _, offset, size in self.segments:
            covered[offset:offset + size] = b"\1" * size
        return covered.index(0)


def flipped(data, at):
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]


def changes(data):
    """(what, changed bytes, id that must be named; None: still good)"""
    elf = Elf(data)
    for i, (flags, offset, size) in enumerate(elf.segments):
        if size and i != elf.hash_index and i != 0:
            yield f"segment {i}, first byte", flipped(data, offset), "fw-hash-mismatch"
            yield f"segment {i}, last byte", flipped(data, offset + size - 1), "fw-hash-mismatch"
    for i in range(len(elf.segments)):
        yield f"hash entry {i}", flipped(data, elf.table + 48 * i + 17), "fw-hash-mismatch"
    yield "program header", flipped(data, elf.start + 2 * elf.entry + (24 if elf.wide else 12)), "fw-hash-mismatch"
    yield "header version", flipped(data, elf.hash_offset + 4), "fw-hash-header-version"
    yield "hash table size", flipped(data, elf.hash_offset + 20), "fw-hash-sizes"
    moved = bytearray(data)
    for at, by in ((20, -48), (28, 48)):  # the table gives an entry to the signature
        value = struct.unpack_from("<I", moved, elf.hash_offset + at)[0]
        struct.pack_into("<I", moved, elf.hash_offset + at, value + by)
    yield "table length", bytes(moved), "fw-hash-table-length"
    yield "metadata", flipped(data, elf.hash_offset + 48 + 8), "fw-signature"
    yield "signature", flipped(data, elf.signature + 20), "fw-signature"
    (leaf, leaf_size), _, (root, root_size) = elf.certificates
    yield "leaf, its first byte", flipped(data, leaf), "fw-certificate"
    subject = data.index(b"SecTools Test User", leaf)
    yield "leaf, a letter of its subject", flipped(data, subject), "fw-chain"
    yield "leaf, its signature", flipped(data, leaf + leaf_size - 3), "fw-chain"
    yield "root, its signature", flipped(data, root + root_size - 3), "fw-chain"
    yield "padding of the chain", flipped(data, elf.certificates_end + 10), "fw-chain"
    another = bytearray(data)
    another[elf.flags_at(2) + 3] = 2
    yield "two hash segments", bytes(another), "fw-many-hash-segments"
    none = bytearray(data)
    none[elf.flags_at(elf.hash_index) + 3] = 0
    yield "no hash segment", bytes(none), "fw-no-hash-segment"
    ends = max(offset + size for _, offset, size in elf.segments)
    yield "truncated by a byte", data[:ends - 1], "fw-truncated"
    yield "half of it", data[:len(data) // 2], "fw-truncated"
    yield "no ELF file", flipped(data, 0), "fw-not-elf"
    yield "between the segments", flipped(data, elf.gap(data)), None


def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def change_everything(tool, release, work):
    """Each image changed in every kind of place."""
    expected = {}
    for name in FILES:
        data = read(os.path.join(release, name))
        for number, (what, changed, identity) in enumerate(changes(data)):
            path = os.path.join(work, str(number), name)
            check(changed != data, f"{what}: something was changed")
            write(path, changed)
            expected[path] = (what, identity)
    code, document = tool.json("verify", *expected)
    check(code == 1, f"{release}: changed images: exit code {code}")
    check(len(document["images"]) == len(expected), f"{release}: every change was judged")
    for image in document["images"]:
        what, identity = expected[image["path"]]
        failure = image["report"]["failure"]
        check((failure or {}).get("id") == identity, f"{image['path']}: {what}: {failure}, not {identity}")
        if identity is None:
            check(len(image["report"]["notes"]) == 1, f"{image['path']}: {what} is noted")
    print(f"{os.path.basename(release)}: {len(expected)} changes, each named rightly")


def main():
    folder = os.path.join(build, "firmware")
    fetched = subprocess.run([os.path.join(source, "scripts/fetch-firmware"), folder], check=False)
    if fetched.returncode == 77:
        sys.exit(77)
    check(fetched.returncode == 0, "scripts/fetch-firmware ends well")
    tool = Qaicfw()
    releases = sorted({line.split()[2] for line in open(os.path.join(folder, "suites"), encoding="ascii")})

    for release in releases:
        code, document = tool.json("verify", os.path.join(folder, release))
        check(code == 0, f"{release}: exit code {code}")
        reports = {image["report"]["name"]: image["report"] for image in document["images"]}
        check(sorted(reports) == sorted(FILES), f"{release} has {sorted(reports)}")
        for name, report in reports.items():
            check(report["verdict"] == "good", f"{release}/{name}: {report['failure']}")
            check(all(c["outcome"] == "passed" for c in report["checks"]), f"{release}/{name}: every check passed")
            root = report["signer"]["root"]
            check(root["sha384"].startswith(ROOT) and root["label"] == LABEL, f"{release}/{name}: its root is {root}")
            found = {v["component"]: v["release"] for v in report["versions"]}
            if name in COMPONENT:
                check(found.get(COMPONENT[name]) == release, f"{release}/{name}: its versions are {found}")
        check(document["sets"][0]["report"]["consistent"], f"{release} is consistent")
        check(document["sets"][0]["report"]["absent"] == [], f"{release} is whole")

    for release in releases:
        with tempfile.TemporaryDirectory() as work:
            change_everything(tool, os.path.join(folder, release), work)

    with tempfile.TemporaryDirectory() as work:
        # Every image under every other name.
        for content in FILES:
            for name in FILES:
                path = os.path.join(work, "names", content, name)
                write(path, read(os.path.join(folder, releases[0], content)))
                code, document = tool.json("verify", path)
                failure = document["images"][0]["report"]["failure"]
                same = content == name
                check(code == (0 if same else 1), f"{content} as {name}: exit code {code}")
                check(same or failure["id"] == "fw-name", f"{content} as {name}: {failure}")

        # Compressed, as the kernel would load them.
        data = read(os.path.join(folder, releases[0], "fw2.bin"))
        packed = os.path.join(work, "packed")
        write(os.path.join(packed, "xz", "fw2.bin.xz"), lzma.compress(data, check=lzma.CHECK_CRC32))
        write(os.path.join(packed, "xz64", "fw2.bin.xz"), lzma.compress(data, check=lzma.CHECK_CRC64))
        write(os.path.join(packed, "cut", "fw2.bin.xz"), lzma.compress(data, check=lzma.CHECK_CRC32)[:-100])
        check(tool.json("verify", os.path.join(packed, "xz"))[0] == 0, "an .xz image is unpacked")
        for case in ("xz64", "cut"):
            code, document = tool.json("verify", os.path.join(packed, case, "fw2.bin.xz"))
            check(code == 9 and document["errors"][0]["id"] == "fw-compression", f"{case}: {code}")
        write(os.path.join(packed, "zst", "fw2.bin"), data)
        subprocess.run(["zstd", "-q", "--rm", os.path.join(packed, "zst", "fw2.bin")], check=True)
        check(tool.json("verify", os.path.join(packed, "zst"))[0] == 0, "a .zst image is unpacked")

        # A set of two releases.
        if len(releases) > 1:
            mixed = os.path.join(work, "mixed")
            shutil.copytree(os.path.join(folder, releases[0]), mixed)
            shutil.copy(os.path.join(folder, releases[1], "fw2.bin"), mixed)
            code, document = tool.json("verify", mixed)
            check(code == 1 and document["errors"][0]["id"] == "fw-set-mixed", f"mixed set: {code}")
    print(f"{len(releases)} releases, {len(releases) * len(FILES)} images verified")


if __name__ == "__main__":
    main()
