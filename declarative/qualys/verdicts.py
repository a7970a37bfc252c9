"""What an answer, or the lack of one, means: what surely happened, and whether to try again.

| | read | sync | report |
|---|---|---|---|
| not sent: connection refused, DNS, TLS; 429, limit kind of 409 | retry | retry | retry |
| 401 | one renewal, then stop | same | same |
| rejected: other 4xx with a readable body | stop | stop | stop |
| unknown: reset or timeout after the first byte, 5xx, unreadable 2xx | retry | retry, same requestId | stop: unknown |
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from declarative.core.errors import ApiError, AuthError, DeclarativeError, FailedRequest
from declarative.qualys.answers import Answer, said
from declarative.qualys.limits import asked_wait, is_limit_refusal
from declarative.qualys.wire import BrokenError, Request


class CallClass(StrEnum):
    """How harmful a second processing would be."""

    READ = "read"  # not at all
    SYNC = "sync"  # not, with the same requestId and native keys
    REPORT = "report"  # a second report


class Fate(StrEnum):
    NOT_SENT = "not_sent"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


class Again(StrEnum):
    """Which patience applies to another try."""

    NEVER = "never"
    RENEW = "renew"  # with a new token, at once
    CONNECT = "connect"  # the host is not there: a few tries
    FAULT = "fault"  # trouble that passes
    LIMIT = "limit"  # the quota is used up


class Failure(Struct, frozen=True):
    """One try that did not do. `wait`: seconds the server asked for. `login`: what failed was getting a token."""

    fate: Fate
    again: Again
    text: str
    status: int | None = None
    body: str = ""
    wait: float | None = None
    auth: bool = False
    hint: str | None = None
    attempts: int = 1
    login: DeclarativeError | None = None

    def error(self, request: Request) -> DeclarativeError:
        """As the exception a caller sees. AuthError for 401, 403 and refused client tokens."""
        if self.login is not None:
            return self.login
        failed = FailedRequest(request.method, request.path, self.status, request.request_id, self.body, self.attempts)
        message = f"{failed}: {self.text}" if self.text else str(failed)
        if self.auth:
            return AuthError(message, hint=self.hint)
        return ApiError(message, request=failed, hint=self.hint)


PERMISSION_HINT = (
    "the account lacks permission: a Manager may call everything, others need API Access and the App API box of their role"
    " (Administration, Users, Role Management), and the subscription an active CSAM licence"
)
CLIENT_HINT = (
    "CSAM is known to refuse tokens of client credentials with this misleading message, although nothing is wrong with the"
    " subscription; use QUALYS_USERNAME and QUALYS_PASSWORD, or ask Qualys support to enable CSAM for the client"
)
GATEWAY_HINT = "is the base URL the gateway (https://gateway...) and not the API server (https://qualysapi...)?"


def of_broken(broken: BrokenError, kind: CallClass) -> Failure:
    """The exchange did not end. Nothing sent is surely not processed; all else cannot be known."""
    if not broken.sent:
        again = Again.NEVER if broken.hopeless else Again.CONNECT
        hint = _CERTIFICATE_HINT if broken.hopeless else "is the host right, and reachable from here (proxy, firewall, DNS)?"
        return Failure(Fate.NOT_SENT, again, broken.text, broken.status, hint=hint)
    again = Again.NEVER if broken.hopeless or kind is CallClass.REPORT else Again.FAULT
    return Failure(Fate.UNKNOWN, again, broken.text, broken.status)


_CERTIFICATE_HINT = "a proxy that opens TLS needs its certificate authority in the file named by SSL_CERT_FILE"


def of_unreadable(answer: Answer, reason: str, kind: CallClass) -> Failure:
    """A 2xx whose body is not what was promised."""
    again = Again.NEVER if kind is CallClass.REPORT else Again.FAULT
    return Failure(Fate.UNKNOWN, again, reason, answer.status, said(answer.body))


def of_status(answer: Answer, kind: CallClass, now: datetime) -> Failure | None:
    """The verdict by status; None for 2xx."""
    status = answer.status
    if 200 <= status < 300:
        return None
    wait = asked_wait(answer.headers, now)
    if status == 429 or (status == 409 and is_limit_refusal(answer, strict=kind is CallClass.REPORT)):
        return _failure(
            answer, Fate.NOT_SENT, Again.LIMIT, wait=wait, hint="the quota of API calls is used up; --max-wait bounds the wait"
        )
    if status == 401:
        return _failure(
            answer, Fate.NOT_SENT, Again.RENEW, auth=True, hint="the token is refused: expired, revoked, or of another platform"
        )
    if status >= 500 or status in {408, 425}:
        return _server_trouble(answer, kind, wait)
    if status < 400:
        return _redirect(answer, kind)
    return _refusal(answer, kind)


def _server_trouble(answer: Answer, kind: CallClass, wait: float | None) -> Failure:
    if kind is CallClass.REPORT:
        return _failure(answer, Fate.UNKNOWN, Again.NEVER)
    if answer.status == 500 and b"jwt" in answer.body[:4096].lower():
        # A token the gateway cannot parse gives 500 where one would expect 401 (facts 1.1).
        return _failure(answer, Fate.NOT_SENT, Again.RENEW, auth=True, hint="the gateway cannot read the token: is it complete?")
    return _failure(answer, Fate.UNKNOWN, Again.FAULT, wait=wait)


def _redirect(answer: Answer, kind: CallClass) -> Failure:
    # 307 and 308 ask to send it again elsewhere; after the others the request may have been taken.
    unknown = kind is CallClass.REPORT and answer.status not in {307, 308}
    fate = Fate.UNKNOWN if unknown else Fate.REJECTED
    hint = f"redirects are not followed; {GATEWAY_HINT}"
    return _failure(answer, fate, Again.NEVER, hint=hint)


def _refusal(answer: Answer, kind: CallClass) -> Failure:
    text = said(answer.body)
    lowered = text.lower()
    if answer.status == 403:
        return _failure(answer, Fate.REJECTED, Again.NEVER, auth=True, hint=PERMISSION_HINT)
    if answer.status == 400 and ("invalid subscription id" in lowered or "validating customer from token" in lowered):
        return _failure(answer, Fate.REJECTED, Again.NEVER, auth=True, hint=CLIENT_HINT)
    readable = bool(answer.body.strip()) and not answer.is_html
    fate = Fate.REJECTED if readable or kind is not CallClass.REPORT else Fate.UNKNOWN
    hints = {404: GATEWAY_HINT, 405: GATEWAY_HINT, 407: "the proxy asks for a login: put it into HTTPS_PROXY"}
    return _failure(answer, fate, Again.NEVER, hint=hints.get(answer.status))


def _failure(
    answer: Answer, fate: Fate, again: Again, *, wait: float | None = None, auth: bool = False, hint: str | None = None
) -> Failure:
    text = said(answer.body)
    return Failure(fate, again, text, answer.status, text, wait=wait, auth=auth, hint=hint)
