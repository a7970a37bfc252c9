"""What a day's script would be: `python -m benchmarks.naive PROJECT LIVE.json` plans with libraries in their usual way.

PyYAML's `safe_load`, `jsonschema`, and `DeepDiff` of every pair. `LIVE.json` maps names to specs as they were sent last, so no
network is needed and no mapping of fields; a real one would do more. Prints how many changed and how many are not valid.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import yaml
from deepdiff import DeepDiff
from jsonschema import Draft202012Validator

SCHEMA = Path(__file__).parents[1] / "schemas" / "asset.schema.json"


def documents(project: Path, loader: type[Any] = yaml.SafeLoader) -> list[dict[str, Any]]:
    found = []
    for path in sorted((project / "manifests").glob("assets-*.yaml")):
        with path.open() as file:
            # YAML 1.1 makes dates of what looks like one; JSON has none.
            found += json.loads(json.dumps(list(yaml.load_all(file, loader)), default=str))
    return found


def main(project: Path, live: Path) -> None:
    desired = documents(project)
    known = json.loads(live.read_text())
    validator = Draft202012Validator(json.loads(SCHEMA.read_text()))
    wrong = sum(1 for document in desired if next(validator.iter_errors(document), None) is not None)
    changed = [one["metadata"]["name"] for one in desired if DeepDiff(known[one["metadata"]["name"]], one["spec"])]
    print(f"{len(changed)} of {len(desired)} changed, {wrong} not valid")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
