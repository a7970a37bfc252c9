"""Reading the current state, the cheapest way first."""

from declarative.refresh.read import Refreshed, read_live

__all__ = ["Refreshed", "read_live"]
