"""Plans as their readers and approvers meet them: files that were tampered with, limits, views, identity, moves.

The commands run in this process (a process of their own costs a second each), against a real gateway over HTTP.
"""

from __future__ import annotations

import io
import json
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from declarative.cli.console import Console
from declarative.cli.main import run
from declarative.core.canonical import digest_of

SCHEMA = Path(__file__).parents[2] / "schemas" / "plan.schema.json"


@pytest.fixture
def cli(workplace: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str, str]]:
    for name, value in workplace.environ.items():
        monkeypatch.setenv(name, value)

    def call(*arguments: str) -> tuple[int, str, str]:
        out, err = io.StringIO(), io.StringIO()
        code = run(["-C", str(workplace.folder), *arguments], Console(out, err))
        assert "Traceback" not in err.getvalue()
        return int(code), out.getvalue(), err.getvalue()

    return call


@pytest.fixture
def planned(cli: Any) -> Callable[..., dict[str, tuple[str, str]]]:
    """Address -> (action, reason) of a plan that ends well."""

    def plan(*arguments: str) -> dict[str, tuple[str, str]]:
        code, out, err = cli("plan", "--json", "--all", *arguments)
        assert code in (0, 5), err
        return {change["address"]: (change["action"], change["reason"]) for change in json.loads(out)["changes"]}

    return plan


def syncs(gateway: Any) -> int:
    return sum(call["path"].endswith("/data/sync") for call in gateway.gateway.call_log())


def applied(cli: Any) -> None:
    code, _, err = cli("apply", "--auto-approve", "--wait")
    assert code == 0, err


# Saved plans


def forged(change: Callable[[dict[str, Any]], Any]) -> Callable[[bytes], bytes]:
    """A file whose checksum was made to fit again."""

    def forge(data: bytes) -> bytes:
        document = json.loads(data)
        change(document)
        document.pop("checksum", None)
        document["checksum"] = digest_of(document)
        return json.dumps(document).encode()

    return forge


def first(document: dict[str, Any]) -> dict[str, Any]:
    """The one change that writes."""
    found: dict[str, Any] = next(change for change in document["changes"] if "payload" in change)
    return found


SPOILED: dict[str, tuple[Callable[[bytes], bytes], int]] = {
    "another payload": (forged(lambda d: first(d)["payload"]["coreAttributes"].update(hostName="evil")), 4),
    "another address": (forged(lambda d: first(d).update(address="Asset/evil")), 4),
    "another action": (forged(lambda d: first(d).update(action="adopt")), 4),
    "another connector": (forged(lambda d: first(d)["connector"].update(source="EVIL")), 4),
    "no changes": (forged(lambda d: d["changes"].clear()), 4),
    "another target": (forged(lambda d: d["target"].update(baseUrl="https://evil.example")), 4),
    "another project": (forged(lambda d: d.update(project="other")), 4),
    "another environment": (forged(lambda d: d.update(environment="production")), 4),
    "another state": (forged(lambda d: d["state"].update(lineage="other")), 6),
    "a later state": (forged(lambda d: d["state"].update(serial=99)), 6),
    "other manifests": (forged(lambda d: d.update(manifestDigest="sha256:" + "0" * 64)), 6),
    "expired": (forged(lambda d: d.update(expiresAt="2020-01-01T00:00:00Z")), 6),
    "another major version of the tool": (forged(lambda d: d["tool"].update(version="99.0.0")), 6),
    "a future format": (forged(lambda d: d.update(formatVersion="2.0")), 4),
    "a byte changed": (lambda data: data.replace(b"web-01", b"web-02", 1), 4),
    "truncated": (lambda data: data[:-40], 4),
    "foreign JSON": (lambda data: b'{"format_version": "1.2", "terraform_version": "1.11.0", "resource_changes": []}', 4),
    "not JSON": (lambda data: b"PK\x03\x04", 4),
}


