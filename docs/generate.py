"""The generated pages of the reference: `python docs/generate.py` writes them, `--check` says which are out of date."""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Iterator, Mapping
from importlib import metadata
from inspect import cleandoc
from pathlib import Path
from typing import Any

import click
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from declarative.assets.fields import all_fields
from declarative.cli.group import COMMANDS, load
from declarative.core.exits import ExitCode
from declarative.schema.explain import Explanation, explain, explain_kinds

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs" / "reference"
NOTE = "This page is generated from {source} (`python docs/generate.py`); `make check` keeps it fresh.\n"

MEANINGS = {
    ExitCode.OK: "done; changes present too, unless `--detailed-exitcode`",
    ExitCode.ERROR: "API or runtime failure before any write",
    ExitCode.CHANGES: "only with `--detailed-exitcode`: plan, show, drift",
    ExitCode.NOT_FORMATTED: "`fmt --check`",
    ExitCode.INVALID: "manifests, project or plan file wrong; retrying is useless",
    ExitCode.BLOCKED: "limit, failed check, ambiguous identity, uncertain report",
    ExitCode.STALE: "a saved plan no longer matches manifests, target, state or live objects; those were not written",
    ExitCode.PARTIAL: "some writes done, some failed or unknown",
    ExitCode.LOCKED: "another apply holds the lease",
    ExitCode.AUTH: "credentials missing, refused, or lacking permission",
    ExitCode.USAGE: "wrong flags, or approval needed without a terminal",
    ExitCode.INTERNAL: "our defect; a crash report file is named",
    ExitCode.INTERRUPTED: "stopped by a signal, after a graceful stop",
}


def cell(text: object) -> str:
    """Text for a table: on one line, and no column of its own."""
    return " ".join(str(text).split()).replace("|", "\\|").replace("<", "&lt;")


def commands() -> str:
    lines = ["# Commands\n", NOTE.format(source="the command line itself")]
    lines.append(
        "The global options may stand before or after a command; each option may also be given as an environment variable.\n"
    )
    every = [{name for param in load(name).command.params for name in param.opts} for name in ("init", "doctor")]
    common = every[0] & every[1]
    lines += ["## Global options\n", *options(load("init").command, only=common)]
    for name in COMMANDS:
        lines += list(command(load(name).command, name, common))
    return "\n".join(lines) + "\n"


def command(found: click.Command, name: str, common: set[str]) -> Iterator[str]:
    context = click.Context(found, info_name=f"declarative {name}")
    yield f"\n## {name}\n"
    yield f"```text\n{' '.join(['declarative', name, *found.collect_usage_pieces(context)])}\n```\n"
    yield f"{cleandoc(found.help or COMMANDS.get(name.partition(' ')[0], ''))}\n"
    yield from options(found, leave=common)
    if isinstance(found, click.Group):
        for sub in found.list_commands(context):
            inner = found.get_command(context, sub)
            if inner is not None:
                yield from command(inner, f"{name} {sub}", common)


def options(found: click.Command, *, only: set[str] | None = None, leave: set[str] | None = None) -> Iterator[str]:
    rows = []
    for param in found.params:
        if not isinstance(param, click.Option) or param.hidden:
            continue
        if (only is not None and not only & set(param.opts)) or (leave is not None and leave & set(param.opts)):
            continue
        kind = (
            ""
            if param.is_flag or param.count
            else (param.metavar or "\\|".join(getattr(param.type, "choices", ())) or param.type.name.upper())
        )
        default = f" Default: `{param.default}`." if isinstance(param.default, str | int | float) and param.show_default else ""
        shown = ", ".join(f"`{opt}`" for opt in param.opts) + (f" {kind}" if kind else "")
        rows.append(f"| {shown} | {cell(param.help or '')}{default} |")
    if rows:
        yield "| option | meaning |\n|---|---|"
        yield from rows
        yield ""


def kinds() -> str:
    lines = ["# Kinds\n", NOTE.format(source="the schemas")]
    lines.append("`declarative explain KIND.path` says the same, and more, about one field.\n")
    for kind in explain_kinds():
        lines += [f"\n## {kind.path}\n", f"{kind.meaning}\n", "| field | type | meaning |\n|---|---|---|"]
        lines += list(rows(explain(f"{kind.path}.spec")))
    return "\n".join(lines) + "\n"


def rows(node: Explanation, depth: int = 0) -> Iterator[str]:
    for child in node.children:
        path = f"{node.path}.{child.name}"
        shown = path.partition(".spec.")[2]
        required = " (required)" if child.required else ""
        yield f"| `{shown}` | {cell(child.type)}{required} | {cell(child.meaning)} |"
        # Deep enough to find a field; `explain` goes all the way down.
        if depth < 2 and not child.name.startswith("<"):
            yield from rows(explain(path), depth + 1)


def fields() -> str:
    lines = ["# Field table\n", NOTE.format(source="the table that the code compares by")]
    lines.append(
        "Each field of an asset: where the search shows it, how the two are compared, and whether it can be read back.\n"
        "*Lossy*: the service rewrites it, so only an equal value proves something. *Write-only*: compared with what was\n"
        "last sent.\n"
    )
    lines.append("| field | in the search | compared as | readable |\n|---|---|---|---|")
    for spec in all_fields():
        shown = ", ".join(f"`{path}`" for path in spec.response) or "-"
        lines.append(f"| `{spec.path}` | {shown} | {cell(spec.form.value)} | {spec.readability.value} |")
        for sub in spec.sub:
            shown = ", ".join(f"`{name}`" for name in sub.response) or "-"
            lines.append(f"| `{spec.path}[].{sub.name}` | {shown} | {cell(sub.form.value)} | {sub.readability.value} |")
    return "\n".join(lines) + "\n"


