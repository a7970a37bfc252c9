"""Lines of the files a diagnostic points into, for its excerpt."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from declarative.manifest.sources import LINE_BREAK, ReadLimits
from declarative.manifest.walk import leads_out, read_file

LONGEST = 10_000


class SourceLines:
    """`get(file, line)`: the text of that line, None when it cannot be read any more, or is not the project's to show: a link
    in a change request must not bring a secret of this machine into a report."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lines = lru_cache(maxsize=8)(self._read)

    def get(self, file: str, line: int) -> str | None:
        lines = self._lines(file)
        return lines[line - 1][:LONGEST] if 0 < line <= len(lines) else None

    def _read(self, file: str) -> list[str]:
        path = self._root / file
        if leads_out(self._root, path):
            return []
        data, _ = read_file(path, file, ReadLimits())
        return [] if data is None else LINE_BREAK.split(data.decode(errors="replace"))
