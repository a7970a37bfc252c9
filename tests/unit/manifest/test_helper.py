"""Several processes read a large project; all but the first may fail without harm."""

from __future__ import annotations

import sys

import orjson
import pytest

from declarative.manifest import documents, load
from declarative.manifest.helper import answer, start_helper, workers
from declarative.manifest.sources import ReadLimits

CONNECTOR = """\
apiVersion: declarative/v1
kind: Connector
metadata: {{name: {0}}}
spec: {{connectorUuid: 5de2a9b0-1111-4222-8333-444455556666, source: SNOW}}
"""


@pytest.fixture
def root(project):
    files = {f"manifests/{n}.yaml": CONNECTOR.format(f"c{n}") + "---\n" + CONNECTOR.format(f"d{n}") for n in range(6)}
    return project({**files, "manifests/7.yaml": "a: 1\na: 2\n", "manifests/8.yaml": CONNECTOR.format("c0")})


@pytest.fixture
def reads(monkeypatch):
    """The documents read in this process."""
    seen = []
    original = documents.read_value
    monkeypatch.setattr(
        documents, "read_value", lambda document, limits: seen.append(document.file) or original(document, limits)
    )
    return seen


def test_what_several_processes_read_is_what_one_reads(root, reads):
    alone = load(root)
    read_alone = len(reads)
    reads.clear()
    together = load(root, helper_above=0)
    assert together == alone
    assert [one.rule for one in together.diagnostics] == [
        "manifest/api-version",
        "yaml/duplicate-key",
        "manifest/duplicate-address",
    ]
    assert len(reads) < read_alone or workers() == 1
    for ours, theirs in zip(together.manifests, alone.manifests, strict=True):
        assert ours.locate("/spec/source") == theirs.locate("/spec/source")


@pytest.mark.parametrize("program", ["/nowhere/python", "/bin/false", "/bin/echo", ""])
def test_a_helper_that_does_not_work_costs_nothing_but_time(root, monkeypatch, program):
    alone = load(root)
    monkeypatch.setattr(sys, "executable", program)
    assert load(root, helper_above=0) == alone


def test_a_helper_leaves_no_process_behind(root):
    helper = start_helper([root / "manifests" / "0.yaml"], ReadLimits())
    assert helper is not None
    assert len(helper.collect()) == 1
    assert helper._process.returncode == 0


def test_the_answer_names_no_files_and_leaves_out_what_is_broken(root, tmp_path):
    (tmp_path / "bad.yaml").write_bytes(b"a: \xff")
    names = [str(root / "manifests" / "0.yaml"), str(tmp_path / "bad.yaml"), str(tmp_path / "missing.yaml")]
    found = answer(orjson.loads(orjson.dumps({"files": names, "limits": ReadLimits()})))
    assert len(found) == 1
    assert str(root) not in repr(found)
