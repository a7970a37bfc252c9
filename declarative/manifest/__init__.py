"""Text in: YAML with positions, project, variables, overlays, formatting."""

from declarative.manifest.load import load, project_files
from declarative.manifest.project import find_project

__all__ = ["find_project", "load", "project_files"]
