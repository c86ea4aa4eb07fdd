"""A preparation that cannot be done says why, with exit code 10, and leaves nothing behind; without any network.

Programs of the same names stand before apt's and dpkg's in PATH, and make packages of nothing.
"""
import fcntl
import glob
import io
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time

import tool

SIM = os.path.join(tool.BIN, "qaic-sim")
RELEASE = "6.12.1+deb13-amd64"
STUBS = {
    "apt-get": """
for word in "$@"; do case $word in Dir::Cache=*) cache=${word#*=} ;; esac; done
case " $* " in
  *" indextargets "*) echo "Debian http://localhost/debian trixie" ;;
  *" install "*) touch "$cache"/archives/{libc6,qemu-system-x86}_1_amd64.deb ;;
  *" download "*) while [ "$1" != download ]; do shift; done; shift; for name; do touch "${name}_1_amd64.deb"; done ;;
esac""",
    "apt-cache": f"""
case " $* " in
  *" policy "*) echo "  Candidate: 1:10.1" ;;
  *" pkgnames "*) echo linux-image-{RELEASE}-unsigned ;;
  *) exit 1 ;;
esac""",
    "dpkg-deb": f"""
case $1 in
  -x) mkdir -p "$3"/usr/{{bin,lib64,src/linux-headers-{RELEASE}}}
      echo vfio-user-pci >"$3/usr/bin/qemu-system-x86_64"; chmod +x "$3/usr/bin/qemu-system-x86_64"
      touch "$3/usr/lib64/ld-linux-x86-64.so.2" ;;
  -W) echo "${{@: -1}} 1" ;;
  --fsys-tarfile) cat "${{0%/*}}/source.tar" ;;
esac""",
}


def add_file(archive, name, content):
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


def linux_source():
    """What the package linux-source-6.12 holds, as dpkg-deb gives it."""
    inner, outer = io.BytesIO(), io.BytesIO()
    with tarfile.open(fileobj=inner, mode="w:xz") as archive:
        add_file(archive, "linux-source-6.12/drivers/accel/qaic/Makefile", b"obj-m += qaic.o\n")
    with tarfile.open(fileobj=outer, mode="w") as archive:
        add_file(archive, "./usr/src/linux-source-6.12.tar.xz", inner.getvalue())
    return outer.getvalue()


class Host:
    """A cache and programs before those of the host; `failing` are lines that precede a program's own."""

    def __init__(self, folder, failing, cached=()):
        self.folder, self.cache = folder, f"{folder}/cache"
        os.makedirs(f"{folder}/stubs")
        for name in {**STUBS, **failing}:
            self.add_program(name, failing.get(name, ""))
        with open(f"{folder}/stubs/source.tar", "wb") as file:
            file.write(linux_source())
        for part in cached:
            os.makedirs(f"{self.cache}/{part}/modules")
            for name in ("kernel", "packages", "release"):
                with open(f"{self.cache}/{part}/{name}", "w", encoding="ascii") as file:
                    file.write(f"{RELEASE}\n")

    def add_program(self, name, before):
        path = f"{self.folder}/stubs/{name}"
        rest = STUBS.get(name) or f'exec {shutil.which(name)} "$@"'
        with open(path, "w", encoding="ascii") as file:
            file.write(f"#!/bin/bash\n{before}\n{rest}\n")
        os.chmod(path, 0o755)

    def start(self, *options):
        return subprocess.Popen([SIM, "vm", "--cache", self.cache, "--prepare", *options], text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                env={**tool.ENVIRONMENT, "PATH": f"{self.folder}/stubs:{tool.ENVIRONMENT['PATH']}"})

    def left_behind(self):
        return glob.glob(f"{self.cache}/.work.*") + glob.glob(f"{self.cache}/build-*/tree/build-*")


def refused(what, failing, reason, cached=(), options=()):
    """The preparation ends with this reason, once."""
    with tempfile.TemporaryDirectory() as folder:
        host = Host(folder, failing, cached)
        process = host.start(*options)
        output, error = process.communicate(timeout=60)
        tool.equal((process.returncode, output), (10, ""), f"{what}: {error[-600:]}")
        lines = error.strip().split("\n")
        tool.check("id: vm-prepare" in lines[-1] and reason in lines[-3], f"{what}: it is said why: {lines[-5:]}")
        tool.equal(error.count(reason), 1, f"{what}: once: {error[-600:]}")
        tool.equal(host.left_behind(), [], f"{what}: left behind")
        return error, [part for part in cached if os.path.exists(f"{host.cache}/{part}/packages")]


