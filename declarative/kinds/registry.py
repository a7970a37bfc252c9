"""The kinds: an entry each, and the lowering of all manifests into the desired state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from operator import attrgetter
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from declarative.core.collecting import no_garbage_collection
from declarative.core.diagnostics import Position, ordered
from declarative.core.suggest import MOST_COMPARISONS, Names
from declarative.kinds import claims
from declarative.kinds.asset import lower_asset, lower_connector
from declarative.kinds.context import Context, Lowered
from declarative.kinds.inventory import lower_inventory
from declarative.kinds.listing import Listing
from declarative.kinds.model import Desired
from declarative.kinds.query import lower_component_query, lower_host_query
from declarative.kinds.report import QUERY_KINDS, lower_report
from declarative.kinds.rules import check_settings
from declarative.kinds.told import Told
from declarative.manifest.model import Loaded, Manifest
from declarative.schema.registry import Schema, schema_for

PROJECT_FILE = "declarative.yaml"


class Kind(Struct, frozen=True):
    """`lower` turns a manifest into its value of the desired state; None for the project, which has none. `tolerant`: it
    also takes the well-typed part of a wrong manifest, for the sake of what it finds there;
    `self_contained`: what it finds depends on the manifests alone, not on files that they name."""

    name: str
    what: str
    lower: Callable[[Manifest, Context], Lowered[Any]] | None = None
    tolerant: bool = False
    self_contained: bool = False

    @property
    def schema(self) -> Schema:
        return schema_for(self.name)


# Lowered in this order: what is referred to comes before what refers to it.
KINDS: tuple[Kind, ...] = (
    Kind("Project", "The project: the folder tree below its file, and how it is treated."),
    Kind("Connector", "A source that assets are imported under.", lower_connector, tolerant=True, self_contained=True),
    Kind("HostQuery", "A search over hosts, as data or as a check.", lower_host_query, tolerant=True, self_contained=True),
    Kind(
        "ComponentQuery",
        "A search over software components, as data or as a check.",
        lower_component_query,
        tolerant=True,
        self_contained=True,
    ),
    Kind("Asset", "One third-party asset.", lower_asset, tolerant=True, self_contained=True),
    Kind("AssetInventory", "Many assets at once, a row each.", lower_inventory, tolerant=True),
    Kind("Report", "A report that is run on change or on a schedule.", lower_report, tolerant=True, self_contained=True),
)


Values = dict[str, dict[str, Any]]
"""What manifests mean: by kind, then by address and sorted by it."""


def lower(loaded: Loaded, *, now: datetime) -> Desired:
    """The desired state. What has no meaning as it stands is left out and told in `diagnostics`, which hold the
    findings of this room only. `now`: aware; relative dates of queries are resolved against it."""
    with no_garbage_collection():
        return _lower(loaded, now)


def _lower(loaded: Loaded, now: datetime) -> Desired:
    manifests = {manifest.address: manifest for manifest in sorted(loaded.manifests, key=attrgetter("address"))}
    by_kind: dict[str, list[Manifest]] = {kind.name: [] for kind in KINDS}
    for manifest in manifests.values():
        by_kind[manifest.kind].append(manifest)
    broken = _broken(loaded)
    queries = frozenset(manifest.address for kind in QUERY_KINDS for manifest in by_kind[kind])
    context = Context(
        now=now,
        queries=queries,
        broken=broken - set(manifests),
        unread=loaded.unread,
        query_names=Names((address.partition("/")[2] for address in queries), most=MOST_COMPARISONS),
        query_addresses=Names(queries, most=MOST_COMPARISONS),
    )
    listing = Listing(loaded.project.rules)
    values: Values = {kind.name: {} for kind in KINDS}
    for kind in KINDS:
        if kind.lower is None:
            continue
        of_kind = values[kind.name]
        for manifest in by_kind[kind.name]:
            lowered = kind.lower(manifest, context)
            if lowered.findings:
                listing.add(manifest, lowered.findings)
            if lowered.value is not None:
                of_kind[manifest.address] = lowered.value
        if kind.lower is lower_connector:
            connectors = {manifests[address].name: value for address, value in of_kind.items()}
            context = replace(context, connectors=connectors, connector_names=Names(connectors, most=MOST_COMPARISONS))
    partial = _partial_values(loaded, context, listing)
    _check_claims(loaded, manifests, values, partial, listing)
    _check_project(loaded, manifests, listing)
    return _desired(values, listing)


def _partial_values(loaded: Loaded, context: Context, listing: Listing) -> Values:
    """What the well-typed parts of wrong manifests would mean; only ever compared with others."""
    values: Values = {kind.name: {} for kind in KINDS}
    told = Told(loaded.diagnostics) if loaded.partial else None
    kinds = {kind.name: kind for kind in KINDS if kind.tolerant}
    for manifest in loaded.partial:
        kind = kinds.get(manifest.kind)
        if kind is None or kind.lower is None or told is None:
            continue
        lowered = kind.lower(manifest, context)
        listing.add(manifest, lowered.findings, is_new=told.is_new)
        if lowered.value is not None and manifest.name:
            values[manifest.kind][manifest.address] = lowered.value
    return values


def _check_claims(loaded: Loaded, manifests: Mapping[str, Manifest], values: Values, partial: Values, listing: Listing) -> None:
    places = {**{manifest.address: manifest for manifest in loaded.partial}, **manifests}

    def of(kind: str) -> Mapping[str, Any]:
        return dict(sorted({**partial[kind], **values[kind]}.items())) if partial[kind] else values[kind]

    claims.check(places, of("Connector"), of("Asset").values(), of("Report").values(), listing)


def depends_on_text_alone(loaded: Loaded) -> bool:
    """Whether nothing but the manifests' own text decides what is found in them."""
    contained = {kind.name for kind in KINDS if kind.self_contained}
    kinds = {manifest.kind for manifest in (*loaded.manifests, *loaded.partial)}
    return contained.issuperset(kinds.union(address.partition("/")[0] for address in loaded.broken))


def _check_project(loaded: Loaded, manifests: Mapping[str, Manifest], listing: Listing) -> None:
    place = loaded.project.locate or (lambda _pointer: Position(PROJECT_FILE))
    if not loaded.unread:
        listing.add_about(PROJECT_FILE, claims.check_moves(loaded.project, _broken(loaded).union(manifests)), place)
    listing.add_about(PROJECT_FILE, check_settings(loaded.project.rules), place)


def _desired(values: Values, listing: Listing) -> Desired:
    return Desired(
        connectors=tuple(values["Connector"].values()),
        assets=tuple(values["Asset"].values()),
        reports=tuple(values["Report"].values()),
        queries=tuple(value for kind in sorted(QUERY_KINDS) for value in values[kind].values()),
        inventories=tuple(values["AssetInventory"].values()),
        diagnostics=ordered(listing.diagnostics()),
    )


def _broken(loaded: Loaded) -> frozenset[str]:
    """Addresses of manifests that something is wrong with already."""
    return frozenset(one.address for one in loaded.diagnostics if one.is_error and one.address is not None)
