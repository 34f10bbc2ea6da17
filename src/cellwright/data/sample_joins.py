"""How tables of samples fit: which column of one holds the names by which another calls its samples."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cellwright.data.labels import is_identifier, is_label
from cellwright.data.names import match_names, reduced
from cellwright.data.sheet import Sheet
from cellwright.data.words import few

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FIRST", "Join", "count_numbers", "joins", "texts_of", "why_not_joined"]

#: columns among which the names of samples stand
FIRST = 50
_LEAST_MATCHED = 2
_SHORTEST = 6  # letters and digits of a name whose longer forms begin with it, as TCGA's barcodes do
_TCGA = {10, 12}  # letters and digits of a patient's barcode, and of a sample's


@dataclass(frozen=True, slots=True, eq=False)
class Join:
    """How a matrix and a table that describes its samples fit.

    Attributes:
        key: the column of the matrix with the samples' names; None: these are names of its columns.
        column: that of the other table.
        found: name in the other table, by name in the matrix.
        lost: names in the matrix that the other table does not have, or has twice.
        how: what else than equal names made them fit; "" if nothing.
    """

    matrix: Sheet
    table: Sheet
    key: str | None
    column: str
    found: Mapping[str, str]
    lost: tuple[str, ...]
    how: str


def joins(matrix: Sheet, table: Sheet) -> "list[Join]":
    """Return the ways in which a table describes the samples of a matrix, those that fit most names first in doubt."""
    found = []
    for column in [name for place, name in enumerate(table.columns[:FIRST]) if _may_name(table, name, place)]:
        others = texts_of(table.frame[column])
        if count_numbers(matrix) > count_numbers(table):
            keys = [name for place, name in enumerate(matrix.columns[:FIRST]) if _may_name(matrix, name, place)]
            found += [Join(matrix, table, key, column, *_fit(texts_of(matrix.frame[key]), others)) for key in keys]
        found.append(Join(matrix, table, None, column, *_fit(list(matrix.columns), others)))
    return [join for join in found if len(join.found) >= _LEAST_MATCHED]


def why_not_joined(sheets: Sequence[Sheet], place: Path) -> str:
    """Return why tables cannot be used together, with the names of both sides."""
    whole = [sheet for sheet in sheets if any(is_label(name) for name in sheet.columns) and count_numbers(sheet) > 1]
    if len(whole) > 1:
        names = few([sheet.name for sheet in whole])
        return f"{str(place)!r} holds several tables of samples and classes ({names}); name one: --data {whole[0].path}"
    matrix = max(sheets, key=count_numbers)
    sides = [f"the columns of {matrix.name} are {few(matrix.columns)}"]
    for sheet in sheets:
        for position, name in enumerate(sheet.columns[:FIRST]):
            if _may_name(sheet, name, position) and sheet.frame[name].nunique() * 2 > len(sheet.frame):
                sides.append(f"column {name!r} of {sheet.name} holds {few(texts_of(sheet.frame[name]))}")
                break
    return (
        f"the tables of {str(place)!r} do not join: no column of one holds the names of the samples of another; "
        f"{'; '.join(sides)}. Wanted are a matrix of genes and a table with a row for each of its samples, or one file "
        "that holds all"
    )


def count_numbers(sheet: Sheet) -> int:
    return sum(kind.kind in "fiub" for kind in sheet.frame.dtypes)


def _may_name(sheet: Sheet, column: str, place: int) -> bool:
    values = sheet.frame[column]
    if 2 * values.nunique() < len(values):
        return False
    return values.dtype.kind == "O" or (values.dtype.kind in "iu" and (place == 0 or is_identifier(column)))


def texts_of(values: "pd.Series") -> list[str]:
    return values.dropna().astype(str).str.strip().tolist()


def _fit(names: Sequence[str], others: Sequence[str]) -> tuple[dict[str, str], tuple[str, ...], str]:
    """Return the other table's name by name, the names without one, and what else than equal names made them fit."""
    once = [name for name, count in Counter(others).items() if count == 1]
    found, how = dict(match_names(names, once).found), ""
    if any(name != other for name, other in found.items()):
        how = "by letters and digits alone"
    if 2 * len(found) < min(len(set(names)), len(once)):
        cut = _by_beginning(set(names), once)
        if len(cut) > len(found):
            found, how = cut, "by the beginnings of the longer names"
    return found, tuple(sorted(set(names) - found.keys())), how


def _by_beginning(names: Iterable[str], others: Iterable[str]) -> dict[str, str]:
    """Return the other name by name where both begin alike and no others do.

    They begin with the shorter names, all of one length; TCGA's barcodes, of patients, samples or aliquots, with those
    of samples or patients.
    """
    forms, other_forms = ({name: reduced(name) for name in side} for side in (names, others))
    lengths = {
        max(map(len, side.values())) for side in (forms, other_forms) if side and len(set(map(len, side.values()))) == 1
    }
    if any(form.startswith("TCGA") for form in other_forms.values()):
        lengths |= _TCGA
    best: dict[str, str] = {}
    for length in sorted((length for length in lengths if length >= _SHORTEST), reverse=True):
        cut, other_cut = (
            {name: form[:length] for name, form in side.items() if len(form) >= length} for side in (forms, other_forms)
        )
        sharing, other_sharing = Counter(cut.values()), Counter(other_cut.values())
        by_form = {form: name for name, form in other_cut.items() if other_sharing[form] == 1}
        found = {name: by_form[form] for name, form in cut.items() if sharing[form] == 1 and form in by_form}
        best = max(best, found, key=len)
    return best
