"""Tables as users have them: text, Parquet and Feather files, workbooks, packed or in archives.

What programs leave in tables is taken out here: empty columns and rows, names that stand there twice, decimal commas.
"""

import gzip
import lzma
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from io import TextIOWrapper
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING
from zipfile import BadZipFile

import numpy as np

from cellwright.data.readers.arrow import read_arrow
from cellwright.data.readers.books import read_sheet
from cellwright.data.readers.described import SAMPLES, read_described
from cellwright.data.readers.files import ARROW, BOOKS, TEXT, files_of, open_binary, outer, passed_over, suffix
from cellwright.data.readers.layout import COMMA
from cellwright.data.readers.table import Table
from cellwright.data.readers.text import read_text
from cellwright.data.sheet import Sheet, unnamed
from cellwright.data.words import few
from cellwright.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Sheet", "files_of", "passed_over", "read"]

_BROKEN = (OSError, EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile, BadZipFile)
_THOUSANDS = r"[+-]?\d{1,3}(,\d{3})+"


def read(path: Path) -> Sheet:
    """Read a table.

    Raises:
        DataError: it cannot be read, is empty, or is no table.
    """
    try:
        table = _read(path)
    except ValueError as error:
        raise DataError(f"{str(path)!r} is no table of equal rows: {' '.join(str(error).split())}") from error
    except _BROKEN as error:
        raise DataError(f"{str(path)!r} cannot be read: {error}") from error
    frame, origin = _without_empty_rows(table.frame, table.origin)
    if frame.empty:
        raise DataError(f"{str(path)!r} has a header and no rows")
    filled = [at for at, name in enumerate(table.names) if name or not frame[at].isna().all()]
    if len(filled) < len(table.names):
        frame = frame[filled]
    notes = list(table.notes)
    names, repeated, again = _names(frame, [(at + 1, table.names[at]) for at in filled])
    frame = frame.set_axis(names, axis=1)
    if again:
        frame = frame.drop(columns=again)
        notes.append(f"a column that stands there twice with the same values is used once: {few(list(again.values()))}")
    if table.decimal_commas:
        frame = _with_points(frame, notes)
    result = Sheet(path, frame, origin=origin, repeated=MappingProxyType(repeated))
    return Sheet(path, frame, tuple(f"{result.name}: {note}" for note in notes), result.repeated, origin)


def _read(path: Path) -> Table:
    file = outer(path)
    if file is not None and file == path.parent and path.name == SAMPLES and suffix(file) in TEXT:
        with TextIOWrapper(open_binary(file), encoding="utf-8", errors="replace", newline="") as stream:
            return read_described(stream)
    if file == path and path.suffix.lower() == ".zip":
        inner = files_of(path)
        if len(inner) > 1:
            names = few([member.relative_to(path).as_posix() for member in inner])
            raise DataError(f"{str(path)!r} holds several tables ({names}); name one: {inner[0]}")
        return _read(inner[0])
    if file is not None and suffix(file) in BOOKS:
        return read_sheet(path, file, open_binary(file))
    if suffix(path) in ARROW:
        # straight from the disk where it can be: what is read is not kept twice
        return read_arrow(
            path, suffix(path), path if path.suffix.lower() in ARROW and file == path else open_binary(path)
        )
    return read_text(path)


def _without_empty_rows(
    frame: "pd.DataFrame", origin: Callable[[int], str] | None
) -> tuple["pd.DataFrame", Callable[[int], str] | None]:
    """Return the rows in which something stands, and where they stand."""
    if not len(frame.columns):
        return frame, origin
    doubtful = np.flatnonzero(frame[0].isna())
    empty = doubtful[frame.iloc[doubtful].isna().all(axis=1).to_numpy()] if len(doubtful) else doubtful
    if not len(empty):
        return frame, origin
    left = np.setdiff1d(np.arange(len(frame)), empty)
    moved = None if origin is None else lambda row: origin(int(left[row]))
    return frame.iloc[left].reset_index(drop=True), moved


def _names(
    frame: "pd.DataFrame", columns: Sequence[tuple[int, str]]
) -> tuple[list[str], dict[str, str], dict[str, str]]:
    """Return a name for each column, all different.

    Args:
        columns: the number of each, from 1, and its name in the file.

    Returns:
        the names; of repeated ones -> the name in the file, also of the first; likewise of those that may go, for
        holding the same values as the first.
    """
    counts = Counter(name for _, name in columns)
    taken = set(counts)
    first: dict[str, int] = {}
    names: list[str] = []
    repeated: dict[str, str] = {}
    again: dict[str, str] = {}
    for place, (number, name) in enumerate(columns):
        if not name:
            names.append(unnamed(number))
            continue
        if name not in first:
            first[name] = place
            names.append(name)
            continue
        copy = 2
        while (own := f"{name} ({copy})") in taken:
            copy += 1
        taken.add(own)
        names.append(own)
        same = frame.iloc[:, place].equals(frame.iloc[:, first[name]])
        (again if same else repeated)[own] = name
    return names, repeated | {name: name for name in repeated.values()}, again


def _with_points(frame: "pd.DataFrame", notes: list[str]) -> "pd.DataFrame":
    """Return columns of numbers with decimal commas as numbers; "1,234" throughout may as well mean thousands."""
    import pandas as pd

    changed: dict[str, pd.Series[float]] = {}
    for name in [name for name, kind in frame.dtypes.items() if kind.kind not in "fiubMm"]:
        filled = frame[name].dropna().astype(str).str.strip()
        commas = filled.str.fullmatch(COMMA)
        if not commas.any() or filled[commas].str.fullmatch(_THOUSANDS).all():
            continue
        numbers = pd.to_numeric(filled.str.replace(",", ".", regex=False), errors="coerce")
        if numbers.notna().all():
            changed[str(name)] = numbers.reindex(frame.index)
    if changed:
        notes.append(f"decimals are written with a comma: {few(list(changed))}")
    return frame.assign(**changed) if changed else frame
