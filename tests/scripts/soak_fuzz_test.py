"""What scripts/soak_fuzz.py makes of fuzz targets, however and whenever they end: shell scripts stand in for them."""
import json
import os
import stat
import sys
import tempfile
import time
import types
import unittest
import unittest.mock

import tool

sys.path.insert(0, os.path.join(tool.SOURCE, "scripts"))
import soak_fuzz

soak_fuzz.only_idle_time = os.setsid  # these would wait long for a processor
CRASH = """{ echo "==1==ERROR: AddressSanitizer: heap-buffer-overflow"; echo "SUMMARY: stand-in"; } >&2"""
STATISTICS = "echo 'stat::number_of_executed_units: 40' >&2"
WAITS = "echo waits >&2; while :; do sleep 0.05; done"


class Targets(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.build, self.kept = scratch.name + "/build", scratch.name + "/kept"
        os.makedirs(f"{self.build}/fuzz")

    def target(self, script, name="fuzz_stand_in", **more):
        path = f"{self.build}/fuzz/{name}"
        with open(path, "w", encoding="ascii") as file:
            file.write(f"#!/bin/sh\n{script}\n")
        os.chmod(path, stat.S_IRWXU)
        with open(f"{path}.corpus", "w", encoding="ascii") as file:
            file.write(self.build)
        return soak_fuzz.Target(self.build, self.kept, name, **more)

    def ledger(self, name="fuzz_stand_in"):
        with open(f"{self.kept}/{name}/ledger.json", encoding="utf-8") as file:
            return json.load(file)

    def waits(self, name="fuzz_stand_in"):
        """Until the target does nothing but wait."""
        for _ in range(3000):
            try:
                with open(f"{self.kept}/{name}/log", encoding="ascii") as file:
                    if "waits" in file.read():
                        return
            except OSError:
                pass
            time.sleep(0.01)
        self.fail("the stand-in does not come up")

    def findings_when_stopped(self, script):
        target = self.target(script)
        target.start()
        self.waits()
        target.stop()
        return len(self.ledger()["findings"])

    def test_interrupted_is_no_finding(self):
        self.assertEqual(self.findings_when_stopped(f"ends() {{ {STATISTICS}; exit 72; }}; trap ends INT; {WAITS}"), 0)
        self.assertEqual(self.ledger()["runs"], 40)

    def test_interrupted_before_it_listens(self):
        self.assertEqual(self.findings_when_stopped(WAITS), 0)

    def test_crash_when_interrupted(self):
        self.assertEqual(self.findings_when_stopped(f"trap 'exit 77' INT; {WAITS}"), 1)

    def test_stopped_while_it_reports(self):
        """It must come to write what it found."""
        written = "echo 'Test unit written to finding-1' >&2"
        script = f"trap 'exit 72' INT; {CRASH}; echo waits >&2; sleep 1; {written}; exit 1"
        self.assertEqual(self.findings_when_stopped(script), 1)
        self.assertEqual(self.ledger()["findings"], ["SUMMARY: stand-in: finding-1"])

    def test_report_of_an_interrupted_one(self):
        target = self.target(f"{CRASH}; exit 72")
        target.start()
        target.process.wait()
        target.stop()
        self.assertEqual(len(self.ledger()["findings"]), 1)

    def test_crash_just_before_it_is_stopped(self):
        target = self.target(f"{CRASH}; exit 1")
        target.start()
        target.process.wait()
        target.stop()
        self.assertEqual(self.ledger()["findings"], [f"SUMMARY: stand-in: {self.kept}/fuzz_stand_in/log"])

    def test_ends_by_itself(self):
        target = self.target("exit 1")
        target.start()
        target.process.wait()
        self.assertTrue(target.look())
        target.note()
        self.assertEqual(len(self.ledger()["findings"]), 1)

    def test_interrupted_by_somebody_else(self):
        target = self.target(f"{STATISTICS}; exit 72")
        target.start()
        target.process.wait()
        target.note()
        self.assertEqual((self.ledger()["findings"], self.ledger()["runs"]), ([], 40))

    def test_end_of_soak(self):
        """One has crashed since it was looked at, one crashes only now, one has nothing to say."""
        scripts = {"fuzz_before": f"{CRASH}; echo waits >&2; exit 1", "fuzz_now": f"trap 'exit 77' INT; {WAITS}",
                   "fuzz_whole": f"trap 'exit 72' INT; {WAITS}"}
        for name, script in scripts.items():
            self.target(script, name)

        def interrupted(_):
            for name in scripts:
                self.waits(name)
            raise KeyboardInterrupt

        clock = types.SimpleNamespace(monotonic=time.monotonic, sleep=interrupted)
        with unittest.mock.patch("soak_fuzz.time", clock), self.assertRaises(KeyboardInterrupt):
            soak_fuzz.fuzz(self.build, self.kept, list(scripts), 60, 60, False)
        self.assertEqual([len(self.ledger(name)["findings"]) for name in scripts], [1, 1, 0])

    def test_asked_again(self):
        """It hangs, and the user does not want to wait."""
        target = self.target(f"trap '' INT; {WAITS}")
        target.start()
        self.waits()
        wait, calls = target.process.wait, []

        def impatient(timeout=None):
            calls.append(timeout)
            if len(calls) == 1:
                raise KeyboardInterrupt
            return wait(timeout)

        target.process.wait = impatient
        target.stop()
        self.assertEqual(self.ledger()["findings"], [])

    def ran(self, seconds, script, go_on=False):
        """The target, which has been at it for so long."""
        target = self.target(script, go_on=go_on)
        target.start()
        target.process.wait()
        target.spent = seconds
        target.note()
        return target

    def test_of_another_binary(self):
        ends = f"{STATISTICS}; exit 72"
        self.ran(7, ends)
        with open(f"{self.kept}/fuzz_stand_in/corpus/input", "w", encoding="ascii") as file:
            file.write("found")
        self.assertEqual(self.ran(4, ends).ledger["seconds"], 11)
        new = self.ran(2, f"{ends} # built anew").ledger
        self.assertEqual((new["seconds"], new["runs"]), (2, 40))
        self.assertEqual([(one["seconds"], one["runs"]) for one in new["earlier"]], [(11, 80)])
        self.assertTrue(os.path.exists(f"{self.kept}/fuzz_stand_in/corpus/input"))

    def test_findings_of_another_binary_are_kept(self):
        self.ran(7, "exit 77")
        new = self.ran(1, "exit 72")
        self.assertEqual(new.ledger["findings"], [])
        self.assertEqual(len(self.ledger()["earlier"][0]["findings"]), 1)

    def test_goes_on_with_the_binary_that_it_began_with(self):
        self.ran(7, f"{STATISTICS}; exit 72")
        self.assertEqual(self.ran(4, "exit 77", go_on=True).ledger["seconds"], 11)
        self.assertEqual(self.ledger()["findings"], [])

    def test_ledger_that_names_no_binary(self):
        for script, seconds in (("exit 72", 9), ("exit 72 # built anew", 2)):
            self.ran(7, "exit 72")
            old = {key: self.ledger()[key] for key in ("runs", "seconds", "findings")}
            with open(f"{self.kept}/fuzz_stand_in/ledger.json", "w", encoding="utf-8") as file:
                json.dump({**old, "seconds": 7.0}, file)
            self.assertEqual(self.ran(2, script).ledger["seconds"], seconds)


if __name__ == "__main__":
    unittest.main()
