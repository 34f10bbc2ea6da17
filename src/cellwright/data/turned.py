"""Tables of one column a cell line and one row a gene, as GDSC, CCLE, cBioPortal and GEO publish them."""

from collections.abc import Collection, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from cellwright.data.roles import simple
from cellwright.data.tables import Sheet
from cellwright.data.words import counted, few

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["turned"]

_FEWEST_NAMED = 0.5  # of the rows that a column of other names must name


def turned(
    sheet: Sheet, labels: Mapping[str, tuple[str, ...]], unused: Collection[str], notes: list[str]
) -> "pd.DataFrame":
    """Return a table of one column a cell line the right way round, for the cell lines that measurements name.

    Several columns of one cell line are averaged. A gene without a name has that of another column of its row, or is
    left out; a repeated name gets a number.

    Args:
        labels: the columns of each cell line.
        unused: columns that name no genes.
    """
    import pandas as pd

    columns = [column for several in labels.values() for column in several]
    values = sheet.matrix(columns, repeats=True)
    starts = np.cumsum([0, *(len(several) for several in labels.values())])
    one_each = np.stack([_mean(values[:, start:end]) for start, end in pairwise(starts)], axis=0)  # (cell lines, genes)
    rest = [name for name in sheet.columns if name not in set(columns)]
    names = _gene_names(sheet, [name for name in rest if name not in unused], notes)
    named = names.notna().to_numpy()
    notes.append(
        f"{sheet.name}: one column a cell line ({len(labels):,}), one row a feature ({int(named.sum()):,}): turned"
        + (f"; other columns: {few(rest)}" if len(rest) > 1 else "")
    )
    repeated = [name for name, several in labels.items() if len(several) > 1]
    if repeated:
        notes.append(f"{sheet.name}: several columns of one cell line are averaged: {few(repeated)}")
    table = pd.DataFrame(one_each[:, named], index=list(labels), columns=_different(names[named], sheet, notes))
    missing = int(table.isna().to_numpy().sum())
    if missing:
        notes.append(f"{sheet.name}: {counted(missing, 'empty field')} become the mean of the training rows")
    return table


def _mean(values: np.ndarray) -> np.ndarray:
    """Return the mean of columns, NaN where all are empty."""
    if values.shape[1] == 1:
        return values[:, 0]
    filled = ~np.isnan(values)
    total: np.ndarray = np.where(filled, values, 0).sum(axis=1) / np.maximum(filled.sum(axis=1), 1)
    return np.where(filled.any(axis=1), total, np.nan).astype(np.float32)


def _gene_names(sheet: Sheet, columns: list[str], notes: list[str]) -> "pd.Series[str]":
    """Return the name of each row's gene, NA where it has none."""
    import pandas as pd

    rows = len(sheet.frame)
    naming = [name for name in columns if sheet.frame[name].dtype.kind not in "fb" or "id" in simple(name)]
    filled = [name for name in naming if sheet.frame[name].notna().mean() >= _FEWEST_NAMED]
    if not filled:
        return pd.Series([f"row {number}" for number in range(1, rows + 1)])
    first = next((name for name in filled if sheet.frame[name].dtype.kind not in "iuf"), filled[0])
    names = sheet.names(first, missing=True)
    for other in [name for name in filled if name != first]:
        empty = names.isna()
        if not empty.any():
            break
        instead = sheet.names(other, missing=True)
        found = int((empty & instead.notna()).sum())
        if found:
            notes.append(f"{sheet.name}: {counted(found, 'row')} without a {first!r}, named by {other!r}")
        names = names.where(~empty, instead)
    lost = int(names.isna().sum())
    if lost:
        notes.append(f"{sheet.name}: {counted(lost, 'row')} without a {first!r} left out")
    return names


def _different(names: "pd.Series[str]", sheet: Sheet, notes: list[str]) -> list[str]:
    """Return names of which repeated ones have a number."""
    again = names.groupby(names).cumcount()
    if (again > 0).any():
        notes.append(f"{sheet.name}: repeated names of genes get a number: {few(names[again > 0].unique())}")
    return [f"{name} ({count + 1})" if count else str(name) for name, count in zip(names, again, strict=True)]
