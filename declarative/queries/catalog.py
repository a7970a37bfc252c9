"""Looking up filter fields, and checking a filter before the API sees it."""

from __future__ import annotations

import difflib
import ipaddress
import re
from collections.abc import Callable, Mapping
from functools import cache, partial
from types import MappingProxyType

from msgspec import Struct

from declarative.core.diagnostics import Severity
from declarative.core.quoting import shown
from declarative.core.suggest import closest
from declarative.queries.dates import DATE_FORMS, form_problem
from declarative.queries.fields import (
    ALL_OPERATORS,
    COMPONENT_FIELDS,
    HOST_FIELDS,
    KNOWN_WRONG,
    Evidence,
    FilterField,
    Group,
    known_fields,
    lookup,
)
from declarative.queries.model import Filter, Query, Target

__all__ = [
    "FilterField",
    "Problem",
    "check_filter",
    "check_in_values",
    "check_query",
    "known_fields",
    "lookup",
    "suggest",
    "suggest_operator",
]

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}", re.ASCII)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?", re.ASCII)


class Problem(Struct, frozen=True):
    """What is wrong with one filter. `part` says which of its three parts to point at: field, operator or value; `advice`: the
    hint, or what finds it out, where that costs a search and nobody may ask."""

    rule: str
    severity: Severity
    message: str
    part: str
    advice: str | Callable[[], str] | None = None

    @property
    def hint(self) -> str | None:
        return self.advice() if callable(self.advice) else self.advice


def suggest(field: str, target: Target | None = None, *, asset_filter: bool = False) -> str | None:
    """The known field most likely meant, or None. Without a target, from all of them."""
    every = [*HOST_FIELDS, *COMPONENT_FIELDS]
    names = tuple(every if target is None else known_fields(target, asset_filter=asset_filter))
    meant = KNOWN_WRONG.get(field)
    if meant in names:
        return meant
    folded = field.lower()
    whole, tails = _folded(names)
    if folded in whole:
        return whole[folded]
    # `riskScore` is meant as `asset.riskScore` more often than as anything its letters resemble.
    if len(tails.get(folded, ())) == 1:
        return tails[folded][0]
    return closest(field, names)


@cache
def _folded(names: tuple[str, ...]) -> tuple[Mapping[str, str], Mapping[str, list[str]]]:
    """Names by their lower-case form, and by what stands behind its last dot."""
    tails: dict[str, list[str]] = {}
    for name in names:
        tails.setdefault(name.lower().rpartition(".")[2], []).append(name)
    return {name.lower(): name for name in reversed(names)}, tails


def suggest_operator(operator: str, spec: FilterField | None = None) -> str | None:
    """The operator most likely meant by a wrong one, among those the field takes (all of them without a field)."""
    legal = spec.operators if spec is not None else ALL_OPERATORS
    meant = _OPERATOR_ALIASES.get(operator.upper().strip(), operator.upper())
    if meant in legal:
        return meant
    found = difflib.get_close_matches(meant, legal, n=1, cutoff=0.6)
    return found[0] if found else None


_OPERATOR_ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "=": "EQUALS",
        "==": "EQUALS",
        "EQ": "EQUALS",
        "EQUAL": "EQUALS",
        "IS": "EQUALS",
        "!=": "NOT_EQUALS",
        "NE": "NOT_EQUALS",
        "NOT": "NOT_EQUALS",
        ">": "GREATER",
        "GT": "GREATER",
        "GREATER_THAN": "GREATER",
        "AFTER": "GREATER",
        "<": "LESSER",
        "LT": "LESSER",
        "LESS": "LESSER",
        "LESS_THAN": "LESSER",
        "BEFORE": "LESSER",
        ">=": "GREATER_THAN_EQUAL",
        "GTE": "GREATER_THAN_EQUAL",
        "GREATER_THAN_EQUALS": "GREATER_THAN_EQUAL",
        "<=": "LESS_THAN_EQUAL",
        "LTE": "LESS_THAN_EQUAL",
        "LESSER_THAN_EQUAL": "LESS_THAN_EQUAL",
        "LESS_THAN_EQUALS": "LESS_THAN_EQUAL",
        "LIKE": "CONTAINS",
        "MATCHES": "CONTAINS",
    }
)


