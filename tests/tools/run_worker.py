"""qaic-run and its worker: signals, a worker that stops or dies, and streams that end with the run.

Started with "inside" it is the part that runs among the simulated cards."""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import tool

SCALE_ADD = f"{tool.BUILD}/networks/scale-add"
DEAF = f"{tool.BUILD}/networks/deaf"  # never takes its input
ENDLESS = ["qaic-run", SCALE_ADD, "--random", "-n", "1000000000"]


def state(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
        return file.read().rpartition(")")[2].split()[0]


def wait_for(condition, what):
    for _ in range(2000):
        if condition():
            return True
        time.sleep(0.01)
    tool.check(False, what)
    return False


def descends(pid):
    """Whether it is of this test: others use cards of their own meanwhile."""
    while pid > 1 and pid != os.getpid():
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            pid = int(file.read().rpartition(")")[2].split()[1])
    return pid == os.getpid()


def holders():
    """The processes that have a card open."""
    found = set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if not descends(int(pid)):
                continue
            links = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
            with open(f"/proc/{pid}/comm", encoding="ascii") as file:
                name = file.read()
        except (OSError, UnicodeDecodeError):
            continue
        if name == "qaic-run\n" and any("accel" in link for link in links):
            found.add(int(pid))
    return found


def started(arguments, **more):
    """A run and the process id of its worker, once that runs inferences."""
    run = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)
    children = f"/proc/{run.pid}/task/{run.pid}/children"

    def has_worker():
        with open(children, encoding="ascii") as file:
            return file.read().split()
    wait_for(has_worker, "a worker")
    worker = int(has_worker()[0])
    # SIGTERM is caught from when the card is used.
    wait_for(lambda: caught(worker) >> (signal.SIGTERM - 1) & 1, "the worker uses the card")
    time.sleep(0.2)
    return run, worker


