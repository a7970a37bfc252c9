"""One HTTP exchange: send, and read the answer within its limits of size and time. Knows no retries and no meaning."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Protocol

import httpcore
import httpx
from msgspec import Struct

from declarative.core.clock import Clock
from declarative.core.errors import ApiError
from declarative.core.secrets import Redactor
from declarative.qualys.answers import Answer, clean, decode
from declarative.qualys.guard import PinnedTransport, ReadOnlyTransport
from declarative.qualys.limits import Meter
from declarative.qualys.model import CallRecord, Observer
from declarative.qualys.network import proxy_for, quiet, tls_for
from declarative.qualys.slots import Slots
from declarative.qualys.sockets import FAILURES, Deadline, DeadlineTransport
from declarative.qualys.target import Target
from declarative.qualys.timing import Skew

USER_AGENT = "qualys-declarative"


class Settings(Struct, frozen=True):
    """Limits of one exchange. Times in seconds, sizes in bytes.

    `deadline` bounds the whole answer, however steadily it trickles; `read` the silence between two pieces of it.
    """

    connect: float = 10.0
    read: float = 120.0
    deadline: float = 300.0
    download_deadline: float = 3600.0
    max_answer: int = 64 * 1024 * 1024
    max_download: int = 2 * 1024 * 1024 * 1024


class Sink(Protocol):
    """Where the bytes of a good answer go instead of into memory. What it raises is not taken for trouble of the network."""

    def start(self, status: int, headers: httpx.Headers) -> bool:
        """Whether this answer is one; begins from nothing."""

    def write(self, part: bytes) -> None: ...


@dataclass(frozen=True, slots=True)
class Request:
    """What to send. `path` is relative to the base URL; `own_connection` asks for one that was never used before.

    `decoder` makes the answer's bytes a value, or raises UnreadableError."""

    method: str
    path: str
    query: Mapping[str, str | int] = field(default_factory=dict)
    body: bytes | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    request_id: str | None = None
    own_connection: bool = False
    exempt: bool = False  # does not count against the quota
    sink: Sink | None = field(default=None, repr=False)
    decoder: Callable[[bytes], Any] = field(default=decode, repr=False)


class BrokenError(Exception):
    """The exchange did not end with a whole answer. `sent`: at least one byte of the request may have arrived.

    `status` where the head of an answer was read; `hopeless` where trying again cannot help.
    """

    def __init__(self, text: str, *, sent: bool, status: int | None = None, hopeless: bool = False) -> None:
        super().__init__(text)
        self.text = text
        self.sent = sent
        self.status = status
        self.hopeless = hopeless