def check_filter(target: Target, row: Filter, *, asset_filter: bool = False) -> tuple[Problem, ...]:
    """Everything wrong with one filter, worst first; empty when the API should accept it.

    Rules: filter/unknown-field, filter/unknown-operator, filter/operator, filter/value, filter/comma-in-value,
    filter/undocumented-field, filter/date-equals-midnight.
    """
    spec = lookup(target, row.field, asset_filter=asset_filter)
    if spec is None:
        return (_unknown_field(target, row.field, asset_filter=asset_filter), *_unknown_operator(row, None))
    problems = [*_unknown_operator(row, spec), *_illegal_operator(row, spec), *_bad_value(row, spec)]
    if not spec.is_documented:
        problems.append(_undocumented(spec))
    return tuple(problems)


def check_query(query: Query) -> tuple[tuple[str, Problem], ...]:
    """The problems of all filters of a query, each with the JSON pointer of its filter below `spec`."""
    found: list[tuple[str, Problem]] = []
    blocks = (("/filters", query.filters, False), ("/assetFilters", query.asset_filters, True))
    for pointer, document, asset_filter in blocks:
        for index, row in enumerate(document.filters):
            problems = check_filter(query.target, row, asset_filter=asset_filter)
            found.extend((f"{pointer}/{index}", problem) for problem in problems)
    return tuple(found)


def _unknown_field(target: Target, field: str, *, asset_filter: bool) -> Problem:
    advice = partial(_field_hint, target, field, asset_filter=asset_filter)
    return Problem("filter/unknown-field", Severity.ERROR, f"unknown filter field {shown(field)!r}", "field", advice)


def _field_hint(target: Target, field: str, *, asset_filter: bool) -> str:
    meant = suggest(field, target, asset_filter=asset_filter)
    if meant is not None:
        return f"did you mean {meant}?"
    if target is Target.COMPONENTS and not asset_filter and field in HOST_FIELDS:
        return "filters on the asset go into assetFilters; filters take component.* fields only"
    if field in COMPONENT_FIELDS:
        return "component.* fields are for component queries (kind ComponentQuery, or `query components`)"
    return "the API answers 400 to a field it does not know; `query hosts --filter` completes the known ones in a shell"


def _unknown_operator(row: Filter, spec: FilterField | None) -> tuple[Problem, ...]:
    if row.operator in ALL_OPERATORS:
        return ()
    message = f"unknown operator {shown(row.operator)!r}"
    return (Problem("filter/unknown-operator", Severity.ERROR, message, "operator", partial(_operator_hint, row.operator, spec)),)


def _operator_hint(operator: str, spec: FilterField | None) -> str:
    meant = suggest_operator(operator, spec)
    legal = ", ".join(spec.operators if spec is not None else ALL_OPERATORS)
    return f"did you mean {meant}?" if meant is not None else f"legal here: {legal}"


def _illegal_operator(row: Filter, spec: FilterField) -> tuple[Problem, ...]:
    if row.operator not in ALL_OPERATORS or row.operator in spec.operators:
        return ()
    message = f"{row.operator} does not work on {spec.name}, whose type is {spec.group.value}"
    # The type of an undocumented field is a guess of ours, so its operators are, too.
    severity = Severity.ERROR if spec.is_documented else Severity.WARNING
    hint = "legal here: " + ", ".join(spec.operators)
    return (Problem("filter/operator", severity, message, "operator", hint),)


def _bad_value(row: Filter, spec: FilterField) -> tuple[Problem, ...]:
    if row.operator == "IN":
        return _bad_list(row, spec)
    return (*_bad_item(row.value, spec), *_midnight(row, spec))


def _bad_list(row: Filter, spec: FilterField) -> tuple[Problem, ...]:
    items = row.value.split(",")
    if any(not item.strip() for item in items):
        message = f"the list for IN on {spec.name} has an empty item: {shown(row.value)!r}"
        hint = "a comma cannot be part of a value under IN: use one EQUALS filter a value, operation OR"
        return (Problem("filter/comma-in-value", Severity.ERROR, message, "value", hint),)
    spaced = [item for item in items if item != item.strip()]
    if spaced and spec.group in (Group.STRING, Group.STRING_WITHOUT_NOT_EQUAL):
        message = f"IN splits at each comma: {shown(row.value)!r} is read as {len(items)} values, some with blanks around them"
        hint = "if the comma belongs to the value, use EQUALS (several: operation OR); otherwise leave the blanks out"
        return (Problem("filter/comma-in-value", Severity.WARNING, message, "value", hint),)
    each = dict.fromkeys(item.strip() for item in items)
    return tuple(problem for item in each for problem in _bad_item(item, spec))


