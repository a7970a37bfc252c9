"""A project of an inventory as earlier plans and applies would have left it, made in one go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from ipaddress import IPv6Address
from pathlib import Path
from typing import Any

from declarative.assets.marker import managed_fields
from declarative.assets.model import AppliedAsset, AppliedField, ConnectorRef, DesiredAsset
from declarative.assets.sight import NAMES
from declarative.core.chunks import chunks
from declarative.core.clock import SystemClock, to_iso
from declarative.engine.caching import snapshot_for
from declarative.engine.runtime import Runtime
from declarative.engine.workspace import open_workspace
from declarative.inventory import rows as inventory
from declarative.inventory.backends import backend_for
from declarative.inventory.engines import Engine
from declarative.inventory.formats import batches
from declarative.inventory.mapping import spec_of
from declarative.inventory.settled import Settled, packed, table_of
from declarative.inventory.sources import Collected
from declarative.kinds.asset import halves
from declarative.kinds.claims import marks
from declarative.kinds.context import Context
from declarative.kinds.model import InventoryDeclaration
from declarative.refresh.indexing import digest_of_record, index_record, key_of
from declarative.refresh.scan import Scanner
from declarative.sandbox.estate import Estate
from declarative.sandbox.parts import PARTS
from declarative.sandbox.sketch import FIRST_ID
from declarative.state.codec import encode

CHUNK = 4_000
PAGE = 300
SEEN = [name for name in NAMES if name in PARTS]


def live_rows(size: int) -> Iterator[Mapping[str, str]]:
    """A row for each generated asset, saying what is live."""
    estate = Estate(seed=0, count=size)
    for number in range(size):
        sketch = estate.sketch(FIRST_ID + number)
        record = estate.lazy(FIRST_ID + number)
        business, location = record.get("businessInformation") or {}, record.get("assignedLocation") or {}
        yield {
            "sys_id": f"CI{number:08}",
            "hostname": sketch.host,
            "fqdn": sketch.fqdn,
            "serial": sketch.serial,
            "uuid": sketch.hardware_uuid,
            "mac": sketch.mac,
            "address": sketch.address,
            "department": str(business.get("department") or ""),
            "owner": str(business.get("ownedBy") or ""),
            "city": str(location.get("city") or ""),
            "model": f"Model {number % 97}",
            "status": "in use",
        }


def live_records(size: int) -> Iterator[tuple[int, dict[str, Any]]]:
    """What a scan without software would keep of each generated asset, without asking the gateway a page at a time."""
    estate = Estate(seed=0, count=size)
    for asset_id in range(FIRST_ID, FIRST_ID + size):
        sketch = estate.sketch(asset_id)
        yield asset_id, {name: PARTS[name](sketch) if name != "softwareListData" else None for name in SEEN}


def index_generated(record: Mapping[str, Any]) -> tuple[bytes, list[int]]:
    """As `index_record`, several times as fast: in generated records all identifiers are in plain sight."""
    name, fqdn = record["assetName"], record["dnsName"]
    (interface,) = record["networkInterfaceListData"]["networkInterface"]
    long = interface["addressIpV6"]
    addresses = {record["address"], *interface["addressIpV4"].split(", "), *([str(IPv6Address(long))] if long else [])}
    terms = {
        ("serialNumber", record["biosSerialNumber"].lower()),
        ("hardwareUuid", record["hwUUID"]),
        ("macAddress", interface["macAddress"]),
        *(("fqdn", text) for text in (name, fqdn)),
        *(("hostName", text) for text in (name, fqdn)),
        ("netBiosName", record["netbiosName"].lower()),
        *(("ipAddress", text) for text in addresses),
        ("short", name),
    }
    return digest_of_record(record), sorted(map(key_of, terms))


def settle(root: Path, environ: Mapping[str, str], size: int) -> None:
    """Everything live in the snapshot, and every row written down as applied and arrived, and as found unchanged."""
    runtime = Runtime(environ=environ, clock=SystemClock())
    now = datetime.now(UTC)
    workspace = open_workspace(root, environment=None, variables={}, environ=environ, now=now)
    workspace.require_valid()
    (declaration,), (connector,) = workspace.desired.inventories, workspace.desired.connectors
    base_url = runtime.base_url(workspace.project)
    with closing(workspace.open_store(runtime.clock, environ)) as store, runtime.reader(workspace.project) as reader:
        snapshot = snapshot_for(store, environ)
        assert snapshot is not None
        with snapshot:
            scanner = Scanner(reader, PAGE, ("software",), snapshot, runtime.clock)
            _require_alike(scanner)
            taken = to_iso(now.replace(microsecond=0))
            snapshot.replace(scanner.place, live_records(size), taken, indexer=index_generated)
            live = dict(snapshot.digests(scanner.place))
            with backend_for(declaration) as backend:
                engine = Engine(backend, declaration, inventory._salt(declaration, connector))
                engine.stage(batches(declaration, root, Collected()))
                made = _made(engine, declaration, connector)
                tables = []
                for chunk in chunks(made, CHUNK):
                    applied = [_applied(asset, FIRST_ID + int(key[2:])) for key, _, asset in chunk]
                    store.put(applied)
                    settled = [
                        Settled(key, row, encode(one).digest, one.asset_id or 0, live[one.asset_id or 0], marks(asset))
                        for (key, row, asset), one in zip(chunk, applied, strict=True)
                    ]
                    tables.append(table_of(settled))
                salt = f"{workspace.project.settle.total_seconds()}"
                rules = inventory.Rows(Context(now), workspace.project.rules, root, salt)._rules
                snapshot.keep_blob(f"{base_url}#settled={declaration.address}", packed(tables, rules))


def _require_alike(scanner: Scanner) -> None:
    """That what we make of the first assets is what a scan reads of them."""
    for sight, (asset_id, made) in zip(scanner.pages(max_pages=1), live_records(PAGE), strict=True):
        read = sight.whole()
        assert (asset_id, index_generated(made)) == (int(sight.asset_id), index_record(read)), f"asset {asset_id} is made wrongly"


def _made(engine: Engine, declaration: InventoryDeclaration, connector: ConnectorRef) -> Iterator[tuple[str, str, DesiredAsset]]:
    """Key, digest and asset of each row, without asking whether it is right."""
    told = engine.digests().to_pyarrow()
    digests = dict(zip(told["key"].to_pylist(), told["row"].to_pylist(), strict=True))
    for row in engine.rows():
        identity, core = halves(spec_of(declaration, row.cells))
        yield row.key, digests[row.key], DesiredAsset(declaration.row_address(row.key), connector, identity, core)


def _applied(asset: DesiredAsset, asset_id: int) -> AppliedAsset:
    fields = {path: AppliedField(value, converged=True) for path, value in managed_fields(asset).items()}
    return AppliedAsset(asset.address, asset.connector, asset.identity, fields, asset_id, datetime(2026, 1, 20, tzinfo=UTC))
