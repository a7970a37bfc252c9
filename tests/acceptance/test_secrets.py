"""A canary secret is searched for in every byte the tool writes."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

CANARY = 'can"ary+Pa55/word ü'


def forms(secret: str) -> set[bytes]:
    texts = {secret, quote(secret), quote(secret, safe=""), json.dumps(secret)[1:-1], repr(secret)[1:-1]}
    return {text.encode() for text in texts} | {base64.b64encode(secret.encode())[:20]}


def assert_clean(folder: Path, *streams: str) -> None:
    for needle in forms(CANARY):
        for stream in streams:
            assert needle not in stream.encode()
        for path in folder.rglob("*"):
            if path.is_file():
                assert needle not in path.read_bytes(), path


def test_the_password_is_in_no_stream_file_or_database(workplace: Any, gateway: Any, asset: Any) -> None:
    gateway.gateway.set_password(CANARY)
    workplace.environ["QUALYS_PASSWORD"] = CANARY
    workplace.write("manifests/web.yaml", asset("web-01"))
    streams = []
    for arguments in (
        ["-vv", "doctor"],
        ["-vv", "plan", "--out", "plan.json", "-o", "json=view.json", "-o", "markdown=view.md", "-o", "html=view.html"],
        ["-vv", "apply", "plan.json", "--wait"],
        ["-vv", "query", "hosts"],
        ["state", "history", "--json"],
    ):
        finished = workplace.ok(*arguments)
        streams += [finished.out, finished.err]
    assert_clean(workplace.folder, *streams)


def test_nor_when_the_gateway_echoes_it_in_an_error(workplace: Any, gateway: Any, asset: Any) -> None:
    gateway.gateway.set_password(CANARY)
    workplace.environ["QUALYS_PASSWORD"] = CANARY
    workplace.write("manifests/web.yaml", asset("web-01"))
    gateway.call(
        "/_sandbox/faults",
        {"path": "/rest/2.0/search/am/asset", "kind": "status", "status": 400, "body": f"you said {CANARY}", "times": 100},
    )
    finished = workplace.run("-vv", "plan")
    assert finished.code == 1, finished.text
    assert_clean(workplace.folder, finished.out, finished.err)
