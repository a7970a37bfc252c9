"""Which addresses a narrowing lets through: objects by glob, and the rows of inventories by the inventory too."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from declarative.core.errors import UsageError
from declarative.engine.narrow import Narrowing

ADDRESSES = (
    "Asset/cmdb",
    "Asset/web-01",
    "AssetInventory/cmdb",
    "AssetInventory/cmdb1",
    "AssetInventory/cmdb1[x]",
    "AssetInventory/cmdb[1]",
    "AssetInventory/cmdb[a*]",
    "AssetInventory/cmdb[a/b[c]?]",
    "AssetInventory/cmdb[ab]",
    "AssetInventory/hr[1]",
)
OF_CMDB = tuple(one for one in ADDRESSES if one.startswith("AssetInventory/cmdb["))
OF_CMDB1 = ("AssetInventory/cmdb1", "AssetInventory/cmdb1[x]")


def chosen(narrowing: Narrowing) -> tuple[str, ...]:
    return tuple(address for address in ADDRESSES if narrowing(address, {}))


GLOBS: Sequence[tuple[str, tuple[str, ...]]] = [
    ("AssetInventory/cmdb", ("AssetInventory/cmdb", *OF_CMDB)),
    ("AssetInventory/cmdb[[]*", OF_CMDB),
    ("AssetInventory/cmdb[*]", OF_CMDB),
    ("AssetInventory/c*[*]", ("AssetInventory/cmdb1[x]", *OF_CMDB)),
    ("AssetInventory/cmdb?", OF_CMDB1),
    ("AssetInventory/[b-d]mdb*", ("AssetInventory/cmdb", *OF_CMDB1, *OF_CMDB)),
    ("AssetInventory/*", ADDRESSES[2:]),
    ("AssetInventory/hr", ("AssetInventory/hr[1]",)),
    ("*[1]", ("Asset/web-01", *OF_CMDB1)),
    ("AssetInventory/cmdb[1]", ("AssetInventory/cmdb[1]",)),
    ("AssetInventory/cmdb[ab]", ("AssetInventory/cmdb[ab]",)),
    ("AssetInventory/cmdb[a/b[c]?]", ("AssetInventory/cmdb[a/b[c]?]",)),
    ("AssetInventory/cmdb[*/*]", ("AssetInventory/cmdb[a/b[c]?]",)),
    ("AssetInventory/cmdb[a*", OF_CMDB[1:]),
    ("AssetInventory/*[?]", ("AssetInventory/cmdb1[x]", "AssetInventory/cmdb[1]", "AssetInventory/hr[1]")),
    ("*/cmdb", ("Asset/cmdb", "AssetInventory/cmdb", *OF_CMDB)),
    ("Asset/web-0[12]", ("Asset/web-01",)),
]


@pytest.mark.parametrize(("glob", "meant"), GLOBS)
def test_a_target_means_what_it_names_and_an_inventory_means_its_rows(glob: str, meant: tuple[str, ...]) -> None:
    narrowing = Narrowing.parse([glob], [], [])
    narrowing.require_known(ADDRESSES)
    assert chosen(narrowing) == tuple(sorted(meant, key=ADDRESSES.index))


@pytest.mark.parametrize(("glob", "meant"), GLOBS)
def test_an_exclude_leaves_out_what_the_same_target_picks(glob: str, meant: tuple[str, ...]) -> None:
    narrowing = Narrowing.parse([], [glob], [])
    narrowing.require_known(ADDRESSES)
    assert set(chosen(narrowing)) == set(ADDRESSES) - set(meant)


def test_an_inventory_less_one_row_is_the_others() -> None:
    narrowing = Narrowing.parse(["AssetInventory/cmdb"], ["AssetInventory/cmdb[ab]"], [])
    assert chosen(narrowing) == ("AssetInventory/cmdb", *OF_CMDB[:3])


@pytest.mark.parametrize(
    "glob", ["AssetInventory/cmbd", "AssetInventory/cmdb[z*]", "AssetInventory/cmbd[*]", "AssetInventory/hr[a]"]
)
def test_a_target_that_names_neither_an_inventory_nor_a_row_is_unknown(glob: str) -> None:
    with pytest.raises(UsageError, match="no such object"):
        Narrowing.parse([glob], [], []).require_known(ADDRESSES)
