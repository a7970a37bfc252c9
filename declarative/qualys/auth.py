"""Tokens: getting one, keeping it fresh, one renewal at a time (facts 1.1 to 1.3)."""

from __future__ import annotations

import base64
import binascii
import re
import threading
from typing import Any
from urllib.parse import urlencode

import orjson
from msgspec import Struct

from declarative.core.clock import Clock
from declarative.core.errors import ApiError, AuthError, FailedRequest
from declarative.core.secrets import Redactor, Secret
from declarative.qualys.answers import Answer, looks_like_html, masked
from declarative.qualys.credentials import ClientCredentials, Credentials, PasswordCredentials, TokenCredentials
from declarative.qualys.model import Login
from declarative.qualys.patience import Outcome, Patience
from declarative.qualys.verdicts import GATEWAY_HINT, PERMISSION_HINT, Again, CallClass, Failure, Fate, of_broken, of_status
from declarative.qualys.wire import BrokenError, Request, Wire

DEFAULT_LIFE = 4 * 3600.0  # facts 1.1
RENEW_AT = 0.8
_TOKEN = re.compile(r"[A-Za-z0-9_\-+/=.~]{8,16384}")


class _Token(Struct, frozen=True):
    secret: Secret
    renew_at: float  # monotonic seconds; infinity for a token that cannot be renewed
    expires_at: float | None  # monotonic seconds


class Tokens:
    """The token all workers share. A login happens at the first use, not before."""

    def __init__(self, credentials: Credentials, *, wire: Wire, patience: Patience, clock: Clock, redactor: Redactor) -> None:
        self._credentials = credentials
        self._wire = wire
        self._patience = patience
        self._clock = clock
        self._redactor = redactor
        self._lock = threading.Lock()
        self._token: _Token | None = None
        self._refused: AuthError | None = None

    @property
    def flow(self) -> str:
        return self._credentials.flow

    def get(self) -> Secret:
        """A token that is good by the clock. Raises AuthError or ApiError when a login fails."""
        token = self._token
        if token is not None and self._clock.monotonic() < token.renew_at:
            return token.secret
        with self._lock:
            token = self._token
            if token is None or self._clock.monotonic() >= token.renew_at:
                token = self._token = self._login()
            return token.secret

    def renew(self, refused: Secret) -> bool:
        """After a 401: gets a new token unless another worker already has. False when there is no way to get one."""
        with self._lock:
            if self._token is not None and self._token.secret is not refused:
                return True
            if isinstance(self._credentials, TokenCredentials):
                return False
            self._token = self._login()
            return True

    def login(self) -> Login:
        """Makes sure of a token, and tells what is known about it."""
        self.get()
        token = self._token
        left = None if token is None or token.expires_at is None else max(0, int(token.expires_at - self._clock.monotonic()))
        return Login(self.flow, left)

    def _login(self) -> _Token:
        if isinstance(self._credentials, TokenCredentials):
            return self._dated(self._credentials.token, renewable=False)
        if self._refused is not None:
            # Another try with the same credentials can only bring the account nearer to being locked.
            raise self._refused
        request = login_request(self._credentials)
        outcome = self._patience.run(lambda: self._try(request), "login")
        if isinstance(outcome, Failure):
            error = _login_error(outcome, request, self._credentials)
            self._refused = error if isinstance(error, AuthError) else None
            raise error
        secret = Secret(_token_in(outcome.body) or "")
        self._redactor.add(secret)
        return self._dated(secret, renewable=True)

    def _try(self, request: Request) -> Outcome:
        try:
            answer = self._wire.exchange(request)
        except BrokenError as broken:
            return of_broken(broken, CallClass.READ)
        if answer.status >= 300:
            answer = masked(answer, self._redactor)
        failure = _login_verdict(answer) or of_status(answer, CallClass.READ, self._clock.now())
        if failure is None and _token_in(answer.body) is None:
            what = "an HTML page" if looks_like_html(answer.body) else "something that is no token"
            failure = Failure(Fate.UNKNOWN, Again.FAULT, f"the login answered {what}", answer.status)
        if failure is None:
            return answer
        return failure

    def _dated(self, secret: Secret, *, renewable: bool) -> _Token:
        now = self._clock.monotonic()
        life = life_of(secret.reveal(), self._clock.now().timestamp())
        if not renewable:
            return _Token(secret, float("inf"), None if life is None else now + life)
        life = life if life is not None and life > 0 else DEFAULT_LIFE
        return _Token(secret, now + life * RENEW_AT, now + life)


