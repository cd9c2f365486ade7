# SPDX-License-Identifier: Apache-2.0
"""Checks JSON against schemas/json/cubby-cli-1.schema.json: the words of JSON Schema used there, and
no others."""

import json
import os
import re

HERE = os.path.dirname(os.path.abspath(__file__))
TYPES = {"string": str, "boolean": bool, "integer": int, "object": dict, "array": list,
         "null": type(None), "number": (int, float)}
WORDS = {"type", "pattern", "minimum", "enum", "const", "anyOf", "items", "properties", "required",
         "additionalProperties", "$ref", "description"}

with open(os.path.join(HERE, "..", "..", "schemas", "json", "cubby-cli-1.schema.json"),
          encoding="utf-8") as file:
    DEFINED = json.load(file)["$defs"]


def wrong(schema, value, at="$"):
    """What is wrong with the value, a line each."""
    unknown = set(schema) - WORDS
    assert not unknown, unknown
    if "$ref" in schema:
        return wrong(DEFINED[schema["$ref"].rpartition("/")[2]], value, at)
    if "anyOf" in schema:
        tried = [wrong(one, value, at) for one in schema["anyOf"]]
        return [] if [] in tried else tried[0]
    if "const" in schema and value != schema["const"]:
        return [f"{at}: not {schema['const']!r}"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{at}: {value!r} is none of {schema['enum']}"]
    kind = schema.get("type")
    if kind and (not isinstance(value, TYPES[kind]) or isinstance(value, bool) and kind != "boolean"):
        return [f"{at}: {value!r} is no {kind}"]
    if "pattern" in schema and not re.search(schema["pattern"], value):
        return [f"{at}: {value!r} is not like {schema['pattern']}"]
    if "minimum" in schema and value < schema["minimum"]:
        return [f"{at}: {value!r} is too small"]
    found = []
    if kind == "array":
        for i, one in enumerate(value):
            found += wrong(schema["items"], one, f"{at}[{i}]")
    if kind == "object":
        known = schema.get("properties", {})
        found += [f"{at}: no {name}" for name in schema.get("required", []) if name not in value]
        if schema.get("additionalProperties") is False:
            found += [f"{at}: {name} is unknown" for name in value if name not in known]
        for name in set(known) & set(value):
            found += wrong(known[name], value[name], f"{at}.{name}")
    return found


def of(words):
    """The schema of a command's output; None where it has none."""
    return DEFINED.get(" ".join(words[:2])) or DEFINED.get(words[0])
