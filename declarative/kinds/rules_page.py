"""The catalogue of all rules as a page of the documentation: `python -m declarative.kinds.rules_page > docs/rules.md`."""

from __future__ import annotations

import sys

from declarative.kinds.rules import RULES
from declarative.manifest import rules as reader_rules
from declarative.schema import rules as schema_rules

_HEAD = """\
# Rules

Each finding of `declarative validate` carries the id of its rule. This page is generated from the code
(`python -m declarative.kinds.rules_page`); a test keeps it fresh.

A project sets an adjustable rule to `error`, `warning` or `off`, and says why:

<!-- run by tests/unit/kinds/test_documented_manifests.py -->
```yaml
apiVersion: declarative/v1
kind: Project
metadata: {name: acme}
spec:
  platform: EU1
  rules:
    asset/no-native-key: {severity: error, reason: "Every asset of ours comes from the CMDB."}
    report/format: {severity: off, reason: "Our subscription has CSV reports."}
```

A rule that does not exist, or cannot be changed, is told by `project/unknown-rule`. The others are not adjustable since a
manifest that breaks one of them has no certain meaning.

"""


def rules_markdown() -> str:
    """A table of all rules: id, what it asks for, its severity, and whether a project may change that."""
    rows = {rule.id: (f"{rule.title}. {rule.description}", str(rule.severity), rule.adjustable) for rule in RULES}
    for rule_id, text in {**reader_rules.RULES, **schema_rules.RULES}.items():
        adjustable = rule_id in reader_rules.ADJUSTABLE
        rows[rule_id] = (text, "warning" if adjustable else "error", adjustable)
    lines = ["| rule | what it asks for | severity | adjustable |", "|---|---|---|---|"]
    for rule_id, (text, severity, adjustable) in sorted(rows.items()):
        shown = text.replace("|", "\\|").replace("<", "&lt;")
        lines.append(f"| `{rule_id}` | {shown} | {severity} | {'yes' if adjustable else 'no'} |")
    return "\n".join(lines) + "\n"


def page() -> str:
    """The whole page."""
    return _HEAD + rules_markdown()


if __name__ == "__main__":
    sys.stdout.write(page())
