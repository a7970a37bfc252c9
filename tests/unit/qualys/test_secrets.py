"""Canaries: neither password nor token in anything the client says, whatever goes wrong."""

from __future__ import annotations

import base64
import logging
import traceback
from urllib.parse import quote, quote_plus

import pytest

from declarative.assets.model import ConnectorRef
from declarative.core.errors import DeclarativeError
from declarative.core.secrets import Secret
from declarative.qualys.credentials import ClientCredentials, PasswordCredentials, TokenCredentials

PASSWORD = "s3cret-Canary+pass/word%"
CONNECTOR = ConnectorRef("c", "489e8429-2e82-4599-a2a8-000000000001", "WEBHOOK")
COUNT = "/rest/2.0/count/am/asset"
SYNC = "/rest/2.0/am/connector/asset/data/sync"
REPORT = "/rest/2.0/am/report"
FLOWS = {
    "password": PasswordCredentials("api-user", Secret(PASSWORD)),
    "token": TokenCredentials(Secret("ready-Canary-token.abc.def")),
    "client": ClientCredentials("client-7", Secret("client-Canary-secret-9")),
}


def echo(gateway, status):
    """A server that repeats what it was sent, as a debugging proxy does."""

    def behave(exchange):
        request = exchange.request
        body = f"you sent {dict(request.headers)} and {request.body.decode()} to {request.path}"
        gateway.reply(status, body, kind="text/plain")(exchange)

    return behave


def encodings(secret):
    raw = secret.encode()
    return {
        secret,
        quote(secret, safe=""),
        quote_plus(secret),
        base64.b64encode(raw).decode(),
        base64.b64encode(b":" + raw).decode()[4:-4],
    }


def everything_said(client, heard, caplog, tmp_path):
    texts = [repr(client), repr(client._transport), repr(client._transport.tokens)]
    for call in (
        client.count,
        lambda: client.get(1),
        lambda: list(client.search()),
        lambda: client.download_report("r", tmp_path / "r.pdf"),
        lambda: client.sync(CONNECTOR, [{"identityAttributes": {"sourceNativeKey": "k"}}], request_id="r"),
        lambda: client.create_report({"name": "r"}),
        client.login,
    ):
        try:
            texts.append(repr(call()))
        except DeclarativeError as error:
            texts.extend(
                ["".join(traceback.format_exception(error)), repr(error), str(error.hint), repr(getattr(error, "request", None))]
            )
    return "\n".join([*texts, *(repr(event) for event in heard.events), caplog.text])


@pytest.mark.parametrize("flow", FLOWS)
@pytest.mark.parametrize("where", ["login", "calls"])
@pytest.mark.parametrize("status", [400, 401, 429, 500])
def test_an_echo_of_the_secrets_is_masked(gateway, connect, heard, caplog, tmp_path, flow, where, status):
    caplog.set_level(logging.DEBUG)
    if where == "login":
        gateway.always("/auth", echo(gateway, status))
        gateway.always("/auth/oidc", echo(gateway, status))
    else:
        gateway.always("/auth/oidc", gateway.reply(201, gateway.token(5)))
    for path in (COUNT, SYNC, REPORT, "/rest/2.0/get/am/asset", "/rest/2.0/search/am/asset", "/rest/2.0/am/report/download"):
        gateway.always(path, echo(gateway, status))
    client = connect(credentials=FLOWS[flow], max_wait=1)
    said = everything_said(client, heard, caplog, tmp_path)
    secrets = [secret.reveal() for secret in FLOWS[flow].secrets] + [gateway.token(n) for n in (1, 2, 5)]
    for secret in secrets:
        assert not [form for form in encodings(secret) if form in said]


@pytest.mark.parametrize("name", ["garbage", "reset"])
def test_broken_answers_leak_nothing(gateway, connect, heard, caplog, tmp_path, name):
    caplog.set_level(logging.DEBUG)
    token = gateway.token(1)
    fault = {"garbage": gateway.raw(f"Bearer {token} {PASSWORD}\r\n\r\n".encode()), "reset": gateway.reset_after()}[name]
    for path in (COUNT, SYNC, REPORT):
        gateway.always(path, fault)
    said = everything_said(connect(max_wait=1), heard, caplog, tmp_path)
    assert token not in said
    assert PASSWORD not in said


def test_secrets_are_sent_to_the_login_only(gateway, connect):
    gateway.always(COUNT, gateway.reply(200, {"count": 1}))
    connect(read_only=True).count()
    for request in gateway.seen:
        text = f"{request.path} {request.query} {request.headers} {request.body!r}"
        assert (PASSWORD in text or quote_plus(PASSWORD) in text) == (request.path == "/auth")
