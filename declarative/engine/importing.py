"""Bringing live assets under management: manifests on disk, adopted in state, and a plan that has nothing to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from declarative.assets.model import ConnectorRef, LiveAsset
from declarative.assets.payload import applied_adopted
from declarative.assets.reverse import manifest_of, needs_pin, suggest_name
from declarative.core.errors import InvalidError, UsageError
from declarative.core.files import write_atomic
from declarative.engine.applying import run_info
from declarative.engine.declarable import Declarable
from declarative.engine.workspace import Workspace
from declarative.manifest.format import format_text
from declarative.manifest.variables import escaped
from declarative.manifest.walk import leads_out
from declarative.plan.known import briefs_of
from declarative.render.table import yaml_text
from declarative.state.model import Store

HEADER = "# Imported from asset {asset_id}. From here on, this file says what the asset should be.\n"


class Imported(Struct, frozen=True):
    """One manifest to be written: `path` relative to the project. `left_out`: live values that cannot stand in a manifest."""

    address: str
    path: Path
    text: str
    live: LiveAsset
    left_out: tuple[str, ...] = ()


def manifests_for(
    records: Iterable[LiveAsset],
    workspace: Workspace,
    store: Store,
    connector: ConnectorRef,
    folder: Path,
    *,
    now: datetime,
    say: Callable[[str], None],
) -> Iterator[Imported]:
    """A manifest for each live asset that the project does not manage yet. Names are unique in the project, and each is one
    that the project's rules accept; `say` is told of the assets of which no such manifest can be made."""
    bound = {brief.asset_id for _, brief in briefs_of(store.resources())}
    taken = {manifest.address for manifest in workspace.loaded.manifests}
    settings = workspace.project.rules
    declarable = Declarable.beside(workspace.desired.assets, now=now, connector=connector, settings=settings)
    for live in records:
        if live.asset_id in bound:
            continue
        name = suggest_name(live)
        if f"Asset/{name}" in taken:
            name = f"{name[:52]}-{live.asset_id}"
        document, left_out = declarable.fitted(manifest_of(live, connector, name=name, pin=needs_pin(live)), live)
        if document is None:
            say(f"asset {live.asset_id} is not imported: {'; '.join(left_out)}")
            continue
        taken.add(f"Asset/{name}")
        path = folder / f"{name}.yaml"
        text = format_text(HEADER.format(asset_id=live.asset_id) + yaml_text(escaped(document)), path.as_posix()).text
        yield Imported(f"Asset/{name}", path, text, live, left_out)


def write_manifests(found: Iterable[Imported], root: Path) -> tuple[Imported, ...]:
    """Writes every file, or none when one of them exists already. Raises UsageError."""
    manifests = tuple(found)
    existing = [str(item.path) for item in manifests if (root / item.path).exists()]
    if existing:
        raise UsageError(f"{', '.join(existing[:3])} exists already; nothing was written", hint="name another folder with --out")
    outside = [str(item.path) for item in manifests if leads_out(root, root / item.path)]
    if outside:
        raise UsageError(f"{outside[0]} leads out of the project through a link; nothing was written", hint="name another folder")
    for item in manifests:
        try:
            write_atomic(root / item.path, item.text)
        except OSError as error:
            raise UsageError(f"cannot write {root / item.path}: {error.strerror or error}") from error
    return manifests


def adopt(manifests: tuple[Imported, ...], reopen: Callable[[], Workspace], store: Store, *, lock_timeout: float = 30.0) -> None:
    """Binds the written manifests to their live assets, as the project now reads them.

    Raises InvalidError when the project does not read them (outside its globs, or a rule of the project refuses one):
    the files stay, so that they can be mended, and nothing is recorded.
    """
    workspace = reopen()
    workspace.require_valid()
    desired = {asset.address: asset for asset in workspace.desired.assets}
    unread = [item for item in manifests if item.address not in desired]
    if unread:
        raise InvalidError(
            f"{unread[0].path} was written, but the project does not read it",
            hint="choose a folder that spec.manifests of declarative.yaml covers, or add the folder there",
        )
    lease = store.acquire(run_info().holder, timeout=lock_timeout)
    try:
        if workspace.project.environment is not None:
            store.belong_to(workspace.project.environment)
        store.put(applied_adopted(desired[item.address], item.live) for item in manifests)
    finally:
        lease.release()
