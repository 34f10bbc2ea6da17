"""Text files of thousands of columns, nearly all of them numbers.

pandas needs more memory than the file has bytes and time for each column. Here a line at a time becomes float32: its
fields are written below one another and parsed as one column.
"""

from collections.abc import Sequence
from io import TextIOWrapper
from typing import TYPE_CHECKING

import numpy as np

from cellwright.data.readers.header import MISSING, is_number
from cellwright.data.readers.layout import WHITE_SPACE, Layout, is_blank

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FEWEST_COLUMNS", "parse_floats", "read_wide"]

FEWEST_COLUMNS = 256
_NAMING = 8  # columns at the left that may hold names and numbers of samples, which float32 would round
_FEW_WHOLE = 64
_NULLS = ("", "-", ".", "NA", "N/A", "n/a", "na", "nan", "NaN", "NULL", "null", "None", "#N/A")
_MOST_EXACT = 2**24
_ROWS = 256  # a block of them is set aside at a time


def read_wide(stream: TextIOWrapper, layout: Layout) -> "pd.DataFrame | None":
    """Return the table; None if it is not of this kind, or a field is in the way, so that another reader says what."""
    import pandas as pd
    import pyarrow as pa

    others = _others(layout)
    width = len(layout.names)
    spaced = layout.separator == WHITE_SPACE
    separator = " " if spaced else layout.separator
    if len(others) > width / 4:
        return None
    blocks: list[np.ndarray] = []
    beside: list[list[str]] = []
    for _ in range(layout.skip):
        stream.readline()
    for line in stream:
        if is_blank(line):
            continue
        if layout.end is not None and line.startswith(layout.end):
            break
        fields = _fields(" ".join(line.split()) if spaced else line, separator, others, width)
        if fields is None:
            return None
        numbers, text = fields
        try:
            values = parse_floats(numbers.encode(), separator, _NULLS)
        except pa.ArrowInvalid:
            return None
        if len(beside) % _ROWS == 0:
            blocks.append(np.empty((_ROWS, len(values)), np.float32))
        blocks[-1][len(beside) % _ROWS] = values
        beside.append(text)
    if not beside:
        return None
    return _joined(_stacked(blocks, len(beside)), _inferred(pd.DataFrame(beside, columns=others)), width)


def parse_floats(fields: bytes, separator: str, nulls: Sequence[str]) -> np.ndarray:
    """Return the fields of a line as float32, NaN where null, by the quickest parser at hand.

    Raises:
        pyarrow.ArrowInvalid: a field is no number.
    """
    import pyarrow as pa
    from pyarrow import csv

    column = csv.read_csv(
        pa.py_buffer(fields.replace(separator.encode(), b"\n") + b"\n"),
        csv.ReadOptions(column_names=["value"], use_threads=False, block_size=1 << 24),
        csv.ParseOptions(delimiter="\x01", quote_char=False, ignore_empty_lines=False),
        csv.ConvertOptions(column_types={"value": pa.float32()}, null_values=list(nulls)),
    ).column(0)
    values: np.ndarray = column.to_numpy().astype(np.float32, copy=False)
    return values


def _others(layout: Layout) -> list[int]:
    """Return the columns that are no plain numbers, or may name something."""
    columns = list(zip(*(row for row in layout.sample if len(row) == len(layout.names)), strict=True))
    if not columns:
        return list(range(len(layout.names)))
    plain = [all(is_number(field) or field.lower() in MISSING for field in column) for column in columns]
    whole = [all(field.isdigit() for field in column) for column in columns]
    few = sum(whole) <= _FEW_WHOLE
    return [
        at
        for at, column in enumerate(columns)
        if at < _NAMING or not plain[at] or (whole[at] and (few or max(map(int, column)) >= _MOST_EXACT))
    ]


def _fields(line: str, separator: str, others: Sequence[int], width: int) -> tuple[str, list[str]] | None:
    """Return the numbers of a line, still separated, and its other fields; None if it is not divided as simply."""
    left = next((at for at, other in enumerate(others) if at != other), len(others))
    *start, rest = line.rstrip("\r\n").split(separator, left)
    if len(start) != left or '"' in rest or rest.count(separator) + 1 != width - left:
        return None
    text = [field.strip().strip('"').strip() for field in start]
    if left == len(others):
        return rest, text
    fields = rest.split(separator)
    text += [fields[at - left].strip() for at in others[left:]]
    for at in reversed(others[left:]):
        del fields[at - left]
    return separator.join(fields), text


def _stacked(blocks: list[np.ndarray], rows: int) -> np.ndarray:
    """Return blocks below one another, letting go of each as it is copied."""
    result = np.empty((rows, blocks[0].shape[1]), np.float32)
    for start in range(0, rows, _ROWS):
        result[start : start + _ROWS] = blocks.pop(0)[: rows - start]
    return result


def _inferred(text: "pd.DataFrame") -> "pd.DataFrame":
    """Return columns of text as numbers where all fields are, as pandas would read them."""
    import pandas as pd

    def column(values: "pd.Series[str]") -> "pd.Series[float] | pd.Series[str]":
        filled = values.mask(values.str.lower().isin(MISSING - {"?"}))
        try:
            return pd.to_numeric(filled)
        except (ValueError, TypeError):
            return filled

    return pd.DataFrame({name: column(values) for name, values in text.items()})


def _joined(numbers: np.ndarray, others: "pd.DataFrame", width: int) -> "pd.DataFrame":
    """Return all columns in their order, the numbers not copied."""
    import pandas as pd

    pieces: list[pd.DataFrame] = []
    at, used = 0, 0
    for other in [*others.columns, width]:
        if other > at:
            pieces.append(pd.DataFrame(numbers[:, used : used + other - at], columns=range(at, other), copy=False))
            used += other - at
        if other < width:
            pieces.append(others[[other]])
        at = other + 1
    return pd.concat(pieces, axis=1)
