"""The catalogue of what the reader refuses. The documentation is generated from it; almost none of it can be turned
off, since a text that breaks one of these has no certain meaning."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

RULES: Mapping[str, str] = MappingProxyType(
    {
        "manifest/api-version": "`apiVersion` is there and known to this version.",
        "manifest/duplicate-address": "A kind and name are declared once in a project.",
        "manifest/more-findings": "A document has no more than 1,000 mistakes of the reader or the schema each, and a file no "
        "more than about 1,000 of both and 1,000 of the rules, errors first; the others are not listed.",
        "manifest/kind": "`kind` is there and known.",
        "manifest/not-a-mapping": "A document is a mapping of keys to values.",
        "overlay/no-files": "An environment's overlay path matches a file.",
        "overlay/no-name": "An overlay names the manifest that it changes.",
        "overlay/no-target": "An overlay changes a manifest that exists.",
        "path/not-a-file": "Manifests are regular files.",
        "path/outside-project": "No path or link leads out of the project.",
        "path/unreadable": "Files and folders can be read.",
        "project/base-url": "The API's address is plain https; http only on this machine.",
        "project/documents": "The project file holds one document.",
        "project/duration": "Durations are written like `90s` or `1h30m`.",
        "project/empty": "The project file is not empty.",
        "project/kind": "The project file holds a Project.",
        "project/misplaced": "Only the project file holds a Project.",
        "project/no-manifests": "The patterns of `spec.manifests` match a file (a warning).",
        "project/platform": "The platform is a known one.",
        "project/state": "The state is kept in a known kind of store.",
        "project/state-password": "No password stands in the address of the state.",
        "project/target": "Either a platform or an address is given, not both.",
        "variable/cycle": "A variable is not made of itself.",
        "variable/missing": "A variable that is used is declared and has a value.",
        "variable/secret": "Credentials are not used as variables.",
        "variable/syntax": "A `${` begins `${var.NAME}` or `${env.NAME}`; `$${` stands for a plain one.",
        "variable/too-large": "What variables stand for is bounded, in values and in levels.",
        "variable/type": "A variable has its declared type, and is a single value inside of text.",
        "variable/undeclared": "A variable given on the command line is declared.",
        "yaml/character": "No control, bidirectional or invisible characters.",
        "yaml/cyclic-alias": "An alias does not stand inside its own anchor.",
        "yaml/duplicate-key": "A key is given once in a mapping.",
        "yaml/encoding": "Files are UTF-8.",
        "yaml/integer-range": "Integers have up to 18 digits where a number is meant.",
        "yaml/key": "Keys are text, and not empty.",
        "yaml/merge-conflict": "No two sides of a merge stand beside each other.",
        "yaml/merge-key": "Merge keys (`<<`) are not part of YAML 1.2.",
        "yaml/number": "Numbers are finite.",
        "yaml/surrogate": "No halves of surrogate pairs, written out or escaped.",
        "yaml/syntax": "The text is YAML.",
        "yaml/tab": "Indentation is made of spaces.",
        "yaml/too-deep": "Nesting is bounded.",
        "yaml/too-large": "A file's size is bounded.",
        "yaml/too-many-nodes": "A document's values are bounded, aliases written out; of a file those that aliases, "
        "variables and overlays bring.",
        "yaml/unknown-alias": "An alias has an anchor before it in its document.",
        "yaml/unknown-tag": "Only the tags of the core schema, on values that fit them.",
    }
)
"""Rule id -> what holds where the rule is kept."""

ADJUSTABLE = frozenset({"project/no-manifests"})
"""The ones that a project may set to another severity."""
