"""HostQuery and ComponentQuery manifests as queries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from declarative.core.diagnostics import Severity
from declarative.kinds.context import Context, Lowered
from declarative.kinds.durations import duration
from declarative.kinds.rules import Finding
from declarative.manifest.model import Manifest
from declarative.queries.catalog import Problem, check_filter, check_in_values
from declarative.queries.dates import resolve
from declarative.queries.local import OR_HINT, search_problem
from declarative.queries.model import Expect, FieldExpectation, Filter, FilterDocument, Freshness, Query, Target

_PARTS = {"field": "/field", "operator": "/operator", "value": "/value"}


def lower_host_query(manifest: Manifest, context: Context) -> Lowered[Query]:
    spec = manifest.spec
    query = Query(manifest.address, Target.HOSTS, filters=_document(spec), asset_id=_asset_id(spec))
    findings = [*_filters(Target.HOSTS, spec, "/spec/filters"), *_expect_findings(spec.get("expect") or {})]
    problem = search_problem(query)
    if problem is not None:
        findings.append(Finding("query/or-with-asset-id", "/spec/operation", problem, OR_HINT))
    return _lowered(manifest, context, query, findings)


def lower_component_query(manifest: Manifest, context: Context) -> Lowered[Query]:
    spec = manifest.spec
    own, findings = _block(spec, "filters", "operation", "componentFilter", asset_filter=False)
    other, more = _block(spec, "assetFilters", "assetOperation", "assetSoftwareFilter", asset_filter=True)
    findings += [*more, *_expect_findings(spec.get("expect") or {})]
    query = Query(manifest.address, Target.COMPONENTS, filters=own, asset_filters=other, asset_id=_asset_id(spec))
    return _lowered(manifest, context, query, findings)


def _lowered(manifest: Manifest, context: Context, query: Query, findings: list[Finding]) -> Lowered[Query]:
    whole = replace(
        query,
        fields=tuple(manifest.spec.get("fields") or ()),
        expect=_expect(manifest.spec.get("expect")),
        position=manifest.position,
        labels=manifest.labels,
    )
    try:
        return Lowered(resolve(whole, context.now), tuple(findings))
    except ValueError:
        return Lowered(whole, tuple(findings))  # told by filter/value at its place


def _block(
    spec: Mapping[str, Any], filters: str, operation: str, pasted: str, *, asset_filter: bool
) -> tuple[FilterDocument, list[Finding]]:
    block = spec.get(pasted)
    if block is None:
        found = list(_filters(Target.COMPONENTS, {"filters": spec.get(filters)}, f"/spec/{filters}", asset_filter=asset_filter))
        return _document({"filters": spec.get(filters), "operation": spec.get(operation)}), found
    found = list(_filters(Target.COMPONENTS, block, f"/spec/{pasted}/filters", asset_filter=asset_filter))
    if spec.get(filters) is not None:
        message = f"{filters} and {pasted} both say which filters are meant"
        found.append(Finding("query/two-forms", f"/spec/{pasted}", message, "keep one of them"))
    return _document(block), found


def _document(block: Mapping[str, Any]) -> FilterDocument:
    rows = tuple(Filter(row["field"], row["operator"], text_of(row["value"])) for _, row in _whole(block.get("filters")))
    return FilterDocument(rows, block.get("operation") or "AND")


def _whole(rows: Any) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The rows that have all three parts, by their index: in a manifest that its schema refuses, some have not."""
    for index, row in enumerate(rows or ()):
        if row is not None and row.get("field") is not None and row.get("operator") is not None and _is_there(row.get("value")):
            yield index, row


def _is_there(value: Any) -> bool:
    return value is not None and not (isinstance(value, list) and None in value)


def _asset_id(spec: Mapping[str, Any]) -> int | None:
    return None if spec.get("assetId") is None else int(spec["assetId"])


def text_of(value: Any) -> str:
    """A filter value as the API takes it: always text (facts 3.2); a list is joined for IN."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(text_of(item) for item in value)
    return str(value)


def _filters(target: Target, block: Mapping[str, Any], pointer: str, *, asset_filter: bool = False) -> Iterator[Finding]:
    for index, row in _whole(block.get("filters")):
        value = row["value"]
        split = check_in_values(row["field"], [text_of(item) for item in value]) if isinstance(value, list) else ()
        filter_ = Filter(row["field"], row["operator"], text_of(value))
        problems = (*split, *check_filter(target, filter_, asset_filter=asset_filter))
        yield from (_finding(problem, f"{pointer}/{index}") for problem in problems)
        if isinstance(value, list) and row["operator"] != "IN":
            message = f"{row['operator']} takes one value, not a list"
            yield Finding("filter/value", f"{pointer}/{index}/value", message, "use IN, or one filter a value")


def _finding(problem: Problem, pointer: str) -> Finding:
    return Finding(problem.rule, pointer + _PARTS.get(problem.part, ""), problem.message, problem.advice, problem.severity)


def _expect(written: Mapping[str, Any] | None) -> Expect | None:
    if written is None:
        return None
    count = written.get("count") or {}
    fresh = written.get("fresh")
    return Expect(
        minimum=count.get("min"),
        maximum=count.get("max"),
        equals=count.get("equals"),
        every=_expectations(written.get("every")),
        none=_expectations(written.get("none")),
        fresh=Freshness(fresh["field"], duration(fresh["within"])) if fresh and {"field", "within"} <= fresh.keys() else None,
        severity=Severity(written.get("severity", "error")),
        message=written.get("message"),
    )


def _expectations(rows: list[Mapping[str, Any]] | None) -> tuple[FieldExpectation, ...]:
    return tuple(FieldExpectation(row["field"], row["operator"], text_of(row["value"])) for _, row in _whole(rows))


def _expect_findings(written: Mapping[str, Any]) -> Iterator[Finding]:
    count = written.get("count") or {}
    low = max(value for value in (count.get("min"), count.get("equals"), 0) if value is not None)
    highs = [value for value in (count.get("max"), count.get("equals")) if value is not None]
    if highs and low > min(highs):
        yield Finding("query/expect-bounds", "/spec/expect/count", "no number of results can meet these bounds together")
    for part in ("every", "none"):
        for index, row in _whole(written.get(part)):
            if isinstance(row["value"], list):
                for problem in check_in_values(row["field"], [text_of(item) for item in row["value"]]):
                    yield Finding("query/expect-value", f"/spec/expect/{part}/{index}/value", problem.message, problem.advice)
