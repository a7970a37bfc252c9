"""Which files are the project's: patterns below its root, regular files only, never outside, in stable order."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from declarative.core.diagnostics import Diagnostic, Position, Severity
from declarative.core.errors import InvalidError
from declarative.manifest.sources import ReadLimits, too_large

PROJECT_FILE = "declarative.yaml"
SUFFIXES = (".yaml", ".yml")


def find_project(start: Path) -> Path:
    """The nearest folder, `start` or above it, with a `declarative.yaml`. Raises InvalidError where there is none."""
    for folder in (start.resolve(), *start.resolve().parents):
        if (folder / PROJECT_FILE).is_file():
            return folder
    raise InvalidError(
        f"no {PROJECT_FILE} in {start} or any folder above it",
        hint="run `declarative init` to start a project, or give its folder with --chdir",
    )


def digest_of_file(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=20).hexdigest()


def leaves_project(pattern: str) -> bool:
    """Whether a pattern could name a file outside the folder that it is relative to."""
    cleaned = pattern.replace("\\", "/")
    return cleaned.startswith("/") or ".." in cleaned.split("/") or bool(re.match(r"[A-Za-z]:", cleaned))


def files_matching(root: Path, patterns: Iterable[str]) -> tuple[dict[str, Path], list[Diagnostic]]:
    """The YAML files that match one of the patterns, by their path relative to the root, sorted; and what was refused.

    A pattern is a file, a folder (all YAML files below it) or a glob with `*`, `?`, `[...]` and `**`. Hidden folders and
    files are left out. Patterns that leave the project match nothing.
    """
    compiled = [_compile(pattern) for pattern in patterns if not leaves_project(pattern)]
    found: dict[str, Path] = {}
    refused: list[Diagnostic] = []
    seen: set[Path] = set()
    real_root = root.resolve()
    for relative, path in _walk(root, real_root, refused, compiled):
        if not any(expression.fullmatch(relative) for expression, _ in compiled):
            continue
        real = path.resolve()
        if not real.is_relative_to(real_root):
            refused.append(_outside(relative))
        elif real not in seen:
            seen.add(real)
            found[relative] = path
    return dict(sorted(found.items())), refused


def read_file(path: Path, relative: str, limits: ReadLimits) -> tuple[bytes | None, list[Diagnostic]]:
    """A regular file's bytes, at most the size limit; or why not."""
    try:
        # Not blocking: opening a named pipe would wait for its other end.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                return None, [
                    _error("path/not-a-file", relative, "this is not a regular file", "remove it, or narrow spec.manifests")
                ]
            if status.st_size > limits.file_bytes:
                return None, [too_large(relative, status.st_size, limits.file_bytes)]
            # Room for the largest file costs more than reading a usual one; a file that has grown since is read to its end.
            data = file.read(status.st_size + 1)
            if len(data) > status.st_size:
                data += file.read(limits.file_bytes + 1 - len(data))
    except OSError as error:
        return None, [_error("path/unreadable", relative, f"the file cannot be read: {error.strerror}", "check its permissions")]
    if len(data) > limits.file_bytes:
        return None, [too_large(relative, len(data), limits.file_bytes)]
    return data, []


_Compiled = Sequence[tuple[re.Pattern[str], str]]


def _walk(root: Path, real_root: Path, refused: list[Diagnostic], compiled: _Compiled) -> Iterator[tuple[str, Path]]:
    bases = [base for _, base in compiled]
    visited = {real_root}
    pending = [("", root)]
    while pending:
        prefix, folder = pending.pop()
        try:
            with os.scandir(folder) as scan:
                entries = sorted(scan, key=lambda entry: entry.name, reverse=True)
        except OSError as error:
            refused.append(_error("path/unreadable", prefix or ".", f"the folder cannot be read: {error.strerror}", None))
            continue
        for entry in entries:
            relative = f"{prefix}{entry.name}"
            if entry.name.startswith("."):
                continue
            if _is_folder(entry):
                if not any(_related(relative, base) for base in bases):
                    continue
                real = Path(entry.path).resolve()
                if not real.is_relative_to(real_root):
                    refused.append(_outside(relative))
                elif real not in visited:
                    visited.add(real)
                    pending.append((relative + "/", Path(entry.path)))
            else:
                yield relative, Path(entry.path)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _related(relative: str, base: str) -> bool:
    """Whether a folder can hold files of a pattern whose fixed beginning is `base`, or lies below it."""
    return not base or base == relative or base.startswith(relative + "/") or relative.startswith(base + "/")


def _compile(pattern: str) -> tuple[re.Pattern[str], str]:
    parts = [part for part in pattern.replace("\\", "/").split("/") if part not in ("", ".")]
    wild = next((index for index, part in enumerate(parts) if re.search(r"[*?\[]", part)), None)
    if wild is None:
        if not parts or not parts[-1].endswith(SUFFIXES):
            parts = [*parts, "**", "*"]
            wild = len(parts) - 2
        else:
            wild = len(parts)
    expression = _translated(parts)
    if not parts[-1].endswith(SUFFIXES):
        expression = rf"(?=.*\.ya?ml\Z){expression}"
    return re.compile(expression), "/".join(parts[: min(wild, len(parts) - 1)])


def _translated(parts: Sequence[str]) -> str:
    """A path's expression. What stands between two wildcards is taken where it first fits: a later fit could match nothing
    more, and looking for one takes time that grows with the power of the number of wildcards."""
    expression = ""
    is_open = False
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        if part != "**":
            expression += _segment(part) + ("" if last else "/")
        elif last:
            expression += (")" if is_open else "") + "(?:[^/]+/)*[^/]+"
            is_open = False
        else:
            expression += (")" if is_open else "") + ("(?:[^/]+/)*?" if "**" not in parts[index + 1 :] else "(?>(?:[^/]+/)*?")
            is_open = "**" in parts[index + 1 :]
    return expression


def _segment(part: str) -> str:
    """The expression of a file's or a folder's name."""
    between: list[str] = [""]
    for piece in re.findall(r"\[!?[^\]]+\]|.", part):
        if piece == "*":
            between.append("")
        elif piece == "?":
            between[-1] += "[^/]"
        elif len(piece) > 1:
            inner = re.escape(piece[1:-1].removeprefix("!")).replace(r"\-", "-")
            between[-1] += f"(?!/)[{'^' if piece[1] == '!' else ''}{inner}]"
        else:
            between[-1] += re.escape(piece)
    if len(between) == 1:
        return between[0]
    first, *middle, last = between
    return first + "".join(f"(?>[^/]*?{found})" for found in middle if found) + f"[^/]*{last}"


def _outside(relative: str) -> Diagnostic:
    return _error(
        "path/outside-project", relative, "the path leads out of the project through a link", "copy the file into the project"
    )


def _error(rule: str, file: str, message: str, hint: str | None) -> Diagnostic:
    return Diagnostic(Severity.ERROR, rule, message, Position(file), hint=hint)
