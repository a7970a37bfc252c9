"""validate, fmt, render, init, explain and schema, as their users meet them."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import pytest

WRONG = """\
apiVersion: declarative/v1
kind: Asset
metadata: {name: web-01}
spec:
  connector: servicenov
  identityAttributes: {hostname: web-01, sourceNativeKey: NK, ipAddress: [10.0.0.999]}
"""
RULES = ["reference/unknown-connector", "schema/unknown-key", "asset/ip-address"]
CONNECTOR = """\
apiVersion: declarative/v1
kind: Connector
metadata: {name: servicenow}
spec: {connectorUuid: 489e8429-2e82-4599-a2a8-0123456789ab, source: SNOW}
"""
UNTIDY = (
    "kind: Connector\napiVersion:   declarative/v1\n"
    "spec: {connectorUuid: 489e8429-2e82-4599-a2a8-0123456789ab}\nmetadata: {name: s}\n"
)


@pytest.fixture
def wrong(offline):
    offline.write("manifests/connector.yaml", CONNECTOR)
    offline.write("manifests/web.yaml", WRONG)
    return offline


def test_every_view_of_validate_comes_from_one_run(wrong):
    views = ["json", "sarif", "junit", "github", "gitlab"]
    done = wrong.run("validate", *(part for view in views for part in ("-o", f"{view}=out.{view}")))
    assert done.code == 4
    assert "manifests/web.yaml:5:14: error: there is no connector" in done.out
    assert 'did you mean "servicenow"?' in done.out
    assert 'did you mean "hostName"?' in done.out

    def read(view):
        return (wrong.folder / f"out.{view}").read_text()

    assert [one["rule"] for one in json.loads(read("json"))["diagnostics"]] == RULES
    (run,) = json.loads(read("sarif"))["runs"]
    assert [one["ruleId"] for one in run["results"]] == RULES
    assert run["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"] == 5
    assert ET.fromstring(read("junit")).get("failures") == "1"
    assert read("github").count("::error file=manifests/web.yaml,line=") == 3
    assert [sorted(one) for one in json.loads(read("gitlab"))] == [
        ["check_name", "description", "fingerprint", "location", "severity"]
    ] * 3


def test_hidden_findings_are_counted(wrong):
    done = wrong.run("validate", "--max-errors", "1")
    assert done.code == 4
    assert "2 more findings not shown (--max-errors 1)" in done.out
    assert "3 errors in 1 file" in done.out


def test_a_cached_validate_says_the_same_with_the_same_code(wrong):
    # A comment makes the project large enough for the cache.
    wrong.write("manifests/large.yaml", "# x\n" * 200_000)
    wrong.environ["XDG_CACHE_HOME"] = str(wrong.folder / "cache")
    first = wrong.run("validate")
    assert (wrong.folder / ".declarative" / "cache" / "verdicts.json").exists()
    again = wrong.run("validate")
    assert (again.code, again.out, again.err) == (first.code, first.out, first.err) == (4, first.out, first.err)
    wrong.write("manifests/web.yaml", WRONG.replace("servicenov", "servicenow"))
    assert "there is no connector" not in wrong.run("validate").out


def test_fmt_check_says_which_files_and_changes_none(offline):
    file = offline.write("manifests/c.yaml", UNTIDY)
    done = offline.run("fmt", "--check")
    assert (done.code, done.out) == (3, "manifests/c.yaml\n")
    assert file.read_text() == UNTIDY


def test_fmt_diff_shows_the_change_and_makes_none(offline):
    file = offline.write("manifests/c.yaml", UNTIDY)
    done = offline.run("fmt", "--diff")
    assert done.code == 0
    assert "-apiVersion:   declarative/v1" in done.out
    assert "+apiVersion: declarative/v1" in done.out
    assert file.read_text() == UNTIDY
    assert offline.run("fmt", "--diff", "--check").code == 3


def test_fmt_keeps_the_mode_and_leaves_nothing_to_do_or_behind(offline):
    file = offline.write("manifests/c.yaml", UNTIDY)
    file.chmod(0o640)
    assert offline.ok("fmt").out == "manifests/c.yaml\n"
    assert file.read_text().startswith("apiVersion: declarative/v1\nkind: Connector\n")
    assert file.stat().st_mode & 0o777 == 0o640
    assert list(file.parent.iterdir()) == [file]
    formatted, written = file.read_bytes(), file.stat().st_mtime_ns
    assert offline.ok("fmt").out == ""
    assert (file.read_bytes(), file.stat().st_mtime_ns) == (formatted, written)
    assert offline.run("fmt", "--check").code == 0


def test_fmt_of_standard_input_writes_standard_output(offline):
    done = offline.ok("fmt", "-", stdin=UNTIDY)
    assert done.out.startswith("apiVersion: declarative/v1\nkind: Connector\n")
    assert offline.ok("fmt", "-", stdin=done.out).out == done.out
    assert offline.run("fmt", "-", "--check", stdin=UNTIDY).code == 3
    assert offline.run("fmt", "-", stdin="a: [").code == 4


def test_fmt_leaves_a_broken_file_alone_and_formats_the_others(offline):
    broken = offline.write("manifests/a.yaml", "a: [\n")
    other = offline.write("manifests/c.yaml", UNTIDY)
    done = offline.run("fmt")
    assert done.code == 4
    assert "manifests/a.yaml:" in done.err
    assert broken.read_text() == "a: [\n"
    assert other.read_text() != UNTIDY


def test_what_init_writes_is_valid_formatted_and_known_to_editors(tmp_path, offline):
    offline.ok("init", "new")
    assert offline.run("-C", "new", "validate").text.endswith("valid\n")
    assert offline.run("-C", "new", "fmt", "--check").code == 0
    manifests = [*(offline.folder / "new" / "manifests").glob("*.yaml"), offline.folder / "new" / "declarative.yaml"]
    assert len(manifests) > 5
    for file in manifests:
        first = file.read_text().splitlines()[0]
        assert first.startswith("# yaml-language-server: $schema=")
        assert (file.parent / first.partition("=")[2]).resolve().is_file()


def test_render_tells_where_each_value_came_from(offline):
    offline.write(
        "declarative.yaml",
        "apiVersion: declarative/v1\nkind: Project\nmetadata: {name: acme}\nspec:\n  variables: {source: SNOW}\n"
        "  environments:\n    prod: {overlays: [{target: Connector/*, patch: {spec: {marker: true}}}]}\n",
    )
    offline.write("manifests/c.yaml", CONNECTOR.replace("SNOW", '"${var.source}"'))
    done = offline.ok("render", "--env", "prod")
    assert 'source: SNOW  # from variable "source", declarative.yaml:5:23' in done.out
    assert "marker: true  # from " in done.out


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["explain", "Asset.spec.coreAtributes"], "coreAttributes"),
        (["explain", "Aset"], "Asset"),
        (["schema", "Conector"], "Connector"),
        (["validat"], "validate"),
        (["validate", "-o", "jason"], "json"),
        (["plan", "--target", "Connector/servicenov"], "Connector/servicenow"),
        (["query", "hots"], "hosts"),
    ],
)
def test_a_mistyped_word_is_told_with_the_one_that_was_meant(offline, arguments, meant):
    offline.write("manifests/connector.yaml", CONNECTOR)
    done = offline.run(*arguments, env={"QUALYS_BASE_URL": "http://127.0.0.1:9", "QUALYS_TOKEN": "x"})
    assert done.code in (4, 64)
    assert meant in done.err
    assert "did you mean" in done.err.lower()
