"""The worst inputs that we know: manifests in which nearly every line is wrong, read, checked and told as text.

`objects` are bytes. The promise is a megabyte in two seconds of processor time; what misses it is named.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from benchmarks import measure
from benchmarks.project import CONNECTOR, PROJECT
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
    }
)


def findings(size: int) -> Iterator[Finding]:
    missed: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "manifests").mkdir()
        (root / "declarative.yaml").write_text(PROJECT)
        (root / "manifests" / "connector.yaml").write_text(CONNECTOR)
        _told(root)  # what is set up once is not the input's fault
        for work, (head, line) in INPUTS.items():
            count = (root / "manifests" / "worst.yaml").write_text(_filled(head, line, size))
            usage = measure.piece(lambda: _told(root))
            yield Row(work, count, usage.wall, usage.cpu, unit="bytes")
            if (seconds := usage.cpu / count * 1e6) > PROMISED:
                missed.append(f"{work} {seconds:.1f}")
    if missed:
        yield Remark(f"more than {PROMISED:.0f} s of processor time a megabyte: {', '.join(missed)}")


def _filled(head: str, line: Callable[[int], str], size: int) -> str:
    lines = [head]
    length, number = len(head), 0
    while length < size:
        lines.append(line(number))
        length += len(lines[-1])
        number += 1
    return "".join(lines)


def _told(root: Path) -> str:
    from declarative.kinds import lower
    from declarative.manifest import load
    from declarative.render.reports import render_diagnostics

    loaded = load(root, environ={})
    found = lower(loaded, now=datetime.now(UTC)).diagnostics
    return render_diagnostics("text", [*loaded.diagnostics, *found])