def exit_codes() -> str:
    lines = ["# Exit codes\n", NOTE.format(source="the code"), "| code | name | when |\n|---|---|---|"]
    lines += [f"| {int(code)} | {code.name} | {MEANINGS[code]} |" for code in sorted(ExitCode)]
    lines.append(
        "\nThe worst outcome wins: 70 > 7 > 9 > 8 > 6 > 5 > 4 > 1 > 2 > 0. Output format, verbosity and colour never change it."
    )
    return "\n".join(lines) + "\n"


def plan() -> str:
    schema = json.loads((ROOT / "schemas" / "plan.schema.json").read_text(encoding="utf-8"))
    lines = ["# The plan as JSON\n", NOTE.format(source="`schemas/plan.schema.json`")]
    lines.append("What `plan -o json` prints and `plan --out` saves. Minor versions of the format only add.\n")
    lines += ["| key | type | meaning |\n|---|---|---|", *plan_rows(schema, schema, "")]
    return "\n".join(lines) + "\n"


def plan_rows(schema: Mapping[str, Any], node: Mapping[str, Any], prefix: str, seen: tuple[str, ...] = ()) -> Iterator[str]:
    for name, value in (node.get("properties") or {}).items():
        whole, inside = value, seen
        if "$ref" in value:
            reference = value["$ref"].rpartition("/")[2]
            whole, inside = {**schema["$defs"][reference], **value}, (*seen, reference)
            if reference in seen:
                continue
        kind = whole.get("type", "constant" if "const" in whole else "any")
        path = f"{prefix}{name}"
        yield f"| `{path}` | {cell(', '.join(kind) if isinstance(kind, list) else kind)} | {cell(whole.get('description', ''))} |"
        yield from plan_rows(schema, whole, f"{path}.", inside)
        items = whole.get("items")
        if isinstance(items, dict):
            if "$ref" in items:
                reference = items["$ref"].rpartition("/")[2]
                if reference in inside:
                    continue
                items, inside = schema["$defs"][reference], (*inside, reference)
            yield from plan_rows(schema, items, f"{path}[].", inside)


def licences() -> str:
    lines = ["# Licences of dependencies\n", NOTE.format(source="what the packages say of themselves")]
    extras = [f"`{name}`" for name in sorted(own_project()["optional-dependencies"])]
    lines.append(
        f"The tool and its extras {', '.join(extras[:-1])} and {extras[-1]}, with everything they bring along on Linux.\n"
        "None is copied into ours.\n"
    )
    lines.append("| package | licence |\n|---|---|")
    lines += [f"| {name} | {cell(licence)} |" for name, licence in sorted(licences_of(own_requirements()).items())]
    return "\n".join(lines) + "\n"


def own_project() -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project


def own_requirements() -> list[Requirement]:
    extras = own_project()["optional-dependencies"]
    wanted = [*own_project()["dependencies"], *(one for extra in extras.values() for one in extra)]
    return [Requirement(one) for one in wanted]


def licences_of(requirements: list[Requirement]) -> dict[str, str]:
    found: dict[str, str] = {}
    waiting = list(requirements)
    while waiting:
        wanted = waiting.pop()
        name = canonicalize_name(wanted.name)
        if name in TOO_LARGE:
            found |= TOO_LARGE[name]
            continue
        if name not in found:
            found[name] = licence_of(metadata.metadata(name))
        for line in metadata.requires(name) or ():
            inner = Requirement(line)
            needed = inner.marker is None or any(inner.marker.evaluate({"extra": extra}) for extra in (wanted.extras or {""}))
            if needed and canonicalize_name(inner.name) not in found:
                waiting.append(inner)
    return found


def licence_of(told: metadata.PackageMetadata) -> str:
    classifiers = [line.rpartition(" :: ")[2] for line in told.get_all("Classifier") or () if line.startswith("License :: OSI")]
    short = [told.get(key) or "" for key in ("License-Expression", "License")]
    return next((text for text in short if text and len(text) < 60), " and ".join(classifiers) or "see its distribution")


TOO_LARGE = {"pyspark": {"pyspark": "Apache-2.0", "py4j": "BSD License"}}
"""What is not installed where pages are made, with what it brings along."""

PAGES = {
    "../licences.md": licences,
    "commands.md": commands,
    "kinds.md": kinds,
    "fields.md": fields,
    "exit-codes.md": exit_codes,
    "plan.md": plan,
}


def main(arguments: list[str]) -> int:
    REFERENCE.mkdir(exist_ok=True)
    old = []
    for name, page in PAGES.items():
        text, path = page(), REFERENCE / name
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        old.append(name)
        if "--check" not in arguments:
            path.write_text(text, encoding="utf-8")
    if "--check" in arguments:
        for name in old:
            print(f"docs/reference/{name} is out of date: run python docs/generate.py")
        return 1 if old else 0
    print(f"wrote {', '.join(old)}" if old else "everything is up to date")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
