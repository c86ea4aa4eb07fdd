#!/usr/bin/env python3
"""Which folder may include which: ARCHITECTURE.md, table "Folders"."""
import re
import sys

import tree

# folder -> folders of the tree it may include (itself always)
RULES = {
    "base": [],
    "os": ["base"],
    "wire": ["base"],
    "lib/uapi": ["wire", "os", "base"],
    "lib/sysfs": ["os", "base"],
    "lib/nnc": ["wire", "base"],
    "lib/transform": ["wire", "base"],
    "lib/program": ["lib/transform", "wire", "base"],
    "lib/firmware": ["wire", "base", "lib/include"],
    "lib/core": ["lib/uapi", "lib/sysfs", "lib/nnc", "lib/program", "lib/transform", "wire", "os", "base"],
    "lib/api": ["lib/core", "lib/include", "lib/program", "lib/nnc", "wire", "base"],
    "lib/include": [],
    "tools/common": ["lib/include", "os", "base", "tools/probe"],
    "tools/probe": ["lib/include"],
    "tools/qaic-util": ["tools/common", "lib/include", "os", "base"],
    "tools/qaic-run": ["tools/common", "lib/include", "os", "base"],
    "tools/qaic-fw": ["tools/common", "lib/include", "os", "base"],
    # pack writes programs, which the C interface does not offer
    "tools/qaic-qpc": ["tools/common", "lib/include", "lib/program", "wire", "os", "base"],
    "sim/device": ["wire", "base"],
    "sim/mhi": ["sim/device", "wire", "base"],
    "sim/nsp": ["sim/device/ports.hpp", "wire", "os", "base"],
    "sim/pci": ["sim/mhi", "sim/device", "wire", "base"],
    "sim/vfio": ["sim/pci/endpoint.hpp", "sim/device/ports.hpp", "wire", "os", "base"],
    "sim/driver": ["sim/device", "wire", "base"],
    "sim/syscall": ["sim/driver", "sim/device", "wire", "os", "base"],
    "sim/vm": ["os", "base"],
    "sim/cli": ["sim", "wire", "os", "base"],
    "conformance": ["wire", "os", "base"],
    "networks": ["wire/exec_context.h"],  # the ABI that device code and emulator share
    "examples": ["lib/include"],
    "bench": None,  # measures anything
    "tests": None,  # tests anything
}
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.M)
SYSTEM_CALLS = re.compile(r"<(fcntl|unistd|dirent|poll|spawn|sys/(?!types)[a-z_]+|linux/[a-z_]+)\.h>")
# Folders that must not touch the system: all calls go through os/.
NO_SYSTEM = ["base", "wire", "lib/sysfs", "lib/nnc", "lib/transform", "lib/program", "lib/firmware", "lib/api", "sim/device", "sim/mhi", "sim/pci", "sim/vfio",
             "sim/driver", "tools/common", "tools/qaic-util", "tools/qaic-run", "tools/qaic-fw", "tools/qaic-qpc"]


def folder_of(name):
    best = ""
    for folder in RULES:
        if (name == folder or name.startswith(folder + "/")) and len(folder) > len(best):
            best = folder
    return best


def check(root):
    problems = []
    for name in tree.files(root, tree.CODE):
        folder = folder_of(name)
        if not folder:
            problems.append(f"{name}: no rule for its folder")
            continue
        allowed = RULES[folder]
        for quote, target in INCLUDE.findall(tree.read(root, name)):
            if quote == "<" and target.startswith("qaic/"):
                target, quote = "lib/include/" + target, '"'
            if quote == "<":
                if folder in NO_SYSTEM and SYSTEM_CALLS.match(f"<{target}>"):
                    problems.append(f"{name}: {folder} must not touch the system, but includes <{target}>")
                continue
            if allowed is None or folder_of(target) == folder:
                continue
            if "/" not in target and folder in ("networks", "sim/nsp"):
                continue  # device code includes its neighbours
            if not any(target == rule or target.startswith(rule + "/") for rule in allowed):
                problems.append(f"{name}: {folder} must not include {target}")
    return problems


if __name__ == "__main__":
    found = check(sys.argv[1])
    print("\n".join(found) if found else "every include follows the folder rules")
    sys.exit(1 if found else 0)
