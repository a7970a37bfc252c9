"""The entry point."""

from __future__ import annotations


def main() -> None:
    raise SystemExit(70)
