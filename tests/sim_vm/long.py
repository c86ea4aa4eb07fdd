"""The long runs of scripts/soak, short: SoC resets in a row, inferences compared, load with faults."""
import os
import subprocess

import guest
import tool

guest.prepare()
SOAK = os.path.join(tool.SOURCE, "scripts", "soak")
RUNS = [["resets", "--count", "3"], ["inferences", "--count", "40"]]
if guest.KERNEL == "6.12":
    RUNS.append(["load", "--minutes", "0.5"])
for words in RUNS:
    done = subprocess.run([SOAK, *words, "--build", tool.BUILD, "--kernel", guest.KERNEL], capture_output=True, text=True,
                          timeout=600, env=tool.ENVIRONMENT, check=False)
    print(done.stdout)
    tool.equal(done.returncode, 0, f"{words}: {done.stderr[-1500:]}")
tool.end()