def failing(condition, message="No space left on device", code=2):
    return f'if {condition}; then echo "{message}" >&2; exit {code}; fi'


def reasons():
    refused("a package that does not unpack", {"dpkg-deb": failing('[ "$1" = -x ]')}, "libc6_1_amd64.deb cannot be unpacked")
    refused("a command without a reason of its own", {"mv": failing('[ "$1" = -T ]')}, "exit code 2: mv -T")
    refused("a command whose output goes elsewhere", {"dpkg-deb": failing('[ "$1" = -W ]')}, "exit code 2: dpkg-deb -W")
    refused("apt that fails", {"apt-get": failing("[[ $* = *indextargets* ]]", "no such option", 100)},
            "this machine's apt sources name no Debian mirror")
    refused("driver source that does not unpack", {"tar": failing('[ "$1" = -x ]')},
            "the driver's source cannot be unpacked out of linux-source-6.12", ["qemu"])


def what_drivers_are_built_with():
    """A kernel in the cache is of no use to build a driver for when build-SERIES was removed."""
    with tempfile.TemporaryDirectory() as source:
        with open(f"{source}/Makefile", "w", encoding="ascii") as file:
            file.write("obj-m += qaic.o\n")
        parts = ["qemu", "kernel-6.12"]
        error, left = refused("a cache without build-6.12", {"apt-get": failing("[[ $* = *update* ]]", "no network", 100)},
                              "apt cannot read", parts, ["--module", source])
        tool.check("the cache has kernel 6.12, but not what drivers are built with" in error, f"it is said: {error}")
        tool.equal(left, parts, "what the cache had is still there")


def processes_below(folder):
    """Ids of those in whose environment PATH names this folder's programs."""
    out = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                if f"PATH={folder}/stubs:".encode() in file.read():
                    out.append(pid)
        except OSError:
            continue
    return out


def interrupted(what, number, host, until):
    """A preparation that has come to `until`, in its standard error, ends at once by a signal."""
    process = host.start()
    heard = ""
    while until not in heard and (line := process.stderr.readline()):
        heard += line
    deadline = time.monotonic() + 20
    while len(processes_below(host.folder)) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)  # it has said what it waits for, and is about to
    tool.check(until in heard and len(processes_below(host.folder)) > 2, f"{what}: it has come so far: {heard}")
    began = time.monotonic()
    process.send_signal(number)
    try:
        process.communicate(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        for pid in processes_below(host.folder):
            os.kill(int(pid), signal.SIGKILL)
        process.communicate()
    seconds = time.monotonic() - began
    print(f"{what}: {seconds:.2f} s")
    tool.equal(process.returncode, 128 + number, f"{what}: exit code")
    tool.check(seconds < 5, f"{what}: after {seconds:.2f} s")
    tool.equal(processes_below(host.folder), [], f"{what}: processes that are left")
    tool.equal(host.left_behind() + glob.glob(f"/tmp/qaic-vm.{process.pid}.*"), [], f"{what}: left behind")


def interruptions():
    with tempfile.TemporaryDirectory() as folder:
        host = Host(folder, {})
        os.makedirs(host.cache)
        with open(f"{host.cache}/.lock-qemu", "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            interrupted("SIGTERM while another run prepares", signal.SIGTERM, host, "waiting for another run")
    for number in (signal.SIGTERM, signal.SIGINT):
        with tempfile.TemporaryDirectory() as folder:
            host = Host(folder, {"apt-get": 'if [[ $* = *update* ]]; then echo fetching >&2; sleep 60; fi'})
            interrupted(f"{number.name} during a download", number, host, "fetching")
    with tempfile.TemporaryDirectory() as folder:
        host = Host(folder, {"dpkg-deb": 'if [ "$1" = -x ]; then echo unpacking >&2; (sleep 60; true) | cat; fi'})
        interrupted("SIGTERM in a pipeline", signal.SIGTERM, host, "unpacking")


def unread():
    with tempfile.TemporaryDirectory() as folder:
        host = Host(folder, {})
        process = host.start()
        process.stderr.readline()
        process.stderr.close()
        output, _ = process.communicate(timeout=60)
        tool.equal((process.returncode, output), (128 + signal.SIGPIPE, ""), "nobody reads its progress")
        tool.equal(host.left_behind() + glob.glob(f"/tmp/qaic-vm.{process.pid}.*"), [], "nobody reads it: left behind")


if not os.access("/usr/share/keyrings/debian-archive-keyring.gpg", os.R_OK):
    print("skipped: no /usr/share/keyrings/debian-archive-keyring.gpg")
    sys.exit(77)
reasons()
what_drivers_are_built_with()
interruptions()
unread()
tool.end()
