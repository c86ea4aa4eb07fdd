"""What scripts/soak runs inside a guest: on the real driver, with simulated cards."""
import glob
import os
import random
import re
import socket
import subprocess
import sys
import threading
import time

KOBJECT_UEVENT = 15  # NETLINK_KOBJECT_UEVENT
RECOVERY = 60  # seconds within which a card must be online again after a fault; longer is a finding
BY_FAULT = (3, 5, 6, 7)  # no card, not ready, deadline, device: how a run may end that a fault hit


def uevents():
    events = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, KOBJECT_UEVENT)
    events.bind((0, 1))
    return events


def said_states(events):
    """What the driver said of the card since then, by uevents."""
    out = []
    while True:
        try:
            fields = events.recv(8192).split(b"\0")
        except BlockingIOError:
            events.close()
            return out
        for state in ("offline", "online"):  # offline may be said twice
            if f"ACTION={state}".encode() in fields and out[-1:] != [state]:
                out.append(state)


class Guest:
    def __init__(self, build, folder):
        self.build, self.folder = build, folder
        self.wrong = []
        self.addresses = sorted(os.path.basename(path) for path in glob.glob("/sys/bus/pci/drivers/qaic/0000:*"))

    def must(self, condition, what):
        if not condition:
            self.wrong.append(what)
            print("soak: " + what, file=sys.stderr)

    def ready(self, seconds, cards=1):
        """Seconds until all cards are Ready; nothing when they do not become so."""
        began = time.monotonic()
        while time.monotonic() < began + seconds:
            done = subprocess.run([self.build.util, "-q", "--timeout", "5s"], capture_output=True, text=True, check=False)
            if done.returncode == 0 and done.stdout.replace(" ", "").count("Status:Ready") == cards:
                return time.monotonic() - began
            time.sleep(0.05)
        return None

    def scale_add(self, count, card):
        words = [self.build.run, "-d", self.addresses[card], self.build.network("scale-add"), "-n", str(count)]
        for name, place in (("x", "0"), ("y", "1"), ("factor", "2")):
            words += ["-i", f"{place}={self.folder}/{name}.raw"]
        return [*words, "-e", f"result={self.folder}/result.raw"]

    def digits(self, count, card):
        network = self.build.network("digits")
        return [self.build.run, "-d", self.addresses[card], network, "-i", f"images={network}/images.npy", "-e",
                f"logits={self.folder}/logits.npy", "-n", str(count)]

    def code_of(self, words):
        done = subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
        if done.stderr:
            print(done.stderr, file=sys.stderr)
        return done.returncode

    def resets(self, count):
        times = []
        self.must(self.ready(30) is not None, "the card is not Ready before the first reset")
        for number in range(1, count + 1):
            events = uevents()
            events.setblocking(False)
            print(f"soak: reset {number} of {count}", file=sys.stderr)  # the last words if it hangs
            self.reset(0)
            took = self.ready(30)
            self.must(took is not None, f"not Ready 30 s after reset {number}")
            if took is None:
                break
            seen = said_states(events)
            self.must(seen == ["offline", "online"], f"reset {number}: the driver said {seen}")
            times.append(took)
        once = self.code_of(self.digits(1, 0))
        self.must(once == 0, f"an inference after the resets: exit code {once}")
        return {"resets": len(times), "slowest_seconds": round(max(times, default=0), 2)}

    def inferences(self, count):
        self.must(self.ready(30) is not None, "the card is not Ready")
        began = time.monotonic()
        code = self.code_of(self.scale_add(count, 0))
        middle = time.monotonic()
        self.must(code == 0, f"{count} inferences of scale-add: exit code {code}")
        code = self.code_of(self.digits(count // 10, 0))
        self.must(code == 0, f"{count // 10} inferences of digits: exit code {code}")
        return {"scale_add": count, "scale_add_seconds": round(middle - began, 1), "digits": count // 10,
                "digits_seconds": round(time.monotonic() - middle, 1)}

    def reset(self, card):
        with open(glob.glob(f"/sys/bus/pci/devices/{self.addresses[card]}/mhi*/soc_reset")[0], "w", encoding="ascii") as file:
            file.write("1")

    def node(self, card):
        return "/dev/accel/" + os.path.basename(glob.glob(f"/sys/bus/pci/devices/{self.addresses[card]}/accel/accel*")[0])

    def rebind(self, card):
        for action in ("unbind", "bind"):
            with open(f"/sys/bus/pci/drivers/qaic/{action}", "w", encoding="ascii") as file:
                file.write(self.addresses[card])


def users(node):
    """Processes that have this node open, or mapped."""
    out = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/maps", encoding="utf-8", errors="replace") as file:
                maps = file.read()
            if node + "\n" in maps or node in {os.readlink(path) for path in glob.glob(f"/proc/{pid}/fd/*")}:
                out.append(pid)
        except OSError:
            continue
    return out


class Outages:
    """When which card was down by a fault: from just before it until the driver says that the card is online."""

    def __init__(self, addresses):
        self.addresses = addresses
        self.lock = threading.Lock()
        self.all = []  # [card, kind, began, ended or nothing]
        self.events = uevents()
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            fields = self.events.recv(8192).decode(errors="replace").split("\0")
            if "ACTION=online" not in fields or "SUBSYSTEM=accel" not in fields:
                continue
            path = next((field for field in fields if field.startswith("DEVPATH=")), "")
            named = re.findall(r"[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]", path)
            with self.lock:
                for outage in self.all:
                    if outage[3] is None and named[-1:] == [self.addresses[outage[0]]]:
                        outage[3] = time.monotonic()

    def begin(self, card, kind):
        with self.lock:
            self.all.append([card, kind, time.monotonic(), None])

    def open(self, card):
        with self.lock:
            return any(outage[0] == card and outage[3] is None for outage in self.all)

    def hit(self, card, began, ended):
        with self.lock:
            return any(outage[0] == card and outage[2] <= ended and (outage[3] is None or outage[3] >= began)
                       for outage in self.all)

    def overdue(self):
        """Those that took longer than RECOVERY, or do so now."""
        now = time.monotonic()
        with self.lock:
            return [f"card {card} was not online {RECOVERY} s after it was {kind}" for card, kind, began, ended in self.all
                    if (ended or now) - began > RECOVERY]

    def slowest(self):
        with self.lock:
            return max((ended - began for _, _, began, ended in self.all if ended is not None), default=0)


class Run(threading.Thread):
    """A program on one card, from its start to its end."""

    def __init__(self, kind, card, words):
        super().__init__(daemon=True)
        self.kind, self.card = kind, card
        self.killed = False
        self.ended = None
        self.output = self.error = ""
        self.began = time.monotonic()
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.start()

    def run(self):
        self.output, self.error = self.process.communicate()
        self.ended = time.monotonic()

    def kill(self):
        self.killed = True
        self.process.kill()


class Load:
    """Work on all cards, a fault each second, and each failure held against the faults."""

    WORK = ("scale-add", "digits", "query")

    def __init__(self, guest, seed):
        self.guest = guest
        self.chance = random.Random(seed)
        self.cards = len(guest.addresses)
        self.outages = Outages(guest.addresses)
        self.working = {}
        self.others = []  # networks that crash or hang
        self.faults = []  # threads of those that take time
        self.deserted = set()  # cards that nobody may use now
        self.counts = {"runs": 0, "right": 0, "disturbed": 0, "queries": 0, "killed": 0, "crashed": 0, "hung": 0, "reset": 0,
                       "unbound": 0}

    def words(self, kind, card):
        if kind == "scale-add":
            return self.guest.scale_add(40, card)
        if kind == "digits":
            return self.guest.digits(40, card)
        build = self.guest.build
        if kind == "query":
            return [build.util, "-q", "-d", self.guest.addresses[card], "--timeout", "20s"]
        return [build.run, "-d", self.guest.addresses[card], build.network(kind), "--zero", "--timeout", "3s"]

    def go(self, seconds):
        self.guest.must(self.guest.ready(30, self.cards) is not None, "the cards are not Ready")
        began = time.monotonic()
        fault = 1
        while time.monotonic() < began + seconds:
            for card in set(range(self.cards)) - self.deserted:
                for kind in self.WORK:
                    run = self.working.get((card, kind))
                    if run is not None and run.ended is None:
                        continue
                    if run is not None:
                        self.judge(run)
                    self.working[card, kind] = Run(kind, card, self.words(kind, card))
            for run in [run for run in self.others if run.ended is not None]:
                self.others.remove(run)
                self.judge(run)
            if time.monotonic() >= began + fault:
                fault += 1
                self.fault()
            time.sleep(0.05)
        self.finish()
        return {**self.counts, "faults": fault - 1, "slowest_recovery_seconds": round(self.outages.slowest(), 1)}

    def finish(self):
        must = self.guest.must
        for run in [*self.working.values(), *self.others]:
            run.join(90)
            if run.ended is None:
                must(False, f"{run.kind} on card {run.card} does not end")
                continue
            self.judge(run)
        for thread in self.faults:
            thread.join(90)
            must(not thread.is_alive(), "a reset or unbind does not end")
        must(self.guest.ready(60, self.cards) is not None, "the cards are not Ready at the end")
        time.sleep(0.2)  # the last uevents
        for line in self.outages.overdue():
            must(False, line)
        for card in range(self.cards):
            for words in (self.guest.scale_add(5, card), self.guest.digits(1, card)):
                code = self.guest.code_of(words)
                must(code == 0, f"card {card} computes at the end: exit code {code} of {words[3]}")

    def judge(self, run):
        """Only what a fault hit may fail; nothing may compute something else."""
        code = run.process.returncode
        hit = self.outages.hit(run.card, run.began, run.ended)
        self.counts["queries" if run.kind == "query" else "runs"] += 1
        right = {"crash": code == 7, "hang": code == 6}.get(run.kind, code == 0)
        if run.kind == "query" and not hit:
            right = right and "Status:Ready" in run.output.replace(" ", "")
        if right:
            self.counts["right"] += 1
        elif (run.killed and code == -9) or (hit and code in (BY_FAULT if run.kind != "query" else (*BY_FAULT, 8))):
            self.counts["disturbed"] += 1
        else:
            self.guest.must(False, f"{run.kind} on card {run.card} ended with {code} after {run.ended - run.began:.1f} s, "
                            f"{'hit' if hit else 'not hit'} by a fault: {run.error[-400:]}")

    def fault(self):
        alive = [run for run in self.working.values() if run.ended is None and not run.killed]
        up = [card for card in range(self.cards) if not self.outages.open(card)]
        used = sorted(set(range(self.cards)) - self.deserted)
        kinds = {"crash": 2, "hang": 1} if used else {}
        if alive:
            kinds["killed"] = 6
        if up:
            kinds.update(reset=2, unbound=1)
        if not kinds:
            return
        kind = self.chance.choices(list(kinds), list(kinds.values()))[0]
        if kind == "killed":
            self.chance.choice(alive).kill()
        elif kind in ("crash", "hang"):
            card = self.chance.choice(used)
            self.others.append(Run(kind, card, self.words(kind, card)))
            kind = {"crash": "crashed", "hang": "hung"}[kind]
        else:
            card = self.chance.choice(up)
            self.outages.begin(card, kind)
            if kind == "unbound":
                self.deserted.add(card)
            self.faults = [thread for thread in self.faults if thread.is_alive()]
            self.faults.append(threading.Thread(target=self.disturb, args=(kind, card), daemon=True))
            self.faults[-1].start()
        self.counts[kind] += 1

    def desert(self, card):
        """Ends all who use the card. A file that is open when the driver leaves its card makes the kernel use memory that it
        has given back, when it is closed (docs/kernel-notes.md): who unbinds then tests that, and nothing after it."""
        for run in [*self.working.values(), *self.others]:
            if run.card == card and run.ended is None:
                run.kill()
        node = self.guest.node(card)
        end = time.monotonic() + RECOVERY
        while users(node) and time.monotonic() < end:
            time.sleep(0.02)
        deserted = not users(node)
        self.guest.must(deserted, f"card {card} is still open {RECOVERY} s after all who used it were killed")
        return deserted

    def disturb(self, kind, card):
        try:
            if kind == "reset":
                self.guest.reset(card)
            elif self.desert(card):
                self.guest.rebind(card)
        except (OSError, IndexError) as error:
            self.guest.must(False, f"card {card} cannot be {kind}: {error}")
        finally:
            self.deserted.discard(card)
