"""Cards that outlive a command: start, stop, status, inject, and runs that
join. With the argument "ordinary" all of it runs as uid 65534 (or as whoever
runs the tests, if that is not root)."""
import glob
import json
import os
import pty
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

import jsonschema

BUILD = os.environ["QAIC_BUILD"]
SOURCE = os.environ["QAIC_SOURCE"]
ORDINARY = "ordinary" in sys.argv[1:]
NOBODY = 65534
CARD = "/sys/class/accel/accel0/device"
FOLDER = tempfile.mkdtemp(prefix="qaic-started-")
SIM = f"{FOLDER}/bin/qaic-sim"
RUNTIME = f"{FOLDER}/runtime"
SOCKETS = f"{RUNTIME}/qaic-sim"
ENVIRONMENT = dict(os.environ, XDG_RUNTIME_DIR=RUNTIME, LD_LIBRARY_PATH=f"{FOLDER}/lib",
                   PATH=f"{FOLDER}/bin:" + os.environ["PATH"])
# Runs until the card is taken from under it: right numbers until then.
ENDLESS = ["qaic-run", f"{FOLDER}/networks/scale-add", "--random", "-n", "100000000"]
HOLD = "import os,sys,time; f=os.open('/dev/accel/accel0',os.O_RDWR); print('open',flush=True); time.sleep(100)"


def stage():
    """Where another user can reach all of it too."""
    os.chmod(FOLDER, 0o755)
    for name in ("bin", "networks", "runtime"):
        os.makedirs(f"{FOLDER}/{name}")
    for name in ("qaic-sim", "qaic-run", "qaic-util"):
        shutil.copy(f"{BUILD}/bin/{name}", f"{FOLDER}/bin")
    shutil.copytree(f"{BUILD}/libexec", f"{FOLDER}/libexec")
    os.makedirs(f"{FOLDER}/lib")
    for library in glob.glob(f"{BUILD}/lib/*.so*"):
        shutil.copy(library, f"{FOLDER}/lib")
    shutil.copytree(f"{BUILD}/networks/scale-add", f"{FOLDER}/networks/scale-add")
    os.chmod(RUNTIME, 0o700)
    if ORDINARY and os.getuid() == 0:
        os.chown(RUNTIME, NOBODY, NOBODY)


def as_user(command):
    if ORDINARY and os.getuid() == 0:
        return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *command]
    return list(command)


def sim(*arguments, **more):
    return subprocess.run(as_user([SIM, *arguments]), capture_output=True, text=True, timeout=100, check=False,
                          env=ENVIRONMENT, **more)


def run(*command, options=()):
    return sim("run", *options, "--", *command)


def begin(*command, options=(), **more):
    return subprocess.Popen(as_user([SIM, "run", *options, "--", *command]), stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, env=ENVIRONMENT, **more)


