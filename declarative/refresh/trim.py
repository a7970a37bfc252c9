"""Keeping of each record only what a decision can look at: a live record is ten times larger than what a manifest manages."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from declarative.assets.fields import CORE, STATUS, TABLE
from declarative.assets.identity import pack
from declarative.assets.keys import KINDS
from declarative.assets.model import DesiredAsset, LiveAsset

Record = Mapping[str, Any]
Kept = bytes | LiveAsset
Trim = Callable[[Record], Kept]


def trimmer(desired: Iterable[DesiredAsset], sections: Iterable[str] = ()) -> Trim:
    """A function that cuts a record down to its identifiers and what these assets declare, and packs it.

    `sections`: names below `coreAttributes` that are declared, too."""
    names = sorted(needed_names(desired, sections))

    def trim(record: Record) -> Kept:
        # By our order of names: the same record gives the same bytes, in whatever order the server wrote it.
        kept = {name: value for name in names if (value := record.get(name)) is not None}
        try:
            return pack(kept)
        except TypeError:
            return LiveAsset(int(record["assetId"]), kept)

    return trim


def needed_names(desired: Iterable[DesiredAsset], sections: Iterable[str] = ()) -> frozenset[str]:
    """Top-level names of the search record that matching and comparing these assets can read."""
    return names_for({*sections, *(name for asset in desired for name in asset.core)})


def names_for(declared: Collection[str]) -> frozenset[str]:
    """The same, by names below `coreAttributes`."""
    needed = {"assetId", "customAttributes", *_tops(TABLE[STATUS].response)}
    for kind in KINDS:
        needed.update(kind.live)
        if kind.nic:
            needed.add("networkInterfaceListData")
    for path, spec in TABLE.items():
        section, _, rest = path.partition(".")
        if section != CORE or rest.partition(".")[0] in declared:
            needed.update(_tops(spec.response))
    return frozenset(needed)


def _tops(responses: Iterable[str]) -> set[str]:
    return {response.partition(".")[0].removesuffix("[]") for response in responses}
