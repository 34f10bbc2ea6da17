"""Wide tables in text files: one entity a line, its name first, then a number a column.

Such files have thousands of columns and few lines, of which often few are wanted; so they are read line by line, and
only lines that are wanted become numbers.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from cellwright.errors import DataError, os_reason

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MISSING", "Matrix", "read_matrix"]

#: what stands for a missing value
MISSING = ("", "-", "na", "NA", "nan", "NaN")
#: Oracle's spooled files, NCI-ALMANAC among them, end with the end-of-file mark of old (Ctrl-Z)
_PADDING = b" \t\r\n\x1a"
_MARK = b"\xef\xbb\xbf"  # byte order mark, left by spreadsheets


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """A wide table, row by row as in the file.

    Attributes:
        names: what stands first in each line; may repeat.
        values: float32 (names, columns); NaN where missing, or beyond float32.
    """

    names: tuple[str, ...]
    columns: tuple[str, ...]
    values: np.ndarray

    def table(self) -> "pd.DataFrame":
        """Return the rows by name, the first of each name, sorted by it."""
        import pandas as pd

        first = {name: row for row, name in reversed(list(enumerate(self.names)))}
        rows = [first[name] for name in sorted(first)]
        if rows != list(range(len(self.names))):
            return pd.DataFrame(self.values[rows], index=pd.Index(sorted(first), dtype=str), columns=self.columns)
        return pd.DataFrame(self.values, index=pd.Index(self.names, dtype=str), columns=self.columns, copy=False)


def read_matrix(
    path: Path,
    *,
    keep: Callable[[str], bool] | None = None,
    header: bool = True,
    skip: int = 0,
    without: Collection[str] = (),
) -> Matrix:
    """Read a wide table; tabs, commas or blanks separate its fields, whichever its first line read has.

    Args:
        keep: says of a name whether its row is wanted; all are if not given.
        header: whether the first line read names the columns; if not, they are called "1", "2", ...
        skip: lines at the top that are passed over.
        without: columns that hold no numbers and are left out.

    Raises:
        DataError: the file cannot be read or holds no row, a line has more or fewer fields than the first, or a field
            is no number.
    """
    try:
        with path.open("rb") as file:
            return _matrix(path, _lines(file, skip), keep, header, without)
    except OSError as error:
        raise DataError(f"cannot read {str(path)!r}: {os_reason(error)}") from error


def _lines(file: BinaryIO, skip: int) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that hold something, with their numbers."""
    for number, line in enumerate(file, start=1):
        if number > skip and line.strip(_PADDING):
            yield number, (line.removeprefix(_MARK) if number == 1 else line).rstrip(b"\r\n")


def _matrix(
    path: Path,
    lines: Iterator[tuple[int, bytes]],
    keep: Callable[[str], bool] | None,
    header: bool,
    without: Collection[str],
) -> Matrix:
    top, first = next(lines, (0, b""))
    if not first:
        raise DataError(f"{str(path)!r} is empty; expected a line of numbers for each of its entities")
    separator = next((mark for mark in (b"\t", b",") if mark in first), b" ")
    fields = [field.decode("utf-8", "replace").strip().strip('"') for field in first.split(separator)]
    columns = fields[1:] if header else [str(number) for number in range(1, len(fields))]
    if not columns:
        raise DataError(f"{str(path)!r}, line {top}: one field; expected a name and then numbers, separated by tabs")
    dropped = sorted((columns.index(name) for name in without if name in columns), reverse=True)
    kept = _distinct([name for column, name in enumerate(columns) if column not in dropped])
    names: list[str] = []
    values = np.empty((_count(path), len(kept)), dtype=np.float32)  # what is not written to takes no memory
    for number, line in lines if header else _chain((top, first), lines):
        start, _, rest = line.partition(separator)
        width = rest.count(separator) + 1
        if width != len(columns):
            raise DataError(f"{str(path)!r}, line {number}: {width + 1} fields, but line {top} has {len(columns) + 1}")
        name = start.decode("utf-8", "replace").strip().strip('"')
        if keep is None or keep(name):
            fields_left = rest if not dropped else _without(rest, separator, dropped)
            values[len(names)] = _numbers(path, number, fields_left.split(separator), kept)
            names.append(name)
    if not names and keep is None:
        raise DataError(f"{str(path)!r} has a header and no rows")
    return Matrix(tuple(names), tuple(kept), values[: len(names)])


def _distinct(names: list[str]) -> list[str]:
    """Return names, with a number behind those that stood before, as pandas does."""
    seen: Counter[str] = Counter()
    found = []
    for name in names:
        found.append(f"{name}.{seen[name]}" if seen[name] else name)
        seen[name] += 1
    return found


def _chain(first: tuple[int, bytes], rest: Iterator[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
    yield first
    yield from rest


def _without(rest: bytes, separator: bytes, dropped: list[int]) -> bytes:
    fields = rest.split(separator)
    for column in dropped:
        del fields[column]
    return separator.join(fields)


def _count(path: Path) -> int:
    """Return how many lines a file has, at most."""
    with path.open("rb") as file:
        return 1 + sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))


def _numbers(path: Path, line: int, fields: list[bytes], columns: list[str]) -> np.ndarray:
    """Return the fields of a line as float32, by the quickest parser at hand: as one column of a CSV file."""
    import pyarrow as pa
    from pyarrow import csv

    try:
        column = csv.read_csv(
            pa.py_buffer(b"\n".join(fields) + b"\n"),
            csv.ReadOptions(column_names=["value"], use_threads=False, block_size=1 << 24),
            csv.ParseOptions(delimiter="\x01", quote_char=False, ignore_empty_lines=False),
            csv.ConvertOptions(column_types={"value": pa.float32()}, null_values=list(MISSING)),
        ).column(0)
    except pa.ArrowInvalid as error:
        texts = [field.decode("utf-8", "replace").strip() for field in fields]
        wrong = next((at for at, text in enumerate(texts) if not _is_number(text)), None)
        if wrong is None:
            raise DataError(f"{str(path)!r}, line {line}: {error}") from error
        where = f"{str(path)!r}, line {line}, column {columns[wrong]!r}"
        raise DataError(f"{where}: {texts[wrong]!r} is not a number") from error
    values: np.ndarray = column.to_numpy().astype(np.float32, copy=True)
    values[np.isinf(values)] = np.nan
    return values


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return text in MISSING
    return "_" not in text
