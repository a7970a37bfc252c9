"""The read side as its users meet it: queries, checks and scopes against an estate over HTTP."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from declarative.sandbox import RunningSandbox, SandboxOptions, running

ASSETS = 60
BASH = shutil.which("bash") or ""
FIRST = 5_000_001
PROJECT = "apiVersion: declarative/v1\nkind: Project\nmetadata: {name: acme}\nspec: {}\n"
AI = ("--filter", "asset.hasAiCriticalityScore=true")


class Finished:
    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err, self.text = code, out, err, out + err

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Desk:
    """A project folder. `run` is a command line in this process, so that a test can afford many."""

    def __init__(self, folder: Path, server: RunningSandbox) -> None:
        self.folder, self.server = folder, server

    def write(self, name: str, *documents: Mapping[str, Any]) -> None:
        path = self.folder / "manifests" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump_all([{"apiVersion": "declarative/v1", **document} for document in documents]))

    def run(self, *arguments: str, chdir: Path | None = None) -> Finished:
        from declarative.cli.console import Console
        from declarative.cli.main import run

        out, err = io.StringIO(), io.StringIO()
        code = run(["-C", str(chdir or self.folder), *arguments], Console(out, err))
        return Finished(int(code), out.getvalue(), err.getvalue())

    def ok(self, *arguments: str, **options: Any) -> Finished:
        finished = self.run(*arguments, **options)
        assert finished.code == 0, f"{arguments} ended with {finished.code}\n{finished.text}"
        return finished

    def ids(self, *arguments: str) -> list[int]:
        return [json.loads(line)["assetId"] for line in self.ok("query", *arguments, "-o", "jsonl").out.splitlines()]

    def calls(self, path: str) -> list[dict[str, Any]]:
        return [call for call in self.server.gateway.call_log() if call["path"].endswith(path)]


@pytest.fixture(scope="module")
def server() -> Iterator[RunningSandbox]:
    with running(SandboxOptions(assets=ASSETS, delay=0)) as sandbox:
        yield sandbox


@pytest.fixture
def desk(server: RunningSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    for name in [name for name in os.environ if name.startswith(("QUALYS_", "DECLARATIVE_"))]:
        monkeypatch.delenv(name)
    for name, value in (("BASE_URL", server.url), ("USERNAME", "sandbox"), ("PASSWORD", "sandbox")):
        monkeypatch.setenv(f"QUALYS_{name}", value)
    monkeypatch.delenv("COLUMNS", raising=False)
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "declarative.yaml").write_text(PROJECT)
    yield Desk(folder, server)
    server.call("faults", {"clear": True})
    server.call("reset", {"assets": ASSETS})


def query(name: str, spec: Mapping[str, Any], kind: str = "HostQuery") -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": name}, "spec": spec}


def row(field: str, operator: str, value: Any) -> dict[str, Any]:
    return {"field": field, "operator": operator, "value": value}


# Hosts


def test_the_ai_criticality_filters_find_hosts_and_the_results_show_all_four_fields(desk: Desk) -> None:
    by_level = {}
    for level in ("HIGH", "LOW"):
        filters = [row("asset.hasAiCriticalityScore", "EQUALS", True), row("asset.aiCriticalityScoreConfidence", "EQUALS", level)]
        desk.write("q.yaml", query("ai", {"filters": filters}))
        found = desk.ok("query", "ai", "--json").json
        by_level[level] = {record["assetId"] for record in found}
        assert int(desk.ok("query", "ai", "--count").out) == len(found) > 0
        for record in found:
            assert record["criticality"]["hasAiCriticalityScore"] is True
            assert record["criticality"]["aiCriticalityScoreConfidence"] == level
            assert record["criticality"]["default"] in (True, False)
            assert 1 <= record["criticality"]["score"] <= 5
    assert not by_level["HIGH"] & by_level["LOW"]
    assert by_level["HIGH"] | by_level["LOW"] == set(desk.ids("hosts", *AI))


def test_filters_of_one_asset_are_judged_on_the_record_of_the_get_call(desk: Desk) -> None:
    (found, *_), has = desk.ids("hosts", *AI), set(desk.ids("hosts", *AI))
    other = next(number for number in range(FIRST, FIRST + ASSETS) if number not in has)
    filters = [
        row("asset.hasAiCriticalityScore", "EQUALS", True),
        row("asset.aiCriticalityScoreConfidence", "IN", ["HIGH", "LOW"]),
    ]
    desk.write(
        "q.yaml", query("one", {"assetId": found, "filters": filters}), query("no", {"assetId": other, "filters": filters})
    )
    desk.server.call("reset", {"assets": ASSETS})
    assert desk.ids("one") == [found]
    assert desk.ids("no") == []
    assert desk.ok("query", "no", "--count").out == "0\n"
    assert desk.ids("hosts", "--asset-id", str(found), "--filter", "asset.aiCriticalityScoreConfidence=IN=HIGH,LOW") == [found]
    assert len(desk.calls("/get/am/asset")) == 4
    assert desk.calls("/search/am/asset") == desk.calls("/count/am/asset") == []
    explained = desk.ok("query", "one", "--explain").out
    assert f"-X GET '{desk.server.url}/rest/2.0/get/am/asset?assetId={found}'" in explained
    assert "--data" not in explained


def test_a_filter_that_no_record_shows_turns_a_query_for_one_asset_into_a_search(desk: Desk) -> None:
    hidden, shown = row("processors", "CONTAINS", "e"), row("asset.name", "CONTAINS", "a")
    desk.write("q.yaml", query("one", {"assetId": FIRST, "filters": [hidden, shown]}))
    assert "asset.assetID" in desk.ok("query", "one", "--explain").out
    assert set(desk.ids("one")) <= {FIRST}
    assert desk.calls("/get/am/asset") == []
    desk.write("q.yaml", query("one", {"assetId": FIRST, "filters": [hidden, shown], "operation": "OR"}))
    refused = desk.run("validate")
    assert refused.code == 4
    assert "manifests/q.yaml:" in refused.text
    assert "processors" in refused.text
    adhoc = desk.run("query", "hosts", "--asset-id", str(FIRST), "-f", "processors=a", "-f", "asset.name=b", "--any")
    assert (adhoc.code, desk.calls("/search/am/asset")[1:]) == (4, [])


ENUMERATED = {"asset.riskScore": "90", "asset.type": "HOST", "asset.domainRole": "Member Server", "provider": "AWS"}
SAMPLES = {
    "number": "3", "number without NOT_EQUALS": "3", "text": "a", "text without NOT_EQUALS": "a", "boolean": "true",
    "date": "2025-01-01", "enumeration": "QAGENT", "UUID": "01234567-89ab-cdef-0123-456789abcdef",
}  # fmt: skip


def test_the_gateway_takes_every_documented_field_with_each_of_its_operators(desk: Desk) -> None:
    from declarative.cli.console import Console
    from declarative.cli.options import Settings
    from declarative.cli.session import reading_workspace_for, runtime_for
    from declarative.engine.querying import records_of
    from declarative.queries.checked import checked_query
    from declarative.queries.dates import resolve
    from declarative.queries.fields import COMPONENT_FIELDS, HOST_FIELDS
    from declarative.queries.model import Target

    settings = Settings(Console(sys.stdout, sys.stderr), chdir=desk.folder)
    runtime = runtime_for(settings)
    asked = 0
    with runtime.reader(reading_workspace_for(settings, runtime).project) as reader:
        for target, fields in ((Target.HOSTS, HOST_FIELDS), (Target.COMPONENTS, COMPONENT_FIELDS)):
            for spec in (spec for spec in fields.values() if spec.is_documented):
                for operator in spec.operators:
                    value = spec.values[0] if spec.values else ENUMERATED.get(spec.name) or SAMPLES[spec.group.value]
                    text = f"{spec.name}={operator}={value}"
                    now = runtime.clock.now()
                    list(records_of(reader, resolve(checked_query(target, [text]), now), now=now, limit=1))
                    asked += 1
    assert asked > 120
    assert all(call["status"] in (200, 201, 204) for call in desk.server.gateway.call_log())


# Components


def test_component_dates_of_every_form_ask_the_same_question(desk: Desk) -> None:
    forms = ["2025-09-14T06:00:00Z", "2025-09-14T06:00Z", "2025-09-14T06Z", "2025-09-14 06:00:00"]
    explained = {
        desk.ok("query", "components", "-f", f"component.firstFoundDate=GREATER={form}", "--explain").out for form in forms
    }
    assert len(explained) == 1
    assert '"value": "2025-09-14T06:00:00Z"' in explained.pop()
    rows = [
        desk.ok("query", "components", "-f", f"component.lastFoundDate=LESSER={form}", "-o", "jsonl").out
        for form in ("2025-09-14", "2025-09-14 00:00:00")
    ]
    assert rows[0] == rows[1] != ""
    assert all(json.loads(line)["component"]["lastFoundAt"] < "2025-09-14" for line in rows[0].splitlines())


def test_a_component_query_joins_both_blocks_and_pages_by_its_own_cursor(desk: Desk) -> None:
    spec = {
        "filters": [row("component.name", "EQUALS", "lodash")],
        "assetFilters": [row("asset.assetID", "LESSER", FIRST + 30)],
    }
    desk.write("c.yaml", query("libs", spec, "ComponentQuery"))
    whole = desk.ok("query", "libs", "-o", "jsonl", "--page-size", "1000").out
    desk.server.call("reset", {"assets": ASSETS})
    assert desk.ok("query", "libs", "-o", "jsonl", "--page-size", "2").out == whole
    assert len(desk.calls("/am/asset/component")) == 3
    found = [json.loads(line) for line in whole.splitlines()]
    assert {record["component"]["name"] for record in found} == {"lodash"}
    assert {record["assetId"] for record in found} <= set(range(FIRST, FIRST + 30))
    one = desk.ok("query", "components", "--asset-id", str(FIRST), "-o", "jsonl").out
    assert {json.loads(line)["assetId"] for line in one.splitlines()} == {FIRST}
    assert desk.calls(f"/am/asset/component/{FIRST}")
    assert int(desk.ok("query", "libs", "--count").out) == len(found)
    for size in ("0", "1001"):
        assert desk.run("query", "components", "--page-size", size).code == 64


# Explain


@pytest.mark.parametrize(
    "asked",
    [
        ("hosts", *AI, "--page-size", "7", "--cursor", "5000010"),
        ("hosts", "--page-size", "1000"),
        ("components", "-f", "component.name=lodash", "-f", "asset.name=CONTAINS=a", "--page-size", "5"),
        ("components", "--cursor", "0"),
        ("hosts", "--asset-id", "5000003"),
    ],
    ids=lambda asked: " ".join(asked[:3]),
)
def test_explain_prints_the_request_that_is_sent(desk: Desk, asked: tuple[str, ...]) -> None:
    out = desk.ok("query", *asked, "--explain").out
    assert desk.server.gateway.call_log() == [] or "sandbox" not in out
    words = shlex.split("\n".join(line for line in out.splitlines() if not line.startswith("#")))
    assert "Authorization: Bearer <token>" in words
    desk.server.call("reset", {"assets": ASSETS})
    desk.ok("query", *asked, "--max-pages", "1", "-o", "jsonl")
    sent = desk.server.gateway.call_log()[-1]
    token = httpx.post(
        f"{desk.server.url}/auth", data={"username": "sandbox", "password": "sandbox", "token": "true"}, trust_env=False
    ).text
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    body = words[words.index("--data") + 1] if "--data" in words else None
    httpx.request(words[2], words[3], headers=headers, content=body, trust_env=False)
    again = desk.server.gateway.call_log()[-1]
    assert {key: again[key] for key in ("method", "path", "query")} == {key: sent[key] for key in ("method", "path", "query")}
    if "body" in sent:
        assert again["body"] == sent["body"]


# Outputs


def test_every_output_tells_the_same_records(desk: Desk) -> None:
    asked = ("query", "hosts", *AI, "--fields", "assetId,assetName,criticality.score,tag.tagName", "--limit", "5")
    rows = desk.ok(*asked, "--json").json
    assert [json.loads(line) for line in desk.ok(*asked, "-o", "jsonl").out.splitlines()] == rows
    assert yaml.safe_load(desk.ok(*asked, "-o", "yaml").out) == rows
    read = list(csv.DictReader(io.StringIO(desk.ok(*asked, "-o", "csv").out)))
    assert [int(line["assetId"]) for line in read] == [record["assetId"] for record in rows]
    assert read[0]["tag.tagName"] == "; ".join(rows[0]["tag.tagName"])
    table = desk.ok(*asked).out.splitlines()
    assert table[0].split() == ["assetId", "assetName", "score", "tagName"]
    assert all(str(record["assetId"]) in "\n".join(table[1:]) for record in rows)


def test_several_outputs_come_from_one_read(desk: Desk) -> None:
    target = desk.folder / "hosts.csv"
    desk.ok("query", "hosts", "--limit", "3", "-o", "jsonl", "-o", f"csv={target}")
    assert len(target.read_text().splitlines()) == 4
    assert len(desk.calls("/search/am/asset")) == 1


def test_sort_limit_and_alternatives(desk: Desk) -> None:
    both = ("hosts", "-f", f"asset.assetID={FIRST}", "-f", f"asset.assetID={FIRST + 4}")
    assert desk.ids(*both) == []
    assert desk.ids(*both, "--any") == [FIRST, FIRST + 4]
    assert desk.ids(*both, "--any", "--sort", "-assetId") == [FIRST + 4, FIRST]
    assert len(desk.ids("hosts", "--limit", "7", "--page-size", "3")) == 7
    assert len(desk.calls("/search/am/asset")) == 3 + 3


def test_a_limit_in_the_middle_of_a_page_says_where_to_go_on(desk: Desk) -> None:
    first = desk.ok("query", "hosts", "--limit", "4", "--page-size", "3", "-o", "jsonl")
    (cursor,) = re.findall(r"go on with --cursor (\d+)", first.err)
    rest = desk.ids("hosts", "--cursor", cursor)
    assert [json.loads(line)["assetId"] for line in first.out.splitlines()] + rest == desk.ids("hosts")
    assert "--cursor" not in desk.ok("query", "hosts", "--limit", str(ASSETS)).err


def test_a_table_folds_long_lists_and_keeps_to_the_terminal(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"package-{number}" for number in range(40)]
    desk.server.call(
        "drift", {"assetId": FIRST, "set": {"softwareListData": {"software": [{"fullName": name} for name in names]}}}
    )
    monkeypatch.setenv("COLUMNS", "60")
    out = desk.ok("query", "hosts", "--limit", "1", "--fields", "assetId,software.fullName").out
    assert "(+36 more)" in re.sub(r"\s+", " ", out)
    assert max(map(len, out.splitlines())) <= 60


def test_csv_is_safe_to_open_in_a_spreadsheet(desk: Desk) -> None:
    desk.server.call("drift", {"assetId": FIRST, "set": {"assetName": "=HYPERLINK(1)"}})
    out = desk.ok("query", "hosts", "--limit", "1", "--fields", "assetName", "-o", "csv").out
    assert out.splitlines()[1].strip('"') == "'=HYPERLINK(1)"


def test_an_unknown_column_is_a_warning_with_the_likely_one(desk: Desk) -> None:
    finished = desk.ok(
        "query", "hosts", "--limit", "1", "--fields", "assetId,critcality.score", "--sort", "assetNam", "-o", "csv"
    )
    assert "did you mean criticality.score?" in finished.err
    assert "did you mean assetName?" in finished.err


PEAKS = """
import gc, io, sys, tracemalloc
from declarative.cli.console import Console
from declarative.cli.main import run
asked = ["query", "hosts", "--page-size", "20", "-o", "jsonl", "--fields", "assetId"]
for more in (["--limit", "1"], [], ["--sort", "assetId"]):
    gc.collect()
    if more != ["--limit", "1"]:  # the first run only loads the modules
        tracemalloc.start()
    out = io.StringIO()
    assert run([*asked, *more], Console(out, sys.stderr)) == 0
    print(len(out.getvalue().splitlines()), tracemalloc.get_traced_memory()[1])
    tracemalloc.stop()
