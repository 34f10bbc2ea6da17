"""Where the names of a table's columns stand: in its first row, below a title, or in several rows."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cellwright.data.words import few
from cellwright.errors import DataError

__all__ = ["MISSING", "Header", "header_of", "is_number"]

#: what stands for a missing value, in lower case
MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "-", ".", "#n/a", "?"})
_DECIMAL = re.compile(r"[+-]?\d*[.,]\d+(e[+-]?\d+)?", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?(\d+[.,]?\d*|[.,]\d+)(e[+-]?\d+)?|[+-]?inf(inity)?", re.IGNORECASE)
_ENSEMBL = re.compile(r"ENS[A-Z]*\d{6,}(\.\d+)?")

Row = Sequence[str]


@dataclass(frozen=True, slots=True)
class Header:
    """The names of the columns.

    Attributes:
        names: "" where a column has none.
        rows: how many of the rows that were looked at stand above the first row of values.
    """

    names: tuple[str, ...]
    rows: int
    notes: tuple[str, ...] = ()


def header_of(rows: Sequence[Row], path: Path, line: int, word: str = "line") -> Header:
    """Return the names of the columns of a table of which the first rows are given.

    Args:
        line: the number of the first row in the file.
        word: what the file's rows are called.

    Raises:
        DataError: no row names the columns, or a row has more fields than there are names.
    """
    notes = []
    start = _titles(rows)
    if start:
        notes.append(f"{word}s above the table are not used ({few([_joined(row) for row in rows[:start]], 2)})")
    count = _count(rows[start:])
    block, body = rows[start : start + count], rows[start + count :]
    kept = _kept(block)
    names = [
        next((row[at] for row in (block[kept], *block) if at < len(row) and row[at]), "")
        for at in range(len(block[kept]))
    ]
    if count > 1:
        first, last = line + start, line + start + count - 1
        notes.append(
            f"{word}s {first} to {last} name the columns; the names of {word} {first + kept} are used "
            f"({few([name for name in names[1:] if name], 3)})"
        )
    width = max(Counter(map(len, body)).most_common(1))[0] if body else len(names)
    if width == len(names) + 1:  # the names of rows that R writes, or a separator at the end of each row
        ends = all(len(row) < width or not row[-1] for row in body)
        names = [*names, ""] if ends else ["", *names]
    for at, row in enumerate(body, line + start + count):
        if len(row) > len(names):
            raise DataError(
                f"{str(path)!r} is no table of equal rows: {word} {at} has {len(row):,} fields, and "
                f"{word} {line + start + kept} names {len(names):,} columns"
            )
    if _is_row_of_values(names, body):
        raise DataError(
            f"{str(path)!r} has no {word} that names the columns: the first is {_joined(block[0])!r}; write a first "
            f"{word} that names the {len(names):,} columns"
        )
    return Header(tuple(names), start + count, tuple(notes))


def is_number(field: str) -> bool:
    return _NUMBER.fullmatch(field) is not None


def _titles(rows: Sequence[Row]) -> int:
    """Return how many rows at the top hold one field each, a title, where others hold several."""
    filled = [sum(map(bool, row)) for row in rows]
    titles = next((at for at, count in enumerate(filled) if count > 1), 0)
    return titles if len(filled) > titles + 1 and min(filled[titles : titles + 2]) > 2 else 0


def _count(rows: Sequence[Row]) -> int:
    """Return how many rows name the columns."""
    count = 1
    if not rows[0][0] and any(row[0] for row in rows[1:]):
        while count < len(rows) and not rows[count][0] and len(rows[count]) == len(rows[0]):
            if sum(_DECIMAL.fullmatch(field) is not None for field in rows[count]) > len(rows[count]) / 2:
                return 1  # a row of values without a name
            count += 1
        if count > 1 and count < len(rows) and not any(rows[count][1:]):
            return count + 1  # pandas writes the name of the index so
    while count + 1 < len(rows) and _are_names(rows[count], rows[count + 1 :]):
        count += 1
    return count


def _are_names(row: Row, below: Sequence[Row]) -> bool:
    """Return whether a row has different words where every row below it has numbers."""
    width = min(map(len, below))
    numeric = [
        at
        for at in range(width)
        if any(is_number(other[at]) for other in below)
        and all(is_number(other[at]) or other[at].lower() in MISSING for other in below)
    ]
    words = [row[at] for at in numeric if at < len(row)]
    if len(numeric) < 2 or len(words) < len(numeric) or len(set(words)) < len(words):
        return False
    return not any(is_number(word) or word.lower() in MISSING for word in words)


def _kept(block: Sequence[Row]) -> int:
    """Return which of several rows of names to use: symbols of genes if they are unique, else the first row."""
    ranks = {at: rank for at, row in enumerate(block) if (rank := _rank(row)) is not None}
    return min(ranks, key=lambda at: (ranks[at], at)) if ranks else 0


def _rank(row: Row) -> int | None:
    """Return how well a row of names can be read by people, 0 best; None if a name stands there twice, or none."""
    names = [name for name in row[1:] if name]
    if not names or len(set(names)) < len(names):
        return None
    return 2 * _most(name.isdigit() for name in names) + _most(_ENSEMBL.fullmatch(name) is not None for name in names)


def _most(which: Iterable[bool]) -> bool:
    found = list(which)
    return sum(found) > len(found) / 2


def _is_row_of_values(names: Row, body: Sequence[Row]) -> bool:
    """Return whether what should be names are values, like those below."""
    filled = [name for name in names if name]
    if sum(_DECIMAL.fullmatch(name) is not None for name in filled) > len(filled) / 2:
        return True
    columns = [[row[at] for row in body if at < len(row) and row[at]] for at in range(len(names))]
    again = any(
        name and not is_number(name) and name.lower() not in MISSING and name in column
        for name, column in zip(names, columns, strict=True)
    )
    return again and any(
        is_number(name) and column and all(map(is_number, column)) for name, column in zip(names, columns, strict=True)
    )


def _joined(row: Row) -> str:
    text = " ".join(filter(None, row))
    return text if len(text) <= 60 else f"{text[:57]}..."
