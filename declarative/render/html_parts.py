"""Building HTML so that escaping cannot be forgotten: text becomes markup only through `tag`, which escapes it."""

from __future__ import annotations

from msgspec import Struct

from declarative.render.escape import html_text

_VOID = frozenset({"meta", "input", "br", "wbr"})


class Markup(Struct, frozen=True):
    """HTML that is safe to place as it is. Made by `tag`, `join` and the constants of the page, by nothing else."""

    html: str


def tag(name: str, /, *children: Markup | str, **attributes: str | float | bool | None) -> Markup:
    """An element. Strings among the children and attribute values are foreign text and get escaped.

    Attribute names: a trailing `_` is dropped (`class_`), other `_` become `-`. True gives a bare attribute; None
    and False leave it out.
    """
    parts = [f"<{name}"]
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        attribute = key.rstrip("_").replace("_", "-")
        parts.append(f" {attribute}" if value is True else f' {attribute}="{html_text(value)}"')
    parts.append(">")
    if name in _VOID:
        return Markup("".join(parts))
    parts += [_html(child) for child in children]
    parts.append(f"</{name}>")
    return Markup("".join(parts))


def join(*children: Markup | str) -> Markup:
    """Several pieces side by side."""
    return Markup("".join(_html(child) for child in children))


def _html(child: Markup | str) -> str:
    return child.html if isinstance(child, Markup) else html_text(child)
