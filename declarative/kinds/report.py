"""Report manifests as declarations, and what is checked in them beyond the schema."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from declarative.core.quoting import shown
from declarative.core.suggest import did_you_mean
from declarative.kinds import values
from declarative.kinds.context import Context, Lowered
from declarative.kinds.durations import duration
from declarative.kinds.model import OnEmpty, ReportDeclaration
from declarative.kinds.rules import Finding
from declarative.kinds.unopened import pruned
from declarative.manifest.model import Manifest

REQUEST = "/spec/request"
QUERY_KINDS = ("HostQuery", "ComponentQuery")
_ID_LISTS = ("assetList", "tagList", "excludeTagIds")
_FLAGS = ("emailNotification", "useReportNameAsFilename")


def lower_report(manifest: Manifest, context: Context) -> Lowered[ReportDeclaration]:
    spec = manifest.spec
    request = _request(spec.get("request") or {})
    findings = list(_check(request))
    scope: Mapping[str, Any] = spec.get("scope") or {}
    asset_query = _query(scope, "assets", context, findings)
    tag_query = _query(scope, "tags", context, findings)
    findings.extend(_scope_findings(scope, request))
    if (asset_query is None) != (scope.get("assets") is None) or (tag_query is None) != (scope.get("tags") is None):
        return Lowered(None, tuple(findings))
    run: Mapping[str, Any] = spec.get("run") or {}
    every = run.get("every")
    declaration = ReportDeclaration(
        address=manifest.address,
        request=request,
        asset_query=asset_query,
        tag_query=tag_query,
        on_empty=OnEmpty(scope.get("onEmpty", OnEmpty.REFUSE)),
        on_change=run.get("on", "change") == "change",
        every=None if every is None else duration(every),
        position=manifest.position,
        labels=manifest.labels,
    )
    return Lowered(declaration, tuple(findings))


def _request(written: Mapping[str, Any]) -> dict[str, Any]:
    """The body of the call: nulls left out, ids and flags as text, as the release note declares them (3.7.1)."""
    request = pruned(written)
    for name in _ID_LISTS:
        if name in request:
            ids = request[name]
            joined = ",".join(str(item).strip() for item in ids) if isinstance(ids, list) else str(ids)
            request[name] = values.compact_list(joined)
    for name in _FLAGS:
        if name in request:
            request[name] = str(request[name])
    return request


def _query(scope: Mapping[str, Any], part: str, context: Context, findings: list[Finding]) -> str | None:
    """The address of the query a scope names."""
    if scope.get(part) is None:
        return None
    name = scope[part].get("query")
    if name is None:
        return None
    candidates = [name] if "/" in name else [f"{kind}/{name}" for kind in QUERY_KINDS]
    known = [address for address in candidates if address in context.queries]
    if not known and context.may_exist(*candidates):
        return None
    if len(known) == 1:
        return known[0]
    hint: str | Callable[[], str]
    if known:
        message, hint = f'"{name}" names two queries', f"write {' or '.join(known)}"
    else:
        message, hint = f'there is no query "{shown(name)}"', partial(_query_hint, name, context)
    findings.append(Finding("reference/unknown-query", f"/spec/scope/{part}/query", message, hint))
    return None


def _query_hint(name: str, context: Context) -> str:
    names = context.query_addresses if "/" in name else context.query_names
    return names.did_you_mean(name) or "write a manifest of kind HostQuery or ComponentQuery with that name"


def _scope_findings(scope: Mapping[str, Any], request: Mapping[str, Any]) -> Iterator[Finding]:
    for part, name in (("assets", "assetList"), ("tags", "tagList")):
        if scope.get(part) is not None and name in request:
            message = f"{name} is written here, and scope.{part} fills it too"
            yield Finding("report/scope-and-list", f"{REQUEST}/{name}", message, "keep one of them")
    has_tags = "tagList" in request or scope.get("tags") is not None
    pairs = (("includeMatchType", has_tags, "tagList"), ("excludeMatchType", "excludeTagIds" in request, "excludeTagIds"))
    for name, has_what_it_matches, needed in pairs:
        if name in request and not has_what_it_matches:
            yield Finding("report/match-without-tags", f"{REQUEST}/{name}", f"{name} says nothing without {needed}")


def _check(request: Mapping[str, Any]) -> Iterator[Finding]:
    if request.get("format", "PDF") != "PDF":
        message = f'"{shown(request["format"])}" is not a documented format; PDF is'
        yield Finding("report/format", f"{REQUEST}/format", message, did_you_mean(request["format"], ["PDF"]))
    if request.get("reportType", "EASM_LEAD") != "EASM_LEAD":
        message = f'"{shown(request["reportType"])}" is not a supported report type; EASM_LEAD is'
        yield Finding("report/type", f"{REQUEST}/reportType", message, did_you_mean(request["reportType"], ["EASM_LEAD"]))
    for name in _ID_LISTS:
        complaint = values.id_list_problem(request[name]) if name in request else None
        if complaint is not None:
            yield Finding("report/id-list", f"{REQUEST}/{name}", complaint, "write it as 78427696,78140051")
    for name in _FLAGS:
        if request.get(name, "1") not in ("0", "1"):
            yield Finding("report/flag", f"{REQUEST}/{name}", f'"{shown(request[name])}" is neither "0" nor "1"')
    yield from _people(request)


def _people(request: Mapping[str, Any]) -> Iterator[Finding]:
    zone = request.get("timezone")
    if zone is not None:
        complaint = values.zone_problem(zone)
        if complaint is not None:
            yield Finding("report/time-zone", f"{REQUEST}/timezone", complaint, partial(_zone_hint, zone))
    for address in (request.get("recipient") or "").split(",") if request.get("recipient") else ():
        complaint = values.email_problem(address)
        if complaint is not None:
            yield Finding("report/recipient", f"{REQUEST}/recipient", complaint, "several addresses are separated by commas")


def _zone_hint(zone: str) -> str:
    return did_you_mean(zone, values.zones()) or "write a name such as Asia/Calcutta or UTC"
