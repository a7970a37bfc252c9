"""Bringing an estate in, and watching it drift."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from declarative.sandbox import SandboxOptions, running


@pytest.fixture
def estate(workplace: Any) -> Iterator[Any]:
    """The workplace, pointed at a gateway that knows forty hosts, each with every kind of list filled."""
    options = SandboxOptions(username="tester", password=workplace.environ["QUALYS_PASSWORD"], assets=40, delay=0.2)
    with running(options) as server:
        workplace.environ["QUALYS_BASE_URL"] = server.url
        workplace.server = server
        yield workplace


def test_an_imported_estate_is_valid_formatted_adopted_and_has_nothing_to_do(estate: Any) -> None:
    imported = estate.ok("import", "--filter", "asset.assetID=LESS_THAN_EQUAL=5000020")
    assert len(imported.out.splitlines()) == 20
    estate.ok("validate")
    estate.ok("fmt", "--check", "--diff")
    plan = estate.run("plan", "--json", "--all", "--detailed-exitcode")
    assert plan.code == 0, plan.text
    assert plan.json["summary"]["unchanged"] == 20
    written = (estate.folder / "manifests/imported").glob("*.yaml")
    text = "\n".join(path.read_text(encoding="utf-8") for path in written)
    for filled in ("networkInterfaces", "softwares", "services", "volumes", "accounts", "ports", "biosInfo", "processor"):
        assert f"{filled}:" in text, filled


def test_importing_again_finds_only_what_is_new(estate: Any) -> None:
    estate.ok("import", "--filter", "asset.assetID=LESS_THAN_EQUAL=5000003")
    again = estate.ok("import", "--filter", "asset.assetID=LESS_THAN_EQUAL=5000005", "--out", "manifests/more")
    assert len(again.out.splitlines()) == 2
    assert estate.ok("plan", "--json").json["summary"]["unchanged"] == 5


def test_what_a_manifest_cannot_say_is_left_out_and_told_and_the_next_plan_is_empty(estate: Any) -> None:
    estate.environ["DEPLOY_KEY"] = "canary-deploy-key"
    hostile = (
        {"businessInformation": {"department": "${env.DEPLOY_KEY}", "company": "$${x} $"}},
        {"businessInformation": {"department": "a\x1b[31mb\u202e"}},
        {"openPortListData": {"openPort": [{"port": 443, "protocol": "TCP"}, {"port": 99999, "protocol": "TCP"}]}},
        {"biosSerialNumber": "SAME"},
        {"biosSerialNumber": "same"},
    )
    for at, values in enumerate(hostile):
        estate.server.call("/_sandbox/drift", {"assetId": 5000001 + at, "set": values})
    imported = estate.ok("import", "--filter", "asset.assetID=LESS_THAN_EQUAL=5000006")
    assert len(imported.out.splitlines()) == 6
    assert "left out coreAttributes.businessMetaData.department (it holds the character U+001B" in imported.err
    assert "left out coreAttributes.ports (" in imported.err
    assert "left out identityAttributes.serialNumber (another manifest has the same serial number)" in imported.err
    estate.ok("validate")
    estate.ok("fmt", "--check")
    plan = estate.run("plan", "--json", "--all", "--detailed-exitcode")
    assert plan.code == 0, plan.text
    assert plan.json["summary"]["unchanged"] == 6
    assert "canary-deploy-key" not in estate.ok("render").text
    assert "${env.DEPLOY_KEY}" in estate.ok("render").out


def test_an_import_into_a_folder_the_project_does_not_read_records_nothing(estate: Any) -> None:
    finished = estate.run("import", "--limit", "1", "--out", "elsewhere")
    assert finished.code == 4
    assert "spec.manifests" in finished.err
    assert estate.ok("state", "list", "--json").json["resources"] == []


def test_an_import_overwrites_nothing(estate: Any) -> None:
    estate.ok("import", "--limit", "1")
    (path,) = (estate.folder / "manifests/imported").glob("*.yaml")
    before = path.read_bytes()
    (estate.folder / ".declarative/state.db").rename(estate.folder / "away.db")
    moved = path.rename(path.with_name("keep.txt"))
    path.write_text("# mine\n", encoding="utf-8")
    finished = estate.run("import", "--limit", "1")
    assert finished.code == 64, finished.text
    assert path.read_text(encoding="utf-8") == "# mine\n"
    assert moved.read_bytes() == before


def test_a_project_file_that_is_wrong_never_makes_a_state_look_empty(estate: Any) -> None:
    estate.ok("import", "--limit", "2")
    project = estate.folder / "declarative.yaml"
    text = project.read_text(encoding="utf-8")
    for wrong in (text + "  settle: [\n", "", text.encode("utf-16")):
        project.write_bytes(wrong if isinstance(wrong, bytes) else wrong.encode())
        for command in (("drift", "--detailed-exitcode"), ("state", "list"), ("report", "list"), ("state", "history")):
            finished = estate.run(*command)
            assert finished.code == 4, (command, finished.text)
            assert "declarative.yaml" in finished.err


def test_the_state_of_one_environment_is_refused_to_another(estate: Any) -> None:
    project = estate.folder / "declarative.yaml"
    text = project.read_text(encoding="utf-8")
    settings = "spec:\n  state: sqlite:///.declarative/shared.db\n  environments: {prod: {}, dev: {manifests: [dev/*.yaml]}}\n"
    project.write_text(text.replace("spec: {}\n", settings))
    estate.ok("import", "--limit", "2", "-e", "prod")
    assert estate.run("plan", "--detailed-exitcode", "-e", "prod").code == 0
    for chosen in (("-e", "dev"), ()):
        refused = estate.run("plan", *chosen)
        assert refused.code == 4, refused.text
        assert "belongs to the environment prod" in refused.err
    own = {"DECLARATIVE_STATE": f"sqlite:///{estate.folder}/.declarative/dev.db"}
    assert estate.run("plan", "-e", "dev", env=own).code == 0


def test_drift_asks_no_manifest_and_tells_by_exit_code(estate: Any) -> None:
    estate.ok("import", "--filter", "asset.assetID=LESS_THAN_EQUAL=5000003")
    assert estate.run("drift", "--detailed-exitcode").code == 0
    managed = next(
        path for path in sorted((estate.folder / "manifests/imported").glob("*.yaml")) if "timeZone" in path.read_text()
    )
    asset_id = int(managed.read_text().split("asset ")[1].split(".")[0])
    estate.server.call("/_sandbox/drift", {"assetId": asset_id, "set": {"timeZone": "+11:00"}})
    estate.write("manifests/broken.yaml", "kind: [\n")
    found = estate.run("drift", "--json", "--detailed-exitcode")
    assert found.code == 2, found.text
    (change,) = found.json["changes"]
    assert change["assetId"] == asset_id
    assert [field["before"] for field in change["fields"]] == ["+11:00"]
    assert not any(call["path"].endswith("/data/sync") for call in estate.server.gateway.call_log())
