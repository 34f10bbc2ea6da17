import errno
import hashlib
import os
import sys
from pathlib import Path

import pytest

from cellwright.data import cache
from cellwright.errors import DataError

PIN = cache.Package(project="nothing", version="1.0", bytes=3, sha256=hashlib.sha256(b"abc").hexdigest())


def test_the_data_folder_is_the_one_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CELLWRIGHT_DATA", str(tmp_path / "chosen"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache.data_folder() == tmp_path / "chosen"
    assert not (tmp_path / "chosen").exists()


def test_a_tilde_in_the_chosen_folder_is_the_home_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CELLWRIGHT_DATA", "~/chosen")
    assert cache.data_folder() == tmp_path / "chosen"


def test_the_data_folder_follows_the_xdg_rule(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CELLWRIGHT_DATA", "")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache.data_folder() == tmp_path / "xdg" / "cellwright"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache.data_folder() == tmp_path / ".cache" / "cellwright"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache.data_folder() == tmp_path / ".cache" / "cellwright"


def test_a_home_folder_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CELLWRIGHT_DATA", "~nobody-of-this-name/data")
    with pytest.raises(DataError, match="set CELLWRIGHT_DATA"):
        cache.data_folder()


def test_a_replaced_file_is_whole_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file"
    cache.replace(path, b"one")
    cache.replace(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(path.parent.iterdir()) == [path]


def test_a_folder_that_cannot_be_written_is_named_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DataError, match=r"cannot write .*file/data.*\n.*set CELLWRIGHT_DATA"):
        cache.replace(tmp_path / "file" / "data", b"")


def test_a_full_disk_keeps_the_old_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    path = tmp_path / "file"
    cache.replace(path, b"old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DataError, match=r"No space left on device\nMake room"):
        cache.replace(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_is_verified_by_size_and_hash(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    cache.verify(path, PIN)
    path.write_bytes(b"ab")
    with pytest.raises(DataError, match=r"found 2 bytes, sha256 not computed; expected 3 bytes.*\n.*delete it"):
        cache.verify(path, PIN)
    path.write_bytes(b"abd")
    with pytest.raises(DataError, match=f"found 3 bytes, sha256 {hashlib.sha256(b'abd').hexdigest()}; expected 3"):
        cache.verify(path, PIN)
    with pytest.raises(DataError, match=r"cannot read .*: No such file"):
        cache.verify(tmp_path / "none", PIN)


def _python_that(folder: Path, *lines: str) -> str:
    script = folder / "python"
    script.write_text("\n".join(("#!/bin/sh", *lines)), encoding="utf-8")
    script.chmod(0o755)
    return str(script)


def test_a_missing_pip_is_told_with_the_way_by_hand(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    python = _python_that(tmp_path, "echo 'python: No module named pip' >&2", "exit 1")
    monkeypatch.setattr(sys, "executable", python)
    told = r"nothing==1.0: python: No module named pip\nBy hand"
    with pytest.raises(DataError, match=told), cache.download(PIN, instead="By hand"):
        pass


def test_the_error_of_pip_is_told_and_not_the_notice_after_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    python = _python_that(tmp_path, "echo 'ERROR: gone' >&2", "echo '[notice] new pip' >&2", "exit 1")
    monkeypatch.setattr(sys, "executable", python)
    with pytest.raises(DataError, match=r"ERROR: gone\n"), cache.download(PIN, instead=""):
        pass


def test_a_pip_that_brings_nothing_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "executable", _python_that(tmp_path, "exit 0"))
    with pytest.raises(DataError, match=r"it left no nothing-1\.0-py3"), cache.download(PIN, instead=""):
        pass


def test_a_python_that_cannot_be_run_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "none"))
    with pytest.raises(DataError, match=r"cannot run .*\nBy hand"), cache.download(PIN, instead="By hand"):
        pass


def test_no_folder_for_temporary_files_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "none"))
    with pytest.raises(DataError, match="Set TMPDIR"), cache.download(PIN, instead=""):
        pass
