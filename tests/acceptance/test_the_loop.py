"""Manifests in, plan, apply, empty second plan."""

from __future__ import annotations

import json
import stat
from typing import Any

REPORT = """\
apiVersion: declarative/v1
kind: Report
metadata: {name: weekly}
spec:
  request:
    name: Weekly
    format: PDF
    templateName: ITAM_EASM_REPORT_TEMPLATE
    reportType: EASM_LEAD
"""


def actions(plan: Any) -> dict[str, str]:
    return {change["address"]: change["action"] for change in plan["changes"]}


def sync_calls(gateway: Any) -> int:
    return sum(call["path"].endswith("/data/sync") for call in gateway.gateway.call_log())


def report_calls(gateway: Any) -> int:
    return sum(call["method"] == "POST" and call["path"].endswith("/am/report") for call in gateway.gateway.call_log())


def test_a_new_asset_is_created_waited_for_and_then_left_alone(workplace: Any, gateway: Any, asset: Any) -> None:
    workplace.write("manifests/web.yaml", asset("web-01"))
    first = workplace.run("plan", "--json", "--detailed-exitcode")
    assert first.code == 2, first.err
    assert actions(first.json) == {"Asset/web-01": "create"}

    applied = workplace.ok("apply", "--auto-approve", "--wait", "--json")
    assert applied.json["summary"]["applied"] == 1

    second = workplace.run("plan", "--json", "--all", "--detailed-exitcode")
    assert second.code == 0, second.text
    assert actions(second.json)["Asset/web-01"] == "unchanged"
    assert sync_calls(gateway) == 1


def test_an_import_still_queued_is_pending_and_never_sent_twice(workplace: Any, gateway: Any, asset: Any) -> None:
    gateway.gateway.set_delay(3600)
    workplace.write("manifests/web.yaml", asset("web-01"))
    workplace.ok("apply", "--auto-approve")

    again = workplace.run("plan", "--json", "--detailed-exitcode")
    assert again.code == 0
    assert again.json["summary"]["pending"] == 1
    workplace.ok("apply", "--auto-approve")
    assert sync_calls(gateway) == 1


def test_an_edit_of_one_field_shows_that_one_field(workplace: Any, asset: Any) -> None:
    workplace.write("manifests/web.yaml", asset("web-01"))
    workplace.ok("apply", "--auto-approve", "--wait")
    workplace.write("manifests/web.yaml", asset("web-01", department="Engineering"))

    plan = workplace.ok("plan", "--json").json
    (change,) = plan["changes"]
    assert change["action"] == "update"
    assert change["fields"] == [
        {
            "path": "coreAttributes.businessMetaData.department",
            "before": "Sales",
            "after": "Engineering",
            "basis": "live",
        }
    ]
    assert change["source"]["file"] == "manifests/web.yaml"


def test_an_asset_that_is_there_already_as_declared_is_adopted_without_a_call(workplace: Any, gateway: Any, asset: Any) -> None:
    readable = asset("web-01").replace("hostName: web-01, ", "").replace(", sourceNativeKey: NK-web-01", "")
    readable = readable.replace("    hostName: web-01\n", "")
    workplace.write("manifests/web.yaml", readable)
    workplace.ok("apply", "--auto-approve", "--wait")
    before = sync_calls(gateway)

    (workplace.folder / ".declarative" / "state.db").unlink()
    for left in (workplace.folder / ".declarative").glob("state.db-*"):
        left.unlink()
    plan = workplace.ok("plan", "--json").json
    assert actions(plan) == {"Asset/web-01": "adopt"}
    workplace.ok("apply", "--auto-approve")
    assert sync_calls(gateway) == before
    assert workplace.ok("plan", "--json").json["summary"]["unchanged"] == 1


def test_a_report_runs_once_and_again_only_when_its_request_changes(workplace: Any, gateway: Any) -> None:
    workplace.write("manifests/report.yaml", REPORT)
    assert actions(workplace.ok("plan", "--json").json) == {"Report/weekly": "run"}
    applied = workplace.ok("apply", "--auto-approve", "--json").json
    (entry,) = applied["changes"]
    assert entry["fileUuid"]
    assert workplace.run("plan", "--detailed-exitcode").code == 0
    workplace.ok("apply", "--auto-approve")
    assert report_calls(gateway) == 1

    workplace.write("manifests/report.yaml", REPORT.replace("name: Weekly", "name: Weekly II"))
    assert actions(workplace.ok("plan", "--json").json) == {"Report/weekly": "run"}

    listed = workplace.ok("report", "list", "--json").json["reports"]
    assert [report["fileUuid"] for report in listed] == [entry["fileUuid"]]


def test_a_saved_plan_is_private_shown_and_applied_exactly_once(workplace: Any, gateway: Any, asset: Any) -> None:
    workplace.write("manifests/web.yaml", asset("web-01"))
    workplace.ok("plan", "--out", "plan.json")
    saved = workplace.folder / "plan.json"
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    document = json.loads(saved.read_text())
    assert document["digest"].startswith("sha256:")

    shown = workplace.run("show", "plan.json", "--json", "--detailed-exitcode")
    assert shown.code == 2
    assert shown.json["summary"]["create"] == 1

    workplace.ok("apply", "plan.json", "--wait")
    again = workplace.run("apply", "plan.json")
    assert again.code == 6
    assert sync_calls(gateway) == 1


