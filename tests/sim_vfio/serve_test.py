"""qaic-sim serve as a process: says when it is ready, answers a client, ends when told, leaves no file behind,
and says what is wrong in three lines."""
import os
import signal
import socket
import struct
import subprocess
import tempfile

import tool

SERVE = [os.path.join(tool.BIN, "qaic-sim"), "serve"]


def start(path, *options):
    server = subprocess.Popen([*SERVE, "--socket", path, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True)
    tool.equal(server.stdout.readline(), f"ready {path}\n", "says that it is ready, and where")
    return server


def end(server, number=None):
    if number is not None:
        server.send_signal(number)
    out, err = server.communicate(timeout=60)
    return server.returncode, out, err


class Client:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(60)
        self.socket.connect(path)
        self.ask(1, struct.pack("<HH", 0, 0))

    def ask(self, command, payload):
        self.socket.sendall(struct.pack("<HHIII", 1, command, 16 + len(payload), 0, 0) + payload)
        size = struct.unpack("<HHIII", self.exactly(16))[2]
        return self.exactly(size - 16)

    def exactly(self, size):
        data = b""
        while len(data) < size:
            piece = self.socket.recv(size - len(data))
            tool.check(piece, "the server stays")
            data += piece
        return data

    def read(self, region, offset, size):
        return self.ask(9, struct.pack("<QII", offset, region, size))[16:]

    def execution_environment(self):
        bhi = struct.unpack("<I", self.read(0, 0x28, 4))[0]
        return struct.unpack("<I", self.read(0, bhi + 0x28, 4))[0]


with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "card")
    for number in (signal.SIGTERM, signal.SIGINT):
        server = start(path)
        client = Client(path)
        tool.equal(client.read(7, 0, 4), bytes.fromhex("cb1700a1"), "vendor and device")
        tool.equal(client.execution_environment(), 0, "a card waits in its boot ROM")
        tool.equal(end(server, number), (0, "", ""), f"ends at signal {number}")
        tool.check(not os.path.exists(path), "leaves no socket behind")

    server = start(path, "--boot", "amss", "--sku", "080", "--interrupts", "msix", "--once", "--statistics")
    again = tool.run([*SERVE, "--socket", path])
    tool.three_lines(again, 5, "socket-in-use", "a second server at the same path")
    client = Client(path)
    tool.equal(client.read(7, 0, 4), bytes.fromhex("cb1780a0"), "an AIC080 is another device")
    tool.equal(client.execution_environment(), 2, "with --boot amss it is up")
    tool.equal(client.ask(7, struct.pack("<IIII", 16, 0, 2, 0))[12:], struct.pack("<I", 32), "MSI-X vectors")
    client.socket.close()
    code, out, err = end(server)
    tool.equal((code, err), (0, ""), "--once ends with its client")
    tool.check(out.startswith("statistics reads=3 writes=0 read_median_us="), f"statistics count: {out}")

    # What may befall it, by the name that it was given.
    name = f"serve-{os.getpid()}"

    def inject(*what):
        return tool.run([os.path.join(tool.BIN, "qaic-sim"), "inject", "--name", name, *what])

    tool.three_lines(inject("sys-err"), 3, "sim-not-running", "a name that no card has")
    server = start(path, "--name", name)
    client = Client(path)
    tool.three_lines(inject("ras", "ddr", "correctable"), 5, "not-ready", "a card in its boot ROM reports no errors")
    tool.three_lines(inject("remove"), 2, "usage", "a card that its virtual machine holds is not pulled out")
    tool.equal(struct.unpack("<I", client.read(0, 0x48, 4))[0], 0, "MHISTATUS before")
    tool.equal(inject("sys-err").returncode, 0, "SYS_ERR")
    tool.equal(struct.unpack("<I", client.read(0, 0x48, 4))[0] >> 8, 0xFF, "MHISTATUS says it")
    code, out, err = end(server, signal.SIGTERM)
    tool.equal((code, err), (0, ""), "with a name it ends as without")

    server = start(path, "--name", name, "--boot", "amss")
    client = Client(path)
    tool.equal(inject("ras", "ddr", "correctable").returncode, 0, "a reliability event")
    tool.three_lines(inject("crash", "3"), 9, "no-network", "no network runs on channel 3")
    tool.equal(inject("card-crash").returncode, 0, "the whole card crashes")
    code, out, err = end(server, signal.SIGTERM)
    tool.equal(code, 0, "ends")
    tool.check("qaic-sim: the card crashed: injected\n" in err, f"and says so: {err}")

    server = start(path)
    tool.equal(end(server, signal.SIGKILL)[0], -9, "killed")
    tool.check(os.path.exists(path), "a killed server leaves its socket")
    server = start(path)
    tool.equal(end(server, signal.SIGTERM)[0], 0, "which the next one takes over")

    for options, error_id, what in (([], "usage", "no socket"),
                                    (["--socket", path, "--sku", "none"], "usage", "an unknown SKU"),
                                    (["--socket", path, "--boot", "flash"], "usage", "an unknown way to boot"),
                                    (["--socket", path, "--interrupts", "intx"], "usage", "unknown interrupts"),
                                    (["--socket", path, "--soc", "1"], "usage", "a SoC that the board lacks"),
                                    (["--socket", path, "--set", "colour=red"], "sim-setting", "an unknown setting"),
                                    (["--socket", path, "rest"], "usage", "an argument too many")):
        tool.three_lines(tool.run([*SERVE, *options]), 2, error_id, what)
        tool.check(not os.path.exists(path), f"{what}: no socket")
    missing = tool.run([*SERVE, "--socket", os.path.join(folder, "no", "such")])
    tool.check(missing.returncode != 0 and "id: socket-create" in missing.stderr, "a folder that is not there")
tool.end()
