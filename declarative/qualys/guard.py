"""The last gate before the network: the pinned host, and for readers the list of calls that cannot change anything."""

from __future__ import annotations

import re

import httpx

from declarative.qualys.target import Target

_READS = (
    ("POST", re.compile(r"/auth(/oidc|/oauth)?")),
    ("POST", re.compile(r"/rest/2\.0/(search|count)/am/asset")),
    ("POST", re.compile(r"/rest/2\.0/am/asset/component(/[0-9]+)?")),
    ("GET", re.compile(r"/rest/2\.0/get/am/asset")),
    ("GET", re.compile(r"/rest/2\.0/am/report/download")),
)


class ForbiddenRequestError(RuntimeError):
    """A request that must never leave: our defect, never the user's."""


class PinnedTransport(httpx.BaseTransport):
    """Refuses any other host than the target's (R12)."""

    def __init__(self, inner: httpx.BaseTransport, target: Target) -> None:
        self._inner = inner
        self._target = target

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if not self._target.owns(request.url):
            raise ForbiddenRequestError(f"refused to send a request to {request.url.host}: not the target")
        return self._inner.handle_request(request)

    def close(self) -> None:
        self._inner.close()


class ReadOnlyTransport(PinnedTransport):
    """Refuses whatever is not on the list of reads. Plan, drift, query and the rest have no other way out."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.split(b"?")[0].decode("ascii", "replace")
        tail = path.removeprefix(self._target.path)
        if not any(request.method == method and pattern.fullmatch(tail) for method, pattern in _READS):
            raise ForbiddenRequestError(f"a read-only client refused to send {request.method} {tail}")
        return super().handle_request(request)
