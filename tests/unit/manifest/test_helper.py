"""Several processes read a large project; all but the first may fail without harm."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

import pytest

from declarative.manifest import documents, helper, load, loading
from declarative.manifest.helper import answer, start_helper, workers
from declarative.manifest.kept import KeptDocument
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


def test_what_several_processes_read_is_what_one_reads(root, reads, monkeypatch):
    alone = load(root)
    read_alone = len(reads)
    reads.clear()
    monkeypatch.setattr(loading, "workers", lambda: 2 if sys.platform == "linux" else 1)
    together = load(root, helper_above=0)
    assert together == alone
    assert [one.rule for one in together.diagnostics] == [
        "manifest/api-version",
        "yaml/duplicate-key",
        "manifest/duplicate-address",
    ]
    assert len(reads) < read_alone or sys.platform != "linux"
    for ours, theirs in zip(together.manifests, alone.manifests, strict=True):
        assert ours.locate("/spec/source") == theirs.locate("/spec/source")


@pytest.mark.parametrize("processes", [1, 2])
def test_a_project_too_large_to_hold_says_the_same_read_anew_for_each_look(root, reads, monkeypatch, processes):
    held = load(root)
    monkeypatch.setattr(loading, "workers", lambda: processes if sys.platform == "linux" else 1)
    placed = load(root, helper_above=0, by_place_above=0)
    assert placed == held
    reads.clear()
    assert [one.value for one in placed.manifests] == [one.value for one in held.manifests]
    for ours, theirs in zip(placed.manifests, held.manifests, strict=True):
        assert ours.locate("/spec/source") == theirs.locate("/spec/source")
    assert isinstance(placed.manifests[0].body, KeptDocument)


def _open_files():
    return {path.name for path in Path("/proc/self/fd").iterdir()}


def _no_fork():
    raise BlockingIOError(11, "Resource temporarily unavailable")


@pytest.mark.parametrize(("name", "put"), [("fork", _no_fork), ("pipe", _no_fork)])
def test_a_helper_that_cannot_start_costs_nothing_but_time(root, monkeypatch, name, put):
    alone = load(root)
    monkeypatch.setattr(loading, "workers", lambda: 2)
    monkeypatch.setattr(os, name, put)
    assert load(root, helper_above=0) == alone


@pytest.mark.skipif(sys.platform != "linux", reason="helpers are forked on Linux only")
@pytest.mark.parametrize("damage", [lambda *_: os.kill(os.getpid(), signal.SIGKILL), lambda *_: 1 // 0, lambda *_: {1: 2}])
def test_a_helper_that_dies_or_talks_nonsense_costs_nothing_but_time(root, monkeypatch, capfd, damage):
    alone = load(root)
    monkeypatch.setattr(loading, "workers", lambda: 2)
    monkeypatch.setattr(helper, "answer", damage)
    assert load(root, helper_above=0) == alone
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(sys.platform != "linux", reason="helpers are forked on Linux only")
def test_a_helper_leaves_no_process_and_no_open_file_behind(root):
    before = _open_files()
    started = start_helper([root / "manifests" / "0.yaml"], ReadLimits())
    assert started is not None
    assert len(started.collect()) == 1
    assert _open_files() == before
    with pytest.raises(ChildProcessError):
        os.waitpid(started._process, os.WNOHANG)


def test_nothing_is_forked_beside_a_thread_that_may_hold_a_lock():
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        assert workers() == 1
    finally:
        done.set()
        thread.join()


def test_the_answer_names_no_files_and_leaves_out_what_is_broken(root, tmp_path):
    (tmp_path / "bad.yaml").write_bytes(b"a: \xff")
    found = answer([root / "manifests" / "0.yaml", tmp_path / "bad.yaml", tmp_path / "missing.yaml"], ReadLimits())
    assert len(found) == 1
    assert str(root) not in repr(found)
