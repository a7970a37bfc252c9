"""Logging in, staying logged in, and saying why not."""

from __future__ import annotations

import base64
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs

import pytest

from declarative.core.errors import ApiError, AuthError
from declarative.core.secrets import Secret
from declarative.qualys.auth import life_of
from declarative.qualys.credentials import ClientCredentials, PasswordCredentials, TokenCredentials

COUNT = "/rest/2.0/count/am/asset"
ONE = {"count": 1, "responseCode": "SUCCESS"}
CLIENT = ClientCredentials("client-7", Secret("client-secret-canary"))
READY = TokenCredentials(Secret("ready-made.token.canary"))


@pytest.fixture
def counting(gateway):
    gateway.always(COUNT, gateway.reply(200, ONE))
    return gateway


def test_the_login_is_a_form_and_the_token_is_bare_text(counting, connect):
    assert connect(read_only=True).count() == 1
    login, call = counting.seen
    assert login.headers["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qs(login.body.decode()) == {
        "username": ["api-user"],
        "password": ["s3cret-Canary+pass/word%"],
        "token": ["true"],
    }
    assert call.headers["authorization"] == f"Bearer {counting.token(1)}"


def test_one_login_serves_many_calls(counting, connect):
    client = connect(read_only=True)
    for _ in range(5):
        client.count()
    assert (counting.logins, client.calls_made) == (1, 5)


@pytest.mark.parametrize(
    ("status", "kind", "form"),
    [
        (201, "application/json", "{token}"),
        (200, "text/plain", "{token}\n"),
        (201, "text/plain", '"{token}"'),
        (201, "application/json", '{{"access_token": "{token}"}}'),
        (201, "application/json", '{{"token": "{token}"}}'),
        (201, "application/json", '{{"id_token": "{token}", "token_type": "bearer"}}'),
    ],
)
def test_the_token_is_found_in_every_form(counting, connect, status, kind, form):
    token = counting.token(9)
    counting.script("/auth", counting.reply(status, form.format(token=token), kind=kind))
    connect(read_only=True).count()
    assert counting.to(COUNT)[0].headers["authorization"] == f"Bearer {token}"


def test_client_credentials_go_into_headers(counting, connect):
    counting.script("/auth/oidc", counting.reply(200, {"access_token": counting.token(3)}))
    assert connect(read_only=True, credentials=CLIENT).count() == 1
    login = counting.to("/auth/oidc")[0]
    assert (login.headers["clientid"], login.headers["clientsecret"], login.body) == ("client-7", "client-secret-canary", b"")


def test_a_ready_token_needs_no_login(counting, connect):
    assert connect(read_only=True, credentials=READY).count() == 1
    assert counting.to("/auth") == []


def test_the_token_is_renewed_at_80_percent_of_its_life(counting, connect, clock):
    client = connect(read_only=True)
    client.count()
    clock.advance(4 * 3600 * 0.8 - 1)
    client.count()
    assert counting.logins == 1
    clock.advance(2)
    client.count()
    assert counting.logins == 2


def test_a_token_that_does_not_tell_its_life_lives_four_hours(counting, connect, clock):
    counting.script("/auth", counting.reply(201, "opaque-token-without-claims"))
    client = connect(read_only=True)
    assert client.login().expires_in_seconds == 4 * 3600
    clock.advance(4 * 3600 * 0.8 + 1)
    client.count()
    assert len(counting.to("/auth")) == 2


def test_a_401_renews_once_and_replays(counting, connect):
    counting.script(COUNT, counting.reply(401))
    assert connect(read_only=True).count() == 1
    assert [request.headers["authorization"] for request in counting.to(COUNT)] == [f"Bearer {counting.token(n)}" for n in (1, 2)]


def test_a_second_401_stops(gateway, connect):
    gateway.always(COUNT, gateway.reply(401, {"message": "token revoked"}))
    with pytest.raises(AuthError, match="token revoked"):
        connect(read_only=True).count()
    assert len(gateway.to(COUNT)) == 2
    assert gateway.logins == 2


def test_a_token_the_gateway_cannot_parse_is_renewed_too(counting, connect):
    counting.script(COUNT, counting.reply(500, {"message": "JWT parsing failed"}))
    assert connect(read_only=True).count() == 1
    assert counting.logins == 2


def test_a_ready_token_that_is_refused_cannot_be_renewed(gateway, connect):
    gateway.always(COUNT, gateway.reply(401))
    with pytest.raises(AuthError, match="HTTP 401") as caught:
        connect(read_only=True, credentials=READY).count()
    assert "expired" in caught.value.hint
    assert len(gateway.to(COUNT)) == 1


def test_many_workers_share_one_login_and_one_renewal(gateway, connect):
    barrier = threading.Barrier(6, timeout=10)
    good = gateway.token(2)

    def behave(exchange):
        if exchange.request.headers["authorization"] == f"Bearer {good}":
            return gateway.reply(200, ONE)(exchange)
        barrier.wait()
        return gateway.reply(401)(exchange)

    gateway.always(COUNT, behave)
    client = connect(read_only=True)
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(lambda _: client.count(), range(6))) == [1] * 6
    assert gateway.logins == 2


