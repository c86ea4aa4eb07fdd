"""Programs that know nothing of simulators, on simulated cards."""
import os
import subprocess
import time
import unittest

from staged import BUILD, CARD, CLIENT, FOLDER, NOBODY, NODE, ORDINARY, SIM, Test, as_user, main, outside, run


class Client(Test):
    """The static C program; each case says itself what is wrong."""


def add_case(name):
    def test(self):
        self.done(run(CLIENT, name, NODE))
    setattr(Client, "test_" + name.replace("-", "_"), test)


for case in ("buffer", "reuse", "bad-offsets", "bad-pointers", "dup", "fork", "outlive", "mapping-outlives", "pass",
             "exec", "open-flags", "read-only", "paths", "signals"):
    add_case(case)


class Programs(Test):
    def test_python(self):
        self.assertEqual(self.done(run("/usr/bin/python3", f"{FOLDER}/python_client.py", NODE)).stdout, "1\n")

    def test_buffers_by_descriptor(self):
        out = self.done(run("/usr/bin/python3", f"{FOLDER}/prime_client.py", NODE, "/dev/accel/accel1",
                            options=["--cards", "2"])).stdout
        self.assertEqual(out, "fine\n")

    def test_libdrm(self):
        out = self.done(run(f"{FOLDER}/sim_drm_client", NODE)).stdout
        self.assertEqual(out, "qaic|Qualcomm Cloud AI Accelerators|0.0.0\n")

    def test_libpci_and_libudev(self):
        out = self.done(run(f"{FOLDER}/sim_discover", options=["--cards", "3"])).stdout
        lines = sorted(out.splitlines())
        self.assertEqual(lines, [f"0000:8{1 + i}:00.0 /dev/accel/accel{i}" for i in range(3)])

    def test_who_has_a_node_open(self):
        look = ('until [ "$(readlink /proc/$!/fd/0)" = /dev/null ]; do sleep 0.01; done; readlink /proc/$!/fd/5;'
                " (cd /proc/$!/fd && readlink 5)")
        out = self.done(run("bash", "-c", f"exec 5<>{NODE}; sleep 9 5>&5 </dev/null & exec 5>&-; {look}; kill $!;"
                            f" /usr/bin/python3 -c 'import os; f = os.open(\"{NODE}\", os.O_WRONLY); "
                            "print(os.readlink(f\"/proc/self/fd/{f}\"), os.readlink(str(f), dir_fd=os.open(\"/proc/self/fd\", os.O_PATH)))'"
                            )).stdout
        self.assertEqual(out, f"{NODE}\n{NODE}\n{NODE} {NODE}\n")
        # The simulation's own descriptors are nobody's; a node that went leaves its name.
        program = (f"import glob, os\nf = os.open('{NODE}', os.O_RDWR)\nfound = dict()\n"
                   "for link in glob.glob('/proc/[0-9]*/fd/*'):\n"
                   f"    try:\n        if os.readlink(link) == '{NODE}':\n"
                   "            pid = link.split('/')[2]\n            found[pid] = open(f'/proc/{pid}/comm').read().strip()\n"
                   "    except OSError: pass\n"
                   "print(str(os.getpid()) in found, 'qaic-sim' in found.values())\n"
                   f"open('/sys/bus/pci/devices/{CARD}/remove', 'w').write('1')\n"
                   "print(os.readlink(f'/proc/self/fd/{f}'))\n")
        self.assertEqual(self.done(run("/usr/bin/python3", "-c", program)).stdout, f"True False\n{NODE} (deleted)\n")

    @unittest.skipIf(ORDINARY or os.getuid() != 0, "for root, who can become somebody else")
    def test_who_may_not_see_who_has_a_node_open(self):
        out = self.done(run("bash", "-c", f"exec 5<>{NODE}; setpriv --reuid={NOBODY} --clear-groups readlink /proc/$$/fd/5; "
                            "echo $?")).stdout
        self.assertEqual(out, "1\n")

    def test_an_empty_environment(self):
        out = self.done(run("/usr/bin/env", "-i", f"{FOLDER}/sim_discover")).stdout
        self.assertEqual(out, f"{CARD} {NODE}\n")

    def test_no_lspci_difference_for_the_host(self):
        host = outside("lspci", "-n").stdout.splitlines()
        seen = self.done(run("lspci", "-n")).stdout.splitlines()
        self.assertEqual([line for line in seen if line in host], host)
        self.assertIn("81:00.0 1200: 17cb:a100", seen)

    def test_lspci_in_full(self):
        out = self.done(run("lspci", "-vv", "-s", CARD)).stdout
        self.assertIn("Processing accelerators: Qualcomm", out)
        self.assertIn("Region 2: Memory at 380000000000 (64-bit, non-prefetchable) [size=2M]", out)
        self.assertIn("Kernel driver in use: qaic", out)
        if ORDINARY or os.getuid() != 0:
            self.assertIn("Capabilities: <access denied>", out)
        else:
            self.assertIn("LnkSta:\tSpeed 16GT/s, Width x8", out)
            self.assertIn("MSI: Enable+ Count=32/32", out)

    def test_udevadm_info(self):
        out = self.done(run("udevadm", "info", "/sys/class/accel/accel0")).stdout
        for line in ("N: accel/accel0", "D: c 261:0", "T: accel_minor", "E: SUBSYSTEM=accel"):
            self.assertIn(line, out.splitlines())
        out = self.done(run("udevadm", "info", "-a", f"/sys/bus/pci/devices/{CARD}")).stdout
        self.assertIn('DRIVER=="qaic"', out)
        self.assertIn('ATTR{current_link_width}=="8"', out)

    def test_by_device_number(self):
        out = self.done(run("readlink", "-f", "/sys/dev/char/261:0")).stdout
        self.assertTrue(out.endswith(f"/{CARD}/accel/accel0\n"), out)
        out = self.done(run("cat", "/sys/bus/mhi/devices/mhi0/serial_number")).stdout
        self.assertRegex(out, r"^Serial Number: \d+\n$")


