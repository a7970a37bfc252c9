from __future__ import annotations

from typing import Any

import pytest

from declarative.assets import normalise as n


@pytest.mark.parametrize("nothing", [None, "", " ", ",,", " , ", "\t\n"])
@pytest.mark.parametrize("form", [n.text, n.nocase, n.compact, n.words, n.hostname, n.uuid, n.mac, n.ip, n.ip_set, n.mac_set, n.integer, n.measure, n.instant, n.timezone])  # fmt: skip  # noqa: E501
def test_what_the_api_writes_for_nothing_is_absent(form: Any, nothing: Any) -> None:
    assert form(nothing) is None


@pytest.mark.parametrize("never", [0, -1, "0", "-1", 0.0])
def test_zero_and_minus_one_mean_never_in_dates_and_unknown_in_measures(never: Any) -> None:
    assert n.instant(never) is None
    assert n.measure(never) is None
    assert n.integer(never) is not None


@pytest.mark.parametrize(
    ("form", "one", "other"),
    [
        (n.text, "Caf\u00e9", "Cafe\u0301"),
        (n.text, " Sales ", "Sales"),
        (n.text, 4711, "4711"),
        (n.nocase, "WEB-01", "web-01"),
        (n.nocase, "STRASSE", "straße"),
        (n.compact, "No Asset Tag", "NoAssetTag"),
        (n.words, "Windows  Server\t2019", "windows server 2019"),
        (n.hostname, "Web-01.Corp.Example.", "web-01.corp.example"),
        (n.uuid, "{422A2B16-4C8B-588A-A20C-C1851AD7E376}", "422a2b164c8b588aa20cc1851ad7e376"),
        (n.mac, "00-50-56-AA-E2-DA", "0050.56aa.e2da"),
        (n.mac, "0:50:56:aa:e2:da", "005056AAE2DA"),
        (n.ip, "2001:DB8:0:0::1", "2001:db8::1"),
        (n.ip, "::ffff:10.0.0.7", "10.0.0.7"),
        (n.ip, "fe80::1%eth0", "fe80::1"),
        (n.ip_set, ["10.0.0.8", "10.0.0.7"], "10.0.0.7, 10.0.0.8"),
        (n.ip_set, "10.0.0.7", ["10.0.0.7"]),
        (n.mac_set, "00:50:56:aa:e2:da", ["00-50-56-AA-E2-DA"]),
        (n.id_set, 608042025011, ["608042025011"]),
        (n.integer, "64", 64),
        (n.integer, 64.0, "64.0"),
        (n.instant, 1768473175000, "2026-01-15T10:32:55Z"),
        (n.instant, "1768473175000", "2026-01-15T16:02:55+05:30"),
        (n.instant, "2026-01-15", "2026-01-15T00:00:00.000Z"),
        (n.timezone, "+5:30", "+05:30"),
        (n.timezone, "+0530", "UTC+05:30"),
        (n.timezone, "Z", "-00:00"),
    ],
)
def test_two_ways_to_write_one_value_are_one_value(form: Any, one: Any, other: Any) -> None:
    assert form(one) == form(other)
    assert form(one) is not None


@pytest.mark.parametrize(
    ("form", "one", "other"),
    [
        (n.text, "Sales", "sales"),
        (n.hostname, "web-01.a.example", "web-01.b.example"),
        (n.mac, "00:50:56:aa:e2:da", "00:50:56:aa:e2:db"),
        (n.ip, "10.0.0.7", "10.0.0.70"),
        (n.timezone, "+5:30", "-5:30"),
        (n.timezone, "IST", "+05:30"),
        (n.instant, 1768473175000, 1768473175001),
        (n.integer, "64", "064x"),
        (n.instant, 0, 1),
    ],
)
def test_two_values_stay_two(form: Any, one: Any, other: Any) -> None:
    assert form(one) != form(other)


def test_a_short_host_name_is_the_first_label_and_an_address_stays_whole() -> None:
    assert n.short_hostname("Web-01.corp.example") == "web-01"
    assert n.short_hostname("10.0.0.7") == "10.0.0.7"


def test_an_opaque_value_ignores_order_of_keys_and_nothings() -> None:
    assert n.opaque({"a": 1, "b": None, "c": [{"d": "x"}]}) == n.opaque({"c": [{"d": "x", "e": ""}], "a": "1"})
    assert n.opaque([1, 2]) != n.opaque([2, 1])
