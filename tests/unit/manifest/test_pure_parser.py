"""Where PyYAML was built without libyaml, its own parser takes over and says the same."""

from __future__ import annotations

import pytest
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner

from declarative.manifest import reference


class PureParser(Reader, Scanner, Parser):
    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)


TEXTS = [
    "a: 1\nb: [x, {y: 'z'}]\nc:\n- |\n  text\n- \"\\u00e9\"\nd: &x 012\ne: *x\n",
    "a: 1\na: 2\n",
    "a: !vault x\n",
    "v: &x [*x]\n",
    "a: [1, 2\n",
    "a:\n\tb: 1\n",
    "a: b: c\n",
    "[a]: 1\n",
    "# nothing\n",
]


@pytest.mark.parametrize("text", TEXTS)
def test_the_pure_parser_gives_the_same_values_and_rules(read, monkeypatch, text):
    schema = {"type": "object", "properties": {"d": {"type": "string"}}}
    values, found = read(text, schema)
    monkeypatch.setattr(reference, "events_of", PureParser)
    pure_values, pure_found = read(text, schema)
    assert pure_values == values
    assert [one.rule for one in pure_found] == [one.rule for one in found]


def test_deep_nesting_does_not_break_the_pure_parser(read, monkeypatch):
    monkeypatch.setattr(reference, "events_of", PureParser)
    assert [one.rule for one in read("[" * 3000)[1]] == ["yaml/too-deep"]
