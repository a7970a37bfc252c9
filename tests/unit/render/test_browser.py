"""The HTML plan in a real browser: it works, it runs nothing but its own script, it asks no network for anything."""

import json
import os
import shutil
import subprocess

import pytest
from msgspec.structs import replace

from declarative.plan.model import Action, Basis, Change, FieldChange
from declarative.render.plan_html import plan_html

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium on PATH (Debian package: chromium)")

ATTACKS = (
    "<script>document.title='pwned'</script>",
    "</script><script>document.title='pwned'</script>",
    "<img src=x onerror=\"document.title='pwned'\">",
    "\" autofocus onfocus=\"document.title='pwned'",
    "<svg onload=\"document.title='pwned'\">",
    "<iframe srcdoc=\"<script>parent.document.title='pwned'</script>\">",
    "javascript:document.title='pwned'",
    "<style>*{display:none}</style>",
    "<meta http-equiv=refresh content='0;url=https://evil.test'>",
    "</title><script>document.title='pwned'</script>",
)


class Browser:
    """Headless Chromium over its debugging pipe: requests and answers are JSON, ended by a zero byte."""

    def __init__(self, profile):
        (ours_in, theirs_out), (theirs_in, ours_out) = os.pipe(), os.pipe()

        def wire_up():
            # Chromium reads commands from descriptor 3 and writes answers to 4.
            high_in, high_out = os.dup(theirs_in), os.dup(theirs_out)
            os.dup2(high_in, 3)
            os.dup2(high_out, 4)

        self.process = subprocess.Popen(
            [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
             "--remote-debugging-pipe", f"--user-data-dir={profile}", "about:blank"],
            preexec_fn=wire_up, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,  # noqa: PLW1509
        )  # fmt: skip
        os.close(theirs_in)
        os.close(theirs_out)
        self.read, self.write = os.fdopen(ours_in, "rb", buffering=0), os.fdopen(ours_out, "wb", buffering=0)
        self.buffer = b""
        self.number = 0
        self.events = []
        self.session = None
        target = next(t for t in self.call("Target.getTargets")["targetInfos"] if t["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.call(f"{domain}.enable")

    def message(self):
        while b"\0" not in self.buffer:
            piece = self.read.read(65_536)
            assert piece, "the browser ended"
            self.buffer += piece
        head, _, self.buffer = self.buffer.partition(b"\0")
        return json.loads(head)

    def call(self, method, **params):
        self.number += 1
        request = {"id": self.number, "method": method, "params": params}
        if self.session is not None:
            request["sessionId"] = self.session
        self.write.write(json.dumps(request).encode() + b"\0")
        while True:
            message = self.message()
            if message.get("id") == self.number:
                assert "error" not in message, message
                return message["result"]
            self.events.append(message)

    def open(self, path, *, dark=False):
        self.events.clear()
        feature = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[feature])
        self.call("Page.navigate", url=path.as_uri())
        while not any(event["method"] == "Page.loadEventFired" for event in self.events if "method" in event):
            self.events.append(self.message())
        return self

    def value(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def requested(self):
        return [e["params"]["request"]["url"] for e in self.events if e.get("method") == "Network.requestWillBeSent"]

    def refused(self):
        return [e["params"]["entry"]["text"] for e in self.events if e.get("method") == "Log.entryAdded"]

    def close(self):
        self.process.kill()
        self.process.wait()
        self.read.close()
        self.write.close()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    opened = Browser(tmp_path_factory.mktemp("profile"))
    yield opened
    opened.close()


@pytest.fixture
def page(tmp_path):
    def save(html):
        path = tmp_path / "plan.html"
        path.write_text(html, encoding="utf-8")
        return path

    return save


VISIBLE = "[...document.querySelectorAll('details.change')].filter(row => !row.hidden).length"


def test_the_filter_box_and_the_buttons_narrow_what_is_shown(browser, page, rich_plan):
    browser.open(page(plan_html(rich_plan)))
    assert browser.value("document.getElementById('shown').textContent") == "10 of 10 shown"
    browser.value(
        "const box = document.getElementById('filter'); box.value = 'WEB-01 ports'; box.dispatchEvent(new Event('input'))"
    )
    assert browser.value("document.getElementById('shown').textContent") == "1 of 10 shown"
    browser.value("box.value = ''; box.dispatchEvent(new Event('input'))")
    browser.value("document.querySelector('button[data-action=update]').click()")
    assert browser.value(VISIBLE) == 8
    browser.value("document.querySelector('button[data-action=update]').click()")
    assert browser.value(VISIBLE) == 10
    browser.value("document.getElementById('toggle').click()")
    assert browser.value("[...document.querySelectorAll('details.change')].every(row => row.open)") is True


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_hostile_value_runs_nothing_and_is_shown_as_text(browser, page, rich_plan, attack):
    field = FieldChange(attack, attack, attack + "2", Basis.LIVE)
    hostile = Change(f"Asset/{attack}", "Asset", Action.UPDATE, attack, 1, attack, None, (field,), (attack,))
    html = plan_html(replace(rich_plan, project="acme", changes=(hostile,), read_strategy=attack, narrowed=(attack,)))
    browser.open(page(html))
    assert browser.value("document.title") == "Plan for acme (prod)"
    assert browser.value("document.querySelectorAll('script').length") == 1
    assert browser.value("document.querySelector('.address').textContent") == f"Asset/{attack}"
    assert len(browser.requested()) == 1
    assert browser.refused() == []


def test_even_script_that_got_into_the_page_would_not_run(browser, page, rich_plan):
    html = plan_html(rich_plan)
    planted = "<script>document.title='pwned'</script><img src='https://evil.test/x.png' onerror=\"document.title='pwned'\">"
    browser.open(page(html.replace("<h1>", planted + "<h1>")))
    assert browser.value("document.title") == "Plan for acme (prod)"
    assert browser.value("document.getElementById('shown').textContent") == "10 of 10 shown"
    assert any("Content Security Policy" in text for text in browser.refused())


@pytest.mark.parametrize("dark", [False, True])
def test_it_is_readable_in_light_and_dark(browser, page, rich_plan, dark):
    browser.open(page(plan_html(rich_plan)), dark=dark)
    style = "getComputedStyle(document.body)"
    luminance = "(text => { const [r, g, b] = text.match(/\\d+/g).map(Number); return 0.2126 * r + 0.7152 * g + 0.0722 * b; })"
    back = browser.value(f"{luminance}({style}.backgroundColor)")
    text = browser.value(f"{luminance}({style}.color)")
    assert (back < text) is dark
    assert abs(back - text) > 150


def test_nothing_overflows_on_a_narrow_screen(browser, page, rich_plan):
    browser.call("Emulation.setDeviceMetricsOverride", width=400, height=800, deviceScaleFactor=1, mobile=True)
    try:
        browser.open(page(plan_html(rich_plan)))
        assert browser.value("document.documentElement.scrollWidth") <= 400
    finally:
        browser.call("Emulation.clearDeviceMetricsOverride")
