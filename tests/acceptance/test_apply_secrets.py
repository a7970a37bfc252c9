"""A canary password, in six encodings, in nothing that apply and its kin write: streams, files, audit, log, crash."""

from __future__ import annotations

import base64
import html
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

CANARY = 'can"ary+<Pa55>/word ü'


def forms() -> set[str]:
    raw = CANARY.encode()
    texts = {CANARY, quote(CANARY, safe=""), quote_plus(CANARY), json.dumps(CANARY)[1:-1], html.escape(CANARY), raw.hex()}
    return texts | {base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode()}


def needles() -> set[bytes]:
    """A good part of each form is as telling as the whole."""
    return {form.encode()[:20] for form in forms()}


def assert_clean(folder: Path, *streams: str) -> None:
    found = [path for path in folder.rglob("*") if path.is_file()]
    for needle in needles():
        for stream in streams:
            assert needle not in stream.encode(), needle
        for path in found:
            assert needle not in path.read_bytes(), (path, needle)


def test_the_gateway_echoes_the_password_in_every_form_and_none_is_kept_or_shown(
    workplace: Any, gateway: Any, asset: Any
) -> None:
    gateway.gateway.set_password(CANARY)
    workplace.environ["QUALYS_PASSWORD"] = CANARY
    workplace.write("manifests/web.yaml", asset("web-01"))
    echo = " | ".join(sorted(forms()))
    gateway.call(
        "/_sandbox/faults",
        {"kind": "status", "path": "*/data/sync", "status": 400, "body": json.dumps({"message": echo}), "times": 9},
    )
    workplace.ok("plan", "--out", "plan.json")
    log = workplace.run("--log-format", "json", "-vv", "apply", "plan.json", "-o", "json", "-o", "text=result.txt")
    assert log.code in (1, 7), log.text
    text = workplace.run("-vv", "apply", "--auto-approve")
    assert text.code in (1, 7), text.text
    run = workplace.ok("state", "history", "--json").json["runs"][0]["run"]
    history = workplace.ok("state", "history", run, "--json")
    assert history.json["calls"]
    assert_clean(workplace.folder, log.out, log.err, text.out, text.err, history.out)
