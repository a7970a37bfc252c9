"""Inventories: files and tables whose rows are assets. The only room that imports Ibis, DuckDB and Arrow, and only when
a project has an inventory: they come with the extra `inventory`."""

from declarative.inventory.expand import Expansion, expand
from declarative.inventory.memory import Memory
from declarative.inventory.rows import Rows, open_rows

__all__ = ["Expansion", "Memory", "Rows", "expand", "open_rows"]
