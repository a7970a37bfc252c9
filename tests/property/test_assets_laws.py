"""Laws of the normal forms and of comparison."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from declarative.assets.compare import Verdict, canonical, compare, same_value
from declarative.assets.fields import CUSTOM, Form, Readability, all_fields, flatten
from declarative.assets.keys import ADDRESS
from declarative.assets.model import ConnectorRef, LiveAsset
from declarative.assets.normalise import NORMALISERS
from declarative.assets.quick import AS_DECLARED, LOOKS, custom_in_sync, look, looked_at
from declarative.assets.reverse import manifest_of, suggest_name

CONNECTOR = ConnectorRef("servicenow", "uuid", "SNOW")

_written = st.one_of(
    st.text(max_size=12),
    st.text(alphabet="0123456789abcdefABCDEFxX:.-, {}%+", max_size=40),
    st.sampled_from(
        [
            "+5:30",
            "utc+0530",
            "00-50-56-AA-E2-DA",
            "::ffff:1.2.3.4",
            "fe80::1%eth0",
            "2026-01-15",
            "0",
            "-1",
            ",,",
            "ǰ",
            "İ",
            "ΰ",
            "ſ",
        ]
    ),
)
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), _written)
values = st.one_of(scalars, st.lists(_written, max_size=4))
json_values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3), max_leaves=6
)

SPECS = st.sampled_from(list(all_fields()))
TOP_KEYS = st.sampled_from(sorted({path.partition(".")[0].removesuffix("[]") for spec in all_fields() for path in spec.response}))
FORMS = [form for form in NORMALISERS if form is not Form.OPAQUE]


@settings(max_examples=600)
@given(form=st.sampled_from(FORMS), value=values)
def test_a_normal_form_is_its_own_normal_form(form: Form, value: Any) -> None:
    once = NORMALISERS[form](value)
    assert NORMALISERS[form](once) == once


class Uncommon(str):
    """A text that no shortcut for common texts is taken for."""

    __slots__ = ()


_common = st.text("abzAF059-_.:,{} ", max_size=12) | st.uuids().map(str) | st.uuids().map(lambda one: f"{{{one}}}".upper())
_common |= st.ip_addresses(v=4).map(str) | st.binary(min_size=6, max_size=6).map(lambda six: six.hex(":"))


@settings(max_examples=600)
@given(form=st.sampled_from(FORMS), value=_written | _common)
def test_a_common_text_has_the_form_that_the_long_way_gives_it(form: Form, value: str) -> None:
    assert NORMALISERS[form](value) == NORMALISERS[form](Uncommon(value))


@settings(max_examples=300)
@given(address=st.ip_addresses(v=4))
def test_an_address_identifies_an_asset_unless_everybody_may_have_it(address: IPv4Address) -> None:
    common = address.is_loopback or address.is_link_local or address.is_unspecified or address.is_multicast
    assert ADDRESS.clean([str(address)]) == (set() if common else {str(address)})


@settings(max_examples=300)
@given(
    form=st.sampled_from([Form.IP_SET, Form.MAC_SET, Form.ID_SET]),
    members=st.lists(_written, max_size=5),
    seed=st.randoms(use_true_random=False),
)
def test_a_set_has_no_order_and_may_come_joined(form: Form, members: list[str], seed: Any) -> None:
    shuffled = list(members)
    seed.shuffle(shuffled)
    assert NORMALISERS[form](members) == NORMALISERS[form](shuffled) == NORMALISERS[form](", ".join(members))


@settings(max_examples=600)
@given(spec=SPECS, one=json_values, other=json_values)
def test_meaning_the_same_is_reflexive_and_symmetric_and_never_crashes(spec: Any, one: Any, other: Any) -> None:
    path = spec.path.replace("*", "key")
    assert same_value(path, one, one)
    assert same_value(path, one, other) == same_value(path, other, one)
    hash(canonical(path, one))


@settings(max_examples=600)
@given(spec=SPECS, desired=json_values, record=st.dictionaries(TOP_KEYS, json_values, max_size=6))
def test_comparing_never_crashes_and_what_the_service_rewrites_never_differs(spec: Any, desired: Any, record: Any) -> None:
    seen = compare(spec.path.replace("*", "key"), desired, record, CONNECTOR)
    if spec.readability is not Readability.READABLE:
        assert seen.verdict is not Verdict.DIFFERENT
    if spec.readability is Readability.WRITE_ONLY:
        assert seen.verdict is Verdict.UNREADABLE


@given(desired=scalars, live=scalars)
def test_equality_of_a_plain_field_does_not_depend_on_which_side_is_live(desired: Any, live: Any) -> None:
    path = "coreAttributes.businessMetaData.company"
    there = compare(path, desired, {"businessInformation": {"company": live}}, CONNECTOR).verdict
    back = compare(path, live, {"businessInformation": {"company": desired}}, CONNECTOR).verdict
    assert there is back


words = st.text(alphabet="abcXYZ -._0", min_size=1, max_size=8)
addresses = st.sampled_from(["10.0.0.7", "10.0.0.8, 10.0.0.9", "2001:db8::1", "", "127.0.0.1", "not-an-address"])
macs = st.sampled_from(["00:50:56:aa:e2:da", "00-50-56-AA-E2-DB", "", "xx:xx"])


def record_of(**keys: Any) -> Any:
    return st.fixed_dictionaries({}, optional={key: st.none() | value for key, value in keys.items()})


def listed(outer: str, inner: str, record: Any) -> Any:
    return record_of(**{outer: st.fixed_dictionaries({inner: st.none() | st.lists(record, max_size=4)})})


RECORDS = st.builds(
    lambda *parts: {"assetId": 5} | {key: value for part in parts for key, value in part.items()},
    record_of(assetName=words, dnsName=words, netbiosName=words, address=addresses, biosSerialNumber=words, hwUUID=words,
              biosAssetTag=words, biosDescription=words, totalMemory=st.integers(-1, 9999), timeZone=words | st.just("+05:30"),
              cpuCount=st.integers(-1, 9), domainRole=words,
              processor=record_of(description=words, speed=st.integers(-1, 9), numCPUs=st.integers(-1, 9)),
              operatingSystem=record_of(osName=words, fullName=words, version=words, architecture=words),
              hardware=record_of(manufacturer=words, model=words, productName=words),
              businessInformation=record_of(company=words, department=words, operationalStatus=words),
              assignedLocation=record_of(name=words, city=words),
              customAttributes=st.lists(
                  record_of(key=words, value=words, connectorName=st.sampled_from(["servicenow", "Qualys"])), max_size=4)),
    listed("openPortListData", "openPort", record_of(
        port=st.integers(0, 9), protocol=words, detectedService=words, description=words)),
    listed("serviceList", "service", record_of(name=words, description=words, status=words)),
    listed("volumeListData", "volume", record_of(name=words, size=st.integers(-1, 9), free=st.integers(-1, 9))),
    listed("userAccountListData", "userAccount", record_of(name=words)),
    listed("softwareListData", "software", record_of(fullName=words, discoveredName=words, version=words)),
    listed("networkInterfaceListData", "networkInterface", record_of(
        hostname=words, addressIpV4=addresses, addressIpV6=addresses, macAddress=macs, interfaceName=words,
        dnsAddress=addresses, gatewayAddress=addresses)),
    listed("businessAppListData", "businessApp", record_of(id=words)),
)  # fmt: skip


@given(record=RECORDS)
def test_what_import_writes_never_differs_from_the_record_it_came_from(record: dict[str, Any]) -> None:
    manifest = manifest_of(LiveAsset(5, record), CONNECTOR, name="x")
    spec = manifest["spec"]
    for path, value in flatten(spec["identityAttributes"], spec.get("coreAttributes", {})).items():
        assert value not in (None, "", [], {}), path
        if path.startswith(CUSTOM) or path.endswith(("operatingSystem", "osVersion")):
            assert compare(path, value, record, CONNECTOR).verdict is not Verdict.DIFFERENT, path
        else:
            assert compare(path, value, record, CONNECTOR).verdict is Verdict.EQUAL, path
    assert suggest_name(LiveAsset(5, record))[0].isalnum()


TESTABLE = st.sampled_from(list(LOOKS)) | words.map(lambda key: CUSTOM + str(key))
plain = st.one_of(words, addresses, macs, st.integers(-1, 99), st.just("None"), st.just(""))
sub_names = st.sampled_from(["name", "version", "port", "size", "username", "hostName", "type"])
wanted = st.one_of(
    plain,
    st.lists(plain, max_size=3),
    st.lists(st.dictionaries(sub_names, plain), max_size=3),
)  # fmt: skip


@settings(max_examples=600)
@given(path=TESTABLE, desired=wanted, record=RECORDS, data=st.data())
def test_a_cheap_test_that_says_equal_is_right(path: str, desired: Any, record: dict[str, Any], data: Any) -> None:
    shown = compare(path, desired, record, CONNECTOR).live_value
    if shown is not None and data.draw(st.booleans()):
        desired = shown
    if look(path, desired, record, CONNECTOR) is AS_DECLARED:
        assert compare(path, desired, record, CONNECTOR).verdict is Verdict.EQUAL
    assert look(path, desired, record, CONNECTOR).verdict is compare(path, desired, record, CONNECTOR).verdict
    assert looked_at({path: desired}, record, CONNECTOR) == {path: look(path, desired, record, CONNECTOR)}


@given(record=RECORDS, declared=st.dictionaries(words, words, max_size=3))
def test_custom_attributes_found_in_one_go_are_equal_one_by_one(record: dict[str, Any], declared: dict[str, str]) -> None:
    attributes = [{"key": key, "value": value, "connectorName": "servicenow"} for key, value in declared.items()]
    record = {**record, "customAttributes": [*(record.get("customAttributes") or ()), *attributes]}
    fields = {CUSTOM + key: value for key, value in declared.items()}
    for path in custom_in_sync(fields, record):
        assert compare(path, fields[path], record, CONNECTOR).verdict is Verdict.EQUAL
