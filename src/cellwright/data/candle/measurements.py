"""Long tables in text files: one measurement a line, of which a few columns are wanted.

Millions of lines are read in one pass: texts become categories, numbers float32. Only when that fails is the file read
again, slowly, to say where.
"""

import csv
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cellwright.data.candle.matrices import MISSING
from cellwright.errors import DataError, os_reason

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Column", "read_measurements", "renamed"]

_PADDING = " \t\r\n\x1a"  # see matrices.py


@dataclass(frozen=True, slots=True)
class Column:
    """A wanted column.

    Attributes:
        names: what it may be called in the header; the first one there is taken.
        number: whether it holds numbers; else texts.
        filled: whether every row needs a finite number.
        optional: whether it may be absent.
    """

    names: tuple[str, ...]
    number: bool = False
    filled: bool = False
    optional: bool = False


@dataclass(frozen=True, slots=True)
class _Chosen:
    """A file, how its fields are separated, and where the wanted columns stand.

    Attributes:
        places: by key, the position of its column in a line.
        where: a key and the text that a row must have there.
    """

    path: Path
    separator: str
    header: tuple[str, ...]
    columns: Mapping[str, Column]
    places: Mapping[str, int]
    where: tuple[str, str] | None


def read_measurements(
    path: Path, columns: Mapping[str, Column], *, where: tuple[str, str] | None = None
) -> "pd.DataFrame":
    """Read the wanted columns under their keys: texts as categories without blanks around them, numbers as float32.

    Args:
        where: a key and a text; rows that have another text there are left out.

    Raises:
        DataError: the file cannot be read or holds no row, a column is absent, a line has more or fewer fields than
            the header, or a field is no number; the message names file, line and column.
    """
    import pyarrow as pa

    chosen = _choose(path, columns, where)
    try:
        table = _read(chosen)
    except pa.ArrowInvalid as error:
        raise _trouble(chosen, str(error)) from error
    except OSError as error:
        raise DataError(f"cannot read {str(path)!r}: {os_reason(error)}") from error
    frame: pd.DataFrame = table.unify_dictionaries().to_pandas(split_blocks=True, self_destruct=True)
    frame.columns = list(chosen.places)
    rows = len(frame)
    if not rows:
        raise _trouble(chosen, "")
    if where is not None:
        key, text = where
        frame = frame[(renamed(frame[key], _stripped) == text)].drop(columns=key)
        if frame.empty:
            name = chosen.header[chosen.places[key]]
            raise DataError(f"{str(path)!r}: none of its {rows:,} rows has {text!r} in column {name!r}")
    for key in frame.columns:
        if not columns[key].number:
            frame[key] = renamed(frame[key], _stripped)
    for key in frame.columns:
        if columns[key].filled and not np.isfinite(frame[key].to_numpy()).all():
            raise _trouble(chosen, f"a value of column {chosen.header[chosen.places[key]]!r} is missing or too large")
    return frame


def _choose(path: Path, columns: Mapping[str, Column], where: tuple[str, str] | None) -> _Chosen:
    """Read the header and find the wanted columns in it."""
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            first = file.readline().strip("\r\n")
    except OSError as error:
        raise DataError(f"cannot read {str(path)!r}: {os_reason(error)}") from error
    if not first.strip(_PADDING):
        raise DataError(f"{str(path)!r} is empty; expected a line with the names of its columns")
    separator = "\t" if "\t" in first else ","
    header = tuple(name.strip() for name in next(csv.reader([first], delimiter=separator)))
    places = {}
    for key, column in columns.items():
        found = next((name for name in column.names if name in header), None)
        if found is not None:
            places[key] = header.index(found)
        elif not column.optional:
            known = ", ".join(header[:12]) + (", ..." if len(header) > 12 else "")
            raise DataError(f"{str(path)!r} has no column {' or '.join(map(repr, column.names))}; it has {known}")
    return _Chosen(path, separator, header, columns, places, where)


def _read(chosen: _Chosen) -> Any:
    """Return the wanted columns as an Arrow table, named by their position."""
    import pyarrow as pa
    from pyarrow import csv as arrow

    text = pa.dictionary(pa.int32(), pa.string())
    types = {str(at): pa.float32() if chosen.columns[key].number else text for key, at in chosen.places.items()}
    return arrow.read_csv(
        pa.OSFile(str(chosen.path)).get_stream(0, _bytes_to_read(chosen.path)),
        arrow.ReadOptions(skip_rows=1, column_names=[str(at) for at in range(len(chosen.header))]),
        arrow.ParseOptions(delimiter=chosen.separator),
        arrow.ConvertOptions(
            include_columns=list(types), column_types=types, null_values=list(MISSING), strings_can_be_null=True
        ),
    )


def _bytes_to_read(path: Path) -> int:
    """Return the size of a file without the end-of-file mark of old that may stand alone on its last line."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - 8))
        tail = file.read()
    return size - len(tail) + len(tail.rstrip(b"\r\n\x1a"))


def renamed(column: "pd.Series[Any]", name: Callable[[str], str]) -> "pd.Categorical":
    """Return a column of categories under new names, sorted; those of one name become one, those unused go."""
    import pandas as pd

    column = column.cat.remove_unused_categories()
    names = pd.Index([name(str(category)) for category in column.cat.categories], dtype=str)
    place, unique = pd.factorize(names, sort=True)
    codes = np.append(place, -1)[column.cat.codes.to_numpy()].astype(np.int32)
    return pd.Categorical.from_codes(codes, categories=unique)


def _stripped(name: str) -> str:
    return name.strip(_PADDING)


def _trouble(chosen: _Chosen, otherwise: str) -> DataError:
    """Return an error that says where the first wrong line of the file is, or `otherwise` if none is found."""
    with chosen.path.open(encoding="utf-8", errors="replace", newline="") as file:
        reader = csv.reader(file, delimiter=chosen.separator)
        next(reader)
        rows = 0
        try:
            for fields in reader:
                if "".join(fields).strip(_PADDING):
                    rows += 1
                    if wrong := _wrong_line(fields, chosen):
                        return DataError(f"{str(chosen.path)!r}, line {reader.line_num}{wrong}")
        except csv.Error as error:
            return DataError(f"{str(chosen.path)!r}, line {reader.line_num}: {error}")
    return DataError(f"{str(chosen.path)!r}: {otherwise if rows else 'it holds no measurement, only a header'}")


def _wrong_line(fields: list[str], chosen: _Chosen) -> str:
    """Say what is wrong with a line; "" if nothing is."""
    if len(fields) != len(chosen.header):
        return f": {len(fields)} fields, but the header names {len(chosen.header)}"
    where = chosen.where
    wanted = where is None or fields[chosen.places[where[0]]].strip(_PADDING) == where[1]
    for key, at in chosen.places.items():
        column = chosen.columns[key]
        if wrong := _wrong(fields[at].strip(_PADDING), column, filled=column.filled and wanted):
            return f", column {chosen.header[at]!r}: {wrong}"
    return ""


def _wrong(text: str, column: Column, *, filled: bool) -> str:
    """Say what is wrong with a field; "" if nothing is."""
    if not column.number:
        return ""
    if text in MISSING:
        return "the number is missing" if filled else ""
    try:
        number = float(text)
    except ValueError:
        return f"{text!r} is not a number"
    return f"{text!r} is not a finite number" if filled and not math.isfinite(number) else ""
