"""Tables as users have them: CSV, TSV and Parquet files, read with messages that name file, column and row.

Rows are counted from 1 below the header.
"""

import gzip
import lzma
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cellwright.data.frames import MOST_EXACT, few
from cellwright.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Sheet", "files_of", "read"]

_TEXT = (".csv", ".tsv", ".txt", ".tab")
_PARQUET = (".parquet", ".pq")
_BOOKS = (".xlsx", ".xls", ".ods")
_PACKED = (".gz", ".bz2", ".xz")
_FEWEST_COUNTED = 4  # 0, 1, 2 may be anything
_COMMA = re.compile(r"[+-]?\d+,\d+")
_DECIMAL = re.compile(r"[+-]?\d*\.\d+(e[+-]?\d+)?(\.\d+)?", re.IGNORECASE)  # pandas tells equal ones apart by an ending
_DELIMITERS = ("\t", ",", ";", "|")
_MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "-", ".", "#n/a", "?"})
_BROKEN = (OSError, EOFError, UnicodeDecodeError, zlib.error, lzma.LZMAError, gzip.BadGzipFile)


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """One table, as it stands in a file: text, or numbers where every cell is one.

    Attributes:
        path: of the file.
        frame: its columns are named by strings.
    """

    path: Path
    frame: "pd.DataFrame"

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self.frame.columns)

    def column(self, name: str) -> "pd.Series":
        """Return a column.

        Raises:
            DataError: there is none of this name.
        """
        if name not in self.frame.columns:
            raise DataError(f"{str(self.path)!r} has no column {name!r}; it has {few(self.columns, 12)}")
        column: pd.Series = self.frame[name]
        return column

    def names(self, column: str, *, missing: bool = False) -> "pd.Series[str]":
        """Return a column of identifiers as text, whole numbers without a decimal point.

        Args:
            missing: cells may be empty, and are NA.

        Raises:
            DataError: a cell is empty.
        """
        import pandas as pd

        values = self.column(column)
        if pd.api.types.is_float_dtype(values) and (values.dropna() % 1 == 0).all():
            rounded = np.flatnonzero(values.abs() >= MOST_EXACT)
            if len(rounded):
                raise DataError(
                    f"{self.name}: column {column!r} holds identifiers that some program has rounded, in "
                    f"{_rows(rounded)}: {values.iloc[rounded[0]]!r}; write them as text"
                )
            values = values.astype("Int64")
        empty = np.flatnonzero(values.isna() | (values.astype(str).str.strip() == ""))
        if missing:
            return values.astype(object).where(~np.isin(np.arange(len(values)), empty)).map(_stripped, "ignore")
        if len(empty):
            raise DataError(
                f"{self.name}: column {column!r} is empty in {_rows(empty)}; fill it in, or leave it out "
                "(NA, None, null and the like count as empty: give what is called so another name)"
            )
        return values.astype(str).str.strip()

    def numbers(self, column: str, *, missing: bool = False) -> np.ndarray:
        """Return a column of numbers, float64 (rows,).

        Args:
            missing: cells may be empty, and are NaN.

        Raises:
            DataError: a cell is no finite number.
        """
        values, bad = _numeric(self.column(column))
        empty = np.isnan(values) & ~bad
        infinite = np.isinf(values)
        huge = np.abs(values) > np.finfo(np.float32).max
        for wrong, what in (
            (bad, "no number"),
            (infinite, "no finite number"),
            (huge, "beyond 3.4e38"),
            (empty & (not missing), "empty"),
        ):
            if wrong.any():
                row = int(np.flatnonzero(wrong)[0])
                cell = str(self.frame[column].iloc[row])
                shown = "" if what == "empty" else f": {cell!r}"
                point = " (decimals are written with a point here)" if _COMMA.fullmatch(cell.strip()) else ""
                raise DataError(
                    f"{self.name}: column {column!r} is {what} in {_rows(np.flatnonzero(wrong))}{shown}{point}; "
                    "correct it, or leave the row out"
                )
        return values

    def is_numeric(self, column: str) -> bool:
        """Return whether a column is numbers for the most part, so that what is none is an error; or is empty.

        A decimal comma shows that a number is meant.
        """
        cells = self.frame[column]
        values, bad = _numeric(cells)
        if not bad.any():
            return bool(cells.isna().all() or not np.isnan(values).all())
        commas = sum(_COMMA.fullmatch(str(cell).strip()) is not None for cell in cells[bad])
        return int((~np.isnan(values)).sum()) + commas > int(bad.sum()) - commas

    def counts(self, column: str) -> bool:
        """Return whether a column only counts the rows, from 0 or 1: an index that somebody wrote out, gaps or none."""
        values = self.frame[column]
        if not _are_whole(values):
            return False
        if column.startswith("Unnamed:"):  # the index of a frame whose rows were chosen
            return bool(values.is_unique)
        start = int(values.iloc[0])
        return start in (0, 1) and bool((values.to_numpy() == np.arange(start, start + len(values))).all())

    def ascends(self, column: str) -> bool:
        """Return whether a column holds whole numbers of which each is larger than the one before."""
        values = self.frame[column]
        return _are_whole(values) and bool((np.diff(values) > 0).all())

    def matrix(self, columns: Sequence[str]) -> np.ndarray:
        """Return columns of numbers side by side, float32 (rows, columns), NaN where empty.

        Raises:
            DataError: a cell is no finite number, or a column is empty throughout.
        """
        part = self.frame[list(columns)]
        if all(kind.kind in "fiub" for kind in part.dtypes):
            with np.errstate(over="ignore"):  # told below
                result = part.to_numpy(np.float32)
            if np.isinf(result).any():
                self.numbers(columns[int(np.flatnonzero(np.isinf(result).any(axis=0))[0])], missing=True)
        else:
            result = np.stack([self.numbers(name, missing=True) for name in columns], axis=1).astype(np.float32)
        hollow = np.flatnonzero(np.isnan(result).all(axis=0))
        if len(hollow):
            raise DataError(
                f"{self.name}: column {columns[hollow[0]]!r} is empty throughout"
                f"{f' (and {len(hollow) - 1:,} more are)' if len(hollow) > 1 else ''}; take it out"
            )
        return result


