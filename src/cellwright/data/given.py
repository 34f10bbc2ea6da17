"""Test rows of the user's own: a column that says what rows are for, or the names of those to test on."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cellwright.data.frames import few
from cellwright.data.names import match_names
from cellwright.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["parts_by_column", "parts_by_name", "test_names"]

_WORDS = {
    1: ("test", "testing", "testset", "1", "true", "yes", "holdout"),
    0: ("train", "training", "trainset", "0", "false", "no"),
    2: ("validation", "valid", "val", "dev"),
}
_PART = {word: part for part, words in _WORDS.items() for word in words}


def parts_by_column(values: "pd.Series[str]", where: str) -> np.ndarray:
    """Return what each row is for, by a column that says it, int64 (rows,): 0 training, 1 test, 2 validation.

    Args:
        where: file and column, for messages.

    Raises:
        DataError: a value is another word, or no row is for testing.
    """
    forms = values.astype(str).str.strip().str.lower().str.removesuffix(".0").str.replace(r"[^a-z0-9]", "", regex=True)
    parts = forms.map(_PART)
    unknown = sorted(set(values[parts.isna()].astype(str)))
    if unknown:
        raise DataError(
            f"{where} says which rows are for testing and holds {few(unknown)}; "
            "wanted are train, validation and test, or 0 and 1, or false and true (1 and true are test rows)"
        )
    result = parts.to_numpy(np.int64)
    if not (result == 1).any():
        raise DataError(f"{where} says which rows are for testing, and none is")
    return result


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
    """Return what each row is for, int64 (rows,): 1 (test) for those with the names, else 0.

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
    if lost:
        notes.append(f"{len(lost):,} of {len(set(names)):,} names of test rows are not in {where}: {few(lost)}")
    return np.array([name in found for name in rows], np.int64)
