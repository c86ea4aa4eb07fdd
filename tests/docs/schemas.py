"""Every schema is a valid JSON Schema 2020-12 and has its own name in it."""
import glob
import json
import os

import jsonschema

import tool

found = sorted(glob.glob(os.path.join(tool.SCHEMAS, "*.json")))
tool.check(len(found) >= 5, "the schemas are there")
for path in found:
    name = os.path.basename(path)
    with open(path, encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    tool.equal(schema.get("$schema"), "https://json-schema.org/draft/2020-12/schema", f"{name}: $schema")
    tool.check(schema.get("title", "").startswith(name[:-len(".json")] + "/"), f"{name}: title names schema and version")
    tool.check(not jsonschema.Draft202012Validator(schema).is_valid({}), f"{name}: refuses an empty document")
tool.end()
