"""Cards that the real driver boots image by image: qaic-fw says what they were booted with."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

import guest
import tool

guest.prepare()
FW = f"{tool.BIN}/qaic-fw"
folder = f"{tool.BUILD}/firmware"
fetched = subprocess.run([f"{tool.SOURCE}/scripts/fetch-firmware", folder], stderr=subprocess.PIPE, text=True, check=False)
if fetched.returncode == 77:
    print("skipped:", fetched.stderr.strip())
    sys.exit(77)
with open(f"{folder}/suites", encoding="ascii") as file:
    releases = sorted({line.split()[2] for line in file})


def versions(release):
    """Of SBL and NSP, out of the images themselves."""
    document = json.loads(tool.run([FW, "verify", "-j", f"{folder}/{release}"]).stdout)
    return {v["component"]: v["text"] for image in document["images"] for v in image["report"]["versions"]}


texts = {}
for release in releases:
    booted = guest.run(FW, "status", "-j", options=["--firmware", f"{folder}/{release}", "--fail-on-warning"])
    tool.equal(booted.returncode, 0, f"{release}: qaic-fw status: {booted.stderr[-800:]}")
    named = versions(release)
    rows = tool.document(booted, f"{release}: qaic-fw status")["devices"]
    tool.equal(len(rows), 1, f"{release}: one card")
    running = {key: row["running"] for key, row in rows[0]["components"].items()}
    tool.check(running["sbl"] == named["SBL"] and running["nsp"] == named["NSP"],
               f"{release}: {running} runs, the images name {named}")
    texts[release] = running["nsp"]
tool.equal(len(set(texts.values())), len(releases), "each release shows versions of its own")

# An image that is missing: the driver cannot take the card, and that is said.
with tempfile.TemporaryDirectory() as incomplete:
    for name in os.listdir(f"{folder}/{releases[-1]}"):
        if name != "fw2.bin":
            shutil.copy(f"{folder}/{releases[-1]}/{name}", incomplete)
    missing = guest.run(f"{tool.BIN}/qaic-util", "-q", options=["--firmware", incomplete, "--ready-timeout", "8s"])
    tool.equal(missing.returncode, 5, f"without fw2.bin: {missing.stdout} {missing.stderr[-800:]}")
    tool.check("Status:Initializing" in missing.stdout.replace(" ", "") and "id: device-offline" in missing.stderr,
               f"without fw2.bin the card is not online, and that is said: {missing.stdout} {missing.stderr[-800:]}")
tool.end()