class Cards(Test):
    def test_one_to_sixteen_nodes(self):
        for count in (1, 2, 16):
            nodes = [f"/dev/accel/accel{i}" for i in range(count)]
            self.done(run(CLIENT, "all", *nodes, options=["--cards", str(count)]))

    def test_addresses_rise_with_the_nodes(self):
        out = self.done(run("sh", "-c", "for i in $(seq 0 15); do basename $(readlink /sys/class/accel/accel$i/device);"
                            " done", options=["--cards", "16"])).stdout.split()
        self.assertEqual(len(set(out)), 16)
        self.assertEqual(out, sorted(out))

    def test_an_ultra_board_has_four_behind_a_switch(self):
        out = self.done(run("sh", "-c", "ls /dev/accel; cd /sys/class/accel; readlink accel0 accel3 accel4",
                            options=["--sku", "ultra", "--cards", "2"])).stdout.split()
        self.assertEqual(out[:8], [f"accel{i}" for i in range(8)])
        first, last, other = (path.split("/")[4:6] for path in out[8:])
        self.assertEqual(first, last)
        self.assertNotEqual(first, other)

    def test_aic080_has_its_own_id(self):
        self.assertIn("17cb:a080", self.done(run("lspci", "-n", options=["--sku", "080"])).stdout)

    def test_too_many(self):
        process = self.done(run("true", options=["--cards", "65"]), 2)
        self.assertIn("id: sim-too-many-cards", process.stderr)


