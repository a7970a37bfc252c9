"""Reading the current state, the cheapest way first."""

from declarative.refresh.read import Refreshed, read_live
from declarative.refresh.stored import Stored, as_kept, read_stored

__all__ = ["Refreshed", "Stored", "as_kept", "read_live", "read_stored"]
