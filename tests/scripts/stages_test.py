"""The stages of scripts/test, and that no part of them goes missing unsaid: stand-ins are built, tested and fuzzed."""
import os
import re
import shutil
import stat
import subprocess
import tempfile
import unittest

import tool

CTEST = r"""case "$*" in
*"-N "*) echo "Total Tests: 7" ;;
*) echo "1/2 Test #1: first ....   Passed"; echo "2/2 Test #2: second ....***Skipped"
   echo "100% tests passed, 0 tests failed out of 2" ;;
esac
"""


class Stages(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.tree = os.path.realpath(scratch.name)
        for name in ("scripts/test", ".ci/run"):
            os.makedirs(os.path.dirname(f"{self.tree}/{name}"), exist_ok=True)
            shutil.copy(os.path.join(tool.SOURCE, name), f"{self.tree}/{name}")
        self.program("scripts/packages", "touch packages-asked-for")
        self.program("bin/cmake", "true")
        self.program("bin/ctest", CTEST)

    def program(self, name, text):
        path = f"{self.tree}/{name}"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="ascii") as file:
            file.write(f"#!/bin/sh\n{text}\n")
        os.chmod(path, stat.S_IRWXU)

    def fuzz_target(self, text):
        self.program("build/asan/fuzz/fuzz_stand_in", text)
        with open(f"{self.tree}/build/asan/fuzz/fuzz_stand_in.corpus", "w", encoding="ascii") as file:
            file.write(self.tree)

    def run_it(self, *words, program="scripts/test", **environment):
        mine = {"PATH": f"{self.tree}/bin:{os.environ['PATH']}", "CI": "", **environment}
        done = subprocess.run([f"{self.tree}/{program}", *words], capture_output=True, text=True, timeout=100, check=False,
                              env={**os.environ, **mine})
        print(done.stdout, done.stderr)
        return done

    def ends(self, done, code, summary):
        self.assertEqual((done.returncode, done.stdout.strip().splitlines()[-1]), (code, summary))

    def test_unknown_stage(self):
        for words in (["relase"], [""], ["vm", "asan"], ["all|vm"]):
            done = self.run_it(*words)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertIn("release, vm, asan, tsan or fuzz", done.stderr)
            self.assertFalse(os.path.exists(f"{self.tree}/packages-asked-for"))

    def test_each_stage(self):
        self.fuzz_target("true")
        for stage, summary in (("release", "1 passed, 0 failed, 1 skipped"), ("vm", "2 passed, 0 failed, 2 skipped"),
                               ("asan", "1 passed, 0 failed, 1 skipped"), ("tsan", "1 passed, 0 failed, 1 skipped"),
                               ("fuzz", "1 passed, 0 failed, 0 skipped")):
            self.ends(self.run_it(stage), 0, summary)
        self.assertTrue(os.path.exists(f"{self.tree}/packages-asked-for"))

    def test_all_of_it_in_ci(self):
        self.fuzz_target("true")
        self.ends(self.run_it(program=".ci/run"), 0, "6 passed, 0 failed, 5 skipped")

    def test_fuzz_without_targets(self):
        for stage, summary in (("fuzz", "0 passed, 1 failed, 0 skipped"), ("all", "5 passed, 1 failed, 5 skipped")):
            done = self.run_it(stage)
            self.ends(done, 1, summary)
            self.assertIn("problem: preset asan has built no fuzz targets", done.stdout)

    def test_fuzz_target_that_finds_something(self):
        self.fuzz_target("exit 77")
        self.ends(self.run_it("fuzz"), 1, "0 passed, 1 failed, 0 skipped")

    def test_build_that_fails(self):
        """What an older build left is not taken for this one's."""
        self.fuzz_target("true")
        self.program("bin/cmake", "exit 1")
        self.ends(self.run_it("fuzz"), 1, "0 passed, 1 failed, 0 skipped")

    def test_second_kernel_left_out(self):
        done = self.run_it("vm", QAIC_SECOND_KERNEL_BEFORE="0")
        self.ends(done, 0, "1 passed, 0 failed, 8 skipped")
        self.assertIn("skipped: 7 tests: kernel 7.x is not tried after 0 minutes", done.stdout)

    def test_no_second_kernel_to_leave_out(self):
        self.program("bin/ctest", re.sub("Total Tests: 7", "Total Tests: 0", CTEST))
        done = self.run_it("vm", QAIC_SECOND_KERNEL_BEFORE="0")
        self.ends(done, 1, "1 passed, 1 failed, 1 skipped")


if __name__ == "__main__":
    unittest.main()
