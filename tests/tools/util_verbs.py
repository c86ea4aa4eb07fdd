"""qaic-util's other verbs: documents, selectors, verdicts, errors."""
import json
import os

import tool


def documents():
    for command in (["list"], ["show"], ["health"], [], ["-q"]):
        done = tool.simulated(["qaic-util", *command, "-j"], ["--cards", "2"])
        parsed = tool.document(done, f"{command} -j")
        tool.equal(len(parsed.get("devices", [])), 2, f"{command}: devices")
        addresses = [device["pci_address"] for device in parsed.get("devices", [])]
        tool.equal(addresses, sorted(addresses), f"{command}: ordered by PCI address")
    none = tool.run(["qaic-util", "list", "-j"])
    if os.path.exists("/dev/accel"):
        return
    parsed = tool.document(none, "list without a card")
    tool.equal((none.returncode, parsed["devices"]), (3, []), "no card: exit 3, empty devices, still a document")
    bare = tool.run(["qaic-util", "-q"])
    tool.equal(bare.stdout, "", "-q without a card: empty stdout")
    tool.three_lines(bare, 3, "no-driver", "-q without a card")


def selectors():
    def qids(*selectors, environment=None):
        command = ["qaic-util", "list", "-j"]
        for selector in selectors:
            command += ["-d", selector]
        done = tool.simulated(command, ["--cards", "3"], environment=environment)
        return done.returncode, [device["qid"] for device in json.loads(done.stdout)["devices"]]

    shown = json.loads(tool.simulated(["qaic-util", "show", "-j"], ["--cards", "3"]).stdout)["devices"]
    middle = shown[1]
    tool.equal(qids(), (0, [0, 1, 2]), "all cards")
    for selector in ("1", os.path.basename(middle["node"]), middle["node"], middle["pci_address"],
                     middle["pci_address"][5:], middle["card"]["hw_serial"], middle["card"]["board_serial"]):
        tool.equal(qids(selector), (0, [1]), f"-d {selector}")
    tool.equal(qids("2", "0", "2"), (0, [0, 2]), "each card once, by PCI address")
    tool.equal(qids("7"), (3, []), "a position that is not there")
    tool.equal(qids("0", "no-such-serial"), (8, [0]), "partial: one selector matches nothing")
    tool.equal(qids(environment={"QAIC_VISIBLE_DEVICES": "0,2"}), (0, [0, 2]), "QAIC_VISIBLE_DEVICES does not renumber")
    tool.equal(qids("1", environment={"QAIC_VISIBLE_DEVICES": "0,2"}), (3, []), "a hidden card matches nothing")
    ultra = tool.simulated(["qaic-util", "list", "-j", "-d", "0"], ["--sku", "ultra"])
    tool.equal(len(json.loads(ultra.stdout)["devices"]), 1, "one SoC of a board of four")
    shown = json.loads(tool.simulated(["qaic-util", "show", "-j"], ["--sku", "ultra"]).stdout)["devices"]
    tool.equal(len(shown), 4, "an Ultra card is four QIDs")
    tool.equal(len({device["card"]["board_serial"] for device in shown}), 1, "with one board serial")


def verdicts():
    for settings, exit_code, verdict, reason in [
        ([], 0, "ok", None),
        (["--set", "retired_pages=2"], 0, "warning", "pages-retired"),
        (["--set", "nsp_pg_mask=0x4"], 0, "warning", "nsp-defective"),
        (["--set", "need_reset_to_retire_pages=1"], 1, "fail", "reset-needed"),
    ]:
        done = tool.simulated(["qaic-util", "health", "-j"], settings)
        tool.equal(done.returncode, exit_code, f"health with {settings}")
        device = tool.document(done, f"health with {settings}")["devices"][0]
        tool.equal(device["verdict"], verdict, f"health with {settings}")
        tool.equal([row["id"] for row in device["reasons"]], [reason] if reason else [], f"reasons with {settings}")
    text = tool.simulated(["qaic-util", "health"], ["--set", "need_reset_to_retire_pages=1"])
    tool.check("fail" in text.stdout and "reset-needed" in text.stdout, "health text names verdict and reason")


def absent_is_not_zero():
    device = json.loads(tool.simulated(["qaic-util", "show", "-j"]).stdout)["devices"][0]
    for name in ("soc_temperature_celsius", "board_power_watts", "tdp_cap_watts"):
        tool.check(device[name] is None and name in device["absent"], f"{name} is null with a reason")
    text = tool.simulated(["qaic-util", "-q"]).stdout
    tool.check("\tSoC temperature(degree C):unavailable\n" in text, "-q says unavailable, not 0.00")


def usage():
    for command, what in [(["--no-such-option"], "unknown option"), (["frobnicate"], "unknown verb"),
                          (["-q", "list"], "-q with a verb"), (["--timeout", "soon"], "bad duration"),
                          (["-o", "xml"], "unknown format"), (["explain", "no-such-id"], "unknown id")]:
        tool.three_lines(tool.run(["qaic-util", *command]), 2, "usage", what)
    for option in ("--help", "--version"):
        tool.equal(tool.run(["qaic-util", option]).returncode, 0, option)
    for verb in ("list", "show", "health", "explain"):
        text = tool.run(["qaic-util", verb, "--help"]).stdout
        tool.check("--json" in text and "--device" in text, f"{verb} --help names the options of every command")
        tool.check("--query" not in text, f"{verb} --help does not offer what it refuses")
    narrow = tool.simulated(["qaic-util"]).stdout
    tool.check(max(map(len, narrow.split("\n"))) <= 80, "the table fits 80 columns")
    tool.check("\x1b" not in narrow, "no colour into a pipe")
    coloured = tool.simulated(["qaic-util", "--color", "always"]).stdout
    tool.check("\x1b[32mready" in coloured, "--color always colours the state")
    full = tool.run(["bash", "-c", "qaic-sim run -- qaic-util list > /dev/full"])
    tool.check(full.returncode != 0 and "cannot write" in full.stderr, "a full disk is an error")


documents()
selectors()
verdicts()
absent_is_not_zero()
usage()
tool.end()
