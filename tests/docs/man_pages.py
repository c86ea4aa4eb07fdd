"""Every man page renders without a warning and has the sections a user looks
for. That of a program names every option that --help names, and no other; that
of a library every exported symbol, and no other, and its example compiles."""
import glob
import os
import re
import subprocess

import tool

OPTION = re.compile(r"(?<![\w-])(--[a-z][a-z-]+|-[a-zA-Z])(?![\w-])")


def rendered(path):
    shown = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", path], capture_output=True, text=True,
                           env={**os.environ, "MANWIDTH": "100", "LC_ALL": "C.UTF-8"}, check=False)
    tool.equal(shown.stderr, "", f"{path}: warnings")
    return re.sub(r".\x08|\x1b\[[0-9;]*m", "", shown.stdout).replace("‐", "-").replace("−", "-")


def section(text, name):
    found = re.search(rf"^{name}\n(.*?)(?=^[A-Z]|\Z)", text, re.M | re.S)
    return found.group(1) if found else ""


def help_options(name):
    text = tool.run([name, "--help"]).stdout
    for verb in re.findall(r"^  ([a-z]+) {2,}", text, re.M):
        text += tool.run([name, verb, "--help"]).stdout
    lines = [line for line in text.split("\n") if re.match(r"^ +-", line)]
    return {option for line in lines for option in OPTION.findall(line.split("  ")[1] if line.startswith("  ") else line)}


for page in sorted(glob.glob(os.path.join(tool.SOURCE, "man", "*.1"))):
    name = os.path.basename(page)[:-2]
    text = rendered(page)
    for wanted in ("NAME", "SYNOPSIS", "DESCRIPTION", "EXIT STATUS", "EXAMPLES"):
        tool.check(section(text, wanted) != "", f"{name}(1) has a section {wanted}")
    if not os.path.exists(os.path.join(tool.BIN, name)):
        tool.check(False, f"{name}(1) describes a program that is not built")
        continue
    described = set()
    for line in text.split("\n"):
        if re.match(r"^ {7}-", line):
            described |= set(OPTION.findall(line))
    offered = help_options(name)
    tool.equal(sorted(offered - described), [], f"{name}: options of --help that the man page leaves out")
    tool.equal(sorted(described - offered), [], f"{name}: options of the man page that --help does not know")
for program in sorted(os.listdir(tool.BIN)):
    tool.check(os.path.exists(os.path.join(tool.SOURCE, "man", program + ".1")) or program.endswith("-static"),
               f"{program} has a man page")
for page, symbols in (("libqaic.3", "lib/api/libqaic.map"), ("libqaic-fw.3", "lib/firmware/qaic-fw.map")):
    text = rendered(os.path.join(tool.SOURCE, "man", page))
    for wanted in ("NAME", "LIBRARY", "SYNOPSIS", "DESCRIPTION", "ERRORS", "EXAMPLES"):
        tool.check(section(text, wanted) != "", f"{page} has a section {wanted}")
    with open(os.path.join(tool.SOURCE, symbols), encoding="utf-8") as file:
        exported = set(re.findall(r"^ +(qaic_\w+);", file.read(), re.M))
    described = set(re.findall(r"(qaic_\w+)\(\)", section(text, "DESCRIPTION")))
    tool.equal(sorted(exported - described), [], f"{page}: functions that it leaves out")
    tool.equal(sorted(described - exported), [], f"{page}: functions that are not exported")
    example = text[text.index("#include", text.index("\nEXAMPLES")):text.index("\nSEE ALSO")]
    compiled = subprocess.run(["cc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-xc", "-",
                               "-I" + os.path.join(tool.SOURCE, "lib", "include")],
                              input=example, capture_output=True, text=True, check=False)
    tool.equal((compiled.returncode, compiled.stderr), (0, ""), f"{page}: its example compiles")
tool.end()
