"""A patched driver: its source folder is built for the guest's kernel, loaded, and is the one that drives the card."""
import os
import shutil
import subprocess
import tempfile

import guest
import tool

guest.prepare()
cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
SOURCE = f"{cache}/qaic-sim/vm/build-{guest.KERNEL.removesuffix('.x')}/qaic"

with tempfile.TemporaryDirectory() as folder:
    patched = f"{folder}/qaic"
    shutil.copytree(SOURCE, patched)
    with open(f"{patched}/qaic_drv.c", "a", encoding="utf-8") as file:
        file.write('MODULE_VERSION("patched for a test");\n')
    ran = guest.run("sh", "-c", f"cat /sys/module/qaic/version && {tool.BIN}/qaic-util health",
                    options=["--module", patched, "--fail-on-warning"])
    tool.equal(ran.returncode, 0, f"a patched driver: {ran.stdout[-400:]} {ran.stderr[-1200:]}")
    tool.equal(ran.stdout.split("\n")[0], "patched for a test", "the driver that drives the card is the patched one")
    tool.equal(sorted(os.listdir(patched)), sorted(os.listdir(SOURCE)), "nothing is left in the source folder")

    with open(f"{patched}/qaic_drv.c", "a", encoding="utf-8") as file:
        file.write("#error no driver\n")
    broken = guest.run("true", options=["--module", patched])
    tool.equal(broken.returncode, 9, "a driver that does not compile: exit code")
    tool.check("#error no driver" in broken.stderr, f"the compiler's words: {broken.stderr[-1200:]}")

tool.end()
