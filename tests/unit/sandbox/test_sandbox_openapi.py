"""The gateway against its own OpenAPI document: no surprise status, no surprise shape, no 5xx that nobody asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from declarative.sandbox import RunningSandbox, SandboxOptions, Switches, running
from declarative.sandbox.endpoints import ROUTES
from declarative.sandbox.openapi import document

CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    unsupported_method,
    ignored_auth,
)


@pytest.fixture(scope="module")
def gateway() -> Iterator[RunningSandbox]:
    # The 500 on a malformed token is the vendor's own; the fuzzer would report it on every call.
    with running(SandboxOptions(assets=40, delay=0, switches=Switches(malformed_token_status=401))) as sandbox:
        yield sandbox


def early_paths_left_out(whole: dict[str, Any]) -> dict[str, Any]:
    """The early component paths are the later ones by another name."""
    return {**whole, "paths": {path: item for path, item in whole["paths"].items() if not path.startswith("/rest/2.0/asset/")}}


def slim(node: Any) -> Any:
    """Long enumerations cut: the boundary cases of a request's shape need no sixty names of fields."""
    if isinstance(node, dict):
        return {key: value[:1] if key == "enum" and len(value) > 4 else slim(value) for key, value in node.items()}
    return [slim(item) for item in node] if isinstance(node, list) else node


drawn = schemathesis.openapi.from_dict(early_paths_left_out(document()))
drawn.config.phases.coverage.enabled = False
boundary = schemathesis.openapi.from_dict(slim(early_paths_left_out(document())))
boundary.config.phases.fuzzing.enabled = False


def test_the_document_has_every_path_and_method_that_the_gateway_serves(user: Any) -> None:
    shown = user.http.get("/_sandbox/openapi.json").json()
    assert {path: {method.upper() for method in item} for path, item in shown["paths"].items()} == {
        path: set(methods) for path, methods in ROUTES.items() if not path.startswith("/am/v1/")
    }


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        yield session


def check(case: schemathesis.Case, gateway: RunningSandbox, session: requests.Session, checks: Sequence[Any]) -> None:
    token = gateway.gateway.tokens.issue("sandbox", 3600)
    headers = {} if case.path.startswith("/auth") else {"Authorization": f"Bearer {token}"}
    case.call_and_validate(base_url=gateway.url, headers=headers, session=session, checks=checks)


@drawn.parametrize()
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_drawn_requests_get_what_the_document_says(
    case: schemathesis.Case, gateway: RunningSandbox, session: requests.Session
) -> None:
    check(case, gateway, session, CHECKS)


@boundary.parametrize()
@settings(max_examples=1, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_boundary_requests_get_what_the_document_says(
    case: schemathesis.Case, gateway: RunningSandbox, session: requests.Session
) -> None:
    check(case, gateway, session, CHECKS[:4])
