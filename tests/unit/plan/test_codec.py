from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from msgspec.structs import replace
from msgspec.structs import replace as changed

from declarative.assets.model import OnRemove
from declarative.core.canonical import canonical_bytes
from declarative.core.diagnostics import Diagnostic, Position, Severity
from declarative.core.errors import InvalidError
from declarative.core.exits import ExitCode
from declarative.plan import codec
from declarative.plan.model import Check, Plan

SCHEMA = json.loads((Path(__file__).parents[3] / "schemas" / "plan.schema.json").read_text())
MADE = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
EXPIRES = MADE + timedelta(hours=24)


@pytest.fixture
def plan(world: Any) -> Plan:
    """Something of everything."""
    at = Position("manifests/web.yaml", 3, 1)
    assets = [
        changed(world.asset("update", core={"department": "New"}), position=at),
        world.asset("create", serial="SN-2"),
        world.asset("adopt", serial="SN-3"),
        world.asset("same", serial="SN-4"),
        world.asset("ambiguous", serial="SN-6"),
    ]
    removed = replace(world.applied(world.asset("gone", serial="SN-7"), asset_id=11), on_remove=OnRemove.RETIRE)
    applied = [
        world.applied(world.asset("update")),
        world.applied(world.asset("same", serial="SN-4"), asset_id=8),
        world.applied(world.asset("forgotten", serial="SN-8"), asset_id=12),
        removed,
    ]
    live = [
        world.live(5), world.live(7, serial="SN-3"), world.live(8, serial="SN-4"), world.live(9, serial="SN-6"),
        world.live(10, serial="SN-6"), world.live(11, serial="SN-7"),
    ]  # fmt: skip
    made: Plan = world.plan(
        *assets,
        applied=applied,
        live=live,
        reports=(world.report(scope=("5", "6"), depends_on=("Asset/update",)),),
        checks=(Check("HostQuery/x", "warn", 3, "three", at), Check("HostQuery/y", "fail", None, "no")),
        diagnostics=(
            Diagnostic(Severity.WARNING, "a/b", "look", at, "/spec", "Asset/update", "hint"),
            Diagnostic(Severity.INFO, "c", "x"),
        ),
        narrowed=("target *",),
    )
    return made


def test_the_plan_as_json_fits_the_published_schema(plan: Plan) -> None:
    validator = jsonschema.Draft202012Validator(SCHEMA)
    validator.validate(codec.to_json(plan))
    validator.validate(codec.to_json(plan, list_all=True))
    validator.validate(json.loads(codec.saved(plan, created_at=MADE, expires_at=EXPIRES)))


def test_the_plan_as_json_is_the_documented_one(plan: Plan) -> None:
    shown = codec.to_json(plan)
    assert shown["formatVersion"] == "1.0"
    assert shown["tool"] == {"name": "declarative", "version": "0.1.0"}
    assert (shown["project"], shown["environment"], shown["target"]) == ("acme", None, {"baseUrl": "https://gateway.example"})
    assert shown["state"] == {"lineage": "lineage", "serial": 3}
    assert shown["summary"] == {
        "create": 1, "update": 1, "adopt": 1, "unchanged": 1, "pending": 0, "overridden": 0,
        "run": 1, "retire": 1, "forget": 1, "blocked": 1,
    }  # fmt: skip
    assert shown["calls"] == {"read": 0, "sync": 1, "report": 1}
    assert "createdAt" not in shown
    (update,) = (change for change in shown["changes"] if change["action"] == "update")
    assert update == {
        "address": "Asset/update",
        "kind": "Asset",
        "action": "update",
        "reason": "coreAttributes.businessMetaData.department differs",
        "assetId": 5,
        "matchedBy": "assetId",
        "source": {"file": "manifests/web.yaml", "line": 3, "column": 1},
        "fields": [{"path": "coreAttributes.businessMetaData.department", "before": "Sales", "after": "New", "basis": "live"}],
        "warnings": [],
    }


def test_unchanged_objects_are_counted_and_listed_only_when_asked_for(plan: Plan) -> None:
    assert "Asset/same" not in [change["address"] for change in codec.to_json(plan)["changes"]]
    assert "Asset/same" in [change["address"] for change in codec.to_json(plan, list_all=True)["changes"]]


