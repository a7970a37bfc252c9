"""A scripted gateway on a real socket, so that every fault happens where it would happen: on the wire."""

from __future__ import annotations

import base64
import contextlib
import json
import random
import socket
import struct
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from declarative.core.secrets import Secret
from declarative.qualys.budget import WaitBudget
from declarative.qualys.client import Means, connect_reader, connect_writer
from declarative.qualys.credentials import PasswordCredentials
from declarative.qualys.model import CallRecord, Waiting
from declarative.qualys.wire import Settings

PASSWORD = "s3cret-Canary+pass/word%"
SEARCH = "/rest/2.0/search/am/asset"
COUNT = "/rest/2.0/count/am/asset"
GET = "/rest/2.0/get/am/asset"
COMPONENT = "/rest/2.0/am/asset/component"
SYNC = "/rest/2.0/am/connector/asset/data/sync"
REPORT = "/rest/2.0/am/report"
DOWNLOAD = "/rest/2.0/am/report/download"


class FakeClock:
    """Time that only sleeping moves, so that no test waits."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._passed = 0.0
        self.sleeps: list[float] = []

    def now(self) -> datetime:
        return datetime(2026, 7, 1, tzinfo=UTC) + timedelta(seconds=self._passed)

    def monotonic(self) -> float:
        return 1000.0 + self._passed

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.sleeps.append(seconds)
            self._passed += seconds

    advance = sleep


@dataclass
class Seen:
    """A request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    connection: int

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Exchange:
    """One request being answered; behaviours write to its socket."""

    gateway: Gateway
    request: Seen
    socket: socket.socket
    keep: bool = True

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def reset(self) -> None:
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()
        self.keep = False


Behaviour = Callable[[Exchange], None]


