"""The catalogue of semantic rules: what is checked beyond the schema. The documentation is generated from it.

A project sets a rule to `error`, `warning` or `off` under `spec.rules`, with a reason. Rules that are not adjustable
find what leaves a manifest without a meaning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from types import MappingProxyType

from msgspec import Struct

from declarative.core.diagnostics import Severity
from declarative.core.quoting import shown
from declarative.core.suggest import did_you_mean
from declarative.manifest import rules as reader_rules
from declarative.manifest.model import RuleSetting
from declarative.schema import rules as schema_rules

_E, _W, _I = Severity.ERROR, Severity.WARNING, Severity.INFO


class Rule(Struct, frozen=True):
    """`severity` is what a finding has unless the project or the finding itself says otherwise."""

    id: str
    title: str
    description: str
    severity: Severity = Severity.ERROR
    adjustable: bool = True


class Finding(Struct, frozen=True):
    """What a rule found at `pointer` of a manifest. `hint`: what to do. `message` and `hint` may be what finds them out, where
    that costs a search and the finding may never be listed. `severity` None: the rule's own."""

    rule: str
    pointer: str
    message: str | Callable[[], str]
    hint: str | Callable[[], str | None] | None = None
    severity: Severity | None = None


RULES: tuple[Rule, ...] = (
    Rule(
        "reference/unknown-connector",
        "The connector exists",
        "An Asset names a Connector manifest of the project.",
        adjustable=False,
    ),
    Rule(
        "reference/unknown-query",
        "The query exists",
        "A report's scope names a query of the project, without ambiguity.",
        adjustable=False,
    ),
    Rule("connector/duplicate", "Connectors are distinct", "Two Connector manifests with one UUID share their native keys.", _W),
    Rule(
        "asset/no-identity",
        "An asset can be identified",
        "At least one identity attribute is needed besides `instanceUuidSource` and `networkUuid`, which qualify others.",
    ),
    Rule(
        "asset/no-native-key",
        "An asset has a native key",
        "Without a stable `sourceNativeKey` a repeated import leans on the other identification rules and can make duplicates.",
        _W,
    ),
    Rule(
        "asset/shared-native-key",
        "A native key belongs to one manifest",
        "Two manifests with one native key under one connector would overwrite each other. Neither case nor"
        " letters that look alike tell keys apart.",
    ),
    Rule(
        "asset/shared-identity",
        "An identity belongs to one manifest",
        "Two manifests with one serial number, hardware UUID or pinned Qualys id claim one live asset.",
    ),
    Rule(
        "asset/contradiction",
        "Repeated attributes agree",
        "`identityAttributes` and `coreAttributes` carry the same attribute with different values; the plan would never settle.",
        _W,
    ),
    Rule(
        "asset/hidden-character",
        "Identities are plain text",
        "Control, bidirectional and zero-width characters have no place in an identity.",
    ),
    Rule(
        "asset/blank-value",
        "Values are not blank",
        "An identity attribute of spaces only, or with spaces around it, matches nothing.",
        _W,
    ),
    Rule(
        "asset/placeholder-identity",
        "Identities tell assets apart",
        "`To be filled by O.E.M.`, `localhost`, `127.0.0.1`, an all-zero MAC and the like are shared by many machines: the"
        " identification rules would merge strangers.",
        _W,
    ),
    Rule(
        "asset/long-value",
        "Business data is short enough",
        "The sister API for business metadata allows 128 or 255 characters; the import is likely to have the same limits.",
        _W,
    ),
    Rule("asset/ip-address", "IP addresses are valid", "Every address is an IPv4 or IPv6 address, in the field of its version."),
    Rule("asset/mac-address", "MAC addresses are valid", "Six or eight octets, in any of the usual spellings."),
    Rule("asset/host-name", "Host names look like host names", "A host name has no spaces, brackets, quotes or slashes.", _W),
    Rule(
        "asset/fqdn", "Domain names are valid", "A fully qualified domain name has at least two labels of 63 characters at most."
    ),
    Rule("asset/uuid", "UUIDs are valid", "`hardwareUuid` and `networkUuid` are UUIDs of 32 hexadecimal digits."),
    Rule(
        "asset/time-zone",
        "The clock's offset is readable",
        "`biosInfo.timeZone` is an offset such as `+5:30`, or a zone's name.",
        _W,
    ),
    Rule("asset/port", "Ports are port numbers", "A port is a whole number from 0 to 65535."),
    Rule(
        "asset/not-a-number",
        "Sizes are numbers",
        "Sizes and speeds are sent as text and come back as whole numbers; others never compare equal.",
        _W,
    ),
    Rule("asset/date", "Dates exist", "A date is a day of the calendar, in ISO 8601 form or as epoch milliseconds."),
    Rule(
        "asset/date-unit",
        "Epoch dates are in milliseconds",
        "A number that would be a day in January 1970 was most likely meant as seconds.",
    ),
    Rule(
        "asset/date-order", "Created is not after last updated", "`sourceCreatedDate` is not later than `sourceLastUpdatedDate`."
    ),
    Rule("asset/date-future", "Dates are not in the future", "The source cannot have seen an asset more than a day from now."),
    Rule(
        "asset/empty-list",
        "Empty lists manage nothing",
        "An empty list is not sent: the API has no way to erase what an asset has.",
        _W,
    ),
    Rule("asset/ignore-path", "Ignored paths exist", "`lifecycle.ignore` names fields of the Asset schema.", adjustable=True),
    Rule("report/format", "The format is documented", "PDF is the only documented report format.", _W),
    Rule("report/type", "The report type is supported", "EASM_LEAD, the EASM summary, is the only supported report type.", _W),
    Rule("report/id-list", "Lists hold ids", "`assetList`, `tagList` and `excludeTagIds` are comma-separated numeric ids."),
    Rule("report/time-zone", "The time zone exists", "`timezone` is a name of the IANA time zone database."),
    Rule(
        "report/recipient",
        "Recipients are e-mail addresses",
        "`recipient` is one e-mail address, or several separated by commas.",
    ),
    Rule("report/flag", "Flags are 0 or 1", '`emailNotification` and `useReportNameAsFilename` are text: "1" for on.', _W),
    Rule(
        "report/scope-and-list", "A list is given once", "A list is either written in the request or taken from a scope's query."
    ),
    Rule(
        "report/shared-name", "Report names are unique", "Reports are downloaded by name: two of one name cannot be told apart."
    ),
    Rule("report/match-without-tags", "Match types match something", "A match type says nothing without tags to match.", _I),
    Rule(
        "query/two-forms",
        "Filters are written once",
        "`filters` and the API's own block say the same thing; one of them is written.",
    ),
    Rule(
        "query/or-with-asset-id",
        "One asset is not joined by OR",
        "`assetId` narrows a search; it cannot be an alternative to filters.",
    ),
    Rule(
        "query/expect-bounds", "Expected counts are possible", "`min`, `max` and `equals` leave some count that meets them all."
    ),
    Rule("query/expect-value", "Expectations can be met", "A list for IN has no value with a comma in it."),
    Rule("filter/unknown-field", "Filter fields exist", "The API answers 400 to a filter field it does not know."),
    Rule("filter/unknown-operator", "Operators exist", "The API has eight operators; LESSER is one, LESS_THAN is not."),
    Rule("filter/operator", "Operators fit the field", "Which operators are legal depends on the field's type."),
    Rule(
        "filter/value",
        "Filter values fit the field",
        "Numbers, booleans, dates, UUIDs, IP addresses and fixed values are checked.",
    ),
    Rule(
        "filter/comma-in-value",
        "Commas separate",
        "IN splits its value at commas; a value with a comma in it cannot be asked for.",
    ),
    Rule(
        "filter/undocumented-field",
        "Filter fields are documented",
        "The field is in use elsewhere, but not in the vendor's table.",
        _W,
    ),
    Rule("filter/date-equals-midnight", "A day is not a moment", "EQUALS with a bare date means its midnight exactly.", _W),
    Rule(
        "inventory/source",
        "The rows have one place",
        "An inventory names one of csv, jsonl, parquet and database, inside the project, and what belongs to that.",
        adjustable=False,
    ),
    Rule(
        "inventory/mapping",
        "Columns lead to fields",
        "Each entry of `map` and `defaults` names a field of the Asset schema, and one place that its value is taken from.",
        adjustable=False,
    ),
    Rule(
        "inventory/condition", "Conditions say one thing", "Each entry of `where` has exactly one comparison.", adjustable=False
    ),
    Rule(
        "inventory/unknown-column",
        "Columns exist",
        "Every column that an inventory names is there; looked at before any row is read.",
        adjustable=False,
    ),
    Rule("inventory/unreadable", "The rows can be read", "The file or the database is there and can be read.", adjustable=False),
    Rule(
        "inventory/bad-row",
        "Rows make sense",
        "A row that cannot be read, has no key, or makes no valid asset is told with its line; `maxBadRows` bounds how many.",
        adjustable=False,
    ),
    Rule("inventory/duplicate-key", "Keys are unique", "Two rows of one inventory never have the same key.", adjustable=False),
    Rule(
        "inventory/empty",
        "An inventory has rows",
        "An extract without a single row, or without one that meets `where`, is far more often broken than true: it would remove "
        "everything.",
    ),
    Rule(
        "project/moved",
        "Moves lead somewhere",
        "A `moved` entry goes from an address without a manifest to one that has one; rows of an inventory move one by one.",
    ),
    Rule(
        "project/unknown-rule", "Rule settings name rules", "`spec.rules` names rules of this catalogue that can be adjusted.", _W
    ),
)

