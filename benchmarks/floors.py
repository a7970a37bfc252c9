"""What the libraries below take by themselves, one core, no logic of ours: below that no plan of these assets can go."""

from __future__ import annotations

import gc
import hashlib
import sqlite3
from collections import deque
from collections.abc import Callable, Iterator

import jsonschema_rs
import orjson
import yaml

from benchmarks import measure
from benchmarks.project import asset
from benchmarks.results import Finding, Remark, Row
from declarative.core.chunks import chunks
from declarative.sandbox.estate import Estate
from declarative.sandbox.sketch import FIRST_ID
from declarative.schema.registry import schema_for

SIZES = (10_000,)


def findings(size: int) -> Iterator[Finding]:
    gc.disable()
    texts = [asset(number).encode() for number in range(size)]
    estate = Estate(seed=1, count=size)
    records = [orjson.dumps(estate.shown(FIRST_ID + number, frozenset({"softwareListData"}))) for number in range(size)]
    parsed = yaml.load(texts[0], yaml.CBaseLoader)
    core = parsed["spec"]["coreAttributes"]
    core["isContainer"], core["biosInfo"]["totalMemory"], core["processor"]["numberOfCpu"] = False, 16384, 8
    validator = jsonschema_rs.validator_for(schema_for("Asset"))
    validator.validate(parsed)
    yield Remark(f"an asset has {len(texts[0]):,} bytes of YAML, a live record {len(records[0]):,} bytes of JSON")
    works: tuple[tuple[str, Callable[[], object]], ...] = (
        ("digest of the bytes (blake2b)", lambda: drain(hashlib.blake2b(text).digest() for text in texts)),
        ("YAML: events of libyaml", lambda: drain(drain(yaml.parse(text, yaml.CLoader)) for text in texts)),
        ("YAML: documents of libyaml, all text", lambda: drain(yaml.load(text, yaml.CBaseLoader) for text in texts)),
        ("schema: jsonschema-rs", lambda: drain(validator.is_valid(parsed) for _ in range(size))),
        ("desired as JSON: written and read (orjson)", lambda: drain(orjson.loads(orjson.dumps(parsed)) for _ in range(size))),
        ("live records from JSON (orjson)", lambda: drain(map(orjson.loads, records))),
        ("rows of 2 kB into SQLite, and out", lambda: sqlite(texts)),
    )
    for what, work in works:
        yield Row.of(what, size, measure.piece(work))


def drain(values: Iterator[object]) -> None:
    deque(values, maxlen=0)


def sqlite(texts: list[bytes]) -> None:
    with sqlite3.connect(":memory:") as database:
        database.execute("CREATE TABLE rows (name TEXT PRIMARY KEY, document BLOB) WITHOUT ROWID")
        for chunk in chunks(enumerate(texts), 1_000):
            database.executemany("INSERT INTO rows VALUES (?, ?)", [(f"Asset/web-{number:06}", text) for number, text in chunk])
        drain(iter(database.execute("SELECT name, document FROM rows")))
