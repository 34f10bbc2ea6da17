"""Tables of samples as users have them: a matrix in either orientation, and perhaps a table that describes its samples.

The layouts are one table with a column for the class and one for each gene; its transpose; and, as GEO and TCGA have
it, a matrix of genes x samples or samples x genes beside a table of the samples, joined by the samples' names.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cellwright.data.labels import is_identifier, is_label
from cellwright.data.names import match_names, reduced
from cellwright.data.options import TableOptions
from cellwright.data.readers.described import SAMPLES
from cellwright.data.readers.files import outer
from cellwright.data.tables import Sheet, files_of, passed_over, read
from cellwright.data.words import few
from cellwright.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Samples", "read_samples", "unique_names"]

_LEAST_MATCHED = 2
_SHORTEST = 6  # letters and digits of a name whose longer forms begin with it, as TCGA's barcodes do
_TCGA = {10, 12}  # letters and digits of a patient's barcode, and of a sample's
_FIRST = 50  # columns among which the names of samples stand
_CLINICAL = 10  # times as many columns of numbers as a table of clinical measurements has a matrix
_FEWEST = 4  # columns of a matrix of genes x samples
_MOST_TEXTS = 50  # rows that describe the samples of one


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """One row a sample, read and joined.

    Attributes:
        matrix: the name of the file that has the numbers.
        about: columns that may describe a sample; numbers here may be genes as well, unless `described`.
        features: names of the columns of `values`.
        values: float32 (samples, features), NaN where missing.
        described: the description stands in a table of its own.
        names: of the samples; None: none is known.
    """

    matrix: str
    about: Sheet
    features: tuple[str, ...]
    values: np.ndarray
    described: bool
    names: "pd.Series[str] | None"


@dataclass(frozen=True, slots=True, eq=False)
class _Join:
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


def read_samples(place: Path, options: TableOptions, notes: list[str]) -> Samples:
    """Read the samples of a file or folder.

    Raises:
        DataError: a table cannot be read, or several do not join.
    """
    sheets = [read(path) for path in files_of(place)]
    notes += [*(note for sheet in sheets for note in sheet.notes), *passed_over(place)]
    if len(sheets) == 1:
        return _single(sheets[0], options, notes)
    matrices = [sheet for sheet in sheets if not _is_within(sheet)]
    joins = [join for first in matrices for second in sheets if first is not second for join in _joins(first, second)]
    if not joins:
        raise DataError(_do_not_join(sheets, place))
    label = options.columns.get("label")
    best = max(
        joins,
        key=lambda join: (
            label in join.table.columns,
            len(join.found),
            not _is_within(join.table),  # somebody has put another one beside it
            _count_numbers(join.matrix),
        ),
    )
    used = (best.matrix, best.table)
    others = [sheet.name for sheet in sheets if sheet not in used]
    also = [
        join.matrix.name
        for join in joins
        if join.matrix not in used
        and join.table is best.table
        and 2 * len(join.found) >= len(best.found)
        and _CLINICAL * _count_numbers(join.matrix) > _count_numbers(best.matrix)
    ]
    if also:
        raise DataError(
            f"{str(place)!r} holds several matrices of the samples of {best.table.name}: "
            f"{few([best.matrix.name, *dict.fromkeys(also)])}; leave one"
        )
    if others:
        notes.append(f"not used, as {best.matrix.name} and {best.table.name} are joined: {few(others)}")
    return _joined(best, options, notes)


def _is_within(sheet: Sheet) -> bool:
    """Return whether a table is what the file of a matrix says of its samples."""
    return sheet.path.name == SAMPLES and outer(sheet.path) == sheet.path.parent


def _count_numbers(sheet: Sheet) -> int:
    return sum(kind.kind in "fiub" for kind in sheet.frame.dtypes)


def _single(sheet: Sheet, options: TableOptions, notes: list[str]) -> Samples:
    if _are_genes_in_rows(sheet, options):
        sheet = _turned(sheet)
        notes.append(f"{sheet.name}: genes are in rows and samples in columns; it is read the other way round")
    numeric = _numeric(sheet, {*options.exclude, *options.named.values()})
    texts = [name for name in sheet.columns[:_FIRST] if sheet.frame[name].dtype.kind == "O"]
    names = next((name for name in texts if sheet.frame[name].is_unique and sheet.frame[name].notna().all()), None)
    if names is None and (is_identifier(sheet.columns[0]) or sheet.ascends(sheet.columns[0])):
        names = sheet.columns[0]
    known = None if names is None else sheet.names(names)
    return Samples(sheet.name, sheet, tuple(numeric), _matrix(sheet, numeric), described=False, names=known)


def _numeric(sheet: Sheet, without: set[str]) -> list[str]:
    """Return the columns of numbers."""
    plain = [kind.kind in "fiub" for kind in sheet.frame.dtypes]  # only the cells of others need to be looked at
    return [
        name
        for name, fine in zip(sheet.columns, plain, strict=True)
        if name not in without and (fine or sheet.is_numeric(name))
    ]


def _matrix(sheet: Sheet, columns: Sequence[str]) -> np.ndarray:
    """Return columns of numbers, float32 (rows, columns), NaN where empty; columns may be empty throughout."""
    hollow = sheet.frame[list(columns)].isna().all().to_numpy(bool)
    result = np.full((len(sheet.frame), len(columns)), np.nan, np.float32)
    filled = [column for column, empty in zip(columns, hollow, strict=True) if not empty]
    if filled:
        result[:, ~hollow] = sheet.matrix(filled)
    return result


def _are_genes_in_rows(sheet: Sheet, options: TableOptions) -> bool:
    """Return whether a table that holds all has genes in rows: then a row describes the samples, and no column does."""
    first, given = sheet.frame.iloc[:, 0], options.columns.get("label")
    if first.dtype.kind != "O" or len(sheet.columns) < _FEWEST:
        return False
    rows = set(first.dropna().astype(str))
    if given is not None:
        return given not in sheet.columns and given in rows
    if any(is_label(name) for name in sheet.columns):
        return False
    texts = sum(kind.kind == "O" for kind in sheet.frame.dtypes.iloc[1:])
    described = 2 * texts > len(sheet.columns) and 0 < _text_rows(sheet).sum() <= min(_MOST_TEXTS, len(rows) // 2)
    return described or sum(is_label(name) for name in rows) == 1


def _text_rows(sheet: Sheet) -> np.ndarray:
    """Return which rows hold text rather than numbers, (rows,)."""
    cells = sheet.frame.iloc[:, 1:]
    return np.asarray((_as_numbers(cells).isna() & cells.notna()).sum(axis=1) * 2 > cells.notna().sum(axis=1))


def _as_numbers(cells: "pd.DataFrame") -> "pd.DataFrame":
    import pandas as pd

    flat = pd.to_numeric(pd.Series(cells.to_numpy(object).reshape(-1)), errors="coerce")
    return pd.DataFrame(flat.to_numpy(np.float64).reshape(cells.shape), cells.index, cells.columns)


def _turned(sheet: Sheet) -> Sheet:
    """Return the table with a row for each of its columns but the first, which names the columns then."""
    import pandas as pd

    names, cells = unique_names(sheet.frame.iloc[:, 0]), sheet.frame.iloc[:, 1:]
    numbers, texts = _as_numbers(cells), _text_rows(sheet)
    wrong = np.argwhere((numbers.isna() & cells.notna()).to_numpy() & ~texts[:, None])
    if len(wrong):
        row, column = wrong[0]
        raise DataError(
            f"{sheet.name}: column {cells.columns[column]!r} is no number in the row of {names[row]!r}: "
            f"{str(cells.iloc[row, column])!r}; correct it, or leave the row out"
        )
    columns = {"sample": pd.Series(cells.columns.astype(str))}
    columns |= {names[row]: cells.iloc[row].reset_index(drop=True) for row in np.flatnonzero(texts)}
    genes = pd.DataFrame(numbers.to_numpy()[~texts].T, columns=[names[row] for row in np.flatnonzero(~texts)])
    return Sheet(sheet.path, pd.concat([pd.DataFrame(columns), genes], axis=1))


def unique_names(names: "pd.Series[str]") -> list[str]:
    """Return names of features: those that are empty or repeated get a number."""
    given = names.astype(object).where(names.notna(), "unnamed").astype(str).str.strip()
    again = given.groupby(given).cumcount()
    return [f"{name} ({count + 1})" if count else name for name, count in zip(given, again, strict=True)]


def _joins(matrix: Sheet, table: Sheet) -> "list[_Join]":
    """Return the ways in which a table describes the samples of a matrix, those that fit most names first in doubt."""
    found = []
    for column in [name for place, name in enumerate(table.columns[:_FIRST]) if _may_name(table, name, place)]:
        others = _texts(table.frame[column])
        if _count_numbers(matrix) > _count_numbers(table):
            keys = [name for place, name in enumerate(matrix.columns[:_FIRST]) if _may_name(matrix, name, place)]
            found += [_Join(matrix, table, key, column, *_fit(_texts(matrix.frame[key]), others)) for key in keys]
        found.append(_Join(matrix, table, None, column, *_fit(list(matrix.columns), others)))
    return [join for join in found if len(join.found) >= _LEAST_MATCHED]


def _may_name(sheet: Sheet, column: str, place: int) -> bool:
    values = sheet.frame[column]
    if 2 * values.nunique() < len(values):
        return False
    return values.dtype.kind == "O" or (values.dtype.kind in "iu" and (place == 0 or is_identifier(column)))


def _texts(values: "pd.Series") -> list[str]:
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


def _joined(join: _Join, options: TableOptions, notes: list[str]) -> Samples:
    import pandas as pd

    matrix, table = join.matrix, join.table
    described = table.frame.assign(**{join.column: table.frame[join.column].astype(str).str.strip()})
    described = described.drop_duplicates(join.column, keep=False).set_index(join.column, drop=False)
    if join.key is None:
        names = pd.Series([name for name in matrix.columns if name in join.found])
        values = _matrix(matrix, names.tolist()).T
        rest = [name for name in matrix.columns if name not in join.found]
        if not rest:
            raise DataError(f"{matrix.name} has no column with the names of genes")
        genes = next((name for name in rest if matrix.frame[name].dtype.kind == "O"), rest[0])
        features, unused = unique_names(matrix.frame[genes]), [name for name in rest if name != genes]
        kinds = {name: matrix.frame[name].dtype.kind for name in unused}
        lost: Sequence[str] = [name for name, kind in kinds.items() if kind == "f"]
        unused = [name for name, kind in kinds.items() if kind != "f"]
        frame = described.loc[[join.found[name] for name in names]].reset_index(drop=True)
    else:
        keys = matrix.frame[join.key].astype(str).str.strip()
        here = keys.isin(list(join.found)).to_numpy()
        part = Sheet(matrix.path, matrix.frame[here].reset_index(drop=True))
        names = keys[here].reset_index(drop=True)
        features = _numeric(part, {join.key, *options.exclude, *options.named.values()})
        values, lost = _matrix(part, features), join.lost
        frame = described.loc[[join.found[name] for name in names]].reset_index(drop=True)
        used = {join.key, *features, *frame.columns}
        own = [name for name in part.columns if name not in used]
        frame, unused = pd.concat([frame, part.frame[own]], axis=1), []
    where = "its columns" if join.key is None else matrix.label(join.key)
    notes.append(
        f"{matrix.name} ({where}) and {table.name} ({table.label(join.column)}): {names.nunique():,} samples joined"
        f"{f' {join.how}' if join.how else ''}"
    )
    if lost:
        notes.append(f"{table.name} does not describe {len(lost):,} samples of {matrix.name}: {few(lost)}; left out")
    absent = sorted(set(_texts(table.frame[join.column])) - set(join.found.values()))
    if absent:
        notes.append(f"{len(absent):,} samples of {table.name} are not in {matrix.name}: {few(absent)}")
    if any(unused):
        notes.append(f"{matrix.name}: not used: {few(filter(None, unused))}")
    frame = frame.drop(columns={join.column} - set(options.named.values()))
    return Samples(matrix.name, Sheet(table.path, frame), tuple(features), values, described=True, names=names)


def _do_not_join(sheets: Sequence[Sheet], place: Path) -> str:
    """Return why tables cannot be used together, with the names of both sides."""
    whole = [sheet for sheet in sheets if any(is_label(name) for name in sheet.columns) and _count_numbers(sheet) > 1]
    if len(whole) > 1:
        names = few([sheet.name for sheet in whole])
        return f"{str(place)!r} holds several tables of samples and classes ({names}); name one: --data {whole[0].path}"
    matrix = max(sheets, key=_count_numbers)
    sides = [f"the columns of {matrix.name} are {few(matrix.columns)}"]
    for sheet in sheets:
        for position, name in enumerate(sheet.columns[:_FIRST]):
            if _may_name(sheet, name, position) and sheet.frame[name].nunique() * 2 > len(sheet.frame):
                sides.append(f"column {name!r} of {sheet.name} holds {few(_texts(sheet.frame[name]))}")
                break
    return (
        f"the tables of {str(place)!r} do not join: no column of one holds the names of the samples of another; "
        f"{'; '.join(sides)}. Wanted are a matrix of genes and a table with a row for each of its samples; or name one "
        f"file that holds all: --data {matrix.path}"
    )
