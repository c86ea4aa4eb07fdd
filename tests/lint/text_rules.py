#!/usr/bin/env python3
"""Length, names and words: STYLE in CONTRIBUTING.md."""
import re
import sys

import tree

LONGEST = 500
BANNED_NAMES = re.compile(r"(^|[_-])(manager|helper|utils?|interface|impl|info2)([_.-]|$)")
OWED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
# A path of somebody's machine, or the host of a package mirror.
PLACES = re.compile(r"(/home/[a-z]+/|/root/|https?://[a-z.]*debian\.org)")


def check(root):
    problems = []
    for name in tree.files(root):
        if "-corpus/" in name:
            continue
        text = tree.read(root, name)
        base = name.rsplit("/", 1)[-1]
        if name.endswith(tree.CODE):
            lines = text.count("\n")
            if lines > LONGEST:
                problems.append(f"{name}: {lines} lines, more than {LONGEST}; is it still one noun?")
            if BANNED_NAMES.search(base) and base != "doctest_main.cpp":
                problems.append(f"{name}: a name that says nothing")
            if name.endswith((".hpp", ".h")) and "#pragma once" not in text and "#ifndef" not in text:
                problems.append(f"{name}: no include guard")
        if name in ("tests/lint/text_rules.py",):
            continue
        for number, line in enumerate(text.split("\n"), 1):
            if OWED.search(line):
                problems.append(f"{name}:{number}: owed work: {line.strip()[:80]}")
            if PLACES.search(line):
                problems.append(f"{name}:{number}: names a place: {line.strip()[:80]}")
    return problems


if __name__ == "__main__":
    found = check(sys.argv[1])
    print("\n".join(found) if found else "lengths, names and words follow the rules")
    sys.exit(1 if found else 0)
