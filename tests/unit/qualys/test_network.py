"""The way to the host: TLS, proxies, and answers that never end."""

from __future__ import annotations

import contextlib
import resource
import signal
import socket
import ssl
import subprocess
import threading
import time

import pytest

from declarative.core.clock import SystemClock
from declarative.core.errors import ApiError
from declarative.core.secrets import Secret
from declarative.qualys.credentials import TokenCredentials
from declarative.qualys.model import ReportOutcomeStatus
from declarative.qualys.patience import Policy
from declarative.qualys.wire import Settings

COUNT = "/rest/2.0/count/am/asset"
REPORT = "/rest/2.0/am/report"
DOWNLOAD = "/rest/2.0/am/report/download"
ONE = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{"count":1}'
READY = TokenCredentials(Secret("ready-made-token"))
ONCE = Policy(connect_attempts=1, fault_attempts=1)


@contextlib.contextmanager
def listening(serve):
    """A server that hands each connection to `serve`, in a thread of its own."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=guarded, args=(connection,), daemon=True).start()

        def guarded(connection):
            with contextlib.suppress(OSError), connection:
                serve(connection)

        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    key, cert = folder / "key.pem", folder / "cert.pem"
    names = ["-subj", "/CN=gateway.test", "-addext", "subjectAltName=DNS:localhost,DNS:gateway.test"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "2", *names]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context, cert


def answering(context):
    def serve(connection):
        with context.wrap_socket(connection, server_side=True) as secured:
            # Closing with the body of the request unread would reset the connection under the answer.
            asked = b""
            while not asked.endswith(b"\r\n\r\n{}"):
                more = secured.recv(65536)
                if not more:
                    return
                asked += more
            secured.sendall(ONE)

    return serve


def test_an_untrusted_certificate_is_not_tried_again(connect, certificate, heard):
    with listening(answering(certificate[0])) as port, pytest.raises(ApiError, match="certificate was not accepted") as caught:
        connect(read_only=True, url=f"https://localhost:{port}").count()
    assert "SSL_CERT_FILE" in caught.value.hint
    assert len(heard.calls) == 1


def test_a_certificate_authority_of_the_environment_is_trusted(connect, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[1]))
    with listening(answering(certificate[0])) as port:
        assert connect(read_only=True, url=f"https://localhost:{port}", credentials=READY).count() == 1


def test_a_certificate_authority_that_cannot_be_read_is_an_error_in_words(connect, monkeypatch, tmp_path):
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
    (tmp_path / "cert.pem").write_text("no certificate")
    with pytest.raises(ApiError, match="certificate authorities cannot be read"):
        connect(read_only=True, url="https://gateway.test")


def tunnel(port, said):
    """A proxy that connects everything to one local port."""

    def serve(connection):
        said.append(connection.recv(65536))
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with socket.create_connection(("127.0.0.1", port)) as far:

            def pump(source, sink):
                with contextlib.suppress(OSError):
                    while data := source.recv(65536):
                        sink.sendall(data)
                    sink.shutdown(socket.SHUT_WR)

            back = threading.Thread(target=pump, args=(far, connection), daemon=True)
            back.start()
            pump(connection, far)
            back.join(5)

    return serve


def test_a_proxy_sees_the_host_and_no_token(connect, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[1]))
    said: list[bytes] = []
    with listening(answering(certificate[0])) as port, listening(tunnel(port, said)) as proxy:
        environ = {"HTTPS_PROXY": f"http://someone:proxypass@127.0.0.1:{proxy}"}
        assert connect(read_only=True, url="https://gateway.test", credentials=READY, environ=environ).count() == 1
    assert said[0].startswith(b"CONNECT gateway.test:443 ")
    assert b"Proxy-Authorization: Basic" in said[0]
    assert b"ready-made-token" not in said[0]


@pytest.mark.parametrize("status", [403, 407, 502])
def test_a_proxy_that_refuses_has_surely_not_sent_a_report(connect, heard, status):
    def serve(connection):
        connection.recv(65536)
        connection.sendall(f"HTTP/1.1 {status} Go away\r\nContent-Length: 0\r\n\r\n".encode())

    with listening(serve) as proxy:
        environ = {"ALL_PROXY": f"http://someone:proxypass@127.0.0.1:{proxy}"}
        outcome = connect(url="https://gateway.test", credentials=READY, environ=environ).create_report({"name": "r"})
    assert outcome.status is ReportOutcomeStatus.NOT_SENT
    assert f"the proxy refused: {status}" in outcome.error
    assert "proxypass" not in outcome.error
    assert len(heard.calls) == 4


def test_a_proxy_that_dies_before_the_tunnel_has_surely_not_sent_a_report(connect):
    with listening(lambda connection: connection.recv(65536)) as proxy:
        environ = {"HTTPS_PROXY": f"http://127.0.0.1:{proxy}"}
        outcome = connect(url="https://gateway.test", credentials=READY, environ=environ).create_report({"name": "r"})
    assert outcome.status is ReportOutcomeStatus.NOT_SENT


def test_a_tunnel_with_a_foreign_certificate_gets_no_report(connect, certificate):
    with listening(answering(certificate[0])) as port, listening(tunnel(port, [])) as proxy:
        environ = {"HTTPS_PROXY": f"http://127.0.0.1:{proxy}"}
        outcome = connect(url="https://gateway.test", credentials=READY, environ=environ).create_report({"name": "r"})
    assert outcome.status is ReportOutcomeStatus.NOT_SENT
    assert "certificate" in outcome.error


@pytest.mark.parametrize("proxy", ["gopher://127.0.0.1:1", "socks5://127.0.0.1:1"])
def test_a_proxy_that_cannot_be_used_is_named_by_its_variable_alone(connect, proxy):
    with pytest.raises(ApiError) as caught:
        connect(read_only=True, url="https://gateway.test", environ={"HTTPS_PROXY": proxy}, policy=ONCE).count()
    assert "127.0.0.1" not in caught.value.message
    assert "HTTPS_PROXY" in (caught.value.hint or "")


def test_a_host_that_cannot_be_reached_is_named(connect):
    with pytest.raises(ApiError, match=r"127\.0\.0\.1:\d+ cannot be reached: Connection refused") as caught:
        connect(read_only=True, url="http://127.0.0.1:9").count()
    assert "proxy, firewall, DNS" in caught.value.hint


@pytest.mark.parametrize("part", ["head", "body"])
def test_an_answer_that_trickles_ends_at_the_deadline(connect, part):
    def serve(connection):
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        if part == "body":
            connection.sendall(b"Content-Length: 100000\r\n\r\n")
        for n in range(500):
            connection.sendall(f"X-{n}: y\r\n".encode() if part == "head" else b" ")
            time.sleep(0.02)

    with listening(serve) as port:
        started = time.monotonic()
        client = connect(
            read_only=True,
            url=f"http://127.0.0.1:{port}",
            credentials=READY,
            clock=SystemClock(),
            settings=Settings(read=5, deadline=0.3),
            policy=ONCE,
        )
        with pytest.raises(ApiError, match=r"did not end within 0\.3 s"):
            client.count()
        assert time.monotonic() - started < 3


def test_an_endless_head_is_refused(connect):
    def serve(connection):
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + b"X-Long: " + b"y" * 3_000_000)

    with listening(serve) as port, pytest.raises(ApiError):
        connect(read_only=True, url=f"http://127.0.0.1:{port}", credentials=READY, policy=ONCE).count()


def test_a_compressed_answer_counts_by_what_it_becomes(gateway, connect):
    import gzip

    bomb = gzip.compress(b" " * 5_000_000)
    gateway.always(COUNT, gateway.reply(200, bomb, headers={"Content-Encoding": "gzip"}))
    with pytest.raises(ApiError, match="larger than 1,000,000 bytes"):
        connect(read_only=True, settings=Settings(max_answer=1_000_000), policy=ONCE).count()


def test_a_full_disk_is_said_and_not_tried_again(gateway, connect, tmp_path):
    gateway.always(DOWNLOAD, gateway.reply(200, b"%PDF" + b"x" * 500_000, kind="application/pdf"))
    client = connect(read_only=True)
    client.login()
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))
    try:
        with pytest.raises(ApiError, match="could not be written") as caught:
            client.download_report("r", tmp_path / "r.pdf")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert "is there room" in caught.value.hint
    assert len(gateway.to(DOWNLOAD)) == 1
    assert list(tmp_path.iterdir()) == []


def test_closing_ends_the_connections(gateway, connect):
    gateway.always(COUNT, gateway.reply(200, {"count": 1}))
    with connect(read_only=True) as client:
        client.count()
    with pytest.raises(RuntimeError):
        client.count()