"""


def test_jsonl_streams_instead_of_holding_the_records(desk: Desk) -> None:
    desk.server.call("reset", {"assets": 500})
    elsewhere = desk.folder.parent  # reading a project takes a buffer of its own
    done = subprocess.run([sys.executable, "-c", PEAKS], capture_output=True, check=True, text=True, cwd=elsewhere)
    (one, _), (many, streamed), (same, held) = (map(int, line.split()) for line in done.stdout.splitlines())
    assert (one, many, same) == (1, 500, 500)
    assert streamed < held / 3


def test_a_reader_of_the_pipe_that_has_seen_enough_is_no_error(desk: Desk) -> None:
    command = [sys.executable, "-m", "declarative", "query", "hosts", "-o", "jsonl", "--page-size", "10"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=desk.folder) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["assetId"] == FIRST
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0


# One asset


def test_get_shows_one_asset_readably_or_raw_and_needs_no_project(desk: Desk, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    text = desk.ok("get", str(FIRST), chdir=elsewhere).out
    raw = desk.ok("get", str(FIRST), "--raw", chdir=elsewhere).json
    assert raw["assetId"] == FIRST
    assert text.startswith(f"asset {FIRST}  {raw['assetName']}")
    assert raw["biosSerialNumber"] in text
    assert yaml.safe_load(desk.ok("get", str(FIRST), "-o", "yaml", chdir=elsewhere).out) == raw
    assert len(desk.ok("query", "hosts", "--limit", "2", "-o", "jsonl", chdir=elsewhere).out.splitlines()) == 2
    assert desk.ok("query", "components", "--limit", "1", chdir=elsewhere).out
    assert "permission" in desk.ok("doctor", chdir=elsewhere).out
    missing = desk.run("get", "1", chdir=elsewhere)
    assert missing.code == 1
    assert "purged" in missing.err


def test_without_a_project_or_a_target_the_message_names_both_ways(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("QUALYS_BASE_URL")
    finished = desk.run("get", "1", chdir=tmp_path)
    assert finished.code == 4
    assert "QUALYS_BASE_URL" in finished.err
    assert "declarative.yaml" in finished.err


# Checks


STALE = {
    "filters": [row("asset.created", "GREATER", "now-3650d")],
    "expect": {
        "count": {"min": 1, "max": 5},
        "every": [row("criticality.score", "GREATER_THAN_EQUAL", 1)],
        "none": [row("assetName", "CONTAINS", "zzz")],
        "fresh": {"field": "lastModifiedDate", "within": "12h"},
        "message": "the estate is watched",
    },
}


def test_a_failed_expectation_shows_in_the_plan_blocks_the_apply_and_sends_nothing(desk: Desk) -> None:
    desk.write("q.yaml", query("watched", STALE), REPORT)
    plan = desk.run("plan")
    assert plan.code == 5, plan.text
    for words in ("the estate is watched", f"{ASSETS} found, at most 5 expected", "older than 12h", "manifests/q.yaml:"):
        assert words in plan.out
    applied = desk.run("apply", "--auto-approve")
    assert applied.code == 5
    assert "HostQuery/watched" in applied.text
    assert desk.calls("/am/report") == []
    check = desk.run("check")
    assert check.code == 5
    assert "FAIL  HostQuery/watched" in check.out


def test_a_warning_shows_and_stops_nothing(desk: Desk) -> None:
    spec = {**STALE, "expect": {**STALE["expect"], "severity": "warning"}}
    desk.write("q.yaml", query("watched", spec), REPORT)
    assert "warn  HostQuery/watched: the estate is watched" in desk.ok("plan").out
    assert "warn  HostQuery/watched" in desk.ok("check").out
    desk.ok("apply", "--auto-approve")
    assert len(desk.calls("/am/report")) == 1


def test_relative_dates_are_fixed_once_a_run_and_shown_in_the_plan(desk: Desk) -> None:
    desk.write("q.yaml", query("watched", {**STALE, "expect": {**STALE["expect"], "severity": "warning"}}))
    shown = desk.ok("plan", "--json").json["dates"]
    assert re.fullmatch(r"HostQuery/watched: asset.created GREATER now-3650d is \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", shown[0])
    assert re.fullmatch(r"HostQuery/watched: expect lastModifiedDate within 12h is since [\dT:Z-]{20}", shown[1])
    for form in ("text", "markdown", "html"):
        assert "now-3650d is 20" in desk.ok("plan", "-o", form).out


def test_checks_are_told_as_junit_and_sarif(desk: Desk) -> None:
    passing = {"filters": [], "expect": {"count": {"equals": ASSETS}}}
    components = {"filters": [row("component.name", "EQUALS", "lodash")], "expect": {"count": {"max": 0}, "severity": "warning"}}
    desk.write("q.yaml", query("bad", STALE), query("good", passing), query("libs", components, "ComponentQuery"))
    finished = desk.run("check", "-o", "junit", "-o", f"sarif={desk.folder / 'checks.sarif'}")
    assert finished.code == 5
    suite = ET.fromstring(finished.out)
    names = {case.get("name"): [child.tag for child in case] for case in suite.iter("testcase")}
    assert names == {"ComponentQuery/libs": ["system-out"], "HostQuery/bad": ["failure"], "HostQuery/good": []}
    results = json.loads((desk.folder / "checks.sarif").read_text())["runs"][0]["results"]
    assert {result["level"] for result in results} == {"error", "warning"}
    located = results[0]["locations"][0]["physicalLocation"]
    assert located["artifactLocation"]["uri"] == "manifests/q.yaml"


def test_a_failed_check_of_another_object_does_not_block_a_narrowed_plan(desk: Desk) -> None:
    desk.write("q.yaml", query("watched", STALE), REPORT)
    desk.ok("apply", "--auto-approve", "--target", "Report/easm")
    assert len(desk.calls("/am/report")) == 1


def test_drift_goes_by_its_name(desk: Desk) -> None:
    for form in ("text", "markdown", "html"):
        shown = desk.ok("drift", "-o", form).out
        assert "Drift" in shown
        assert "Plan:" not in shown


# Scopes


REPORT = {
    "kind": "Report",
    "metadata": {"name": "easm"},
    "spec": {
        "request": {"name": "EASM", "format": "PDF", "reportType": "EASM_LEAD", "templateName": "ITAM_EASM_REPORT_TEMPLATE"}
    },
}


def scoped(**scope: Any) -> dict[str, Any]:
    return {**REPORT, "spec": {**REPORT["spec"], "scope": scope}}


def requests_made(desk: Desk) -> list[dict[str, Any]]:
    return [dict(made.request) for made in desk.server.gateway.reports]


def test_scopes_fill_the_lists_and_a_changed_scope_runs_the_report_again(desk: Desk) -> None:
    ids = desk.ids("hosts", *AI)
    queries = query("ai", {"filters": [row("asset.hasAiCriticalityScore", "EQUALS", True)]})
    desk.write("r.yaml", queries, scoped(assets={"query": "ai"}, tags={"query": "ai"}))
    desk.ok("apply", "--auto-approve")
    (made,) = requests_made(desk)
    assert made["assetList"] == ",".join(map(str, ids))
    assert made["tagList"]
    tags = {
        tag["tagId"]
        for line in desk.ok("query", "ai", "-o", "jsonl").out.splitlines()
        for tag in json.loads(line)["tagList"]["tag"]
    }
    assert made["tagList"] == ",".join(map(str, sorted(tags)))
    assert "no changes" in desk.ok("plan", "--detailed-exitcode").out
    desk.server.call("drift", {"assetId": ids[0], "delete": True})
    again = desk.run("plan", "--detailed-exitcode", "--detail", "full")
    assert again.code == 2
    assert "assetList" in again.out
    desk.ok("apply", "--auto-approve")
    assert requests_made(desk)[1]["assetList"] == ",".join(map(str, ids[1:]))


@pytest.mark.parametrize(("on_empty", "code", "made"), [(None, 5, 0), ("refuse", 5, 0), ("skip", 0, 0), ("run", 0, 1)])
def test_an_empty_scope_is_refused_skipped_or_run_as_asked(desk: Desk, on_empty: str | None, code: int, made: int) -> None:
    nothing = query("none", {"filters": [row("asset.name", "EQUALS", "no-such-host")]})
    desk.write("r.yaml", nothing, scoped(assets={"query": "none"}, **({"onEmpty": on_empty} if on_empty else {})))
    finished = desk.run("apply", "--auto-approve")
    assert finished.code == code, finished.text
    assert len(requests_made(desk)) == made
    assert on_empty == "run" or "found nothing" in desk.run("plan").out
    assert all("assetList" not in request for request in requests_made(desk))


# Paging, whatever happens


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "path": "/rest/2.0/search/am/asset", "nth": [1, 3], "status": 416},
        {
            "kind": "status",
            "path": "/rest/2.0/search/am/asset",
            "nth": [2],
            "status": 429,
            "headers": {"X-RateLimit-ToWait-Sec": "0.1"},
        },
        {"kind": "dropHasMore", "path": "/rest/2.0/search/am/asset", "nth": [2, 4]},
        {"kind": "revoke", "path": "/rest/2.0/search/am/asset", "nth": [3]},
    ],
    ids=["416", "429", "missing hasMore", "expired token"],
)
def test_a_read_of_many_pages_survives(desk: Desk, fault: dict[str, Any]) -> None:
    expected = desk.ids("hosts")
    desk.server.call("faults", {"faults": [fault]})
    assert desk.ids("hosts", "--page-size", "10") == expected == list(range(FIRST, FIRST + ASSETS))


@pytest.mark.parametrize("target", ["hosts", "components"])
def test_stopping_after_pages_and_going_on_equals_an_uninterrupted_read(desk: Desk, target: str) -> None:
    whole = desk.ok("query", target, "-o", "jsonl").out
    parts, cursor = [], "0"
    for _ in range(20):
        finished = desk.ok(
            "query", target, "-o", "jsonl", "--page-size", "25", "--max-pages", "2", *(("--cursor", cursor) if parts else ())
        )
        parts.append(finished.out)
        told = re.search(r"--cursor (\d+)", finished.err)
        if told is None:
            break
        cursor = told[1]
    assert len(parts) > 1
    assert "".join(parts) == whole


def test_assets_deleted_between_pages_cost_no_other_asset(desk: Desk) -> None:
    first = desk.run("query", "hosts", "-o", "jsonl", "--page-size", "10", "--max-pages", "2")
    told = re.search(r"--cursor (\d+)", first.err)
    assert told is not None
    gone = {FIRST + 3, int(told[1]), FIRST + 20, FIRST + 40}
    for number in gone:
        desk.server.call("drift", {"assetId": number, "delete": True})
    rest = desk.ids("hosts", "--page-size", "10", "--cursor", told[1])
    assert set(rest) == set(range(FIRST + 20, FIRST + ASSETS)) - gone


# Bad input


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("-f", "asset.nam=x"), 4, "did you mean asset.name?"),
        (("-f", "riskScore=90"), 4, "did you mean asset.riskScore?"),
        (("-f", "asset.hasAiCriticalityScore=GREATER=true"), 4, "legal here: EQUALS"),
        (("-f", "asset.name=LIKE=x"), 64, "did you mean asset.name=CONTAINS=x?"),
        (("-f", "asset.aiCriticalityScoreConfidence=MEDIUM"), 4, "HIGH, LOW"),
        (("-f", "asset.lastUpdated=GREATER=01/02/2026"), 4, "yyyy-MM-dd"),
        (("-f", "asset.lastUpdated=GREATER=2026-02-30"), 4, "calendar"),
        (("-f", "asset.name=IN=a,,b"), 4, "comma"),
        (("-f", "asset.riskScore>90"), 64, "did you mean asset.riskScore=GREATER=90?"),
        (("-f", "component.name=x"), 4, "query components"),
        (("-o", "jsn"), 64, "did you mean 'json'?"),
        (("--limit", "0"), 64, "limit"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_a_wrong_question_is_refused_before_it_is_sent(desk: Desk, arguments: tuple[str, ...], code: int, words: str) -> None:
    before = len(desk.server.gateway.call_log())
    finished = desk.run("query", "hosts", *arguments)
    assert finished.code == code, finished.text
    assert words in finished.err
    assert len(desk.server.gateway.call_log()) == before


def test_wrong_filters_in_a_manifest_are_found_offline_at_their_place(desk: Desk) -> None:
    filters = [
        row("asset.hasAICriticalityScore", "EQUALS", True),
        row("asset.lastUpdated", "CONTAINS", "2026-01-01"),
        row("asset.created", "GREATER", "yesterday"),
        row("asset.name", "IN", ["a", "b, c"]),
    ]
    desk.write("q.yaml", query("wrong", {"filters": filters}))
    finished = desk.run("validate", "--json")
    assert finished.code == 4
    found = {(item["rule"], item["pointer"]) for item in finished.json["diagnostics"] if item["severity"] == "error"}
    assert found == {
        ("filter/unknown-field", "/spec/filters/0/field"),
        ("filter/operator", "/spec/filters/1/operator"),
        ("filter/value", "/spec/filters/2/value"),
        ("filter/comma-in-value", "/spec/filters/3/value"),
    }
    assert "did you mean asset.hasAiCriticalityScore?" in finished.out


def test_what_the_server_refuses_is_shown_in_its_own_words(desk: Desk) -> None:
    finished = desk.run("query", "hosts", "--filter", "asset.fqdn=x.example.com")
    assert finished.code == 1
    told = desk.server.gateway.call_log()[-1]
    assert told["status"] == 400
    assert "HTTP 400: Invalid field in the filter: asset.fqdn" in finished.err
    assert "warning: asset.fqdn is not verified" in finished.err


def test_a_query_that_does_not_exist_is_a_wrong_call_with_a_hint(desk: Desk) -> None:
    desk.write("q.yaml", query("ai-low", {"filters": []}))
    finished = desk.run("query", "ai-lo")
    assert finished.code == 64
    assert "did you mean 'ai-low'?" in finished.err


# Completion


COMPLETE = """
eval "$(_DECLARATIVE_COMPLETE=bash_source declarative)"
while IFS= read -r COMP_LINE; do
    COMP_POINT=${#COMP_LINE}; _declarative_completion declarative 2>/dev/null
    echo "${COMPREPLY[*]}"
done
"""


@pytest.mark.skipif(not BASH, reason="no bash on this machine")
def test_bash_completes_commands_names_fields_operators_values_and_columns(desk: Desk) -> None:
    desk.write("q.yaml", query("ai-low", {"filters": []}))
    asked = {
        "declarative que": "query",
        "declarative query ai": "ai-low",
        "declarative query hosts --filter asset.hasAi": "asset.hasAiCriticalityScore=",
        "declarative query hosts --filter asset.hasAiCriticalityScore=": "EQUALS=",
        "declarative query hosts -f asset.aiCriticalityScoreConfidence=EQUALS=H": "HIGH",
        "declarative query components -f component.firstFoundDate=GREATER": "GREATER= GREATER_THAN_EQUAL=",
        "declarative query hosts --fields assetId,criticality.hasAi": "assetId,criticality.hasAiCriticalityScore",
        "declarative query hosts --sort assetNam": "assetName",
        "declarative query hosts --sort -assetNam": "-assetName",
        "declarative query hosts --sort=-assetNam": "-assetName",
        "declarative query hosts --sor": "--sort",
    }
    done = subprocess.run(
        [BASH, "--norc", "--noprofile", "-c", COMPLETE],
        input="\n".join(asked) + "\n",
        capture_output=True,
        text=True,
        check=True,
        cwd=desk.folder,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"},
    )
    assert done.stdout.splitlines() == list(asked.values())
