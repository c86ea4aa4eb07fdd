#!/usr/bin/env python3
"""qaic-fw status on simulated cards that were booted from known images."""
import os
import subprocess
import sys
import tempfile

from tool import Qaicfw, check, build


def states(device):
    return {key: row["state"] for key, row in device["components"].items()}


def findings(device):
    return [finding["id"] for finding in device["findings"]]


def main():
    simulator = os.path.join(build, "bin", "qaic-sim")
    tool = Qaicfw()
    folder = os.path.join(build, "firmware")
    fetched = subprocess.run([os.path.join(os.environ["QAIC_SOURCE"], "scripts/fetch-firmware"), folder], check=False)
    if fetched.returncode == 77:
        sys.exit(77)
    releases = sorted({line.split()[2] for line in open(os.path.join(folder, "suites"), encoding="ascii")})
    old, new = releases[0], releases[-1]
    check(old != new, "the distribution carries two releases")
    verified = tool.json("verify", os.path.join(folder, new))[1]["images"]
    version = {v["component"]: v["text"] for image in verified for v in image["report"]["versions"]
               if v["component"] != "TZ"}

    with tempfile.TemporaryDirectory() as root:
        installed = os.path.join(root, "lib/firmware/qcom")
        os.makedirs(installed)
        os.symlink(os.path.join(folder, new), os.path.join(installed, "aic100"))

        def status(*options):
            code, document = tool.json("status", "--root", root, prefix=(simulator, "run", *options, "--"))
            check(code == 0, f"{options}: {code} {document['errors']}")
            return document["devices"]

        same = status("--firmware", os.path.join(folder, new), "--qsm-version", version["QSM"], "--cards", "2")
        check(len(same) == 2, "two cards")
        for device in same:
            check(states(device) == {"sbl": "same", "qsm": "same", "nsp": "same"}, f"{device}")
            check(findings(device) == [], "nothing to say")

        one = status("--firmware", os.path.join(folder, new), "--qsm-version", "QSM.AIC.1.0.0.0")[0]
        check(states(one) == {"sbl": "same", "qsm": "differs", "nsp": "same"}, f"{one}")
        check(findings(one) == ["fw-reset-needed"], "a reset is needed")
        check("QSM.AIC.1.0.0.0 runs, " + version["QSM"] in one["findings"][0]["message"], f"{one['findings']}")

        plain = status("--firmware", os.path.join(folder, old), "--qsm-version", version["QSM"], "--set", "features=0")[0]
        check(states(plain) == {"sbl": "differs", "qsm": "same", "nsp": "differs"}, f"{plain}")
        check(findings(plain) == ["fw-reset-needed"], "without hybrid boot the SBL counts like the others")
        hybrid = status("--firmware", os.path.join(folder, old), "--qsm-version", version["QSM"], "--set", "features=8")[0]
        check(findings(hybrid) == ["fw-reset-needed", "fw-sbl-in-flash"], f"{hybrid['findings']}")

        # A card that names no versions, and images that are not installed: unknown, not different.
        silent = status()[0]
        check(silent["components"]["sbl"]["reason"] == "card-gives-no-version", f"{silent}")
        os.unlink(os.path.join(installed, "aic100"))
        absent = status("--firmware", os.path.join(folder, new))[0]
        check(set(states(absent).values()) == {"unknown"} and findings(absent) == [], f"{absent}")
        check(absent["components"]["nsp"]["reason"] == "fw-not-installed", f"{absent}")

        # A damaged image does not count as installed.
        os.makedirs(os.path.join(installed, "aic100"))
        with open(os.path.join(folder, new, "fw2.bin"), "rb") as file:
            data = bytearray(file.read())
        data[-1] ^= 1
        with open(os.path.join(installed, "aic100", "fw2.bin"), "wb") as file:
            file.write(data)
        damaged = status("--firmware", os.path.join(folder, new))[0]
        check(damaged["components"]["nsp"]["reason"] == "fw-hash-mismatch", f"{damaged}")
    print("what runs is told from what is installed")


if __name__ == "__main__":
    main()
