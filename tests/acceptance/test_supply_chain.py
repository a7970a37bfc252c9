"""What is built is what is used: from the source archive and the wheel, in an empty environment, outside of the checkout."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import venv
import zipfile
from collections.abc import Iterable
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


def run(*line: Any, cwd: Path, env: dict[str, str] | None = None) -> str:
    done = subprocess.run([str(part) for part in line], cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source archive, and the wheel that was made from it."""
    pytest.importorskip("hatchling", reason="hatchling is not installed; it is in the dev dependencies")
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", out, ROOT, cwd=out)
    return out


def test_the_archives_hold_what_the_tool_needs_and_nothing_from_a_desk(built: Path) -> None:
    (wheel,), (sdist,) = built.glob("*.whl"), built.glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    for needed in (
        "declarative/schemas/plan.schema.json",
        "declarative/examples/quickstart/declarative.yaml",
        "declarative/py.typed",
    ):
        assert needed in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    with tarfile.open(sdist) as archive:
        names += archive.getnames()
    unwanted = (".declarative/", "__pycache__", ".db", ".env", ".venv", ".git/")
    assert [name for name in names if any(part in name for part in unwanted)] == []


def declared_by(lines: Iterable[str], extra: str) -> set[Path]:
    """What requirements ask for, and what that asks for in turn: the packages and metadata in the environment of these tests."""
    asked = {(line, extra) for line in lines}
    done: set[tuple[str, str]] = set()
    places: set[Path] = set()
    while todo := asked - done:
        done |= todo
        for line, of in todo:
            needed = Requirement(line)
            if needed.marker is not None and not needed.marker.evaluate({"extra": of}):
                continue
            found = distribution(needed.name)
            tops = {file.parts[0] for file in found.files or ()} - {"..", "__pycache__"}
            places |= {Path(str(found.locate_file(top))) for top in tops}
            asked |= {(below, name) for below in found.requires or () for name in ("", *needed.extras)}
    return places


@pytest.fixture
def declared_only(built: Path, tmp_path: Path) -> Path:
    """An environment with the wheel and what its metadata asks for with the extra "sandbox"; the folder of its commands."""
    (wheel,) = built.glob("*.whl")
    venv.create(tmp_path / "venv", with_pip=False, symlinks=True)
    binaries = tmp_path / "venv" / "bin"
    pip = [sys.executable, "-m", "pip", "--python", binaries / "python", "--disable-pip-version-check"]
    run(*pip, "install", "-q", "--no-index", "--no-deps", wheel, cwd=tmp_path)
    (site,) = (tmp_path / "venv" / "lib").glob("python*/site-packages")
    (metadata,) = site.glob("*.dist-info")
    lines = Distribution.at(metadata).requires or ()
    for place in declared_by(lines, "") | declared_by(lines, "sandbox"):
        (site / place.name).symlink_to(place)
    run(*pip, "check", cwd=tmp_path)
    return binaries


def with_index(folder: Path) -> Path:
    """An environment that holds pip alone; skips where no index answers."""
    venv.create(folder / "venv", with_pip=True, symlinks=True)
    binaries = folder / "venv" / "bin"
    line = [binaries / "python", "-m", "pip", "download", "-q", "--no-deps", "-d", folder / "probe", "idna"]
    if subprocess.run(line, capture_output=True, check=False).returncode:
        pytest.skip("no package index can be reached")
    return binaries


@pytest.fixture
def from_an_index(built: Path, tmp_path: Path) -> Path:
    """The same, as a user installs it; the folder of its commands."""
    (wheel,) = built.glob("*.whl")
    binaries = with_index(tmp_path)
    pip = [binaries / "python", "-m", "pip", "--disable-pip-version-check"]
    run(*pip, "install", "-q", "-c", ROOT / "constraints.txt", f"{wheel}[sandbox]", cwd=tmp_path)
    run(*pip, "check", cwd=tmp_path)
    return binaries


@pytest.fixture
def at_the_minimum(built: Path, tmp_path: Path) -> Path:
    """With every extra, in the lowest versions that the metadata allows; the folder of its commands."""
    (wheel,) = built.glob("*.whl")
    binaries = with_index(tmp_path)
    pip = [binaries / "python", "-m", "pip", "--disable-pip-version-check"]
    run(*pip, "install", "-q", "-c", ROOT / "constraints-minimum.txt", f"{wheel}[sandbox,postgres,inventory]", cwd=tmp_path)
    run(*pip, "check", cwd=tmp_path)
    run(binaries / "python", "-W", "error", "-c", EVERY_MODULE, cwd=tmp_path)
    return binaries


EVERY_MODULE = """
import importlib, pkgutil, declarative
for found in pkgutil.walk_packages(declarative.__path__, "declarative."):
    if found.name != "declarative.__main__":
        importlib.import_module(found.name)
"""


@pytest.mark.parametrize(
    "environment",
    [
        "declared_only",
        *(pytest.param(one, marks=[pytest.mark.soak, pytest.mark.timeout(1800)]) for one in ("from_an_index", "at_the_minimum")),
    ],
)
def test_the_wheel_works_in_an_empty_environment(environment: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    binaries = request.getfixturevalue(environment)
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("QUALYS_", "DECLARATIVE_", "PYTHON"))}
    assert "declarative" in run(binaries / "declarative", "--version", cwd=tmp_path, env=environ)
    run(binaries / "declarative", "init", "project", cwd=tmp_path, env=environ)
    run(binaries / "declarative", "-C", "project", "validate", cwd=tmp_path, env=environ)
    said = iter(run(binaries / "declarative", "demo", cwd=tmp_path, env=environ).splitlines())
    (shown,) = re.findall(r"^```console\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    wanted = [line for line in shown.splitlines() if line.strip() not in ("", "...")]
    # In this order, and with other lines between them: the README leaves some out.
    assert [line for line in wanted if not any(one.startswith(line) for one in said)] == []
