"""Cards broken on purpose, under the real driver: each fault is seen, named, and costs no more than its deadline.

One guest has several cards, each with a fault of its own; `server` below gives them out.
"""
import ctypes
import errno
import fcntl
import json
import os
import stat
import struct
import sys
import tempfile
import time

import guest
import tool

UTIL = f"{tool.BIN}/qaic-util"
RUN = f"{tool.BIN}/qaic-run"
DRIVER_TIME = 12  # seconds, of the driver's control_resp_timeout_s
MANAGE, PASSTHROUGH, STATUS = 0xC0106440, 1, 13  # of the ioctl, of the transaction, of the command in it
LIMIT = 3  # seconds, of the tools' --timeout
SLACK = 6  # seconds more, for a tool to start in a guest without KVM on a busy machine


def ask(node):
    """In the guest: what the driver itself says of a card that never answers STATUS. A reply takes up to 4 KiB."""
    request = ctypes.create_string_buffer(struct.pack("<IIII", PASSTHROUGH, 16, STATUS, 0), 4096)
    with open(node, "r+b", buffering=0) as file:
        began = time.monotonic()
        try:
            fcntl.ioctl(file, MANAGE, struct.pack("<IIQ", 16, 1, ctypes.addressof(request)))
        except OSError as error:
            print(errno.errorcode[error.errno], time.monotonic() - began)


def outcomes(faults, commands, ready_timeout="8s"):
    """One card per fault ("" is a whole one); the commands' outcomes."""
    with tempfile.TemporaryDirectory() as folder:
        server = f"{folder}/server"
        with open(server, "w", encoding="ascii") as file:
            file.write('#!/bin/sh\ncase " $* " in\n')
            for card, fault in enumerate(faults):
                if fault:
                    file.write(f'*" --card {card} "*) set -- "$@" --fault {fault} ;;\n')
            file.write(f'esac\nexec {guest.SIM} serve "$@"\n')
        os.chmod(server, stat.S_IRWXU)
        return guest.each(commands, ["--cards", str(len(faults)), "--server", server, "--ready-timeout", ready_timeout,
                                     "--module-parameter", f"control_resp_timeout_s={DRIVER_TIME}"])


def handshakes():
    faults = ("reply-crc", "protocol-version", "silent-handshake", "")
    one_by_one = {str(card): [UTIL, "-q", "-d", str(card)] for card in range(len(faults))}
    done = outcomes(faults, {"log": ["dmesg"], "all": [UTIL, "-q"], **one_by_one}, "20s")
    log, everything = done["log"], done["all"]
    for line in ("Control protocol version (65535.65535) not supported. Supported version is (5.0). Ret: -32",
                 "Control protocol version (4.0) not supported. Supported version is (5.0). Ret: 0",
                 "Control protocol version (65535.65535) not supported. Supported version is (5.0). Ret: -110"):
        tool.check(line in log.stdout, f"the driver says: {line}: {log.stdout[-1500:]}")
    tool.three_lines(everything, 8, "device-offline", "three cards that the driver refused, and one that it took")
    tool.equal(everything.stdout.replace(" ", "").count("Status:Ready"), 1, "the whole card is Ready")
    for card, fault in enumerate(faults):
        one = done[str(card)]
        if fault:
            tool.three_lines(one, 5, "device-offline", fault)
            tool.check("Status:Initializing" in one.stdout.replace(" ", ""), f"{fault}: {one.stdout}")
        else:
            tool.equal(one.returncode, 0, f"a whole card: {one.stderr}")


def deadlines():
    """A tool ends within its --timeout, whatever the card does; what a card returns is compared."""
    limit = ["--timeout", f"{LIMIT}s"]
    network = f"{tool.BUILD}/networks/digits"
    digits = [network, "-i", f"images={network}/images.npy", *limit]
    with tempfile.TemporaryDirectory() as folder:
        fast = tool.simulated([RUN, *digits, "-s", f"logits={folder}/logits.npy"])
        tool.equal(fast.returncode, 0, f"digits on the fast face: {fast.stderr}")
        digits += ["-e", f"logits={folder}/logits.npy"]
        commands = {
            "whole": [RUN, "-d", "3", *digits],
            "flipped": [RUN, "-d", "2", *digits],
            "the driver": [sys.executable, os.path.realpath(__file__), "ask", "/dev/accel/accel0"],
            "silent": [UTIL, "-q", "-d", "0", *limit],
            "partial": [UTIL, "-q", *limit],
            "table": [UTIL, *limit],
            "table of one": [UTIL, "-d", "0", *limit],
            "closing": [UTIL, "-q", "-d", "1", *limit],
            "closing again": [UTIL, "-d", "1", *limit],
            "run": [RUN, "-d", "1", *digits],
            "piped run": ["sh", "-c", " ".join([RUN, "-d", "1", "-j", *digits]) + " | cat"],
            "list": [UTIL, "list", "-d", "1"],
            "closing at the end": [UTIL, "-q", "-d", "1", *limit],
        }
        done = outcomes(("silent-status", "silent-terminate", "data-bit", ""), commands)
    tool.equal(done["whole"].returncode, 0, f"right outputs: {done['whole'].stderr}")
    tool.equal(done["flipped"].returncode, 1, f"a flipped bit is found: {done['flipped'].stderr}")
    said, seconds = [*done["the driver"].stdout.split(), "nothing", "0"][:2]
    tool.equal(said, "ETIMEDOUT", f"MANAGE: {done['the driver'].stderr[-400:]}")
    tool.check(DRIVER_TIME <= float(seconds) < DRIVER_TIME + SLACK, f"after control_resp_timeout_s: {seconds} s")
    for name in ("silent", "table of one"):
        tool.three_lines(done[name], 6, "card-no-answer", f"{name}: a card that never answers STATUS")
    for name in ("partial", "table"):
        tool.three_lines(done[name], 8, "card-no-answer", f"{name}: one of four never answers STATUS")
    for name in ("closing", "closing again"):
        tool.equal(done[name].returncode, 0, f"{name}: a card that never answers TERMINATE: {done[name].stderr}")
    for name, one in done.items():
        print(f"{name}: exit code {one.returncode} after {one.seconds:.1f} s")
        if name not in ("whole", "flipped", "the driver"):
            tool.check(one.seconds < LIMIT + SLACK, f"{name}: {one.seconds:.1f} s for a --timeout of {LIMIT} s")
    tool.equal(done["run"].returncode, 0, f"a run whose end is not answered: {done['run'].stderr}")
    for name in ("run", "piped run"):
        tool.check("warning: card 1 has not let go" in done[name].stderr, f"{name} says so: {done[name].stderr}")
    tool.check("equals the expected output" in done["run"].stdout, f"and its outputs were right: {done['run'].stdout}")
    tool.equal(json.loads(done["piped run"].stdout)["exit_code"], 0, "what it is piped into comes to its end")
    tool.equal((done["list"].returncode, done["closing at the end"].returncode), (0, 0), "the card can be asked meanwhile")


if sys.argv[1:2] == ["ask"]:
    ask(sys.argv[2])
else:
    guest.prepare()
    handshakes()
    deadlines()
    tool.end()
