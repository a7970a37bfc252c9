"""A backup is a SQLite state file, whatever the store runs on: one file that this tool can open, list and restore."""

from __future__ import annotations

from pathlib import Path

from declarative.core.errors import StateError
from declarative.state.backend import Backend
from declarative.state.sqlite import copy_database


def write_backup(backend: Backend, path: Path) -> None:
    """A consistent copy at `path`, mode 0600, complete or not there at all. Replaces an older backup of that name.

    Raises StateError, also for the path of the state itself.
    """
    if path.absolute() == Path(backend.place).absolute():
        raise StateError(f"{path} is the state itself, not a place for its backup.", hint="Give another path.")
    copy_database(backend.engine, path)
