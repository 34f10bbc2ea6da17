"""The exceptions a caller may catch.

CellwrightError
├── UsageError     the request itself is wrong: an unknown name, a flag out of range (exit status 2)
├── SpaceError     a space, point or architecture that cannot be
├── DataError      a file, table or column that cannot be used
└── RunError       a run folder that cannot be read, written or continued
"""

import errno
import os
import re
import shutil

__all__ = ["CellwrightError", "DataError", "RunError", "ScriptError", "SpaceError", "UsageError", "os_reason"]

_HALF_WRITTEN = re.compile(r"\d+ requested and \d+ written")  # numpy, where the disk is full


class CellwrightError(Exception):
    """Anything cellwright refuses, with a message that says what to do."""


class UsageError(CellwrightError):
    """A request that names something unknown or gives a value out of range."""


class SpaceError(CellwrightError):
    """A space, point or architecture that cannot be."""


class DataError(CellwrightError):
    """A file, table or column that cannot be used."""


class RunError(CellwrightError):
    """A run folder that cannot be read, written or continued."""


class ScriptError(RunError, SystemExit):
    """The script that called cannot have workers; uncaught, it ends the script with its message and no traceback."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.code = message


def os_reason(error: OSError) -> str:
    """Return why the operating system refused, in its words: "No space left on device"."""
    if isinstance(error, shutil.Error) and isinstance(error.args[0], list):  # of every file of a folder
        return str(error.args[0][0][2]).partition("] ")[2].partition(": ")[0] or str(error)
    if _HALF_WRITTEN.fullmatch(str(error)):
        return os.strerror(errno.ENOSPC)
    return error.strerror or str(error)
