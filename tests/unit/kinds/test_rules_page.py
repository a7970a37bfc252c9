"""One catalogue of all rules: complete, published, and what `spec.rules` is checked against."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import declarative
from declarative.core.diagnostics import Severity
from declarative.kinds.rules import CATALOGUE, RULES
from declarative.kinds.rules_page import page, rules_markdown
from declarative.manifest import rules as reader_rules
from declarative.manifest.model import RuleSetting
from declarative.schema import rules as schema_rules

ROOT = Path(declarative.__file__).parents[1]
FAMILIES = {rule.partition("/")[0] for rule in (*CATALOGUE, *reader_rules.RULES, *schema_rules.RULES)}


def test_the_published_page_of_rules_is_what_the_code_says():
    assert (ROOT / "docs" / "rules.md").read_text(encoding="utf-8") == page()


def test_no_rule_is_in_two_catalogues():
    rules = [*CATALOGUE, *reader_rules.RULES, *schema_rules.RULES]
    assert len(rules) == len(set(rules)) == len(rules_markdown().splitlines()) - 2


def test_every_rule_that_the_code_names_is_in_the_catalogue_and_the_other_way_round():
    words = re.compile(rf'"((?:{"|".join(sorted(FAMILIES))})/[a-z0-9-]+)"')
    modules = [path for path in (ROOT / "declarative").rglob("*.py") if path.name != "rules.py"]
    named = {path: set(words.findall(path.read_text(encoding="utf-8"))) for path in modules}
    catalogue = {*CATALOGUE, *reader_rules.RULES, *schema_rules.RULES}
    assert catalogue - set().union(*named.values()) == {"project/unknown-rule"}  # named in the catalogue's own module
    here = [found for path, found in named.items() if path.parent.name in ("queries", "schema", "manifest", "kinds")]
    assert set().union(*here) <= catalogue


@pytest.mark.parametrize(
    "rule", [rule.id for rule in RULES if not rule.adjustable] + ["yaml/tab", "schema/type", "manifest/kind"]
)
def test_a_rule_that_gives_a_manifest_its_meaning_cannot_be_changed(desired, rule):
    (found,) = desired(rules={rule: RuleSetting(None, "because")}).diagnostics
    assert (found.rule, found.severity) == ("project/unknown-rule", Severity.WARNING)
    assert f'"{rule}" cannot be changed' in found.message


@pytest.mark.parametrize(
    ("typo", "meant"),
    [("asset/ip-adress", "asset/ip-address"), ("yaml/tabs", "yaml/tab"), ("schema/unknown", "schema/unknown-key")],
)
def test_a_mistyped_rule_is_told_with_the_one_that_was_meant(desired, typo, meant):
    (found,) = desired(rules={typo: RuleSetting(None, "because")}).diagnostics
    assert found.hint == f'did you mean "{meant}"?'


def test_adjustable_rules_are_accepted_without_a_word(desired):
    rules = {rule.id: RuleSetting(None, "x") for rule in RULES if rule.adjustable}
    assert desired(rules={**rules, "project/no-manifests": RuleSetting(None, "x")}).diagnostics == ()