def files_of(place: Path) -> tuple[Path, ...]:
    """Return the table files of a folder, sorted by name, or the one file that `place` is.

    Raises:
        DataError: there is none.
    """
    if place.is_file():
        if not _is_table(place):
            raise DataError(
                f"{str(place)!r} is no table; wanted is CSV, TSV or Parquet ({', '.join(_TEXT + _PARQUET)})"
            )
        return (place,)
    if not place.is_dir():
        raise DataError(f"there is no file or folder {str(place)!r}")
    found = tuple(sorted(path for path in place.iterdir() if path.is_file() and _is_table(path)))
    if not found:
        raise DataError(f"{str(place)!r} holds no table; wanted are CSV, TSV or Parquet files")
    books = sorted(path.name for path in place.iterdir() if path.suffix.lower() in _BOOKS)
    if books:
        raise DataError(f"{books[0]!r} in {str(place)!r} cannot be read; save its sheets as CSV, or take it away")
    return found


def read(path: Path, *, columns: Sequence[str] | None = None) -> Sheet:
    """Read a table; of the given columns, where they are given.

    Raises:
        DataError: it cannot be read, is empty, or is no table.
    """
    import pandas as pd

    try:
        if _suffix(path) in _PARQUET:
            frame = _parquet(path, columns)
        else:
            frame = pd.read_csv(
                path,
                sep=_delimiter(path),
                usecols=None if columns is None else list(columns),
                na_values=["-", "."],
                low_memory=False,
                skipinitialspace=True,
                encoding="utf-8-sig",
            )
    except pd.errors.EmptyDataError as error:
        raise DataError(f"{str(path)!r} is empty") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{str(path)!r} cannot be read: it is not UTF-8 text ({error})") from error
    except (pd.errors.ParserError, ValueError) as error:
        reason = " ".join(str(error).replace("Error tokenizing data. C error: ", "").split())
        raise DataError(f"{str(path)!r} is no table of equal rows: {reason}") from error
    except _BROKEN as error:
        raise DataError(f"{str(path)!r} cannot be read: {error}") from error
    frame.columns = pd.Index([str(name).strip() for name in frame.columns])
    if not isinstance(frame.index, pd.RangeIndex):  # one more cell a row than the header has: R writes row names so
        if frame.iloc[:, -1].notna().sum() <= 1:
            raise DataError(
                f"{str(path)!r} has rows of one cell more than the header, the last of them empty: "
                "take the separator at the end of each row away, or give the header one too"
            )
        frame.insert(0, "", frame.index)
        frame = frame.reset_index(drop=True)
    named = _header(path, frame)
    if named.has_duplicates:
        twice = named[named.duplicated()].unique()
        raise DataError(f"{str(path)!r} has a column twice: {few(twice)}; rename one")
    if frame.empty:
        raise DataError(f"{str(path)!r} has a header and no rows")
    if sum(_DECIMAL.fullmatch(name) is not None for name in frame.columns) > len(frame.columns) / 2:
        raise DataError(f"{str(path)!r} begins with numbers; wanted is a first line that names the columns")
    return Sheet(path, frame)


