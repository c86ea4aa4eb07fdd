"""Guests for the long runs of scripts/soak: each has a limit, and none outlives the run that it is for."""
import contextlib
import glob
import hashlib
import json
import os
import re
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.append(os.path.join(os.path.dirname(HERE), "tests", "support"))
import processes

WINDOW = 30  # seconds, whose median is taken of the servers' memory


STOPPED = [signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM]  # by these a user ends qaic-sim
CANNOT = 10  # its exit code where QEMU, a kernel or a simulated card cannot be had


class NoGuest(Exception):
    """Somebody stopped the guest, or it could not be had: nothing is found, and nothing was run."""

    def __init__(self, code, what, said=""):
        super().__init__(f"{what}: exit code {code} {said}".strip())
        self.code = code if code >= 0 else 128 - code


class Build:
    def __init__(self, folder, keep=None):
        self.folder = os.path.realpath(folder)
        self.soak = os.path.realpath(keep or f"{self.folder}/soak")  # what is kept of runs
        self.util, self.run, self.sim = (f"{self.folder}/bin/qaic-{name}" for name in ("util", "run", "sim"))

    def network(self, name):
        return f"{self.folder}/networks/{name}"

    def identity(self):
        """Of all that takes part in a run under load: programs, library, networks, and who judges them."""
        used = [self.util, self.run, self.sim, f"{HERE}/soak_guest.py", *glob.glob(f"{self.folder}/lib/libqaic.so"),
                *glob.glob(f"{self.folder}/libexec/qaic/*")]
        for name in ("scale-add", "digits", "crash", "hang"):
            used += glob.glob(f"{self.network(name)}/*")
        total = hashlib.sha256()
        for path in sorted(filter(os.path.isfile, used)):
            with open(path, "rb") as file:
                total.update(hashlib.sha256(file.read()).digest())
        return total.hexdigest()[:16]


@contextlib.contextmanager
def child(command, **more):
    """A process that ends before we do, however we end: killed, qaic-sim would leave its servers and QEMU behind."""
    with subprocess.Popen(command, **more) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(60)
                except subprocess.TimeoutExpired:
                    process.kill()


def said_by(command):
    """What it printed; without it there is no guest."""
    with child(command, stdout=subprocess.PIPE, text=True) as process:
        output = process.communicate()[0]
    if process.returncode != 0:
        raise NoGuest(process.returncode, " ".join(command[:2]) + " did not succeed")
    return output.strip()


def release_of(build, kernel):
    """The release of such a guest's kernel, which is fetched where it is missing."""
    return said_by([build.sim, "vm", "--kernel", kernel, "--prepare"])


def inputs(build, folder):
    """Inputs, and what must come out: by host arithmetic for scale-add, by the fast face for digits."""
    x = [i * 1001 - 77 for i in range(256)]
    y = [-5 * i for i in range(256)]
    for name, values in (("x", x), ("y", y), ("factor", [3]), ("result", [3 * a + b for a, b in zip(x, y)])):
        with open(f"{folder}/{name}.raw", "wb") as file:
            file.write(struct.pack(f"<{len(values)}i", *values))
    network = build.network("digits")
    said_by([build.sim, "run", "--cards", "1", "--", build.run, network, "-i", f"images={network}/images.npy", "-s",
             f"logits={folder}/logits.npy"])


def own_memory(pids):
    """KiB that these processes hold themselves, and how much of it is anonymous. What is shared is not theirs: the guest's
    memory and the card's."""
    own = anonymous = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/status", encoding="ascii") as file:
                status = file.read()
            anonymous += int(re.search(r"RssAnon:\s+(\d+)", status)[1])
            own += sum(map(int, re.findall(r"Rss(?:Anon|File):\s+(\d+)", status)))
        except (OSError, TypeError):
            pass
    return own, anonymous


class Memory(threading.Thread):
    """The servers' own memory, looked at twice a second while the guest is there."""

    def __init__(self, guest, settle):
        super().__init__(daemon=True)
        self.guest, self.settle = guest, settle
        self.seen = []  # seconds; KiB, and of that anonymous
        self.start()

    def run(self):
        began = time.monotonic()
        while self.guest.poll() is None:
            now = own_memory(processes.children(self.guest.pid, "serve"))
            if now[0]:
                self.seen.append((time.monotonic() - began, now))
            time.sleep(0.5)

    def early_and_late(self):
        """Medians of a window after warming up and of the last one, of all and of what is anonymous; nothing of a run too
        short for both."""
        last = self.seen[-1][0] if self.seen else 0
        if last < self.settle + 2 * WINDOW:
            return None
        early = [kib for at, kib in self.seen if self.settle <= at < self.settle + WINDOW]
        late = [kib for at, kib in self.seen if at > last - WINDOW]
        return [[round(statistics.median(kib[which] for kib in window)) for window in (early, late)] for which in (0, 1)]


def answer_of(code, output, error, limit):
    """What the guest said of its run, whether it came to its end, and what was wrong."""
    if code == CANNOT or code in (*(128 + number for number in STOPPED), *(-number for number in STOPPED)):
        raise NoGuest(code, "the guest was stopped, or could not be had", error[-1000:])
    said = output.strip().splitlines()
    ran = bool(said) and said[-1].startswith("{")
    answer = {"wrong": [], **(json.loads(said[-1]) if ran else {}), "ran": ran, "exit_code": code}
    if "kernel complained" in error:
        answer["wrong"].append(error[error.index("qaic-sim: the guest's kernel complained"):][:3000])
    if "id: vm-timeout" in error:
        answer["wrong"].append(f"it hung: the guest was stopped after {limit} s: {error[-3000:]}")
    elif not ran:
        why = re.findall(r"^qaic-sim: (.*)\n(?:  hint: .*\n)?  id: ", error, re.M)[-1:]  # as it says why it fails
        answer["wrong"].append(f"it did not come to its end: {', '.join([*why, f'exit code {code}'])}: {error[-3000:]}")
    elif code != 0 and not answer["wrong"]:
        answer["wrong"].append(f"exit code {code}: {error[-3000:]}")
    return answer


def in_guest(build, options, words, cards, limit):
    """What came of it, the guest's release, and the servers' memory in KiB early and late. What hangs in the kernel hangs
    for ever, and so does who waits for it in the guest: after `limit` seconds the guest is stopped."""
    with tempfile.TemporaryDirectory() as folder:
        inputs(build, folder)
        release = release_of(build, options.kernel)
        log = f"{build.soak}/kernel-{'-'.join(word for word in words if not word.startswith('--'))}.log"
        command = [build.sim, "vm", "--kernel", options.kernel, "--cards", str(cards), "--fail-on-warning", "--kernel-log", log,
                   "--timeout", f"{limit}s", "--", sys.executable, f"{HERE}/soak", "inside", words[0], "--build",
                   build.folder, "--folder", folder, *words[1:]]
        with child(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as guest:
            memory = Memory(guest, options.settle)
            output, error = guest.communicate()
        memory.join()
        return {**answer_of(guest.returncode, output, error, limit), "release": release,
                "memory_kib": memory.early_and_late()}
