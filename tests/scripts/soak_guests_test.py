"""What scripts/soak makes of guests that hang, panic or cannot be had: a script stands in for qaic-sim."""
import json
import os
import re
import signal
import stat
import subprocess
import tempfile
import time
import unittest

import tool

SOAK = os.path.join(tool.SOURCE, "scripts", "soak")
# How a guest may end: what `qaic-sim vm` prints, and its exit code.
WHOLE = """echo '{"resets": 3, "slowest_seconds": 1.5, "faults": 7, "wrong": []}'"""
PANIC = """echo "qaic-sim: the guest's kernel complained:" >&2
echo "  Kernel panic - not syncing" >&2
echo "qaic-sim: the guest's kernel panicked" >&2
echo "  hint: --kernel-log keeps all of its log" >&2
echo "  id: vm-guest (qaic-util explain vm-guest)" >&2
exit 7"""
TIMEOUT = """echo "soak: reset 2 of 3" >&2
echo "qaic-sim: the command did not end within 300 s; the guest was stopped" >&2
echo "  id: vm-timeout" >&2
exit 6"""
ENDLESS = """trap 'echo ended > ended; kill $!; exit 143' TERM
sleep 100 &
echo $! > sleeps
wait"""


class Guests(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.build = os.path.realpath(scratch.name)
        os.makedirs(f"{self.build}/bin")
        self.program()
        self.guest(WHOLE)

    def program(self, version="1"):
        path = f"{self.build}/bin/qaic-sim"
        with open(path, "w", encoding="ascii") as file:
            file.write(f'#!/bin/sh\n# {version}\ncd {self.build} || exit\necho "$*" >> commands\n'
                       'case "$*" in run*) exit ;;\n*--prepare) cat release; exit ;;\nesac\n. ./ends\n')
        os.chmod(path, stat.S_IRWXU)

    def guest(self, ends, release="6.12.1-stand-in"):
        """From now on a guest ends so."""
        for name, text in (("ends", ends), ("release", release)):
            with open(f"{self.build}/{name}", "w", encoding="ascii") as file:
                file.write(text + "\n")

    def soak(self, *words):
        done = subprocess.run([SOAK, *words, "--build", self.build], capture_output=True, text=True, timeout=100, check=False)
        print(done.stdout, done.stderr)
        return done

    def limit(self):
        """The --timeout of the last guest, in seconds."""
        with open(f"{self.build}/commands", encoding="ascii") as file:
            words = file.read().splitlines()[-1].split()
        return int(words[words.index("--timeout") + 1].removesuffix("s"))

    def test_every_guest_has_a_limit(self):
        self.assertEqual(self.soak("resets", "--count", "3").returncode, 0)
        self.assertEqual(self.limit(), 300)
        self.assertEqual(self.soak("inferences", "--count", "40").returncode, 0)
        self.assertEqual(self.limit(), 304)

    def test_hang_is_a_finding(self):
        self.guest(TIMEOUT)
        done = self.soak("resets", "--count", "3")
        self.assertEqual(done.returncode, 1)
        self.assertIn("soak: it hung: the guest was stopped after 300 s: soak: reset 2 of 3", done.stderr)

    def test_no_answer_is_a_finding(self):
        self.guest("true")
        done = self.soak("resets", "--count", "3")
        self.assertEqual(done.returncode, 1)
        self.assertIn("soak: it did not come to its end: exit code 0", done.stderr)

    def load(self, code, minutes="0.05"):
        done = self.soak("load", "--minutes", minutes)
        self.assertEqual(done.returncode, code)
        return done

    def rounds(self, done=""):
        with open(f"{self.build}/soak/load-6.12.json{done}", encoding="utf-8") as file:
            return json.load(file)

    def seeds(self):
        with open(f"{self.build}/commands", encoding="ascii") as file:
            return re.findall(r"--seed (\d+)", file.read())

    def test_broken_rounds_are_kept(self):
        self.guest(PANIC)
        self.assertIn("round 1: it did not come to its end: the guest's kernel panicked, exit code 7: ", self.load(1).stderr)
        self.assertEqual([one["seconds"] for one in self.rounds()], [0])
        self.guest(TIMEOUT)
        self.assertIn("round 2: it hung: the guest was stopped after 423 s", self.load(1).stderr)
        self.guest(WHOLE)
        done = self.load(1)
        self.assertIn("load, 3 s in 1 guests, 2 guests more did not come to their end, two cards", done.stdout)
        self.assertIn("7 faults", done.stdout)
        for line in ("1: qaic-sim: the guest's kernel complained", "1: it did not come to its end", "2: it hung"):
            self.assertIn(f"soak: round {line}", done.stderr)
        self.assertEqual([one["seconds"] for one in self.rounds(".done")], [0, 0, 3])
        self.assertEqual(self.seeds(), ["1", "2", "3"])

    def test_what_is_no_finding(self):
        for ends, code in (("exit 143", 143), ("exit 10", 10), ("kill -TERM $$", 143)):
            self.guest(ends)
            self.load(code)
            self.assertEqual(os.listdir(f"{self.build}/soak"), [])

    def test_of_another_build(self):
        self.guest(PANIC)
        self.load(1)
        self.program("2")
        self.guest(WHOLE)
        self.load_anew()

    def test_of_another_kernel(self):
        self.guest(PANIC)
        self.load(1)
        self.guest(WHOLE, "6.12.2-stand-in")
        self.load_anew()

    def load_anew(self):
        done = self.load(0)
        self.assertIn("soak: 1 rounds, 0 s with 2 findings, are of another build or kernel and do not count", done.stderr)
        self.assertEqual(self.seeds(), ["1", "1"])
        self.assertEqual(len([name for name in os.listdir(f"{self.build}/soak") if ".json.until-" in name]), 1)

    def test_nothing_stays_running(self):
        self.guest(ENDLESS)
        with subprocess.Popen([SOAK, "resets", "--build", self.build], stderr=subprocess.DEVNULL) as soak:
            self.addCleanup(soak.kill)
            for _ in range(3000):
                if os.path.exists(f"{self.build}/sleeps"):
                    break
                time.sleep(0.01)
            soak.send_signal(signal.SIGTERM)
            self.assertEqual(soak.wait(60), 130)
        with open(f"{self.build}/ended", encoding="ascii") as file:
            self.assertEqual(file.read(), "ended\n")


if __name__ == "__main__":
    unittest.main()