def check_in_values(field: str, values: list[str]) -> tuple[Problem, ...]:
    """For values written as a list: each that holds a comma, since IN would split it into several."""
    return tuple(
        Problem(
            "filter/comma-in-value",
            Severity.ERROR,
            f"{shown(value)!r} holds a comma, and IN on {shown(field)} would read it as {value.count(',') + 1} values",
            "value",
            "use one EQUALS filter a value with operation OR",
        )
        for value in values
        if "," in value
    )


def _bad_item(value: str, spec: FilterField) -> tuple[Problem, ...]:
    if value == "":
        return (_value_problem(spec, value, "an empty value matches nothing useful", "write the value to compare with"),)
    if spec.values and value not in spec.values:
        hint = partial(_value_hint, value, spec.values)
        return (_value_problem(spec, value, "is not one of " + ", ".join(spec.values), hint),)
    if spec.extra_operators:
        return ()
    complaint = _CHECKS[spec.group](value) if spec.group in _CHECKS else None
    return (_value_problem(spec, value, *complaint),) if complaint else ()


def _value_hint(value: str, legal: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(value.upper(), legal, n=1)
    return f"did you mean {close[0]}?" if close else "legal: " + ", ".join(legal)


def _value_problem(spec: FilterField, value: str, why: str, hint: str | Callable[[], str]) -> Problem:
    severity = Severity.WARNING if spec.evidence is not Evidence.DOCUMENTED else Severity.ERROR
    return Problem("filter/value", severity, f"{spec.name}: {shown(value)!r} {why}", "value", hint)


def _midnight(row: Filter, spec: FilterField) -> tuple[Problem, ...]:
    if spec.group is not Group.DATE or row.operator not in ("EQUALS", "NOT_EQUALS"):
        return ()
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", row.value, re.ASCII):
        return ()
    message = f"{spec.name} {row.operator} {row.value} is sent as midnight exactly, {row.value}T00:00:00Z"
    hint = "for the whole day use two filters: GREATER_THAN_EQUAL the day, and LESSER the next"
    return (Problem("filter/date-equals-midnight", Severity.WARNING, message, "value", hint),)


def _undocumented(spec: FilterField) -> Problem:
    if spec.evidence is Evidence.OBSERVED:
        severity, claim = Severity.INFO, "is not in the vendor's filter table, but is in use"
    else:
        severity, claim = Severity.WARNING, "is not verified; the API may answer 400"
    message = f"{spec.name} {claim} (source: {spec.source.partition(' (facts')[0]})"
    return Problem("filter/undocumented-field", severity, message, "field", spec.note or None)


def _check_number(value: str) -> tuple[str, str] | None:
    return None if _NUMBER.fullmatch(value) else ("is not a number", "write digits only, such as 90")


def _check_boolean(value: str) -> tuple[str, str] | None:
    return None if value in ("true", "false") else ("is not a boolean", "write true or false")


def _check_uuid(value: str) -> tuple[str, str] | None:
    return None if _UUID.fullmatch(value) else ("is not a UUID", "write it as 01234567-89ab-cdef-0123-456789abcdef")


def _check_ip(value: str) -> tuple[str, str] | None:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return ("is not an IP address", "write one IPv4 or IPv6 address")
    return None


def _check_date(value: str) -> tuple[str, str] | None:
    complaint = form_problem(value)
    return (complaint, "write one of: " + "; ".join(DATE_FORMS)) if complaint else None


_CHECKS: Mapping[Group, Callable[[str], tuple[str, str] | None]] = MappingProxyType(
    {
        Group.NUMERIC: _check_number,
        Group.NUMERIC_WITHOUT_NOT_EQUAL: _check_number,
        Group.BOOLEAN: _check_boolean,
        Group.UUID: _check_uuid,
        Group.IP: _check_ip,
        Group.DATE: _check_date,
    }
)
