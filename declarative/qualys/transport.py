"""Every call of the API goes through here: token, classification, retries."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
from msgspec import Struct

from declarative.core.clock import Clock
from declarative.core.errors import ApiError, AuthError, FailedRequest
from declarative.core.packed import as_json
from declarative.core.secrets import Redactor, Secret
from declarative.qualys.answers import EXCERPT, Answer, UnreadableError, clean, masked, said
from declarative.qualys.auth import Tokens
from declarative.qualys.patience import Outcome, Patience
from declarative.qualys.verdicts import Again, CallClass, Failure, Fate, of_broken, of_status, of_unreadable
from declarative.qualys.wire import BrokenError, Request, Wire

JSON = {"Content-Type": "application/json"}


def json_body(value: Any) -> bytes:
    return orjson.dumps(value, default=as_json)


class Transport(Struct, frozen=True):
    """Thread-safe. `send` gives values, `read` raises."""

    wire: Wire
    tokens: Tokens
    patience: Patience
    redactor: Redactor
    clock: Clock

    def read(self, request: Request) -> Answer:
        """A call that changes nothing. Raises ApiError, or AuthError on 401, 403 and a refused login."""
        outcome = self.send(request, CallClass.READ)
        if isinstance(outcome, Failure):
            raise outcome.error(request)
        return outcome

    def send(self, request: Request, kind: CallClass) -> Outcome:
        """The call, with whatever retries its class allows. Never raises for what the network or the API did."""
        call = _Call(self, request, kind)
        return self.patience.run(call.attempt, f"{request.method} {request.path}")

    def malformed(self, request: Request, answer: Answer, text: str) -> ApiError:
        """The error for an answer that is JSON, but not what it has to be."""
        body = clean(masked(answer, self.redactor).body[: 2 * EXCERPT].decode("utf-8", "replace"))
        failed = FailedRequest(request.method, request.path, answer.status, request.request_id, body)
        return ApiError(f"{failed}: {clean(self.redactor(text))}", request=failed)


class _Call:
    """One call and its state over the tries: whether its token was renewed already."""

    def __init__(self, transport: Transport, request: Request, kind: CallClass) -> None:
        self._transport = transport
        self._request = request
        self._kind = kind
        self._renewed = False

    def attempt(self) -> Outcome:
        tokens = self._transport.tokens
        try:
            token = tokens.get()
            outcome = self._once(token)
            if isinstance(outcome, Failure) and outcome.again is Again.RENEW and not self._renewed:
                self._renewed = True
                if tokens.renew(token):
                    outcome = self._once(tokens.get())
        except (AuthError, ApiError) as error:
            return Failure(
                Fate.NOT_SENT, Again.NEVER, error.message, auth=isinstance(error, AuthError), hint=error.hint, login=error
            )
        return outcome

    def _once(self, token: Secret) -> Outcome:
        try:
            answer = self._transport.wire.exchange(self._request, authorization=f"Bearer {token.reveal()}")
        except BrokenError as broken:
            return of_broken(broken, self._kind)
        if answer.status >= 300 or self._kind is not CallClass.READ:
            answer = masked(answer, self._transport.redactor)
        failure = of_status(answer, self._kind, self._transport.clock.now())
        if failure is not None:
            return failure
        return self._readable(answer)

    def _readable(self, answer: Answer) -> Outcome:
        if self._request.sink is not None:
            # A file, or words about it: the caller tells. Only a web page is no answer of the API at all.
            return self._unreadable(answer, "an HTML page instead of a file") if answer.is_html else answer
        if not answer.body:
            # Nothing found is a 204 for a read (facts 3.5); for a write an empty answer tells nothing.
            fine = answer.status == 204 and self._kind is CallClass.READ
            return answer if fine else self._unreadable(answer, f"HTTP {answer.status} with an empty body")
        try:
            return replace(answer, data=self._request.decoder(answer.body))
        except UnreadableError as error:
            excerpt = said(masked(answer, self._transport.redactor).body)[:200]
            return self._unreadable(answer, f"{error} (it starts: {excerpt})" if excerpt else str(error))

    def _unreadable(self, answer: Answer, reason: str) -> Failure:
        return of_unreadable(masked(answer, self._transport.redactor), reason, self._kind)
