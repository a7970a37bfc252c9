"""Laws of lowering: whatever the schema accepts gets a meaning or a finding, never a traceback."""

from __future__ import annotations

import copy
import os
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from declarative.core.diagnostics import Position
from declarative.kinds import asset_rules, lower, values
from declarative.kinds.asset_checks import INTERFACE, TOP
from declarative.kinds.asset_glance import SURE, surely_right
from declarative.kinds.noting import RuleNoter
from declarative.kinds.unopened import AT_HAND, closed, pruned
from declarative.kinds.values import epoch_milliseconds
from declarative.manifest.model import Loaded, Manifest, Project
from declarative.schema import registry
from declarative.schema.messages import types_of
from declarative.schema.validate import is_valid

# More of them in a soak: DECLARATIVE_EXAMPLES=1000.
laws = settings(
    max_examples=int(os.environ.get("DECLARATIVE_EXAMPLES", "25")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
NOW = datetime(2026, 6, 24, 12, 0, tzinfo=UTC)
PROJECT = Project(name="acme", root=Path("/srv/acme"), environment=None, base_url=None, state_url="")
KINDS = [kind for kind in registry.kinds() if kind != registry.PROJECT]


def manifest(kind, name, spec, noter=None):
    position = Position(f"{kind}-{name}.yaml")
    value = {"apiVersion": "declarative/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}
    return Manifest.of(value, position, lambda _: position, noter and noter.note(kind, value))


def lowered(manifests):
    return lower(Loaded(PROJECT, tuple(manifests), (), "", ()), now=NOW)


TEXTS = st.text(max_size=8) | st.sampled_from(
    [
        "",
        " ",
        "192.0.2.1",
        "::1%eth0",
        "a@b.example",
        "1,2",
        "now-30d",
        "now-999999w",
        "2026-02-30",
        "9" * 30,
        "Asia/Calcutta",
        "x..y",
        "é.com",
    ]
)


def values_of(root, node):
    """Values that a schema accepts, odd ones among them."""
    node = registry.resolve(root, node)
    if "enum" in node:
        return st.sampled_from(node["enum"])
    makers = {
        "null": st.none,
        "boolean": st.booleans,
        "integer": lambda: st.integers(node.get("minimum", -(10**17)), node.get("maximum", 10**17)),
        "number": lambda: st.floats(0, 10**9) | st.integers(0, 10**9),
        "string": lambda: texts_of(node),
        "array": lambda: st.lists(values_of(root, node.get("items", {"type": "string"})), max_size=3),
        "object": lambda: objects_of(root, node),
    }
    return st.one_of([makers[name]() for name in types_of(node)])


def texts_of(node):
    own = [st.from_regex(node["pattern"].replace("$", r"\Z"))] if "pattern" in node else [TEXTS]
    return st.one_of(
        st.sampled_from([example for example in node.get("examples", ()) if isinstance(example, str)] or ["x"]), *own
    )


def objects_of(root, node):
    named = {name: values_of(root, child) for name, child in node.get("properties", {}).items()}
    required = {name: named.pop(name) for name in node.get("required", ())}
    fixed = st.fixed_dictionaries(required, optional=named)
    extra = node.get("additionalProperties")
    return st.dictionaries(st.text(max_size=4), values_of(root, extra), max_size=2) if isinstance(extra, dict) else fixed


def specs(kind):
    root = registry.schema_for(kind)
    return values_of(root, root["properties"]["spec"]).filter(lambda spec: is_valid(kind, envelope(kind, spec)))


def envelope(kind, spec):
    return {"apiVersion": "declarative/v1", "kind": kind, "metadata": {"name": "x"}, "spec": spec}


@pytest.mark.parametrize("kind", KINDS)
@laws
@given(data=st.data())
def test_whatever_the_schema_accepts_is_lowered_without_a_traceback(kind, data):
    spec = data.draw(specs(kind))
    connector = manifest("Connector", str(spec.get("connector", "c")), {"connectorUuid": "489e8429-2e82-4599-a2a8-2b8f3d5c7a10"})
    manifests = [manifest(kind, "x", spec), connector]
    state = lowered(manifests)
    assert state == lowered(manifests[::-1])
    for asset in state.assets:
        assert not any(value is None for value in leaves([asset.identity, asset.core]))
    for query in state.queries:
        assert all(isinstance(row.value, str) for row in (*query.filters.filters, *query.asset_filters.filters))
    for report in state.reports:
        assert all(isinstance(report.request.get(name, ""), str) for name in ("assetList", "tagList", "emailNotification"))


# Mostly right by the rules, too: an asset that no rule refuses is the one that is noted.
RIGHT_ASSETS = st.fixed_dictionaries(
    {"connector": st.sampled_from(["c", "d"]), "identityAttributes": st.just({"sourceNativeKey": "NK", "serialNumber": "SN-1"})},
    optional={
        "coreAttributes": st.dictionaries(
            st.sampled_from(["domain", "isContainer", "biosInfo", "ports", "sourceCreatedDate", "customConnectorAttributes"]),
            st.none()
            | st.just({})
            | st.just([])
            | st.just({"a": None})
            | st.just([None, {"port": None}])
            | st.just("2026-01-02"),
        ),
        "lifecycle": st.sampled_from([{}, {"onRemove": "retire"}, {"ignore": ["spec.coreAttributes.domain"]}]),
    },
)


TEXTS_OF_FORMS = (
    st.text("0123456789abcdefAF.:-+%{}_ @Zz", max_size=40)
    | st.sampled_from(list(SURE.values())).flatmap(lambda fits: st.from_regex(fits.__self__, fullmatch=True))
    | st.sampled_from(
        ["web", "localhost", "::1", "fe80::1", "0.0.0.0", "127.0.0.1", "00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "N/A", "a b"]
    )
)


@laws
@given(st.sampled_from(list(SURE)), TEXTS_OF_FORMS)
@example(values.ip_problem, "1:2:3:4:5:6:7::8")
@example(values.ip_problem, "1::2:3:4:5:6:7")
@example(values.fqdn_problem, ".".join(["a" * 63] * 4))
def test_what_a_check_is_sure_of_it_has_no_complaint_about(check, text):
    if SURE[check](text):
        assert check(text) is None
        assert text.strip() == text
        assert values.hidden_character(text) is None


RIGHT_TEXTS = {
    values.host_name_problem: "web-1",
    values.fqdn_problem: "web-1.example.com",
    values.ip_problem: "192.0.2.1",
    values.ipv4_problem: "192.0.2.1",
    values.ipv6_problem: "2001:db8::1",
    values.mac_problem: "00:50:56:aa:e2:da",
    values.uuid_problem: "489e8429-2e82-4599-a2a8-2b8f3d5c7a10",
    values.offset_problem: "+5:30",
}
RIGHT = {
    "connector": "c",
    "identityAttributes": {
        "sourceNativeKey": "NK 1",
        "serialNumber": "SN-1",
        "qualysAssetId": 7,
        **{name: RIGHT_TEXTS[TOP[name][1]] for name in ("hostName", "fqdn", "hardwareUuid", "networkUuid", "macAddress")},
        "ipAddress": ["192.0.2.1", "2001:db8::1"],
    },
    "coreAttributes": {
        **{name: RIGHT_TEXTS[TOP[name][1]] for name in ("fqdn", "dnsName", "address")},
        "hostName": "WEB-1",
        "isContainer": False,
        "biosInfo": {"serialNumber": "sn-1", **{name: RIGHT_TEXTS[TOP[name][1]] for name in ("hardwareUuid", "timeZone")}},
        "businessMetaData": {"status": "In use", "ownedBy": None},
        "networkInterfaces": [{name: RIGHT_TEXTS[check] for name, (_, check) in INTERFACE.items()}],
        "ports": [{"port": "443"}, {"port": 8080}],
        "volumes": [{"size": "1024", "free": ""}],
        "processor": {"speed": "2400"},
        "sourceCreatedDate": "2026-01-15T10:32:55Z",
        "sourceLastUpdatedDate": "2026-06-24",
    },
    "lifecycle": {"ignore": []},
}
ODD = (
    st.none()
    | TEXTS_OF_FORMS
    | st.lists(TEXTS_OF_FORMS, max_size=2)
    | st.sampled_from([0, 2**31, 65_536, "x" * 129, "2026-02-30", "2026-06-25T12:00:00Z", "2027-01-01"])
)


def _places(value, path=()):
    """Paths of every leaf."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    below = [place for key, child in children for place in _places(child, (*path, key))]
    return below or [path]


def _with(spec, path, new):
    changed = copy.deepcopy(spec)
    holder = changed
    for part in path[:-1]:
        holder = holder[part]
    holder[path[-1]] = new
    return changed


@laws
@given(specs("Asset") | st.builds(_with, st.just(RIGHT), st.sampled_from(_places(RIGHT)), ODD))
def test_where_a_glance_is_enough_no_rule_has_anything_to_say(spec):
    if is_valid("Asset", envelope("Asset", spec)) and surely_right(spec, NOW):
        assert list(asset_rules.findings(spec, NOW)) == []


def test_a_glance_is_enough_for_an_ordinary_asset():
    """Otherwise the law above says nothing."""
    assert is_valid("Asset", envelope("Asset", RIGHT))
    assert surely_right(RIGHT, NOW)
    assert not surely_right(_with(RIGHT, ("coreAttributes", "fqdn"), "web"), NOW)


@laws
@given(
    specs("Asset") | RIGHT_ASSETS.filter(lambda spec: is_valid("Asset", envelope("Asset", spec))),
    st.timedeltas(timedelta(days=-3), timedelta(days=3)),
)
def test_an_asset_that_was_noted_means_what_it_means_when_looked_into(spec, ago):
    connector = manifest("Connector", "c", {"connectorUuid": "489e8429-2e82-4599-a2a8-2b8f3d5c7a10"})
    noted = lowered([connector, manifest("Asset", "x", spec, RuleNoter(NOW - ago))])
    plain = lowered([connector, manifest("Asset", "x", spec)])
    assert noted == plain
    text = [closed(asset) for asset in plain.assets]
    assert text == list(plain.assets)
    for one, other in zip((*noted.assets, *text), (*plain.assets, *plain.assets), strict=True):
        assert list(one.core) == list(other.core)
        assert (one.native_key, one.pinned_id, one.digest) == (other.native_key, other.pinned_id, other.digest)
        assert all(one.identity.get(name) == other.identity.get(name) for name in AT_HAND)


def leaves(value):
    if isinstance(value, dict):
        for item in value.values():
            yield from leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item)
    else:
        yield value


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


@laws
@given(st.dictionaries(st.text(max_size=3), JSON, max_size=4))
def test_taking_nulls_out_leaves_none_and_is_done_once(value):
    once = pruned(value)
    assert pruned(once) == once
    assert not any(leaf is None for leaf in leaves(once))


@laws
@given(st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(9000, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_a_moment_is_the_same_number_however_it_is_written(moment):
    number = epoch_milliseconds(moment.isoformat())
    assert epoch_milliseconds(moment.isoformat().replace("+00:00", "Z")) == number
    assert epoch_milliseconds(moment.isoformat(sep=" ")) == number
    assert epoch_milliseconds(str(number)) == epoch_milliseconds(number) == number
    assert 0 <= moment.timestamp() * 1000 - number < 1.001


@laws
@given(st.lists(st.sampled_from(["NK-1", "nk-1", "NK-2", None]), max_size=6), st.randoms(use_true_random=False))
def test_claims_are_found_whatever_the_order_of_files(keys, order):
    connector = manifest("Connector", "c", {"connectorUuid": "489e8429-2e82-4599-a2a8-2b8f3d5c7a10"})
    assets = [
        manifest(
            "Asset", f"a{index}", {"connector": "c", "identityAttributes": {"sourceNativeKey": key, "hostName": f"h{index}"}}
        )
        for index, key in enumerate(keys)
    ]
    shuffled = [connector, *assets]
    random.Random(order.random()).shuffle(shuffled)
    found = [diagnostic for diagnostic in lowered(shuffled).diagnostics if diagnostic.rule == "asset/shared-native-key"]
    known = [key.lower() for key in keys if key is not None]
    assert len(found) == len(known) - len(set(known))
    assert found == [
        diagnostic for diagnostic in lowered([connector, *assets]).diagnostics if diagnostic.rule == "asset/shared-native-key"
    ]


KEYS = [
    "NK-1", "nk-1", "NK-2", "nк-1", " NK-1", "N K-1", "NK\u20111", "ſ", "S", "K", "\u212a", ",", ",,",
    "é", "e\u0301", "1", None,
]  # fmt: skip
SERIALS = ["SN-1", "sn-1", "S N-1", "SN-2", "SN\u00a01", ",", "Ⅳ", "IV", None]
UUIDS = [
    "564d8a5e-0000-4000-8000-000000000001",
    "564D8A5E-0000-4000-8000-000000000001",
    "{564d8a5e-0000-4000-8000-000000000001}",
    "564d8a5e00004000800000000000000001",
    "564d8a5e-0000-4000-8000-000000000002",
    None,
]
IDENTITIES = st.fixed_dictionaries(
    {
        "connector": st.sampled_from(["a", "b"]),
        "sourceNativeKey": st.sampled_from(KEYS),
        "serialNumber": st.sampled_from(SERIALS),
        "hardwareUuid": st.sampled_from(UUIDS),
        "qualysAssetId": st.sampled_from([1, 2, 3, None]),
        "noted": st.booleans(),
    }
)


@laws
@given(st.lists(IDENTITIES, min_size=1, max_size=5))
def test_what_is_proved_unique_for_all_at_once_is_what_looking_at_each_finds(identities):
    uuid = "489e8429-2e82-4599-a2a8-00000000000"
    manifests = [
        manifest("Connector", name, {"connectorUuid": f"{uuid}{number}", "source": "S"}) for number, name in enumerate("ab")
    ]
    for number, given_ in enumerate(identities):
        said = {name: value for name, value in given_.items() if name not in ("connector", "noted") and value is not None}
        spec = {"connector": given_["connector"], "identityAttributes": {"hostName": f"h{number}", **said}}
        manifests.append(manifest("Asset", f"h{number}", spec, RuleNoter(NOW) if given_["noted"] else None))
    found = lowered(manifests).diagnostics
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("declarative.kinds.claims._surely_unique", lambda assets: ())
        assert lowered(manifests).diagnostics == found
