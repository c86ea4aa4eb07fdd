"""Guests for the tests that are scripts: the kernel is the first argument."""
import glob
import json
import os
import signal
import subprocess
import sys
import time
import types

import processes
import tool

KERNEL = sys.argv[1] if len(sys.argv) > 1 else "6.12"
SIM = os.path.join(tool.BIN, "qaic-sim")


def prepare():
    """Skips the test where a guest cannot be had."""
    done = subprocess.run([SIM, "vm", "--kernel", KERNEL, "--prepare"], stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.PIPE, check=False, env=tool.ENVIRONMENT)
    if done.returncode == 10:
        print("skipped:", done.stderr.strip())
        sys.exit(77)
    tool.equal(done.returncode, 0, f"preparation: {done.stderr}")
    tool.check(done.stdout.startswith(KERNEL.removesuffix("x")), f"the release that is asked for: {done.stdout}")
    return done.stdout.strip()


def command(*arguments, options=(), limit="240s"):
    return [SIM, "vm", "--kernel", KERNEL, "--timeout", limit, *options, "--", *arguments]


def run(*arguments, options=(), limit="240s", **more):
    """The command in a guest; never raises for an exit code."""
    environment = {**tool.ENVIRONMENT, **more.pop("environment", {})}
    return subprocess.run(command(*arguments, options=options, limit=limit), capture_output=True, text=True, timeout=300,
                          env=environment, check=False, **more)


def each(commands, options=(), **more):
    """What came of each of the named commands in one guest, one after another; nothing when the guest did not end well."""
    ran = run(sys.executable, os.path.realpath(__file__), json.dumps(commands), options=options, **more)
    tool.equal(ran.returncode, 0, f"the guest: {ran.stderr[-800:]}")
    return {name: types.SimpleNamespace(**one) for name, one in json.loads(ran.stdout if ran.returncode == 0 else "{}").items()}


def inside(commands):
    """The part of it in the guest: prints what came of them."""
    out = {}
    for name, words in commands.items():
        began = time.monotonic()
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        out[name] = {"returncode": done.returncode, "stdout": done.stdout, "stderr": done.stderr,
                     "seconds": time.monotonic() - began}
    print(json.dumps(out))


class Running:
    """A guest whose command has begun: it printed a line."""

    def __init__(self, *arguments, options=(), stdin=None):
        self.process = subprocess.Popen(command(*arguments, options=options), stdin=stdin, stdout=subprocess.PIPE, text=True,
                                        stderr=subprocess.PIPE, env=tool.ENVIRONMENT, start_new_session=True)
        self.first_line = self.process.stdout.readline()

    def children(self, name):
        """Process ids of our children whose command line has this word."""
        return processes.children(self.process.pid, name)

    def left_behind(self):
        """Its folder, and the processes that still name it."""
        folder = f"/tmp/qaic-vm.{self.process.pid}."
        out = glob.glob(f"{folder}*")
        for path in glob.glob("/proc/[0-9]*/cmdline"):
            try:
                with open(path, "rb") as file:
                    if folder.encode() in file.read():
                        out.append(path)
            except OSError:
                continue
        return out

    def end(self, limit=20):
        """Exit code, standard error, and seconds that it took from now."""
        began = time.monotonic()
        try:
            _, error = self.process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGKILL)
            _, error = self.process.communicate()
            tool.check(False, f"did not end within {limit} s: {error[-500:]}")
        return self.process.returncode, error, time.monotonic() - began


if __name__ == "__main__":
    inside(json.loads(sys.argv[1]))
