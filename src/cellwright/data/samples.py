"""Tables of samples as users have them: a matrix in either orientation, and perhaps a table that describes its samples.

The layouts are one table with a column for the class and one for each gene; its transpose; and, as GEO and TCGA have
it, a matrix of genes x samples or samples x genes beside a table of the samples, joined by the samples' names.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cellwright.data.labels import is_identifier, is_label
from cellwright.data.options import TableOptions
from cellwright.data.readers.described import SAMPLES
from cellwright.data.readers.files import outer
from cellwright.data.sample_joins import FIRST, Join, count_numbers, joins, texts_of, why_not_joined
from cellwright.data.tables import Sheet, files_of, passed_over, read
from cellwright.data.words import counted, few
from cellwright.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Samples", "read_samples", "unique_names"]

_CLINICAL = 10  # times as many columns of numbers as a table of clinical measurements has a matrix
_FEWEST_GENES = 10  # columns of numbers of what may be a matrix although another file is not read
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


def read_samples(place: Path, options: TableOptions, notes: list[str]) -> Samples:
    """Read the samples of a file or folder.

    Raises:
        DataError: a table cannot be read, or several do not join.
    """
    sheets = [read(path) for path in files_of(place)]
    aside = passed_over(place)
    notes += [*(note for sheet in sheets for note in sheet.notes), *aside]
    if len(sheets) == 1:
        if aside and count_numbers(sheets[0]) < _FEWEST_GENES:
            raise DataError(
                f"{sheets[0].name} has {count_numbers(sheets[0])} column(s) of numbers, and {'; '.join(aside)}. To "
                f"use the one alone, name it: --data {sheets[0].path}"
            )
        if _is_within(sheets[0]):
            raise DataError(
                f"{str(place)!r} describes samples and holds no values; GEO has those of sequencing in a supplementary "
                "file: put it beside this one, and name the folder"
            )
        return _single(sheets[0], options, notes)
    sheets = [_once(sheet, notes) for sheet in sheets]
    matrices = [sheet for sheet in sheets if not _is_within(sheet)]
    found = [join for first in matrices for second in sheets if first is not second for join in joins(first, second)]
    if not found:
        raise DataError(why_not_joined(sheets, place))
    label = options.columns.get("label")
    best = max(
        found,
        key=lambda join: (
            label in join.table.columns,
            len(join.found),
            not _is_within(join.table),  # somebody has put another one beside it
            count_numbers(join.matrix),
        ),
    )
    used = (best.matrix, best.table)
    others = [sheet.name for sheet in sheets if sheet not in used]
    also = [
        join.matrix.name
        for join in found
        if join.matrix not in used
        and join.table is best.table
        and 2 * len(join.found) >= len(best.found)
        and _CLINICAL * count_numbers(join.matrix) > count_numbers(best.matrix)
    ]
    if also:
        raise DataError(
            f"{str(place)!r} holds several matrices of the samples of {best.table.name}: "
            f"{few([best.matrix.name, *dict.fromkeys(also)])}; leave one"
        )
    if others:
        notes.append(f"not used, as {best.matrix.name} and {best.table.name} are joined: {few(others)}")
    return _joined(best, options, notes)


def _once(sheet: Sheet, notes: list[str]) -> Sheet:
    """Return a table of samples without the rows that repeat another in every column."""
    again = sheet.frame.duplicated().to_numpy() if len(sheet.columns) <= FIRST else np.zeros(1, bool)
    if not again.any():
        return sheet
    notes.append(f"{sheet.name}: {counted(int(again.sum()), 'row')} that repeat others in every column are left out")
    return Sheet(sheet.path, sheet.frame[~again].reset_index(drop=True))


def _is_within(sheet: Sheet) -> bool:
    """Return whether a table is what the file of a matrix says of its samples."""
    return sheet.path.name == SAMPLES and outer(sheet.path) == sheet.path.parent


def _single(sheet: Sheet, options: TableOptions, notes: list[str]) -> Samples:
    if _are_genes_in_rows(sheet, options):
        sheet = _turned(sheet)
        notes.append(f"{sheet.name}: genes are in rows and samples in columns; it is read the other way round")
    numeric = _numeric(sheet, {*options.exclude, *options.named.values()})
    texts = [name for name in sheet.columns[:FIRST] if sheet.frame[name].dtype.kind == "O"]
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


def _joined(join: Join, options: TableOptions, notes: list[str]) -> Samples:
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
        notes += _about_names(matrix, genes)
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
        for name in [name for name in part.columns if name in frame.columns and name != join.key]:
            differ = int((part.frame[name].astype(str) != frame[name].astype(str)).sum())
            if differ:
                both = f"{name!r} stands in {matrix.name} too, with other values for {counted(differ, 'sample')}"
                notes.append(f"{both}; those of {table.name} are used")
        frame, unused = pd.concat([frame, part.frame[own]], axis=1), []
    where = "its columns" if join.key is None else matrix.label(join.key)
    notes.append(
        f"{matrix.name} ({where}) and {table.name} ({table.label(join.column)}): {names.nunique():,} samples joined"
        f"{f' {join.how}' if join.how else ''}"
    )
    times = Counter(texts_of(table.frame[join.column]))
    several = sorted(name for name, count in times.items() if count > 1)
    if several:
        notes.append(
            f"{table.name} has several rows, with different values, for {counted(len(several), 'sample')}: "
            f"{few(several)}; left out"
        )
    lost = [name for name in lost if name not in set(several)]
    doubt = " without doubt" if "beginnings" in join.how else ""
    if lost:
        found = f"{table.name} does not describe {counted(len(lost), 'sample')} of {matrix.name}"
        notes.append(f"{found}{doubt}: {few(lost)}; left out")
    absent = sorted(times.keys() - set(join.found.values()) - set(several))
    if absent:
        found = f"{counted(len(absent), 'sample')} of {table.name} {'is' if len(absent) == 1 else 'are'} not"
        notes.append(f"{found} in {matrix.name}{doubt}: {few(absent)}")
    if any(unused):
        notes.append(f"{matrix.name}: not used: {few(filter(None, unused))}")
    frame = frame.drop(columns={join.column} - set(options.named.values()))
    return Samples(matrix.name, Sheet(table.path, frame), tuple(features), values, described=True, names=names)


def _about_names(matrix: Sheet, column: str) -> list[str]:
    """Return notes on the genes without a name of their own."""
    names = matrix.frame[column].astype(object)
    empty, again = int(names.isna().sum()), names.dropna()[names.dropna().duplicated()].unique().tolist()
    notes = [f"{matrix.name}: {counted(empty, 'gene')} without a name in {matrix.label(column)}"] if empty else []
    return notes + ([f"{matrix.name}: repeated names of genes get a number: {few(again)}"] if again else [])
