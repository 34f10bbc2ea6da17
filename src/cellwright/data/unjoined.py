"""Why no table describes the cell lines, or the drugs, that measurements name."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from cellwright.data.keys import Join, Key, joins_of, names_of
from cellwright.data.roles import names_entities
from cellwright.data.tables import Sheet
from cellwright.data.words import few
from cellwright.errors import DataError

__all__ = ["why_unjoined", "words_of"]

_WANTED = {
    "cell": "wanted is one row a cell line: its name, and a column for each gene (or the other way round)",
    "drug": "wanted is one row a drug: its name, and a column of SMILES, or columns of descriptors; or SMILES as names",
}
_WORDS = {"cell": "cell lines", "drug": "drugs"}


def words_of(kind: str) -> str:
    """Return what the entities of a kind are called."""
    return _WORDS[kind]


def why_unjoined(
    kind: str,
    place: Path,
    main: Sheet,
    keys: Mapping[str, Key],
    joins: Mapping[str, Sequence[Join]],
    others: Sequence[Sheet],
) -> DataError:
    """Return the error of a kind that no table describes: what is the matter with the tables that are there.

    Args:
        keys: by kind, how the measurements name its entities.
        joins: by kind, the tables that join.
        others: all tables but the measurements.
    """
    key = keys[kind]
    start = (
        f"no table of {str(place)!r} describes the {_WORDS[kind]} that {main.name} names ({few(sorted(key.counts))})"
    )
    if joins[kind]:
        join = joins[kind][0]
        return DataError(
            f"{start}: {join.sheet.name} has {len(join.fit.found):,} of {len(key.counts):,} by {join.column!r}, but no "
            f"column of numbers, and most of its columns of text do not hold 2 to 10 texts that repeat; {_WANTED[kind]}"
        )
    joined = {id(join.sheet) for several in joins.values() for join in several}
    free = [sheet for sheet in others if id(sheet) not in joined]
    taken = {column for other in keys.values() for column in other.columns}
    better = _another_key(kind, main, taken, free)
    if better is not None and len(key.columns) == 1:
        return DataError(
            f"{start}: column {better.key.columns[0]!r} of {main.name} would join {len(better.fit.found):,} of "
            f"{len(better.key.counts):,} with {better.sheet.name}; say --column {kind}={better.key.columns[0]}"
        )
    sides = [side for sheet in free for side in _side(kind, sheet)]
    if sides:
        return DataError(f"{start}: the names do not join: {'; '.join(sides[:3])}. {_capital(_WANTED[kind])}")
    return DataError(f"{start}: {_WANTED[kind]}")


def _another_key(kind: str, main: Sheet, taken: set[str], others: Sequence[Sheet]) -> Join | None:
    """Return how a column of the measurements that is not known to name the entities joins most of its names."""
    best: Join | None = None
    for column in [name for name in main.columns if name not in taken]:
        values = main.frame[column]
        if values.dtype.kind == "f" or values.nunique() < 2:
            continue
        for sheet in others:
            for join in joins_of(sheet, kind, [names_of(main, [column])], None):
                known = join.column is None or names_entities(kind, join.column) or sheet.frame[join.column].is_unique
                if known and join.share > 0.5 and (best is None or join.rows > best.rows):
                    best = join
    return best


def _side(kind: str, sheet: Sheet) -> list[str]:
    """Return in words which names a table has that does not join."""
    usual = [name for name in sheet.columns if names_entities(kind, name)]
    texts = [name for name in sheet.columns if sheet.frame[name].dtype.kind not in "fiub"]
    for column in [*usual, *texts][:1]:
        names = sheet.frame[column].dropna().astype(str).unique()
        return [f"column {column!r} of {sheet.name} holds {few(list(names), 3)}"]
    return [f"the columns of {sheet.name} are {few(sheet.columns, 3)}"]


def _capital(words: str) -> str:
    return words[0].upper() + words[1:]
