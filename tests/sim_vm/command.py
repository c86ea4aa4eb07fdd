"""A command in a guest behaves as on the host: streams, files, exit code, environment, user."""
import os
import shutil
import subprocess
import tempfile

import guest
import tool

release = guest.prepare()

SCRIPT = """
uname -r
cat
echo to-stderr >&2
echo "$VM_TEST_VARIABLE"
pwd
cat given.txt
echo made in the guest > made.txt
head -c 3000000 /dev/zero > large.bin
{ echo x > /usr/not-to-be-written; } 2>/dev/null || echo read-only
exit 41
"""
with tempfile.TemporaryDirectory(dir=os.path.expanduser("~") if os.access(os.path.expanduser("~"), os.W_OK) else None) as folder:
    folder = os.path.realpath(folder)
    with open(f"{folder}/given.txt", "w", encoding="ascii") as file:
        file.write("from the host\n")
    typed = "".join(f"line {i}\n" for i in range(20000))
    done = guest.run("sh", "-c", SCRIPT, options=["--kernel-log", f"{folder}/kernel.log"], cwd=folder, input=typed,
                     environment={"VM_TEST_VARIABLE": "a value, with = and spaces"})
    tool.equal(done.returncode, 41, f"exit code of the command: {done.stderr[-600:]}")
    wanted = f"{release}\n{typed}a value, with = and spaces\n{folder}\nfrom the host\nread-only\n"
    tool.check(done.stdout == wanted,
               f"standard output: {len(done.stdout)} bytes for {len(wanted)}, end {done.stdout[-200:]!r}")
    tool.equal(done.stderr, "to-stderr\n", "standard error, apart from output")
    with open(f"{folder}/made.txt", encoding="ascii") as file:
        tool.equal(file.read(), "made in the guest\n", "a file that the guest wrote")
    tool.equal(os.path.getsize(f"{folder}/large.bin"), 3000000, "all of a large file")
    with open(f"{folder}/kernel.log", encoding="utf-8", errors="replace") as file:
        log = file.read()
    tool.check("Linux version " + release in log and "qaic" in log, f"the kernel's log is kept: {log[:200]!r}")

killed = guest.run("sh", "-c", "kill -TERM $$")
tool.equal(killed.returncode, 128 + 15, f"a command that a signal ended: {killed.stderr[-600:]}")
missing = guest.run("no-such-command-at-all")
tool.equal(missing.returncode, 127, "a command that does not exist")
tool.check("no-such-command-at-all: No such file" in missing.stderr, f"its name is said: {missing.stderr}")

# An ordinary user, with what the cache already holds.
if os.geteuid() == 0 and shutil.which("setpriv"):
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    with tempfile.TemporaryDirectory() as cache, tempfile.TemporaryDirectory() as programs:
        os.chmod(programs, 0o755)  # the build may lie where only root can look
        os.makedirs(f"{programs}/bin")
        shutil.copy(f"{tool.BIN}/qaic-sim", f"{programs}/bin")
        shutil.copytree(f"{tool.BUILD}/libexec", f"{programs}/libexec")
        for part in ("qemu", "kernel-" + guest.KERNEL.removesuffix(".x")):
            shutil.copytree(f"{base}/qaic-sim/vm/{part}", f"{cache}/{part}", symlinks=True)
        for parent, names, files in os.walk(cache):
            for name in [".", *names, *files]:
                os.chown(os.path.join(parent, name), 65534, 65534, follow_symlinks=False)
        ordinary = subprocess.run(
            ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--no-new-privs",
             f"{programs}/bin/qaic-sim",
             *guest.command("sh", "-c", f"id -u; echo mine > {cache}/by-the-guest; ls /dev/accel",
                            options=["--cache", cache])[1:]],
            capture_output=True, text=True, timeout=300, check=False, cwd="/tmp", env=tool.ENVIRONMENT)
        tool.equal((ordinary.returncode, ordinary.stdout), (0, "0\naccel0\n"),
                   f"uid 65534 on the host, root in the guest: {ordinary.stderr[-600:]}")
        tool.equal(os.stat(f"{cache}/by-the-guest").st_uid, 65534, "what the guest writes belongs to the user")

tool.end()