def test_no_spoiled_plan_file_is_applied_and_each_gets_one_clear_message(
    workplace: Any, gateway: Any, asset: Any, cli: Any
) -> None:
    workplace.write("manifests/other.yaml", asset("other"))
    applied(cli)
    workplace.write("manifests/web.yaml", asset("web-01"))
    file = workplace.folder / "plan.json"
    assert cli("plan", "--out", "plan.json")[0] == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    good = file.read_bytes()
    assert b"canary" not in good
    for what, (spoil, expected) in SPOILED.items():
        file.write_bytes(spoil(good))
        code, out, err = cli("apply", "plan.json")
        assert code == expected, (what, code, err)
        assert out == "", what
        assert sum(line.startswith("Error:") for line in err.splitlines()) == 1, (what, err)
    assert syncs(gateway) == 1
    file.write_bytes(good)
    assert cli("apply", "plan.json")[0] == 0
    assert syncs(gateway) == 2


def test_an_object_that_moved_after_the_plan_is_left_alone_and_the_others_are_written(
    workplace: Any, gateway: Any, asset: Any, cli: Any
) -> None:
    workplace.write("manifests/web.yaml", asset("web-01") + "---\n" + asset("web-02"))
    applied(cli)
    moved = asset_ids(cli)["Asset/web-02"]
    edited = asset("web-01", department="Legal") + "---\n" + asset("web-02", department="Legal")
    workplace.write("manifests/web.yaml", edited)
    assert cli("plan", "--out", "plan.json")[0] == 0
    gateway.call("/_sandbox/drift", {"assetId": moved, "set": {"businessInformation.department": "Finance"}})
    code, out, _ = cli("apply", "plan.json", "--json")
    assert code == 6
    assert {one["address"]: one["outcome"] for one in json.loads(out)["changes"]} == {
        "Asset/web-01": "applied",
        "Asset/web-02": "stale",
    }


def test_the_last_look_at_what_was_approved_by_its_digest_rests_on_nothing_else(
    workplace: Any, gateway: Any, asset: Any, cli: Any
) -> None:
    workplace.write("manifests/web.yaml", asset("web-01"))
    applied(cli)
    asset_id = asset_ids(cli)["Asset/web-01"]
    workplace.write("manifests/web.yaml", asset("web-01", department="Legal"))
    assert cli("plan", "--out", "approved.json")[0] == 0
    gateway.call("/_sandbox/drift", {"assetId": asset_id, "set": {"businessInformation.department": "Finance"}})
    assert cli("plan", "--out", "later.json", "--refresh", "full")[0] == 0
    approved, later = (json.loads((workplace.folder / name).read_bytes()) for name in ("approved.json", "later.json"))
    assert first(approved)["recordDigest"] != first(later)["recordDigest"]
    splice = forged(lambda plan: first(plan).update(recordDigest=first(later)["recordDigest"]))
    (workplace.folder / "spliced.json").write_bytes(splice((workplace.folder / "approved.json").read_bytes()))
    code, out, _ = cli("apply", "spliced.json", "--json", "--expect-digest", approved["digest"])
    assert code == 6
    assert [one["outcome"] for one in json.loads(out)["changes"]] == ["stale"]


# Identity and moves


def test_a_renamed_manifest_with_a_moved_entry_costs_no_call(
    workplace: Any, gateway: Any, asset: Any, cli: Any, planned: Any
) -> None:
    workplace.write("manifests/web.yaml", asset("web-01"))
    applied(cli)
    workplace.write("manifests/web.yaml", asset("web-01").replace("name: web-01,", "name: front,"))
    project = (workplace.folder / "declarative.yaml").read_text()
    workplace.write("declarative.yaml", project.replace("spec: {}", "spec: {moved: [{from: Asset/web-01, to: Asset/front}]}"))
    ((action, reason),) = planned().values()
    assert action == "unchanged"
    assert "moved from Asset/web-01, no call" in reason
    applied(cli)
    assert list(asset_ids(cli)) == ["Asset/front"]
    assert set(planned().values()) == {("unchanged", "")}
    assert syncs(gateway) == 1


def test_with_the_marker_the_state_can_be_lost_and_the_plan_is_still_empty(
    workplace: Any, gateway: Any, asset: Any, cli: Any
) -> None:
    connector = (workplace.folder / "manifests/connector.yaml").read_text()
    workplace.write("manifests/connector.yaml", connector.replace("source: SNOW", "source: SNOW, marker: true"))
    workplace.write("manifests/web.yaml", asset("web-01", extra="sourceCreatedDate: 2026-01-15T10:32:55Z\n"))
    applied(cli)
    forget_everything(workplace)
    assert cli("plan", "--detailed-exitcode")[0] == 0
    assert list(asset_ids(cli)) == ["Asset/web-01"]
    assert cli("apply", "--auto-approve")[0] == 0
    assert syncs(gateway) == 1


