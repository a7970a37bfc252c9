"""From a folder to everything its files say."""

from __future__ import annotations

import os
import re
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from declarative.core.clock import SystemClock
from declarative.core.diagnostics import Severity
from declarative.core.errors import InvalidError
from declarative.manifest import find_project, load, project_files
from declarative.manifest.sources import ReadLimits
from declarative.manifest.walk import read_file
from declarative.plan.model import Limit
from declarative.state import open_store

CONNECTOR = """\
apiVersion: declarative/v1
kind: Connector
metadata: {name: snow}
spec:
  connectorUuid: 5de2a9b0-1111-4222-8333-444455556666
  source: SNOW
"""
ASSET = """\
apiVersion: declarative/v1
kind: Asset
metadata: {name: web-01, labels: {team: web}}
spec:
  connector: snow
  identityAttributes: {hostName: web-01, serialNumber: 0123456, macAddress: 10:20:30:40:50:10}
  coreAttributes:
    assignedLocation: {zip: 02134, country: NO}
"""


def asset(name: str, extra: str = "") -> str:
    return ASSET.replace("web-01", name) + extra


def told(loaded):
    return [(str(one.position), one.rule) for one in loaded.diagnostics]


def test_a_project_is_found_from_a_folder_below_it(project):
    root = project({"manifests/deep/a.yaml": CONNECTOR})
    assert find_project(root / "manifests" / "deep") == root


def test_without_a_project_the_message_says_how_to_start_one(tmp_path):
    with pytest.raises(InvalidError, match=r"no declarative\.yaml") as caught:
        find_project(tmp_path)
    assert "init" in (caught.value.hint or "")


def test_manifests_come_sorted_by_address_with_what_was_written(project):
    loaded = load(project({"manifests/z.yaml": CONNECTOR, "manifests/sub/a.yml": ASSET}))
    assert not loaded.diagnostics
    assert [manifest.address for manifest in loaded.manifests] == ["Asset/web-01", "Connector/snow"]
    web = loaded.manifests[0]
    assert web.spec["identityAttributes"]["serialNumber"] == "0123456"
    assert web.spec["identityAttributes"]["macAddress"] == "10:20:30:40:50:10"
    assert web.spec["coreAttributes"]["assignedLocation"] == {"zip": "02134", "country": "NO"}
    assert web.labels == {"team": "web"}
    assert str(web.position) == "manifests/sub/a.yml:1:1"
    assert loaded.files == ("declarative.yaml", "manifests/sub/a.yml", "manifests/z.yaml")
    assert loaded.project.base_url == "https://gateway.qg1.apps.qualys.eu"


def test_a_pointer_is_located_to_the_character(project):
    loaded = load(project({"manifests/a.yaml": "# hello\n---\n" + CONNECTOR + "---\n" + ASSET}))
    locate = loaded.manifests[0].locate
    assert str(locate("/spec/identityAttributes/serialNumber")) == "manifests/a.yaml:15:56"
    assert str(locate("/spec/coreAttributes/assignedLocation/country")) == "manifests/a.yaml:17:45"
    assert str(locate("")) == "manifests/a.yaml:10:1"
    assert str(locate("/spec/coreAttributes/nothing/here")) == "manifests/a.yaml:16:3"


def test_a_schema_finding_has_place_pointer_address_excerpt_and_hint(project):
    (one,) = load(project({"manifests/a.yaml": asset("web-01", "    isContainr: true\n")})).diagnostics
    assert str(one.position) == "manifests/a.yaml:9:5"
    assert one.pointer == "/spec/coreAttributes/isContainr"
    assert one.address == "Asset/web-01"
    assert one.excerpt == "    isContainr: true"
    assert "isContainer" in (one.hint or "")


