"""The warm cache is never wrong, whatever happens to the files and to itself."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from declarative.core.diagnostics import ordered
from declarative.kinds import lower
from declarative.kinds.registry import depends_on_text_alone
from declarative.manifest import load
from declarative.manifest.cache import CACHE_FILE
from declarative.manifest.verdict import VERDICT_FILE, recall, remember

# More of them in a soak: DECLARATIVE_EXAMPLES=1000.
laws = settings(
    max_examples=int(os.environ.get("DECLARATIVE_EXAMPLES", "25")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
NAMES = ["manifests/a.yaml", "manifests/b.yaml", "manifests/c.yaml"]
DOCUMENT = """\
apiVersion: declarative/v1
kind: Connector
metadata: {{name: {name}}}
spec: {{connectorUuid: 5de2a9b0-1111-4222-8333-444455556666, source: {source}}}
"""
PROJECT = """\
apiVersion: declarative/v1
kind: Project
metadata: {name: p}
spec:
  variables: {x: default}
  environments: {prod: {overlays: [{target: Connector/*, patch: {spec: {source: PROD}}}]}}
"""

documents = st.builds(
    DOCUMENT.format,
    name=st.sampled_from(["one", "two", "three", "bad name"]),
    source=st.sampled_from(["SNOW", "${env.SITE}", "012", "'q'", '"\\u00e9"', "${var.x}", "[]", "null", "x # c"]),
)
contents = st.lists(documents, max_size=3).map("---\n".join) | st.sampled_from(["", "a: [", "\ufeff# c\n"])
name = st.sampled_from(NAMES)
edits = st.lists(
    st.tuples(st.just("write"), name, contents)
    | st.tuples(st.just("touch"), name, st.none())
    | st.tuples(st.just("rename"), name, name)
    | st.tuples(st.just("cut"), name, st.integers(0, 300))
    | st.tuples(st.just("remove"), name, st.none())
    | st.tuples(st.just("spoil"), st.sampled_from(["cache", "verdict"]), st.integers(0, 2000))
    | st.tuples(st.just("cut"), st.sampled_from(["cache", "verdict"]), st.integers(0, 2000))
    | st.tuples(st.just("write"), st.just("declarative.yaml"), st.sampled_from([PROJECT, PROJECT.replace("default", "other")])),
    max_size=4,
)


def edit(root, what, where, value):
    path = root / {"cache": CACHE_FILE, "verdict": VERDICT_FILE}.get(where, where)
    if what == "write":
        path.write_text(value)
    elif not path.exists():
        return
    elif what == "touch":
        os.utime(path, (1, 1))
    elif what == "rename":
        path.rename(root / value)
    elif what == "cut":
        path.write_bytes(path.read_bytes()[:value])
    elif what == "remove":
        path.unlink()
    else:
        data = bytearray(path.read_bytes())
        if value < len(data):
            data[value] ^= 1
        path.write_bytes(data)


@given(st.lists(st.tuples(edits, st.sampled_from([None, "prod"]), st.sampled_from([{}, {"x": "given"}])), min_size=1, max_size=5))
@laws
def test_a_cached_run_says_what_an_uncached_one_says(tmp_path_factory, rounds):
    root = tmp_path_factory.mktemp("p")
    (root / "manifests").mkdir()
    (root / "declarative.yaml").write_text(PROJECT)
    home = {"HOME": str(root / "home")}
    for number, (changes, environment, variables) in enumerate(rounds):
        if number == 0:
            (root / NAMES[0]).write_text(DOCUMENT.format(name="first", source="SNOW"))
        for change in changes:
            edit(root, *change)
        warm = load(root, environment=environment, variables=variables, environ=home, cache_above=-1)
        cold = load(root, environment=environment, variables=variables, environ={})
        assert warm == cold
        for ours, theirs in zip(warm.manifests, cold.manifests, strict=True):
            assert ours.locate("/spec/source") == theirs.locate("/spec/source")


NOW = datetime(2026, 6, 1, tzinfo=UTC)


def said(loaded):
    return ordered((*loaded.diagnostics, *lower(loaded, now=NOW).diagnostics))


@given(
    st.lists(
        st.tuples(
            edits, st.sampled_from([None, "prod"]), st.sampled_from([{}, {"x": "given"}]), st.sampled_from([{}, {"SITE": "a"}])
        ),
        min_size=2,
        max_size=6,
    )
)
@laws
def test_a_remembered_verdict_is_what_a_fresh_run_would_say(tmp_path_factory, rounds):
    root = tmp_path_factory.mktemp("p")
    (root / "manifests").mkdir()
    (root / "declarative.yaml").write_text(PROJECT)
    (root / NAMES[0]).write_text(DOCUMENT.format(name="first", source="SNOW"))
    for changes, environment, variables, site in rounds:
        for change in changes:
            edit(root, *change)
        home = {"HOME": str(root / "home"), **site}
        fresh = load(root, environment=environment, variables=variables, environ=site)
        known = recall(root, environment, variables, home, NOW)
        if known is not None:
            assert (known.diagnostics, known.files, known.manifests) == (said(fresh), fresh.files, len(fresh.manifests))
        cached = load(root, environment=environment, variables=variables, environ=home, cache_above=-1)
        if cached.inputs is not None and depends_on_text_alone(cached):
            remember(root, environment, variables, home, NOW, cached.inputs, len(cached.manifests), said(cached))
            again = recall(root, environment, variables, home, NOW)
            assert again is None or again.diagnostics == said(fresh)
