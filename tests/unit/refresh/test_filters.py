"""Filter documents: everything asked for, nothing else, within limits."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from declarative.refresh.filters import Term, documents

TERMS = st.lists(
    st.builds(
        Term,
        st.sampled_from(["asset.assetID", "asset.name", "asset.netbiosName"]),
        st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=30),
    ),
    max_size=60,
)


@given(TERMS, st.integers(1, 20), st.integers(30, 400))
def test_documents_ask_for_exactly_the_terms_within_the_limits(terms, max_values, max_bytes):
    asked = []
    for document in documents(terms, max_values=max_values, max_bytes=max_bytes):
        found = [
            Term(row.field, value)
            for row in document.filters
            for value in (row.value.split(",") if row.operator == "IN" else [row.value])
        ]
        assert len(found) <= max_values
        assert len(found) == 1 or sum(len(term.value.encode()) for term in found) <= max_bytes
        assert all(len(row.value.encode()) <= max(max_bytes, 120) for row in document.filters)
        assert document.operation == ("OR" if len(document.filters) > 1 else "AND")
        assert all(row.operator in ("IN", "EQUALS") for row in document.filters)
        asked += found
    assert sorted(asked) == sorted(set(terms))


@given(TERMS)
def test_the_order_of_the_assets_changes_no_request(terms):
    assert list(documents(terms)) == list(documents(reversed(terms)))
