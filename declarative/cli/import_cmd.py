"""`declarative import`: live assets become manifests, adopted in state."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from declarative.cli.options import Settings, global_options
from declarative.core.errors import UsageError
from declarative.core.exits import ExitCode

if TYPE_CHECKING:
    from declarative.assets.model import ConnectorRef
    from declarative.engine.workspace import Workspace


@click.command("import")
@click.option("-f", "--filter", "filters", multiple=True, metavar="FIELD=OP=VALUE", help="Which assets; repeatable.")
@click.option("--any", "any_of", is_flag=True, help="Any filter suffices (OR), not all of them.")
@click.option("--connector", metavar="NAME", help="Connector of the manifests; may be left out where there is one.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=Path("manifests/imported"), show_default=True)
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Stop after N assets.")
@click.option("--max-wait", type=click.FloatRange(min=0), default=900.0, metavar="SECONDS", help="Bound on all waiting.")
@global_options
def command(
    settings: Settings,
    filters: tuple[str, ...],
    any_of: bool,
    connector: str | None,
    out: Path,
    limit: int | None,
    max_wait: float,
) -> ExitCode:
    """Write a manifest for each live asset that the filters find, and adopt it. The next plan has nothing to do."""
    from declarative.assets.model import LiveAsset
    from declarative.cli.session import runtime_for, store_for, workspace_for
    from declarative.engine.importing import adopt, manifests_for, write_manifests
    from declarative.engine.querying import records_of
    from declarative.queries.checked import adhoc_hosts

    if out.is_absolute() or ".." in out.parts:
        raise UsageError(f"--out {out}: name a folder inside the project")
    runtime = runtime_for(settings, max_wait=max_wait)
    workspace = workspace_for(settings, runtime)
    workspace.require_valid()
    chosen = _connector(workspace, connector)
    now = runtime.clock.now()
    query = adhoc_hosts(filters, any_of=any_of, now=now)
    with store_for(workspace, runtime) as store:
        with runtime.reader(workspace.project) as reader:
            records = records_of(reader, query, now=now, page_size=workspace.project.page_size, limit=limit)
            live = (LiveAsset(int(record["assetId"]), record) for record in records)
            say = settings.console.err
            found = manifests_for(live, workspace, store, chosen, out, now=now, say=say)
            written = write_manifests(found, workspace.project.root)
        if written:
            adopt(written, lambda: workspace_for(settings, runtime), store)
    for item in written:
        settings.console.out(f"{item.address}  {item.path}  (asset {item.live.asset_id})")
        for what in item.left_out:
            settings.console.err(f"{item.address}: left out {what}")
    settings.console.note(f"imported {len(written)} asset{'s' * (len(written) != 1)}" if written else "nothing new was found")
    return ExitCode.OK


def _connector(workspace: Workspace, name: str | None) -> ConnectorRef:
    known = {connector.name: connector for connector in workspace.desired.connectors}
    if name is None and len(known) == 1:
        return next(iter(known.values()))
    if name in known:
        return known[name]
    if not known:
        raise UsageError("the project has no Connector", hint="write one: declarative init shows how")
    close = difflib.get_close_matches(name or "", known, n=1)
    what = f"no connector '{name}'" if name else "which connector?"
    raise UsageError(what, hint=f"did you mean '{close[0]}'?" if close else f"--connector: one of {', '.join(sorted(known))}")
