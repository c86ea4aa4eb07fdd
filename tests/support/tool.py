"""Runs the built tools, in and outside a simulation, for the tests that are scripts."""
import json
import os
import subprocess
import sys
import unittest

BUILD = os.environ["QAIC_BUILD"]
SOURCE = os.environ["QAIC_SOURCE"]
BIN = os.path.join(BUILD, "bin")
SCHEMAS = os.path.join(SOURCE, "docs", "schema")
ENVIRONMENT = dict(os.environ, PATH=BIN + ":" + os.environ["PATH"])
for name in ("QAIC_VISIBLE_DEVICES", "NO_COLOR"):
    ENVIRONMENT.pop(name, None)

_failures = []


def run(command, environment=None, **more):
    """The finished process; never raises for an exit code."""
    return subprocess.run(command, capture_output=True, text=more.pop("text", True), timeout=100,
                          env={**ENVIRONMENT, **(environment or {})}, check=False, **more)


def simulated(command, options=(), **more):
    """The command on simulated cards; the simulation checks that they end clean."""
    return run(["qaic-sim", "run", "--verify-clean", *options, "--", *command], **more)


def check(condition, what):
    """Counts a failed expectation and says what it was."""
    if not condition:
        _failures.append(what)
        print("FAILED:", what)


def equal(got, wanted, what):
    check(got == wanted, f"{what}: got {got!r}, wanted {wanted!r}")


def three_lines(process, exit_code, error_id, what):
    """The process failed as every tool does: exit code, what, hint, id."""
    equal(process.returncode, exit_code, f"{what}: exit code (stderr: {process.stderr.strip()[:300]})")
    lines = process.stderr.strip().split("\n")
    check(f"id: {error_id} " in lines[-1] + " ", f"{what}: last line names {error_id}: {lines}")
    check(2 <= len(lines) <= 3 * max(1, process.stderr.count("  id: ")), f"{what}: three lines: {lines}")


def document(process, what):
    """stdout as one JSON document that its schema accepts."""
    import jsonschema
    try:
        parsed = json.loads(process.stdout)
    except ValueError as error:
        check(False, f"{what}: stdout is no JSON document: {error}: {process.stdout[:200]!r} {process.stderr[:300]}")
        return {}
    path = os.path.join(SCHEMAS, parsed["schema"].split("/")[0] + ".json")
    with open(path, encoding="utf-8") as file:
        schema = json.load(file)
    errors = list(jsonschema.Draft202012Validator(schema).iter_errors(parsed))
    for error in errors[:5]:
        check(False, f"{what}: {'/'.join(map(str, error.path))}: {error.message[:300]}")
    equal(parsed.get("exit_code"), process.returncode, f"{what}: exit_code in the document")
    return parsed


def unit_tests():
    """Runs the unittest cases of the script; exit code 77 where no simulated card can be had."""
    probe = run(["qaic-sim", "run", "--", "true"])
    if probe.returncode == 10:
        print("skipped: " + probe.stderr.strip())
        sys.exit(77)
    unittest.main()


def end():
    """Ends the test with its verdict."""
    print(f"{len(_failures)} failed expectations")
    sys.exit(1 if _failures else 0)
