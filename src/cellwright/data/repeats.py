"""Measurements of the same thing: what tells them apart, and their mean."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from cellwright.data.words import counted, few
from cellwright.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["averaged", "paired"]

_MOST_LEVELS = 20  # different values of a column that may explain repeats
_FEWEST_ROWS = 20  # repeats that show what explains them
_ROWS_A_LEVEL = 5
_EXPLAINED = 0.5


def paired(rows: "pd.DataFrame", drugs: Sequence[str]) -> "pd.DataFrame":
    """Return rows in which the drugs of a pair stand in one order, as their order means nothing."""
    import pandas as pd

    if len(drugs) < 2:
        return rows
    names = pd.Index(np.sort(pd.unique(pd.concat([rows[drug] for drug in drugs]))))
    codes = np.sort(np.stack([names.get_indexer(pd.Index(rows[drug])) for drug in drugs], axis=1), axis=1)
    return rows.assign(drug_1=names[codes[:, 0]], drug_2=names[codes[:, 1]])


def averaged(
    rows: "pd.DataFrame", about: "pd.DataFrame", name: str, notes: list[str], *, conditions: Sequence[str]
) -> "pd.DataFrame":
    """Return one row for each combination of all columns but the value, the mean of its values.

    Args:
        about: other columns of the measurements, row by row, that may tell repeats apart.
        name: of the file, for messages.
        notes: receives how many were averaged, and which of these columns tell them apart.
        conditions: those that may be a condition of the measurement, such as its time: none may explain more than half
            of the variance of repeats.

    Raises:
        DataError: one explains it.
    """
    keys = [column for column in rows.columns if column != "value"]
    groups = rows.groupby(keys, sort=True)["value"]
    number = groups.ngroup()
    repeated = (number.map(number.value_counts()) > 1).to_numpy()
    mean: pd.DataFrame = groups.mean().reset_index()
    if not repeated.any():
        return mean
    number, about = number[repeated], about[repeated]
    apart = [column for column in about.columns if _tells_apart(about[column], number)]
    residuals = rows["value"][repeated] - groups.transform("mean")[repeated]
    for column in [column for column in apart if column in conditions]:
        share = _explained(residuals, about[column], int(number.nunique()))
        if share > _EXPLAINED:
            values = [str(value) for value in sorted(about[column].dropna().unique())]
            raise DataError(
                f"{name}: measurements of the same {_words(keys)} differ in column {column!r} ({few(values)}), which "
                f"explains {share:.0%} of the variance among them, so that their mean would mix different things: keep "
                f"the rows of one value, or say --column exclude={column} to average over it all the same"
            )
    told = f"; they differ in {few(apart, 8)}" if apart else ""
    notes.append(f"{name}: {counted(len(rows) - len(mean), 'repeated measurement')} averaged: {len(mean):,} rows{told}")
    return mean


def _words(keys: Sequence[str]) -> str:
    names = {"cell": "cell line", "drug_1": "first drug", "drug_2": "second drug"}
    *first, last = [names.get(key, key) for key in keys]
    return f"{', '.join(first)} and {last}" if first else last


def _tells_apart(values: "pd.Series", number: "pd.Series[int]") -> bool:
    return len(values.to_frame("value").assign(number=number).drop_duplicates()) > len(number.unique())


def _explained(residuals: "pd.Series[float]", levels: "pd.Series", groups: int) -> float:
    """Return which share of the variance within groups of repeats the levels of a column explain, the same for all."""
    count = len(levels.dropna().unique())
    if not 1 < count <= _MOST_LEVELS or len(residuals) < max(_FEWEST_ROWS, _ROWS_A_LEVEL * count) or groups < 3:
        return 0.0
    total = float((residuals**2).sum())
    rest = residuals - residuals.groupby(levels, dropna=False).transform("mean")
    return 1 - float((rest**2).sum()) / total if total > 0 else 0.0
