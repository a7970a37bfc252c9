"""The vendor's endpoints, one function each: a request and the gateway in, a reply out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any
from urllib.parse import parse_qs, quote

import orjson

from .business import BadBusinessDataError, update_assets, upsert_apps
from .filters import BadFilterError, Document, asset_document, component_documents, xml_body
from .gateway import ClosingError, Gateway
from .importing import BadEnvelopeError, describe_faults, fault_of_asset, name_of_asset, read_envelope
from .legacy import filter_document
from .messages import JSON, RefusedError, Reply, Request, failed, json_reply, nothing, spring, text_reply
from .reading import (
    BadParameterError,
    ComponentWindow,
    PageTooLargeError,
    Window,
    count,
    left_out,
    matching,
    matching_components,
    page_size,
    since,
    whole_number,
)
from .reports import fault_of_report, pdf
from .tokens import TokenRefusedError

Handler = Callable[[Gateway, Request], Reply]


def auth(gateway: Gateway, request: Request) -> Reply:
    """A form in, a bare token out (facts 1.1)."""
    if request.content_type not in {"application/x-www-form-urlencoded", ""}:
        status = 500 if request.content_type == JSON else 415
        return spring(status, f"Content-Type '{request.content_type}' is not supported", request.path, gateway.clock.now())
    try:
        form = parse_qs(request.body.decode(), keep_blank_values=True)
    except UnicodeDecodeError:
        return text_reply(401, "Authentication failed: unreadable credentials")
    username, password = form.get("username", [""])[0], form.get("password", [""])[0]
    if (username, password) != (gateway.options.username, gateway.options.password):
        return text_reply(401, "Authentication failed: invalid username or password")
    return _token(gateway, username, client=False)


def client_auth(gateway: Gateway, request: Request) -> Reply:
    """/auth/oauth and /auth/oidc: credentials in headers (facts 1.3)."""
    given = request.headers.get("clientid", ""), request.headers.get("clientsecret", "")
    if given[0] != gateway.options.client_id:
        return text_reply(401, "Client authentication failed: Invalid Client ID")
    if given[1] != gateway.options.client_secret:
        return text_reply(401, "Client authentication failed: Invalid Client Secret")
    return _token(gateway, given[0], client=True)


def _token(gateway: Gateway, subject: str, *, client: bool) -> Reply:
    # The label says JSON although the body is a bare token: clients must not trust it (facts 1.1).
    return Reply(201, gateway.tokens.issue(subject, gateway.switches.token_lifetime, client=client).encode(), JSON)


def sync(gateway: Gateway, request: Request) -> Reply:
    switches = gateway.switches
    _demand_json(gateway, request)
    if switches.max_body is not None and len(request.body) > switches.max_body:
        return spring(413, "Maximum upload size exceeded", request.path, gateway.clock.now())
    try:
        call = read_envelope(_json(request), switches)
    except BadEnvelopeError as problem:
        return failed(400, str(problem))
    note = {"requestId": call.request_id, "assets": [name_of_asset(entry, at) for at, entry in enumerate(call.assets)]}
    if switches.max_batch is not None and len(call.assets) > switches.max_batch:
        return spring(413, f"No more than {switches.max_batch} assets a call", request.path, gateway.clock.now())
    connector = gateway.connector_for(call)
    if connector is None:
        return failed(400, "Connector not found for the given connectorUuid")
    faults = {index: fault for index, entry in enumerate(call.assets) if (fault := fault_of_asset(entry))}
    gateway.publish(call, connector, frozenset(faults))
    shown = {
        "message": "All Assets are successfully published for sync."
        if not faults
        else "Assets are published for sync with errors.",
        "responseCode": "SUCCESSFULLY_PUBLISHED",
        "assetsError": describe_faults(call, faults, switches.assets_error) if faults else {},
    }
    return json_reply(switches.partial_status if faults else 200, shown, **note)


def search(gateway: Gateway, request: Request) -> Reply:
    switches = gateway.switches
    size = page_size(request.query.get("pageSize"), switches.default_page_size, switches.max_page_size)
    hidden = left_out(request.query.get("includeFields"), request.query.get("excludeFields"))
    found = list(islice(matching(gateway.store, _window(gateway, request), gateway.breathe), size + 1))
    if not found:
        return nothing()
    page, more = found[:size], len(found) > size
    return _assets([gateway.store.shown(asset_id, hidden) for asset_id in page], page[-1] if more else None, more)


def get(gateway: Gateway, request: Request) -> Reply:
    if not request.query.get("assetId"):
        return failed(400, "Required parameter assetId is missing")
    asset_id = whole_number(request.query["assetId"], 0, "assetId")
    if asset_id not in gateway.store:
        return nothing()
    hidden = left_out(request.query.get("includeFields"), request.query.get("excludeFields"))
    return _assets([gateway.store.shown(asset_id, hidden)], None, False)


def count_assets(gateway: Gateway, request: Request) -> Reply:
    total = count(gateway.store, _window(gateway, request), gateway.breathe)
    if not total and gateway.switches.count_zero_status == 204:
        return nothing()
    return json_reply(200, {"count": total, "responseCode": "SUCCESS", "responseMessage": "Valid API Access"})


def _assets(records: list[Any], cursor: int | None, more: bool) -> Reply:
    envelope = {
        "responseMessage": "Valid API Access",
        "count": len(records),
        "responseCode": "SUCCESS",
        "lastSeenAssetId": cursor,
        "hasMore": int(more),
        "assetListData": {"asset": records},
    }
    return json_reply(200, envelope)


def _window(gateway: Gateway, request: Request) -> Window:
    old = request.path.startswith("/am/v1/")
    body = filter_document(request.query.get("filter", "")) if old else _document_body(gateway, request)
    switches = gateway.switches
    document: Document = asset_document(body, strict=switches.strict_bodies, undocumented=switches.undocumented_fields)
    after = whole_number(request.query.get("lastSeenAssetId"), 0, "lastSeenAssetId")
    return Window(document, after, since(request.query.get("lastModifiedDate" if old else "assetLastUpdated")))


def components(gateway: Gateway, request: Request) -> Reply:
    """All components, or with an id in the path those of one asset (facts 4)."""
    size = whole_number(request.query.get("pageSize"), 500, "pageSize")
    if not 1 <= size <= 1000:
        return failed(400, "pageSize must be between 1 and 1000")
    wanted, software = component_documents(_document_body(gateway, request), strict=gateway.switches.strict_bodies)
    after = whole_number(request.query.get("lastSeenAssetComponentId"), 0, "lastSeenAssetComponentId")
    tail = re.search(r"/component/(\d+)$", request.path)
    window = ComponentWindow(wanted, software, after, int(tail[1]) if tail else None)
    found = list(islice(matching_components(gateway.store, window, gateway.breathe), size + 1))
    rows, more = found[:size], len(found) > size
    if not rows and gateway.switches.component_empty_status == 204:
        return nothing()
    last = rows[-1]["component"]["assetComponentId"] if rows else None
    envelope = {"responseMessage": "Valid API Access", "count": len(rows), "responseCode": "SUCCESS", "hasMore": int(more)}
    return json_reply(200, {**envelope, "lastAssetComponentId": last, "assetComponentsList": rows})


def create_report(gateway: Gateway, request: Request) -> Reply:
    _demand_json(gateway, request)
    try:
        body = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        return _report_refused("Malformed JSON request")
    fault = fault_of_report(body, strict=gateway.switches.strict_bodies)
    if fault:
        return _report_refused(fault)
    report = gateway.reports.create(body, gateway.clock.now(), gateway.switches.report_delay)
    shown = {"data": {"fileUuid": report.file_uuid}, "message": "Request successfully created.", "error": None}
    return json_reply(gateway.switches.report_status, shown, report=report.name, fileUuid=report.file_uuid)


def _report_refused(text: str) -> Reply:
    return json_reply(400, {"data": None, "message": "Request failed.", "error": text})


def download_report(gateway: Gateway, request: Request) -> Reply:
    """By exact name, the newest finished one of that name."""
    name = request.query.get("reportName", "")
    if not name:
        return _report_refused("reportName is mandatory")
    report, ready = gateway.reports.named(name, gateway.clock.now())
    if report is None:
        return json_reply(404, {"data": None, "message": "Request failed.", "error": f"No report found with name {name}"})
    if not ready:
        status = gateway.switches.report_not_ready_status
        if status == 204:
            return nothing()
        return json_reply(status, {"data": None, "message": "Report is not ready.", "error": "Report generation is in progress"})
    disposition = f"attachment; filename*=UTF-8''{quote(name)}.pdf"
    return Reply(200, pdf(report), "application/pdf", (("Content-Disposition", disposition),))


def update_business(gateway: Gateway, request: Request) -> Reply:
    return _business(gateway, request, update_assets)


def upsert_business_apps(gateway: Gateway, request: Request) -> Reply:
    return _business(gateway, request, upsert_apps)


def _business(gateway: Gateway, request: Request, work: Callable[[Gateway, Any], int]) -> Reply:
    _demand_json(gateway, request)
    try:
        done = work(gateway, _json(request))
    except BadBusinessDataError as problem:
        return failed(400, str(problem))
    return json_reply(200, {"responseMessage": "Valid API Access", "count": done, "responseCode": "SUCCESS"})


def _document_body(gateway: Gateway, request: Request) -> Any:
    if not request.body.strip():
        return None
    if request.content_type in {"application/xml", "text/xml"}:
        return xml_body(request.body)
    _demand_json(gateway, request)
    return _json(request)


def _demand_json(gateway: Gateway, request: Request) -> None:
    if request.content_type != JSON:
        text = f"Content-Type '{request.content_type}' is not supported"
        raise RefusedError(spring(415, text, request.path, gateway.clock.now()))


def _json(request: Request) -> Any:
    try:
        return orjson.loads(request.body)
    except orjson.JSONDecodeError as problem:
        raise RefusedError(failed(400, "Malformed JSON request")) from problem


_ASSET = "/rest/2.0"
ROUTES: Mapping[str, Mapping[str, Handler]] = {
    "/auth": {"POST": auth},
    "/auth/oauth": {"POST": client_auth},
    "/auth/oidc": {"POST": client_auth},
    f"{_ASSET}/am/connector/asset/data/sync": {"POST": sync},
    f"{_ASSET}/search/am/asset": {"POST": search},
    f"{_ASSET}/count/am/asset": {"POST": count_assets},
    f"{_ASSET}/get/am/asset": {"GET": get},
    f"{_ASSET}/am/asset/component": {"POST": components},
    f"{_ASSET}/am/asset/component/{{assetId}}": {"POST": components},
    f"{_ASSET}/asset/component": {"POST": components},  # the path of the first release (facts 4)
    f"{_ASSET}/asset/component/{{assetId}}": {"POST": components},
    f"{_ASSET}/update/am/asset/business/metadata": {"POST": update_business},
    f"{_ASSET}/upsert/am/businessapp/metadata": {"POST": upsert_business_apps},
    f"{_ASSET}/am/report": {"POST": create_report},
    f"{_ASSET}/am/report/download": {"GET": download_report},
    "/am/v1/assets/host/count": {"POST": count_assets},
    "/am/v1/assets/host/list": {"POST": search},
    "/am/v1/assets/host/filter/list": {"POST": search},
    "/am/v1/asset/host/id": {"POST": get},
}


def find_route(path: str) -> Mapping[str, Handler] | None:
    return ROUTES.get(path) or ROUTES.get(re.sub(r"/component/\d+$", "/component/{assetId}", path))


def answer(gateway: Gateway, request: Request) -> Reply:
    """One call from token check to reply; never raises."""
    open_to_all = request.path == "/auth" or request.path.startswith("/auth/")
    if not open_to_all:
        refusal = _token_refusal(gateway, request) or gateway.quota.enter(gateway.switches)
        if refusal is not None:
            return refusal
    reply = _routed(gateway, request)
    return reply if open_to_all else reply.with_headers(*gateway.quota.headers(gateway.switches))


def _routed(gateway: Gateway, request: Request) -> Reply:
    methods = find_route(request.path)
    now = gateway.clock.now()
    if methods is None:
        return spring(404, f"No static resource {request.path.lstrip('/')}.", request.path, now)
    if request.method not in methods:
        refusal = spring(405, f"Method '{request.method}' is not supported.", request.path, now)
        return refusal.with_headers(("Allow", ", ".join(sorted(methods))))
    try:
        return methods[request.method](gateway, request)
    except RefusedError as refused:
        return refused.reply
    except PageTooLargeError as problem:
        return failed(416, str(problem))
    except ClosingError as problem:
        return spring(503, str(problem), request.path, now)
    except (BadFilterError, BadParameterError) as problem:
        return failed(400, str(problem))


def _token_refusal(gateway: Gateway, request: Request) -> Reply | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        return spring(401, "Full authentication is required to access this resource", request.path, gateway.clock.now())
    try:
        claims = gateway.tokens.check(token.strip())
    except TokenRefusedError as problem:
        status = gateway.switches.malformed_token_status if problem.malformed else 401
        return spring(status, str(problem), request.path, gateway.clock.now())
    if claims.client and gateway.switches.client_tokens_rejected:
        return failed(400, "Error validating customer from token - Invalid Subscription Id")
    return None
