"""The store: resources, journal, lease, snapshot, migrations."""

from declarative.state.open import open_store
from declarative.state.restore import restore_store
from declarative.state.store import SqlStore

__all__ = ["SqlStore", "open_store", "restore_store"]
