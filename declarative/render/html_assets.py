"""The style and script of the HTML page. Their digests stand in the page's content security policy, so nothing else
that might get into the page can run or fetch."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files

from msgspec import Struct


class PageAssets(Struct, frozen=True):
    style: str
    script: str

    @property
    def policy(self) -> str:
        """The content security policy that lets these two run, and nothing else: no network, no inline style."""
        style, script = _source(self.style), _source(self.script)
        return f"default-src 'none'; style-src {style}; script-src {script}; base-uri 'none'; form-action 'none'"


def _source(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


def page_assets() -> PageAssets:
    """Read from beside this module; part of the wheel."""
    here = files(__package__)
    return PageAssets(
        style=here.joinpath("page.css").read_text(encoding="utf-8"),
        script=here.joinpath("page.js").read_text(encoding="utf-8"),
    )
