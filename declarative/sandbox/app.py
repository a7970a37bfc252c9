"""The gateway as an ASGI application: transport, faults on the wire and the call log."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from email.utils import format_datetime
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request as WebRequest
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from . import debug
from .clock import iso_millis
from .endpoints import answer
from .faults import Fault
from .gateway import Gateway
from .messages import JSON, Reply, Request, failed, json_reply, spring
from .options import SandboxError
from .wire import cut

SANDBOX_HEADER = ("X-Declarative-Sandbox", "1")
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
_HTML = "<html><head><title>Service unavailable</title></head><body><h1>The platform is under maintenance</h1></body></html>"


def build_app(gateway: Gateway) -> Starlette:
    """Every path of the vendor, and those under /_sandbox."""

    async def reach_in(request: WebRequest) -> Response:
        return _web(debug_reply(gateway, request.method, request.url.path, request.query_params, await request.body()))

    return Starlette(
        routes=[
            Route(debug.PREFIX, reach_in, methods=_METHODS),
            Route(f"{debug.PREFIX}/{{name:path}}", reach_in, methods=_METHODS),
            Route("/{path:path}", _Endpoint(gateway), methods=_METHODS),
        ]
    )


class _Endpoint:
    """One call to the vendor's API. A plain ASGI callable, since some faults are below what a framework lets one do."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        web = WebRequest(scope, receive)
        request = Request(
            web.method,
            web.url.path,
            dict(web.query_params),
            {name.lower(): value for name, value in web.headers.items()},
            await web.body(),
        )
        gateway = self._gateway
        began = time.perf_counter()
        with gateway.lock:
            fault = gateway.faults.pick(request)
            gateway.quota.running += 1
        try:
            if fault is not None and fault.kind == "slow":
                await asyncio.sleep(fault.seconds)
            if gateway.switches.latency:
                await asyncio.sleep(gateway.switches.latency)
            if gateway.large:
                reply = await asyncio.to_thread(_answered, gateway, request, fault, began)
            else:
                reply = _answered(gateway, request, fault, began)
        finally:
            with gateway.lock:
                gateway.quota.running -= 1
        await _send(reply, fault, scope, receive, send)


def _answered(gateway: Gateway, request: Request, fault: Fault | None, began: float) -> Reply | None:
    """The answer, once its effect is written down and the call logged."""
    with gateway.lock:
        reply = _reply(gateway, request, fault)
        try:
            gateway.save()
        except sqlite3.Error as problem:
            reply = spring(500, f"The sandbox cannot write its state file: {problem}", request.path, gateway.clock.now())
        _log(gateway, request, reply, fault, time.perf_counter() - began)
        return reply and _dated(reply, gateway.clock.now())


def _dated(reply: Reply, now: datetime) -> Reply:
    """With the time of day as the gateway has it, unless a fault says another."""
    return replace(reply, headers=(("Date", format_datetime(now, usegmt=True)), *reply.headers))


def _reply(gateway: Gateway, request: Request, fault: Fault | None) -> Reply | None:
    """The answer that the fault leaves of it; None when the connection is to break instead."""
    gateway.settle()
    if fault is None or fault.kind in {"slow", "truncated", "trickle"}:
        return answer(gateway, request)
    if fault.kind == "revoke":
        gateway.tokens.revoke_all()
        return answer(gateway, request)
    if fault.kind == "duplicate":
        answer(gateway, request)
        return answer(gateway, request)
    if fault.kind == "dropHasMore":
        return _without_has_more(answer(gateway, request))
    if fault.kind == "assetsError":
        return _asset_error(gateway, request, fault)
    if fault.processed:
        answer(gateway, request)
    return _replacement(gateway, request, fault)


def _replacement(gateway: Gateway, request: Request, fault: Fault) -> Reply | None:
    headers = tuple(fault.headers.items())
    if fault.kind == "reset":
        return None
    if fault.kind == "html":
        return Reply(fault.status, (fault.body or _HTML).encode(), "text/html;charset=UTF-8", headers)
    if fault.kind == "redirect":
        return Reply(302, b"", None, (*headers, ("Location", fault.location)))
    if fault.body is not None:
        looks = "text/html" if fault.body.lstrip().startswith("<") else JSON
        return Reply(fault.status, fault.body.encode(), looks, headers)
    if fault.status >= 500:
        return spring(fault.status, fault.message, request.path, gateway.clock.now()).with_headers(*headers)
    return failed(fault.status, fault.message).with_headers(*headers)


def _without_has_more(reply: Reply) -> Reply:
    if reply.status != 200:
        return reply
    value = orjson.loads(reply.body)
    value.pop("hasMore", None)
    return Reply(reply.status, orjson.dumps(value), reply.content_type, reply.headers, reply.note)


