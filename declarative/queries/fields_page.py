"""Every filter field as a page of the documentation: `python -m declarative.queries.fields_page > docs/filters.md`."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from declarative.queries.fields import COMPONENT_ASSET_FIELDS, COMPONENT_FIELDS, HOST_FIELDS, OPERATORS, FilterField

_HEAD = """\
# Filter fields

What `filters` of a query and `--filter` of `declarative query` take. This page is generated from the code
(`python -m declarative.queries.fields_page`); a test keeps it fresh. How to use it: [queries.md](queries.md).

A field that is *documented* stands in the vendor's operator table or a release note. One that is *observed* works in public code
or live reports, and is noted by `validate`. One that is *unverified* is a warning: the API may answer 400.

## Operators by type

"""


def page() -> str:
    """The whole page."""
    operators = ["| type | operators |", "|---|---|"]
    operators += [f"| {group.value} | {' '.join(f'`{name}`' for name in names)} |" for group, names in OPERATORS.items()]
    parts = ["\n".join(operators), "## Hosts", _table(HOST_FIELDS), "## Components: `filters`", _table(COMPONENT_FIELDS)]
    also = len(COMPONENT_ASSET_FIELDS)
    parts += ["## Components: `assetFilters`", f"The {also} fields above that start with `asset.` or `software.`."]
    return _HEAD + "\n\n".join(parts) + "\n"


def _table(fields: Mapping[str, FilterField]) -> str:
    lines = ["| field | type | values and remarks | evidence |", "|---|---|---|---|"]
    for spec in sorted(fields.values(), key=lambda spec: spec.name.lower()):
        remarks = [" ".join(f"`{value}`" for value in spec.values)] if spec.values else []
        if spec.extra_operators:
            remarks.append("also " + " ".join(f"`{name}`" for name in spec.extra_operators))
        if spec.note:
            remarks.append(spec.note)
        source = spec.source.partition(" (facts")[0]
        lines.append(f"| `{spec.name}` | {spec.group.value} | {'; '.join(remarks)} | {spec.evidence.value}: {source} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(page())
