"""What goes wrong: one clear message each, the right exit code, nothing half-written."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from declarative.sandbox import SandboxOptions, running


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("apiVersion: declarative/v1\nkind: Asset\n  bad: [\n", "manifests/bad.yaml:3:", "yaml/"),
        ("apiVersion: declarative/v1\nkind: Aset\nmetadata: {name: a}\nspec: {}\n", "manifests/bad.yaml:2:7", "Asset"),
        (
            "apiVersion: declarative/v1\nkind: Connector\nmetadata: {name: other}\nspec:\n  connectorUuid: [1]\n  source: S\n",
            "manifests/bad.yaml:5:18",
            "list",
        ),
        (
            (
                "apiVersion: declarative/v1\nkind: Connector\nmetadata: {name: other}\nspec:\n"
                "  connectorUuid: 489e8429-2e82-4599-a2a8-0123456789ac\n  source: ${var.nope}\n"
            ),
            "manifests/bad.yaml:6:",
            "nope",
        ),
        (
            (
                "apiVersion: declarative/v1\nkind: Connector\nmetadata: {name: servicenow}\nspec:\n"
                "  connectorUuid: 489e8429-2e82-4599-a2a8-0123456789ac\n  source: S\n"
            ),
            "manifests/",
            "manifests/connector.yaml",
        ),
    ],
    ids=["broken-yaml", "unknown-kind", "wrong-type", "missing-variable", "duplicate-address"],
)
def test_a_wrong_manifest_is_one_located_error_and_ends_with_4(workplace: Any, text: str, place: str, words: str) -> None:
    workplace.write("manifests/bad.yaml", text)
    for command in (["validate"], ["plan"], ["apply", "--auto-approve"]):
        finished = workplace.run(*command)
        assert finished.code == 4, finished.text
        assert place in finished.text
        assert words in finished.text
    assert not (workplace.folder / ".declarative" / "state.db").exists()


def test_every_error_of_every_file_is_in_one_run(workplace: Any) -> None:
    workplace.write("manifests/a.yaml", "apiVersion: declarative/v1\nkind: Aset\nmetadata: {name: a}\nspec: {}\n")
    workplace.write("manifests/b.yaml", "a: 1\na: 2\n")
    workplace.write("manifests/c.yaml", "apiVersion: declarative/v1\nkind: Asset\nmetadata: {name: c}\nspec: {conector: x}\n")
    finished = workplace.run("validate", "--json")
    assert finished.code == 4
    files = {entry["file"] for entry in finished.json["diagnostics"]}
    assert {"manifests/a.yaml", "manifests/b.yaml", "manifests/c.yaml"} <= files


def test_without_a_project_the_message_says_what_to_run(tmp_path: Any, offline: Any) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    finished = offline.run("-C", str(elsewhere), "validate")
    assert finished.code == 4
    assert "declarative.yaml" in finished.err
    assert "init" in finished.err


def test_wrong_credentials_end_with_9_and_do_not_show_the_password(workplace: Any, asset: Any) -> None:
    workplace.write("manifests/web.yaml", asset("web-01"))
    secret = "s3cr3t-not-the-one"
    finished = workplace.run("plan", "-vv", env={"QUALYS_PASSWORD": secret})
    assert finished.code == 9, finished.text
    assert secret not in finished.text


@pytest.mark.parametrize("missing", ["QUALYS_PASSWORD", "QUALYS_USERNAME"])
def test_missing_credentials_end_with_9_and_name_the_variable(workplace: Any, asset: Any, missing: str) -> None:
    workplace.write("manifests/web.yaml", asset("web-01"))
    finished = workplace.run("plan", env={missing: None})
    assert finished.code == 9
    assert missing in finished.err


def test_an_unreachable_host_ends_with_1_and_names_it(workplace: Any, asset: Any) -> None:
    workplace.write("manifests/web.yaml", asset("web-01"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    finished = workplace.run("plan", "--max-wait", "0", env={"QUALYS_BASE_URL": f"http://127.0.0.1:{port}"})
    assert finished.code == 1, finished.text
    assert f"127.0.0.1:{port}" in finished.err


def test_a_target_that_is_not_https_is_refused(workplace: Any, asset: Any) -> None:
    workplace.write("manifests/web.yaml", asset("web-01"))
    finished = workplace.run("plan", env={"QUALYS_BASE_URL": "http://gateway.example.com"})
    assert finished.code == 4
    assert "https" in finished.err


def test_no_target_at_all_says_where_to_set_one(workplace: Any, asset: Any) -> None:
    workplace.write("manifests/web.yaml", asset("web-01"))
    finished = workplace.run("plan", env={"QUALYS_BASE_URL": None})
    assert finished.code == 4
    assert "spec.platform" in finished.err


def test_a_damaged_state_is_named_and_never_taken_for_an_empty_one(workplace: Any, gateway: Any, asset: Any) -> None:
    workplace.write("manifests/web.yaml", asset("web-01"))
    workplace.ok("apply", "--auto-approve", "--wait")
    state = workplace.folder / ".declarative" / "state.db"
    for left in (workplace.folder / ".declarative").glob("state.db-*"):
        left.unlink()
    state.write_bytes(b"this is no database" * 100)
    finished = workplace.run("plan")
    assert finished.code == 1, finished.text
    assert "state.db" in finished.err
    assert state.read_bytes().startswith(b"this is no database")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is a Linux device")
def test_output_to_a_full_disk_is_an_error_not_a_traceback(workplace: Any, asset: Any) -> None:
    workplace.write("manifests/web.yaml", asset("web-01"))
    finished = workplace.run("plan", "-o", "json=/dev/full/plan.json")
    assert finished.code == 64
    assert "/dev/full" in finished.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is a Linux device")
@pytest.mark.parametrize("arguments", [("plan", "--offline"), ("--version",), ("schema", "Asset")])
def test_standard_output_on_a_full_disk_is_an_error_not_a_defect(workplace: Any, arguments: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        finished = subprocess.run(
            [sys.executable, "-m", "declarative", *arguments],
            cwd=workplace.folder,
            env=workplace.environ,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=120,
            check=False,
        )
    assert finished.returncode == 1, finished.stderr
    assert "the output cannot be written: No space left on device" in finished.stderr
    assert "Traceback" not in finished.stderr
    assert "defect" not in finished.stderr


def test_a_state_folder_that_is_a_file_is_a_clear_error(workplace: Any, gateway: Any, asset: Any) -> None:
    workplace.write("manifests/web.yaml", asset("web-01"))
    workplace.write(".declarative", "in the way\n")
    finished = workplace.run("apply", "--auto-approve")
    assert finished.code == 1, finished.text
    assert ".declarative" in finished.err
    assert not any(call["path"].endswith("/data/sync") for call in gateway.gateway.call_log())


def test_a_rejected_asset_ends_with_7_and_the_rest_of_the_batch_stands(workplace: Any, gateway: Any, asset: Any) -> None:
    workplace.write("manifests/web.yaml", asset("web-01") + "---\n" + asset("web-02"))
    gateway.call("/_sandbox/faults", {"kind": "assetsError", "keys": ["NK-web-02"], "shape": "keyed"})
    finished = workplace.run("apply", "--auto-approve", "--json")
    assert finished.code == 7, finished.text
    outcomes = {entry["address"]: entry["outcome"] for entry in finished.json["changes"]}
    assert outcomes == {"Asset/web-01": "applied", "Asset/web-02": "failed"}


def test_the_only_asset_rejected_ends_with_7_too_because_the_call_was_taken(workplace: Any, gateway: Any, asset: Any) -> None:
    workplace.write("manifests/web.yaml", asset("web-01"))
    gateway.call("/_sandbox/faults", {"kind": "assetsError", "keys": ["NK-web-01"], "shape": "array"})
    finished = workplace.run("apply", "--auto-approve")
    assert finished.code == 7, finished.text
    assert "manifests/web.yaml:1" in finished.text


@pytest.mark.parametrize(
    "arguments", [["plan", "--nope"], ["nope"], ["plan", "-o", "nope"], ["get"], ["get", "abc"], ["apply", "--wait=soon"]]
)
def test_a_wrong_command_line_ends_with_64(workplace: Any, arguments: list[str]) -> None:
    finished = workplace.run(*arguments)
    assert finished.code == 64, finished.text
    assert finished.err.strip()


def test_an_unknown_id_ends_with_1(workplace: Any) -> None:
    finished = workplace.run("get", "999999")
    assert finished.code == 1
    assert "999999" in finished.err


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a file system in which nobody can make a folder")
def test_a_plan_works_where_its_state_cannot_be_made_and_an_apply_says_why_not(workplace: Any, asset: Any) -> None:
    workplace.write("manifests/web.yaml", asset("web-01"))
    nowhere = {"DECLARATIVE_STATE": "/proc/none/state.db"}
    assert workplace.run("plan", "--detailed-exitcode", env=nowhere).code == 2
    finished = workplace.run("apply", "--auto-approve", env=nowhere)
    assert finished.code == 1, finished.text
    assert "The state /proc/none/state.db cannot be written" in finished.err


def test_doctor_tells_of_a_late_clock_and_what_changes_meanwhile_is_seen(workplace: Any, asset: Any) -> None:
    late = datetime.now(UTC) - timedelta(hours=2)
    who = {"username": workplace.environ["QUALYS_USERNAME"], "password": workplace.environ["QUALYS_PASSWORD"]}
    with running(SandboxOptions(**who, start=late, delay=0)) as gateway:
        workplace.environ["QUALYS_BASE_URL"] = gateway.url
        told = workplace.ok("doctor").out
        assert re.search(r"warn +clock +this machine's clock is \+7[12]\d\d s off the gateway's", told), told
        workplace.write("manifests/web.yaml", asset("web-1"))
        workplace.ok("apply", "--auto-approve", "--wait")
        assert workplace.run("plan", "--detailed-exitcode").code == 0
        gateway.call("drift", {"assetName": "web-1", "set": {"businessInformation": {"department": "Other"}}})
        assert workplace.run("plan", "--detailed-exitcode").code == 2


def test_what_lies_between_the_manifests_and_is_no_manifest_is_told_and_neither_waited_for_nor_shown(
    workplace: Any, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("hunter2: everything")
    folder = workplace.folder / "manifests"
    os.mkfifo(folder / "pipe.yaml")
    for name, target in {"loop": "loop.yaml", "lost": "nowhere", "out": str(secret), "zero": "/dev/zero"}.items():
        (folder / f"{name}.yaml").symlink_to(target)
    for form in ("text", "json", "sarif", "junit", "github", "gitlab"):
        finished = workplace.run("validate", "-o", form, timeout=20)
        assert finished.code == 4, finished.text
        assert all(f"{name}.yaml" in finished.text for name in ("pipe", "loop", "lost", "out", "zero"))
        assert "hunter2" not in finished.text
    assert workplace.run("fmt", "manifests", timeout=20).code == 0
    assert secret.read_text() == "hunter2: everything"


@pytest.mark.parametrize("command", [["show", "/dev/zero"], ["apply", "/dev/zero"], ["validate", "--var-file", "/dev/zero"]])
def test_a_device_is_no_input(workplace: Any, command: list[str]) -> None:
    finished = workplace.run(*command, timeout=20)
    assert finished.code == 4
    assert "/dev/zero" in finished.err
    assert "neither a file nor a pipe" in finished.err


def test_links_of_a_change_request_do_not_choose_what_the_cache_writes_over(workplace: Any, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (workplace.folder / ".declarative" / "cache").mkdir(parents=True)
    for name in ("manifests", "verdicts.json"):
        (workplace.folder / ".declarative" / "cache" / name).symlink_to(victim)
    # Large enough for caches.
    lines = "".join(f"# {number}\n" for number in range(100_000))
    workplace.write("manifests/large.yaml", lines)
    workplace.ok("validate")
    assert victim.read_text() == "precious"


@pytest.mark.parametrize("late", [timedelta(), timedelta(hours=2)], ids=["right", "late"])
def test_an_asset_that_appeared_since_the_plan_is_not_made_twice_whatever_the_clocks_say(workplace: Any, late: timedelta) -> None:
    who = {"username": workplace.environ["QUALYS_USERNAME"], "password": workplace.environ["QUALYS_PASSWORD"]}
    mac = "10:20:30:40:50:10"
    with running(SandboxOptions(**who, start=datetime.now(UTC) - late, delay=0, assets=50)) as gateway:
        workplace.environ["QUALYS_BASE_URL"] = gateway.url
        # No filter finds a MAC address: only looking through what changed since the plan does.
        workplace.write(
            "manifests/web.yaml",
            "apiVersion: declarative/v1\nkind: Asset\nmetadata: {name: web}\nspec:\n  connector: servicenow\n"
            f"  identityAttributes: {{macAddress: '{mac}', sourceNativeKey: NK-1}}\n"
            "  coreAttributes: {businessMetaData: {department: Sales}}\n",
        )
        workplace.ok("plan", "--out", "plan.json")
        interfaces = {"networkInterface": [{"macAddress": mac}]}
        gateway.call("seed", {"records": [{"assetName": "other", "networkInterfaceListData": interfaces}]})
        applied = workplace.run("apply", "plan.json")
        assert applied.code == 6, applied.text
        assert "has appeared since the plan was made" in applied.text


def test_a_project_file_that_lies_elsewhere_is_neither_shown_nor_formatted(workplace: Any, tmp_path: Path) -> None:
    for name, text in {"key": "aws: hunter2\n---\n]\n", "project.yaml": "apiVersion:   declarative/v1\nkind: Project\n"}.items():
        (tmp_path / name).write_text(text)
        (workplace.folder / "declarative.yaml").unlink()
        (workplace.folder / "declarative.yaml").symlink_to(tmp_path / name)
        finished = workplace.run("validate")
        assert finished.code == 4
        assert "declarative.yaml:1:1: error: the path leads out of the project through a link" in finished.text
        assert "hunter2" not in finished.text
        workplace.run("fmt")
        assert (tmp_path / name).read_text() == text


def test_fmt_formats_what_links_bring_from_the_project_and_nothing_else(workplace: Any, tmp_path: Path) -> None:
    loose = "apiVersion:   declarative/v1\nkind: Connector\n"
    workplace.write("shared/inside.yaml", loose)
    (tmp_path / "outside.yaml").write_text(loose)
    (workplace.folder / "manifests/inside.yaml").symlink_to("../shared/inside.yaml")
    (workplace.folder / "manifests/outside.yaml").symlink_to(tmp_path / "outside.yaml")
    assert workplace.run("fmt", "--check", "manifests").code == 3
    workplace.ok("fmt", "manifests")
    assert (workplace.folder / "shared/inside.yaml").read_text() != loose
    assert workplace.run("fmt", "manifests/outside.yaml").code == 64
    assert (tmp_path / "outside.yaml").read_text() == loose


def test_a_remembered_verdict_does_not_speak_for_a_project_file_that_became_a_link(workplace: Any, tmp_path: Path) -> None:
    # Large enough for caches.
    workplace.write("manifests/large.yaml", "".join(f"# {number}\n" for number in range(100_000)))
    for _ in range(2):
        workplace.ok("validate")
    project = workplace.folder / "declarative.yaml"
    project.rename(tmp_path / "elsewhere.yaml")
    project.symlink_to(tmp_path / "elsewhere.yaml")
    finished = workplace.run("validate")
    assert finished.code == 4
    assert "leads out of the project through a link" in finished.text