def _header(path: Path, frame: "pd.DataFrame") -> "pd.Index[str]":
    """Return the names of the columns as they stand in the file: pandas makes different ones of equal ones."""
    import pandas as pd

    if _suffix(path) in _PARQUET:
        return frame.columns
    row = pd.read_csv(path, sep=_delimiter(path), header=None, nrows=1, dtype=str, encoding="utf-8-sig").iloc[0]
    return pd.Index(row.dropna().str.strip())


def _parquet(path: Path, columns: Sequence[str] | None) -> "pd.DataFrame":
    import pandas as pd
    import pyarrow as pa

    try:
        frame = pd.read_parquet(path, columns=None if columns is None else list(columns))
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{str(path)!r} is no readable Parquet file: {error}") from error
    frame = frame if isinstance(frame.index, pd.RangeIndex) else frame.reset_index()
    for column in [name for name, kind in frame.dtypes.items() if kind.kind == "O"]:
        first = next(iter(frame[column].dropna()), None)
        if isinstance(first, list | tuple | dict | set | np.ndarray):  # cells that are no cells: text, and so not used
            frame[column] = frame[column].astype(str)
    return frame


def _suffix(path: Path) -> str:
    return (path.with_suffix("") if path.suffix.lower() in _PACKED else path).suffix.lower()


def _is_table(path: Path) -> bool:
    return _suffix(path) in (*_TEXT, *_PARQUET) and not path.name.lower().startswith(("readme", "."))


def _delimiter(path: Path) -> str:
    """Return what separates the cells of a text file: what its first line has most of."""
    import pandas as pd

    first = pd.read_csv(path, sep="\0", header=None, nrows=1, dtype=str, quoting=3, encoding="utf-8-sig", engine="c")
    line = str(first.iloc[0, 0])
    return max(_DELIMITERS, key=line.count)


def _stripped(value: object) -> str:
    return str(value).strip()


def _are_whole(values: "pd.Series") -> bool:
    """Return whether values are whole numbers, none missing, and enough of them to tell what they count."""
    return values.dtype.kind in "iu" and len(values) >= _FEWEST_COUNTED and not values.isna().any()


def _numeric(values: "pd.Series") -> tuple[np.ndarray, np.ndarray]:
    """Return a column as float64, NaN where it is empty or no number, and where it is no number."""
    import pandas as pd

    if values.dtype.kind in "fiub":
        return values.to_numpy(np.float64), np.zeros(len(values), bool)
    if values.dtype.kind in "Mm":  # times are no numbers, though pandas would make them some
        return np.full(len(values), np.nan), ~values.isna().to_numpy()
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    text = values.astype(str).str.strip().str.lower()
    return numbers, np.isnan(numbers) & ~values.isna().to_numpy() & ~text.isin(list(_MISSING)).to_numpy()


def _rows(positions: np.ndarray) -> str:
    """Return rows in words, counted from 1."""
    first = f"row {int(positions[0]) + 1:,}"
    return first if len(positions) == 1 else f"{first} and {len(positions) - 1:,} more"
