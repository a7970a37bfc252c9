"""Serving the gateway: in the foreground for people, in a thread for tests."""

from __future__ import annotations

import contextlib
import ipaddress
import signal
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from types import FrameType
from typing import Any

import orjson
import uvicorn

from .app import build_app, debug_reply
from .debug import PREFIX, READS
from .faults import profile
from .gateway import Gateway
from .keeping import StateFile
from .options import SandboxError, SandboxOptions
from .scenario import apply_scenario
from .wire import CuttableProtocol


class _Server(uvicorn.Server):
    """Stops on the first SIGINT or SIGTERM and returns, where uvicorn would raise the signal again."""

    def __init__(self, config: uvicorn.Config, gateway: Gateway) -> None:
        super().__init__(config)
        self._gateway = gateway

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._gateway.closing = True  # ends long scans, for which the end would otherwise wait
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def stop(_: int, __: FrameType | None) -> None:
            self.should_exit = True

        before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def serve(options: SandboxOptions, *, announce: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM. `announce` gets each line of the banner.

    Raises SandboxError when the options make no sense or the address cannot be had.
    """
    with contextlib.closing(make_gateway(options)) as gateway, contextlib.closing(_listen(options)) as listener:
        for line in banner(options, _url(listener)):
            announce(line)
        _server(gateway).run(sockets=[listener])


def make_gateway(options: SandboxOptions) -> Gateway:
    """The gateway as the options want it; the caller closes it. Raises SandboxError."""
    gateway = Gateway(options)
    try:
        _set_up(gateway, options)
    except BaseException:
        gateway.close()
        raise
    return gateway


def _set_up(gateway: Gateway, options: SandboxOptions) -> None:
    restored = False
    if options.state is not None:
        gateway.state_file = StateFile(options.state)
        restored = gateway.state_file.restore(gateway)
    if options.fault_profile is not None:
        gateway.faults.add(profile(options.fault_profile))
    if options.scenario is not None:
        apply_scenario(gateway, options.scenario, stage_only=restored)
    _save(gateway)


def _save(gateway: Gateway) -> None:
    try:
        gateway.save()
    except sqlite3.Error as problem:
        raise SandboxError(f"state file {gateway.options.state}: {problem}") from problem


class RunningSandbox:
    """A sandbox in a background thread. `gateway` is its inside; hold `gateway.lock` when touching it directly."""

    def __init__(self, gateway: Gateway, url: str) -> None:
        self.gateway = gateway
        self.url = url

    def call(self, path: str, json: Mapping[str, Any] | None = None) -> Any:
        """A debug endpoint without the network: `call("/_sandbox/process")`, `call("calls")`. Reads when `json` is None and
        the endpoint has a reading form. Raises SandboxError when it is refused."""
        return debug_call(self.gateway, path, json)


@contextlib.contextmanager
def running(options: SandboxOptions | None = None) -> Iterator[RunningSandbox]:
    """A sandbox on an ephemeral port, for the duration of the block. Raises SandboxError."""
    options = options or SandboxOptions()
    with contextlib.closing(make_gateway(options)) as gateway, contextlib.closing(_listen(options)) as listener:
        server = _server(gateway)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="sandbox", daemon=True)
        thread.start()
        try:
            _wait_for_start(server, thread)
            yield RunningSandbox(gateway, _url(listener))
        finally:
            server.should_exit = True
            server.force_exit = True  # open keep-alive connections of a client must not hold up the end
            thread.join(timeout=30)


def debug_call(gateway: Gateway, path: str, json: Mapping[str, Any] | None = None) -> Any:
    """Raises SandboxError."""
    name = path.removeprefix(PREFIX).strip("/")
    method = "GET" if json is None and name in READS else "POST"
    reply = debug_reply(gateway, method, f"{PREFIX}/{name}", {}, orjson.dumps(json or {}))
    answer = orjson.loads(reply.body)
    if reply.status != 200:
        raise SandboxError(answer["error"])
    return answer


def banner(options: SandboxOptions, url: str) -> tuple[str, ...]:
    """What a person must know to point a client here; says plainly that this is not the vendor."""
    shown = options.password if options.password == options.username else "<the one you chose>"
    return (
        f"declarative sandbox: an emulated gateway on {url}. This is NOT the Qualys service; nothing leaves this machine.",
        "Point the tool at it with:",
        f"  export QUALYS_BASE_URL={url}",
        f"  export QUALYS_USERNAME={options.username}",
        f"  export QUALYS_PASSWORD={shown}",
        f"Look inside: {url}{PREFIX}/calls, {PREFIX}/identification, {PREFIX}/reports, {PREFIX}/assets. Stop with Ctrl-C.",
    )


def _listen(options: SandboxOptions) -> socket.socket:
    """A bound socket. Raises SandboxError."""
    if not options.allow_remote and not _is_loopback(options.host):
        raise SandboxError(
            f"{options.host} can be reached from outside; the sandbox binds to loopback unless remote access is allowed"
        )
    try:
        family, kind, number, _, address = socket.getaddrinfo(options.host, options.port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, number)
    except OSError as problem:
        raise SandboxError(f"cannot use {options.host}: {problem}") from problem
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(128)
    except OSError as problem:
        listener.close()
        raise SandboxError(f"cannot listen on {options.host}:{options.port}: {problem.strerror or problem}") from problem
    return listener


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _server(gateway: Gateway) -> _Server:
    config = uvicorn.Config(
        build_app(gateway),
        http=CuttableProtocol,
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=75,
    )
    return _Server(config, gateway)


def _wait_for_start(server: _Server, thread: threading.Thread) -> None:
    while not server.started:
        if not thread.is_alive():
            raise SandboxError("the sandbox did not start")
        time.sleep(0.005)
