"""Numbers out of a user's data frames, in single precision, and what is said of those that are missing."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from cellwright.data.words import counted, few
from cellwright.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["is_cut", "notes_on_empty", "numbers_of"]

_STEPS = 1000  # of single precision, that a column's values should span at least


def numbers_of(table: "pd.DataFrame", name: str) -> np.ndarray:
    """Return the features of an input, float32 (rows, columns), NaN where empty.

    Raises:
        DataError: a column holds text, or a cell is infinite.
    """
    text = [str(column) for column, kind in table.dtypes.items() if kind.kind not in "fiub"]
    if text:
        raise DataError(
            f"input {name!r} takes numbers, and there is something else in {few(text)}; encode it "
            "(pandas.get_dummies makes a column of 0 and 1 for each value), or leave it out"
        )
    exact = table.to_numpy(np.float64, na_value=np.nan, copy=True)
    cut = is_cut(exact)
    if cut.any():  # such as seconds since 1970; scaling takes off their mean in any case
        exact[:, cut] -= np.nanmedian(exact[:, cut], axis=0)
    with np.errstate(over="ignore"):  # told below
        numbers: np.ndarray = exact.astype(np.float32)
    infinite = np.argwhere(np.isinf(numbers))
    if len(infinite):
        row, place = infinite[0]
        raise DataError(
            f"input {name!r}: column {str(table.columns[place])!r} is infinite, or beyond 3.4e38, in row "
            f"{table.index[row]!r}; give NaN for what is missing"
        )
    return numbers


def is_cut(values: np.ndarray) -> np.ndarray:
    """Return which columns vary by little more than single precision tells apart at their size, bool (columns,).

    Shape: values, float64 (rows, columns), NaN where missing.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # what is beyond single precision is told elsewhere
        step = np.spacing(np.nanmax(np.abs(values), axis=0, initial=0.0).astype(np.float32))
        spread = np.nanmax(values, axis=0, initial=-np.inf) - np.nanmin(values, axis=0, initial=np.inf)
        cut: np.ndarray = (spread > 0) & (spread < _STEPS * step)
    return cut


def notes_on_empty(
    rows: "pd.DataFrame", tables: Mapping[str, tuple[str, "pd.DataFrame"]], dense: Mapping[str, Sequence[str]]
) -> tuple[str, ...]:
    """Return notes on the feature cells that are empty."""
    cells = {name: table for name, (_, table) in tables.items()}
    cells |= {name: rows[list(columns)] for name, columns in dense.items()}
    missing = {name: int(table.isna().to_numpy().sum()) for name, table in cells.items()}
    return tuple(
        f"input {name!r}: {counted(count, 'empty cell')} become{'s' * (count == 1)} the mean of the training rows"
        for name, count in missing.items()
        if count
    )