def head(status: int, headers: dict[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} Said", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


class Gateway:
    """Answers by script, a queue for each path; without a script, a login works and all else is a 404."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.seen: list[Seen] = []
        self.processed: list[Seen] = []
        self.logins = 0
        self._scripts: dict[str, list[Behaviour]] = defaultdict(list)
        self._always: dict[str, Behaviour] = {}
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self._connections = 0
        threading.Thread(target=self._accept, daemon=True).start()

    # -- scripting

    def script(self, path: str, *behaviours: Behaviour) -> None:
        self._scripts[path].extend(behaviours)

    def always(self, path: str, behaviour: Behaviour) -> None:
        self._always[path] = behaviour

    def to(self, path: str) -> list[Seen]:
        return [request for request in self.seen if request.path == path]

    @staticmethod
    def reply(
        status: int = 200, body: Any = None, headers: dict[str, str] | None = None, kind: str = "application/json"
    ) -> Behaviour:
        data = (
            b""
            if body is None
            else body
            if isinstance(body, bytes)
            else body.encode()
            if isinstance(body, str)
            else json.dumps(body).encode()
        )

        def behave(exchange: Exchange) -> None:
            if status < 300:
                exchange.gateway.processed.append(exchange.request)
            given = {"Content-Type": kind, **(headers or {})}
            if status != 204:
                given["Content-Length"] = str(len(data))
            exchange.send(head(status, given) + (b"" if status == 204 else data))

        return behave

    @staticmethod
    def html(status: int = 200, title: str = "Maintenance") -> Behaviour:
        return Gateway.reply(status, f"<!DOCTYPE html><html><head><title>{title}</title></head></html>", kind="text/html")

    @staticmethod
    def reset_before() -> Behaviour:
        return Exchange.reset

    @staticmethod
    def reset_after() -> Behaviour:
        def behave(exchange: Exchange) -> None:
            exchange.gateway.processed.append(exchange.request)
            exchange.reset()

        return behave

    @staticmethod
    def truncated(body: Any) -> Behaviour:
        data = json.dumps(body).encode()

        def behave(exchange: Exchange) -> None:
            exchange.gateway.processed.append(exchange.request)
            exchange.send(
                head(200, {"Content-Type": "application/json", "Content-Length": str(len(data))}) + data[: len(data) // 2]
            )
            exchange.socket.close()
            exchange.keep = False

        return behave

    @staticmethod
    def trickle(seconds: float, every: float = 0.01) -> Behaviour:
        def behave(exchange: Exchange) -> None:
            exchange.gateway.processed.append(exchange.request)
            exchange.keep = False
            try:
                exchange.send(head(200, {"Content-Type": "application/json", "Content-Length": "1000000"}))
                until = time.monotonic() + seconds
                while time.monotonic() < until:
                    exchange.send(b" ")
                    time.sleep(every)
            except OSError:
                pass
            exchange.socket.close()

        return behave

    @staticmethod
    def silence(seconds: float) -> Behaviour:
        def behave(exchange: Exchange) -> None:
            exchange.gateway.processed.append(exchange.request)
            exchange.keep = False
            exchange.socket.settimeout(seconds)
            with contextlib.suppress(OSError):
                exchange.socket.recv(1)
            exchange.socket.close()

        return behave

    @staticmethod
    def raw(data: bytes) -> Behaviour:
        def behave(exchange: Exchange) -> None:
            exchange.gateway.processed.append(exchange.request)
            exchange.keep = False
            with contextlib.suppress(OSError):
                exchange.send(data)
            exchange.socket.close()

        return behave

    @staticmethod
    def token(number: int = 1, life: int = 4 * 3600, wall: float = 1_782_864_000.0) -> str:
        claims = base64.urlsafe_b64encode(
            json.dumps({"sub": "u", "n": number, "iat": int(wall), "exp": int(wall) + life}).encode()
        )
        return f"eyJhbGciOiJIUzI1NiJ9.{claims.decode().rstrip('=')}.c2lnbmF0dXJlLWNhbmFyeQ{number}"

    # -- serving

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self._connections += 1
                number = self._connections
                self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection, number), daemon=True).start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        buffer = b""
        try:
            while True:
                while b"\r\n\r\n" not in buffer:
                    more = connection.recv(65536)
                    if not more:
                        connection.close()
                        return
                    buffer += more
                start, _, buffer = buffer.partition(b"\r\n\r\n")
                lines = start.decode("latin-1").split("\r\n")
                method, target, _ = lines[0].split(" ")
                headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
                length = int(headers.get("content-length", "0"))
                while len(buffer) < length:
                    more = connection.recv(65536)
                    if not more:
                        connection.close()
                        return
                    buffer += more
                body, buffer = buffer[:length], buffer[length:]
                split = urlsplit(target)
                query = {name: values[-1] for name, values in parse_qs(split.query, keep_blank_values=True).items()}
                exchange = Exchange(self, Seen(method, split.path, query, headers, body, number), connection)
                self._behaviour(exchange)(exchange)
                if not exchange.keep:
                    return
        except OSError:
            connection.close()

    def _behaviour(self, exchange: Exchange) -> Behaviour:
        path = exchange.request.path
        with self._lock:
            self.seen.append(exchange.request)
            if self._scripts[path]:
                return self._scripts[path].pop(0)
            if path in self._always:
                return self._always[path]
            if path == "/auth":
                self.logins += 1
                return self.reply(201, self.token(self.logins))
        return self.reply(404, {"status": 404, "error": "Not Found", "path": path})

    def close(self) -> None:
        self._listener.close()
        for connection in self._open:
            connection.close()


@dataclass
class Heard:
    """What the observer was told."""

    events: list[CallRecord | Waiting] = field(default_factory=list)

    def __call__(self, event: CallRecord | Waiting) -> None:
        self.events.append(event)

    @property
    def calls(self) -> list[CallRecord]:
        return [event for event in self.events if isinstance(event, CallRecord)]

    @property
    def waits(self) -> list[Waiting]:
        return [event for event in self.events if isinstance(event, Waiting)]


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    server = Gateway()
    yield server
    server.close()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def credentials() -> PasswordCredentials:
    return PasswordCredentials("api-user", Secret(PASSWORD))


@pytest.fixture
def connect(gateway: Gateway, clock: FakeClock, heard: Heard, credentials: PasswordCredentials) -> Iterator[Callable[..., Any]]:
    """`connect()` is a writer, `connect(read_only=True)` a reader; both with the fake clock."""
    opened = []

    def make(*, read_only: bool = False, **options: Any) -> Any:
        given = {
            "clock": clock,
            "observer": heard,
            "rng": random.Random(1),
            "environ": {},
            "settings": Settings(read=20, deadline=20),
            **options,
        }
        url = given.pop("url", gateway.url)
        who = given.pop("credentials", credentials)
        if "max_wait" in given:
            given["waits"] = WaitBudget(given.pop("max_wait"))
        client = (connect_reader if read_only else connect_writer)(url, who, Means(**given))
        opened.append(client)
        return client

    yield make
    for client in opened:
        client.close()


@pytest.fixture
def page() -> Callable[..., dict[str, Any]]:
    def make(ids: list[int], more: Any = 0, **changes: Any) -> dict[str, Any]:
        answer = {
            "responseMessage": "Valid API Access",
            "count": len(ids),
            "responseCode": "SUCCESS",
            "lastSeenAssetId": ids[-1] if ids else None,
            "hasMore": more,
            "assetListData": {"asset": [{"assetId": number, "assetName": f"host-{number}"} for number in ids]},
        }
        answer.update(changes)
        return {name: value for name, value in answer.items() if value != "gone"}

    return make
