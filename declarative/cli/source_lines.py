"""Lines of the files a diagnostic points into, for its excerpt."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

LONGEST = 10_000


class SourceLines:
    """`get(file, line)`: the text of that line, None when it cannot be read any more."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lines = lru_cache(maxsize=8)(self._read)

    def get(self, file: str, line: int) -> str | None:
        lines = self._lines(file)
        return lines[line - 1][:LONGEST] if 0 < line <= len(lines) else None

    def _read(self, file: str) -> list[str]:
        try:
            return (self._root / file).read_text(encoding="utf-8", errors="replace").split("\n")
        except OSError:
            return []
