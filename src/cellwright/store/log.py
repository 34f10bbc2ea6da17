"""The log of a run: one JSON object a line, only ever appended to, by one writer."""

import contextlib
import errno
import fcntl
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from cellwright.errors import RunError, os_reason

__all__ = ["Event", "JsonLog", "Memory", "Store"]

Event = dict[str, Any]
_SYNC_SECONDS = 1.0
_TRIES, _BETWEEN = 10, 0.05  # of the lock; seconds


class Store(Protocol):
    """Keeps events in order."""

    def append(self, event: Event) -> None:
        """Keep an event; it survives the death of this process from here on."""
        ...

    def events(self) -> Iterator[Event]:
        """Yield all events from the first."""
        ...


class Memory:
    """Events in a list: they end with the process, for simulations."""

    def __init__(self) -> None:
        self._events: list[Event] = []

    def append(self, event: Event) -> None:
        """Keep an event."""
        self._events.append(event)

    def events(self) -> Iterator[Event]:
        """Yield all events."""
        yield from self._events


class JsonLog:
    """A file of events.

    Each event is handed to the operating system at once, so that a killed process loses none. They are forced to the
    disk by the first that comes a second or more after the last time; a power failure may lose what came since.

    Args:
        path: of the file.
        write: take the file over for writing; otherwise it may be read while another process writes it.

    Raises:
        RunError: another process writes the file, or it cannot be opened.
    """

    def __init__(self, path: Path, *, write: bool) -> None:
        self._path = path
        self._file: int | None = None
        self._synced = time.monotonic()
        if write:
            self._open()

    def append(self, event: Event) -> None:
        """Write an event through.

        Raises:
            RunError: the disk is full, or the file cannot be written; what was written before is safe.
        """
        assert self._file is not None, "a log opened for reading is not written"
        line = json.dumps(event, separators=(",", ":"), allow_nan=False).encode() + b"\n"
        try:
            while line:
                line = line[os.write(self._file, line) :]
            if time.monotonic() - self._synced > _SYNC_SECONDS:
                os.fsync(self._file)
                self._synced = time.monotonic()
        except OSError as error:
            raise RunError(
                f"cannot write {str(self._path)!r}: {os_reason(error)}; "
                "what was finished before is safe: make room, then resume"
            ) from error

    def events(self) -> Iterator[Event]:
        """Yield all events; a torn last line, left by a killed writer, is passed over.

        Raises:
            RunError: any other line is broken, or the file cannot be read.
        """
        try:
            with self._path.open("rb") as file:
                for number, line in enumerate(file, start=1):
                    if not line.endswith(b"\n"):
                        return
                    yield self._parsed(line, number)
        except OSError as error:
            raise RunError(f"cannot read {str(self._path)!r}: {os_reason(error)}") from error

    def close(self) -> None:
        """Force everything to the disk and let others write."""
        if self._file is not None:
            file, self._file = self._file, None
            with contextlib.suppress(OSError):  # nothing is lost: each event was written when it came
                os.fsync(file)
            os.close(file)

    def _parsed(self, line: bytes, number: int) -> Event:
        try:
            event = json.loads(line)
        except ValueError as error:
            raise RunError(
                f"line {number} of {str(self._path)!r} is broken: {error}; restore it from a copy"
            ) from error
        if not isinstance(event, dict) or "event" not in event:
            raise RunError(f"line {number} of {str(self._path)!r} is no event; restore it from a copy")
        return event

    def _open(self) -> None:
        try:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        except OSError as error:
            raise RunError(f"cannot write {str(self._path)!r}: {os_reason(error)}") from error
        for _ in range(_TRIES):
            if _locked(file):
                break
            time.sleep(_BETWEEN)  # who only looks whether the log is locked holds the lock for a moment
        else:
            os.close(file)
            raise RunError(f"another process is writing {str(self._path)!r}; wait for it, or stop it")
        self._file = file
        self._drop_torn_line()

    def _drop_torn_line(self) -> None:
        assert self._file is not None
        end = os.lseek(self._file, 0, os.SEEK_END)
        kept = end
        while kept:
            start = max(0, kept - 65536)
            newline = os.pread(self._file, kept - start, start).rfind(b"\n")
            if newline >= 0:
                kept = start + newline + 1
                break
            kept = start
        if kept < end:
            os.ftruncate(self._file, kept)


def _locked(file: int) -> bool:
    """Lock a file; return whether no other process has. Without locks, the rule of one writer is the user's to keep."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in (errno.EWOULDBLOCK, errno.EACCES)
    return True
