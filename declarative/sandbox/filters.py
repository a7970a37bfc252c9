"""Filter documents: which fields and operators exist, and what they mean on a record (facts 3.2 - 3.4 and 4)."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .clock import parse_date, parse_loose_date
from .fields import ASSET_FIELDS, COMPONENT_FIELDS, OPERATORS, UNDOCUMENTED_FIELDS, Field, Group
from .store import Readable


class BadFilterError(Exception):
    """The document is answered with a 400 and this text."""


Test = Callable[[list[Any]], bool]
_NUMBER = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?")


@dataclass(frozen=True, slots=True)
class Clause:
    field: Field
    operator: str
    value: str
    test: Test

    def holds(self, record: Readable) -> bool:
        return self.test(self.field.values(record))

    @property
    def wanted(self) -> tuple[str, ...]:
        """The values of an equality; empty for any other operator."""
        if self.operator == "EQUALS":
            return (self.value,)
        return _listed(self.value) if self.operator == "IN" else ()


@dataclass(frozen=True, slots=True)
class Document:
    clauses: tuple[Clause, ...] = ()
    any_of: bool = False

    def holds(self, record: Readable) -> bool:
        results = (clause.holds(record) for clause in self.clauses)
        return any(results) if self.any_of and self.clauses else all(results)


def asset_document(body: Any, *, strict: bool, undocumented: bool) -> Document:
    """Raises BadFilterError."""
    known = {**ASSET_FIELDS, **UNDOCUMENTED_FIELDS} if undocumented else ASSET_FIELDS
    return _document(body, known, strict)


def component_documents(body: Any, *, strict: bool) -> tuple[Document, Document]:
    """componentFilter and assetSoftwareFilter. Raises BadFilterError."""
    if body is None:
        body = {}
    if not isinstance(body, dict):
        raise BadFilterError("Invalid request body")
    _unknown_keys(body, {"componentFilter", "assetSoftwareFilter"}, strict)
    software = {name: field for name, field in ASSET_FIELDS.items() if name.startswith(("asset.", "software."))}
    return (
        _document(body.get("componentFilter"), COMPONENT_FIELDS, strict),
        _document(body.get("assetSoftwareFilter"), software, strict),
    )


def xml_body(text: bytes) -> dict[str, Any]:
    """The XML alternative: Criteria elements, field and operator as attributes, value as a child. Raises BadFilterError."""
    if b"<!" in text.replace(b"<!--", b""):
        raise BadFilterError("DOCTYPE is not allowed")
    try:
        root = ET.fromstring(text)  # noqa: S314  entities need a DOCTYPE, refused above
    except ET.ParseError as problem:
        raise BadFilterError("Malformed XML") from problem
    blocks = {"componentFilter", "assetSoftwareFilter"}
    parts = {part.tag: _xml_document(part) for part in root if part.tag in blocks}
    return parts or _xml_document(root)


def _xml_document(root: ET.Element) -> dict[str, Any]:
    rows = [
        {"field": item.get("field"), "operator": item.get("operator"), "value": item.findtext("value") or item.text or ""}
        for item in root.iter()
        if item.tag.lower() == "criteria"
    ]
    return {"filters": rows, "operation": (root.findtext(".//operation") or "AND").strip()}


def _document(body: Any, known: Mapping[str, Field], strict: bool) -> Document:
    if body is None:
        return Document()
    if not isinstance(body, dict):
        raise BadFilterError("Invalid request body")
    if "field" in body and "filters" not in body:
        raise BadFilterError("Invalid request body: filters is missing")
    _unknown_keys(body, {"filters", "operation"}, strict)
    rows = body.get("filters") or []
    if not isinstance(rows, list):
        raise BadFilterError("Invalid request body: filters must be an array")
    operation = str(body.get("operation") or "AND").upper()
    if operation not in {"AND", "OR"}:
        raise BadFilterError(f"Invalid operation {operation}")
    return Document(tuple(_clause(row, known) for row in rows), operation == "OR")


def _unknown_keys(body: Mapping[str, Any], known: set[str], strict: bool) -> None:
    if strict and set(body) - known:
        raise BadFilterError(f"Unrecognized field {min(set(body) - known)}")


def _clause(row: Any, known: Mapping[str, Field]) -> Clause:
    if not isinstance(row, dict):
        raise BadFilterError("Invalid filter: must be an object")
    name, operator, value = row.get("field"), row.get("operator"), row.get("value")
    if not isinstance(name, str) or name not in known:
        raise BadFilterError(f"Invalid field in the filter: {name}")
    field = known[name]
    if not isinstance(operator, str) or operator not in OPERATORS[field.group]:
        raise BadFilterError(f"Operator {operator} is not supported for the field {name}")
    if value is None or isinstance(value, dict | list):
        raise BadFilterError(f"Invalid value for the field {name}")
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return Clause(field, operator, text, _test(field, operator, text))


def _test(field: Field, operator: str, text: str) -> Test:
    try:
        if field.group is Group.DATE:
            return _ordered(operator, [parse_date(text)], _dates)
        if field.group in (Group.NUMERIC, Group.NUMERIC_NO_NE):
            return _ordered(operator, [number(one) for one in (_listed(text) if operator == "IN" else (text,))], _numbers)
        if field.group is Group.RISK and operator not in {"EQUALS", "NOT_EQUALS", "IN"}:
            return _ordered(operator, [number(text)], _numbers)
    except ValueError as problem:
        raise BadFilterError(f"Invalid value for the field {field.name}: {text}") from problem
    if field.group is Group.BOOLEAN and text.lower() not in {"true", "false"}:
        raise BadFilterError(f"Invalid value for the field {field.name}: {text}")
    return _textual(operator, text.lower())


def _ordered(operator: str, wanted: list[Any], convert: Callable[[Iterable[Any]], list[Any]]) -> Test:
    if not wanted:
        raise ValueError("an empty list")
    first, any_of = wanted[0], frozenset(wanted)
    tests: dict[str, Callable[[Any], bool]] = {
        "EQUALS": lambda value: bool(value == first),
        "IN": lambda value: value in any_of,
        "GREATER": lambda value: bool(value > first),
        "LESSER": lambda value: bool(value < first),
        "GREATER_THAN_EQUAL": lambda value: bool(value >= first),
        "LESS_THAN_EQUAL": lambda value: bool(value <= first),
    }
    if operator == "NOT_EQUALS":
        return lambda values: first not in convert(values)
    single = tests[operator]
    return lambda values: any(single(value) for value in convert(values))


def _textual(operator: str, text: str) -> Test:
    if operator == "CONTAINS":
        return lambda values: any(text in one for one in _texts(values))
    if operator == "NOT_EQUALS":
        return lambda values: text not in _texts(values)
    wanted = set(_listed(text)) if operator == "IN" else {text}
    return lambda values: any(one in wanted for one in _texts(values))


def _listed(text: str) -> tuple[str, ...]:
    return tuple(one.strip() for one in text.split(",") if one.strip())


def _texts(values: Iterable[Any]) -> list[str]:
    return [str(value).lower() for value in values if value is not None]


def number(text: str) -> int | float:
    """Raises ValueError, also on the likes of nan and 1e999."""
    if not _NUMBER.fullmatch(text.strip()):
        raise ValueError(f"not a number: {text!r}")
    return float(text) if "." in text else int(text)


def _numbers(values: Iterable[Any]) -> list[int | float]:
    return [number(str(value)) for value in values if value is not None and _NUMBER.fullmatch(str(value))]


def _dates(values: Iterable[Any]) -> list[datetime]:
    """Dates of a record, whole seconds: filters cannot name milliseconds. 0 and -1 mean never."""
    found = []
    for value in values:
        if value in (None, "", " ", 0, -1):
            continue
        try:
            found.append(parse_loose_date(value).replace(microsecond=0))
        except ValueError:
            continue
    return found