def until(condition, what, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError("not in time: " + what)


class Test(unittest.TestCase):
    def setUp(self):
        self.others = []

    def tearDown(self):
        for process in self.others:
            if process.poll() is None:
                process.kill()
            process.communicate()
        for path in glob.glob(f"{SOCKETS}/*"):
            if not path.endswith(".log"):
                sim("stop", "--force", os.path.basename(path))

    def begin(self, *command, **more):
        process = begin(*command, **more)
        self.others.append(process)
        return process

    def done(self, process, code=0, error_id=None):
        self.assertEqual(process.returncode, code, process.stdout + process.stderr)
        if error_id:
            self.assertIn(f"  id: {error_id} ", process.stderr)
        elif code == 0:
            self.assertNotIn("qaic-sim:", process.stderr)
        return process.stdout

    def status(self, *name):
        process = sim("status", "-j", *name)
        document = json.loads(process.stdout)
        with open(f"{SOURCE}/docs/schema/qaic.sim-status.json", encoding="utf-8") as file:
            jsonschema.Draft202012Validator(json.load(file)).validate(document)
        self.assertEqual(document["exit_code"], process.returncode)
        return document

    def busy(self):
        """A run that keeps its network busy, once it does."""
        process = self.begin(*ENDLESS)
        until(lambda: self.status()["devices"][0]["resources"]["networks_active"] == 1, "network active")
        return process

    def clean(self):
        card = self.status()["devices"][0]
        # Not "channels": the driver leaves dbcN_state as it is when a file is closed.
        return not card["held"] and not card["holders"] and not card["mapped_ranges"]

    def lost_its_card(self, worker):
        """Which call comes first to know decides between two words for it."""
        _, errors = worker.communicate(timeout=30)
        self.assertRegex(errors, "id: (channel-lost|device-offline) ")
        self.assertIn(worker.returncode, (5, 7), errors)

    def log(self):
        with open(f"{SOCKETS}/default.log", encoding="utf-8") as file:
            return file.read()


class Life(Test):
    def test_start_status_stop(self):
        out = self.done(sim("start", "--cards", "2", "--sku", "ultra"))
        self.assertEqual(out.count(" ready "), 8, out)
        self.assertEqual(self.done(sim("status")), out)
        document = self.status()
        self.assertEqual([card["accel"] for card in document["devices"]], [f"accel{i}" for i in range(8)])
        self.assertEqual({card["sku"] for card in document["devices"]}, {"ultra"})
        self.done(sim("start"), 5, "sim-running")
        self.done(sim("stop"))
        self.assertEqual(os.listdir(SOCKETS), ["default.log"])
        self.assertEqual(self.status()["errors"][0]["id"], "sim-not-running")
        self.done(sim("stop"), 3, "sim-not-running")
        self.done(sim("inject", "sys-err"), 3, "sim-not-running")

    def test_nothing_of_the_caller_stays_open(self):
        read, write = os.pipe()
        self.done(sim("start", pass_fds=[write]))
        os.close(write)
        self.assertEqual(select.select([read], [], [], 10)[0], [read], "the other end is still open")
        self.assertEqual(os.read(read, 1), b"")
        os.close(read)

    def test_only_for_its_user(self):
        self.done(sim("start"))
        self.assertEqual(os.stat(SOCKETS).st_mode & 0o777, 0o700)
        for name in ("default", "default.log"):
            self.assertEqual(os.stat(f"{SOCKETS}/{name}").st_mode & 0o777, 0o600, name)
        self.done(sim("stop"))
        os.chmod(SOCKETS, 0o755)
        self.done(sim("start"), 4, "private-folder")
        os.chmod(SOCKETS, 0o700)

    def test_a_killed_one_is_replaced(self):
        self.done(sim("start"))
        process = self.status()["cards"]["process"]
        os.kill(process, signal.SIGKILL)
        until(lambda: sim("status").returncode == 3, "it is gone")
        self.assertIn("default", os.listdir(SOCKETS))
        self.done(sim("start"))
        self.assertNotEqual(self.status()["cards"]["process"], process)

    def state_of(self, process):
        return subprocess.run(["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True,
                              check=False).stdout[:1]

    def test_gone_when_stop_returns(self):
        for _ in range(10):
            self.done(sim("start", "--sku", "ultra"))
            process = self.status()["cards"]["process"]
            self.done(sim("stop"))
            with self.assertRaises(FileNotFoundError):
                os.stat(f"{SOCKETS}/default")
            # The process itself ends a moment after its last file is closed.
            until(lambda: self.state_of(process) in ("", "Z", "X"), "the process is gone", 5)

    def test_a_signal_ends_it(self):
        self.done(sim("start"))
        os.kill(self.status()["cards"]["process"], signal.SIGTERM)
        until(lambda: os.listdir(SOCKETS) == ["default.log"], "it ended and left nothing")

    def test_wrong_usage(self):
        for arguments in (["start", "--sku", "none"], ["start", "a/b"], ["start", "--set", "x=1"], ["stop", "a", "b"],
                          ["inject"], ["inject", "ras"], ["inject", "ras", "sun", "correctable"], ["inject", "flood"],
                          ["inject", "ras", "ddr", "bad"], ["inject", "crash", "x"], ["inject", "sys-err", "0"],
                          ["run", "--join", "x", "--cards", "2", "--", "true"]):
            self.assertEqual(sim(*arguments).returncode, 2, arguments)

    def test_garbage_at_the_socket(self):
        self.done(sim("start"))
        for message in (b"\xff\xff\xff\xff", b"\x02\0\0\0[]", b"\x02\0\0\0{}", b"\x05\0\0\0hello", b"\x01\0",
                        b'\x0d\0\0\0{"do":"serve"}', b'\x0e\0\0\0{"do":"inject"}', b'\x09\0\0\0{"do":[]}'):
            with socket.socket(socket.AF_UNIX) as link:
                link.connect(f"{SOCKETS}/default")
                link.sendall(message)
        self.assertEqual(self.status()["cards"]["programs"], [])


class Runs(Test):
    def test_which_cards(self):
        self.done(sim("start", "--cards", "2"))
        self.done(sim("start", "other", "--cards", "3"))
        for options, count in (((), 2), (("--join", "default"), 2), (("--join", "other"), 3), (("--cards", "1"), 1),
                               (("--verify-clean",), 1)):
            self.assertEqual(len(self.done(run("ls", "/dev/accel", options=options)).split()), count, options)
        self.done(run("true", options=["--join", "none"]), 3, "sim-not-running")
        self.assertEqual(run("sh", "-c", "exit 7").returncode, 7)
        self.assertEqual(run("sh", "-c", "kill -9 $$").returncode, 137)
        self.done(run("/no/such/program"), 127, "sim-command")
        self.done(sim("stop"))
        self.assertEqual(self.done(run("ls", "/dev/accel")), "accel0\n")

    def test_what_is_changed_stays(self):
        self.done(sim("start"))
        parameter = "/sys/module/qaic/parameters/control_resp_timeout_s"
        self.done(run("sh", "-c", f"echo 7 > {parameter}"))
        self.assertEqual(self.done(run("cat", parameter)), "7\n")

    def test_two_at_once(self):
        self.done(sim("start"))
        worker = self.busy()
        for _ in range(5):
            self.assertIn("QID 0", self.done(run("qaic-util", "-q")))
        other = self.done(run("qaic-run", f"{FOLDER}/networks/scale-add", "--random", "-n", "200"))
        self.assertIn("200", other)
        document = self.status()
        self.assertEqual([program["name"] for program in document["cards"]["programs"]], ["qaic-run"])
        self.assertEqual({holder["program"] for holder in document["devices"][0]["holders"]}, {"qaic-run"})
        self.assertIsNone(worker.poll())
        worker.send_signal(signal.SIGTERM)
        worker.wait(20)
        until(self.clean, "clean after SIGTERM")

    def test_a_reset_hits_both(self):
        for attribute in ("reset", "soc_reset"):
            with self.subTest(attribute):
                self.done(sim("start"))
                worker = self.busy()
                path = f"{CARD}/reset" if attribute == "reset" else "/sys/bus/mhi/devices/mhi0/soc_reset"
                self.done(run("sh", "-c", f"echo 1 > {path}"))
                self.lost_its_card(worker)
                until(lambda: self.status()["devices"][0]["state"] == "ready", "ready again")
                self.assertTrue(self.clean())
                self.done(sim("stop"))

    def test_killed(self):
        self.done(sim("start"))
        worker = self.busy()
        self.assertFalse(self.clean())
        worker.kill()  # what it started dies with it
        until(self.clean, "clean after SIGKILL")
        self.assertEqual(self.status()["cards"]["programs"], [])

    def test_interrupted_at_the_terminal(self):
        self.done(sim("start"))
        master, slave = pty.openpty()

        def own_terminal():
            os.setsid()
            import fcntl  # pylint: disable=import-outside-toplevel
            import termios  # pylint: disable=import-outside-toplevel
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

        worker = subprocess.Popen(as_user([SIM, "run", "--", *ENDLESS]), stdin=slave, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL, env=ENVIRONMENT, preexec_fn=own_terminal)
        try:
            until(lambda: self.status()["devices"][0]["resources"]["networks_active"] == 1, "network active")
            os.write(master, b"\x03")
            self.assertEqual(worker.wait(20), 130)
        finally:
            worker.kill()
            worker.wait()
            os.close(master)
            os.close(slave)
        until(self.clean, "clean after Ctrl-C")

    def test_one_program_sees_who_has_the_card_open(self):
        self.done(sim("start", "--cards", "2"))
        holder = self.begin("/usr/bin/python3", "-c", HOLD.replace("'open'", "os.getpid()"))
        pid = int(holder.stdout.readline())
        first, second = json.loads(self.done(run("qaic-util", "show", "-j")))["devices"]
        self.assertEqual([(p["pid"], p["uid"]) for p in first["held_by"]["processes"]],
                         [(pid, NOBODY if ORDINARY and os.getuid() == 0 else os.getuid())])
        self.assertEqual(second["held_by"]["processes"], [])
        out = self.done(run("qaic-run", f"{FOLDER}/networks/scale-add", "--random", "--dry-run"))
        self.assertRegex(out, rf"0 networks are active on it; open in: process {pid} \(python3[.0-9]*\)")

    def test_stop_with_programs(self):
        self.done(sim("start"))
        holder = self.begin("/usr/bin/python3", "-c", HOLD)
        self.assertEqual(holder.stdout.readline(), "open\n")
        self.done(sim("stop"), 11, "sim-joined")
        self.assertIsNone(holder.poll())
        self.done(sim("stop", "--force"))
        _, errors = holder.communicate(timeout=20)
        self.assertEqual(holder.returncode, 7, errors)
        self.assertIn("id: sim-stopped", errors)

    def test_cards_that_die(self):
        self.done(sim("start"))
        holder = self.begin("/usr/bin/python3", "-c", HOLD)
        self.assertEqual(holder.stdout.readline(), "open\n")
        os.kill(self.status()["cards"]["process"], signal.SIGKILL)
        _, errors = holder.communicate(timeout=20)
        self.assertEqual(holder.returncode, 7, errors)
        self.assertIn("id: sim-stopped", errors)


class Injected(Test):
    def counts(self, card=0):
        errors = self.status()["devices"][card]["errors"]
        return [errors[name] for name in ("correctable", "uncorrectable", "uncorrectable_nonfatal")]

    def test_errors_are_counted_and_seen(self):
        self.done(sim("start", "--cards", "2"))
        # Open all the while: who has the attribute open reads the new count.
        reader = self.begin("/usr/bin/python3", "-uc", "import sys\n"
                            f"files=[open('{CARD}/'+n) for n in ('ce_count','ue_nonfatal_count')]\n"
                            "for _ in sys.stdin:\n"
                            "  for f in files: f.seek(0)\n"
                            "  print(*[f.read().strip() for f in files])\n", stdin=subprocess.PIPE)

        def seen():
            reader.stdin.write("\n")
            reader.stdin.flush()
            return reader.stdout.readline()

        self.assertEqual(seen(), "0 0\n")
        sources = ("soc-memory", "pcie", "ddr", "system-bus1", "system-bus2", "nsp-memory", "temperature")
        for count, source in enumerate(sources, 1):
            self.done(sim("inject", "ras", source, "correctable", "--address", "0x1000", "--instance", "3"))
            self.assertEqual(seen(), f"{count} 0\n")
        self.done(sim("inject", "ras", "pcie", "nonfatal"))
        self.assertEqual(seen(), "7 1\n")
        self.assertEqual((self.counts(0), self.counts(1)), ([7, 0, 1], [0, 0, 0]))
        self.done(sim("inject", "-d", "1", "ras", "temperature", "nonfatal", "--degrees", "-5"))
        self.assertEqual(self.counts(1), [0, 0, 1])
        self.done(sim("inject", "-d", "2", "sys-err"), 3, "sim-no-card")
        self.assertEqual(self.log().count("RAS: correctable error"), 7)
        self.assertIn("accel1: RAS: uncorrectable non-fatal error of temperature", self.log())

    def test_fatal_ones_reset_the_card(self):
        self.done(sim("start"))
        worker = self.busy()
        self.done(sim("inject", "ras", "ddr", "uncorrectable"))
        self.lost_its_card(worker)
        until(lambda: self.status()["devices"][0]["state"] == "ready", "ready again")
        self.assertEqual(self.done(run("cat", f"{CARD}/ue_count")), "1\n")

    def test_a_card_that_crashes(self):
        self.done(sim("start", "--boot-time", "4000"))
        worker = self.busy()
        self.done(sim("inject", "sys-err"))
        card = self.status()["devices"][0]
        self.assertEqual((card["state"], card["resources"]), ("booting", None))
        self.assertEqual(card["absent"]["resources"]["reason"], "not-ready")
        self.done(sim("inject", "ras", "ddr", "correctable"), 5, "not-ready")
        self.lost_its_card(worker)
        until(lambda: self.status()["devices"][0]["state"] == "ready", "ready again")

    def test_a_network_that_dies(self):
        for kind in ("crash", "hang"):
            with self.subTest(kind):
                self.done(sim("start"))
                self.done(sim("inject", kind, "0"), 9, "no-network")
                worker = self.busy()
                channel = self.status()["devices"][0]["channels"][0]["dbc"]
                self.done(sim("inject", kind, str(channel)))
                _, errors = worker.communicate(timeout=60)
                self.assertNotEqual(worker.returncode, 0, errors)
                self.assertIn(f"injected: {kind}", self.log())
                until(self.clean, "clean afterwards")
                self.done(run("qaic-run", f"{FOLDER}/networks/scale-add", "--random"))
                self.done(sim("stop"))

    def test_pulled_out(self):
        self.done(sim("start", "--cards", "2"))
        watcher = self.begin("sh", "-c", "while [ -e /dev/accel/accel0 ]; do sleep 0.01; done; echo gone;"
                             "while ! [ -e /dev/accel/accel0 ]; do sleep 0.01; done; echo back")
        until(lambda: self.status()["cards"]["programs"], "it joined")
        self.done(sim("inject", "remove"))
        self.assertEqual(watcher.stdout.readline(), "gone\n")
        self.assertEqual(self.status()["devices"][0]["state"], "removed")
        self.assertEqual(self.done(run("ls", "/dev/accel")), "accel1\n")
        self.done(sim("inject", "remove"), 5, "not-ready")
        self.done(sim("inject", "rescan"))
        self.assertEqual(watcher.communicate(timeout=20)[0], "back\n")
        self.assertEqual(self.status()["devices"][0]["state"], "ready")


class Log(Test):
    def test_of_a_run(self):
        path = f"{RUNTIME}/run.log"
        self.done(run("sh", "-c", "echo 1 > /sys/bus/mhi/devices/mhi0/soc_reset; sleep 0.5",
                      options=["--log", path]))
        self.assertTrue(os.path.exists(path))

    def test_of_started_cards(self):
        path = f"{RUNTIME}/cards.log"
        self.done(sim("start", "--log", path))
        self.assertEqual(self.status()["cards"]["log"], path)
        self.done(run("true"))
        with open(path, encoding="utf-8") as file:
            text = file.read()
        for line in ("started 1 card(s) called default", "true (process ", "left\n"):
            self.assertIn(line, text)


if __name__ == "__main__":
    if ORDINARY and subprocess.run(as_user(["unshare", "-U", "true"]), capture_output=True, check=False).returncode != 0:
        print("an ordinary user may make no user namespace here, as below a chroot", file=sys.stderr)
        sys.exit(77)
    stage()
    try:
        unittest.main(argv=[sys.argv[0], *[a for a in sys.argv[1:] if a != "ordinary"]])
    finally:
        shutil.rmtree(FOLDER, ignore_errors=True)
