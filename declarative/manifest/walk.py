"""Which files are the project's: patterns below its root, regular files only, never outside, in stable order."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from declarative.core.diagnostics import Diagnostic, Position, Severity
from declarative.core.errors import InvalidError
from declarative.core.files import real_path
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


def leads_out(root: Path, path: Path) -> bool:
    """Whether a link on the way to that path leads out of the folder."""
    return not real_path(path).is_relative_to(real_path(root))


def read_project_file(root: Path, limits: ReadLimits) -> tuple[bytes | None, list[Diagnostic]]:
    """The bytes of `declarative.yaml`, or why not."""
    path = root / PROJECT_FILE
    return (None, [_outside(PROJECT_FILE)]) if leads_out(root, path) else read_file(path, PROJECT_FILE, limits)


def digest_of_file(data: bytes) -> str:
    """Of whole files: many processors have instructions for SHA-256, and none for BLAKE2."""
    return hashlib.sha256(data).hexdigest()


def leaves_project(pattern: str) -> bool:
    """Whether a pattern could name a file outside the folder that it is relative to."""
    cleaned = pattern.replace("\\", "/")
    return cleaned.startswith("/") or ".." in cleaned.split("/") or bool(re.match(r"[A-Za-z]:", cleaned))


def files_matching(root: Path, patterns: Iterable[str]) -> tuple[dict[str, Path], list[Diagnostic]]:
    """The YAML files that match one of the patterns, by their path relative to the root, sorted; and what was refused.

    A pattern is a file, a folder (all YAML files below it) or a glob with `*`, `?`, `[...]` and `**`. Hidden folders and
    files are left out. Patterns that leave the project match nothing.
    """
    each, refused = files_of_each(root, patterns, most=1)
    found = {relative: path for files in each for relative, path in files.items()}
    return dict(sorted(found.items())), refused


def files_of_each(
    root: Path, patterns: Iterable[str], *, most: int | None = None
) -> tuple[list[dict[str, Path]], list[Diagnostic]]:
    """What `files_matching` finds, by the place of the pattern among the patterns, in one walk. `most`: to so many patterns is
    a file counted."""
    wanted = [None if leaves_project(pattern) else _Pattern(pattern) for pattern in patterns]
    by_base: dict[str, list[int]] = {}
    for index, pattern in enumerate(wanted):
        if pattern is not None:
            by_base.setdefault(pattern.base, []).append(index)
    found: list[dict[str, Path]] = [{} for _ in wanted]
    refused: list[Diagnostic] = []
    seen: set[Path] = set()
    real_root = root.resolve()
    for relative, path, real in _walk(root, real_root, refused, by_base):
        candidates = (index for above in _folders_above(relative) for index in by_base.get(above, ()))
        fitting = (index for index in candidates if (pattern := wanted[index]) is not None and pattern.matches(relative))
        matching = list(islice(fitting, most))
        if not matching:
            continue
        if not real.is_relative_to(real_root):
            refused.append(_outside(relative))
        elif real not in seen:
            seen.add(real)
            for index in matching:
                found[index][relative] = path
    return [dict(sorted(files.items())) for files in found], refused


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
        is_lost = path.is_symlink() and not path.exists()
        hint = "it is a link that leads nowhere: remove it" if is_lost else "check its permissions"
        return None, [_error("path/unreadable", relative, f"the file cannot be read: {error.strerror}", hint)]
    if len(data) > limits.file_bytes:
        return None, [too_large(relative, len(data), limits.file_bytes)]
    return data, []


def read_part(path: Path, start: int, end: int) -> bytes:
    """What of these bytes is there now of a file that was read before; nothing where it cannot be read any more."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            return os.pread(descriptor, end - start, start)
        finally:
            os.close(descriptor)
    except OSError:
        return b""


def _walk(root: Path, real_root: Path, refused: list[Diagnostic], bases: Collection[str]) -> Iterator[tuple[str, Path, Path]]:
    """Every file that a pattern with one of these fixed beginnings can match: relative, as it was reached, and in truth."""
    leading = {above for base in bases for above in (*_folders_above(base), base)}
    visited = {real_root}
    pending = [("", root, real_root)]
    while pending:
        prefix, folder, real_folder = pending.pop()
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
            is_folder = _is_folder(entry)
            if is_folder and relative not in leading and not any(above in bases for above in _folders_above(relative)):
                continue
            path = Path(entry.path)
            real = real_path(path) if entry.is_symlink() else real_folder / entry.name
            if not is_folder:
                yield relative, path, real
            elif not real.is_relative_to(real_root):
                refused.append(_outside(relative))
            elif real not in visited:
                visited.add(real)
                pending.append((relative + "/", path, real))


def _folders_above(relative: str) -> Iterator[str]:
    """The folders that a path lies in, the root's first."""
    yield ""
    end = relative.find("/")
    while end >= 0:
        yield relative[:end]
        end = relative.find("/", end + 1)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


class _Pattern:
    """`base`: the folders that it begins with, without a wildcard."""

    def __init__(self, pattern: str) -> None:
        parts = [part for part in pattern.replace("\\", "/").split("/") if part not in ("", ".")]
        wild = next((index for index, part in enumerate(parts) if re.search(r"[*?\[]", part)), len(parts))
        self._is_file = wild == len(parts) > 0 and parts[-1].endswith(SUFFIXES)
        if wild == len(parts) and not self._is_file:
            parts = [*parts, "**", "*"]
        self._parts = parts
        self._is_folder = wild == len(parts) - 2 and parts[-2:] == ["**", "*"]
        self.base = "/".join(parts[: min(wild, len(parts) - 1)])
        self._expression: re.Pattern[str] | None = None

    def matches(self, relative: str) -> bool:
        """Whether a file below the base is meant."""
        if self._is_file:
            return relative == "/".join(self._parts)
        if self._is_folder:
            return relative.endswith(SUFFIXES)
        if self._expression is None:
            expression = _translated(self._parts)
            if not self._parts[-1].endswith(SUFFIXES):
                expression = rf"(?=.*\.ya?ml\Z){expression}"
            self._expression = re.compile(expression)
        return self._expression.fullmatch(relative) is not None


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
