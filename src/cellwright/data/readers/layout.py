"""How a text file holds its table: what stands above it, what separates the fields, where the columns' names are."""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, zip_longest
from pathlib import Path

from cellwright.data.readers.header import header_of, is_number
from cellwright.errors import DataError

__all__ = ["COMMA", "WHITE_SPACE", "Layout", "is_blank", "layout_of"]

COMMA = re.compile(r"[+-]?\d+,\d+(e[+-]?\d+)?", re.IGNORECASE)
WHITE_SPACE = r"\s+"  # as pandas calls it
_NUMBER = re.compile(r"[+-]?\d[\d.,]*")
_BELOW = re.compile(r"[+-]?[1-9]\d{0,2}")
_GROUPED = {
    ".": re.compile(r"[+-]?[1-9]\d{0,2}(\.\d{3})+(,\d+)?"),
    ",": re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d+)?"),
}
_FEWEST_MARKED = 3  # numbers with thousands set apart
_POINT = re.compile(r"[+-]?\d*\.\d+(e[+-]?\d+)?", re.IGNORECASE)
_SEPARATORS = ("\t", ",", ";", "|")
_FIELD = re.compile(r'"[^"]*"|\S+')
_SEP = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
_BEGIN = re.compile(r"!\w+_table_begin")
_LOOKED_AT = 12  # lines

Line = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Layout:
    """How a text file holds its table.

    Attributes:
        separator: of fields.
        names: of the columns; "" where one has none.
        skip: how many lines stand above the first row of values.
        sample: the fields of the first rows of values.
        decimal: what separates the decimals, as far as the first rows tell.
        thousands: what sets the thousands apart, likewise; None: nothing.
        end: how the line begins that ends the table; None: the file's end.
        rows: how many the file says there are; None: it does not say.
    """

    separator: str
    names: tuple[str, ...]
    skip: int
    sample: tuple[tuple[str, ...], ...]
    decimal: str = "."
    thousands: str | None = None
    end: str | None = None
    rows: int | None = None
    notes: tuple[str, ...] = ()


def layout_of(path: Path, stream: Iterable[str]) -> Layout:
    """Return how a text file holds its table, by its first lines.

    Raises:
        DataError: it holds none.
    """
    lines = _filled(stream)
    first = next(lines, None)
    if first is None:
        raise DataError(f"{str(path)!r} is empty: fill it, or take it out of the folder")
    if "\0" in first[1]:
        raise DataError(f"{str(path)!r} cannot be read: it is no text, or text without a mark that names its encoding")
    said = _SEP.fullmatch(
        first[1].strip().rstrip(",;\t|") if not _SEP.fullmatch(first[1].strip()) else first[1].strip()
    )
    separator, end, rows, meta, notes = None, None, None, 0, []
    top: list[Line] = [first]
    if said is not None:
        separator, top = said[1], []
    elif first[1].startswith("#1.") and first[1].strip() in ("#1.2", "#1.3"):
        rows, meta = _size(path, next(lines, (2, ""))[1])
        separator, top = "\t", []
    elif first[1].startswith(("!", "^")):
        begin = next((number for number, line in lines if _BEGIN.match(line)), None)
        if begin is None:
            raise DataError(f"{str(path)!r} describes samples of GEO and holds no table of values")
        separator, end, top = "\t", "!", []
    top += islice(lines, _LOOKED_AT)
    comments = []
    while top and top[0][1].startswith("#") and not _is_header(top):
        comments.append(top.pop(0))
        top += islice(lines, 1)
    if comments:
        top += islice(lines, max(0, _LOOKED_AT - len(top)))
        notes.append(f"{len(comments)} lines of comments at the top" if len(comments) > 1 else "a comment at the top")
    if end is not None:
        top = [line for line in top if not line[1].startswith(end)]
    if not top:
        raise DataError(f"{str(path)!r} is empty: fill it, or take it out of the folder")
    if top[0][1].startswith("#"):
        top[0] = (top[0][0], top[0][1].removeprefix("#"))
    separator = separator or _separator([line for _, line in top])
    table = [tuple(_split(line, separator)) for _, line in top]
    header = header_of(table, path, top[0][0])
    if separator == WHITE_SPACE:
        notes.append("its columns are separated by white space")
    values = header.rows + meta
    sample = tuple(table[values:])
    skip = top[values][0] - 1 if len(top) > values else top[-1][0]
    thousands = _thousands(sample)
    if thousands is not None:
        notes.append(
            f"thousands are set apart by {'points' if thousands == '.' else 'commas'} (1{thousands}815 is 1815)"
        )
    decimals = {None: separator != "," and _has_decimal_commas(sample), ".": separator != ",", ",": False}
    decimal = "," if decimals[thousands] else "."
    return Layout(separator, header.names, skip, sample, decimal, thousands, end, rows, (*notes, *header.notes))