@pytest.mark.parametrize(
    ("answer", "message", "hint"),
    [
        ({"status": 401, "body": "Unauthorized"}, "username or password refused", "single sign-on"),
        ({"status": 403, "body": {"message": "licence expired"}}, "licence expired", "App API"),
        ({"status": 400, "body": {"message": "no such user"}}, "no such user", None),
        ({"status": 404, "body": "<html><title>Not Found</title>", "kind": "text/html"}, "no login at this address", "qualysapi"),
    ],
)
def test_a_refused_login_says_why(gateway, connect, answer, message, hint):
    gateway.always("/auth", gateway.reply(**answer))
    with pytest.raises(AuthError) as caught:
        connect(read_only=True).count()
    assert message in caught.value.message
    assert hint is None or hint in caught.value.hint
    assert len(gateway.to("/auth")) == 1
    assert gateway.to(COUNT) == []


def test_a_refused_password_is_tried_once_however_many_workers_ask(gateway, connect):
    gateway.always("/auth", gateway.reply(401))
    client = connect(read_only=True)

    def refused(_):
        with pytest.raises(AuthError):
            client.count()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(refused, range(8)))
    assert len(gateway.to("/auth")) == 1


def test_a_refused_client_says_so(gateway, connect):
    gateway.always("/auth/oidc", gateway.reply(401, "Client authentication failed: Invalid Client ID", kind="text/plain"))
    with pytest.raises(AuthError, match="client id or secret refused"):
        connect(read_only=True, credentials=CLIENT).count()


def test_the_misleading_subscription_error_is_explained(gateway, connect):
    gateway.always("/auth/oidc", gateway.reply(201, gateway.token()))
    said = {"responseCode": "FAILED", "responseMessage": "Error validating customer from token - Invalid Subscription Id"}
    gateway.always(COUNT, gateway.reply(400, said))
    with pytest.raises(AuthError, match="Invalid Subscription Id") as caught:
        connect(read_only=True, credentials=CLIENT).count()
    assert "refuse tokens of client credentials" in caught.value.hint


def test_a_missing_permission_says_what_to_ask_for(gateway, connect):
    gateway.always(COUNT, gateway.reply(403, {"responseMessage": "licence pending activation"}))
    with pytest.raises(AuthError, match="licence pending activation") as caught:
        connect(read_only=True).count()
    assert "App API" in caught.value.hint
    assert len(gateway.to(COUNT)) == 1


@pytest.mark.parametrize("fault", ["503", "500", "reset", "html", "429", "empty"])
def test_a_login_survives_passing_trouble(counting, connect, fault):
    faults = {
        "503": counting.reply(503),
        "500": counting.reply(500, "unexpected"),
        "reset": counting.reset_before(),
        "html": counting.html(200),
        "429": counting.reply(429, headers={"Retry-After": "2"}),
        "empty": counting.reply(201),
    }
    counting.script("/auth", faults[fault], faults[fault])
    assert connect(read_only=True).count() == 1
    assert len(counting.to("/auth")) == 3


def test_a_login_that_stays_broken_is_no_wrong_password(gateway, connect):
    gateway.always("/auth", gateway.reply(503, "maintenance"))
    with pytest.raises(ApiError, match="HTTP 503 after 8 attempts: maintenance"):
        connect(read_only=True).count()


def test_login_tells_flow_and_life(gateway, connect):
    found = connect(read_only=True).login()
    assert (found.flow, found.expires_in_seconds, [seen.path for seen in gateway.seen]) == ("password", 4 * 3600, ["/auth"])
    ready = connect(read_only=True, credentials=READY).login()
    assert (ready.flow, ready.expires_in_seconds) == ("token", None)


def jwt(**claims):
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"h.{body}.s"


@pytest.mark.parametrize(
    ("token", "life"),
    [
        (jwt(iat=1000, exp=4600), 3600),
        (jwt(exp=5600), 3600),
        (jwt(iat=1000, exp=1000), None),
        (jwt(exp=10), None),
        (jwt(exp=10**15), None),
        (jwt(exp="soon"), None),
        (jwt(exp=True), None),
        (jwt(), None),
        ("h.!!!.s", None),
        ("h.W10.s", None),
        ("opaque", None),
    ],
)
def test_the_life_of_a_token_is_read_from_sane_claims_only(token, life):
    assert life_of(token, wall=2000.0) == life


def test_a_password_with_every_special_character_arrives_as_it_is(counting, connect):
    password = "a&b=c+d%20 é/?\"'<>\\"
    connect(read_only=True, credentials=PasswordCredentials("joe@x", Secret(password))).count()
    assert parse_qs(counting.to("/auth")[0].body.decode())["password"] == [password]