class Attributes(Test):
    """What a program writes below /sys happens before its write returns."""
    DEVICE = "/sys/class/accel/accel0/device"
    QAIC = "/sys/bus/pci/drivers/qaic"

    def script(self, text, *options):
        return self.done(run("bash", "-c", f"cd {self.DEVICE}; {text}; true", options=options)).stdout.split()

    def test_soc_reset_takes_the_card_down_and_it_comes_back(self):
        out = self.script(f"echo 1 > mhi0/soc_reset; echo $?; ls mhi0 | grep -c mhi0_; "
                          f"(: <>{NODE}) 2>&1 | grep -o 'No such device'; sleep 1.2; ls mhi0 | grep -c mhi0_; {CLIENT} buffer {NODE} && echo fine",
                          "--boot-time", "1000")
        self.assertEqual(out, ["0", "0", "No", "such", "device", "10", "fine"])

    def test_every_channel_device_has_soc_reset(self):
        out = self.script("echo anything > mhi0/mhi0_QAIC_CONTROL/soc_reset; echo $?; ls -d mhi0/mhi0_QAIC_CONTROL",
                          "--boot-time", "5000")
        self.assertEqual(out, ["0"])

    def test_pci_reset_takes_exactly_one(self):
        for text, code in (("1", 0), ("0x1", 0), ("01", 0), ("2", 1), ("0", 1), ("x", 1), ("1 2", 1)):
            out = self.script(f"echo '{text}' > reset; echo $?; ls mhi0 | grep -c mhi0_", "--boot-time", "5000")
            self.assertEqual(out, [str(code), "0" if code == 0 else "10"], text)

    @unittest.skipIf(ORDINARY or os.getuid() != 0 or not os.path.isdir("/sys/kernel/debug"),
                     "debugfs is for root, where there is one")
    def test_debugfs(self):
        out = self.done(run("/usr/bin/python3", f"{FOLDER}/debug_client.py", NODE, CARD)).stdout
        self.assertEqual(out, "fine\n")

    def test_errno_of_a_write(self):
        program = ("import os, sys\n"
                   "for path, text in (line.split('=') for line in sys.argv[1:]):\n"
                   "    fd = os.open(path, os.O_WRONLY)\n"
                   "    try: print(os.write(fd, text.encode()))\n"
                   "    except OSError as error: print(-error.errno)\n")
        limits = "/sys/module/qaic/parameters"
        cases = ((f"{self.DEVICE}/reset=7", -22), (f"{self.DEVICE}/mhi0/soc_reset=xyz", 3),
                 (f"{self.QAIC}/unbind=0000:00:99.0", -19), (f"{self.QAIC}/bind={CARD}", -16),
                 (f"{limits}/control_resp_timeout_s=12", 2), (f"{limits}/control_resp_timeout_s=5000000000", -34),
                 (f"{limits}/control_resp_timeout_s=-1", -22), (f"{limits}/wait_exec_default_timeout_ms=0x20\n", 5),
                 (f"{self.DEVICE}/reset=12345678", -1), (f"{self.DEVICE}/reset={'1' * 40}", -1))
        out = self.done(run("/usr/bin/python3", "-c", program, *(case for case, _ in cases))).stdout.split()
        self.assertEqual(out, [str(result) for _, result in cases])

    def test_present_values_are_read(self):
        parameters = "/sys/module/qaic/parameters"
        out = self.script(f"cat {parameters}/*; exec 3<{parameters}/control_resp_timeout_s; "
                          f"echo 7 > {parameters}/control_resp_timeout_s; cat <&3; cat {parameters}/*",
                          "--control-timeout", "1234")
        self.assertEqual(out, ["1234", "N", "5000", "7", "7", "N", "5000"])
        out = self.done(run("udevadm", "info", "-a", "/sys/module/qaic", options=["--control-timeout", "77"])).stdout
        self.assertIn('ATTR{parameters/control_resp_timeout_s}=="77"', out)

    def test_modes(self):
        out = self.script(f"stat -c %a mhi0/soc_reset reset remove rescan {self.QAIC}/bind "
                          "/sys/module/qaic/parameters/control_resp_timeout_s")
        self.assertEqual(out, ["200", "200", "220", "220", "200", "600"])
        if not ORDINARY and os.getuid() == 0:
            out = self.script("setpriv --reuid=65534 --clear-groups bash -c 'echo 1 > reset' 2>&1; ls mhi0 | grep -c mhi0_",
                              "--boot-time", "5000")
            self.assertEqual((out[-3:-1], out[-1]), (["Permission", "denied"], "10"))

    def test_remove_and_rescan(self):
        out = self.script(f"echo 1 > remove; ls /dev/accel /sys/class/accel /sys/bus/pci/devices | grep -e accel[0-9] -e {CARD};"
                          f" echo 1 > /sys/bus/pci/rescan; sleep 0.4; ls /dev/accel; {CLIENT} buffer {NODE} && echo fine;"
                          f" readlink -f /sys/class/accel/accel0/device | grep -o {CARD}")
        self.assertEqual(out, ["accel0", "fine", CARD])
        out = self.script("echo 0 > remove; ls /dev/accel; echo 1 > rescan; ls /dev/accel", "--cards", "2")
        self.assertEqual(out, ["accel0", "accel1"] * 2)

    def test_bind_and_unbind(self):
        out = self.script(f"exec 4<>{NODE}; echo {CARD} > {self.QAIC}/unbind; ls /dev/accel; ls -d driver mhi0 accel;"
                          f" echo -n {CARD} > {self.QAIC}/bind; readlink driver | xargs basename; ls -d mhi0 accel;"
                          f" {CLIENT} buffer {NODE} && echo fine")
        self.assertEqual(out, ["qaic", "accel", "mhi0", "fine"])

    def test_uevents_of_a_reset_in_order(self):
        script = (f"stdbuf -oL udevadm monitor --kernel -p & sleep 0.5; echo 1 > {{}}; sleep 0.6; kill %1; wait")
        channels = 10
        for attribute, offline in (("mhi0/soc_reset", 1), ("reset", 2)):
            out = self.done(run("bash", "-c", f"cd {self.DEVICE}; " + script.format(attribute))).stdout
            events = []
            for event in out.split("\n\n"):
                fields = dict(line.split("=", 1) for line in event.splitlines() if "=" in line)
                if "ACTION" in fields:
                    events.append((fields["ACTION"], fields["SUBSYSTEM"], fields.get("EXEC_ENV", "")))
            expected = [("offline", "accel", "")] * offline + [("change", "mhi", "DISABLE")]
            down, events = events[:len(expected)], events[len(expected):]
            self.assertEqual(down, expected, out)
            gone, events = events[:channels + 1], events[channels + 1:]
            self.assertEqual(gone.count(("remove", "mhi", "")), channels, out)
            self.assertEqual(gone.count(("unbind", "mhi", "")), 1, out)
            self.assertEqual(events[:2], [("change", "mhi", "SECONDARY BOOTLOADER"), ("change", "mhi", "MISSION MODE")])
            self.assertEqual(events[2:-1].count(("add", "mhi", "")), channels, out)
            self.assertEqual(events[-1], ("online", "accel", ""), out)

    def test_other_short_writes_are_as_ever(self):
        self.script("exec 5>reset; for i in 1 2 3; do echo $i; done > $(mktemp); python3 -c 'import os; r, w = os.pipe(); "
                    "os.write(w, b\"ab\"); assert os.read(r, 9) == b\"ab\"'; echo 1 >&5", "--boot-time", "5000")