@pytest.mark.parametrize("later", [True, False])
def test_a_change_of_on_remove_alone_is_recorded_without_a_call(
    workplace: Any, gateway: Any, asset: Any, cli: Any, later: bool
) -> None:
    retire = "  lifecycle: {onRemove: retire}\n"
    manifest = workplace.write("manifests/web.yaml", asset("web-01") + ("" if later else retire))
    applied(cli)
    workplace.write("manifests/web.yaml", asset("web-01") + (retire if later else ""))
    code, out, _ = cli("plan", "--json", "--detailed-exitcode")
    assert (code, [one["action"] for one in json.loads(out)["changes"]]) == (2, ["adopt"])
    assert cli("apply", "--auto-approve")[0] == 0
    assert cli("plan", "--detailed-exitcode")[0] == 0
    assert syncs(gateway) == 1
    manifest.unlink()
    actions = [one["action"] for one in json.loads(cli("plan", "--json")[1])["changes"]]
    assert actions == ["retire" if later else "forget"]


def asset_ids(cli: Any) -> dict[str, int]:
    return {one["address"]: one["assetId"] for one in json.loads(cli("state", "list", "--json")[1])["resources"]}


def forget_everything(workplace: Any) -> None:
    for file in (workplace.folder / ".declarative").glob("state*"):
        file.unlink()


def test_two_candidates_block_until_the_manifest_pins_one(workplace: Any, gateway: Any, asset: Any, cli: Any) -> None:
    workplace.write("manifests/web.yaml", asset("web-01") + "---\n" + asset("web-02"))
    applied(cli)
    twin = asset_ids(cli)["Asset/web-02"]
    gateway.call("/_sandbox/drift", {"assetId": twin, "set": {"assetName": "web-01"}})
    forget_everything(workplace)
    text = asset("web-01").replace("serialNumber: SN-web-01, ", "")
    workplace.write("manifests/web.yaml", text)
    code, out, _ = cli("plan", "--json")
    (change,) = json.loads(out)["changes"]
    assert (code, change["action"], len(change["candidates"])) == (5, "blocked", 2)
    assert cli("apply", "--auto-approve")[0] == 5
    workplace.write("manifests/web.yaml", text.replace("{hostName", f"{{qualysAssetId: {twin}, hostName"))
    code, out, _ = cli("plan", "--json")
    (change,) = json.loads(out)["changes"]
    assert (code, change["assetId"], change["matchedBy"]) == (0, twin, "qualysAssetId")
    assert syncs(gateway) == 1


def test_two_manifests_of_one_asset_are_refused(workplace: Any, gateway: Any, asset: Any, cli: Any) -> None:
    workplace.write("manifests/web.yaml", asset("web-01"))
    applied(cli)
    gateway.call("/_sandbox/drift", {"assetId": asset_ids(cli)["Asset/web-01"], "set": {"netbiosName": "OLD"}})
    other = asset("web-02").replace("serialNumber: SN-web-02", "netBiosName: OLD")
    workplace.write("manifests/web.yaml", asset("web-01") + "---\n" + other)
    code, out, _ = cli("plan", "--json", "--all")
    assert code == 5
    assert {(c["action"], "2 manifests" in c["reason"]) for c in json.loads(out)["changes"]} == {("blocked", True)}


def test_hosts_behind_one_address_are_told_apart_by_what_is_stronger(workplace: Any, gateway: Any, asset: Any, cli: Any) -> None:
    workplace.write("manifests/web.yaml", asset("web-01") + "---\n" + asset("web-02"))
    applied(cli)
    ids = asset_ids(cli)
    for asset_id in ids.values():
        gateway.call("/_sandbox/drift", {"assetId": asset_id, "set": {"address": "192.0.2.7"}})
    forget_everything(workplace)
    shared = ("sourceNativeKey", "ipAddress: [192.0.2.7], sourceNativeKey")
    workplace.write("manifests/web.yaml", asset("web-01").replace(*shared) + "---\n" + asset("web-02").replace(*shared))
    code, out, _ = cli("plan", "--json")
    found = {change["address"]: change for change in json.loads(out)["changes"]}
    assert code == 0
    assert {address: change["assetId"] for address, change in found.items()} == ids
    assert {change["matchedBy"] for change in found.values()} == {"serialNumber"}


