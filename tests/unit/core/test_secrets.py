"""A secret has no text form, and is found in whatever form it got into a text."""

from __future__ import annotations

import base64
import copy
import html
import json
import pickle
from urllib.parse import quote, quote_plus, urlencode

import pytest

from declarative.core.secrets import MASK, Redactor, Secret

# Characters that every encoding changes, a base64 form with + and /, and one beyond ASCII.
PASSWORD = 'p&s/w "\\ö+~~>>??ÿ'
FORMS = {
    "as it is": lambda text: text,
    "in a path": lambda text: quote(text, safe=""),
    "in a form": lambda text: urlencode({"password": text}),
    "in a form, joined by +": quote_plus,
    "in JSON": lambda text: json.dumps({"password": text}),
    "in JSON as UTF-8": lambda text: json.dumps({"password": text}, ensure_ascii=False),
    "in JSON inside JSON": lambda text: json.dumps(json.dumps({"password": text})),
    "in a repr": repr,
    "in a web page": html.escape,
    "in hex": lambda text: text.encode().hex(),
}


def redactor(*values: str) -> Redactor:
    return Redactor(Secret(value) for value in values)


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_is_masked(form: str) -> None:
    text = f"before {FORMS[form](PASSWORD)} after"
    said = redactor(PASSWORD)(text)
    assert MASK in said
    assert said.replace(MASK, "") == f"before {FORMS[form]('')} after"


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
@pytest.mark.parametrize("before", ["", "u", "us", "use"])
@pytest.mark.parametrize("after", ["", "x", "xy"])
@pytest.mark.parametrize("secret", ["canary-Pa55", "ÿ~?>ÿ~?>ÿ~?>ÿ", PASSWORD])
def test_a_secret_is_masked_in_base64_wherever_it_starts(encode: object, before: str, after: str, secret: str) -> None:
    encoded = encode(f"{before}{secret}{after}".encode()).decode()  # type: ignore[operator]
    left = redactor(secret)(encoded).replace(MASK, "").rstrip("=")
    # A character holds six bits. What stays are those that hold a bit of the neighbours, or of the padding.
    start, stop = 8 * len(before.encode()), 8 * len(f"{before}{secret}".encode())
    shared = [at for at in range(len(encoded.rstrip("="))) if 6 * at < start or 6 * at + 6 > stop]
    assert len(left) == len(shared)


def test_what_is_too_short_to_be_told_from_other_text_is_left() -> None:
    said = redactor("abc", "abcd", "")("abc abcd abcde")
    assert said == f"abc {MASK} {MASK}e"


def test_a_secret_inside_another_leaves_nothing_of_the_longer_one() -> None:
    assert redactor("canary", "canary-and-more")("a canary-and-more and a canary") == f"a {MASK} and a {MASK}"


def test_a_secret_that_comes_later_is_masked_from_then_on() -> None:
    redact = redactor("first-secret")
    redact.add(Secret("second-secret"))
    assert redact("first-secret, second-secret") == f"{MASK}, {MASK}"


def test_text_without_a_secret_stays_as_it_is() -> None:
    assert redactor(PASSWORD)("nothing to see here") == "nothing to see here"
    assert Redactor()("nothing to see here") == "nothing to see here"


def test_a_secret_shows_itself_to_nobody_but_who_asks() -> None:
    secret = Secret("canary-Pa55")
    shown = [str(secret), repr(secret), f"{secret}", f"{secret!r:>20}", f"{secret:>20}", "%s" % secret, str([secret])]  # noqa: UP031
    assert not [text for text in shown if "canary" in text]
    assert str(secret) == repr(secret) == f"{secret:>20}" == MASK
    assert secret.reveal() == "canary-Pa55"
    assert not hasattr(secret, "__dict__")


@pytest.mark.parametrize("keep", [pickle.dumps, copy.copy])
def test_a_secret_is_not_written_down(keep: object) -> None:
    with pytest.raises(TypeError, match="not pickled"):
        keep(Secret("canary-Pa55"))  # type: ignore[operator]


def test_only_an_empty_secret_is_false() -> None:
    assert Secret("x")
    assert not Secret("")
