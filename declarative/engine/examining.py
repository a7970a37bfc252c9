"""What `doctor` looks at: each finding says what was checked, how it went, and what to do."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from enum import StrEnum

from msgspec import Struct

from declarative.core.errors import AuthError, DeclarativeError
from declarative.core.exits import ExitCode, worst
from declarative.engine.runtime import Runtime
from declarative.engine.workspace import Workspace

_FINE_SECONDS = 60


class Health(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Finding(Struct, frozen=True):
    name: str
    health: Health
    detail: str
    hint: str | None = None
    code: ExitCode = ExitCode.OK


def examine(workspace: Workspace, runtime: Runtime) -> Iterator[Finding]:
    """Reads only. Goes on after a failure as far as the next check does not hang on it."""
    if workspace.is_bare:
        yield Finding("project", Health.OK, "none here: manifests and state were not looked at", "start one: declarative init")
    else:
        yield _manifests(workspace)
        yield _guard("state", lambda: _state(workspace, runtime))
    target = _guard("target", lambda: Finding("target", Health.OK, runtime.base_url(workspace.project)))
    yield target
    yield from _network(runtime)
    if target.health is Health.FAIL:
        return
    try:
        with runtime.reader(workspace.project) as reader:
            login = reader.login()
            expires = f", valid for {login.expires_in_seconds // 60} min" if login.expires_in_seconds is not None else ""
            yield Finding("login", Health.OK, f"{login.flow}{expires}")
            count = reader.count()
            yield Finding("permission", Health.OK, f"the asset search answers: {count} assets in this user's scope")
            yield _quota(reader.quota.limit, reader.quota.remaining, reader.quota.window_seconds)
            yield _clock(reader.clock_skew)
    except AuthError as error:
        yield Finding("login", Health.FAIL, error.message, error.hint, ExitCode.AUTH)
    except DeclarativeError as error:
        yield Finding("gateway", Health.FAIL, error.message, error.hint, error.exit_code)


def code_of(findings: list[Finding]) -> ExitCode:
    return worst(finding.code for finding in findings)


def _guard(name: str, check: Callable[[], Finding]) -> Finding:
    try:
        return check()
    except DeclarativeError as error:
        return Finding(name, Health.FAIL, error.message, error.hint, error.exit_code)


def _manifests(workspace: Workspace) -> Finding:
    errors = sum(diagnostic.is_error for diagnostic in workspace.diagnostics)
    counted = f"{len(workspace.loaded.manifests)} manifests in {len(workspace.loaded.files)} files"
    if errors:
        return Finding("manifests", Health.FAIL, f"{errors} errors; {counted}", "run: declarative validate", ExitCode.INVALID)
    return Finding("manifests", Health.OK, counted)


def _state(workspace: Workspace, runtime: Runtime) -> Finding:
    store = workspace.open_store(runtime.clock, runtime.environ, read_only=True)
    try:
        mark, resources, lease, intents = store.mark, store.resources(), store.lease_info(), store.open_intents()
    finally:
        store.close()
    detail = f"{len(resources)} objects, serial {mark.serial}"
    if lease is not None:
        return Finding("state", Health.WARN, f"{detail}; lease held by {lease.holder} (id {lease.lease_id})")
    if intents:
        hint = "an apply was cut off; the next apply settles it, or continue with: declarative apply PLAN --resume"
        return Finding("state", Health.WARN, f"{detail}; {len(intents)} writes without a recorded answer", hint)
    return Finding("state", Health.OK, detail)


def _network(runtime: Runtime) -> Iterator[Finding]:
    proxy = runtime.environ.get("HTTPS_PROXY") or runtime.environ.get("https_proxy")
    if proxy:
        host = proxy.partition("://")[2].rpartition("@")[2] or proxy
        yield Finding("proxy", Health.OK, f"HTTPS_PROXY is set: {host}")
    bundle = runtime.environ.get("SSL_CERT_FILE")
    if bundle:
        readable = os.access(bundle, os.R_OK)
        detail = f"SSL_CERT_FILE is {bundle}"
        yield Finding("CA", Health.OK if readable else Health.FAIL, detail if readable else f"{detail}, which cannot be read")


def _quota(limit: int | None, remaining: int | None, window: int | None) -> Finding:
    if remaining is None:
        return Finding("quota", Health.OK, "the gateway sent no rate-limit headers")
    of = f" of {limit}" if limit is not None else ""
    every = f" a window of {window} s" if window is not None else ""
    if remaining == 0:
        return Finding("quota", Health.WARN, f"0{of} calls left{every}", "wait for the window to move on")
    return Finding("quota", Health.OK, f"{remaining}{of} calls left{every}")


def _clock(skew: timedelta | None) -> Finding:
    if skew is None:
        return Finding("clock", Health.OK, "the gateway does not tell its time")
    seconds = skew.total_seconds()
    if abs(seconds) > _FINE_SECONDS:
        return Finding(
            "clock", Health.WARN, f"this machine's clock is {seconds:+.0f} s off the gateway's", "set the clock by NTP"
        )
    return Finding("clock", Health.OK, f"within {_FINE_SECONDS} s of the gateway's")
