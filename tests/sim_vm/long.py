"""The long runs of scripts/soak, short: SoC resets in a row, inferences compared, load with faults."""
import os
import shutil
import subprocess

import guest
import tool

guest.prepare()
SOAK = os.path.join(tool.SOURCE, "scripts", "soak")
KEEP = os.path.join(tool.BUILD, "soak", f"short-{guest.KERNEL}")  # a long run that was begun has its own rounds
shutil.rmtree(KEEP, ignore_errors=True)
RUNS = [["resets", "--count", "3"], ["inferences", "--count", "40"]]
if guest.KERNEL == "6.12":
    RUNS.append(["load", "--minutes", "0.5"])
# Each ends a guest that hangs within LIMIT: 300 s, 304 s and 450 s. All three and their preparation fit ctest's TIMEOUT.
LIMIT = 600
for words in RUNS:
    done = subprocess.run([SOAK, *words, "--build", tool.BUILD, "--keep", KEEP, "--kernel", guest.KERNEL],
                          capture_output=True, text=True, timeout=LIMIT, env=tool.ENVIRONMENT, check=False)
    print(done.stdout)
    tool.equal(done.returncode, 0, f"{words}: {done.stderr[-1500:]}")
tool.end()
