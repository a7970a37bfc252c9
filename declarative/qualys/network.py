"""The way to the host as the environment describes it: proxy and certificate authorities."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Mapping

import httpx

from declarative.core.errors import ApiError
from declarative.qualys.answers import clean
from declarative.qualys.target import Target


def proxy_for(target: Target, environ: Mapping[str, str]) -> str | None:
    """The proxy for the one host we talk to (HTTPS_PROXY, ALL_PROXY, NO_PROXY, either case); never for loopback."""
    if target.loopback:
        return None

    def value(name: str) -> str:
        return (environ.get(name) or environ.get(name.upper()) or "").strip()

    if _bypassed(target, value("no_proxy")):
        return None
    proxy = value(f"{target.scheme}_proxy") or value("all_proxy")
    return (proxy if "://" in proxy else f"http://{proxy}") if proxy else None


def _bypassed(target: Target, no_proxy: str) -> bool:
    host = target.host.lower()
    for entry in no_proxy.lower().split(","):
        name, _, port = entry.strip().partition(":")
        if port and port != str(target.port or 443):
            continue
        name = name.removeprefix("*").lstrip(".") if name != "*" else name
        if name and (name in {"*", host} or host.endswith(f".{name}")):
            return True
    return False


def quiet() -> None:
    """httpcore's debug log writes what a server sent before anybody could mask a secret in it."""
    logging.getLogger("httpcore").setLevel(logging.INFO)


def tls_for(target: Target) -> ssl.SSLContext:
    """Certificate checking with the authorities of SSL_CERT_FILE and SSL_CERT_DIR, else the bundled ones. Raises ApiError."""
    if target.scheme == "http":
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # never used, and cheap: no store of certificates is read
    try:
        return httpx.create_ssl_context()
    except (OSError, ssl.SSLError) as error:
        raise ApiError(
            f"the certificate authorities cannot be read: {clean(str(error))}", hint="look at SSL_CERT_FILE and SSL_CERT_DIR"
        ) from None
