"""The calls: JSON in and out, a few patient attempts, errors that say what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx
import orjson

from declarative import __version__
from declarative.core.clock import Clock
from declarative.core.errors import ApiError, AuthError, FailedRequest

_ATTEMPTS = 4
_LONGEST_WAIT = 60.0
_PAGES = 100


class ForgeHttp:
    """One API of one forge. Never follows a redirect: the token must not travel to another host."""

    def __init__(self, api: str, headers: Mapping[str, str], clock: Clock, *, needs: str) -> None:
        """`needs`: the permission to name where the forge refuses."""
        parts = urlsplit(api)
        self._base = api.rstrip("/")
        self._root = parts.path.rstrip("/")
        self._origin = (parts.scheme, parts.netloc)
        self._clock = clock
        self._needs = needs
        self._client = httpx.Client(
            headers={"User-Agent": f"declarative/{__version__}", **headers},
            timeout=30.0,
            follow_redirects=False,
            trust_env=parts.hostname not in ("localhost", "127.0.0.1", "::1"),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._client.close()

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The decoded answer. Raises AuthError on 401 and 403, else ApiError."""
        return _decoded(method, path, self._send(method, f"{self._base}{path}", body))

    def pages(self, path: str) -> Iterator[Mapping[str, Any]]:
        """Every object of a paged list, following the `Link` header, which both forges send."""
        url: str | None = f"{self._base}{path}"
        for _ in range(_PAGES):
            if url is None:
                return
            answer = self._send("GET", url, None)
            rows = _decoded("GET", path, answer)
            yield from (row for row in rows if isinstance(row, dict)) if isinstance(rows, list) else ()
            url = self._next(answer)

    def _next(self, answer: httpx.Response) -> str | None:
        url = answer.links.get("next", {}).get("url")
        if url is None:
            return None
        parts = urlsplit(url)
        # A list that points elsewhere would be handed our token.
        return url if (parts.scheme, parts.netloc) == self._origin and parts.path.startswith(self._root) else None

    def _send(self, method: str, url: str, body: Mapping[str, Any] | None) -> httpx.Response:
        path = urlsplit(url).path
        for attempt in range(1, _ATTEMPTS + 1):
            last = attempt == _ATTEMPTS
            try:
                answer = self._client.request(method, url, json=body)
            except httpx.ConnectError as error:
                if last:
                    raise _unreachable(method, path, error, attempt) from None
                self._clock.sleep(2.0**attempt)
                continue
            except httpx.HTTPError as error:
                # A lost answer to a POST may hide a comment that was made: a second one would stand beside it for good.
                if last or method == "POST":
                    raise _unreachable(method, path, error, attempt) from None
                self._clock.sleep(2.0**attempt)
                continue
            if last or not _worth_another(method, answer):
                return self._checked(method, path, answer, attempt)
            self._clock.sleep(_wait(answer, attempt))
        raise AssertionError  # the last attempt returns or raises

    def _checked(self, method: str, path: str, answer: httpx.Response, attempts: int) -> httpx.Response:
        status = answer.status_code
        if answer.is_success:
            return answer
        said = _said(answer)
        if status == 401:
            raise AuthError(f"the forge refuses the token ({method} {path}: HTTP 401{said})", hint="has it expired?")
        if status == 403:
            raise AuthError(f"the token may not do this ({method} {path}: HTTP 403{said})", hint=f"it needs {self._needs}")
        hint = f"is the repository right, and may the token see it? It needs {self._needs}" if status == 404 else None
        failed = FailedRequest(method, path, status, answer.headers.get("x-github-request-id"), answer.text[:500], attempts)
        raise ApiError(f"the forge answered HTTP {status}{said}", request=failed, hint=hint)


def _worth_another(method: str, answer: httpx.Response) -> bool:
    if answer.status_code == 429 or (answer.status_code == 403 and "retry-after" in answer.headers):
        return True
    return answer.status_code in (502, 503, 504) and method != "POST"


def _wait(answer: httpx.Response, attempt: int) -> float:
    told = answer.headers.get("retry-after", "")
    return min(float(told) if told.isdigit() else 2.0**attempt, _LONGEST_WAIT)


def _said(answer: httpx.Response) -> str:
    try:
        body = orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        return ""
    text = body.get("message") or body.get("error") if isinstance(body, dict) else None
    return f", it says: {str(text)[:200]}" if text else ""


def _decoded(method: str, path: str, answer: httpx.Response) -> Any:
    try:
        return orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        failed = FailedRequest(method, urlsplit(path).path, answer.status_code, None, answer.text[:500])
        raise ApiError("the forge did not answer in JSON", request=failed, hint="is this the address of its API?") from None


def _unreachable(method: str, path: str, error: httpx.HTTPError, attempts: int) -> ApiError:
    reason = str(error) or type(error).__name__
    return ApiError(f"the forge cannot be reached: {reason}", request=FailedRequest(method, path, attempts=attempts))
