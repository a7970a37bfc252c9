"""A new project, and the schemas as files: written from the schema files alone."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from declarative.core.errors import UsageError
from declarative.core.files import write_atomic
from declarative.schema import registry
from declarative.schema.registry import Schema, resolve
from declarative.schema.validate import violations
from declarative.schema.workflow import workflow_text

SCHEMA_FOLDER = ".declarative/schemas"
_WIDTH = 110
_PLAIN_TEXT = re.compile(r"[A-Za-z][A-Za-z0-9._/@-]*(?: [A-Za-z0-9._/@()-]+)*")
_NOT_TEXT = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})

_GITIGNORE = """\
# State, plans and caches of declarative; the exported schemas are for editors and belong in Git.
.declarative/*
!.declarative/schemas/
plan.json
"""


def project_files(name: str) -> Mapping[str, str]:
    """The files of a new project, by path below its folder: the project file, a commented manifest a kind, the schemas
    they refer to, `.gitignore` and a workflow. Raises UsageError for a name that no project can have."""
    files: dict[str, str] = {}
    for kind in registry.kinds():
        if kind == registry.PROJECT:
            files["declarative.yaml"] = manifest_text(kind, f"{SCHEMA_FOLDER}/manifest{registry.SUFFIX}", name=name)
        else:
            # What reads a file beside the manifests waits, as an example, until there is that file.
            suffix = ".example" if "from" in registry.schema_for(kind)["properties"]["spec"]["properties"] else ""
            files[f"manifests/{kind.lower()}.yaml{suffix}"] = manifest_text(kind, f"../{SCHEMA_FOLDER}/manifest{registry.SUFFIX}")
    files[".gitignore"] = _GITIGNORE
    files[".github/workflows/declarative.yml"] = workflow_text()
    files.update({f"{SCHEMA_FOLDER}/{file}": text for file, text in registry.files().items()})
    return files


def export(out_dir: Path) -> tuple[Path, ...]:
    """Write every schema file into a folder, each atomically; the paths written. Raises UsageError where it cannot."""
    written: list[Path] = []
    for name, text in registry.files().items():
        path = out_dir / name
        try:
            write_atomic(path, text)
        except OSError as error:
            raise UsageError(f"cannot write {path}: {error.strerror or error}") from error
        written.append(path)
    return tuple(written)


def manifest_text(kind: str, schema_path: str, *, name: str | None = None) -> str:
    """A commented manifest of the kind, from its schema's example. Raises UsageError for a name it cannot have."""
    root = registry.schema_for(kind)
    example: dict[str, Any] = json.loads(json.dumps(root["examples"][0]))
    if name is not None:
        example["metadata"]["name"] = name
        for violation in violations(kind, example):
            raise UsageError(f"{name!r} is no name for a project: {violation.message}")
    spec = resolve(root, root["properties"]["spec"])
    more = [key for key in spec["properties"] if key not in example["spec"]]
    lines = [f"# yaml-language-server: $schema={schema_path}", "#", *_comment(str(root["description"]), 0)]
    lines += _emitted(root, root, {key: example[key] for key in root["properties"] if key in example}, 0)
    if more:
        lines += _comment(f"Also known here: {', '.join(more)}. `declarative explain {kind}.spec` says more.", 1)
    return "\n".join(lines) + "\n"


def _emitted(root: Schema, node: Schema, value: Mapping[str, Any], depth: int) -> Iterator[str]:
    """The mapping in the schema's order, each key below `spec` under its meaning."""
    known = node.get("properties", {})
    for key in [*(name for name in known if name in value), *(name for name in value if name not in known)]:
        child = resolve(root, known[key]) if key in known else {}
        if depth and child:
            yield from _comment(_sentence(str(child["description"])), depth)
        yield from _pair(root, child, key, value[key], depth)


def _pair(root: Schema, node: Schema, key: str, value: Any, depth: int) -> Iterator[str]:
    head = "  " * depth + f"{key}:"
    if isinstance(value, Mapping):
        yield head
        yield from _emitted(root, node, value, depth + 1)
    elif isinstance(value, list):
        yield head
        for item in value:
            yield from _item(item, depth + 1)
    else:
        yield f"{head} {_scalar(value)}"


def _item(item: Any, depth: int) -> Iterator[str]:
    if not isinstance(item, Mapping):
        yield "  " * depth + f"- {_scalar(item)}"
        return
    for index, (key, value) in enumerate(item.items()):
        yield "  " * depth + ("- " if index == 0 else "  ") + f"{key}: {_scalar(value)}"


def _scalar(value: Any) -> str:
    if isinstance(value, str) and _PLAIN_TEXT.fullmatch(value) and value.lower() not in _NOT_TEXT:
        return value
    return json.dumps(value, ensure_ascii=False)


def _comment(text: str, depth: int) -> list[str]:
    indent = "  " * depth + "# "
    return textwrap.wrap(
        text, _WIDTH, initial_indent=indent, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _sentence(text: str) -> str:
    return re.split(r"(?<=[.])\s", text, maxsplit=1)[0]