def test_replaced_hardware_is_asked_about_and_a_renamed_host_is_still_itself(
    workplace: Any, gateway: Any, asset: Any, cli: Any
) -> None:
    workplace.write("manifests/web.yaml", asset("web-01"))
    applied(cli)
    workplace.write(
        "manifests/web.yaml", asset("web-01").replace("SN-web-01", "SN-new").replace("hostName: web-01", "hostName: www")
    )
    (change,) = json.loads(cli("plan", "--json")[1])["changes"]
    assert (change["action"], change["matchedBy"]) == ("update", "assetId")
    assert any("was the hardware replaced?" in warning for warning in change["warnings"])


# Reading


def test_without_reading_the_plan_says_so_and_cannot_be_saved_for_apply(
    workplace: Any, gateway: Any, asset: Any, cli: Any
) -> None:
    workplace.write("manifests/web.yaml", asset("web-01"))
    before = len(gateway.gateway.call_log())
    for view in ("text", "markdown", "html"):
        code, out, _ = cli("plan", "--refresh", "none", "-o", view)
        assert code == 0
        assert "not read" in out, view
    assert json.loads(cli("plan", "--refresh", "none", "--json")[1])["refresh"] == "none"
    assert cli("plan", "--refresh", "none", "--out", "plan.json")[0] == 64
    assert not (workplace.folder / "plan.json").exists()
    assert len(gateway.gateway.call_log()) == before


def test_the_plan_names_how_it_read_what_it_cost_and_the_quota(workplace: Any, gateway: Any, asset: Any, cli: Any) -> None:
    workplace.write("manifests/web.yaml", asset("web-01"))
    applied(cli)
    plan = json.loads(cli("plan", "--json")[1])
    assert plan["readStrategy"].startswith("targeted: 1 by id")
    assert plan["calls"] == {"read": 1, "sync": 0, "report": 0}
    assert json.loads(cli("plan", "--refresh", "full", "--json")[1])["readStrategy"].startswith("full scan as asked")
    assert set(plan["quota"]) == {"limit", "remaining", "windowSeconds"}
    assert "read: 1 call" in cli("plan")[1]


# Limits


def test_each_limit_blocks_with_its_override_named_and_the_override_lifts_it(
    workplace: Any, gateway: Any, asset: Any, cli: Any
) -> None:
    project = (workplace.folder / "declarative.yaml").read_text()
    limits = "{create: {absolute: 1}, update: {percent: 40, minimumPopulation: 2}}"
    workplace.write("declarative.yaml", project.replace("spec: {}", f"spec: {{limits: {limits}}}"))
    workplace.write("manifests/web.yaml", asset("web-01") + "---\n" + asset("web-02"))
    code, out, _ = cli("plan", "--json")
    (breach,) = json.loads(out)["breaches"]
    assert (code, breach["name"], breach["override"]) == (5, "create", "--max-creates 2")
    assert cli("apply", "--auto-approve")[0] == 5
    assert syncs(gateway) == 0
    assert cli("apply", "--auto-approve", "--wait", *breach["override"].split())[0] == 0

    workplace.write("manifests/web.yaml", asset("web-01", department="Legal") + "---\n" + asset("web-02"))
    code, out, _ = cli("plan", "--json")
    assert code == 5, "one of two is more than 40 %"
    assert json.loads(out)["breaches"][0]["override"] == "--max-updates 1"
    assert cli("plan", "--max-updates", "1")[0] == 0


def test_an_empty_read_where_the_state_knows_assets_blocks_until_it_is_allowed(
    workplace: Any, gateway: Any, asset: Any, cli: Any
) -> None:
    workplace.write("manifests/web.yaml", asset("web-01"))
    applied(cli)
    gateway.call("/_sandbox/reset", {})
    code, out, _ = cli("plan", "--json")
    assert code == 5
    assert json.loads(out)["breaches"][0]["override"] == "--allow-empty-live"
    assert cli("plan", "--allow-empty-live")[0] == 0


# Views


