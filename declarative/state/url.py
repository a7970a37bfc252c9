"""URLs of stores, as people write them: `sqlite:///path`, `postgresql://user:password@host:port/database?option=value`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, quote_plus, unquote

from msgspec import Struct

from declarative.core.errors import InvalidError

# User and password may hold an @ that nobody encoded: the host is what follows the last one before the path.
_URL = re.compile(
    r"(?P<scheme>[\w+]+)://"
    r"(?:(?P<user>[^:/?]*?)(?::(?P<password>[^@]*(?:@[^/?@]*)*))?@)?"
    r"(?P<hosts>[^/?@]*)"
    r"(?:/(?P<database>[^?]*))?"
    r"(?:\?(?P<options>.*))?",
    re.DOTALL,
)


class Url(Struct, frozen=True):
    """`hosts` as written, `database` without the slash before it; of each option every value that it was given."""

    scheme: str
    user: str | None
    password: str | None
    hosts: str
    database: str
    options: Mapping[str, tuple[str, ...]]

    def __repr__(self) -> str:
        return f"Url({self.shown()!r})"

    @property
    def kind(self) -> str:
        return self.scheme.partition("+")[0]

    @property
    def driver(self) -> str:
        """As in `postgresql+psycopg`; mostly not said."""
        return self.scheme.partition("+")[2]

    def option(self, name: str) -> str | None:
        """Of one that is given twice, the last word counts."""
        return self.options[name][-1] if name in self.options else None

    def shown(self) -> str:
        """Without any password: libpq also takes it, and that of the key, among the options."""
        user = "" if self.user is None else quote(self.user, safe=" +") + (":***" if self.password is not None else "") + "@"
        options = "&".join(
            f"{quote_plus(name)}={'***' if 'password' in name else quote_plus(value)}"
            for name, values in sorted(self.options.items())
            for value in values
        )
        database = f"/{quote(self.database, safe=' +/')}" if self.database else ""
        return f"{self.scheme}://{user}{self.hosts}{database}{'?' if options else ''}{options}"


def unreadable() -> InvalidError:
    """Does not quote what cannot be read: a password may be anywhere in it."""
    return InvalidError("The state URL cannot be read.", hint="Give a path, or postgresql://user@host/database.")


def read_url(text: str) -> Url:
    """Raises InvalidError."""
    found = _URL.fullmatch(text)
    if found is None:
        raise unreadable()
    options: dict[str, tuple[str, ...]] = {}
    for name, value in parse_qsl(found["options"] or ""):
        options[name] = (*options.get(name, ()), value)
    return Url(
        found["scheme"],
        None if found["user"] is None else unquote(found["user"]),
        None if found["password"] is None else unquote(found["password"]),
        found["hosts"],
        unquote(found["database"] or ""),
        options,
    )