class Closed(Test):
    def test_a_node_is_closed_while_others_go_on(self):
        use = f"for case in buffer dup fork outlive mapping-outlives pass read-only paths; do {CLIENT} $case {NODE} || exit 1; done"
        process = subprocess.Popen(as_user([SIM, "run", "--", "sh", "-c", f"{use}; echo ready; read line; {use}; {use}; "
                                            "echo ready; read line"]),
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        counts = []
        for _ in range(2):
            self.assertEqual(process.stdout.readline(), "ready\n")
            time.sleep(0.3)  # the kernel announces a close a moment before it is done
            counts.append(len(os.listdir(f"/proc/{process.pid}/fd")))
            process.stdin.write("go\n")
            process.stdin.flush()
        process.communicate()
        self.assertEqual(process.returncode, 0)
        self.assertEqual(counts[0], counts[1])


class Killed(Test):
    def test_at_any_moment(self):
        script = (f"for delay in 0 0.001 0.002 0.003 0.005 0.008 0.013; do {CLIENT} busy {NODE} & "
                  f"{CLIENT} busy {NODE} & sleep $delay; kill -9 $!; kill -9 %1; wait; {CLIENT} buffer {NODE} || exit 3;"
                  " done")
        for _ in range(5):
            self.done(run("bash", "-c", script))

    def test_with_the_program_itself(self):
        for delay in ("0.001", "0.004", "0.01", "0.02"):
            self.done(run("sh", "-c", f"(sleep {delay}; kill -9 $$) & exec {CLIENT} busy {NODE}"), 137)


def cannot_run_networks():
    for path in ("bin/qaic-run", "bin/qaic-util", "networks/deaf/programqpc.bin", "networks/scale-add/programqpc.bin"):
        if subprocess.run(as_user(["test", "-r", f"{BUILD}/{path}"]), check=False).returncode != 0:
            return f"{path} was not built, or this user cannot read it"
    return None


class Networks(Test):
    """What happens while a network is active, and while a call sleeps."""

    RUN = f"{BUILD}/bin/qaic-run --zero"
    SCALE_ADD = f"{BUILD}/networks/scale-add"
    DEAF = f"{BUILD}/networks/deaf"  # never takes its input: WAIT_BO sleeps

    def setUp(self):
        reason = cannot_run_networks()
        if reason:
            self.skipTest(reason)

    def test_genuine_uevents(self):
        out = self.done(run("bash", "-c", "stdbuf -oL udevadm monitor --kernel -p & sleep 0.5; "
                            f"{self.RUN} {self.SCALE_ADD} >/dev/null; sleep 0.3; kill %1; wait")).stdout
        events = [event for event in out.split("\n\n") if "ACTION=change" in event]
        self.assertEqual(len(events), 2, out)
        for event, state in zip(events, "10"):
            lines = event.splitlines()
            for line in ("SUBSYSTEM=accel", "DEVNAME=/dev/accel/accel0", "DBC_ID=0", f"DBC_STATE={state}", "MAJOR=261"):
                self.assertIn(line, lines)
        self.assertIn("DEVPATH=/devices/pci0000:80/0000:80:01.0/0000:81:00.0/accel/accel0", out)

    def test_a_crashed_network_restarts_its_channel(self):
        dumps = "/sys/class/devcoredump"
        out = self.done(run("bash", "-c", "stdbuf -oL udevadm monitor --kernel -p & sleep 0.5; "
                            f"{self.RUN} --timeout 5s {BUILD}/networks/crash 2>/dev/null; sleep 0.3; "
                            f"kill %1; wait; cat /sys/class/accel/accel0/dbc0_state; cd {dumps}; "
                            f"readlink devcd1/failing_device | grep -c {CARD}; head -c 8 devcd1/data | od -An -tx8; "
                            f"{self.RUN} --timeout 5s {BUILD}/networks/crash 2>/dev/null; ls; "
                            "echo > devcd1/data; ls | wc -l; "
                            f"{self.RUN} --quiet {self.SCALE_ADD} >/dev/null && echo fine")).stdout
        states = [line[len("DBC_STATE="):] for line in out.splitlines() if line.startswith("DBC_STATE=")]
        self.assertEqual(states, list("123450"), out)
        self.assertIn("DEVPATH=/devices/virtual/devcoredump/devcd1", out)
        # A second dump is dropped while the first is there.
        self.assertEqual(out.splitlines()[-6:], ["0", "1", " 1234567890abcdef", "devcd1", "0", "fine"])

    def test_counts_of_errors_are_there_while_the_card_runs(self):
        out = self.done(run("bash", "-c", "cd /sys/class/accel/accel0/device; cat ce_count ue_count ue_nonfatal_count; "
                            "echo 1 > reset; ls | grep -c _count; true", options=["--boot-time", "5000"])).stdout
        self.assertEqual(out.split(), ["0", "0", "0", "0"])

    def test_state_of_a_channel(self):
        out = self.done(run("bash", "-c", f"cd /sys/class/accel/accel0; cat dbc0_state; {self.RUN} --timeout 2s "
                            f"{self.DEAF} >/dev/null 2>&1 & sleep 1; cat /sys/class/accel/accel0/dbc0_state; wait")).stdout
        self.assertEqual(out, "0\n1\n")

    def test_reset_under_a_program_that_waits(self):
        for attribute in ("device/mhi0/soc_reset", "device/reset", "device/remove"):
            out = self.done(run("bash", "-c", f"{self.RUN} --timeout 60s {self.DEAF} >/dev/null 2>&1 & sleep 0.8; "
                                f"echo 1 > /sys/class/accel/accel0/{attribute}; wait $!; echo $?; "
                                "echo 1 > /sys/bus/pci/rescan; sleep 0.5; "
                                f"{self.RUN} --quiet {self.SCALE_ADD} >/dev/null; echo $?")).stdout.split()
            self.assertEqual(out[1], "0", attribute)
            self.assertIn(out[0], ("5", "7"), attribute)

    def test_killed_while_the_card_boots(self):
        self.done(run("bash", "-c", f"for i in 1 2 3; do {self.RUN} --timeout 60s {self.DEAF} & sleep 0.8; "
                      "echo 1 > /sys/class/accel/accel0/device/reset; kill -9 $!; wait; sleep 0.3; done; "
                      f"{self.RUN} --quiet {self.SCALE_ADD} >/dev/null"))

    def test_killed_while_a_call_sleeps(self):
        self.done(run("bash", "-c", f"for i in 1 2 3; do {self.RUN} --timeout 60s {self.DEAF} & sleep 0.8; "
                      f"kill -9 $!; wait; {self.RUN} --quiet {self.SCALE_ADD} >/dev/null || exit 3; done"))

    def test_a_dead_client_leaves_its_cores_to_others(self):
        out = self.done(run("bash", "-c", f"{self.RUN} --timeout 60s {self.DEAF} & sleep 0.8; kill -9 $!; wait; "
                            f"{BUILD}/bin/qaic-util -q")).stdout
        for line in ("Networks Active:0", "Networks Loaded:0", "Constants Loaded:0", "Nsp Free:16", "Vc Free:16"):
            self.assertIn(f"\t{line}\n", out)

    def test_killed_at_any_moment(self):
        script = (f"for delay in 0.01 0.03 0.05 0.1 0.15 0.2 0.3; do {self.RUN} -n 1000000 {self.SCALE_ADD} & "
                  f"sleep $delay; kill -9 $!; wait; done; {self.RUN} --quiet {self.SCALE_ADD} >/dev/null")
        self.done(run("bash", "-c", script))

    def test_stopped_and_continued_while_a_call_sleeps(self):
        # A sleeping call gives way to a signal, and the kernel restarts it.
        out = self.done(run("bash", "-c", f"{self.RUN} --timeout 3s {self.DEAF} 2>/dev/null & sleep 1; "
                            "cut -d' ' -f3 /proc/$!/stat; kill -STOP $!; sleep 0.3; cut -d' ' -f3 /proc/$!/stat; "
                            "kill -CONT $!; wait $!; echo $?")).stdout
        self.assertEqual(out.split(), ["S", "T", "6"])

if __name__ == "__main__":
    main()
