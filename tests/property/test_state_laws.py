"""Laws of the store: what goes in comes out equal, whatever it is; and the store behaves like a dictionary with a counter."""

from __future__ import annotations

import shutil
import tempfile
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from declarative.assets.model import AppliedAsset, AppliedField, ConnectorRef, OnRemove
from declarative.core.clock import SystemClock
from declarative.plan.model import AppliedReport, ReportStatus
from declarative.state import open_store
from declarative.state.codec import decode, encode
from declarative.state.model import Resource

TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20)
SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False) | TEXT
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4), max_leaves=12
)
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(hours=-8))])
TIMES = st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(2200, 1, 1), timezones=ZONES)  # noqa: DTZ001 - aware by `timezones`

ASSETS = st.builds(
    AppliedAsset,
    address=NAMES.map("Asset/{}".format),
    connector=st.builds(ConnectorRef, TEXT, TEXT, TEXT, st.booleans()),
    identity=st.dictionaries(TEXT, VALUES, max_size=5),
    fields=st.dictionaries(TEXT, st.builds(AppliedField, VALUES, st.booleans()), max_size=6),
    asset_id=st.none() | st.integers(1, 2**63 - 1),
    sent_at=st.none() | TIMES,
    on_remove=st.sampled_from(OnRemove),
)
REPORTS = st.builds(
    AppliedReport,
    address=NAMES.map("Report/{}".format),
    name=TEXT,
    request_digest=TEXT,
    scope_digest=st.none() | TEXT,
    status=st.sampled_from(ReportStatus),
    file_uuid=st.none() | TEXT,
    ran_at=st.none() | TIMES,
    request_id=st.none() | TEXT,
)
RESOURCES = ASSETS | REPORTS


@settings(max_examples=150)
@given(RESOURCES)
def test_a_record_decodes_to_what_was_encoded(resource: Resource) -> None:
    row = encode(resource)
    back = decode(row.address, row.kind, row.document)
    assert back == resource
    if isinstance(back, AppliedAsset) and isinstance(resource, AppliedAsset):
        assert _typed(back.identity) == _typed(resource.identity)
        assert [_typed(kept.value) for kept in back.fields.values()] == [
            _typed(resource.fields[path].value) for path in back.fields
        ]


@given(RESOURCES)
def test_equal_records_have_equal_documents(resource: Resource) -> None:
    row = encode(resource)
    assert encode(decode(row.address, row.kind, row.document)) == row


def _typed(value: object) -> object:
    """1, 1.0 and True are equal in Python, and are not the same to the API."""
    if isinstance(value, dict):
        return {key: _typed(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_typed(inner) for inner in value]
    return (type(value), value)


class StoreIsADictionary(RuleBasedStateMachine):
    """Any sequence of calls, with the store closed and opened in between, against a plain dictionary."""

    made = Bundle("made")

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.store = open_store(str(self.folder / "state.db"), clock=SystemClock())
        self.model: dict[str, Resource] = {}
        self.serial = 0

    @rule(target=made, resource=RESOURCES)
    def make(self, resource: Resource) -> Resource:
        return resource

    @rule(resources=st.lists(made, max_size=4))
    def put(self, resources: list[Resource]) -> None:
        self.store.put(resources)
        after = self.model | {resource.address: resource for resource in resources}
        self.serial += self._documents(after) != self._documents(self.model)
        self.model = after

    @rule(resources=st.lists(made, max_size=4))
    def observe(self, resources: list[Resource]) -> None:
        self.store.resources()
        self.store.observe(resources)
        self.model |= {resource.address: resource for resource in resources}

    @rule(resources=st.lists(made, max_size=3))
    def remove(self, resources: list[Resource]) -> None:
        gone = {resource.address for resource in resources} & self.model.keys()
        self.store.remove([resource.address for resource in resources])
        self.serial += bool(gone)
        for address in gone:
            del self.model[address]

    @rule()
    def reopen(self) -> None:
        self.store.close()
        self.store = open_store(str(self.folder / "state.db"), clock=SystemClock())

    @invariant()
    def the_same(self) -> None:
        assert self.store.resources() == self.model
        assert list(self.store.resources()) == sorted(self.model, key=str.encode)
        assert self.store.mark.serial == self.serial

    @staticmethod
    def _documents(model: dict[str, Resource]) -> dict[str, str]:
        return {address: encode(resource).document for address, resource in model.items()}

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.folder)


TestStoreIsADictionary = StoreIsADictionary.TestCase
TestStoreIsADictionary.settings = settings(max_examples=20, stateful_step_count=12, deadline=None)
