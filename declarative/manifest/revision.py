"""The project as Git knows it at another commit, laid out in a folder of its own: the working tree is not touched."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from declarative.core.errors import UsageError

_PATIENCE = 300.0


@contextmanager
def at_revision(root: Path, ref: str) -> Iterator[Path]:
    """The folder of the project as it was where this branch left `ref` (their merge base), for the duration of the block.
    It may hold no project at all. Raises UsageError where there is no repository, or no such commit in it."""
    base = fork_point(root, ref)
    top = Path(_git(root, "rev-parse", "--show-toplevel").strip())
    prefix = root.resolve().relative_to(top.resolve())
    with tempfile.TemporaryDirectory(prefix="declarative-") as made:
        # An index of its own: what the user has staged stays as it is.
        own = {"GIT_INDEX_FILE": str(Path(made) / "index")}
        _git(top, "read-tree", base, environ=own)
        listed = _git(top, "ls-files", "-z", "--", f"{prefix.as_posix()}/" if prefix.parts else ".", environ=own)
        tree = Path(made) / "tree"
        _git(top, "checkout-index", "-z", "--stdin", f"--prefix={tree}/", environ=own, stdin=listed)
        found = tree / prefix
        found.mkdir(parents=True, exist_ok=True)
        yield found


def fork_point(root: Path, ref: str) -> str:
    """The commit where this branch left `ref`. Raises UsageError."""
    if not ref or ref.startswith("-"):
        raise UsageError(f"--changed-since {ref}: this is not a commit")
    _git(root, "rev-parse", "--git-dir", problem="--changed-since: the project is not in a Git repository")
    wanted = f"--changed-since {ref}: no such commit here"
    commit = _git(root, "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}", problem=wanted).strip()
    return _git(root, "merge-base", commit, "HEAD", problem=f"--changed-since {ref}: it shares no history with HEAD").strip()


def _git(root: Path, *arguments: str, environ: Mapping[str, str] | None = None, stdin: str = "", problem: str = "") -> str:
    line = ["git", "-C", str(root), *arguments]
    try:
        done = subprocess.run(
            line,
            input=stdin,
            env={**os.environ, "LC_ALL": "C", **(environ or {})},
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            timeout=_PATIENCE,
            check=False,
        )
    except FileNotFoundError:
        raise UsageError("--changed-since needs git, which is not installed") from None
    except subprocess.TimeoutExpired:
        raise UsageError(f"git {arguments[0]} took longer than {_PATIENCE:.0f} s") from None
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise UsageError(
            problem or f"git {arguments[0]} failed: {said[-1] if said else done.returncode}",
            hint="a shallow clone knows no older commits: fetch the whole history (fetch-depth: 0, GIT_DEPTH: 0)"
            if problem
            else None,
        )
    return done.stdout
