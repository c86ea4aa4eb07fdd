#!/usr/bin/env python3
"""qaic-fw on synthetic images: where it looks, what it says, how it ends."""
import lzma
import os
import shutil
import subprocess
import tempfile

from tool import Qaicfw, check, build


def make_set(folder, release):
    os.makedirs(folder)
    writer = os.path.join(build, "tests", "write_firmware_set")
    return subprocess.run([writer, folder, release], capture_output=True, text=True, check=True).stdout.strip()


def ids(document):
    return [error["id"] for error in document["errors"]]


def where_it_looks(tool, work):
    root = os.path.join(work, "root")
    plain = root + "/lib/firmware/qcom/aic100"
    updates = root + "/lib/firmware/updates/qcom/aic100"
    accepted = ["--accept-root", make_set(plain, "1.18")]
    code, document = tool.json("verify", "--root", root, *accepted)
    check(code == 0, f"an installed set: {document['errors']}")
    check(document["searched"][-1] == plain and updates in document["searched"], "the kernel's folders are searched")
    check([image["report"]["name"] for image in document["images"]]
          == ["sbl.bin", "fw1.bin", "fw2.bin", "fw5.bin", "fw9.bin", "fw10.bin"], "six images")

    accepted += ["--accept-root", make_set(updates, "1.20")]
    code, document = tool.json("verify", "--root", root, *accepted)
    check(code == 0, f"updates hide: {document['errors']}")
    check(all(image["path"].startswith(updates) for image in document["images"]), "updates come first")
    check(sum("never loaded" in note for note in document["notes"]) == 6, "what they hide is noted")

    # A plain file in any folder is taken before a compressed one in the first.
    with open(updates + "/fw2.bin", "rb") as file:
        packed = lzma.compress(file.read(), check=lzma.CHECK_CRC32)
    with open(updates + "/fw2.bin.xz", "wb") as file:
        file.write(packed)
    os.unlink(updates + "/fw2.bin")
    code, document = tool.json("verify", "--root", root, *accepted)
    check(code == 1 and ids(document) == ["fw-set-mixed"], f"plain before compressed: {ids(document)}")
    os.unlink(plain + "/fw2.bin")
    code, document = tool.json("verify", "--root", root, *accepted)
    check(code == 0, f"then the compressed one: {ids(document)}")
    check([i["compression"] for i in document["images"]].count("xz") == 1, "it is unpacked")

    shutil.copy(updates + "/fw5.bin", updates + "/other.bin")
    _, document = tool.json("verify", "--root", root, *accepted)
    check(any("other.bin" in note for note in document["notes"]), "a file that nobody asks for is noted")
    os.unlink(updates + "/fw5.bin")
    os.unlink(plain + "/fw5.bin")
    code, document = tool.json("verify", "--root", root, *accepted)
    check(code == 0 and any("no fw5.bin" in note for note in document["notes"]), "an absent image is noted")


def how_it_ends(tool, work):
    good = os.path.join(work, "good")
    accept = ["--accept-root", make_set(good, "1.20")]
    sbl = os.path.join(good, "sbl.bin")
    empty = os.path.join(work, "empty")
    os.makedirs(empty)
    text = os.path.join(work, "sbl.bin")
    with open(text, "w", encoding="ascii") as file:
        file.write("not an image")
    cases = [
        ((sbl, *accept), 0, []),
        ((good, *accept), 0, []),
        ((sbl,), 1, ["fw-root-unknown"]),
        ((text,), 9, ["fw-not-elf"]),
        ((text, sbl), 1, ["fw-not-elf", "fw-root-unknown"]),
        ((os.path.join(work, "missing.bin"),), 9, ["file-open"]),
        ((empty,), 9, ["fw-no-images"]),
        (("/dev/null",), 9, ["fw-not-a-file"]),
        (("--root", empty), 1, ["fw-not-installed"]),
    ]
    for arguments, expected, identities in cases:
        code, document = tool.json("verify", *arguments)
        check(code == expected and ids(document) == identities, f"{arguments}: {code} {ids(document)}")
        done = tool.run("verify", *arguments)
        check(done.returncode == expected, f"{arguments}: text ends with {done.returncode}")
        for identity in identities:
            check(f"  id: {identity} " in done.stderr, f"{arguments}: {done.stderr}")
    for arguments in ((), ("nonsense",), ("verify", "--bogus"), ("verify", "--accept-root", "abc"), ("status", "-d"),
                      ("verify", sbl, "--timeout", "5s")):
        done = tool.run(*arguments)
        check(done.returncode == 2 and done.stdout == "", f"{arguments}: {done.returncode} {done.stdout}")
        check(len(done.stderr.splitlines()) == 3, f"{arguments}: three lines, not {done.stderr}")
    for arguments in (("--help",), ("verify", "--help"), ("status", "--help"), ("--version",)):
        done = tool.run(*arguments)
        check(done.returncode == 0 and done.stdout != "" and done.stderr == "", f"{arguments}: {done.returncode}")
    check("--accept-root" not in tool.run("--help").stdout, "options belong to their verb")

    # As an ordinary user, a file that may not be read.
    secret = os.path.join(work, "secret")
    shutil.copytree(good, secret)
    os.chmod(os.path.join(secret, "fw1.bin"), 0)
    if os.geteuid() != 0:
        code, document = tool.json("verify", secret, *accept)
        check(code == 4, f"a file that may not be read: {code} {ids(document)}")


def what_it_says(tool, work):
    folder = os.path.join(work, "said")
    accept = ["--accept-root", make_set(folder, "1.20")]
    done = tool.run("verify", folder, *accept)
    for line in ("SBL.AIC.1.20.2.0", "QSM.AIC.1.20.2.5", "2025-12-20T11:59", "6 images signed under: accepted by the caller",
                 "the images are of one release, 1.20"):
        check(line in done.stdout, f"{line!r} in: {done.stdout}")
    target = os.path.join(work, "out.json")
    done = tool.run("verify", folder, *accept, "-j", "-O", target)
    check(done.returncode == 0 and done.stdout == "", "-O leaves stdout empty")
    with open(target, encoding="utf-8") as file:
        check(tool.validate(file.read())["exit_code"] == 0, "the document is in the file")
    done = tool.run("verify", os.path.join(folder, "sbl.bin"))
    check("bad" in done.stdout and "[fw-root-unknown]" in done.stdout, "the table names the failure")


def status_without_cards(tool, work):
    # A machine with cards would answer otherwise; then there is nothing to see here.
    code, document = tool.json("status", "--root", os.path.join(work, "good"))
    if document["devices"]:
        return
    check(code == 3 and ids(document)[-1] in ("no-driver", "no-card"), f"{code} {ids(document)}")
    check(document["installed"]["sbl.bin"]["failure"]["id"] == "fw-not-installed", "nothing is installed there")


def main():
    tool = Qaicfw()
    with tempfile.TemporaryDirectory() as work:
        where_it_looks(tool, work)
        how_it_ends(tool, work)
        what_it_says(tool, work)
        status_without_cards(tool, work)
    print("qaic-fw looks, judges and ends as it should")


if __name__ == "__main__":
    main()
