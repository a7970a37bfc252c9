"""A bounded slice of `make fuzz` on every change."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_hundreds_of_damaged_manifests_end_with_located_findings():
    command = [sys.executable, "-m", "tests.fuzz", "--inputs", "500", "--seed", "20260601"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    outcomes = re.search(r"(\d+) different outcomes", done.stdout)
    assert outcomes is not None
    assert int(outcomes[1]) > 20  # the mutations reach more than syntax errors
