"""Tables in text files."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING

from cellwright.data.readers.files import open_binary
from cellwright.data.readers.layout import Layout, is_blank, layout_of
from cellwright.data.readers.table import Table
from cellwright.data.readers.wide import FEWEST_COLUMNS, read_wide
from cellwright.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_text"]

_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_TOO_MANY = re.compile(r"Expected (\d+) fields in line (\d+), saw (\d+)")


@dataclass(frozen=True, slots=True)
class _Lines:
    """Where the rows of a text file stand. Attributes: skip: lines above the first row."""

    path: Path
    encoding: str
    skip: int

    def __call__(self, row: int) -> str:
        """Return the line of a row in words; nothing where a field goes over several lines."""
        with _opened(self.path, self.encoding) as stream:
            seen = 0
            for number, line in enumerate(stream, 1):
                if number <= self.skip or is_blank(line):
                    continue
                if line.count('"') % 2:
                    return ""
                if seen == row:
                    return f"line {number:,}"
                seen += 1
        return ""


def read_text(path: Path) -> Table:
    """Read a table of UTF-8 or UTF-16 text, or in the encoding of Windows.

    Raises:
        DataError: it holds no table of equal rows.
    """
    with open_binary(path) as file:
        start = file.read(2)
    for encoding in ("utf-16",) if start in _UTF16 else ("utf-8-sig", "cp1252"):
        try:
            table = _read(path, encoding)
        except (UnicodeDecodeError, UnicodeError):
            continue
        if encoding != "cp1252":
            return table
        note = "it is not UTF-8 text and is read in the encoding of Windows (cp1252)"
        return Table(table.frame, table.names, (note, *table.notes), table.origin, table.decimal_commas)
    raise DataError(
        f"{str(path)!r} cannot be read: it is neither UTF-8 nor UTF-16 text, nor in the encoding of Windows"
    )


def _read(path: Path, encoding: str) -> Table:
    with _opened(path, encoding) as stream:
        layout = layout_of(path, stream)
    frame = None
    if len(layout.names) >= FEWEST_COLUMNS and layout.decimal == "." and layout.thousands is None:
        with _opened(path, encoding) as stream:
            frame = read_wide(stream, layout)
    if frame is None:
        frame = _narrow(path, layout, lambda: _opened(path, encoding))
    if layout.end is not None:
        frame = _ended(frame, layout.end)
    if layout.rows is not None and layout.rows != len(frame):
        raise DataError(
            f"{str(path)!r} says in line 2 that it has {layout.rows:,} rows, and has {len(frame):,}: it is not whole"
        )
    notes = layout.notes
    if layout.decimal == ",":
        notes = (*notes, "decimals are written with a comma")
    return Table(frame, layout.names, notes, _Lines(path, encoding, layout.skip), layout.separator != ",")


def _narrow(path: Path, layout: Layout, opened: Callable[[], TextIOWrapper]) -> "pd.DataFrame":
    import pandas as pd

    with opened() as stream:
        for _ in range(layout.skip):
            stream.readline()
        try:
            return pd.read_csv(
                stream,
                sep=layout.separator,
                header=None,
                names=range(len(layout.names)),
                index_col=False,
                na_values=["-", "."],
                low_memory=False,
                skipinitialspace=True,
                decimal=layout.decimal,
                thousands=layout.thousands,
            )
        except pd.errors.EmptyDataError:
            return pd.DataFrame(columns=range(len(layout.names)))
        except pd.errors.ParserError as error:
            raise DataError(f"{str(path)!r} is no table of equal rows: {_reason(str(error), layout)}") from error


def _reason(message: str, layout: Layout) -> str:
    found = _TOO_MANY.search(message)
    if found is None:
        return " ".join(message.replace("Error tokenizing data. C error: ", "").split())
    names, line, fields = map(int, found.groups())
    return f"line {line + layout.skip:,} has {fields:,} fields, and there are {names:,} columns"


def _ended(frame: "pd.DataFrame", end: str) -> "pd.DataFrame":
    """Return the rows above the line that ends the table."""
    last = frame[0].astype(str).str.startswith(end).to_numpy()
    return frame.iloc[: int(last.argmax())].reset_index(drop=True) if last.any() else frame


def _opened(path: Path, encoding: str) -> TextIOWrapper:
    return TextIOWrapper(open_binary(path), encoding=encoding, newline="")
