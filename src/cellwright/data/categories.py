"""Columns of text in tables of features, such as WT and MUT: left out, or 0 and 1 where a table has nothing else."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cellwright.data.tables import Sheet
from cellwright.data.words import few

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["one_hot", "texts_among"]

_MOST = 10  # different texts that become columns of their own
_MOST_NUMBERS = 2  # different numbers among texts that are texts as well: "0" beside "H1047R"


def texts_among(sheet: Sheet, columns: Sequence[str]) -> list[str]:
    """Return the columns of text, perhaps with a number or two among them that say "none"."""
    numbers = {name for name, kind in sheet.frame.dtypes.items() if kind.kind in "fiub"}
    others = [name for name in columns if name not in numbers]
    return [name for name in others if not sheet.is_numeric(name) or _is_text_with_numbers(sheet.frame[name])]


def _is_text_with_numbers(values: "pd.Series") -> bool:
    import pandas as pd

    if values.dtype.kind in "fiubMm":
        return False
    there = values.dropna()
    numbers = pd.to_numeric(there, errors="coerce")
    texts = there[numbers.isna()].astype(str)
    # one row of text among numbers is an error in it, and so are decimal commas
    return bool(len(texts) and numbers.nunique() <= _MOST_NUMBERS and not texts.str.contains(",").any())


def one_hot(sheet: Sheet, columns: Sequence[str], notes: list[str]) -> "tuple[pd.DataFrame, list[str]]":
    """Return a column of 0 and 1 for each text of a column but the most frequent, and the columns that were taken.

    These are the columns of 2 to 10 different texts that repeat, if most are such columns; else none. Empty cells are
    NaN.
    """
    import pandas as pd

    found: dict[str, pd.Series[float]] = {}
    taken, others = [], 0
    for column in columns:
        values = sheet.frame[column]
        texts = values.astype(str).str.strip().where(values.notna())
        counts = texts.value_counts()
        if len(counts) > max(2, min(_MOST, len(values) // 2)):  # such as a name for each row
            others += 1
            continue
        taken += [column] if len(counts) > 1 else []
        for text in sorted(counts.index[1:]):
            found[f"{column}={text}"] = (texts == text).astype("float32").where(texts.notna())
    if 2 * others >= len(columns):
        return pd.DataFrame(), []
    if found:
        notes.append(f"{sheet.name}: columns of text become 0 and 1, a column for each text: {few(list(found))}")
    return pd.DataFrame(found), taken
