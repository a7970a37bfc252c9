"""The schema files, by kind.

They are package data (`declarative/schemas/`) in an installed wheel and `schemas/` in a checkout: one set of files
for validation, editors, `explain`, `fmt` and scaffolds.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

API_VERSION = "declarative/v1"
PROJECT = "Project"
SUFFIX = ".schema.json"

Schema = Mapping[str, Any]


@cache
def directory() -> Traversable:
    """Where the schema files are."""
    packaged = resources.files("declarative") / "schemas"
    if packaged.is_dir():
        return packaged
    return Path(__file__).resolve().parents[2] / "schemas"


@cache
def document(name: str) -> Schema:
    """The schema file `NAME.schema.json`, such as `asset`, `manifest` or `plan`. Raises KeyError for another name."""
    try:
        text = (directory() / f"{name}{SUFFIX}").read_text(encoding="utf-8")
    except FileNotFoundError:
        raise KeyError(name) from None
    loaded: Schema = json.loads(text)
    return loaded


def files() -> Mapping[str, str]:
    """Every published schema file: its name and its text, sorted by name."""
    found = sorted((entry for entry in directory().iterdir() if entry.name.endswith(SUFFIX)), key=lambda entry: entry.name)
    return {entry.name: entry.read_text(encoding="utf-8") for entry in found}


@cache
def kinds() -> tuple[str, ...]:
    """The kinds that have a schema, sorted."""
    return tuple(sorted(document("manifest")["properties"]["kind"]["enum"]))


def schema_for(kind: str) -> Schema:
    """The schema of a whole manifest of that kind. Raises KeyError for an unknown kind."""
    if kind not in kinds():
        raise KeyError(kind)
    return document(kind.lower())


def resolve(root: Schema, node: Schema) -> Schema:
    """Follow `$ref` within one schema file; keys beside the reference win."""
    while "$ref" in node:
        target: Any = root
        for part in str(node["$ref"]).removeprefix("#/").split("/"):
            target = target[part]
        node = {**target, **{key: value for key, value in node.items() if key != "$ref"}}
    return node


def child(root: Schema, node: Schema, key: str | int) -> Schema | None:
    """The schema of a mapping's key or a list's item; None where the schema says nothing about it."""
    node = resolve(root, node)
    named = node.get("properties", {})
    found = node.get("items") if isinstance(key, int) else named.get(key, node.get("additionalProperties"))
    return resolve(root, found) if isinstance(found, Mapping) else None
