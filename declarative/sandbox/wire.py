"""Below HTTP: letting an application break its own connection, which no framework offers."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any, cast

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

_TRANSPORT = "sandbox.transport"


class CuttableProtocol(H11Protocol):
    """Hands its transport to the application through the scope."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        inner = cast("ASGIApp", self.app)

        async def with_transport(scope: Scope, receive: Receive, send: Send) -> None:
            scope[_TRANSPORT] = transport
            await inner(scope, receive, send)

        self.app = cast("Any", with_transport)


async def cut(scope: Scope, receive: Receive, *, politely: bool = False) -> None:
    """Break the connection: by a reset, or politely, which lets what was already written arrive first."""
    transport: asyncio.Transport = scope[_TRANSPORT]
    if politely:
        transport.close()
    else:
        # Zero linger makes the kernel send a reset instead of an orderly end.
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass
