"""The catalogue of what the schemas find: one rule a kind of finding. The documentation is generated from it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

RULES: Mapping[str, str] = MappingProxyType(
    {
        "schema/conflict": "Keys that exclude each other are not given together.",
        "schema/const": "A value that can only be one thing is that.",
        "schema/enum": "A value is one of those listed.",
        "schema/length": "Texts and lists are not empty where something is needed, nor too long.",
        "schema/pattern": "Texts have the form that is asked for.",
        "schema/range": "Numbers are within their bounds.",
        "schema/required": "Required keys are there.",
        "schema/type": "Values have the type that is asked for.",
        "schema/unknown-key": "Every key is known.",
    }
)
"""Rule id -> what holds where the rule is kept."""
