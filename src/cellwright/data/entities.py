"""Tables of the drugs and cell lines that measurements name, as features: a row for each name in the measurements."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from cellwright.data.categories import one_hot, texts_among
from cellwright.data.intensities import as_logarithms
from cellwright.data.keys import Join
from cellwright.data.roles import names_entities, smiles_column
from cellwright.data.structures import chemistry
from cellwright.data.tables import Sheet
from cellwright.data.turned import turned
from cellwright.data.words import counted, few
from cellwright.errors import DataError
from cellwright.space.naming import is_identity

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["cell_tables", "drug_tables", "free", "known_to_all"]

_EXPRESSION = re.compile(r"expr|rma|rna|tpm|fpkm|rpkm|transcript|gex|counts")
_RESERVED = ("dose", "joined", "trunk", "flatten", "output", "residual", "value", "group", "given", "row", "pair")
_ID = re.compile(r".*(?:[_ .\-](?:id|ID|Id)|[a-z]I[dD])|id|ID|Id")  # BID and ARID are genes

Labels = Sequence[tuple[Join, Mapping[str, tuple[str, ...]]]]
"""Tables, and what each calls the entities, by their names in the measurements."""


def cell_tables(tables: Labels, unused: Collection[str], notes: list[str]) -> dict[str, "pd.DataFrame"]:
    """Return the features of cell lines by input name; the likeliest to be of expression is called so.

    Args:
        unused: columns that are no features.
    """
    found: dict[str, pd.DataFrame] = {}
    likeliest_first = sorted(tables, key=lambda one: _EXPRESSION.search(one[0].sheet.path.name.lower()) is None)
    for join, labels in likeliest_first:
        table = turned(join.sheet, labels, unused, notes) if join.column is None else None
        if join.column is not None:
            table = _features(join, labels, unused, notes)
        if table is None:
            continue
        name = free(_input_name(join.sheet), found) if found else "expression"
        values = table.to_numpy(np.float32)
        bits = np.isin(values, (0, 1)) | np.isnan(values)
        if not bits.all() and (not found or _EXPRESSION.search(join.sheet.path.name.lower())):
            logarithms = as_logarithms(values, join.sheet.name, notes)
            table = table if logarithms is values else type(table)(logarithms, table.index, table.columns)
        table.attrs["file"] = join.sheet.name
        found[name] = table
    return found


def drug_tables(
    tables: Labels, columns: Mapping[str, str], unused: Collection[str], notes: list[str]
) -> dict[str, "pd.DataFrame"]:
    """Return the features of drugs by input name: descriptors that are given, or those of the SMILES.

    Args:
        columns: role -> column, as somebody has said.
        unused: columns that are no features.
    """
    found: dict[str, pd.DataFrame] = {}
    for join, labels in tables:
        assert join.column is not None
        smiles = smiles_column(join.sheet, columns, without=[join.column])
        if smiles is not None:
            made = chemistry(join.sheet, join.column, smiles, labels, notes)
        else:
            given = _features(join, labels, unused, notes, several=False)
            made = {} if given is None else {"descriptors": given}
        for name, table in made.items():
            table.attrs["file"] = join.sheet.name
            found[free(_input_name(join.sheet) if name in found else name, found)] = table
    return found


def _features(
    join: Join,
    labels: Mapping[str, tuple[str, ...]],
    unused: Collection[str],
    notes: list[str],
    *,
    several: bool = True,
) -> "pd.DataFrame | None":
    """Return the columns of numbers of the entities that the measurements name; None if there is none.

    Args:
        several: rows of one entity are averaged; otherwise they must be equal.
    """
    import pandas as pd

    sheet, key = join.sheet, join.column
    assert key is not None
    columns = [name for name in sheet.columns if name != key and name not in unused]
    left_out = {name for name in columns if sheet.counts(name) or _is_id(sheet, name)}
    columns = [name for name in columns if name not in left_out]
    texts = texts_among(sheet, columns)
    numeric = [name for name in columns if name not in set(texts)] if texts else columns
    ids = sheet.names(key, missing=True)
    differ = any(_differs(sheet.frame[name]) for name in numeric)
    table, used = (pd.DataFrame(), []) if differ or not texts else one_hot(sheet, texts, notes)
    if not used:
        if not numeric:
            return None
        used, values = sheet.filled(numeric, notes)
        table = pd.DataFrame(values, columns=used)
    table = table.set_index(pd.Index(ids))
    without = {key, *used}
    rest = [name for name in sheet.columns if name and name not in without]
    notes.append(
        f"{sheet.name}: {counted(len(table), 'row')} named by {sheet.label(key)}, {counted(table.shape[1], 'feature')}"
        + (f"; not used: {few(rest, 8)}" if rest else "")
    )
    nameless = int(ids.isna().sum())
    if nameless:
        notes.append(f"{sheet.name}: {counted(nameless, 'row')} without a name in {sheet.label(key)} left out")
    table = table[table.index.isin({label for several in labels.values() for label in several})]
    hollow = table.index[table.isna().all(axis=1)]
    table = table.drop(index=hollow)
    if len(hollow):
        notes.append(f"{sheet.name}: rows without a value left out: {few(hollow)}")
    table = _once(table, sheet, notes, several=several)
    missing = int(table.isna().to_numpy().sum())
    if missing:
        notes.append(f"{sheet.name}: {counted(missing, 'empty field')} become the mean of the training rows")
    named = {name: label for name, (label, *_) in labels.items() if label in table.index}
    return table.loc[list(named.values())].set_axis(pd.Index(list(named)))


def _differs(values: "pd.Series") -> bool:
    """Return whether a column has two values at least."""
    there = values.dropna()
    return bool(len(there) and (there != there.iloc[0]).any())


def _is_id(sheet: Sheet, column: str) -> bool:
    """Return whether a column of numbers says which entity a row is, such as a PubChem CID, and nothing of it."""
    usual = names_entities("cell", column) or names_entities("drug", column)
    if not usual and _ID.fullmatch(column) is None:
        return False
    values = sheet.frame[column].dropna()
    whole = values.dtype.kind in "iuf" and bool((values % 1 == 0).all())
    return whole and (usual or values.nunique() > len(values) / 2)


def _once(table: "pd.DataFrame", sheet: Sheet, notes: list[str], *, several: bool) -> "pd.DataFrame":
    """Return one row for each entity."""
    if not table.index.has_duplicates:
        return table
    twice = table.index[table.index.duplicated()].unique()
    if not several:
        if len(table.reset_index().drop_duplicates()) > table.index.nunique():
            raise DataError(f"{sheet.name}: drug {few(twice)} has several rows; keep one of each")
        return table[~table.index.duplicated()]
    notes.append(f"{sheet.name}: several rows of one cell line are averaged: {few(twice)}")
    return table.groupby(level=0).mean()


def known_to_all(tables: Iterable["pd.DataFrame"]) -> set[str]:
    """Return the entities that all tables have."""
    known = [set(table.index) for table in tables]
    return set.intersection(*known)


def _input_name(sheet: Sheet) -> str:
    """Return a name for the input that a table makes; "x_1" would be taken for the first of a pair."""
    name = re.sub(r"_(\d+)$", r" \1", sheet.path.name.split(".")[0])
    return f"{name} features" if name in _RESERVED or is_identity(name) else name


def free(name: str, taken: Collection[str]) -> str:
    """Return the name, or that with a number where it is taken."""
    number = 2
    free = name
    while free in taken:
        free, number = f"{name} {number}", number + 1
    return free
