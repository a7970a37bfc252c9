"""A reader cannot write, and nobody can talk to another host."""

from __future__ import annotations

import httpx
import pytest

from declarative.qualys.guard import ForbiddenRequestError, PinnedTransport, ReadOnlyTransport
from declarative.qualys.target import target_of
from declarative.qualys.transport import JSON
from declarative.qualys.verdicts import CallClass
from declarative.qualys.wire import Request

TARGET = target_of("https://gateway.example/base")


def passing(request):
    return httpx.Response(200)


def gate(kind, target=TARGET):
    return httpx.Client(transport=kind(httpx.MockTransport(passing), target))


READS = [
    ("POST", "/auth"),
    ("POST", "/auth/oidc"),
    ("POST", "/rest/2.0/search/am/asset?pageSize=1"),
    ("POST", "/rest/2.0/count/am/asset"),
    ("GET", "/rest/2.0/get/am/asset?assetId=1"),
    ("POST", "/rest/2.0/am/asset/component?pageSize=1"),
    ("POST", "/rest/2.0/am/asset/component/17"),
    ("GET", "/rest/2.0/am/report/download?reportName=x"),
]
NO_READS = [
    ("POST", "/rest/2.0/am/connector/asset/data/sync"),
    ("POST", "/rest/2.0/am/report"),
    ("POST", "/rest/2.0/am/report/"),
    ("POST", "/rest/2.0/am/report/download"),
    ("PUT", "/rest/2.0/search/am/asset"),
    ("DELETE", "/rest/2.0/get/am/asset"),
    ("POST", "/rest/2.0/update/am/asset/business/metadata"),
    ("POST", "/rest/2.0/upsert/am/businessapp/metadata"),
    ("POST", "/rest/2.0/search/am/asset/../../am/report"),
    ("POST", "/rest/2.0/search/am/asset%2f..%2freport"),
    ("POST", "/rest/2.0/am/asset/component/17/delete"),
    ("POST", "/rest/2.0/am/report?x=/rest/2.0/search/am/asset"),
    ("POST", "/qps/rest/2.0/delete/am/asset"),
]


@pytest.mark.parametrize(("method", "path"), READS)
def test_reads_pass(method, path):
    assert gate(ReadOnlyTransport).request(method, TARGET.of(path)).status_code == 200


@pytest.mark.parametrize(("method", "path"), NO_READS)
def test_nothing_else_passes(method, path):
    with pytest.raises(ForbiddenRequestError):
        gate(ReadOnlyTransport).request(method, TARGET.of(path))


@pytest.mark.parametrize("kind", [PinnedTransport, ReadOnlyTransport])
@pytest.mark.parametrize(
    "url", ["https://evil.example/base/auth", "http://gateway.example/base/auth", "https://gateway.example:8443/base/auth"]
)
def test_another_host_is_never_reached(kind, url):
    with pytest.raises(ForbiddenRequestError):
        gate(kind).post(url)


def test_a_reader_has_no_writes_and_its_wire_refuses_them(gateway, connect):
    client = connect(read_only=True)
    assert not hasattr(client, "sync")
    assert not hasattr(client, "create_report")
    for path in ("/rest/2.0/am/connector/asset/data/sync", "/rest/2.0/am/report"):
        for own in (False, True):
            with pytest.raises(ForbiddenRequestError):
                client._transport.send(Request("POST", path, {}, b"{}", JSON, own_connection=own), CallClass.READ)
    assert [request.path for request in gateway.seen] == ["/auth"]
