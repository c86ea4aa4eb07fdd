#!/usr/bin/env python3
"""big_qpc.py BIN BUILD SIZE OUT: packs scale-add with SIZE bytes of constants."""
import json
import os
import subprocess
import sys
import tempfile

binaries, build, size, out = sys.argv[1:]
source = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
with open(os.path.join(source, "networks", "scale-add", "scale-add.json"), encoding="utf-8") as file:
    description = json.load(file)
with tempfile.TemporaryDirectory() as folder:
    command = [os.path.join(binaries, "qaic-qpc"), "pack", "--elf", os.path.join(build, "networks", "scale-add.elf")]
    if int(size) > 0:
        constants = os.path.join(folder, "constants.bin")
        with open(constants, "wb") as file:
            for _ in range(int(size) >> 20):
                file.write(os.urandom(1 << 20))
        description["constants"] = {}
        command += ["--constants", constants]
    path = os.path.join(folder, "description.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(description, file)
    subprocess.run(command + ["--description", path, "-o", out], check=True)