def test_one_run_finds_the_errors_of_every_file_and_keeps_the_right_manifests(project):
    loaded = load(
        project(
            {
                "manifests/a.yaml": "a: [\n---\n" + CONNECTOR,
                "manifests/b.yaml": asset("x", "    isContainer: maybe\n"),
                "manifests/c.yaml": b"apiVersion: \xff\n",
            }
        )
    )
    assert [place.split(":")[0] for place, _ in told(loaded)] == [
        "manifests/a.yaml",
        "manifests/b.yaml",
        "manifests/c.yaml",
    ] or told(loaded)
    assert {one.position.file for one in loaded.diagnostics} == {"manifests/a.yaml", "manifests/b.yaml", "manifests/c.yaml"}
    assert [manifest.address for manifest in loaded.manifests] == ["Connector/snow"]


@pytest.mark.parametrize(
    ("text", "place", "rule", "hint"),
    [
        (ASSET.replace("kind: Asset", "kind: Aset"), "2:7", "manifest/kind", 'did you mean "Asset"?'),
        (ASSET.replace("kind: Asset\n", ""), "1:1", "manifest/kind", "one of"),
        (ASSET.replace("declarative/v1", "declarative/v9"), "1:13", "manifest/api-version", "declarative/v1"),
        (ASSET.replace("apiVersion: declarative/v1\n", ""), "1:1", "manifest/api-version", "declarative/v1"),
        ("- a\n- b\n", "1:1", "manifest/not-a-mapping", "kind"),
        ("just text\n", "1:1", "manifest/not-a-mapping", "kind"),
    ],
)
def test_a_document_that_is_no_manifest_is_one_clear_error(project, text, place, rule, hint):
    (one,) = load(project({"manifests/a.yaml": text})).diagnostics
    assert (str(one.position), one.rule) == (f"manifests/a.yaml:{place}", rule)
    assert hint in (one.hint or "")


def test_an_address_declared_twice_is_refused_with_both_places(project):
    loaded = load(project({"manifests/a.yaml": CONNECTOR, "manifests/b.yaml": "# x\n" + CONNECTOR}))
    (one,) = loaded.diagnostics
    assert one.rule == "manifest/duplicate-address"
    assert str(one.position) == "manifests/b.yaml:4:18"
    assert "manifests/a.yaml:3:18" in one.message
    assert not loaded.manifests


def test_files_are_read_by_the_patterns_of_the_project(project):
    head = "apiVersion: declarative/v1\nkind: Project\nmetadata: {name: p}\n"
    settings = head + "spec: {manifests: [one/*.yaml, 'two/**/x?.yml', three]}\n"
    names = [
        "one/a.yaml",
        "one/deep/b.yaml",
        "two/x1.yml",
        "two/a/b/x2.yml",
        "two/y.yml",
        "three/d/c.yaml",
        "three/note.txt",
        "manifests/z.yaml",
    ]
    root = project({name: CONNECTOR.replace("snow", re.sub(r"\W", "-", name)) for name in names}, settings)
    assert load(root).files == ("declarative.yaml", "one/a.yaml", "three/d/c.yaml", "two/a/b/x2.yml", "two/x1.yml")


def test_a_pattern_that_matches_nothing_is_a_warning(project):
    root = project({}, "apiVersion: declarative/v1\nkind: Project\nmetadata: {name: p}\nspec: {manifests: [nothing/]}\n")
    (one,) = load(root).diagnostics
    assert (one.severity, one.rule, str(one.position)) == (Severity.WARNING, "project/no-manifests", "declarative.yaml:4:19")


@pytest.mark.parametrize("pattern", ["../other/*.yaml", "/etc/*.yaml", "a/../../b.yaml"])
def test_a_pattern_cannot_leave_the_project(project, pattern):
    root = project({}, f"apiVersion: declarative/v1\nkind: Project\nmetadata: {{name: p}}\nspec:\n  manifests: ['{pattern}']\n")
    (one,) = load(root).diagnostics
    assert (one.rule, str(one.position)) == ("path/outside-project", "declarative.yaml:5:15")


