"""Reading the current state, the cheapest way first."""

from declarative.refresh.indexing import index_record
from declarative.refresh.read import Refreshed, read_live
from declarative.refresh.stored import Stored, digests_shown, read_stored

__all__ = ["Refreshed", "Stored", "digests_shown", "index_record", "read_live", "read_stored"]