def test_a_saved_plan_loads_as_it_was(plan: Plan) -> None:
    saved = codec.load(codec.saved(plan, created_at=MADE, expires_at=EXPIRES))
    assert saved.plan == plan
    assert (saved.created_at, saved.expires_at, saved.digest) == (MADE, EXPIRES, codec.digest(plan))


def test_the_same_plan_gives_the_same_bytes_and_a_later_one_another_id(plan: Plan) -> None:
    assert codec.saved(plan, created_at=MADE, expires_at=EXPIRES) == codec.saved(plan, created_at=MADE, expires_at=EXPIRES)
    one, other = (codec.load(codec.saved(plan, created_at=at, expires_at=EXPIRES)) for at in (MADE, MADE + timedelta(seconds=1)))
    assert one.digest == other.digest
    assert one.plan_id != other.plan_id


def test_the_digest_is_of_what_will_be_done_and_not_of_when_or_by_which_state(plan: Plan) -> None:
    digest = codec.digest(plan)
    calm = tuple(change for change in plan.changes if change.action.value != "unchanged")
    assert codec.digest(replace(plan, changes=calm)) == digest
    assert codec.digest(replace(plan, state=replace(plan.state, serial=99), read_strategy="other")) == digest
    assert codec.digest(replace(plan, base_url="https://other.example")) != digest
    for at, change in enumerate(plan.changes):
        if change.action.is_change:
            without = plan.changes[:at] + plan.changes[at + 1 :]
            assert codec.digest(replace(plan, changes=without)) != digest, change.address
            moved = (*plan.changes[:at], changed(change, fingerprint="sha256:0"), *plan.changes[at + 1 :])
            assert codec.digest(replace(plan, changes=moved)) != digest, change.address


def altered(data: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
    document = json.loads(data)
    change(document)
    return json.dumps(document).encode()


def set_department(document: dict[str, Any]) -> None:
    for change in document["changes"]:
        if change["action"] == "update":
            change["payload"]["coreAttributes"]["businessMetaData"]["department"] = "Evil"


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda data: altered(data, set_department), "altered after it was made"),
        (lambda data: altered(data, lambda doc: doc.update(expiresAt="2036-01-01T00:00:00Z")), "altered after it was made"),
        (lambda data: altered(data, lambda doc: doc["changes"].clear()), "altered after it was made"),
        (lambda data: altered(data, lambda doc: doc.update(formatVersion="2.0")), "format version 2.0"),
        (lambda data: altered(data, lambda doc: doc.pop("checksum")), "printed with `-o json`"),
        (lambda data: data[: len(data) // 2], "cut short"),
        (lambda data: b"", "cut short"),
        (lambda data: data.replace(b'"serial":3', b'"serial":NaN'), "not a plan file"),
        (lambda data: data.replace(b'"serial":3', b'"serial":-Infinity'), "not a plan file"),
        (lambda data: data.replace(b'"serial":3', b'"serial":1e999'), "not a plan file"),
        (lambda data: data.replace(b'"tool":{', b'"tool":{"\\ud800":1,'), "not a plan file"),
        (lambda data: b"{}", "not a plan file"),
        (lambda data: b"[1]", "not a plan file"),
        (lambda data: b'{"formatVersion": 1}', "not a plan file"),
        (lambda data: b'{"format_version": "1.2", "terraform_version": "1.11"}', "not a plan file"),
        (lambda data: b'{"formatVersion": "1.0", "tool": {"name": "declarative"}, "checksum": "x"}', "altered"),
        (lambda data: b"\xff\xfe\x00", "not a plan file"),
        (lambda data: b"[" * 200_000, "not a plan file"),
        (lambda data: data.replace(b'"kind"', b'"kind":"x","kind"', 1), "stands twice"),
    ],
)
def test_a_file_that_is_no_whole_plan_of_ours_gives_one_clear_error(
    plan: Plan, spoil: Callable[[bytes], bytes], message: str
) -> None:
    data = codec.saved(plan, created_at=MADE, expires_at=EXPIRES)
    with pytest.raises(InvalidError) as raised:
        codec.load(spoil(data))
    assert message in raised.value.message
    assert raised.value.exit_code is ExitCode.INVALID
    assert "\n" not in raised.value.message


