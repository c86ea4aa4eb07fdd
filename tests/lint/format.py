#!/usr/bin/env python3
"""Every C and C++ file is as clang-format leaves it."""
import os
import shutil
import subprocess
import sys

import tree

if not shutil.which("clang-format-14"):
    print("clang-format-14 is missing")
    sys.exit(77)
names = [os.path.join(sys.argv[1], name) for name in tree.files(sys.argv[1], tree.CODE)]
done = subprocess.run(["clang-format-14", "--dry-run", "-Werror", *names], check=False)
print(f"{len(names)} files looked at")
sys.exit(done.returncode)
