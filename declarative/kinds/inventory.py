"""AssetInventory manifests: which column means what, checked before a row is read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from typing import Any

from declarative.core.quoting import shown
from declarative.core.suggest import did_you_mean
from declarative.kinds import asset_rules
from declarative.kinds.asset import unconnected
from declarative.kinds.context import Context, Lowered
from declarative.kinds.model import Condition, FieldSource, InventoryDeclaration, InventorySource
from declarative.kinds.rules import Finding
from declarative.manifest.model import Manifest
from declarative.manifest.walk import leaves_project
from declarative.schema import registry
from declarative.schema.paths import field_paths

ROW_KIND = "Asset"
NATIVE_KEY = "identityAttributes.sourceNativeKey"
CUSTOM = "coreAttributes.customConnectorAttributes"
SOURCE_DATES = ("coreAttributes.sourceCreatedDate", "coreAttributes.sourceLastUpdatedDate")
_FORMATS = ("csv", "jsonl", "parquet", "database")
_COMPARISONS = ("equals", "notEquals", "in", "notIn", "empty")
_BELONGS = {"delimiter": "csv", "encoding": "csv", "table": "database", "sql": "database"}
_IN_BRACES = re.compile(r"\{\{|\}\}|\{([^{}]*)\}")
_DATE_FORMS = ("iso", "epoch", "epoch-ms")
_SOME_DAY = datetime(2026, 11, 25, 10, 20, 30, tzinfo=UTC)
_EMBEDDED = frozenset({"sqlite", "duckdb"})


def lower_inventory(manifest: Manifest, context: Context) -> Lowered[InventoryDeclaration]:
    """Whatever may be missing from the well-typed part of a wrong manifest may be missing here; then it has no value."""
    spec = manifest.spec
    source, name, key = spec.get("from"), spec.get("connector"), spec.get("key")
    findings = [*(_source_findings(source) if source is not None else ()), *unconnected(name, context)]
    fields = [field for path, written in (spec.get("map") or {}).items() for field in _field(path, written, findings)]
    defaults = [
        field
        for path, value in (spec.get("defaults") or {}).items()
        for field in _field(path, {"value": value}, findings, "/spec/defaults")
    ]
    where = [
        condition
        for index, written in enumerate(spec.get("where") or ())
        if written and "column" in written
        for condition in _condition(index, written, findings)
    ]
    if spec.get("master") is not None and spec.get("engine") != "pyspark":
        findings.append(
            Finding("inventory/source", "/spec/master", "only Spark has a master", "add `engine: pyspark`, or leave it out")
        )
    findings.extend(_repeated(fields, "/spec/map"))
    findings.extend(_repeated(defaults, "/spec/defaults"))
    findings.extend(_unrecorded(fields, defaults))
    is_clear = not findings
    findings.extend(asset_rules.ignored(((spec.get("lifecycle") or {}).get("ignore")) or ()))
    if source is None or key is None or name is None or name not in context.connectors or not is_clear:
        return Lowered(None, tuple(findings))
    if not any(field.path == NATIVE_KEY for field in fields):
        fields.append(FieldSource(NATIVE_KEY, frozenset({"string"}), "/spec/key", column=key))
    declaration = InventoryDeclaration(
        address=manifest.address,
        connector=name,
        source=_source(source),
        key=key,
        fields=tuple(fields),
        defaults=tuple(defaults),
        where=tuple(where),
        max_bad_rows=int(spec.get("maxBadRows") or 0),
        engine=spec.get("engine") or "duckdb",
        lifecycle=spec.get("lifecycle") or {},
        columns=_columns(key, fields, where),
        locate=manifest.locate,
        metadata=manifest.metadata,
        meant=frozenset(_columns(key, fields, [])),
        master=spec.get("master"),
    )
    return Lowered(declaration, tuple(findings))


def template_columns(template: str) -> tuple[str, ...]:
    return tuple(found.group(1) for found in _IN_BRACES.finditer(template) if found.group(1) is not None)


def filled(template: str, cells: Mapping[str, str | None]) -> str | None:
    """The template with its columns put in; None where one of them is empty."""
    if any(cells.get(column) is None for column in template_columns(template)):
        return None
    return _IN_BRACES.sub(lambda found: str(cells[found.group(1)]) if found.group(1) is not None else found.group()[0], template)


def scheme_of(url: str) -> str:
    """What a URL begins with, in small letters; empty for what is no URL."""
    scheme, slashes, _ = url.partition("://")
    return scheme.lower() if slashes else ""


def _source_findings(written: Mapping[str, Any]) -> Iterator[Finding]:
    given = [name for name in _FORMATS if name in written]
    if len(given) != 1:
        what = "nothing" if not given else " and ".join(given)
        yield Finding(
            "inventory/source", "/spec/from", f"{what} is named here", "name exactly one of csv, jsonl, parquet, database"
        )
        return
    kind = given[0]
    for key, owner in _BELONGS.items():
        if key in written and owner != kind:
            yield Finding("inventory/source", f"/spec/from/{key}", f"{key} belongs to {owner}, not to {kind}", "leave it out")
    if kind == "database":
        if ("table" in written) == ("sql" in written):
            yield Finding("inventory/source", "/spec/from", "a database needs either a table or sql", "write one of the two")
        url = written[kind]
        path = url.partition(":///")[2] if scheme_of(url) in _EMBEDDED else ""
        if not (path or (scheme_of(url) and scheme_of(url) not in _EMBEDDED)):
            hint = "write sqlite:///data/cmdb.db, duckdb:///data/cmdb.duckdb, or such as postgresql://user@host/database"
            yield Finding("inventory/source", "/spec/from/database", "a database is named by its URL", hint)
    else:
        path = written[kind]
    if path and leaves_project(path):
        hint = "keep the file below the folder of declarative.yaml, and name it from there"
        yield Finding("inventory/source", f"/spec/from/{kind}", f'"{shown(path)}" leads out of the project', hint)


def _source(written: Mapping[str, Any]) -> InventorySource:
    kind = next(name for name in _FORMATS if name in written)
    return InventorySource(
        kind,
        written[kind],
        delimiter=written.get("delimiter", ","),
        encoding=written.get("encoding", "utf-8"),
        table=written.get("table"),
        sql=written.get("sql"),
    )


def _field_hint(field: str) -> str:
    return did_you_mean(field, field_paths(ROW_KIND)) or f"`declarative explain {ROW_KIND}.spec` lists the fields"


def _field(path: str, written: Any, findings: list[Finding], base: str = "/spec/map") -> Iterator[FieldSource]:
    pointer = f"{base}/{path.replace('~', '~0').replace('/', '~1')}"
    plain = path.removeprefix("spec.")
    field, brackets, record = plain.partition("[].")
    types = _types(field, record)
    if types is None:
        message = f'there is no field "{shown(path)}" to fill'
        findings.append(Finding("inventory/mapping", pointer, message, partial(_field_hint, field)))
        return
    if isinstance(written, str):
        written = {"template": written} if _IN_BRACES.search(written) else {"column": written}
    given = [name for name in ("column", "template", "value") if name in written]
    if len(given) != 1:
        what = " and ".join(given) if given else "nothing"
        findings.append(
            Finding("inventory/mapping", pointer, f"the value comes from {what}", "write one of column, template, value")
        )
        return
    if "value" in given and ("split" in written or "date" in written):
        findings.append(Finding("inventory/mapping", pointer, "split and date are for cells", "write the value as it is meant"))
        return
    if "split" in written and not brackets and types and "array" not in types:
        findings.append(Finding("inventory/mapping", pointer, f"split makes a list, and {field} is none", "leave split out"))
        return
    if "value" not in given and field in SOURCE_DATES:
        written = {"date": "iso", **written}
    wrong = _date_problem(written.get("date", "iso"))
    if wrong is not None:
        findings.append(Finding("inventory/mapping", f"{pointer}/date", *wrong))
        return
    yield FieldSource(field, types, pointer, record=record if brackets else None, **written)


def _date_problem(form: str) -> tuple[str, str] | None:
    """What is wrong with a pattern of dates, and what to do about it."""
    if form in _DATE_FORMS:
        return None
    if "%Z" in form.replace("%%", ""):
        return "the names of time zones that %Z reads are those of the machine that plans", "write offsets, and %z"
    with suppress(ValueError, re.error):  # the latter of a directive that stands twice
        if datetime.strptime(_SOME_DAY.strftime(form), form).date() == _SOME_DAY.date():  # noqa: DTZ007 - only the day counts
            return None
    return f'"{shown(form)}" does not read a day, a month and a year', "write it such as %d.%m.%Y or %Y%m%d %H:%M:%S"


def _repeated(fields: Iterable[FieldSource], base: str) -> Iterator[Finding]:
    """A field has one source: of two, the order in the file would decide."""
    taken: dict[str, set[str | None]] = {}
    for field in fields:
        others = taken.setdefault(field.path, set())
        if others and (field.record is None or field.record in others or None in others):
            message = f"{shown(field.path)} is filled by another line of {base.rpartition('/')[2]} too"
            yield Finding("inventory/mapping", field.pointer, message, "leave one of them out")
        others.add(field.record)


def _unrecorded(fields: Sequence[FieldSource], defaults: Sequence[FieldSource]) -> Iterator[Finding]:
    """What would be put into the records of a list, where no cell makes any."""
    made = {field.path for field in fields if field.value is None}
    for field in (*fields, *defaults):
        if field.record is not None and field.path not in made:
            message = f"no column makes records of {field.path}, so there is none to put this into"
            yield Finding("inventory/mapping", field.pointer, message, "fill one of their fields from a column or a template")


def _types(field: str, record: str) -> frozenset[str] | None:
    """The JSON types that the schema has for a field, or a field of a list's records; None where there is no such field."""
    if not field.startswith(("identityAttributes.", "coreAttributes.")):
        return None
    root = registry.schema_for(ROW_KIND)
    parts: list[str | int] = [*field.split("."), *((0, record) if record else ())]
    if field.startswith(f"{CUSTOM}."):
        parts = [*CUSTOM.split("."), field.removeprefix(f"{CUSTOM}.")]
    node = registry.resolve(root, root["properties"]["spec"])
    for part in parts:
        below = registry.child(root, node, part)
        if below is None:
            return None
        node = below
    types = node.get("type", ())
    found = frozenset({types} if isinstance(types, str) else types) - {"null"}
    return None if found == {"object"} else found


