"""Expression matrices as users have them: what samples are, and the expression of their genes."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cellwright.data.attributes import parts_column
from cellwright.data.frames import ROW, Frames
from cellwright.data.given import parts_by_name, parts_of, test_names
from cellwright.data.intensities import as_logarithms
from cellwright.data.labels import MOST_CLASSES, is_identifier, is_label, label_of
from cellwright.data.options import TableOptions
from cellwright.data.roles import simple
from cellwright.data.samples import Samples, read_samples
from cellwright.data.scaling import have_other_units, moments
from cellwright.data.tables import Sheet
from cellwright.data.words import few
from cellwright.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_matrix"]

_MOST_CODES = 3  # columns of such numbers among genes: more may well be genes
_OFTEN = 0.1  # share of the rows that have each of them
_MOST_VALUES = 5  # of a column of codes
_FEWEST_PATIENTS = 10  # different values of a column that may say which patient a sample is of
_GENES = ("gene", "symbol", "probe", "ensembl", "entrez", "hugo", "transcript", "idref")
_FEWEST_COUNTED = 4  # rows: 0, 1, 2 may be anything


def read_matrix(place: Path, options: TableOptions) -> Frames:
    """Read labelled samples: the file `place`, or the tables of the folder.

    Args:
        options: what somebody says of them; the role is "label".

    Raises:
        DataError: they cannot be read, do not join, have one class, or a cell is no number; the message names file,
            column and row.
    """
    import pandas as pd

    read_notes: list[str] = []
    samples = read_samples(place, options, read_notes)
    sheet = samples.about
    _check_columns(samples, options)
    label, why = _label(samples, options)
    keep, dropped = _kept(samples, label, options)
    about = Sheet(sheet.path, sheet.frame[keep].reset_index(drop=True))
    values = samples.values[keep]
    labels = about.names(label)
    counts = labels.value_counts()
    _check_classes(sheet.name, label, counts)
    responses: dict[str, pd.Series | np.ndarray] = {"value": labels.astype(str)}
    if options.group is not None:
        responses["group"] = about.names(options.group)
    if options.test is not None:
        names = None if samples.names is None else samples.names[keep].reset_index(drop=True)
        responses["given"] = _given(about, names, options.test, read_notes)
    elif (parts := parts_column(sheet)) is not None:
        told = f"{sheet.name}: column {parts!r} says which rows are test rows"
        read_notes.append(f"{told}; --test {shlex.quote(parts)} would use them")
    genes, unused = _features(samples, values, label, labels, options)
    if not genes.any():
        raise DataError(f"{sheet.name} has no column of numbers besides {label!r}; wanted is one a gene")
    features = [name for name, used in zip(samples.features, genes, strict=True) if used]
    values = values[:, genes]
    shown = f"{len(counts)} classes of {counts.min():,} to {counts.max():,}"
    notes = [f"{sheet.name}: {len(labels):,} samples, {len(features):,} features; {label!r} {why}: {shown}"]
    notes += [*read_notes, *dropped, *unused]
    values = as_logarithms(values, samples.matrix, notes, within_samples=True)
    mean, deviation, bits = moments(values, np.ones(len(values), np.int64))
    numbers = ~bits & (deviation > 0)
    numbers[numbers] = have_other_units(mean[numbers], deviation[numbers])
    others = [features[place] for place in np.flatnonzero(numbers)]
    if others and len(others) == len(features):
        notes.append(f"{samples.matrix}: its columns have different units, and each is scaled on its own")
    elif others:
        notes.append(
            f"{samples.matrix}: of another unit than the other columns, and scaled on their own: {few(others)}; "
            f"where they are to be left out, say --column exclude={others[0]}"
        )
    missing = int(np.isnan(values).sum())
    if missing:
        notes.append(f"{samples.matrix}: {missing:,} empty cells become the mean of the training rows")
    table = pd.DataFrame(values, columns=features)
    features_by_name = {"expression": (ROW, table)}
    return Frames(pd.DataFrame(responses), features_by_name, tuple(notes), group=options.group or "", target=label)


def _check_columns(samples: Samples, options: TableOptions) -> None:
    """Raise DataError where an option names a column that is not there."""
    known = {*samples.about.columns, *samples.features}
    for column in options.exclude:
        if column not in known:
            raise DataError(
                f"{samples.about.name} has no column {column!r} to exclude; it has {few(samples.about.columns, 12)}"
            )
    if options.group is not None:
        samples.about.column(options.group)


def _label(samples: Samples, options: TableOptions) -> tuple[str, str]:
    """Return the column of the class, and why it is taken for that."""
    about, given = samples.about, options.columns.get("label")
    taken = {*options.exclude, options.group, options.test if isinstance(options.test, str) else None}
    texts = set(samples.features)
    columns = [
        name
        for name in about.columns
        if name not in taken and (samples.described or name not in texts or is_label(name) or name == given)
    ]
    if not samples.described and about.columns[0] not in taken and about.columns[0] not in columns:
        columns.insert(0, about.columns[0])
    codes = [name for name in _codes(samples) if name not in taken]
    turned = given is None and not samples.described and _seem_genes_in_rows(about, set(samples.features))
    return label_of(
        about.frame[[*columns, *(name for name in codes if name not in columns)]],
        given,
        about.name,
        columns=about.columns,
        described=samples.described,
        codes=codes,
        otherwise=(
            f"{about.name} seems to hold genes in rows and samples in columns, and no class of the samples: put a "
            "table beside it with a row for each sample, its name and its class, and name the folder: --data DIR"
        ) if turned else "",
    )  # fmt: skip


def _codes(samples: Samples) -> list[str]:
    """Return the few columns among those of genes that hold few whole numbers, each often, such as 0 and 1."""
    if samples.described:
        return []
    values = samples.values
    whole = (np.isnan(values) | (values == np.round(values))).all(axis=0) & ~np.isnan(values).all(axis=0)
    if 2 * whole.sum() > len(whole):  # counts
        return []
    found = []
    for place in np.flatnonzero(whole):
        _, counts = np.unique(values[:, place][~np.isnan(values[:, place])], return_counts=True)
        often = counts.min() >= _OFTEN * len(values)
        if often and 1 < len(counts) <= _MOST_VALUES and not is_identifier(samples.features[place]):
            found.append(samples.features[place])
    return found if len(found) <= _MOST_CODES else []


def _seem_genes_in_rows(about: Sheet, numeric: set[str]) -> bool:
    """Return whether rows of a table without classes seem to be genes."""
    first = about.columns[0]
    texts = [name for name in about.columns if name not in numeric]
    named = any(word in simple(first) for word in _GENES)
    return first in texts and len(texts) <= 3 and (named or len(about.frame) > len(about.columns))


def _kept(samples: Samples, label: str, options: TableOptions) -> tuple[np.ndarray, list[str]]:
    """Return which samples are used, (samples,), and notes on the others.

    Raises:
        DataError: the class of some is empty, and nobody said what to do with them.
    """
    about, notes = samples.about, []
    column = about.frame[label]
    empty = (column.isna() | (column.astype(str).str.strip() == "")).to_numpy(bool, copy=True)
    if empty.any() and not (samples.described or options.drop_missing_targets):
        try:
            about.names(label)
        except DataError as error:
            raise DataError(f"{error}; or leave such rows out: --drop-missing-targets") from error
    if empty.any():
        notes.append(f"{about.name}: column {label!r} is empty for {_samples(samples, empty)}; left out")
    hollow = np.isnan(samples.values).all(axis=1) & ~empty
    if samples.values.shape[1] and hollow.any():
        notes.append(f"{about.name}: {_samples(samples, hollow)} have no expression at all; left out")
        empty |= hollow
    if options.min_class > 1:
        kept = Sheet(about.path, about.frame[~empty])
        counts = kept.names(label).value_counts()
        rare = counts[counts < options.min_class]
        if len(rare):
            shown = ", ".join(f"{name!r} ({count:,})" for name, count in rare.head(8).items())
            more = f" and {len(rare) - 8:,} more" if len(rare) > 8 else ""
            which = f"{len(rare):,} class{'es' * (len(rare) > 1)} of fewer than {options.min_class:,} samples"
            notes.append(f"{about.name}: {which} left out, {rare.sum():,} samples: {shown}{more}")
            empty[~empty] = kept.names(label).isin(rare.index).to_numpy()
    return ~empty, notes


def _samples(samples: Samples, where: np.ndarray) -> str:
    """Return how many samples these are, and the first of them."""
    named = samples.names[where] if samples.names is not None else [f"row {row + 1:,}" for row in np.flatnonzero(where)]
    return f"{int(where.sum()):,} of {len(where):,} samples ({few(list(named))})"


def _check_classes(name: str, label: str, counts: "pd.Series[int]") -> None:
    if not len(counts):
        raise DataError(f"{name}: no sample with a class in column {label!r} and expression is left")
    if len(counts) < 2:
        raise DataError(f"{name}: column {label!r} has one class only, {counts.index[0]!r}; nothing can be learnt")
    if len(counts) > min(MOST_CLASSES, int(counts.sum()) // 2):
        raise DataError(
            f"{name}: column {label!r} has {len(counts):,} different values in {counts.sum():,} rows and so "
            "holds no classes; say --column label=NAME"
        )


def _given(about: Sheet, names: "pd.Series[str] | None", test: str | tuple[str, ...], notes: list[str]) -> np.ndarray:
    """Return what each sample is for, int8 (samples,): 0 training, 1 test, 2 validation."""
    if isinstance(test, str) and test in about.columns:
        return parts_of(about.names(test), test)
    wanted = test_names(test, about.name, about.columns)
    if names is None:
        raise DataError(f"{about.name} has no column with the names of its samples, by which test rows are named")
    return parts_by_name(names.tolist(), wanted, about.name, notes)


def _features(
    samples: Samples, values: np.ndarray, label: str, labels: "pd.Series[str]", options: TableOptions
) -> tuple[np.ndarray, list[str]]:
    """Return which columns of numbers are features, (columns,), and notes on all that are used for nothing."""
    about, names = samples.about, np.array(samples.features, object)
    used = np.ones(len(names), bool) if samples.described else names != label
    hollow = used & np.isnan(values).all(axis=0)
    whose = used & ~hollow & _name_samples(samples)
    used &= ~(hollow | whose)
    same = np.zeros(len(names), bool)
    same[used] = _say_the_same(values[:, used], labels)
    used &= ~same
    purposes = {label, options.group, options.test, *samples.features, *options.exclude}
    rest = [name for name in about.columns if name not in purposes]
    identifying = [name for name in rest if is_identifier(name)]
    whose_row = [name for name in (*names[whose].tolist(), *identifying) if name]  # row names of R have none
    reasons = {
        "as --column exclude says": list(options.exclude),
        f"for saying the same as {label!r}": names[same].tolist(),
        "for saying which sample, patient, batch or date a row is of": whose_row,
        "being empty": names[hollow].tolist(),
        "": [name for name in rest if name and name not in identifying],
    }
    features = set(names[used].tolist())
    coded = [name for name in _codes(samples) if name in features]
    return used, [
        f"{about.name}: few whole numbers, and used as a feature: {name!r}; --column exclude={name} leaves it out"
        for name in coded
    ] + [
        f"{about.name}: not used{f', {reason}' if reason else ''}: {few(columns)}"
        for reason, columns in reasons.items()
        if columns
    ] + [_of_several(about, name) for name in whose_row if options.group is None and _has_several(about, name)]


def _has_several(about: Sheet, name: str) -> bool:
    """Return whether a column seems to say which patient, or the like, a sample is of, and patients have several."""
    column = about.frame[name].dropna()
    return _FEWEST_PATIENTS <= column.nunique() < len(column) and "date" not in name.lower()


def _of_several(about: Sheet, name: str) -> str:
    column = about.frame[name].dropna()
    return (
        f"{about.name}: {name!r} has {column.nunique():,} values in {len(column):,} rows; if rows of one value belong "
        f"together, as those of one patient do, --group {shlex.quote(name)} keeps them on one side of the split"
    )


def _name_samples(samples: Samples) -> np.ndarray:
    """Return which columns of numbers say which sample a row is, and nothing of what it is like, (columns,)."""
    values, names = samples.values, samples.features
    whole = ((values == np.round(values)) | np.isnan(values)).all(axis=0)
    result = np.array([fits and is_identifier(name) for name, fits in zip(names, whole, strict=True)], bool)
    if samples.described or len(values) < _FEWEST_COUNTED:
        return result
    ascending = whole & (np.diff(values, axis=0) > 0).all(axis=0)
    counting = ascending & np.isin(values[0], (0, 1)) & (values[-1] - values[0] == len(values) - 1)
    leading = samples.about.columns[0]
    first = np.array([name == leading for name in names], bool)
    unnamed = np.array([name.startswith("Unnamed:") for name in names], bool)  # the index of a frame, written out
    for column in np.flatnonzero(unnamed & whole):
        unnamed[column] = samples.about.frame[names[column]].is_unique
    result |= counting | (first & ascending) | (unnamed & whole)
    return result


def _say_the_same(values: np.ndarray, labels: "pd.Series[str]") -> np.ndarray:
    """Return which columns have one value in each class, and others in others: they give away what is to be predicted.

    Shape: values (samples, columns), labels (samples,), result (columns,).
    """
    classes = labels.unique()
    if len(classes) > len(labels) // 2:
        return np.zeros(values.shape[1], bool)
    rows = [np.flatnonzero(labels == one) for one in classes]
    constant = np.logical_and.reduce([(values[here] == values[here[0]]).all(axis=0) for here in rows])
    levels = np.sort(np.stack([values[here[0]] for here in rows]), axis=0)
    result: np.ndarray = constant & (np.diff(levels, axis=0) > 0).all(axis=0)
    return result
