"""What errors, hints and explanations tell users to run is there: a tool that
is built, and a command that its --help names."""
import glob
import os
import re

import tool

PROSE = {"with", "is", "on", "and", "of", "or", "to", "has", "in", "that"}  # "qaic-sim is …"
STRING = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
MENTION = re.compile(r"\b(qaic-(?:util|run|fw|qpc|sim|conformance)) ([a-z][a-z-]+)\b")


def commands(name):
    return set(re.findall(r"^  ([a-z-]+) {2,}", tool.run([name, "--help"]).stdout, re.M))


known = {}
mentions = 0
for folder in ("base", "os", "lib", "tools", "sim", "conformance"):
    for path in sorted(glob.glob(os.path.join(tool.SOURCE, folder, "**", "*.[ch]pp"), recursive=True)):
        with open(path, encoding="utf-8") as file:
            text = re.sub(r'"\s*\n\s*"', "", file.read())  # one literal over several lines
        for literal in STRING.findall(text):
            for name, word in MENTION.findall(literal):
                if word in PROSE:
                    continue
                known.setdefault(name, commands(name))
                mentions += 1
                if known[name]:
                    tool.check(word in known[name], f"{path[len(tool.SOURCE) + 1:]} speaks of {name} {word}, which is not there")
tool.check(mentions > 10, "mentions of commands were found at all")
tool.end()
