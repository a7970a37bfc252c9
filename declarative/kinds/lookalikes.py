"""Texts that people take for one another."""

from __future__ import annotations

import unicodedata

# Cyrillic and Greek letters that look like Latin ones in small or capital form, and the many dashes. Texts are case-folded.
_LIKE = str.maketrans(
    "аеорсухіјѕһԁԛԝвкмнтαοντρικυβεζημχ‐‑‒–—−",
    "aeopcyxijshdqwbkmhtaovtpikubezhmx------",
)


def skeleton(text: str) -> str:
    """A form that texts share which look alike; an ASCII text in small letters is its own."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFKC", text).casefold().translate(_LIKE)