def _condition(index: int, written: Mapping[str, Any], findings: list[Finding]) -> Iterator[Condition]:
    pointer = f"/spec/where/{index}"
    given = [name for name in _COMPARISONS if name in written]
    if len(given) != 1:
        what = " and ".join(given) if given else "nothing"
        findings.append(
            Finding("inventory/condition", pointer, f"the cell is compared by {what}", f"write one of {', '.join(_COMPARISONS)}")
        )
        return
    (comparison,) = given
    value = written[comparison]
    if comparison == "empty":
        values: tuple[str | None, ...] = (None,)
        negated = not value
    else:
        texts = value if isinstance(value, list) else [value]
        values = tuple((text or "").strip() or None for text in texts)
        negated = comparison.startswith("not")
    yield Condition(written["column"], values, negated, f"{pointer}/column")


def _columns(key: str, fields: list[FieldSource], where: list[Condition]) -> Mapping[str, str]:
    named = chain(
        [(key, "/spec/key")],
        ((field.column, field.pointer) for field in fields if field.column is not None),
        ((column, field.pointer) for field in fields for column in template_columns(field.template or "")),
        ((condition.column, condition.pointer) for condition in where),
    )
    columns: dict[str, str] = {}
    for column, pointer in named:
        columns.setdefault(column, pointer)
    return columns
