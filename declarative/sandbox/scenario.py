"""Scenario files: switches, connectors, records and faults for one rehearsal, in YAML or JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from .debug import connectors, drift, overrule, seed, switches
from .faults import fault_from, profile
from .gateway import Gateway
from .options import SandboxError

MAX_BYTES = 5_000_000
_INVENTORY = frozenset({"estate", "records", "components", "drift"})


def apply_scenario(gateway: Gateway, path: Path, *, stage_only: bool = False) -> None:
    """Read a scenario file and put it into force. Raises SandboxError, naming the file.

    With `stage_only` the inventory is left alone, since it comes from a state file.
    """
    try:
        content = _read(path)
        _apply(gateway, content, _INVENTORY if stage_only else frozenset())
    except (SandboxError, KeyError, TypeError, AttributeError) as problem:
        raise SandboxError(f"scenario {path}: {problem}") from problem


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_bytes()
    except OSError as problem:
        raise SandboxError(problem.strerror or str(problem)) from problem
    if len(text) > MAX_BYTES:
        raise SandboxError(f"larger than {MAX_BYTES} bytes")
    try:
        content = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as problem:
        raise SandboxError(f"not YAML: {problem}") from problem
    if not isinstance(content, dict):
        raise SandboxError("must be a mapping")
    return content


def _apply(gateway: Gateway, content: Mapping[str, Any], skipped: frozenset[str]) -> None:
    steps: dict[str, Callable[[Any], object]] = {
        "description": lambda _: None,
        "estate": lambda value: seed(gateway, value),
        "switches": lambda value: switches(gateway, value),
        "connectors": lambda value: connectors(gateway, {"connectors": value}),
        "records": lambda value: seed(gateway, {"records": value}),
        "components": lambda value: seed(gateway, {"components": value}),
        "drift": lambda value: [drift(gateway, row) for row in value],
        "overrule": lambda value: overrule(gateway, {"set": value}),
        "profile": lambda value: gateway.faults.add(profile(value)),
        "faults": lambda value: gateway.faults.add([fault_from(row) for row in value]),
    }
    unknown = set(content) - set(steps) - {"$schema"}
    if unknown:
        raise SandboxError(f"unknown key {min(unknown)!r}; known: {', '.join(steps)}")
    for name, step in steps.items():  # in this order, whatever the file's: a new estate resets the rest
        if name in content and name not in skipped:
            step(content[name])
