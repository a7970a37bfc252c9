"""What an earlier plan verified is passed over only while manifest, state and live are all as they were."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace
from msgspec.structs import replace as changed

from declarative.assets.live import LiveIndex
from declarative.assets.model import AppliedAsset, AppliedField, ConnectorRef, DesiredAsset
from declarative.assets.sight import pack
from declarative.plan.build import PlanInput, build
from declarative.plan.known import Brief
from declarative.plan.model import Action, StateMark
from declarative.plan.verified import Verifier
from declarative.state.codec import encode
from declarative.state.stored import StoredResources

CONNECTOR = ConnectorRef("cmdb", "8a1b9c7e-0000-4000-8000-000000000001", "WEBHOOK")
FIELD = "coreAttributes.businessMetaData.department"
DESIRED = DesiredAsset("Asset/a", CONNECTOR, {"serialNumber": "S"}, {"businessMetaData": {"department": "Sales"}})
APPLIED = AppliedAsset(
    "Asset/a",
    CONNECTOR,
    {"serialNumber": "S"},
    {"identityAttributes.serialNumber": AppliedField("S", converged=True), FIELD: AppliedField("Sales", converged=True)},
    asset_id=7,
    sent_at=datetime(2026, 1, 1, tzinfo=UTC),
)
LIVE = {"assetId": 7, "biosSerialNumber": "S", "businessInformation": {"department": "Sales"}}


def given(desired: DesiredAsset, applied: AppliedAsset, live: dict[str, Any], verified: AbstractSet[bytes]) -> PlanInput:
    row = encode(applied)
    return PlanInput(
        "acme", None, "https://x.example", "1", "", StateMark("l", 1), datetime(2026, 2, 1, tzinfo=UTC), assets=(desired,),
        applied=StoredResources.whole("test", [("Asset/a", row.kind, row.document, row.digest, row.asset_id)]),
        live=LiveIndex.packed([(7, pack(live))]), verified=verified,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("desired", "applied", "live", "action"),
    [
        (DESIRED, APPLIED, LIVE, Action.UNCHANGED),
        (changed(DESIRED, core={"businessMetaData": {"department": "Legal"}}), APPLIED, LIVE, Action.UPDATE),
        (changed(DESIRED, connector=replace(CONNECTOR, source="SNOW")), APPLIED, LIVE, Action.UPDATE),
        (DESIRED, replace(APPLIED, fields={}), LIVE, Action.UPDATE),
        (DESIRED, APPLIED, {**LIVE, "businessInformation": {"department": "Finance"}}, Action.UPDATE),
    ],
)
def test_whatever_changed_since_is_looked_at_again(
    desired: DesiredAsset, applied: AppliedAsset, live: dict[str, Any], action: Action
) -> None:
    verified = set(build(given(DESIRED, APPLIED, LIVE, set())).verified.values())
    assert len(verified) == 1
    outcome = build(given(desired, applied, live, verified))
    assert outcome.plan.changes[0].action is action
    assert outcome.plan == build(given(desired, applied, live, set())).plan


def test_an_asset_passed_over_is_the_same_change_as_one_compared() -> None:
    first = build(given(DESIRED, APPLIED, LIVE, set()))
    again = build(given(DESIRED, APPLIED, LIVE, set(first.verified.values())))
    assert again == first


def test_another_version_of_the_tool_looks_for_itself() -> None:
    index = LiveIndex.packed([(7, pack(LIVE))])
    known = {"Asset/a": Brief(True, 7, encode(APPLIED).digest)}.get
    ours = Verifier(set(), index, known, "1")
    ours.remember(DESIRED)
    assert Verifier({*ours.tokens.values()}, index, known, "1").passes(DESIRED) == 7
    assert Verifier({*ours.tokens.values()}, index, known, "2").passes(DESIRED) is None


def test_what_is_not_packed_or_not_from_a_state_is_always_compared() -> None:
    for live, brief in ((LiveIndex.of([LIVE]), Brief(True, 7, "x")), (LiveIndex.packed([(7, pack(LIVE))]), Brief(True, 7))):
        verifier = Verifier(set(), live, {"Asset/a": brief}.get, "1")
        verifier.remember(DESIRED)
        assert verifier.tokens == {}