def test_a_saved_plan_for_other_manifests_is_stale(workplace: Any, gateway: Any, asset: Any) -> None:
    workplace.write("manifests/web.yaml", asset("web-01"))
    workplace.ok("plan", "--out", "plan.json")
    workplace.write("manifests/web.yaml", asset("web-01", department="Engineering"))
    finished = workplace.run("apply", "plan.json")
    assert finished.code == 6
    assert "manifests" in finished.err
    assert sync_calls(gateway) == 0


def test_an_altered_or_broken_plan_file_writes_nothing(workplace: Any, gateway: Any, asset: Any) -> None:
    workplace.write("manifests/web.yaml", asset("web-01"))
    workplace.ok("plan", "--out", "plan.json")
    text = (workplace.folder / "plan.json").read_text()
    for broken in (text.replace("Sales", "Owned"), text[: len(text) // 2], "{}", "not json", ""):
        workplace.write("broken.json", broken)
        finished = workplace.run("apply", "broken.json")
        assert finished.code in (4, 6), finished.text
        assert "broken.json" in finished.err or finished.code == 6
    assert sync_calls(gateway) == 0


def test_the_expected_digest_lets_the_approved_plan_pass_and_no_other(workplace: Any, gateway: Any, asset: Any) -> None:
    workplace.write("manifests/web.yaml", asset("web-01"))
    digest = workplace.ok("plan", "--json").json["digest"]
    wrong = workplace.run("apply", "--expect-digest", "sha256:" + "0" * 64)
    assert wrong.code == 6
    assert sync_calls(gateway) == 0
    workplace.ok("apply", "--expect-digest", digest)
    assert sync_calls(gateway) == 1


def test_a_removed_manifest_is_forgotten_and_the_asset_stays(workplace: Any, gateway: Any, asset: Any) -> None:
    manifest = workplace.write("manifests/web.yaml", asset("web-01"))
    workplace.ok("apply", "--auto-approve", "--wait")
    manifest.unlink()
    assert actions(workplace.ok("plan", "--json").json) == {"Asset/web-01": "forget"}
    workplace.ok("apply", "--auto-approve")
    assert workplace.run("plan", "--detailed-exitcode").code == 0
    assert workplace.ok("state", "list", "--json").json["resources"] == []
    assert workplace.ok("query", "hosts", "--count").out.strip() == "1"


def test_a_removed_manifest_with_retire_marks_the_asset_retired(workplace: Any, gateway: Any, asset: Any) -> None:
    text = asset("web-01") + "  lifecycle: {onRemove: retire}\n"
    manifest = workplace.write("manifests/web.yaml", text)
    workplace.ok("apply", "--auto-approve", "--wait")
    manifest.unlink()
    assert actions(workplace.ok("plan", "--json").json) == {"Asset/web-01": "retire"}
    workplace.ok("apply", "--auto-approve", "--wait")
    assert workplace.run("plan", "--detailed-exitcode").code == 0
    gateway.gateway.process()
    (record,) = workplace.ok("query", "hosts", "-o", "json").json
    assert record["businessInformation"]["operationalStatus"] == "Retired"


def test_drift_is_sent_back_once(workplace: Any, gateway: Any, asset: Any) -> None:
    workplace.write("manifests/web.yaml", asset("web-01"))
    workplace.ok("apply", "--auto-approve", "--wait")
    asset_id = workplace.ok("state", "list", "--json").json["resources"][0]["assetId"]
    gateway.call("/_sandbox/drift", {"assetId": asset_id, "set": {"businessInformation.department": "Finance"}})

    plan = workplace.ok("plan", "--json").json
    (change,) = plan["changes"]
    assert change["action"] == "update"
    assert "drift" in change["reason"]
    assert change["fields"][0]["before"] == "Finance"
    workplace.ok("apply", "--auto-approve", "--wait")
    assert workplace.run("plan", "--detailed-exitcode").code == 0


def test_narrowing_leaves_everything_else_alone(workplace: Any, gateway: Any, asset: Any) -> None:
    workplace.write("manifests/web.yaml", asset("web-01") + "---\n" + asset("web-02"))
    plan = workplace.ok("plan", "-t", "Asset/web-01", "--json").json
    assert actions(plan) == {"Asset/web-01": "create"}
    unknown = workplace.run("plan", "-t", "Asset/wbe-01")
    assert unknown.code == 64
    assert "Asset/web-01" in unknown.err


def test_apply_asks_and_without_a_terminal_says_so(workplace: Any, gateway: Any, asset: Any) -> None:
    workplace.write("manifests/web.yaml", asset("web-01"))
    finished = workplace.run("apply")
    assert finished.code == 64
    assert "--auto-approve" in finished.err
    assert sync_calls(gateway) == 0


def test_the_plan_is_the_same_bytes_whatever_the_file_order(workplace: Any, asset: Any) -> None:
    workplace.write("manifests/a.yaml", asset("web-01") + "---\n" + asset("web-02"))
    first = workplace.ok("plan", "--json").json
    (workplace.folder / "manifests/a.yaml").unlink()
    workplace.write("manifests/a.yaml", asset("web-02") + "---\n" + asset("web-01"))
    second = workplace.ok("plan", "--json").json
    assert first["digest"] == second["digest"]
    assert first["manifestDigest"] == second["manifestDigest"]
