"""What a program in the simulation finds around itself: exit codes, signals,
terminals, the rest of /sys and /dev, and that nothing runs when nothing happens."""
import os
import shutil
import signal
import subprocess
import time
import unittest

from staged import FOLDER, HERE, NOBODY, NODE, ORDINARY, SIM, Test, as_user, main, outside, run


class Surroundings(Test):
    def test_exit_codes(self):
        self.done(run("sh", "-c", "exit 7"), 7)
        self.done(run("sh", "-c", "kill -TERM $$"), 143)
        self.assertIn("No such file", self.done(run("/nonexistent"), 127).stderr)
        self.assertIn("Permission denied", self.done(run(f"{FOLDER}/python_client.py"), 126).stderr)

    def test_usage(self):
        for arguments in ([], ["--no-such", "true"], ["--sku", "nothing", "true"], ["--cards", "x", "true"]):
            process = outside(SIM, "run", *arguments)
            self.assertEqual((process.returncode, len(process.stderr.splitlines())), (2, 3), process.stderr)
        self.assertEqual(outside(SIM).returncode, 2)
        for arguments in (["--help"], ["--version"], ["run", "--help"]):
            process = outside(SIM, *arguments)
            self.assertEqual((process.returncode, process.stderr), (0, ""))
            self.assertTrue(process.stdout)

    def test_program_sees_itself_as_before(self):
        for command in (["id"], ["env"], ["sh", "-c", "umask; ulimit -a; pwd"], ["cat", "/proc/net/dev"],
                        ["sh", "-c", "grep -E 'Sig(Blk|Ign|Cgt)' /proc/self/status"]):
            self.assertEqual(self.done(run(*command, cwd=HERE)).stdout.replace(",", "\n"),
                             outside(*command, cwd=HERE).stdout.replace(",", "\n"), command)
        self.assertEqual(self.done(run("cat", input="from stdin")).stdout, "from stdin")
        self.assertEqual(self.done(run("pwd", "-P", cwd="/sys/class")).stdout, "/sys/class\n")

    def test_the_real_sys_and_dev_stay_visible(self):
        for folder in ("/sys", "/sys/class", "/sys/bus", "/sys/bus/pci", "/sys/bus/pci/devices", "/sys/bus/pci/drivers",
                       "/sys/devices", "/sys/module", "/sys/dev/char", "/dev", "/dev/pts"):
            real = set(os.listdir(folder))
            seen = set(self.done(run("ls", "-A", folder)).stdout.splitlines())
            self.assertEqual(real - seen, set(), folder)
        self.done(run("sh", "-c", "echo x > /dev/null; head -c 1 /dev/zero > /dev/null; "
                      "cat /sys/class/mem/null/dev /sys/devices/system/cpu/online"))
        self.assertNotEqual(run("mkdir", "/sys/class/accel/other").returncode, 0)
        self.assertFalse(os.path.exists("/sys/class/accel/accel0"))

    def test_a_node_for_others(self):
        other = [] if ORDINARY else ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        asks = [*other, "env", f"LD_LIBRARY_PATH={FOLDER}/lib", f"{FOLDER}/bin/qaic-util", "-q"]
        denied = self.done(run(*asks, options=["--node-mode", "0060"]), 4)
        self.assertIn(f"{NODE}: Permission denied", denied.stderr)
        self.assertIn("\n  id: device-permission ", denied.stderr)
        allowed = self.done(run(*asks, options=["--node-mode", "0600" if ORDINARY else "0006"]))
        self.assertIn("\tStatus:Ready\n", allowed.stdout)

    def test_a_terminal_can_be_opened(self):
        seen = self.done(run("script", "-qec", "tty", "/dev/null", stdin=subprocess.DEVNULL)).stdout
        self.assertRegex(seen, r"^/dev/(\.real/)?pts/\d+\r?\n")

    def test_what_outlives_the_program_is_ended(self):
        sleep = f"sleep 9{os.getpid()}"  # nobody else's
        found = self.done(run("sh", "-c", f"setsid sh -c '{sleep} & {sleep}' >/dev/null 2>&1 & "
                              f"sleep 0.3; pgrep -c -f '^{sleep}$'")).stdout
        self.assertEqual(found, "2\n")
        self.assertEqual(outside("pgrep", "-f", f"^{sleep}$").returncode, 1)

    def start(self, *command):
        process = subprocess.Popen(as_user([SIM, "run", "--verify-clean", "--", *command]), stdout=subprocess.PIPE,
                                   text=True)
        self.addCleanup(process.stdout.close)
        self.assertEqual(process.stdout.readline(), "ready\n")
        return process

    def test_signals_are_forwarded(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1):
            name = number.name[3:]
            process = self.start("sh", "-c", f"trap 'exit 5' {name}; echo ready; while :; do sleep 0.01; done")
            process.send_signal(number)
            self.assertEqual(process.wait(20), 5)
        process = self.start("sh", "-c", "echo ready; sleep 100")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(20), 143)

    def test_the_program_ends_with_its_supervisor(self):
        process = self.start("sh", "-c", "echo ready; exec sleep 1357")
        process.kill()
        process.wait(20)
        for _ in range(200):
            if outside("pgrep", "-f", "^sleep 1357$").returncode != 0:
                return
            time.sleep(0.02)
        self.fail("the program lives on")

    @unittest.skipIf(ORDINARY or os.getuid() != 0, "chroot is for root, and no user namespace is made below it")
    def test_below_a_root_that_is_no_mount(self):
        if outside("unshare", "-m", "true").returncode != 0:
            self.skipTest("the root is no mount already: every other test shows it")
        script = ('set -e; mount --make-rprivate /; mkdir "$1"; for i in /*; do\n'
                  '  if [ -h "$i" ]; then cp -d "$i" "$1$i"; elif [ -d "$i" ]; then mkdir "$1$i"; mount --rbind "$i" "$1$i"; fi\n'
                  'done; exec chroot "$1" "$2" run -- sh -c "ls /dev/accel /sys/class/accel; pwd"')
        done = outside("unshare", "-m", "sh", "-c", script, "sh", f"{FOLDER}/tree", SIM)
        self.assertEqual((done.returncode, done.stdout), (0, "/dev/accel:\naccel0\n\n/sys/class/accel:\naccel0\n/\n"), done.stderr)
        os.rmdir(f"{FOLDER}/tree/sys")
        shutil.rmtree(f"{FOLDER}/tree")

    def test_idle_cards_use_no_cpu(self):
        self.idle_after("")

    def test_cards_that_were_used_use_no_cpu(self):
        self.idle_after("exec 5<>/dev/accel/accel0; exec 5>&-; sleep 0.2; ")

    def idle_after(self, before_that):
        process = subprocess.Popen(
            as_user([SIM, "run", "--cards", "16", "--", "bash", "-c", before_that + "echo ready; read line"]),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.assertEqual(process.stdout.readline(), "ready\n")

        def switches():
            with open(f"/proc/{process.pid}/status") as file:
                return sum(int(line.split()[1]) for line in file if "ctxt_switches" in line)
        def in_a_second():
            before = switches()
            time.sleep(1)
            return switches() - before

        # The start may go on for a while on a busy machine; what counts is the second behind it.
        seconds = [in_a_second()]
        while seconds[-1] > 2 and len(seconds) < 5:
            seconds.append(in_a_second())
        self.assertLessEqual(in_a_second(), 2, f"before that: {seconds}")
        process.communicate("done\n")
        self.assertEqual(process.returncode, 0)


class Refused(Test):
    def test_inside_another_run(self):
        process = run(SIM, "run", "--", "true")
        self.done(process, 10)
        self.assertEqual(len(process.stderr.splitlines()), 3, process.stderr)

    @unittest.skipIf(not ORDINARY, "root needs no user namespace")
    def test_without_user_namespaces(self):
        inner = f"echo 0 > /proc/sys/user/max_user_namespaces && exec setpriv --bounding-set=-all {SIM} run true"
        process = outside("unshare", "-Ur", "sh", "-c", inner)
        self.assertEqual(process.returncode, 10, process.stderr)
        self.assertIn("sysctl user.max_user_namespaces=", process.stderr)

if __name__ == "__main__":
    main()
