"""What the tests of this folder share: the programs where another user can reach
them, and how they are run. With the argument "ordinary" as uid 65534 (or as
whoever runs the tests, if that is not root)."""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

BUILD = os.environ["QAIC_BUILD"]
HERE = os.path.dirname(os.path.abspath(__file__))
ORDINARY = "ordinary" in sys.argv[1:]
NOBODY = 65534
CARD = "0000:81:00.0"
NODE = "/dev/accel/accel0"
FOLDER = tempfile.mkdtemp(prefix="qaic-sim-test-")


def stage():
    """Where another user can reach the programs too."""
    os.chmod(FOLDER, 0o755)
    os.makedirs(f"{FOLDER}/bin")
    shutil.copy(f"{BUILD}/bin/qaic-sim", f"{FOLDER}/bin")
    for name in ("sim_client", "sim_discover", "sim_drm_client"):
        shutil.copy(f"{BUILD}/tests/{name}", FOLDER)
    for name in ("debug_client.py", "python_client.py", "prime_client.py"):
        shutil.copy(f"{HERE}/{name}", FOLDER)
    shutil.copy(f"{BUILD}/bin/qaic-util", f"{FOLDER}/bin")
    shutil.copytree(f"{BUILD}/lib", f"{FOLDER}/lib", ignore=shutil.ignore_patterns("internal"))
    if os.path.isdir(f"{BUILD}/libexec"):
        shutil.copytree(f"{BUILD}/libexec", f"{FOLDER}/libexec")


SIM = f"{FOLDER}/bin/qaic-sim"
CLIENT = f"{FOLDER}/sim_client"


def as_user(command):
    if ORDINARY and os.getuid() == 0:
        return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *command]
    return list(command)


def run(*command, options=(), **more):
    return subprocess.run(as_user([SIM, "run", "--verify-clean", *options, "--", *command]), capture_output=True,
                          text=True, timeout=100, check=False, **more)


def outside(*command, **more):
    return subprocess.run(as_user(command), capture_output=True, text=True, timeout=100, check=False, **more)


class Test(unittest.TestCase):
    def done(self, process, code=0):
        self.assertEqual(process.returncode, code, process.stdout + process.stderr)
        if code == 0:
            self.assertNotIn("qaic-sim:", process.stderr)
        return process


def main():
    if ORDINARY and outside("unshare", "-U", "true").returncode != 0:
        print("an ordinary user may make no user namespace here, as below a chroot", file=sys.stderr)
        shutil.rmtree(FOLDER)
        sys.exit(77)
    stage()
    try:
        unittest.main(argv=[sys.argv[0]] + [a for a in sys.argv[1:] if a != "ordinary"])
    finally:
        shutil.rmtree(FOLDER)
