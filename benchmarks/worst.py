"""The worst inputs that we know: manifests in which nearly every line is wrong, read, checked and told as text.

`objects` are bytes, those of the project among them. The promise is a megabyte in two seconds of processor time; what
misses it is named.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import MappingProxyType

from benchmarks import measure
from benchmarks.project import CONNECTOR
from benchmarks.results import Finding, Remark, Row

SIZES = (500_000,)
PROMISED = 2.0

API = "apiVersion: declarative/v1\n"
ASSET = API + "kind: Asset\nmetadata: {name: x}\nspec:\n  connector: servicenow\n"
IDENTITY = "  identityAttributes: {sourceNativeKey: N}\n"
CORE = ASSET + IDENTITY + "  coreAttributes:\n"


def _small(spec: str) -> Callable[[int], str]:
    """Documents of one line of spec; `#` is their number."""

    def document(n: int) -> str:
        return f"{API}kind: Asset\nmetadata: {{name: x{n}}}\nspec: {{connector: servicenow, {spec.replace('#', str(n))}}}\n---\n"

    return document


def _many(line: str) -> Callable[[int], str]:
    return lambda n: line.replace("#", str(n))


_CLOSED = {" [1,": "]", " {": "}", "'1": "2'"}
"""What a head opens that stands on one line with all that follows, and its end."""

_STAIRS = "".join(f"{below}: &{below} [*{above}" + f",*{above}" * 20 + "]\n" for above, below in ("ab", "bc", "cd"))
_REPORT = """metadata: {name: r#}
spec: {request: {name: r#, reportType: EASM_LEAD, format: PDF, timezone: Europe/Berln#}}
---
"""
PLAIN = API + "kind: Project\nmetadata: {name: worst}\nspec:\n  platform: EU1\n"
PROJECT = (
    PLAIN
    + "  variables:\n    v0: x\n"
    + "".join(f"    v{n + 1}: ${{var.v{n}}}${{var.v{n}}}\n" for n in range(40))
    + f"    text: {'x' * 10_000}\n    long: [{'x, ' * 10_000}]\n"
)

INPUTS: Mapping[str, tuple[str, Callable[[int], str]]] = MappingProxyType(
    {
        "unknown keys": (CORE, _many("    hostnam#: 1\n")),
        "duplicate keys": (CORE, _many("    a: 1\n")),
        "values of a wrong type": (CORE + "    softwares:\n", _many("    - 1\n")),
        "wrong values, short": (ASSET + "  identityAttributes:\n    ipAddress:\n", _many("    - x\n")),
        "wrong values in mappings": (CORE + "    networkInterfaces:\n", _many("    - macAddress: x\n")),
        "unknown fields of a query": (
            API + "kind: HostQuery\nmetadata: {name: q}\nspec:\n  filters:\n",
            _many("  - {field: asset.nam#, operator: EQUALS, value: x}\n"),
        ),
        "paths that are no fields": (ASSET + IDENTITY + "  lifecycle:\n    ignore:\n", _many("    - path#\n")),
        "unknown tags": (CORE + "    softwares:\n", _many("    - !x\n")),
        "unknown variables": (CORE + "    customConnectorAttributes:\n", _many("      k#: ${var.x#}\n")),
        "control characters": (CORE, _many("    a#: \x01\n")),
        "aliases": ("a: &a x\nb:\n", _many("- *a\n")),
        "one line of brackets": (CORE + "    softwares: ", _many("[")),
        "one line of words": (CORE + "    hostName: ", _many("a b ")),
        "documents, each with an unknown key": ("", _small("identityAttributes: {sourceNativeKey: N#, hostnam#: 1}")),
        "documents, each with a wrong value": ("", _small("identityAttributes: {sourceNativeKey: N#, fqdn: x}")),
        "documents, each with an unknown connector": (
            "",
            lambda n: _small("identityAttributes: {sourceNativeKey: N#}")(n).replace("servicenow", f"c{n}"),
        ),
        "documents of one native key": ("", _small("identityAttributes: {sourceNativeKey: N}")),
        "documents nested deeply": ("", _small("a: " + "{a: " * 45 + "1" + "}" * 45)),
        "documents of a word": ("", _many("a\n---\n")),
        "documents of broken syntax": ("", _many("a: [\n---\n")),
        "documents of a control character": ("", _many("a: \x01\n---\n")),
        "documents of aliases of aliases": ("", _many("a: &a [x" + ",x" * 20 + "]\n" + _STAIRS + "---\n")),
        "documents, each with an unknown path": (
            "",
            _small("identityAttributes: {sourceNativeKey: N#}, lifecycle: {ignore: [coreAttributes.hostNam#]}"),
        ),
        "reports, each with an unknown zone": ("", _many(f"{API}kind: Report\n{_REPORT}")),
        "reports, each of an unknown query": (
            "",
            _many(f"{API}kind: Report\n{_REPORT.replace('request', 'scope: {assets: {query: q#}}, request')}"),
        ),
        "unknown connectors among thousands": (
            "",
            lambda n: (
                f"{API}kind: Connector\nmetadata: {{name: c-{n}}}\n"
                f"spec: {{connectorUuid: {n:08}-2e82-4599-a2a8-2b8f3d5c7a10}}\n---\n"
                + _small("identityAttributes: {sourceNativeKey: N#}")(n).replace("servicenow", f"d-{n}")
            ),
        ),
        "wrong values on one line": (CORE + "    softwares: [1,", _many("1,")),
        "unknown keys on one line": (ASSET + IDENTITY + "  coreAttributes: {", _many("k#: 1,")),
        "long integers": (CORE + "    volumes:\n", _many("    - {size: 1, x: 1234567890123456789}\n")),
        "long keys": (CORE, _many("    " + "k" * 1000 + "#: 1\n")),
        "directives": ("", lambda n: "".join(f"%TAG !a{n}x{each}! x\n" for each in range(10_000)) + "--- x\n"),
        "a comment of one line above a mistake": (CORE + "    softwares: 1\n    # ", _many("# ")),
        "spaces in a list of ids": (
            API + "kind: Report\nmetadata: {name: r}\nspec:\n  request:\n    name: r\n    assetList: '1",
            lambda n: " " * 1000,
        ),
        "variables of variables": (CORE + "    customConnectorAttributes:\n", _many("      k#: ${var.v40}\n")),
        "a long variable many times": (CORE + "    softwares:\n", _many("    - ${var.long}\n")),
        "a long text many times": (CORE + "    hostName: ", _many("${var.text} ")),
        "documents, each with a long variable": ("", _small("coreAttributes: {softwares: ${var.long}}")),
        "documents without anything": ("", _many("---\n")),
        "documents of a comment": ("", _many("# x\n---\n")),
        "unknown operators of a query": (
            API + "kind: HostQuery\nmetadata: {name: q}\nspec:\n  filters:\n",
            _many("  - {field: asset.name, operator: EQUALZ#, value: x}\n"),
        ),
        "columns that fill no field": (
            API
            + "kind: AssetInventory\nmetadata: {name: i}\nspec:\n  connector: servicenow\n"
            + "  from: {csv: a.csv}\n  key: k\n  map:\n",
            _many("    coreAttributes.nam#: c#\n"),
        ),
        "a chain of variables, each used": (CORE + "    customConnectorAttributes:\n", _many("      k#: ${var.w#}\n")),
        "overlays of every document": ("", _small("identityAttributes: {sourceNativeKey: N#}")),
        "overlays of no document": ("", _small("identityAttributes: {sourceNativeKey: N#}")),
    }
)


def _overlays(target: str) -> str:
    patch = "        - {{target: {}, patch: {{spec: {{coreAttributes: {{hostName: h{}}}}}}}}}\n"
    entries = "".join(patch.format(target.replace("#", str(n)), n) for n in range(2_000))
    return f"  environments:\n    worst:\n      overlays:\n{entries}"


PROJECTS: Mapping[str, str] = MappingProxyType(
    {
        "a chain of variables, each used": "  variables:\n" + "".join(f"    w{n}: ${{var.w{n + 1}}}\n" for n in range(20_000)),
        "overlays of every document": _overlays("Asset/*"),
        "overlays of no document": _overlays("Asset/y#*"),
    }
)
"""What stands in the project instead of the variables, for inputs that need it."""


def findings(size: int) -> Iterator[Finding]:
    missed: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "manifests").mkdir()
        (root / "declarative.yaml").write_text(PROJECT)
        (root / "manifests" / "connector.yaml").write_text(CONNECTOR)
        _told(root)  # what is set up once is not the input's fault
        for work in INPUTS:
            count, environment = _laid_out(root, work, size)
            usage = measure.piece(partial(_told, root, environment))
            yield Row(work, count, usage.wall, usage.cpu, unit="bytes")
            if (seconds := usage.cpu / count * 1e6) > PROMISED:
                missed.append(f"{work} {seconds:.1f}")
    if missed:
        yield Remark(f"more than {PROMISED:.0f} s of processor time a megabyte: {', '.join(missed)}")


def _laid_out(root: Path, work: str, size: int) -> tuple[int, str | None]:
    """How many bytes the input has, and the environment to read it for."""
    project = PLAIN + PROJECTS[work] if work in PROJECTS else PROJECT
    count = (root / "declarative.yaml").write_text(project)
    count += (root / "manifests" / "worst.yaml").write_text(_filled(*INPUTS[work], size))
    return count, "worst" if "environments:" in project else None


def _filled(head: str, line: Callable[[int], str], size: int) -> str:
    lines = [head]
    length, number = len(head), 0
    while length < size:
        lines.append(line(number))
        length += len(lines[-1])
        number += 1
    return "".join(lines) + next((end for start, end in _CLOSED.items() if head.endswith(start)), "")


def _told(root: Path, environment: str | None = None) -> str:
    from declarative.kinds import lower
    from declarative.manifest import load
    from declarative.render.reports import render_diagnostics

    loaded = load(root, environment=environment, environ={})
    found = lower(loaded, now=datetime.now(UTC)).diagnostics
    return render_diagnostics("text", [*loaded.diagnostics, *found])
