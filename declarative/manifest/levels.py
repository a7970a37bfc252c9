"""How deep variables are made of others: known before any is worked out, so that those without an end never are."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence

from declarative.manifest.nodes import MappingNode, Node, ScalarNode
from declarative.manifest.scalars import Refusal
from declarative.manifest.variables import Variable

REFERENCE = re.compile(r"\$(?P<escaped>\$\{)|\$\{(?P<name>[^}]*)(?P<end>\}?)")
NAME = re.compile(r"(?P<space>var|env)\.(?P<key>[A-Za-z_][A-Za-z0-9_.-]*)")


class Levels:
    """Worked out when somebody asks, each variable once."""

    def __init__(self, variables: Mapping[str, Variable]) -> None:
        self._variables = variables
        self._made_of: dict[str, Sequence[str]] = {}
        self._levels: dict[str, float] = {}

    def of(self, name: str) -> float:
        """1 for a variable that is made of no other; infinite for one that refers to itself, or to one that does."""
        known = self._levels.get(name)
        if known is None:
            self._follow(name)
            known = self._levels[name]
        return known

    def refusal(self, name: str, most: int) -> Refusal | None:
        """Why the variable has no value; None where it is made of others at most so many levels deep."""
        if self.of(name) <= most:
            return None
        path = [name]
        while math.isinf(self.of(path[-1])) and len(path) <= most:
            following = next(one for one in self._names(path[-1]) if math.isinf(self.of(one)))
            path.append(following)
            if following in path[:-1]:
                return Refusal("variable/cycle", f"the variable refers to itself: {' -> '.join(path)}")
        message = f"the variable is made of others, more than {most} levels deep"
        return Refusal("variable/too-large", message, "use fewer levels")

    def _follow(self, first: str) -> None:
        """Depth first, without recursion: a chain may be longer than any stack."""
        open_: dict[str, Iterator[str]] = {first: iter(self._names(first))}
        self._levels[first] = math.inf  # for whoever leads back here
        while open_:
            name, rest = next(reversed(open_.items()))
            below = next((one for one in rest if one not in self._levels), None)
            if below is not None:
                open_[below] = iter(self._names(below))
                self._levels[below] = math.inf
            else:
                del open_[name]
                self._levels[name] = 1 + max((self._levels[one] for one in self._names(name)), default=0)

    def _names(self, name: str) -> Sequence[str]:
        """The variables that its text refers to."""
        known = self._made_of.get(name)
        if known is None:
            node = self._variables[name].node
            found = dict.fromkeys(_referred_to(node)) if node is not None else {}
            known = self._made_of[name] = [one for one in found if one in self._variables]
        return known


def _referred_to(node: Node) -> Iterator[str]:
    if isinstance(node, ScalarNode):
        if "${" in node.text:
            for found in REFERENCE.finditer(node.text):
                name = NAME.fullmatch(found["name"]) if found["name"] is not None else None
                if name is not None and found["end"] and name["space"] == "var":
                    yield name["key"]
        return
    for child in (one for _, one in node.entries.values()) if isinstance(node, MappingNode) else node.items:
        yield from _referred_to(child)
