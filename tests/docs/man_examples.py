"""Runs the commands of every EXAMPLES section on a simulated card. A line that
ends in "# exits N" must do so, all others must exit 0."""
import glob
import os
import re
import shutil
import tempfile

import tool

for page in sorted(glob.glob(os.path.join(tool.SOURCE, "man", "*.1"))):
    name = os.path.basename(page)
    with open(page, encoding="utf-8") as file:
        text = file.read()
    examples = re.search(r"^\.SH EXAMPLES\n(.*?)(?=^\.SH|\Z)", text, re.M | re.S)
    commands = re.findall(r"^\$ (.*)$", examples.group(1) if examples else "", re.M)
    tool.check(commands != [], f"{name} has examples that can be run")
    with tempfile.TemporaryDirectory() as folder:
        for network in glob.glob(os.path.join(tool.BUILD, "networks", "*", "programqpc.bin")):
            shutil.copytree(os.path.dirname(network), os.path.join(folder, os.path.basename(os.path.dirname(network))))
        for data in (glob.glob(os.path.join(tool.SOURCE, "networks", "*", "*.json")) +
                     glob.glob(os.path.join(tool.BUILD, "networks", "*.elf"))):
            shutil.copy(data, folder)
        for command in commands:
            command = command.replace("\\-", "-").replace("\\(aq", "'").replace("\\e", "\\")
            wanted = re.search(r"# exits (\d+)$", command)
            wanted = int(wanted.group(1)) if wanted else 0
            line = ["bash", "-c", "set -o pipefail; " + command]
            done = tool.run(line, cwd=folder) if command.startswith("qaic-sim") else tool.simulated(line, cwd=folder)
            tool.equal(done.returncode, wanted, f"{name}: {command}: {done.stderr.strip()[:300]}")
tool.end()