CATALOGUE: Mapping[str, Rule] = MappingProxyType({rule.id: rule for rule in RULES})


def severity_of(finding: Finding, settings: Mapping[str, RuleSetting]) -> Severity | None:
    """What the project wants; None where it wants to hear nothing."""
    rule = CATALOGUE[finding.rule]
    setting = settings.get(rule.id)
    if setting is not None and rule.adjustable:
        return setting.severity
    return finding.severity or rule.severity


def check_settings(settings: Mapping[str, RuleSetting]) -> Iterator[Finding]:
    """What is wrong with a project's rule settings."""
    fixed = {**reader_rules.RULES, **schema_rules.RULES}
    known = (*CATALOGUE, *fixed)
    hint: str | Callable[[], str]
    for rule_id in sorted(settings):
        rule = CATALOGUE.get(rule_id)
        if rule_id in fixed and rule_id not in reader_rules.ADJUSTABLE:
            message = f'the rule "{shown(rule_id)}" cannot be changed: {fixed[rule_id].rstrip(".")}'
            hint = "correct the manifests; without this rule their text has no certain meaning"
        elif rule is not None and not rule.adjustable:
            message, hint = f'the rule "{shown(rule_id)}" cannot be changed', "without it a manifest would have no meaning"
        elif rule is None and rule_id not in fixed:
            message, hint = f'there is no rule "{shown(rule_id)}"', partial(_rule_hint, rule_id, known)
        else:
            continue
        pointer = "/spec/rules/" + rule_id.replace("~", "~0").replace("/", "~1")
        yield Finding("project/unknown-rule", pointer, message, hint)


def _rule_hint(rule_id: str, known: Sequence[str]) -> str:
    return did_you_mean(rule_id, known) or "docs/rules.md lists the rules"