def login_request(credentials: PasswordCredentials | ClientCredentials) -> Request:
    """Form-encoded: a JSON body gives a 500 (facts 1.1)."""
    form = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "*/*"}
    if isinstance(credentials, PasswordCredentials):
        fields = {"username": credentials.username, "password": credentials.password.reveal(), "token": "true"}
        return Request("POST", "/auth", body=urlencode(fields).encode(), headers=form, exempt=True)
    headers = {**form, "clientId": credentials.client_id, "clientSecret": credentials.client_secret.reveal()}
    return Request("POST", "/auth/oidc", body=b"", headers=headers, exempt=True)


def _login_verdict(answer: Answer) -> Failure | None:
    """What is special about a login: a 401 is final, a 404 means the wrong host, and no text of it is trusted blindly."""
    if answer.status == 401:
        return Failure(Fate.REJECTED, Again.NEVER, "", 401, auth=True)
    if answer.status == 500 and b"jwt" in answer.body[:4096].lower():
        return Failure(Fate.UNKNOWN, Again.FAULT, "", 500)
    return None


def _login_error(failure: Failure, request: Request, credentials: Credentials) -> AuthError | ApiError:
    failed = FailedRequest(request.method, request.path, failure.status, None, failure.body, failure.attempts)
    said = f" ({failure.text})" if failure.text else ""
    if failure.status == 401:
        what = "username or password refused" if isinstance(credentials, PasswordCredentials) else "client id or secret refused"
        return AuthError(f"{failed}: {what}", hint="single sign-on accounts cannot use the API; is it the right platform?")
    if failure.status == 403:
        return AuthError(f"{failed}: the login is not allowed{said}", hint=PERMISSION_HINT)
    if failure.status == 404:
        return AuthError(
            f"{failed}: there is no login at this address",
            hint=f"{GATEWAY_HINT} The API server answers a login with an HTML 404.",
        )
    if failure.auth or failure.status == 400:
        return AuthError(f"{failed}: the login was refused{said}", hint=failure.hint)
    return ApiError(f"{failed}{f': {failure.text}' if failure.text else ''}", request=failed, hint=failure.hint)


def _token_in(body: bytes) -> str | None:
    """The token, bare or in JSON (facts 1.1, 1.3), whatever the content type says."""
    text = body.decode("utf-8", "replace").strip()
    if text[:1] in {"{", '"'}:
        try:
            value: Any = orjson.loads(text)
        except orjson.JSONDecodeError:
            return None
        if isinstance(value, dict):
            value = next((value[name] for name in ("access_token", "token", "id_token") if value.get(name)), None)
        text = value.strip() if isinstance(value, str) else ""
    return text if _TOKEN.fullmatch(text) else None


def life_of(token: str, wall: float) -> float | None:
    """Seconds a JWT lives by its own claims: from iat to exp, or from the wall clock to exp where iat is missing.

    None for a token without readable claims, or with claims that make no sense.
    """
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims: Any = orjson.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return None
    if not isinstance(claims, dict):
        return None
    expires, issued = _seconds(claims.get("exp")), _seconds(claims.get("iat"))
    if expires is None:
        return None
    life = expires - (wall if issued is None else issued)
    return life if 0 < life <= 31 * 86_400 else None


def _seconds(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
