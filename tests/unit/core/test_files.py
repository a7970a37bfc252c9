"""Files appear whole or not at all; what is no file is neither replaced nor waited for."""

from __future__ import annotations

import os
import shlex
import stat
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from declarative.core.files import read_whole, real_path, write_atomic


def kind(path):
    return stat.S_IFMT(path.stat().st_mode)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_replaced_whole_and_keeps_its_mode(tmp_path):
    path = tmp_path / "new" / "plan.json"
    write_atomic(path, "old")
    path.chmod(0o640)
    write_atomic(path, b"new")
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode), names(path.parent)) == ("new", 0o640, ["plan.json"])


def test_through_a_link_the_file_behind_it_is_replaced(tmp_path):
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    write_atomic(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


@pytest.mark.parametrize("linked", [False, True])
def test_a_pipe_gets_what_is_written_and_stays_a_pipe(tmp_path, linked):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    path = pipe
    if linked:
        path = tmp_path / "link"
        path.symlink_to(pipe)
    heard = []
    reader = threading.Thread(target=lambda: heard.append(pipe.read_text()))
    reader.start()
    write_atomic(path, "words")
    reader.join(20)
    assert heard == ["words"]
    assert stat.S_ISFIFO(kind(pipe))
    assert names(tmp_path) == (["link", "pipe"] if linked else ["pipe"])


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_what_the_shell_has_open_is_added_to(tmp_path, name):
    out = tmp_path / "log"
    code = f"import pathlib, declarative.core.files as f; f.write_atomic(pathlib.Path({name!r}), 'two ')"
    command = f"echo one; {sys.executable} -c {shlex.quote(code)}; echo three"
    subprocess.run(["sh", "-c", f"({command}) > {out}"], check=True)
    assert out.read_text().split() == ["one", "two", "three"]


def test_a_link_to_what_the_shell_has_open_is_that(tmp_path):
    out, link = tmp_path / "log", tmp_path / "link"
    link.symlink_to("/dev/stdout")
    code = f"import pathlib, declarative.core.files as f; f.write_atomic(pathlib.Path({str(link)!r}), 'two ')"
    subprocess.run(["sh", "-c", f"(echo one; {sys.executable} -c {shlex.quote(code)}; echo three) > {out}"], check=True)
    assert out.read_text().split() == ["one", "two", "three"]


@pytest.mark.parametrize("name", ["/dev/fd/77", "/dev/fd/99999999999999999999"])
def test_a_descriptor_that_is_not_open_is_an_error_in_words(name):
    with pytest.raises(OSError):
        write_atomic(Path(name), "words")


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="only Linux has /dev/shm")
def test_memory_that_looks_like_a_disk_is_one():
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        path = Path(folder) / "plan.json"
        write_atomic(path, "old")
        write_atomic(path, "new")
        assert path.read_text() == "new"


def test_a_device_stays_a_device(tmp_path):
    device = tmp_path / "null"
    try:
        os.mknod(device, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
        write_atomic(device, "words")
    except PermissionError:
        pytest.skip("only root makes devices, and not on every disk")
    assert stat.S_ISCHR(kind(device))
    assert names(tmp_path) == ["null"]


def test_nothing_is_left_behind_where_a_folder_stands(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError):
        write_atomic(tmp_path / "folder", "words")
    assert names(tmp_path) == ["folder"]


def test_a_pipe_is_read_to_its_end(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(b"x" * 3_000_000))
    writer.start()
    assert len(read_whole(pipe, 3_000_000)) == 3_000_000
    writer.join(20)


@pytest.mark.parametrize("size", [0, 1, 10])
def test_a_file_is_read_up_to_the_limit(tmp_path, size):
    path = tmp_path / "file"
    path.write_bytes(b"x" * size)
    assert read_whole(path, size) == b"x" * size
    if size:
        with pytest.raises(OSError, match="larger than"):
            read_whole(path, size - 1)


def test_what_never_ends_is_not_read():
    with pytest.raises(OSError, match="neither a file nor a pipe"):
        read_whole(Path("/dev/zero"), 10)


def test_links_in_a_circle_lead_nowhere_and_break_nothing(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    assert not real_path(tmp_path / "a").exists()
