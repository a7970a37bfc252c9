"""Text in: YAML with positions, project, variables, overlays, formatting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from declarative.manifest.loading import load, project_files
    from declarative.manifest.walk import find_project

__all__ = ["find_project", "load", "project_files"]


def __getattr__(name: str) -> Any:
    # The reader is heavy; who only looks a former verdict up needs none of it.
    if name == "find_project":
        from declarative.manifest import walk

        return walk.find_project
    if name in ("load", "project_files"):
        from declarative.manifest import loading

        return getattr(loading, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
