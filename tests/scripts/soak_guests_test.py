"""What scripts/soak makes of guests that hang, panic or cannot be had: a script stands in for qaic-sim."""
import os
import signal
import stat
import subprocess
import tempfile
import time
import unittest

import tool

SOAK = os.path.join(tool.SOURCE, "scripts", "soak")
# How a guest may end: what `qaic-sim vm` prints, and its exit code.
WHOLE = """echo '{"resets": 3, "slowest_seconds": 1.5, "wrong": []}'"""
TIMEOUT = """echo "soak: reset 2 of 3" >&2
echo "qaic-sim: the command did not end within 300 s; the guest was stopped" >&2
echo "  id: vm-timeout" >&2
exit 6"""
ENDLESS = """trap 'echo ended > $(dirname "$0")/ended; kill $!; exit 143' TERM
sleep 100 &
echo $! > $(dirname "$0")/sleeps
wait"""


class Guests(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.build = os.path.realpath(scratch.name)
        os.makedirs(f"{self.build}/bin")
        self.guest(WHOLE)

    def guest(self, ends, release="6.12.1-stand-in"):
        """From now on a guest ends so."""
        path = f"{self.build}/bin/qaic-sim"
        with open(path, "w", encoding="ascii") as file:
            file.write(f'#!/bin/sh\necho "$*" >> {self.build}/commands\ncase "$*" in run*) exit ;;\n'
                       f'*--prepare) echo {release}; exit ;;\nesac\n{ends}\n')
        os.chmod(path, stat.S_IRWXU)

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

    def test_nothing_stays_running(self):
        self.guest(ENDLESS)
        with subprocess.Popen([SOAK, "resets", "--build", self.build], stderr=subprocess.DEVNULL) as soak:
            self.addCleanup(soak.kill)
            for _ in range(3000):
                if os.path.exists(f"{self.build}/bin/sleeps"):
                    break
                time.sleep(0.01)
            soak.send_signal(signal.SIGTERM)
            self.assertEqual(soak.wait(60), 130)
        with open(f"{self.build}/bin/ended", encoding="ascii") as file:
            self.assertEqual(file.read(), "ended\n")


if __name__ == "__main__":
    unittest.main()