def caught(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(next(line for line in file if line.startswith("SigCgt")).split()[1], 16)


def gone(pid):
    try:
        return state(pid) == "Z"
    except OSError:
        return True


def end(run):
    stdout, stderr = run.communicate(timeout=60)
    return subprocess.CompletedProcess(run.args, run.returncode, stdout, stderr)


def signals():
    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        run, worker = started(ENDLESS)
        tool.equal(holders(), {worker}, "only the worker has the card open")
        run.send_signal(number)
        done = end(run)
        tool.equal(done.returncode, code, f"{number.name} to qaic-run: {done.stderr[:300]}")
        tool.check("inferences, median" in done.stdout, f"{number.name}: what was done is reported: {done.stdout[:200]}")
        tool.check(gone(worker), f"{number.name}: the worker ended before qaic-run")

    # As a terminal does it: to all of the group. One key is one request.
    run, worker = started(ENDLESS, start_new_session=True)
    os.killpg(run.pid, signal.SIGINT)
    done = end(run)
    tool.equal(done.returncode, 130, f"Ctrl-C: {done.stderr[:300]}")
    tool.check("inferences, median" in done.stdout, f"Ctrl-C: the network was unloaded first: {done.stdout[:200]}")

    run, worker = started(ENDLESS)
    os.kill(worker, signal.SIGSTOP)  # heeds nothing
    run.send_signal(signal.SIGTERM)
    time.sleep(0.8)
    tool.equal(run.poll(), None, "the first signal waits for the worker")
    run.send_signal(signal.SIGINT)
    done = end(run)
    tool.equal(done.returncode, -signal.SIGINT, "a second signal ends it at once")
    wait_for(lambda: gone(worker), "the second signal ends the worker too")

    run, worker = started(ENDLESS)
    os.kill(worker, signal.SIGSTOP)  # it does not notice by itself
    run.kill()
    end(run)
    wait_for(lambda: gone(worker), "a worker does not outlive a qaic-run that was killed")

    waiting = subprocess.Popen(["qaic-run", SCALE_ADD, "-i", "0=-", "--zero"], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(0.5)
    waiting.send_signal(signal.SIGTERM)
    waiting.wait(timeout=60)
    tool.equal(waiting.returncode, -signal.SIGTERM, "a signal before the card is used ends it as ever")
    waiting.communicate()


def deadlines():
    run, worker = started([*ENDLESS, "--timeout", "500ms"])
    began = time.monotonic()
    os.kill(worker, signal.SIGSTOP)
    done = end(run)
    seconds = time.monotonic() - began
    tool.three_lines(done, 6, "card-no-answer", "a worker that stopped")
    tool.check("card 0: no answer" in done.stderr, f"the card is named: {done.stderr}")
    tool.equal(done.stdout, "", "a worker that stopped: nothing on stdout")
    tool.check(3 < seconds < 20, f"500 ms, the margin, and a second to leave: {seconds:.1f} s")
    wait_for(lambda: gone(worker), "a worker that stopped is ended")

    run, worker = started([*ENDLESS, "--timeout", "500ms", "-j"])
    os.kill(worker, signal.SIGSTOP)
    done = end(run)
    document = tool.document(done, "a worker that stopped, -j")
    tool.equal((document["status"], document["errors"][0]["id"], document["errors"][0]["qid"], document["devices"]),
               ("failed", "card-no-answer", 0, []), "a worker that stopped, -j")

    # No deadline while nothing of the card is waited for.
    slow = subprocess.Popen(["qaic-run", SCALE_ADD, "-i", "2=-", "--zero", "--timeout", "100ms"], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(4.5)
    out, err = slow.communicate(b"\0\0\0\0", timeout=60)
    tool.equal(slow.returncode, 0, f"stdin may take its time: {err}")
    # A run that lasts longer than its --timeout is not late.
    done = tool.run(["timeout", "-s", "INT", "5", *ENDLESS, "--timeout", "500ms"])
    tool.check("inferences, median" in done.stdout, f"many inferences, each in time: {done.stderr}")

    run, worker = started(ENDLESS)
    os.kill(worker, signal.SIGABRT)
    done = end(run)
    tool.three_lines(done, 12, "worker-died", "a worker that crashed")
    tool.check("Aborted" in done.stderr, f"how it died: {done.stderr}")


def before_anything_starts():
    """--help, --version and a wrong command line need no worker, so not even a whole installation."""
    with tempfile.TemporaryDirectory() as folder:
        # A worker would be found here: the program starts its own file.
        program = f"{folder}/qaic-run"
        shutil.copy(f"{tool.BIN}/qaic-run", program)
        for arguments, code in ((["--help"], 0), (["--version"], 0), ([], 2), ([SCALE_ADD, "--zero", "--random"], 2),
                                ([SCALE_ADD, "--zero"], 12)):
            # From a descriptor of a file that has gone, no second process can be started.
            done = tool.run([sys.executable, "-c", "import os, sys; program = sys.argv[1]; file = os.open(program, os.O_RDONLY); "
                             "copy = program + '-1'; os.link(program, copy); fd = os.open(copy, os.O_RDONLY); os.unlink(copy); "
                             "os.set_inheritable(fd, True); os.execve(fd, ['qaic-run', *sys.argv[2:]], os.environ)",
                             program, *arguments])
            tool.equal(done.returncode, code, f"{arguments}: {done.stderr[:200]}")
    tool.three_lines(tool.run(["qaic-run", "--as-worker", SCALE_ADD, "--zero"]), 2, "usage", "a worker without a starter")


if sys.argv[1:] == ["inside"]:
    signals()
    deadlines()
    tool.equal(holders(), set(), "the card is free at the end")
    tool.end()
else:
    inside = tool.simulated([sys.executable, os.path.realpath(__file__), "inside"])
    tool.equal(inside.returncode, 0, f"among simulated cards:\n{inside.stdout}{inside.stderr[-2000:]}")
    before_anything_starts()
    tool.end()
