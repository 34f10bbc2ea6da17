"""The exceptions a caller may catch.

CellwrightError
├── UsageError     the request itself is wrong: an unknown name, a flag out of range (exit status 2)
├── SpaceError     a space, point or architecture that cannot be
├── DataError      a file, table or column that cannot be used
└── RunError       a run folder that cannot be read, written or continued
"""

__all__ = ["CellwrightError", "DataError", "RunError", "ScriptError", "SpaceError", "UsageError"]


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
