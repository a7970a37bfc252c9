"""Bearer tokens that look and expire like the vendor's: a JWT with a real exp claim (facts 1.1)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Any

from .clock import SandboxClock


class TokenRefusedError(Exception):
    """`malformed` tells a value that is no JWT at all from one that is expired, revoked or not ours."""

    def __init__(self, message: str, *, malformed: bool) -> None:
        super().__init__(message)
        self.malformed = malformed


@dataclass(frozen=True, slots=True)
class Claims:
    subject: str
    expires: float
    client: bool
    generation: int


class TokenOffice:
    """Issues, checks and revokes. The signing key lives and dies with the process."""

    def __init__(self, clock: SandboxClock, key: bytes) -> None:
        self._clock = clock
        self._key = key
        self.generation = 0
        self._serial = 0

    def issue(self, subject: str, lifetime: int, *, client: bool = False) -> str:
        now = int(self._clock.timestamp())
        self._serial += 1
        claims = {
            "sub": subject,
            "iss": "declarative-sandbox",
            "iat": now,
            "exp": now + lifetime,
            "jti": f"{self.generation}-{self._serial}",
            "generation": self.generation,
            "client": client,
        }
        body = f"{_encode(_dump({'alg': 'HS256', 'typ': 'JWT'}))}.{_encode(_dump(claims))}"
        return f"{body}.{_encode(self._signature(body))}"

    def check(self, token: str) -> Claims:
        """Raises TokenRefusedError."""
        parts = token.split(".")
        if len(parts) != 3:
            raise TokenRefusedError("JWT parsing failed: JWT strings must contain exactly 2 period characters", malformed=True)
        payload = _decoded(parts[1])
        _decoded(parts[0])
        if not hmac.compare_digest(_encode(self._signature(f"{parts[0]}.{parts[1]}")), parts[2]):
            raise TokenRefusedError("Invalid token signature", malformed=False)
        claims = Claims(payload["sub"], payload["exp"], payload["client"], payload["generation"])
        if claims.expires <= self._clock.timestamp():
            raise TokenRefusedError("Token expired", malformed=False)
        if claims.generation < self.generation:
            raise TokenRefusedError("Token revoked", malformed=False)
        return claims

    def revoke_all(self) -> None:
        self.generation += 1

    def _signature(self, body: str) -> bytes:
        return hmac.new(self._key, body.encode(), hashlib.sha256).digest()


def _dump(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decoded(part: str) -> dict[str, Any]:
    try:
        value = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, binascii.Error) as problem:
        raise TokenRefusedError("JWT parsing failed: unreadable segment", malformed=True) from problem
    if not isinstance(value, dict):
        raise TokenRefusedError("JWT parsing failed: segment is not an object", malformed=True)
    return value
