"""Which rows test, where a user says so: by a column, row by row, or by names, which may stand in a file."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cellwright.data.dataset import TEST, VALIDATION
from cellwright.data.names import match_names
from cellwright.data.words import few, is_name, kind_of
from cellwright.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["given_rows", "parts_by_name", "parts_of", "test_names"]

_WORDS = {
    "train": 0,
    "training": 0,
    "test": TEST,
    "testing": TEST,
    "validation": VALIDATION,
    "validate": VALIDATION,
    "valid": VALIDATION,
    "val": VALIDATION,
    "dev": VALIDATION,
    "true": TEST,
    "false": 0,
    "yes": TEST,
    "no": 0,
    "1": TEST,
    "0": 0,
    "1.0": TEST,
    "0.0": 0,
}


def parts_of(values: "pd.Series", name: str) -> np.ndarray:
    """Return what a column says rows are for, int8 (rows,): 0 training, 1 test, 2 validation.

    Raises:
        DataError: it says something else, or nothing of some rows, or no row is for testing.
    """
    empty = np.flatnonzero(values.isna())
    if len(empty):
        raise DataError(
            f"column {name!r} says which rows are test rows and is empty in {len(empty):,} rows, the first is row "
            f"{empty[0]}; fill them"
        )
    words = values.astype(str).str.strip().str.lower()
    unknown = values[~words.isin(_WORDS).to_numpy()]
    if len(unknown):
        raise DataError(
            f"column {name!r} says which rows are test rows by train, test and validation, by True and False, or by 1 "
            f"and 0; it holds {few([str(value) for value in unknown.astype(str).unique()])}"
        )
    parts: np.ndarray = words.map(_WORDS).to_numpy(np.int8)
    if not (parts == TEST).any():
        raise DataError(f"column {name!r} says which rows are test rows, and no row is one; leave it out")
    if (parts != 0).all():
        raise DataError(f"column {name!r} says which rows are test rows, and leaves none to train on")
    return parts


def given_rows(test: Any, responses: "pd.DataFrame") -> np.ndarray | None:
    """Return what rows are for, int8 (rows,), unless `test` is the name of a column.

    Args:
        test: True or False of each row, or the labels of the test rows in the index of `responses`.

    Raises:
        DataError: it is neither, or names no row, or rows that are not there.
    """
    import pandas as pd

    if not isinstance(test, Collection | pd.Series | np.ndarray | pd.Index) or isinstance(test, dict | pd.DataFrame):
        raise DataError(
            "test is a column that says which rows are test rows, or True or False of each row, or labels of the "
            f"index, not {kind_of(test)}"
        )
    if isinstance(test, pd.Series) and pd.api.types.is_bool_dtype(test) and not test.index.equals(responses.index):
        raise DataError("test has another index than the responses; give it in their order: test=[...]")
    values = list(test)
    if values and all(isinstance(value, bool | np.bool_) for value in values):
        if len(values) != len(responses):
            raise DataError(f"test has {len(values):,} entries for {len(responses):,} rows")
        mask = np.array(values, bool)
    else:
        odd = [value for value in values if not is_name(value)]
        if odd:
            raise DataError(f"test holds {kind_of(odd[0])}; it takes labels of the index, or True or False of each row")
        mask = responses.index.isin(values)
        unknown = [value for value in dict.fromkeys(values) if value not in responses.index]
        if unknown:
            raise DataError(
                f"test names {len(unknown):,} rows that the index of the responses does not have: {few(unknown)}"
            )
        if len(set(values)) < len(values):
            raise DataError("test names rows twice; name each once, or give True or False of each row")
    if not mask.any():
        raise DataError("test names no row; name some, or leave it out")
    return mask.astype(np.int8) * TEST


def test_names(test: str | Sequence[str], where: str, columns: Sequence[str]) -> tuple[str, ...]:
    """Return the names to test on, of a text file with one a line where `test` is no name list itself.

    Args:
        where: the tables, for messages.
        columns: of these tables, for messages.

    Raises:
        DataError: there is no such file, or it has no name.
    """
    if not isinstance(test, str):
        return tuple(test)
    path = Path(test)
    if not path.is_file():
        raise DataError(f"{where} has no column {test!r}, and there is no file of this name; it has {few(columns, 12)}")
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{test!r} cannot be read as a text file of names, one a line: {error}") from error
    names = tuple(line.strip() for line in lines if line.strip())
    if not names:
        raise DataError(f"{test!r} holds no name; wanted are the names of the test rows, one a line")
    return names


def parts_by_name(rows: Sequence[str], names: Sequence[str], where: str, notes: list[str]) -> np.ndarray:
    """Return what each row is for, int8 (rows,): 1 (test) for those with the names, else 0.

    Args:
        rows: the name of each row.
        where: file and column of these, for messages.
        notes: receives names that no row has.

    Raises:
        DataError: no row has any of the names.
    """
    matches = match_names(names, rows)
    found = set(matches.found.values())
    lost = sorted({*matches.absent, *matches.ambiguous})
    if not found:
        raise DataError(f"no row has the name of a test row: wanted are {few(sorted(names))}, {where} has {few(rows)}")
    if found.issuperset(rows):
        raise DataError(f"the names of test rows are those of all {len(rows):,} rows of {where}; name fewer of them")
    if lost:
        notes.append(
            f"{len(lost):,} of {len(set(names)):,} names of test rows are not among the rows that are used: {few(lost)}"
        )
    return np.array([name in found for name in rows], np.int8) * TEST
