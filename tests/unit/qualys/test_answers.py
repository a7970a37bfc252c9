"""Reading JSON that nobody promised to be sane."""

from __future__ import annotations

import json

import pytest

from declarative.qualys.answers import STRICT_BELOW, UnreadableError, clean, decode, said


def test_plain_json_is_read_with_and_without_a_byte_order_mark():
    assert decode(b'{"a": [1, 2.5, null, "\\u00e9"]}') == {"a": [1, 2.5, None, "é"]}
    assert decode(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"  \r\n",
        b"<html></html>",
        b"  <!DOCTYPE html><p>",
        b"<!-- x --><HTML>",
        b'{"a": 1',
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b"{'a': 1}",
        b'{"a": 1}{"b": 2}',
        b"\xff\xfe{\x00}\x00",
        b'"\xe9"',
        b'{"a": 1, "a": 1}',
        b'[{"b": {"a": 1, "c": 2, "a": 3}}]',
        b"[" * 65 + b"]" * 65,
        b"[" * 5000 + b"]" * 5000,
    ],
)
def test_everything_else_is_unreadable(body):
    with pytest.raises(UnreadableError):
        decode(body)


def test_a_reasonable_depth_and_brackets_in_text_are_fine():
    assert decode(b"[" * 60 + b"]" * 60)
    text = "[" * 500 + "]" * 500 + "}{" * 100
    assert decode(json.dumps({"name": text}).encode()) == {"name": text}


def test_a_steering_key_twice_is_found_in_a_large_page_too():
    rows = json.dumps([{"assetId": n, "name": "x" * 100} for n in range(STRICT_BELOW // 100)])
    assert decode(f'{{"hasMore": 1, "rows": {rows}}}'.encode())["hasMore"] == 1
    with pytest.raises(UnreadableError, match="hasMore"):
        decode(f'{{"hasMore": 1, "rows": {rows}, "hasMore": 0}}'.encode())


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b'{"responseMessage": "Invalid field", "responseCode": "FAILED"}', "Invalid field"),
        (b'{"data": null, "message": null, "error": "no template"}', "no template"),
        (b'{"error": {"message": "nested"}}', "nested"),
        (b"<html><head><title>Down for\nmaintenance</title>", "an HTML page titled 'Down for maintenance'"),
        (b"plain\x1b[31m words\x00", "plain [31m words"),
        (b"", ""),
        (b"\xff\xfe", "��"),
    ],
)
def test_an_answer_speaks_for_itself(body, text):
    assert said(body) == text


def test_foreign_text_stays_on_one_short_line():
    assert clean("a\r\n\tb\u202ec\u2028d" + "x" * 1000) == ("a b c d" + "x" * 590 + "...")
