"""By which columns the measurements and other tables name the same cell lines and drugs: those that join most rows."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cellwright.data.frames import are_exact
from cellwright.data.names import Fit, fit_names
from cellwright.data.options import TableOptions
from cellwright.data.roles import keys_of_kind, names_entities
from cellwright.data.tables import Sheet
from cellwright.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Join", "Key", "joined_by", "joins_of", "keys_of_sheet", "labels_of", "names_of", "primary_key"]

_REPEAT = re.compile(r"(.+)\.\d+")  # "DATA.1.1": so R and pandas call the second column "DATA.1"


@dataclass(frozen=True, slots=True, eq=False)
class Key:
    """One way in which the measurements name the entities of a kind.

    Attributes:
        columns: one, or two where a row names a pair.
        names: of each column, row by row; NA where a row names nothing.
        counts: how often each name is there.
    """

    columns: tuple[str, ...]
    names: "tuple[pd.Series[str], ...]"
    counts: Mapping[str, int]

    def __str__(self) -> str:
        return " and ".join(map(repr, self.columns))


@dataclass(frozen=True, slots=True, eq=False)
class Join:
    """How a table names the entities that the measurements name.

    Attributes:
        key: of the measurements.
        column: of the table; None: its columns are called like the entities.
        fit: names in the table, by name in the measurements.
    """

    sheet: Sheet
    key: Key
    column: str | None
    fit: Fit

    @property
    def rows(self) -> int:
        """How many names in the measurements, repeats counted, are in the table."""
        return sum(self.key.counts[name] for name in self.fit.found)

    @property
    def quality(self) -> tuple[int, bool]:
        """What is larger for the better join: rows, and that nothing was cut off the names."""
        return self.rows, not self.fit.how

    @property
    def share(self) -> float:
        """Of the different names in the measurements."""
        return len(self.fit.found) / max(1, len(self.key.counts))


def keys_of_sheet(main: Sheet, kind: str, roles: Mapping[str, str], options: TableOptions) -> list[Key]:
    """Return the ways in which the measurements may name the entities of a kind, the likeliest first."""
    known, *others = keys_of_kind(main, kind, roles, options.exclude)
    keys = [names_of(main, known)]
    for columns in others:
        try:
            key = names_of(main, columns)
        except DataError:  # identifiers that a program has rounded: these join nothing
            continue
        if key.counts:
            keys.append(key)
    return keys


def names_of(main: Sheet, columns: Sequence[str]) -> Key:
    """Return the names in columns of the measurements.

    Raises:
        DataError: they are identifiers that some program has rounded.
    """
    import pandas as pd

    names = tuple(main.names(column, missing=True) for column in columns)
    counts = pd.concat(names).value_counts()
    return Key(tuple(columns), names, dict(zip(counts.index.tolist(), counts.tolist(), strict=True)))


def joins_of(sheet: Sheet, kind: str, keys: Sequence[Key], given: str | None) -> list[Join]:
    """Return for each key how a table joins best by it, if it does.

    Args:
        given: the column that somebody has named for this kind.
    """
    candidates = list(_labels(sheet, kind, given))
    joins = []
    for key in keys:
        fits = [(column, fit_names(key.counts, labels)) for column, labels in candidates]
        found = [Join(sheet, key, column, fit) for column, fit in fits if fit.found]
        joins += [max(found, key=lambda join: join.quality)] if found else []
    return joins


def _labels(sheet: Sheet, kind: str, given: str | None) -> Iterator[tuple[str | None, Mapping[str, tuple[str, ...]]]]:
    """Return what a table may call entities: the values of a column, or (None) the names of its columns.

    Numbers name entities only in a column that usually does, or the first one, or one that was given.
    """
    kinds = sheet.frame.dtypes.to_dict()
    for place, column in enumerate([given] if given in kinds else sheet.columns):
        assert column is not None
        if kinds[column].kind in "fiub" and not (place == 0 or names_entities(kind, column)):
            continue
        values = sheet.frame[column]
        if values.dtype.kind == "f":
            if not are_exact(values):
                continue
            values = values.dropna().astype("Int64")
        if values.nunique() < 2 and len(values) > 1:
            continue
        yield column, {name: (name,) for name in values.dropna().astype(str).str.strip().unique()}
    if kind == "cell":
        columns: dict[str, list[str]] = {}
        there = set(sheet.columns)
        for column in sheet.columns:
            again = _REPEAT.fullmatch(column)
            columns.setdefault(again[1] if again and again[1] in there else column, []).append(column)
        yield None, {name: tuple(several) for name, several in columns.items()}


def primary_key(keys: Sequence[Key], joins: Sequence[Join]) -> Key:
    """Return the key that joins most rows with some table; the likeliest of those that join equally many."""
    return max(keys, key=lambda key: max((join.quality for join in joins if join.key is key), default=(0, False)))


def joined_by(joins: Sequence[Join], primary: Key) -> Join:
    """Return of a table's joins the one that joins most rows; by the primary key if none joins more."""
    return max(joins, key=lambda join: (*join.quality, join.key is primary))


def labels_of(join: Join, primary: Key) -> dict[str, tuple[str, ...]]:
    """Return what the table calls each entity, by its name in the primary key; of those that it has."""
    import pandas as pd

    if join.key is primary:
        return dict(join.fit.found)
    found: dict[str, tuple[str, ...]] = {}
    for name, other in zip(primary.names, join.key.names, strict=True):
        both = pd.DataFrame({"name": name, "other": other}).dropna().drop_duplicates()
        for mine, its in both.itertuples(index=False):
            if its in join.fit.found:
                found.setdefault(mine, join.fit.found[its])
    return found
