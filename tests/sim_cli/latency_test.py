#!/usr/bin/env python3
"""--latency through the whole stack: qaic-run and a client that keeps inferences
in flight, on simulated cards. Times are long, and rates the best of three, so
that a busy machine matters little. Exit 77: this host cannot run qaic-sim or has no emulator.
"""
import json
import re
import subprocess
import tempfile
import unittest

import tool
from tool import BUILD

SIM = f"{BUILD}/bin/qaic-sim"
RUN = f"{BUILD}/bin/qaic-run"
NETWORK = f"{BUILD}/networks/idle"


def simulated(latency, *command, cards=1, options=()):
    return subprocess.run([SIM, "run", "--cards", str(cards), "--latency", latency, *options, "--", *command],
                          capture_output=True, text=True, timeout=110)


class Latency(unittest.TestCase):
    def latency_of(self, latency, *arguments):
        done = simulated(latency, RUN, "-j", NETWORK, *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)["devices"][0]["latency"]

    def best_rate(self, enough, *arguments, **options):
        """Of three runs, or the first that is enough."""
        best = 0
        for _ in range(3):
            best = max(best, self.rate(*arguments, **options))
            if best >= enough:
                break
        return best

    def rate(self, latency, depth, count, cards=1):
        """Inferences per second."""
        done = simulated(latency, f"{BUILD}/tests/test_sim_cli_depth_client", NETWORK, str(cards), str(depth),
                         str(count), cards=cards)
        self.assertEqual(done.returncode, 0, done.stderr)
        found = re.fullmatch(r"(\d+) inferences in (\d+) us\n", done.stdout)
        return int(found[1]) / int(found[2]) * 1e6

    def test_each_inference_takes_its_time(self):
        for execute in ("", ",execute=off"):
            done = self.latency_of("20ms" + execute, "--random", "-n", "10")
            self.assertGreaterEqual(done["min_ns"], 20e6)
            self.assertLess(done["min_ns"], 40e6)

    def test_executed_networks_still_answer_rightly(self):
        with tempfile.TemporaryDirectory() as folder:
            with open(f"{folder}/data", "wb") as out:
                out.write(bytes(range(128)))
            expected = ("-i", f"{folder}/data", "-e", f"{folder}/data")
            self.assertEqual(simulated("5ms", RUN, NETWORK, *expected, "-n", "5").returncode, 0)
            # And what is not executed does not.
            self.assertEqual(simulated("5ms,execute=off", RUN, NETWORK, *expected).returncode, 1)

    def test_not_executing_is_said(self):
        with tempfile.TemporaryDirectory() as folder:
            done = simulated("1ms,execute=off", RUN, NETWORK, "--zero", options=("--log", f"{folder}/log"))
            self.assertEqual(done.returncode, 0, done.stderr)
            with open(f"{folder}/log", encoding="utf-8") as log:
                self.assertIn('of "idle" is not executed', log.read())

    def test_eight_at_once_are_as_a_pipeline(self):
        for execute in ("", ",execute=off"):
            one = self.rate("100ms" + execute, 1, 10)
            eight = self.best_rate(7 * one, "100ms" + execute, 8, 80)
            print(f"100 ms{execute}: {one:.1f} per second at depth 1, {eight:.1f} at depth 8, {eight / one:.2f} times")
            self.assertLessEqual(one, 1 / 0.100)
            self.assertGreaterEqual(eight, 7 * one)
            self.assertLessEqual(eight, 8 / 0.100)

    def test_depth_of_the_model_limits_it(self):
        eight = self.best_rate(1.5 / 0.100, "100ms,depth=2,execute=off", 8, 24)
        self.assertLessEqual(eight, 2 / 0.100)
        self.assertGreaterEqual(eight, 1.5 / 0.100)

    def test_four_cards_do_four_times_as_much(self):
        one = self.rate("100ms,execute=off", 4, 40)
        four = self.best_rate(3.8 * one, "100ms,execute=off", 4, 160, cards=4)
        print(f"100 ms: {one:.1f} per second on one card, {four:.1f} on four, {four / one:.2f} times")
        self.assertGreaterEqual(four, 3.8 * one)

    def test_stalls_are_seen(self):
        done = self.latency_of("5ms,stall=20%:50ms,execute=off", "--zero", "-n", "60")
        self.assertGreaterEqual(done["max_ns"], 55e6)
        self.assertLess(done["min_ns"], 50e6)

    def test_a_model_that_is_none_is_refused(self):
        done = simulated("fast", "true")
        self.assertEqual(done.returncode, 2)
        self.assertIn("'fast' does not fit latency", done.stderr)
        self.assertIn("normal:MEAN:DEVIATION", done.stderr)


if __name__ == "__main__":
    tool.unit_tests()