class Wire:
    """The way out. Safe to share between threads."""

    def __init__(
        self,
        target: Target,
        *,
        clock: Clock,
        observer: Observer,
        redactor: Redactor,
        environ: Mapping[str, str],
        settings: Settings,
        read_only: bool,
    ) -> None:
        self.target = target
        self.meter = Meter()
        self.skew = Skew(clock)
        self._slots = Slots()
        self._clock = clock
        self._observer = observer
        self._redactor = redactor
        self._settings = settings
        self._gate = ReadOnlyTransport if read_only else PinnedTransport
        self._proxy = proxy_for(target, environ)
        self._tls = tls_for(target)
        self._deadline = Deadline(clock)
        quiet()
        self._client = self._open()

    def close(self) -> None:
        self._client.close()

    def exchange(self, request: Request, *, authorization: str | None = None) -> Answer:
        """Sends once, tells the observer, and returns the answer whatever its status. Raises BrokenError."""
        with self._slots.one():
            return self._timed(request, authorization)

    def _timed(self, request: Request, authorization: str | None) -> Answer:
        if not request.exempt:
            self.meter.count()
        started = self._clock.monotonic()
        status: int | None = None
        error: str | None = None
        try:
            answer = self._exchange(request, authorization)
            status = answer.status
            return answer
        except BrokenError as broken:
            status, error = broken.status, broken.text
            raise
        finally:
            seconds = max(0.0, self._clock.monotonic() - started)
            self._observer(CallRecord(request.method, request.path, status, seconds, request.request_id, error))

    def _exchange(self, request: Request, authorization: str | None) -> Answer:
        if not request.own_connection:
            return self._over(self._client, request, authorization)
        client = self._open()
        try:
            return self._over(client, request, authorization)
        finally:
            client.close()

    def _over(self, client: httpx.Client, request: Request, authorization: str | None) -> Answer:
        headers = {"Accept": "application/json", **request.headers}
        if authorization is not None:
            headers["Authorization"] = authorization
        phase = _Phase()
        outgoing = client.build_request(
            request.method,
            self.target.of(request.path),
            params=dict(request.query) or None,
            content=request.body,
            headers=headers,
            extensions={"trace": phase},
        )
        status: int | None = None
        self._deadline.start(self._settings.download_deadline if request.sink else self._settings.deadline)
        try:
            response = client.send(outgoing, stream=True)
            try:
                status = response.status_code
                self.meter.see(response.headers)
                self.skew.see(response.headers)
                self._slots.see(response.headers)
                return self._read(response, request.sink)
            finally:
                response.close()
        except (*FAILURES, httpx.HTTPError, ssl.SSLError, OSError) as error:
            text, hopeless = self._describe(error, sent=phase.sent)
            raise BrokenError(text, sent=phase.sent, status=status, hopeless=hopeless) from None

    def _read(self, response: httpx.Response, sink: Sink | None) -> Answer:
        file = sink if sink and sink.start(response.status_code, response.headers) else None
        limit = self._settings.max_answer if file is None else self._settings.max_download
        parts: list[bytes] = []
        size = 0
        for part in response.iter_bytes():
            size += len(part)
            if size > limit:
                raise BrokenError(
                    f"the answer is larger than {limit:,} bytes",
                    sent=True,
                    status=response.status_code,
                    hopeless=file is not None,
                )
            if file is None:
                parts.append(part)
            else:
                file.write(part)
        streamed = None if file is None else size
        return Answer(response.status_code, response.headers, b"".join(parts), streamed=streamed)

    def _open(self) -> httpx.Client:
        try:
            http = DeadlineTransport(self._tls, self._proxy, self._deadline)
        except (ValueError, ImportError, RuntimeError, httpx.InvalidURL) as error:
            # Without the proxy's address: it may hold a password.
            raise ApiError(
                f"the proxy of the environment cannot be used ({type(error).__name__})", hint="look at HTTPS_PROXY and ALL_PROXY"
            ) from None
        return httpx.Client(
            transport=self._gate(http, self.target),
            timeout=httpx.Timeout(self._settings.read, connect=self._settings.connect),
            follow_redirects=False,
            trust_env=False,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            headers={"User-Agent": USER_AGENT},
        )

    def _describe(self, error: Exception, *, sent: bool) -> tuple[str, bool]:
        """In words, and whether trying again is hopeless."""
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, ssl.SSLCertVerificationError):
                return f"TLS: the certificate was not accepted: {self._plain(cause)}", True
            cause = cause.__cause__ or cause.__context__
        words = {
            "ConnectTimeout": f"no connection within {self._settings.connect:g} s",
            "ReadTimeout": f"no answer within {self._settings.read:g} s",
            "DecodingError": "the answer's compression cannot be read",
        }
        text = words.get(type(error).__name__) or re.sub(r"^\[Errno -?[0-9]+\] ", "", self._plain(error))
        if isinstance(error, httpcore.ProxyError):
            text = f"the proxy refused: {text}"
        return (text if sent else f"{self.target.url} cannot be reached: {text}"), isinstance(error, httpcore.UnsupportedProtocol)

    def _plain(self, error: BaseException) -> str:
        return clean(self._redactor(str(error) or type(error).__name__), 300)


class _Phase:
    """Listens to the transport for the moment the first byte of the request (not of a proxy's CONNECT) goes out."""

    __slots__ = ("sent",)

    def __init__(self) -> None:
        self.sent = False

    def __call__(self, event: str, info: Mapping[str, Any]) -> None:
        if event.endswith("send_request_headers.started"):
            request = info.get("request")
            self.sent = self.sent or getattr(request, "method", b"") != b"CONNECT"
