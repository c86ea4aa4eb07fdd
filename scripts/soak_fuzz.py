"""Fuzz targets, each for so much time of a processor, however long that takes: they use only what nobody else wants."""
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

# The hostile guest: all that a virtual machine can reach of a card.
GUEST_SIDE = ("fuzz_vfio_messages", "fuzz_bar_access", "fuzz_mhi_rings", "fuzz_sahara", "fuzz_card_control",
              "fuzz_card_elements")
MOST_FINDINGS = 10  # of one target; then it is not started again
REPORT = re.compile(r"^==\d+== ?ERROR: |: runtime error: ", re.M)  # how that of a finding begins
INTERRUPTED = 72  # how libFuzzer exits upon SIGINT or SIGTERM
TICKS = os.sysconf("SC_CLK_TCK")


def only_idle_time():
    """In the new process: a session of its own, and the least of all priorities in it and for it."""
    os.setsid()
    os.nice(19)
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    try:
        with open("/proc/self/autogroup", "w", encoding="ascii") as file:
            file.write("19")
    except OSError:
        pass  # a kernel without groups by session


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()[:16]


class Target:
    """One fuzz target: its binary, what it has found so far, and the process that is at it."""

    def __init__(self, build, folder, name, go_on=False):
        self.name, self.folder = name, f"{folder}/{name}"
        self.process = self.log = None
        self.spent = 0.0  # seconds of the process that runs now
        self.expected = set()  # how that may end without having found anything
        os.makedirs(f"{self.folder}/corpus", exist_ok=True)
        with open(f"{build}/fuzz/{name}.corpus", encoding="utf-8") as file:
            self.seeds = file.read().strip()
        self.ledger = self.read()
        copy = f"{self.folder}/target"  # that of the build may be built anew meanwhile
        if not go_on or not os.path.exists(copy):
            shutil.copy(f"{build}/fuzz/{name}", copy)
        if self.ledger["binary"] != digest(copy):
            self.begin(digest(copy))

    def read(self):
        try:
            with open(f"{self.folder}/ledger.json", encoding="utf-8") as file:
                ledger = json.load(file)
        except OSError:
            ledger = {"binary": None}
        if "binary" not in ledger:  # from before it said so: the copy beside it is what was run last
            ledger["binary"] = digest(f"{self.folder}/target")
        return {"earlier": [], **ledger}

    def begin(self, binary):
        """The times and findings of another binary are not this one's; the inputs that it found serve both."""
        before = {key: value for key, value in self.ledger.items() if key != "earlier"}
        earlier = self.ledger["earlier"]
        if before["binary"]:
            earlier.append(before)
            print(f"soak: {self.name} is another binary than the ledger's: {before['seconds']:.0f} s, {before['runs']} runs "
                  f"and {len(before['findings'])} findings of that one stay in {self.folder}/ledger.json as earlier ones, "
                  "and do not count", file=sys.stderr, flush=True)
        self.ledger = {"binary": binary, "runs": 0, "seconds": 0.0, "findings": [], "earlier": earlier}
        self.write()

    def write(self):
        with open(f"{self.folder}/ledger.new", "w", encoding="utf-8") as file:
            json.dump(self.ledger, file)
        os.replace(f"{self.folder}/ledger.new", f"{self.folder}/ledger.json")

    def done(self, wanted):
        return self.ledger["seconds"] + self.spent >= wanted or len(self.ledger["findings"]) >= MOST_FINDINGS

    def start(self):
        self.spent = 0.0
        self.expected = {INTERRUPTED}
        self.log = f"{self.folder}/log"
        with open(self.log, "w", encoding="utf-8") as log:
            # A run that waits for a processor is not slow: only what hangs for long is a finding.
            self.process = subprocess.Popen(
                [f"{self.folder}/target", f"{self.folder}/corpus", self.seeds, f"-artifact_prefix={self.folder}/finding-",
                 "-timeout=600", "-report_slow_units=1000000", "-rss_limit_mb=3000", "-print_final_stats=1"],
                stdout=subprocess.DEVNULL, stderr=log, cwd=self.folder, preexec_fn=only_idle_time,
                env=dict(os.environ, UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1"))

    def look(self):
        """What it has used; True when it has ended."""
        try:
            with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as file:
                fields = file.read().rpartition(")")[2].split()
            self.spent = max(self.spent, (int(fields[11]) + int(fields[12])) / TICKS)
        except OSError:
            pass
        return self.process.poll() is not None

    def said(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def interrupt(self):
        """Asks it to end; not twice, and not while it reports a finding, whose input it would not write then."""
        if self.process.poll() is None and -signal.SIGINT not in self.expected and not REPORT.search(self.said()):
            self.expected.add(-signal.SIGINT)  # before libFuzzer listens to it
            self.process.send_signal(signal.SIGINT)  # it prints what it has done

    def stop(self):
        """Interrupts it, or takes what it came to if it ended just before."""
        self.look()
        self.interrupt()
        try:
            self.process.wait(300)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):  # a user who asks again does not want to wait
            self.expected.add(-signal.SIGKILL)
            self.process.kill()
            self.process.wait()
        self.note()

    def found(self, said):
        """Whether the process that ended has found something: it reported it, or did not end as it was told to."""
        return bool(REPORT.search(said)) or self.process.returncode not in self.expected

    def note(self):
        """The process has ended: into the ledger with it."""
        said = self.said()
        counts = re.findall(r"stat::number_of_executed_units:\s*(\d+)|^#(\d+)\s", said, re.M)
        self.ledger["runs"] += int(counts[-1][0] or counts[-1][1]) if counts else 0
        self.ledger["seconds"] += self.spent
        self.spent = 0.0
        if self.found(said):
            written = re.search(r"Test unit written to (\S+)", said)
            summary = re.search(r"SUMMARY: .*", said)
            where = written[1] if written else self.log
            self.ledger["findings"].append(f"{summary[0] if summary else 'ended'}: {where}")
        self.process = None
        self.write()


def fuzz(build, folder, names, wanted, limit, go_on):
    """All targets at once until each has had `wanted` seconds, or `limit` seconds have passed. The targets."""
    targets = [Target(build, folder, name, go_on) for name in names]
    end = time.monotonic() + limit
    try:
        while time.monotonic() < end and not all(target.done(wanted) for target in targets):
            for target in targets:
                if target.process is None:
                    if not target.done(wanted):
                        target.start()
                elif target.look():
                    target.note()
                elif target.done(wanted):
                    target.stop()
            time.sleep(1)
    finally:
        running = [target for target in targets if target.process is not None]
        for target in running:
            target.interrupt()
        for target in running:
            target.stop()
    return targets
