"""Facts section 1: how a client logs in, and what happens to its token."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

FORM = {"username": "sandbox", "password": "sandbox"}
COUNT = "/rest/2.0/count/am/asset"


def test_a_form_login_gives_a_bare_token_with_a_four_hour_expiry(user: Any) -> None:
    answer = user.http.post("/auth", data={**FORM, "token": "true", "permissions": "true"})
    assert answer.status_code == 201
    head, claims, signature = answer.text.split(".")
    assert head
    assert signature
    read = json.loads(base64.urlsafe_b64decode(claims + "=="))
    assert read["exp"] - read["iat"] == 4 * 3600


def test_the_token_flag_may_be_left_out(user: Any) -> None:
    assert user.http.post("/auth", data=FORM).status_code == 201


def test_a_json_login_is_a_500(user: Any) -> None:
    assert user.http.post("/auth", json=FORM).status_code == 500


def test_a_wrong_password_is_a_401_in_plain_text(user: Any) -> None:
    answer = user.http.post("/auth", data={**FORM, "password": "other"})
    assert answer.status_code == 401
    assert answer.headers["content-type"].startswith("text/plain")


def test_special_characters_in_a_password_survive_the_form(user: Any) -> None:
    user.sandbox.gateway.set_password("p&s=s w+rd%ü")
    try:
        assert user.http.post("/auth", data={**FORM, "password": "p&s=s w+rd%ü"}).status_code == 201
    finally:
        user.sandbox.gateway.set_password("sandbox")


def test_an_expired_token_is_a_401_and_a_new_one_works(user: Any) -> None:
    assert user.post(COUNT).status_code == 200
    user.sandbox.call("clock", {"advance": 4 * 3600 + 1})
    assert user.post(COUNT).status_code == 401
    user.login()
    assert user.post(COUNT).status_code == 200


def test_a_revoked_token_is_a_401(user: Any) -> None:
    user.sandbox.call("revoke", {})
    assert user.post(COUNT).status_code == 401


@pytest.mark.parametrize("value", ["", "Basic c2FuZGJveA==", "Bearer"])
def test_without_a_bearer_value_every_path_is_a_401(user: Any, value: str) -> None:
    user.headers = {"Authorization": value} if value else {}
    assert user.post(COUNT).status_code == 401
    assert user.post("/rest/2.0/no/such/path").status_code == 401


def test_the_scheme_may_be_lower_case(user: Any) -> None:
    user.headers = {"Authorization": user.headers["Authorization"].replace("Bearer", "bearer")}
    assert user.post(COUNT).status_code == 200


def test_a_malformed_token_is_a_500_or_by_switch_a_401(user: Any) -> None:
    user.headers = {"Authorization": "Bearer not-a-jwt"}
    assert user.post(COUNT).status_code == 500
    user.throw(malformed_token_status=401)
    assert user.post(COUNT).status_code == 401


def test_a_forged_token_is_a_401(user: Any) -> None:
    head, _, signature = user.headers["Authorization"].removeprefix("Bearer ").split(".")
    forged = base64.urlsafe_b64encode(json.dumps({"sub": "x", "exp": 9e9, "client": False, "generation": 9}).encode())
    user.headers = {"Authorization": f"Bearer {head}.{forged.decode().rstrip('=')}.{signature}"}
    assert user.post(COUNT).status_code == 401


@pytest.mark.parametrize("path", ["/auth/oauth", "/auth/oidc"])
def test_client_credentials_travel_in_headers(user: Any, path: str) -> None:
    good = {"clientId": "sandbox-client", "clientSecret": "sandbox-secret"}
    answer = user.http.post(path, headers=good)
    assert answer.status_code == 201
    user.headers = {"Authorization": f"Bearer {answer.text}"}
    assert user.post(COUNT).status_code == 200
    wrong = user.http.post(path, headers={**good, "clientId": "nobody"})
    assert wrong.status_code == 401
    assert wrong.text == "Client authentication failed: Invalid Client ID"
    assert user.http.post(path, headers={**good, "clientSecret": "x"}).status_code == 401


def test_by_switch_client_tokens_are_refused_with_the_misleading_400(user: Any) -> None:
    answer = user.http.post("/auth/oidc", headers={"clientId": "sandbox-client", "clientSecret": "sandbox-secret"})
    user.headers = {"Authorization": f"Bearer {answer.text}"}
    user.throw(client_tokens_rejected=True)
    refused = user.post(COUNT)
    assert refused.status_code == 400
    assert refused.json() == {
        "responseMessage": "Error validating customer from token - Invalid Subscription Id",
        "responseCode": "FAILED",
    }
