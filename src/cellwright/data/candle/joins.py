"""Measurements meet the features of what they name."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cellwright.data.candle.matrices import Matrix
from cellwright.data.words import few
from cellwright.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["categories", "codes_of", "first_of_each", "note_dropped", "strangers", "unmeasured"]


def first_of_each(matrix: Matrix, path: Path, notes: list[str]) -> "pd.DataFrame":
    """Return a wide table by name, the first row of each, and note names that repeat and columns that are empty."""
    table = matrix.table()
    if len(table) < len(matrix.names):
        repeated = len(matrix.names) - len(table)
        notes.append(f"{path.name}: {repeated:,} rows repeat a name; the first of each name counts")
    empty = int(np.isnan(matrix.values).all(axis=0).sum()) if len(table) else 0
    if empty:
        notes.append(f"{path.name}: {empty:,} of {len(matrix.columns):,} columns are missing for all that is measured")
    return table


def codes_of(column: "pd.Series[Any]", ids: "pd.Index[Any]") -> np.ndarray:
    """Return the position of each row's name in `ids`; -1 for a name not there, and for a row without one."""
    places = np.append(ids.get_indexer(column.cat.categories), -1)  # code -1 is "no name"
    codes: np.ndarray = places[column.cat.codes.to_numpy()].astype(np.int32)
    return codes


def unmeasured(column: "pd.Series[Any]", ids: "pd.Index[Any]") -> set[str]:
    """Return the names of a column that are not in `ids`."""
    return set(column.cat.categories) - set(ids)


def note_dropped(notes: list[str], rows: int, what: str, names: Collection[str]) -> None:
    """Note rows that went for want of features."""
    if rows:
        of = f" of {what} {few(sorted(names))}" if names else f", which name no {what}"
        notes.append(f"{rows:,} rows were dropped for want of features{of}")


def categories(columns: Mapping[str, tuple[np.ndarray, "pd.Index[Any]"]]) -> "pd.DataFrame":
    """Return codes and their names as columns of categories."""
    import pandas as pd

    return pd.DataFrame(
        {
            key: pd.Categorical.from_codes(codes.astype(np.int32), categories=ids)
            for key, (codes, ids) in columns.items()
        }
    )


def strangers(what: str, responses: Path, names: Collection[str], features: Path, others: Collection[str]) -> DataError:
    """Return the error that no name of the responses has features; `others` are the names that do, if known."""
    there = f", which knows {few(sorted(others))}" if others else ""
    return DataError(
        f"no {what} of {str(responses)!r} ({few(sorted(names))}) has a row in {str(features)!r}{there}; "
        "the same names must stand in both"
    )