def _asset_error(gateway: Gateway, request: Request, fault: Fault) -> Reply:
    """The named asset is refused in assetsError, the rest of the batch goes through."""
    body = orjson.loads(request.body)
    spared, struck = [], {}
    for entry in body.get("assetData", []):
        identity = entry.get("identityAttributes") or {}
        name = next((key for key in fault.keys if key in (identity.get("sourceNativeKey"), identity.get("hostName"))), None)
        if name is None:
            spared.append(entry)
        else:
            struck[name] = fault.message
    if not struck:
        return answer(gateway, request)
    reply = json_reply(200, {"responseCode": "SUCCESSFULLY_PUBLISHED", "assetsError": {}, "message": "Published with errors."})
    if spared:
        body["assetData"] = spared
        reply = answer(gateway, Request(request.method, request.path, request.query, request.headers, orjson.dumps(body)))
    if reply.status not in (200, 207):
        return reply
    value = orjson.loads(reply.body)
    value["assetsError"] = _shaped_errors(fault.shape or gateway.switches.assets_error, value["assetsError"], struck)
    return Reply(gateway.switches.partial_status, orjson.dumps(value), reply.content_type, reply.headers, reply.note)


def _shaped_errors(shape: str, present: Any, struck: Mapping[str, str]) -> Any:
    if shape == "keyed" and isinstance(present, dict):
        return {**present, **struck}
    rows = [{"sourceNativeKey": name, "hostName": None, "errorMessage": text} for name, text in struck.items()]
    if shape == "array":
        return [*(present if isinstance(present, list) else []), *rows]
    earlier = present.get("failed", []) if isinstance(present, dict) else present
    return {"failed": [*earlier, *rows]}


def _log(gateway: Gateway, request: Request, reply: Reply | None, fault: Fault | None, seconds: float) -> None:
    gateway.logs.total_calls += 1
    gateway.logs.calls.append(
        {
            "number": gateway.logs.total_calls,
            "at": iso_millis(gateway.clock.now()),
            "method": request.method,
            "path": request.path,
            "query": dict(request.query),
            "status": None if reply is None else reply.status,
            "fault": None if fault is None else fault.kind,
            "bytes": len(request.body),
            "seconds": round(seconds, 4),
            **({} if reply is None else reply.note),
        }
    )


async def _send(reply: Reply | None, fault: Fault | None, scope: Scope, receive: Receive, send: Send) -> None:
    if reply is None:
        await cut(scope, receive)
        return
    if fault is not None and fault.kind in {"truncated", "trickle"} and len(reply.body) > 1:
        await _send_slowly(reply, fault, scope, receive, send)
        return
    await _web(reply)(scope, receive, send)


async def _send_slowly(reply: Reply, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
    """Announces the whole length; a truncated answer breaks in the middle, a trickled one arrives in the end."""
    half = len(reply.body) // 2
    await send({"type": "http.response.start", "status": reply.status, "headers": _web(reply).raw_headers})
    await send({"type": "http.response.body", "body": reply.body[:half], "more_body": True})
    if fault.kind == "truncated":
        await cut(scope, receive, politely=True)
        return
    await asyncio.sleep(fault.seconds)
    await send({"type": "http.response.body", "body": reply.body[half:]})


def _web(reply: Reply) -> Response:
    response = Response(reply.body, reply.status)
    if reply.content_type is not None:
        response.headers["content-type"] = reply.content_type
    for name, value in (*reply.headers, SANDBOX_HEADER):
        response.headers[name] = value
    return response


def debug_reply(gateway: Gateway, method: str, path: str, query: Mapping[str, str], body: bytes) -> Reply:
    name = path.removeprefix(debug.PREFIX).strip("/")
    table = {"GET": debug.READS, "POST": debug.WRITES}.get(method, {})
    if name not in table:
        known = sorted({*debug.READS, *debug.WRITES} - {""})
        return json_reply(404, {"error": f"no {method} {path}; there are {', '.join(known)}"})
    try:
        wanted = dict(query) if method == "GET" else _object(body)
        with gateway.lock:
            if name != "process":
                gateway.settle()
            answer = table[name](gateway, wanted)
            gateway.save()
            return json_reply(200, answer)
    except sqlite3.Error as problem:
        return json_reply(500, {"error": f"the state file cannot be written: {problem}"})
    except (SandboxError, orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as problem:
        return json_reply(400, {"error": str(problem) or type(problem).__name__})


def _object(body: bytes) -> dict[str, Any]:
    value = orjson.loads(body or b"{}")
    if not isinstance(value, dict):
        raise SandboxError("the body must be an object")
    return value
