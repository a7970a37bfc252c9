"""Reading CSV in blocks gives what reading it record by record gives, or nothing."""

from __future__ import annotations

import csv
import io

import pytest

pytest.importorskip("pyarrow", reason="the extra `inventory` is not installed")

from hypothesis import example, given
from hypothesis import strategies as st

from declarative.inventory.blocks import blocks
from declarative.inventory.cells import text_of

PIECES = st.sampled_from(
    ['"', ",", "\n", "\r\n", "\r", "a", "b c", " ", '""', '","', "\u00e9", "\u3000", "\ufeff", "\0", ";", "x,y\n"]
)


@given(text=st.lists(PIECES, max_size=30).map("".join), width=st.integers(1, 4), size=st.integers(1, 12))
@example(text='"a","b"\n"c","d"\n', width=2, size=4)
@example(text='"a,",b\nx"y,"c"\n', width=2, size=100)
@example(text='"a\nb",c\nd,e\n', width=2, size=3)
@example(text="a,b\n\nc,d", width=2, size=100)
@example(text='a","b\n', width=2, size=100)
@example(text='a","b\nc,d\n"e",f"\n', width=2, size=1)
@example(text='"","a"\n', width=2, size=100)
def test_a_block_holds_the_rows_of_its_lines(text: str, width: int, size: int) -> None:
    data = text.encode()
    file = io.BytesIO(data)
    found: list[list[str | None]] = []
    lines = 0
    for count, columns in blocks(file, width, range(width), ",", size=size):
        found.extend(list(row) for row in zip(*(column.to_pylist() for column in columns), strict=True))
        lines += count
    read = data[: file.tell()].decode()
    rows = list(csv.reader(io.StringIO(read, newline=""), strict=True))
    assert found == [[text_of(cell) for cell in row] for row in rows]
    assert all(len(row) == width for row in rows)
    assert lines == len(rows)
