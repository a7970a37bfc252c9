"""The catalogue of rules as a page of the documentation."""

from __future__ import annotations

from declarative.kinds.rules import RULES


def rules_markdown() -> str:
    """A table of all rules: id, what it asks for, its severity, and whether a project may change that."""
    lines = [
        "| rule | what it asks for | severity | adjustable |",
        "|---|---|---|---|",
    ]
    for rule in sorted(RULES, key=lambda rule: rule.id):
        text = f"{rule.title}. {rule.description}".replace("|", "\\|")
        lines.append(f"| `{rule.id}` | {text} | {rule.severity} | {'yes' if rule.adjustable else 'no'} |")
    return "\n".join(lines) + "\n"
