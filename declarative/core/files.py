"""Files written whole or not at all, and read to an end that is sure to come."""

from __future__ import annotations

import errno
import os
import re
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

_PART = 8 * 1024 * 1024
_OPEN = frozenset({Path("/dev/fd"), Path("/proc/self/fd")})
_STANDARD = (1, 2)


def write_atomic(path: Path, data: str | bytes, *, mode: int | None = None) -> None:
    """Replaces `path` in one step: readers see the old bytes or the new, never a part.

    The mode of an existing file is kept, unless `mode` says otherwise; a new file gets 0644 less the umask.
    Missing folders are made. Raises OSError, and leaves nothing behind then. A device or a pipe (`/dev/null`, `/dev/stderr`,
    a shell's `>(...)`) is written to as it is: putting a file in its place would take it from everybody.
    """
    content = data.encode("utf-8") if isinstance(data, str) else data
    if is_stream(path):
        number = _open_already(path)
        with path.open("ab") if number is None else os.fdopen(os.dup(number), "wb") as stream:
            stream.write(content)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    # Through a link, replace what it points to and keep the link.
    path = real_path(path) if path.is_symlink() else path
    handle, name = tempfile.mkstemp(prefix=f".{path.name[:40]}.", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(_mode_for(path) if mode is None else mode)
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def is_stream(path: Path) -> bool:
    """Whether it is there, and no file that another could take the place of. What the shell goes on writing to (it may be a file
    behind `/dev/stdout`) is none."""
    if _open_already(path) is not None:
        return True
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def _open_already(path: Path) -> int | None:
    """The number of a descriptor that the path names, or of the standard one that leads to the same file."""
    if path.parent in _OPEN and re.fullmatch("[0-9]{1,9}", path.name):
        return int(path.name)
    for number in _STANDARD:
        with suppress(OSError):  # closed, or not there
            if os.path.samestat(path.stat(), os.fstat(number)):
                return number
    return None


def read_whole(path: Path, most: int) -> bytes:
    """The bytes of a file, or of a pipe such as a shell's `<(...)`. Raises OSError, also for a device and for more than `most`
    bytes: who names `/dev/zero` would wait for ever, or until the memory is full."""
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode) and not stat.S_ISFIFO(status.st_mode):
            raise OSError(errno.EINVAL, "this is neither a file nor a pipe")
        # A usual file comes in one piece: joining the parts takes their memory twice.
        parts, size = [], 0
        while size <= most and (part := file.read(min(max(status.st_size, _PART), most) + 1)):
            parts.append(part)
            size += len(part)
    if size > most:
        raise OSError(errno.EFBIG, f"it is larger than {most:,} bytes")
    return parts[0] if len(parts) == 1 else b"".join(parts)


def real_path(path: Path) -> Path:
    """Where it leads through all links; links that lead round in a circle lead nowhere (`Path.resolve` breaks on them)."""
    return Path(os.path.realpath(path))


def _mode_for(path: Path) -> int:
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        umask = os.umask(0)
        os.umask(umask)
        return 0o644 & ~umask
