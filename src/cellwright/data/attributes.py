"""What a user's option says of each measurement: the group it belongs to, and whether it is a test row."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from cellwright.data.dataset import TEST
from cellwright.data.given import parts_of, test_names
from cellwright.data.keys import Join
from cellwright.data.names import fit_names
from cellwright.data.roles import names_parts
from cellwright.data.tables import Sheet
from cellwright.data.words import few
from cellwright.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["by_column", "parts_column", "test_rows"]

Tables = Mapping[str, Sequence[tuple[Join, Mapping[str, tuple[str, ...]]]]]
"""By kind, its tables, and what each calls the entities, by their names in the measurements."""


def by_column(column: str, main: Sheet, rows: "pd.DataFrame", tables: Tables) -> "pd.Series[str]":
    """Return a column of the measurements, or of what they name, for each of some rows.

    Args:
        rows: of the measurements, by their place there.

    Raises:
        DataError: no table has it, or it is empty where it is wanted.
    """
    if column in main.columns:
        names = main.names(column, missing=True)[rows.index]
        return _filled(names, column, main.name)
    for kind, several in tables.items():
        for join, labels in several:
            if join.column is not None and column in join.sheet.columns:
                if kind not in rows.columns:
                    raise DataError(
                        f"{join.sheet.name}: column {column!r} is about drugs, of which a row has two; name a column "
                        f"of {main.name}, or of cell lines"
                    )
                return _filled(_mapped(join, labels, column, rows[kind]), column, join.sheet.name)
    there = [join.sheet.name for several in tables.values() for join, _ in several]
    raise DataError(
        f"column {column!r} stands neither in {main.name} nor in a table that joins it ({few(there)}); {main.name} has "
        f"{few(main.columns, 12)}"
    )


def _mapped(
    join: Join, labels: Mapping[str, tuple[str, ...]], column: str, named: "pd.Series[str]"
) -> "pd.Series[str]":
    import pandas as pd

    assert join.column is not None
    by_label = pd.Series(join.sheet.names(column, missing=True).to_numpy(), join.sheet.names(join.column, missing=True))
    by_label = by_label[~by_label.index.duplicated()]
    return named.map({name: by_label.get(label) for name, (label, *_) in labels.items()})


def _filled(values: "pd.Series[str]", column: str, name: str) -> "pd.Series[str]":
    empty = values.isna().to_numpy()
    if empty.any():
        raise DataError(
            f"{name}: column {column!r} is empty for {int(empty.sum()):,} of {len(values):,} measurements; fill it in"
        )
    return values.astype(str)


def test_rows(
    test: str | Sequence[str], main: Sheet, rows: "pd.DataFrame", tables: Tables, notes: list[str]
) -> np.ndarray:
    """Return what each row is for, int8: 0 training, 1 test, 2 validation.

    Args:
        test: a column that says it, a text file of names of the cell lines (or drugs) to test on, or these names.

    Raises:
        DataError: it is none of these, or no row is for testing.
    """
    if isinstance(test, str):
        known = {
            *main.columns,
            *(name for several in tables.values() for join, _ in several for name in join.sheet.columns),
        }
        if test in known:
            return parts_of(by_column(test, main, rows, tables), test)
    names = test_names(test, main.name, main.columns)
    source = repr(test) if isinstance(test, str) else "the test rows"
    shown = []
    for kind in [kind for kind in ("cell", "drug") if kind in rows.columns]:
        entities = sorted(rows[kind].unique())
        found = fit_names(names, {name: (name,) for name in entities}).found
        if found:
            lost = sorted(set(names) - found.keys())
            words = {"cell": "cell lines", "drug": "drugs"}[kind]
            notes.append(
                f"test rows: those of {len(found):,} {words} that {source} names"
                + (f"; {len(lost):,} other names are not in {main.name}: {few(lost)}" if lost else "")
            )
            tested = rows[kind].isin({name for (name,) in found.values()}).to_numpy()
            if tested.all():
                raise DataError(f"{source} names the {words} of all rows of {main.name}; name fewer of them")
            return tested.astype(np.int8) * TEST
        shown.append(few(entities, 3))
    raise DataError(
        f"{source} names no cell line or drug of {main.name}: it has {few(names, 3)}, the measurements "
        f"{' and '.join(shown)}"
    )


def parts_column(main: Sheet) -> str | None:
    """Return a column that seems to say which rows are for testing, if there is one."""
    for column in [name for name in main.columns if names_parts(name)]:
        try:
            parts_of(main.frame[column], column)
        except DataError:
            continue
        return column
    return None
