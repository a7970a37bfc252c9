"""The catalogue of the reader's rules is complete, and holds nothing else."""

from __future__ import annotations

import re
from pathlib import Path

from declarative import manifest
from declarative.core.diagnostics import MORE_FINDINGS
from declarative.manifest.rules import RULES


def test_every_rule_in_the_code_is_in_the_catalogue_and_the_other_way_round():
    used = {MORE_FINDINGS}
    for module in Path(manifest.__file__).parent.glob("*.py"):
        if module.name != "rules.py":
            used |= set(re.findall(r'"((?:yaml|manifest|variable|path|project|overlay)/[a-z0-9-]+)"', module.read_text()))
    assert used == set(RULES)
