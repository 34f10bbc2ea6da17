"""One table as it stands in a user's file, with messages that name file, column, row and line.

Rows are counted from 1 below the header.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from cellwright.data.frames import MOST_EXACT
from cellwright.data.readers.files import outer
from cellwright.data.readers.header import MISSING
from cellwright.data.readers.layout import COMMA
from cellwright.data.words import few
from cellwright.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Sheet", "unnamed"]

_FEWEST_COUNTED = 4  # 0, 1, 2 may be anything
_UNNAMED = re.compile(r"\(column (\d+), no name\)|")
_INDEX = re.compile(r"Unnamed: \d+")  # so a frame calls them that pandas has read, and written to Parquet


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """One table, as it stands in a file: text, or numbers where every cell is one.

    Attributes:
        path: of the file; of a sheet of a workbook, or a file in an archive, as if that were a folder.
        frame: its columns are named by strings, each differently. One that has no name in the file is called ""
            if it is the first, "(column 3, no name)" otherwise.
        notes: what was guessed about the file.
        repeated: column of the frame -> its name in the file, for each column whose name another column has too. The
            first keeps its name; the second is called "NAME (2)" in the frame.
        origin: says where in the file a row stands ("line 9"; "" if unknown).
    """

    path: Path
    frame: "pd.DataFrame"
    notes: tuple[str, ...] = ()
    repeated: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    origin: Callable[[int], str] | None = None

    @property
    def name(self) -> str:
        """The file's name, and that of its part."""
        file = outer(self.path)
        return self.path.name if file is None else self.path.relative_to(file.parent).as_posix()

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

    def label(self, column: str) -> str:
        """Return a column in words, by its name in the file."""
        found = _UNNAMED.fullmatch(column)
        if found is not None:
            return f"column {found[1] or 1}, which has no name"
        return f"column {self.repeated.get(column, column)!r}"

    def where(self, rows: Sequence[int] | np.ndarray) -> str:
        """Return in words where rows of the frame stand, at least one: "row 6 (line 9) and 3 more"."""
        first = int(rows[0])
        line = "" if self.origin is None else self.origin(first)
        words = f"row {first + 1:,} ({line})" if line else f"row {first + 1:,}"
        return words if len(rows) == 1 else f"{words} and {len(rows) - 1:,} more"

    def names(self, column: str, *, missing: bool = False) -> "pd.Series[str]":
        """Return a column of identifiers as text, whole numbers without a decimal point.

        Args:
            missing: cells may be empty, and are NA.

        Raises:
            DataError: a cell is empty.
        """
        import pandas as pd

        values = self.column(column)
        self._check_once([column])
        if pd.api.types.is_float_dtype(values) and (values.dropna() % 1 == 0).all():
            rounded = np.flatnonzero(values.abs() >= MOST_EXACT)
            if len(rounded):
                raise DataError(
                    f"{self.name}: {self.label(column)} holds identifiers that some program has rounded, in "
                    f"{self.where(rounded)}: {values.iloc[rounded[0]]!r}; write them as text"
                )
            values = values.astype("Int64")
        empty = np.flatnonzero(values.isna() | (values.astype(str).str.strip() == ""))
        if missing:
            return values.astype(object).where(~np.isin(np.arange(len(values)), empty)).map(_stripped, "ignore")
        if len(empty):
            raise DataError(
                f"{self.name}: {self.label(column)} is empty in {self.where(empty)}; fill it in, or leave it out "
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
        self._check_once([column])
        return self._numbers(column, missing=missing)

    def _numbers(self, column: str, *, missing: bool) -> np.ndarray:
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
                point = " (decimals are written with a point here)" if COMMA.fullmatch(cell.strip()) else ""
                where = self.where(np.flatnonzero(wrong))
                raise DataError(
                    f"{self.name}: {self.label(column)} is {what} in {where}{shown}{point}; "
                    "correct it, or leave the row out"
                )
        return values

    def is_numeric(self, column: str) -> bool:
        """Return whether a column is numbers for the most part, so that what is none is an error; or is empty.

        A decimal comma shows that a number is meant.
        """
        cells = self.frame[column]
        if cells.dtype.kind in "fiub":
            return True
        values, bad = _numeric(cells)
        if not bad.any():
            return bool(cells.isna().all() or not np.isnan(values).all())
        commas = sum(COMMA.fullmatch(str(cell).strip()) is not None for cell in cells[bad])
        return int((~np.isnan(values)).sum()) + commas > int(bad.sum()) - commas

    def counts(self, column: str) -> bool:
        """Return whether a column only counts the rows, from 0 or 1: an index that somebody wrote out, gaps or none."""
        values = self.frame[column]
        if not _are_whole(values):
            return False
        if _UNNAMED.fullmatch(column) or _INDEX.fullmatch(column):  # the index of a frame whose rows were chosen
            return bool(values.is_unique)
        start = int(values.iloc[0])
        return start in (0, 1) and bool((values.to_numpy() == np.arange(start, start + len(values))).all())

    def ascends(self, column: str) -> bool:
        """Return whether a column holds whole numbers of which each is larger than the one before."""
        values = self.frame[column]
        return _are_whole(values) and bool((np.diff(values) > 0).all())

    def matrix(self, columns: Sequence[str], *, repeats: bool = False) -> np.ndarray:
        """Return columns of numbers side by side, float32 (rows, columns), NaN where empty.

        Args:
            repeats: several columns may have one name.

        Raises:
            DataError: a cell is no finite number, or a name stands in the header twice.
        """
        if not repeats:
            self._check_once(columns)
        part = self.frame[list(columns)]
        if not all(kind.kind in "fiub" for kind in part.dtypes):
            return np.stack([self._numbers(name, missing=True) for name in columns], axis=1).astype(np.float32)
        with np.errstate(over="ignore"):  # told below
            result = part.to_numpy(np.float32)
        infinite = np.isinf(result).any(axis=0)
        if infinite.any():
            self._numbers(columns[int(infinite.argmax())], missing=True)
        return result

    def filled(self, columns: Sequence[str], notes: list[str]) -> tuple[list[str], np.ndarray]:
        """Return the columns that are not empty throughout and their values, as `matrix` does; note the others.

        Raises:
            DataError: as of `matrix`; or all are empty.
        """
        values = self.matrix(columns)
        hollow = np.isnan(values).all(axis=0)
        if not hollow.any():
            return list(columns), values
        empty = [name for name, is_hollow in zip(columns, hollow, strict=True) if is_hollow]
        if len(empty) == len(columns):
            raise DataError(
                f"{self.name}: {self.label(empty[0])} is empty throughout, as every column of numbers is; give values"
            )
        notes.append(f"{self.name}: empty throughout and not used: {few(empty)}")
        return [name for name, is_hollow in zip(columns, hollow, strict=True) if not is_hollow], values[:, ~hollow]

    def _check_once(self, columns: Sequence[str]) -> None:
        twice = [self.repeated.get(name, name) for name in columns if name in self.repeated] if self.repeated else []
        if twice:
            raise DataError(f"{str(self.path)!r} has a column twice: {few(list(dict.fromkeys(twice)))}; rename one")


def _stripped(value: object) -> str:
    return str(value).strip()


def unnamed(number: int) -> str:
    """Return what the frame calls a column without a name; numbers are counted from 1."""
    return "" if number == 1 else f"(column {number}, no name)"


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
    return numbers, np.isnan(numbers) & ~values.isna().to_numpy() & ~text.isin(list(MISSING)).to_numpy()
