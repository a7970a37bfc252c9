"""Settings of the project file as typed values. What the schema has refused counts as not given."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from msgspec.structs import replace

from declarative.core.diagnostics import Severity
from declarative.manifest.model import RuleSetting
from declarative.plan.model import Limit, Limits


def base_url_problem(url: str) -> str | None:
    """What is wrong with an API address: https everywhere, http only on this machine, and nothing but host and port."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "this is not an address"
    loopback = host in ("localhost", "::1") or host.startswith("127.")
    if parts.scheme != "https" and not (parts.scheme == "http" and loopback):
        return "the address must begin with https://"
    if not host or parts.username or parts.password or parts.query or parts.fragment:
        return "the address must be a host, without user, query or fragment"
    return None


def state_url(root: Path, state: str | None, environment: str | None) -> str:
    if not state:
        state = f".declarative/state-{environment}.db" if environment else ".declarative/state.db"
    if "://" in state and not state.startswith("sqlite:"):
        return state
    path = Path(unquote(state.removeprefix("sqlite:///")) if state.startswith("sqlite:") else state)
    return f"sqlite:///{quote(str(path if path.is_absolute() else root.resolve() / path))}"


def mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def positive(value: Any, default: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else default


def overlay_patterns(spec: Mapping[str, Any]) -> list[str]:
    environments = mapping(spec.get("environments")).values()
    return [text for own in environments for text in texts(mapping(own).get("overlays"))]


def limits_of(value: Any, default: Limits) -> Limits:
    given_limits = {}
    names = {"absolute": "absolute", "percent": "percent", "minimumPopulation": "minimum_population"}
    for key in ("create", "update", "run", "total"):
        own = mapping(mapping(value).get(key))
        changes = {names[name]: own[name] for name in names if name in own and _is_number(own[name])}
        if changes.get("minimum_population", 0) is None:
            del changes["minimum_population"]
        limit: Limit = getattr(default, key)
        given_limits[key] = replace(limit, **changes)
    return Limits(**given_limits)


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, (int, float)) and not isinstance(value, bool))


def rules(value: Any) -> dict[str, RuleSetting]:
    rules = {}
    for rule, setting in mapping(value).items():
        severity = setting if isinstance(setting, str) else mapping(setting).get("severity")
        reason = mapping(setting).get("reason")
        if severity in ("error", "warning", "off"):
            chosen = None if severity == "off" else Severity(severity)
            rules[rule] = RuleSetting(chosen, reason if isinstance(reason, str) else "")
    return rules


def moved(value: Any) -> dict[str, str]:
    entries = [mapping(entry) for entry in value] if isinstance(value, list) else []
    pairs = [(entry.get("from"), entry.get("to")) for entry in entries]
    return {old: new for old, new in pairs if isinstance(old, str) and isinstance(new, str)}
