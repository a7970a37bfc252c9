"""Data that ships with the package: inside it in a wheel, beside it in a checkout."""

from __future__ import annotations

from pathlib import Path


def data_folder(name: str) -> Path:
    """The folder `name` (`schemas`, `examples`). Raises FileNotFoundError when the installation is incomplete."""
    package = Path(__file__).parents[1]
    for candidate in (package / name, package.parent / name):
        if candidate.is_dir():
            return candidate
    raise FileNotFoundError(f"the installation of declarative lacks its {name} folder")