def test_a_link_out_of_the_project_is_refused(project, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    (outside / "secret.yaml").write_text(CONNECTOR)
    root = project({"manifests/a.yaml": ASSET})
    (root / "manifests" / "link.yaml").symlink_to(outside / "secret.yaml")
    (root / "manifests" / "folder").symlink_to(outside)
    loaded = load(root)
    assert told(loaded) == [("manifests/folder:1:1", "path/outside-project"), ("manifests/link.yaml:1:1", "path/outside-project")]
    assert [manifest.address for manifest in loaded.manifests] == ["Asset/web-01"]


def test_links_inside_the_project_are_followed_once_and_loops_end(project):
    root = project({"shared/a.yaml": CONNECTOR, "manifests/b.yaml": ASSET})
    (root / "manifests" / "shared").symlink_to(root / "shared")
    (root / "manifests" / "again").symlink_to(root / "manifests")
    loaded = load(root)
    assert not loaded.diagnostics
    assert [manifest.address for manifest in loaded.manifests] == ["Asset/web-01", "Connector/snow"]


def test_a_pipe_is_refused_without_waiting_for_it(project):
    root = project({"manifests/a.yaml": ASSET})
    os.mkfifo(root / "manifests" / "pipe.yaml")
    assert told(load(root)) == [("manifests/pipe.yaml:1:1", "path/not-a-file")]


def test_a_dangling_link_is_a_located_error(project):
    root = project({"manifests/a.yaml": ASSET})
    (root / "manifests" / "gone.yaml").symlink_to(root / "nowhere.yaml")
    assert told(load(root)) == [("manifests/gone.yaml:1:1", "path/unreadable")]


def test_a_file_over_the_size_limit_is_not_read(project):
    loaded = load(project({"manifests/a.yaml": ASSET + "#" * 500}), limits=ReadLimits(file_bytes=400))
    assert told(loaded) == [("manifests/a.yaml:1:1", "yaml/too-large")]


def test_hidden_folders_are_left_out(project):
    root = project({".git/a.yaml": "a: [", "manifests/.b.yaml": "a: [", "manifests/c.yaml": CONNECTOR})
    assert load(root).files == ("declarative.yaml", "manifests/c.yaml")


def test_the_digest_is_of_the_meaning_alone(project):
    root = project({"manifests/a.yaml": CONNECTOR + "---\n" + ASSET})
    before = load(root).digest
    (root / "manifests" / "a.yaml").write_text(
        ASSET.replace("{name: web-01, labels: {team: web}}", "{labels: {team: web}, name: 'web-01'}")
    )
    (root / "manifests" / "0.yaml").write_text("# moved\n" + CONNECTOR)
    assert load(root).digest == before
    (root / "manifests" / "0.yaml").write_text(CONNECTOR.replace("SNOW", "SNOX"))
    assert load(root).digest != before


def test_the_digest_does_not_depend_on_where_the_project_lies(project, tmp_path_factory):
    root = project({"manifests/a.yaml": ASSET})
    other = tmp_path_factory.mktemp("other") / "copy"
    other.mkdir()
    for name in ("declarative.yaml", "manifests/a.yaml"):
        (other / name).parent.mkdir(exist_ok=True)
        (other / name).write_bytes((root / name).read_bytes())
    assert load(other).digest == load(root).digest


def test_settings_of_the_project_are_typed(project):
    loaded = load(
        project(
            {},
            """\
apiVersion: declarative/v1
kind: Project
metadata: {name: acme}
spec:
  baseUrl: https://gateway.example.com/
  settle: 90m
  planExpiry: 2d
  batchSize: 10
  pageSize: 300
  limits: {create: {absolute: 7}, update: {percent: null}, run: {absolute: 1}, total: {percent: 5, minimumPopulation: 100}}
  rules: {some/rule: {severity: off, reason: legacy}}
  moved: [{from: Asset/a, to: Asset/b}]
""",
        )
    )
    project_read = loaded.project
    assert not loaded.diagnostics
    assert project_read.base_url == "https://gateway.example.com"
    assert (project_read.settle, project_read.plan_expiry) == (timedelta(minutes=90), timedelta(days=2))
    assert (project_read.batch_size, project_read.page_size) == (10, 300)
    assert project_read.limits.create == Limit(absolute=7)
    assert project_read.limits.update == Limit()
    assert project_read.limits.total == Limit(percent=5, minimum_population=100)
    assert project_read.rules["some/rule"].severity is None
    assert project_read.rules["some/rule"].reason == "legacy"
    assert project_read.moved == {"Asset/a": "Asset/b"}


@pytest.mark.parametrize(
    "url",
    [
        "http://gateway.example.com",
        "ftp://x",
        "https://user@host",
        "https://host/?q=1",
        "gateway.example.com",
        "https://",
        "https://h:99999",
    ],
)
def test_an_address_that_is_not_plain_https_is_refused(project, url):
    loaded = load(project({}, f"apiVersion: declarative/v1\nkind: Project\nmetadata: {{name: a}}\nspec: {{baseUrl: '{url}'}}\n"))
    (one,) = loaded.diagnostics
    assert str(one.position) == "declarative.yaml:4:17"
    assert loaded.project.base_url is None


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080", "http://localhost:1", "http://[::1]:80"])
def test_http_is_allowed_on_this_machine(project, url):
    loaded = load(project({}, f"apiVersion: declarative/v1\nkind: Project\nmetadata: {{name: a}}\nspec: {{baseUrl: '{url}'}}\n"))
    assert (loaded.project.base_url, loaded.diagnostics) == (url, ())


def test_a_password_in_the_state_address_is_refused(project):
    text = "apiVersion: declarative/v1\nkind: Project\nmetadata: {name: a}\nspec: {state: 'postgresql://u:hunter2@db/x'}\n"
    loaded = load(project({}, text))
    (one,) = loaded.diagnostics
    assert one.rule == "project/state-password"
    assert "hunter2" not in loaded.project.state_url
    assert "hunter2" not in one.message


def test_a_broken_project_file_does_not_hide_the_errors_of_its_manifests(project):
    loaded = load(project({"manifests/a.yaml": "a: 1\na: 2\n"}, "apiVersion: [\n"))
    assert {one.position.file for one in loaded.diagnostics} == {"declarative.yaml", "manifests/a.yaml"}


@pytest.mark.parametrize(
    ("text", "rule"), [("", "project/empty"), (CONNECTOR, "project/kind"), ("a: 1\n", "manifest/api-version")]
)
def test_a_project_file_that_holds_no_project_is_one_error(project, text, rule):
    assert [one.rule for one in load(project({}, text)).diagnostics] == [rule]


def test_the_files_to_format_are_the_project_its_manifests_and_overlays(project):
    root = project({"manifests/a.yaml": ASSET, "overlays/x.yaml": ASSET, "other/b.yaml": ASSET}, _WITH_OVERLAY)
    assert [path.relative_to(root).as_posix() for path in project_files(root)] == [
        "declarative.yaml",
        "manifests/a.yaml",
        "overlays/x.yaml",
    ]


_WITH_OVERLAY = """\
apiVersion: declarative/v1
kind: Project
metadata: {name: acme}
spec:
  environments:
    prod: {overlays: [overlays/]}
"""


def test_a_file_that_does_not_tell_its_size_is_read_to_its_end_and_no_further_than_the_limit():
    path = Path("/proc/self/limits")
    if not path.is_file():
        pytest.skip("the kernel offers no such file here")
    data, wrong = read_file(path, "limits", ReadLimits())
    assert (data, wrong) == (path.read_bytes(), [])
    data, (wrong,) = read_file(path, "limits", ReadLimits(file_bytes=20))
    assert data is None
    assert "limits" in str(wrong.position)


@pytest.mark.parametrize("name", ["a%41b", "a?b", "a#b c", "a%2Fb"])
def test_the_state_is_in_the_projects_own_folder_whatever_that_is_called(tmp_path, name):
    folder = tmp_path / name
    folder.mkdir()
    text = "apiVersion: declarative/v1\nkind: Project\nmetadata: {name: x}\nspec: {platform: EU1}\n"
    (folder / "declarative.yaml").write_text(text)
    with closing(open_store(load(folder).project.state_url, clock=SystemClock())) as store:
        assert store.place == str(folder / ".declarative" / "state.db")
    assert [path.name for path in tmp_path.iterdir()] == [name]
