"""Which credentials the environment holds (DESIGN 3.3).

The first complete set wins, in this order: username and password (works for everything), a ready token, client id and
secret (facts 1.3: CSAM may refuse such tokens). An incomplete set never hides a complete one.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from declarative.core.errors import AuthError
from declarative.core.secrets import Secret

USERNAME = "QUALYS_USERNAME"
PASSWORD = "QUALYS_PASSWORD"  # noqa: S105 - the name of a variable
TOKEN = "QUALYS_TOKEN"  # noqa: S105 - the name of a variable
CLIENT_ID = "QUALYS_CLIENT_ID"
CLIENT_SECRET = "QUALYS_CLIENT_SECRET"  # noqa: S105 - the name of a variable

_PAIRS = ((USERNAME, PASSWORD), (CLIENT_ID, CLIENT_SECRET))
_HINT = (
    f"set {USERNAME} and {PASSWORD}, or {TOKEN}, or {CLIENT_ID} and {CLIENT_SECRET} in the environment;"
    " single sign-on accounts cannot use the API"
)


class PasswordCredentials(Struct, frozen=True):
    """The default flow: `POST /auth` (facts 1.1)."""

    username: str
    password: Secret

    @property
    def flow(self) -> str:
        return "password"

    @property
    def secrets(self) -> tuple[Secret, ...]:
        return (self.password,)


class TokenCredentials(Struct, frozen=True):
    """A token made elsewhere: cannot be renewed."""

    token: Secret

    @property
    def flow(self) -> str:
        return "token"

    @property
    def secrets(self) -> tuple[Secret, ...]:
        return (self.token,)


class ClientCredentials(Struct, frozen=True):
    """A user-level client: `POST /auth/oidc` (facts 1.3)."""

    client_id: str
    client_secret: Secret

    @property
    def flow(self) -> str:
        return "client"

    @property
    def secrets(self) -> tuple[Secret, ...]:
        return (self.client_secret,)


Credentials = PasswordCredentials | TokenCredentials | ClientCredentials


def credentials_from(environ: Mapping[str, str]) -> Credentials:
    """The credentials of a run. Raises AuthError that names the missing variables, and never their values.

    White space around a token, a name or an id goes, and line ends after a password or secret: both are what a
    file or a paste leaves behind.
    """
    if environ.get(USERNAME, "").strip() and _line(environ, PASSWORD):
        return PasswordCredentials(_header_safe(USERNAME, environ[USERNAME].strip()), Secret(_line(environ, PASSWORD)))
    if environ.get(TOKEN, "").strip():
        return TokenCredentials(Secret(_header_safe(TOKEN, _without_scheme(environ[TOKEN].strip()))))
    if environ.get(CLIENT_ID, "").strip() and _line(environ, CLIENT_SECRET):
        client_id = _header_safe(CLIENT_ID, environ[CLIENT_ID].strip())
        return ClientCredentials(client_id, Secret(_header_safe(CLIENT_SECRET, _line(environ, CLIENT_SECRET))))
    raise AuthError(_missing(environ), hint=_HINT)


def _line(environ: Mapping[str, str], name: str) -> str:
    return environ.get(name, "").rstrip("\r\n")


def _without_scheme(token: str) -> str:
    return token[7:].strip() if token[:7].lower() == "bearer " else token


def _header_safe(name: str, value: str) -> str:
    """What goes into a header must not be able to end it."""
    refused = (lambda char: char < " " or char == "\x7f") if name == USERNAME else (lambda char: not "!" <= char <= "~")
    if any(refused(char) for char in value):
        raise AuthError(f"{name} holds characters that no such value has (control characters, blanks or non-ASCII)")
    return value


def _missing(environ: Mapping[str, str]) -> str:
    for first, second in _PAIRS:
        have = [name for name in (first, second) if environ.get(name, "").strip()]
        if len(have) == 1:
            lacking = second if have[0] == first else first
            return f"{have[0]} is set but {lacking} is missing"
    return f"no credentials: {USERNAME} and {PASSWORD} are missing, and so are {TOKEN} and {CLIENT_ID} with {CLIENT_SECRET}"
