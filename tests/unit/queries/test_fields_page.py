"""The published list of filter fields is what the code says."""

from __future__ import annotations

from pathlib import Path

import declarative
from declarative.queries.fields import COMPONENT_FIELDS, HOST_FIELDS
from declarative.queries.fields_page import page

ROOT = Path(declarative.__file__).parents[1]


def test_the_published_page_of_filter_fields_is_what_the_code_says() -> None:
    assert (ROOT / "docs" / "filters.md").read_text(encoding="utf-8") == page()


def test_every_field_has_a_line_of_its_own() -> None:
    lines = page().splitlines()
    for name in (*HOST_FIELDS, *COMPONENT_FIELDS):
        assert sum(line.startswith(f"| `{name}` |") for line in lines) == 1
