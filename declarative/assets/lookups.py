"""Under which terms a live record can be found, and under which terms an asset looks for it.

`assets.identity` finds a record only by its id or by a term that both have: whoever has to leave most records unread can
leave those that share no term with any asset that is looked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from declarative.assets.keys import FQDN, HOST, KINDS, NAME_KINDS
from declarative.assets.marker import KEY as MARKER_KEY
from declarative.assets.marker import marker_key
from declarative.assets.model import DesiredAsset
from declarative.assets.normalise import hostname, short_hostname
from declarative.assets.records import mappings

MARKER = "marker"
SHORT = "short"

Term = tuple[str, str]
"""A kind of identifier, and its value in normal form."""


def terms_of(record: Mapping[str, Any]) -> Iterator[Term]:
    """The terms of a live record, each once."""
    for name, values in VALUES_OF.items():
        for value in values(record):
            yield name, value


def _shorts(record: Mapping[str, Any]) -> frozenset[str]:
    labels = (hostname(full.partition(".")[0]) for full in FQDN.of(record) if "." in full)
    return frozenset(label for label in labels if label is not None)


def _marked(record: Mapping[str, Any]) -> frozenset[str]:
    entries = mappings(record.get("customAttributes"))
    return frozenset(str(entry.get("value")) for entry in entries if entry.get("key") == MARKER_KEY)


VALUES_OF: Mapping[str, Callable[[Mapping[str, Any]], frozenset[str]]] = {
    **{kind.name: kind.of for kind in KINDS},
    SHORT: _shorts,
    MARKER: _marked,
}
"""By kind of identifier: its values in a live record."""


def terms_for(desired: DesiredAsset) -> Iterator[Term]:
    """Every term that matching this asset may ask for."""
    for kind in KINDS:
        keys = kind.desired(desired)
        for key in keys:
            yield kind.name, key
        if kind in NAME_KINDS:
            yield from name_terms(keys)
    if desired.connector.marker:
        yield MARKER, marker_key(desired)


def name_terms(keys: Iterable[str]) -> Iterator[Term]:
    """A bare name may stand for the first label of a qualified one, and the other way round."""
    for key in keys:
        if "." not in key:
            yield SHORT, key
        elif (label := short_hostname(key)) is not None:
            yield HOST.name, label
