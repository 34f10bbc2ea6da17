"""Which column of a table of samples holds the class, and which only say what sample a row is."""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from cellwright.data.roles import simple
from cellwright.data.words import few
from cellwright.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MOST_CLASSES", "is_identifier", "is_label", "label_of"]

MOST_CLASSES = 100


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_MOST_CODES = 10  # different whole numbers that may be classes
_FEW_ROWS = 6  # rows of each of many groups, all of one size: repeats of a patient
_MANY_GROUPS = 6
_LABELS = _words(
    "label labels class classes classlabel target y tissue type cancertype tumortype tumourtype sampletype "
    "diagnosis group outcome subtype histology response responder status condition phenotype disease"
)
_THINGS = _words(
    "patient subject participant individual person donor case sample specimen aliquot array chip slide "
    "scan cell line bcr tcga geo gsm plate batch center centre date well lane run"
)
_MARKS = _words("id ids barcode uuid accession number num nr name names code key index")
_ENDINGS = _words("id ids barcode uuid accession plate batch center centre well lane")
_ALONE = re.compile(
    r"(?:model|depmap|cosmic|patient|subject|participant|individual|donor|case|sample|specimen|aliquot)(?:id|ids|barcode|uuid|name|number|no)"
)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_DATE = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}.*|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}")


def is_identifier(name: str) -> bool:
    """Return whether a column of this name says which sample, patient or plate a row is of, not what it is like."""
    words = [word.lower() for word in _WORD.findall(name)]
    if not words:
        return False
    named = set(words) <= (_THINGS | _MARKS) or words[-1] in _ENDINGS or "date" in words
    return named or _ALONE.fullmatch(simple(name)) is not None


def is_label(name: str) -> bool:
    """Return whether a column of this name usually holds the class."""
    return simple(name) in _LABELS


def label_of(
    about: "pd.DataFrame",
    given: str | None,
    name: str,
    *,
    columns: Sequence[str],
    described: bool,
    codes: Sequence[str] = (),
    otherwise: str = "",
) -> tuple[str, str]:
    """Return the column that holds the class, and why it is taken for that.

    Args:
        about: what is known of the samples beside their expression; text, and numbers.
        given: the column that somebody has named.
        name: of the file, for messages.
        described: the columns stand in a table of their own, so that whole numbers may be classes too; otherwise they
            may be genes.
        columns: all that the file has; the first of a matrix of numbers may hold classes as whole numbers.
        codes: columns of few whole numbers, which may be classes although they may be genes as well.
        otherwise: what to say where no column could be the class; "" asks for one.

    Raises:
        DataError: there is no such column, no column that could be the class, or several.
    """
    if given is not None:
        if given not in about.columns:
            raise DataError(f"{name} has no column {given!r}; it has {few(columns, 12)}")
        return given, "holds the class"
    known = [column for column in about.columns if is_label(column)]
    if len(known) > 1:
        known = [column for column in known if 1 < about[column].nunique() <= _most(about)]
    if len(known) == 1:
        return known[0], "holds the class, by its name"
    others = {
        column: about[column].nunique()
        for column in about.columns
        if _may_be_class(about, column, described or column in codes)
    }
    candidates = {column: about[column].nunique() for column in known} or others
    if len(candidates) == 1 and not candidates.keys() & set(codes):
        return next(iter(candidates)), "holds the class, being the only column of few values that repeat"
    if not candidates.keys() - {columns[0]} and not described and columns[0] in about.columns:
        first, values = columns[0], about[columns[0]]
        if values.dtype.kind in "iub" and 1 < values.nunique() <= _most(about):
            return first, "holds the class, being first and of few values"
    raise DataError(otherwise if otherwise and not candidates else _question(name, candidates, columns))


def _question(name: str, candidates: Mapping[str, int], columns: Sequence[str]) -> str:
    ask = f"{name}: which column holds the class? Say --target NAME (or --column label=NAME)"
    if not candidates:
        return f"{ask}; first are {few(columns, 6)}"
    shown = [f"{column!r} ({count:,} values)" for column, count in candidates.items()]
    more = f" and {len(shown) - 8:,} more" if len(shown) > 8 else ""
    return f"{ask}; candidates are {', '.join(shown[:8])}{more}"


def _most(about: "pd.DataFrame") -> int:
    return min(MOST_CLASSES, len(about) // 2)


def _may_be_class(about: "pd.DataFrame", column: str, described: bool) -> bool:
    """Return whether a column could be the class, with nobody saying it."""
    values = about[column].dropna()
    numeric = values.dtype.kind in "iufb"
    counts = values.value_counts()
    if is_identifier(column) or not 1 < len(counts) <= _most(about):
        return False
    if numeric:
        return described and len(counts) <= _MOST_CODES and bool(np.all(values.to_numpy(float) % 1 == 0))
    if all(_DATE.fullmatch(str(value)) for value in counts.index):
        return False
    repeats = len(counts) > _MANY_GROUPS and counts.min() == counts.max() <= _FEW_ROWS
    return not repeats
