"""What ends a guest before its time is said, at once, with its own exit code; nothing is left behind."""
import glob
import os
import select
import signal
import subprocess

import guest
import tool

guest.prepare()
WAIT = ("sh", "-c", "echo begun; sleep 600")

dies = guest.Running(*WAIT)
tool.equal(dies.first_line, "begun\n", "the command begins")
servers = dies.children("serve")
tool.equal(len(servers), 1, "one server for one card")
tool.equal(len(glob.glob(f"/tmp/qaic-vm.{dies.process.pid}.*")), 1, "a folder for the run")
for pid in servers:
    os.kill(pid, signal.SIGSEGV)
code, error, seconds = dies.end()
tool.equal(code, 12, f"a card that crashed: {error[-600:]}")
tool.check("card 0: its process ended by a signal (Segmentation fault)" in error and "id: vm-card" in error,
           f"it is said: {error}")
tool.check(seconds < 10, f"at once: {seconds:.1f} s")

interrupted = guest.Running(*WAIT)
interrupted.process.send_signal(signal.SIGINT)
code, error, seconds = interrupted.end()
tool.equal((code, error), (130, ""), "Ctrl-C")
tool.check(seconds < 10, f"Ctrl-C ends the guest at once: {seconds:.1f} s")

# It writes to QEMU before it learns that QEMU is dead.
orphaned = guest.Running("sh", "-c", "echo begun; cat", stdin=subprocess.PIPE)
tool.equal(orphaned.first_line, "begun\n", "the command begins")
orphaned.process.send_signal(signal.SIGSTOP)
for pid in orphaned.children("-nodefaults"):
    qemu = os.pidfd_open(pid)
    os.kill(pid, signal.SIGKILL)
    select.select([qemu], [], [], 60)
    os.close(qemu)
orphaned.process.stdin.write("to nobody\n")
orphaned.process.stdin.flush()
orphaned.process.send_signal(signal.SIGCONT)
code, error, seconds = orphaned.end()
tool.equal(code, 7, f"QEMU was killed: {error[-600:]}")
tool.check("the guest ended before the command did (QEMU: Killed)" in error, f"it is said: {error[-600:]}")

unread = guest.Running("sh", "-c", "echo begun; while sleep 0.1; do echo more; done")
tool.equal(unread.first_line, "begun\n", "the command begins")
unread.process.stdout.close()
code, error, seconds = unread.end()
tool.equal((code, error), (128 + signal.SIGPIPE, ""), "nobody reads what the command prints")
tool.check(seconds < 10, f"the guest ends at once: {seconds:.1f} s")

with open("/dev/full", "w", encoding="ascii") as full:
    lost = subprocess.run(guest.command("echo", "lost"), stdout=full, stderr=subprocess.PIPE, text=True, timeout=300,
                          env=tool.ENVIRONMENT, check=False)
tool.three_lines(lost, 5, "file-write", "output that finds no space")

slow = guest.run(*WAIT, limit="1s")
tool.three_lines(slow, 6, "vm-timeout", "a guest that takes too long")

panic = guest.run("sh", "-c", "echo c > /proc/sysrq-trigger; sleep 60")
tool.equal(panic.returncode, 7, f"a panic: {panic.stderr[-400:]}")
tool.check("the guest's kernel panicked" in panic.stderr and "sysrq triggered crash" in panic.stderr,
           f"it is said, with what the kernel printed: {panic.stderr[-400:]}")

warned = guest.run("sh", "-c", "echo l > /proc/sysrq-trigger; echo done", options=["--fail-on-warning"])
tool.equal((warned.returncode, warned.stdout), (1, "done\n"), f"a call trace in the kernel's log: {warned.stderr[-400:]}")
tool.check("the guest's kernel complained:" in warned.stderr, f"it is shown: {warned.stderr[-400:]}")

absent = guest.run("echo", "nevertheless", options=["--server", "/bin/false"])
tool.three_lines(absent, 7, "vm-card", "a server that does not start")
wrong = guest.run("echo", "nevertheless", options=["--module-parameter", "no_such_parameter=1"])
tool.equal((wrong.returncode, wrong.stdout), (0, "nevertheless\n"), "unknown module parameters are the kernel's to judge")

for ended in (dies, interrupted, orphaned, unread):
    tool.equal(ended.left_behind(), [], "nothing is left")
tool.end()
