"""`plan --changed-since REF`, in a real Git repository."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any

import pytest

QUERY = """\
apiVersion: declarative/v1
kind: HostQuery
metadata: {name: old-hosts}
spec:
  filters:
    - {field: asset.lastUpdated, operator: LESSER, value: now-30d}
  expect: {count: {max: 1000}}
---
apiVersion: declarative/v1
kind: Report
metadata: {name: about-old-hosts}
spec:
  request: {name: Old hosts, format: PDF, reportType: EASM_LEAD, templateName: ITAM_EASM_REPORT_TEMPLATE, timezone: UTC}
  scope: {assets: {query: old-hosts}, onEmpty: run}
"""


@pytest.fixture
def git(workplace: Any, asset: Callable[..., str]) -> Callable[..., str]:
    """A repository whose project lies in a folder of it, with a branch `main`; we are on `work`."""
    environ = {
        **{name: value for name, value in workplace.environ.items() if not name.startswith("GIT_")},
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_NOSYSTEM": "1",
        **{f"GIT_{who}_{what}": "t@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }

    def run(*arguments: str) -> str:
        line = ["git", "-C", str(workplace.folder.parent), *arguments]
        return subprocess.run(line, env=environ, capture_output=True, text=True, check=True).stdout

    run("init", "--quiet", "--initial-branch=main")
    workplace.write(".gitignore", ".declarative/\n")
    for name in ("web-01", "web-02", "web-03"):
        workplace.write(f"manifests/{name}.yaml", asset(name))
    workplace.write("manifests/query.yaml", QUERY)
    workplace.write("../elsewhere/file.txt", "not ours\n")
    run("add", ".")
    run("commit", "--quiet", "--message=one")
    run("checkout", "--quiet", "-b", "work")
    return run


def changes(plan: Any) -> dict[str, str]:
    return {change["address"]: change["action"] for change in plan["changes"]}


def test_only_what_the_branch_says_differently_is_planned_and_the_plan_says_so(
    workplace: Any, git: Callable[..., str], asset: Callable[..., str]
) -> None:
    workplace.write("manifests/web-02.yaml", "# a comment is no change\n" + asset("web-02"))
    workplace.write("manifests/moved/web-03.yaml", asset("web-03"))
    (workplace.folder / "manifests/web-03.yaml").unlink()
    nothing = workplace.run("plan", "--changed-since", "main", "--json", "--detailed-exitcode")
    assert nothing.code == 0, nothing.text
    assert nothing.json["changes"] == []

    workplace.write("manifests/web-01.yaml", asset("web-01", department="Engineering"))
    workplace.write("manifests/web-04.yaml", asset("web-04"))
    views = ("-o", "text", "-o", "markdown=plan.md", "-o", "html=plan.html", "-o", "json=view.json")
    finished = workplace.ok("plan", "--changed-since", "main", "--out", "plan.json", *views)
    for text in (finished.out, *((workplace.folder / name).read_text("utf-8") for name in ("plan.md", "plan.html"))):
        assert "changed since main" in text
    planned = workplace.ok("show", "plan.json", "--json").json
    assert changes(planned) == {"Asset/web-01": "create", "Asset/web-04": "create"}
    assert planned["narrowed"] == ["changed since main"]
    # What was committed on main in the meantime is not ours, and nothing that was staged is touched.
    git("add", "project/manifests/web-04.yaml")
    staged = git("diff", "--cached", "--name-only")
    git("stash", "--quiet", "--include-untracked")
    git("checkout", "--quiet", "main")
    workplace.write("manifests/web-09.yaml", asset("web-09"))
    git("add", ".")
    git("commit", "--quiet", "--message=two")
    git("checkout", "--quiet", "work")
    git("stash", "pop", "--quiet", "--index")
    assert changes(workplace.ok("plan", "--changed-since", "main", "--json").json) == changes(planned)
    assert git("diff", "--cached", "--name-only") == staged


def test_what_depends_on_a_change_is_planned_too_and_what_is_removed(workplace: Any, git: Callable[..., str]) -> None:
    workplace.ok("apply", "--auto-approve", "--wait")
    query = (workplace.folder / "manifests/query.yaml").read_text("utf-8")
    workplace.write("manifests/query.yaml", query.replace("now-30d", "now-60d"))
    (workplace.folder / "manifests/web-03.yaml").unlink()
    plan = workplace.ok("plan", "--changed-since", "main", "--json", "--all").json
    assert set(changes(plan)) == {"Asset/web-03", "Report/about-old-hosts"}
    assert [check["address"] for check in plan["checks"]] == ["HostQuery/old-hosts"]

    connector = (workplace.folder / "manifests/connector.yaml").read_text("utf-8")
    git("checkout", "--quiet", "--", ".")
    workplace.write("manifests/connector.yaml", connector.replace("source: SNOW", "source: WEBHOOK"))
    plan = workplace.ok("plan", "--changed-since", "main", "--json", "--all").json
    assert set(changes(plan)) == {"Asset/web-01", "Asset/web-02", "Asset/web-03"}


INVENTORY = """\
apiVersion: declarative/v1
kind: AssetInventory
metadata: {name: cmdb}
spec:
  connector: servicenow
  from: {csv: data/*.csv}
  key: id
  map: {identityAttributes.hostName: host, coreAttributes.businessMetaData.department: department}
"""


def test_a_row_that_changed_is_planned_and_no_other(workplace: Any, git: Callable[..., str]) -> None:
    workplace.write("manifests/cmdb.yaml", INVENTORY)
    workplace.write("data/cmdb.csv", "id,host,department\na1,db-01,Sales\na2,db-02,Legal\na3,db-03,Legal\n")
    git("add", ".")
    git("commit", "--quiet", "--message=inventory")
    git("branch", "--force", "main")
    workplace.ok("apply", "--auto-approve", "--wait")

    workplace.write("data/cmdb.csv", "host,id,department\ndb-02,a2,Legal\ndb-03,a3,Legal\ndb-01,a1,Sales\n")
    moved = workplace.ok("plan", "--changed-since", "main", "--json", "--all").json
    assert changes(moved) == {}

    workplace.write("data/cmdb.csv", "id,host,department\na1,db-01,Sales\na2,db-02,Engineering\n")
    workplace.write("data/more.csv", "id,host,department\na4,db-04,Sales\n")
    plan = workplace.ok("plan", "--changed-since", "main", "--json", "--all").json
    assert changes(plan) == {
        "AssetInventory/cmdb[a2]": "update",
        "AssetInventory/cmdb[a3]": "forget",
        "AssetInventory/cmdb[a4]": "create",
    }

    git("checkout", "--quiet", "--", ".")
    (workplace.folder / "data/more.csv").unlink()
    workplace.write("manifests/cmdb.yaml", INVENTORY.replace("department: department", "department: {value: All}"))
    plan = workplace.ok("plan", "--changed-since", "main", "--json", "--all").json
    assert set(changes(plan)) == {f"AssetInventory/cmdb[a{number}]" for number in (1, 2, 3)}


def test_where_no_comparison_is_possible_the_user_is_told_why(workplace: Any, git: Callable[..., str]) -> None:
    for ref, said in (("nonsense", "no such commit"), ("--output=x", "not a commit")):
        refused = workplace.run("plan", f"--changed-since={ref}")
        assert refused.code == 64, refused.text
        assert said in refused.err
    git("checkout", "--quiet", "--orphan", "other")
    git("commit", "--quiet", "--message=alone")
    unrelated = workplace.run("plan", "--changed-since", "main")
    assert unrelated.code == 64
    assert "no history" in unrelated.err
    (workplace.folder.parent / ".git").rename(workplace.folder.parent / "away")
    outside = workplace.run("plan", "--changed-since", "main", env={"GIT_CEILING_DIRECTORIES": "/"})
    assert outside.code == 64
    assert "not in a Git repository" in outside.err
