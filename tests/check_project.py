"""What `make check` looks at beyond lint and types: schemas, examples, links and the documents' own claims.

Prints each problem; exits 1 when there is one.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")


def schema_problems() -> Iterator[str]:
    """Every schema is valid 2020-12, and every property says what it is, with an example."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    for path in sorted((ROOT / "schemas").glob("*.json")):
        schema = json.loads(path.read_text(encoding="utf-8"))
        try:
            Draft202012Validator.check_schema(schema)
        except SchemaError as error:
            yield f"{path.name}: {error.message}"
        if path.name not in ("plan.schema.json", "scenario.schema.json", "manifest.schema.json"):
            yield from (f"{path.name}: {problem}" for problem in property_problems(schema, ""))


def property_problems(node: Any, pointer: str) -> Iterator[str]:
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from property_problems(item, f"{pointer}/{index}")
    if not isinstance(node, dict):
        return
    for name, value in (node.get("properties") or {}).items():
        if isinstance(value, dict):
            for wanted in ("description", "examples"):
                if wanted not in value and "$ref" not in value and "const" not in value:
                    yield f"{pointer}/properties/{name} has no {wanted}"
    for key, value in node.items():
        if key not in ("examples", "default", "const", "enum", "not", "if"):
            yield from property_problems(value, f"{pointer}/{key}")


def link_problems() -> Iterator[str]:
    """Every relative link of every document points to something."""
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")]:
        for target in LINK.findall(path.read_text(encoding="utf-8")):
            if "://" not in target and not target.startswith("mailto:") and not (path.parent / target).exists():
                yield f"{path.relative_to(ROOT)}: broken link {target}"


def promise_problems() -> Iterator[str]:
    """Every test that the README names exists."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in set(re.findall(r"`(tests/[\w/.]+\.py)`", readme)):
        if not (ROOT / name).is_file():
            yield f"README.md names {name}, which does not exist"


def dependency_problems() -> Iterator[str]:
    """Every dependency has its reason in docs/decisions, and no reason is left of one that is gone."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]
    names = {re.split(r"[^\w.-]", one, maxsplit=1)[0].lower() for one in wanted}
    licences = (ROOT / "docs" / "licences.md").read_text(encoding="utf-8")
    licensed = {name for name in names if f"\n| {name.replace('.', '-')} | " in licences}
    yield from (f"docs/licences.md says nothing of {name}" for name in sorted(names - licensed))
    table = (ROOT / "docs" / "decisions" / "0005-dependencies.md").read_text(encoding="utf-8")
    cells = re.findall(r"^\| ([^|]+?)(?: \(extra `\w+`\))? \| (.+) \|$", table, re.MULTILINE)
    reasoned = {name for cell, _ in cells for name in cell.lower().split(", ") if name not in ("package", "---")}
    yield from (f"0005-dependencies.md gives no reason for {name}" for name in sorted(names - reasoned))
    yield from (f"0005-dependencies.md speaks of {name}, which is no dependency" for name in sorted(reasoned - names))


def minimum_problems() -> Iterator[str]:
    """What `make test-minimum` runs with is what pyproject.toml promises: each of its lower bounds, and no other version."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pins = re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / "constraints-minimum.txt").read_text(encoding="utf-8"), re.MULTILINE)
    tested = {canonicalize_name(name): Version(version) for name, version in pins}
    extras = project["optional-dependencies"].values()
    for one in map(Requirement, [*project["dependencies"], *(line for extra in extras for line in extra)]):
        lowest = [Version(bound.version) for bound in one.specifier if bound.operator == ">="]
        if lowest != [tested.get(canonicalize_name(one.name))]:
            yield f"{one}: its lower bound is not the version in constraints-minimum.txt"


def main() -> int:
    problems = [*schema_problems(), *link_problems(), *promise_problems(), *dependency_problems(), *minimum_problems()]
    for problem in problems:
        print(problem)
    print(f"schemas, links and promises: {len(problems)} problems" if problems else "schemas, links and promises: fine")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
