"""Runs qaic-fw for the tests and holds each JSON document to its schema."""
import json
import os
import subprocess
import sys

import jsonschema

build = os.environ["QAIC_BUILD"]
source = os.environ["QAIC_SOURCE"]


def check(good, what):
    if not good:
        print(f"FAILED: {what}")
        sys.exit(1)


class Qaicfw:
    def __init__(self, environment=None):
        self.path = os.path.join(build, "bin", "qaic-fw")
        self.environment = dict(os.environ, **(environment or {}))
        self.validators = {}
        for name in ("qaic.fw-verify", "qaic.fw-status"):
            with open(os.path.join(source, "docs/schema", name + ".json"), encoding="utf-8") as file:
                schema = json.load(file)
            jsonschema.Draft202012Validator.check_schema(schema)
            self.validators[name + "/1"] = jsonschema.Draft202012Validator(schema)

    def run(self, *arguments, prefix=()):
        return subprocess.run([*prefix, self.path, *arguments], capture_output=True, text=True, env=self.environment,
                              check=False)

    def validate(self, text):
        document = json.loads(text)
        self.validators[document["schema"]].validate(document)
        return document

    def json(self, *arguments, prefix=()):
        done = self.run(*arguments, "-j", prefix=prefix)
        document = self.validate(done.stdout)
        check(document["exit_code"] == done.returncode, f"exit code {done.returncode}, document {document['exit_code']}")
        return done.returncode, document
