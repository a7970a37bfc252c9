"""JSON objects kept as their text, in a sixth of the memory, and opened when somebody looks into them."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, Mapping
from typing import Any

import orjson


class Packed(Mapping[str, Any]):
    """`text`: canonical JSON of an object, of which orjson reads every value as it was."""

    __slots__ = ("text",)

    def __init__(self, text: bytes) -> None:
        self.text = text

    def opened(self) -> dict[str, Any]:
        value: dict[str, Any] = orjson.loads(self.text)
        return value

    def items(self) -> ItemsView[str, Any]:
        return self.opened().items()

    def __getitem__(self, name: str) -> Any:
        return self.opened()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.opened())

    def __len__(self) -> int:
        return len(self.opened())

    def __repr__(self) -> str:
        return f"Packed({self.text!r})"


def as_json(value: Any) -> orjson.Fragment:
    """For `orjson.dumps(..., default=...)`: what is packed goes in as it stands."""
    if isinstance(value, Packed):
        return orjson.Fragment(value.text)
    raise TypeError(f"a {type(value).__name__} is no JSON")
