"""From files to desired state: what every command that reads manifests starts with."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from declarative.assets.model import DesiredAsset
from declarative.core.clock import Clock
from declarative.core.diagnostics import Diagnostic, has_errors, ordered
from declarative.core.errors import InvalidError
from declarative.kinds import lower
from declarative.kinds.model import Desired
from declarative.kinds.noting import RuleNoter
from declarative.kinds.registry import depends_on_text_alone
from declarative.manifest import find_project, load
from declarative.manifest.model import Loaded, Project
from declarative.manifest.settings import state_url
from declarative.manifest.verdict import remember
from declarative.manifest.walk import PROJECT_FILE

if TYPE_CHECKING:
    from declarative.inventory import Rows
    from declarative.state.model import Store


class Workspace(Struct, frozen=True):
    """A project with everything its files say. `diagnostics` are all findings, in stable order.

    `held`: addresses of inventories of which some row could not be read: that may be a row of any other, so none counts as
    removed. `rows`: the rows of its inventories, where they are open; then they are not in `desired`."""

    loaded: Loaded
    desired: Desired
    diagnostics: tuple[Diagnostic, ...]
    held: tuple[str, ...] = ()
    rows: Rows | None = None

    @property
    def assets(self) -> tuple[DesiredAsset, ...]:
        """Everything that is an asset by now, sorted by address."""
        if self.rows is None:
            return self.desired.assets
        return tuple(sorted((*self.desired.assets, *self.rows.assets), key=lambda asset: asset.address))

    def assets_at(self, addresses: Collection[str]) -> dict[str, DesiredAsset]:
        """Those of the addresses that the manifests, or the rows of inventories, declare."""
        if self.rows is not None:
            self.rows.take(addresses)
        wanted = frozenset(addresses)
        return {asset.address: asset for asset in self.assets if asset.address in wanted}

    @property
    def project(self) -> Project:
        return self.loaded.project

    @property
    def is_bare(self) -> bool:
        """Whether there is no project."""
        return not self.project.name

    @property
    def labels(self) -> Mapping[str, Mapping[str, str]]:
        """Address -> labels, for selectors."""
        rows = {asset.address: asset.labels for asset in self.assets}
        return {**rows, **{manifest.address: manifest.labels for manifest in self.loaded.manifests}}

    def require_valid(self) -> None:
        """Raises InvalidError with every diagnostic when one of them is an error."""
        if has_errors(self.diagnostics):
            count = sum(diagnostic.is_error for diagnostic in self.diagnostics)
            raise InvalidError(
                f"{count} error{'s' if count != 1 else ''} in the manifests; nothing was read from or sent to the API",
                diagnostics=self.diagnostics,
            )

    def open_store(self, clock: Clock, environ: Mapping[str, str], *, read_only: bool = False) -> Store:
        """DECLARATIVE_STATE wins over the project, so that a password never needs to be in a file.

        Raises InvalidError where the project's file is wrong, since it may not say any more where the state is, and for the
        state of another environment, whose objects would all count as removed.
        """
        wrong = [one for one in self.loaded.diagnostics if one.is_error and one.position and one.position.file == PROJECT_FILE]
        if wrong:
            raise InvalidError(f"{PROJECT_FILE} is wrong; it may not say where the state is", diagnostics=wrong)
        # Validation needs no database: its driver loads when a store is opened.
        from declarative.state import open_store

        url = environ.get("DECLARATIVE_STATE") or self.project.state_url
        store = open_store(url, clock=clock, read_only=read_only)
        try:
            self._refuse_foreign(store)
        except BaseException:
            store.close()
            raise
        return store

    def _refuse_foreign(self, store: Store) -> None:
        owner, environment = store.environment, self.project.environment
        if owner is not None and owner != environment:
            run = f"this run is for {environment}" if environment else "this run names none"
            raise InvalidError(
                f"the state {store.place} belongs to the environment {owner}; {run}",
                hint="give each environment a state of its own: `state` under spec.environments.NAME, another schema=NAME in "
                "DECLARATIVE_STATE, or leave `state` out",
            )


def bare_workspace(folder: Path) -> Workspace:
    """No project at all: for reading commands whose target the environment names."""
    project = Project("", folder, None, None, state_url(folder, None, None))
    return Workspace(Loaded(project, (), (), "", ()), Desired(), ())


def open_workspace(
    start: Path,
    *,
    environment: str | None,
    variables: Mapping[str, str],
    environ: Mapping[str, str],
    now: datetime,
) -> Workspace:
    """Reads the project that `start` lies in. Raises InvalidError where there is none or its file is wrong; errors in
    manifests are diagnostics."""
    root = find_project(start)
    loaded = load(root, environment=environment, variables=variables, environ=environ, noter=RuleNoter(now))
    desired = lower(loaded, now=now)
    return Workspace(loaded, desired, ordered((*loaded.diagnostics, *desired.diagnostics)))


def remember_verdict(workspace: Workspace, variables: Mapping[str, str], environ: Mapping[str, str], now: datetime) -> None:
    """Let the next `validate` of the same bytes know what was found in them, where only those bytes decided."""
    loaded = workspace.loaded
    if workspace.desired.inventories:
        return  # what is found in their rows is not in the text
    if loaded.inputs is not None and depends_on_text_alone(loaded):
        project = workspace.project
        remember(
            project.root,
            project.environment,
            variables,
            environ,
            now,
            loaded.inputs,
            len(loaded.manifests),
            workspace.diagnostics,
        )
