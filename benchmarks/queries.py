"""Reading many records at the prompt, as a user does it, against the sandbox on loopback.

Streaming formats (jsonl, csv) must not take more memory for more records: compare the peaks of two sizes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.gateway import sandbox
from benchmarks.measure import tool
from benchmarks.results import Finding, Row

SIZES = (1_000, 10_000)
QUERIES = (
    ("hosts as jsonl", ("hosts", "-o", "jsonl", "--page-size", "300")),
    ("hosts, 3 columns, csv", ("hosts", "-o", "csv", "--page-size", "300", "--fields", "assetId,assetName,address")),
    ("components as jsonl", ("components", "-o", "jsonl", "--page-size", "1000")),
)


def findings(size: int) -> Iterator[Finding]:
    with sandbox("--assets", str(size)) as environ, tempfile.TemporaryDirectory() as folder:
        for what, arguments in QUERIES:
            usage = tool("query", *arguments, "--limit", str(size), root=Path(folder), environ=environ)
            yield Row.of(what, size, usage, "records")