def is_blank(line: str) -> bool:
    """Return whether a line holds nothing, as pandas sees it."""
    return not line.strip(" \r\n\x1a")


def _filled(stream: Iterable[str]) -> Iterator[Line]:
    """Yield the lines at the top that hold something, with their numbers."""
    for number, line in enumerate(stream, 1):
        if line.strip(" \t,;|\r\n\x1a"):
            yield number, line.rstrip("\r\n")


def _size(path: Path, line: str) -> tuple[int, int]:
    """Return what the second line of a GCT file says: rows, and lines that describe the columns."""
    fields = line.split()
    if len(fields) < 2 or not all(field.isdigit() for field in fields):
        raise DataError(f"{str(path)!r}, line 2: a GCT file tells its numbers of rows and columns here, not {line!r}")
    return int(fields[0]), int(fields[3]) if len(fields) > 3 else 0


def _is_header(top: Sequence[Line]) -> bool:
    """Return whether a line that begins with # names the columns: words above as many fields with numbers."""
    if len(top) < 2 or top[1][1].startswith("#"):
        return False
    separator = _separator([line for _, line in top])
    names, values = _split(top[0][1], separator), _split(top[1][1], separator)
    return 1 < len(names) == len(values) and not any(map(is_number, names)) and any(map(is_number, values))


def _separator(lines: Sequence[str]) -> str:
    """Return what separates the fields: what divides most lines into as many of them."""
    best, score = "", (0.0, 0)
    for separator in _SEPARATORS:
        if separator in lines[0]:
            share, width = _evenness([len(_split(line, separator)) for line in lines])
            if (share, width) > score:
                best, score = separator, (share, width)
    if score[0] < 1:
        rows = [_split(line, WHITE_SPACE) for line in lines]
        share, _ = _evenness(list(map(len, rows)))
        if share == 1 and len(rows[0]) > 1 and any(map(is_number, rows[-1])):
            return WHITE_SPACE
    if score[0] > 0.5:
        return best
    return max(_SEPARATORS, key=lines[0].count)


def _evenness(widths: Sequence[int]) -> tuple[float, int]:
    """Return the share of lines of the usual width (R's first line has one field less), and that."""
    width = Counter(widths[1:] or widths).most_common(1)[0][0]
    if width < 2:
        return 0.0, 0
    return sum(one == width or (at == 0 and one == width - 1) for at, one in enumerate(widths)) / len(widths), width


def _split(line: str, separator: str) -> list[str]:
    if separator == WHITE_SPACE:
        return [field.strip('"') for field in _FIELD.findall(line)]
    if '"' not in line:
        return [field.strip() for field in line.split(separator)]
    try:
        return [field.strip() for field in next(csv.reader([line], delimiter=separator, skipinitialspace=True))]
    except csv.Error:  # a field of more than 128 KiB
        return [field.strip().strip('"') for field in line.split(separator)]


def _thousands(rows: Sequence[Sequence[str]]) -> str | None:
    """Return what sets thousands apart; None: nothing does, or they might as well be decimals.

    All numbers with the mark must have groups of three digits behind it. That they are no decimals shows where whole
    numbers below 1,000 stand in the same column, or where another mark follows for the decimals.
    """
    columns = list(zip_longest(*rows, fillvalue=""))
    for mark, grouped in _GROUPED.items():
        marked = [field for column in columns for field in column if mark in field and _NUMBER.fullmatch(field)]
        if len(marked) < _FEWEST_MARKED or not all(map(grouped.fullmatch, marked)):
            continue
        other = "," if mark == "." else "."
        mixed = any(any(map(_BELOW.fullmatch, column)) and any(map(grouped.fullmatch, column)) for column in columns)
        if mixed or any(other in field for field in marked):
            return mark
    return None


def _has_decimal_commas(rows: Sequence[Sequence[str]]) -> bool:
    fields = [field for row in rows for field in row if field]
    return any(map(COMMA.fullmatch, fields)) and not any(map(_POINT.fullmatch, fields))
