"""Filters as people type them: `FIELD=OP=VALUE`, or `FIELD=VALUE` for EQUALS."""

from __future__ import annotations

from collections.abc import Sequence

from declarative.core.errors import UsageError
from declarative.core.quoting import shown
from declarative.queries.catalog import known_fields, suggest_operator
from declarative.queries.fields import ALL_OPERATORS, COMPONENT_FIELDS
from declarative.queries.model import Filter, FilterDocument, Query, Target

_SHAPE = "a filter is FIELD=VALUE or FIELD=OPERATOR=VALUE, for example asset.name=CONTAINS=web"


def parse_filter(text: str) -> Filter:
    """One filter. Only the first two `=` separate: the value may hold more of them.

    `FIELD=a=b` whose middle part is no operator, nor looks like one, is EQUALS with the value `a=b`. Raises
    UsageError with a hint.
    """
    field, first, rest = text.partition("=")
    field = field.strip()
    if not first or not field:
        raise UsageError(f"{shown(text)!r} is not a filter", hint=_comparison_hint(text) or _SHAPE)
    if field[-1] in "!<>":
        raise UsageError(f"{shown(text)!r} is not a filter", hint=_comparison_hint(text) or _SHAPE)
    middle, second, value = rest.partition("=")
    operator = middle.strip().upper()
    if not second:
        if operator in ALL_OPERATORS:
            raise UsageError(f"filter {shown(text)!r} has an operator but no value", hint=_SHAPE)
        return _filter(text, field, "EQUALS", rest)
    if operator in ALL_OPERATORS:
        return _filter(text, field, operator, value)
    meant = suggest_operator(operator) if _looks_like_operator(middle) else None
    if meant is not None:
        raise UsageError(
            f"unknown operator {shown(middle)!r} in filter {shown(text)!r}", hint=f"did you mean {field}={meant}={value}?"
        )
    return _filter(text, field, "EQUALS", rest)


def _filter(text: str, field: str, operator: str, value: str) -> Filter:
    if value == "":
        raise UsageError(f"filter {shown(text)!r} has no value", hint=_SHAPE)
    return Filter(field=field, operator=operator, value=value)


def _looks_like_operator(word: str) -> bool:
    # `equals` and `GREATR` look like one; `a` of `key=a=b` does not.
    return len(word) > 1 and word.replace("_", "").isalpha() and (word.isupper() or "_" in word)


def _comparison_hint(text: str) -> str | None:
    for sign, operator in (
        (">=", "GREATER_THAN_EQUAL"),
        ("<=", "LESS_THAN_EQUAL"),
        ("!=", "NOT_EQUALS"),
        (">", "GREATER"),
        ("<", "LESSER"),
        (":", "EQUALS"),
    ):
        field, found, value = text.partition(sign)
        if found and field.strip() and value.strip():
            return f"did you mean {field.strip()}={operator}={value.strip()}?"
    return None


def adhoc_query(
    target: Target,
    filters: Sequence[Filter] = (),
    *,
    operation: str = "AND",
    asset_id: int | None = None,
    fields: Sequence[str] = (),
) -> Query:
    """A query typed at the prompt. For components each filter goes into the block that takes its field: component.*
    into one, everything else into the block on the asset (facts 4).

    Raises UsageError for OR over both blocks: the API always joins the two blocks with AND.
    """
    own, other = tuple(filters), tuple[Filter, ...]()
    if target is Target.COMPONENTS:
        own = tuple(row for row in filters if _is_component(row))
        other = tuple(row for row in filters if not _is_component(row))
    if operation == "OR" and own and other:
        raise UsageError(
            "filters on components and on assets cannot be joined by OR: the API joins the two groups with AND",
            hint="ask twice, once with each group of filters",
        )
    return Query(
        address=target.value,
        target=target,
        filters=FilterDocument(own, operation),
        asset_filters=FilterDocument(other, operation),
        asset_id=asset_id,
        fields=tuple(fields),
    )


def _is_component(row: Filter) -> bool:
    return row.field in COMPONENT_FIELDS or row.field.startswith("component.")


def completions(target: Target, typed: str) -> tuple[str, ...]:
    """What a shell may offer for a half-typed `--filter`: fields, then operators, then fixed values."""
    fields = {**known_fields(target), **(known_fields(target, asset_filter=True) if target is Target.COMPONENTS else {})}
    name, has_field, rest = typed.partition("=")
    if not has_field:
        return tuple(f"{field}=" for field in sorted(fields) if field.lower().startswith(name.lower()))
    spec = fields.get(name)
    operators = spec.operators if spec is not None else ALL_OPERATORS
    operator, has_operator, value = rest.partition("=")
    if not has_operator:
        return tuple(f"{name}={op}=" for op in operators if op.startswith(operator.upper()))
    if spec is None:
        return ()
    values = ("true", "false") if spec.operators == ("EQUALS",) else spec.values
    return tuple(f"{name}={operator}={item}" for item in values if item.lower().startswith(value.lower()))