def as_ours(document: dict[str, Any]) -> bytes:
    return canonical_bytes(document) + b"\n"


def as_of_another_tool(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode()


@pytest.mark.parametrize("write", [as_ours, as_of_another_tool])
def test_a_forged_file_with_a_fitting_checksum_still_fails_by_its_digest(
    plan: Plan, write: Callable[[dict[str, Any]], bytes]
) -> None:
    document = json.loads(codec.saved(plan, created_at=MADE, expires_at=EXPIRES))
    set_department(document)
    del document["checksum"]
    document["checksum"] = codec.digest_of(document)
    with pytest.raises(InvalidError, match="digest does not fit"):
        codec.load(write(document))


def test_what_spares_work_alone_is_not_approved_and_may_be_missing(plan: Plan) -> None:
    document = json.loads(codec.saved(plan, created_at=MADE, expires_at=EXPIRES))
    spared = [change.pop("recordDigest", None) for change in document["changes"]]
    assert any(spared)
    del document["checksum"]
    document["checksum"] = codec.digest_of(document)
    assert codec.load(as_ours(document)).digest == codec.digest(plan)


@pytest.mark.parametrize("write", [as_ours, as_of_another_tool])
def test_a_minor_version_may_add_keys(plan: Plan, write: Callable[[dict[str, Any]], bytes]) -> None:
    document = json.loads(codec.saved(plan, created_at=MADE, expires_at=EXPIRES))
    del document["checksum"]
    document["formatVersion"] = "1.1"
    document["news"] = {"x": 1}
    document["changes"][0]["more"] = True
    for change in document["changes"]:
        for field in change["fields"]:
            field["unit"] = "MB"
    document["checksum"] = codec.digest_of(document)
    assert codec.load(write(document)).plan == plan


@pytest.mark.parametrize("odd", [{"dependsOn": "create"}, {"scope": "x"}, {"candidates": {}}, {"fields": ""}, {"fields": {}}])
@pytest.mark.parametrize("write", [as_ours, as_of_another_tool])
def test_a_list_that_is_none_cannot_be_understood(
    plan: Plan, odd: dict[str, Any], write: Callable[[dict[str, Any]], bytes]
) -> None:
    document = json.loads(codec.saved(plan, created_at=MADE, expires_at=EXPIRES))
    document["changes"][0] |= odd
    del document["checksum"]
    document["checksum"] = codec.digest_of(document)
    with pytest.raises(InvalidError, match="is no list"):
        codec.load(write(document))


@pytest.mark.parametrize("write", [as_ours, as_of_another_tool])
def test_a_change_that_does_not_say_which_fields_cannot_be_understood(
    plan: Plan, write: Callable[[dict[str, Any]], bytes]
) -> None:
    document = json.loads(codec.saved(plan, created_at=MADE, expires_at=EXPIRES))
    del document["changes"][0]["fields"]
    del document["checksum"]
    document["checksum"] = codec.digest_of(document)
    with pytest.raises(InvalidError, match="cannot be understood"):
        codec.load(write(document))


def test_a_plan_is_read_the_same_by_its_bytes_and_by_what_they_say(plan: Plan) -> None:
    fraction = changed(plan.changes[1], payload={"coreAttributes": {"speed": 1e16, "share": 2.5}})
    plan = replace(plan, changes=(plan.changes[0], fraction, *plan.changes[2:]))
    data = codec.saved(plan, created_at=MADE, expires_at=EXPIRES)
    document = json.loads(data)
    assert codec.load(data).digest == codec.load(as_of_another_tool(document)).digest == codec.digest(plan)
    for key in ("fingerprint", "connector", "payload"):
        empty = {**document, "changes": [{**change, key: change.get(key)} for change in document["changes"]]}
        del empty["checksum"]
        empty["checksum"] = codec.digest_of(empty)
        assert codec.load(as_ours(empty)).digest == codec.digest(plan)
