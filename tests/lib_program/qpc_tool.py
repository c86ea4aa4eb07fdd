"""What the tests of qaic-qpc as a program share: where it is, how it is run, and
checks that are counted."""
import os
import subprocess
import sys

BUILD = os.environ["QAIC_BUILD"]
SOURCE = os.environ["QAIC_SOURCE"]
TOOL = os.path.join(BUILD, "bin", "qaic-qpc")
NETWORKS = os.path.join(BUILD, "networks")
checks = 0


def check(condition, what):
    global checks
    checks += 1
    if not condition:
        sys.exit("failed: " + what)


def run(*arguments, code=0):
    done = subprocess.run([TOOL, *arguments], capture_output=True, text=True, timeout=60)
    check(done.returncode == code, f"{arguments}: exit {done.returncode}, not {code}: {done.stdout}{done.stderr}")
    return done


def report():
    print(f"{checks} checks")
