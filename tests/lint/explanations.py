#!/usr/bin/env python3
"""Every error id in the tree is explained by `qaic-util explain`, and no other."""
import re
import sys

import tree

CATALOGUE = "tools/qaic-util/explanations.cpp"
IDS = [
    re.compile(r'make_error\(\s*(?:base::)?ErrorKind::\w+,\s*"([a-z0-9-]+)"'),
    re.compile(r'system_error\(\s*[^,()]*(?:\([^()]*\))?[^,()]*,\s*"([a-z0-9-]+)"'),
    re.compile(r'\{k[A-Z]\w+,\s*"([a-z0-9-]+)"'),
    re.compile(r'Failure\{\w+,\s*"([a-z0-9-]+)"'),
]
FOLDERS = ("base/", "os/", "lib/", "tools/", "sim/cli/", "sim/syscall/", "sim/nsp/", "sim/vm/")


def check(root):
    explained = re.findall(r'Explanation\{\s*"([a-z0-9-]+)"', tree.read(root, CATALOGUE))
    used = {}
    for name in tree.files(root, tree.CODE):
        if not name.startswith(FOLDERS) or name == CATALOGUE:
            continue
        text = tree.read(root, name)
        for pattern in IDS:
            for found in pattern.findall(text):
                used.setdefault(found, name)
    problems = [f"{used[i]}: id {i} is not explained in {CATALOGUE}" for i in sorted(used) if i not in explained]
    if explained != sorted(explained):
        problems.append(f"{CATALOGUE}: not sorted by id")
    return problems


if __name__ == "__main__":
    found = check(sys.argv[1])
    print("\n".join(found) if found else "every error id is explained")
    sys.exit(1 if found else 0)