def test_one_plan_in_four_views_and_the_json_fits_the_published_schema(
    workplace: Any, gateway: Any, asset: Any, cli: Any
) -> None:
    workplace.write("manifests/web.yaml", asset("web-01") + "---\n" + asset("web-02"))
    views = [f"-o{view}={workplace.folder}/plan.{view}" for view in ("text", "json", "markdown", "html")]
    assert cli("plan", *views)[0] == 0
    written = {view: (workplace.folder / f"plan.{view}").read_text() for view in ("text", "json", "markdown", "html")}
    document = json.loads(written["json"])
    schema = json.loads(SCHEMA.read_text())
    jsonschema.Draft202012Validator(schema).validate(document)
    undescribed = set(document) - set(schema["properties"])
    assert undescribed == set()
    for view, text in written.items():
        assert document["digest"] in text, view
        assert "Asset/web-02" in text, view


def test_neither_locale_nor_time_zone_nor_hash_seed_changes_a_byte(workplace: Any, gateway: Any, asset: Any) -> None:
    for number in range(6):
        workplace.write(
            f"manifests/{number}.yaml", asset(f"web-0{number}", extra=f"customConnectorAttributes: {{a: x, b{number}: ü}}\n")
        )
    machines = (
        {"LC_ALL": "C", "TZ": "UTC", "PYTHONHASHSEED": "1"},
        {"LC_ALL": "C.UTF-8", "TZ": "Pacific/Kiritimati", "PYTHONHASHSEED": "2"},
        {"LC_ALL": "de_DE.UTF-8", "TZ": "Asia/Kathmandu", "PYTHONHASHSEED": "4", "PYTHONUTF8": "0"},
    )
    views = ("-ojson=json", "-otext=text", "-omarkdown=markdown", "-ohtml=html")
    workplace.ok("plan")  # from here on there is a snapshot
    seen: list[list[str]] = []
    for machine in machines:
        workplace.ok("plan", *views, env=machine)
        seen.append([(workplace.folder / view.partition("=")[2]).read_text(encoding="utf-8") for view in views])
    assert all(one == seen[0] for one in seen)


# What an earlier plan kept


def rubbish_in_cache(folder: Path, statement: str) -> None:
    with closing(sqlite3.connect(folder / ".declarative/state.snapshot.db")) as cache, cache:
        assert cache.execute(statement).rowcount > 0


CACHES: dict[str, Callable[[Path], None]] = {
    "kept as it was": lambda _folder: None,
    "deleted": lambda folder: (folder / ".declarative/state.snapshot.db").unlink(),
    "whose records are damaged": lambda folder: rubbish_in_cache(folder, "UPDATE snapshot SET record = x'00'"),
    "whose digests are damaged": lambda folder: rubbish_in_cache(folder, "UPDATE snapshot SET digest = x'00'"),
    "that lost a record": lambda folder: rubbish_in_cache(folder, "DELETE FROM snapshot WHERE asset_id > 0 AND rowid % 2 = 0"),
}


@pytest.mark.parametrize("broken", CACHES)
def test_a_cache_never_changes_a_plan(workplace: Any, asset: Any, cli: Any, broken: str) -> None:
    for number in range(8):
        workplace.write(f"manifests/{number}.yaml", asset(f"web-{number}"))
    applied(cli)
    assert cli("plan", "--refresh", "full")[0] == 0
    workplace.write("manifests/3.yaml", asset("web-3", department="Legal"))
    workplace.write(
        "manifests/new.yaml", asset("new", extra="").replace("hostName: new, serialNumber: SN-new", "ipAddress: [10.9.9.9]")
    )
    (workplace.folder / "manifests/5.yaml").unlink()
    CACHES[broken](workplace.folder)
    plans = [json.loads(cli("plan", "--json", "--all", *more)[1]) for more in ((), (), ("--refresh", "full"))]
    assert "full scan (8 records" in plans[0]["readStrategy"]
    actions = {change["address"]: change["action"] for change in plans[0]["changes"]}
    assert actions["Asset/web-3"] == "update"
    assert actions["Asset/new"] == "create"
    assert actions["Asset/web-5"] == "forget"
    assert list(actions.values()).count("unchanged") == 6
    assert [plan["digest"] for plan in plans] == [plans[0]["digest"]] * 3
    assert [plan["changes"] for plan in plans] == [plans[0]["changes"]] * 3
