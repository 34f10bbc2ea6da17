"""Expression matrices as users have them: one row a sample, a column for its class, a column for each gene."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cellwright.data.frames import ROW, Frames, few
from cellwright.data.options import TableOptions
from cellwright.data.roles import names_entities, simple
from cellwright.data.tables import Sheet, files_of, read
from cellwright.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_matrix"]

_LABELS = (
    "label",
    "class",
    "target",
    "y",
    "tissue",
    "type",
    "cancertype",
    "tumortype",
    "diagnosis",
    "group",
    "outcome",
)
_IDS = ("id", "patient", "patientid", "subject", "subjectid", "caseid", "donorid", "sample")
_MOST_CLASSES = 100
_INTENSITY = 50.0
_FIRST = 200  # rows that tell most columns from a class


def read_matrix(place: Path, options: TableOptions) -> Frames:
    """Read a labelled matrix: the file `place`, or the only table of the folder.

    Args:
        options: what somebody says of it; the role is "label".

    Raises:
        DataError: it cannot be read, has one class, or a cell is no number; the message names file, column and row.
    """
    import pandas as pd

    files = files_of(place)
    if len(files) > 1:
        raise DataError(
            f"{str(place)!r} holds several tables ({few([path.name for path in files])}); name one: --data {files[0]}"
        )
    sheet = read(files[0])
    label, guessed = _label(sheet, options.columns.get("label"))
    labels = sheet.names(label)
    numeric = [name for name in sheet.columns if name != label and sheet.is_numeric(name)]
    genes = [name for name in numeric if not _names_samples(sheet, name)]
    counts = labels.value_counts()
    again = dict.fromkeys(name for name in genes if _says_the_same(sheet.frame[name], labels, len(counts)))
    genes = [name for name in genes if name not in again]
    used = {label, *genes, *again}
    text = [name for name in sheet.columns if name not in used]
    if not genes:
        raise DataError(f"{sheet.name} has no column of numbers besides {label!r}; wanted is one a gene")
    notes = list(sheet.notes)
    genes, values = sheet.filled(genes, notes)
    if len(counts) < 2:
        raise DataError(
            f"{sheet.name}: column {label!r} has one class only, {counts.index[0]!r}; nothing can be learnt"
        )
    if len(counts) > min(_MOST_CLASSES, len(labels) // 2):
        raise DataError(
            f"{sheet.name}: column {label!r} has {len(counts):,} different values in {len(labels):,} rows and so "
            "holds no classes; say --column label=NAME"
        )
    shown = f"{len(counts)} classes of {counts.min():,} to {counts.max():,}"
    notes += [f"{sheet.name}: {len(labels):,} samples, {len(genes):,} features; {label!r} {guessed}: {shown}"]
    if again:
        notes.append(f"{sheet.name}: not used, for saying the same as {label!r}: {few([*again])}")
    if text:
        notes.append(f"{sheet.name}: not used: {few(text)}")
    values = _logarithms(values, sheet.name, notes)
    missing = int(np.isnan(values).sum())
    if missing:
        notes.append(f"{sheet.name}: {missing:,} empty cells become the mean of the training rows")
    responses = pd.DataFrame({"value": labels.astype(str)})
    return Frames(responses, {"expression": (ROW, pd.DataFrame(values, columns=genes))}, tuple(notes))


def _says_the_same(values: "pd.Series[float]", labels: "pd.Series[str]", classes: int) -> bool:
    """Return whether each class has a value of its own in a column, which then gives away what is to be predicted."""
    if classes > len(labels) // 2 or values[:_FIRST].nunique() > classes or values.nunique() != classes:
        return False
    return len(set(zip(values.tolist(), labels.tolist(), strict=True))) == classes


def _names_samples(sheet: Sheet, column: str) -> bool:
    """Return whether a column of numbers says which sample a row is, and nothing of what it is like."""
    if sheet.counts(column) or (column == sheet.frame.columns[0] and sheet.ascends(column)):
        return True
    whole = sheet.frame[column].dtype.kind in "iu" and sheet.frame[column].is_unique
    return bool(whole and (simple(column) in _IDS or names_entities("cell", column)))


def _logarithms(values: np.ndarray, name: str, notes: list[str]) -> np.ndarray:
    """Return raw intensities of an array as logarithms, each sample at mean 0 and variance 1; others as they are.

    Both look at one sample alone. Intensities are told by their size: logarithms of expression stay below 50.
    """
    hollow = np.flatnonzero(np.isnan(values).all(axis=1))
    if len(hollow):
        raise DataError(f"{name}: row {hollow[0] + 1:,} has no value at all; take it out")
    largest = np.nanmax(np.abs(values), axis=0)
    if (largest > _INTENSITY).mean() < 0.5:  # of most genes, not of one column that is something else
        return values
    logs = np.sign(values) * np.log2(1 + np.abs(values))
    most = f"{np.nanmax(np.abs(values)):,.0f}"
    notes.append(f"{name}: values up to {most} are raw intensities: their logarithms, standardised within each sample")
    centred = logs - np.nanmean(logs, axis=1, keepdims=True)
    scaled: np.ndarray = (centred / np.maximum(np.nanstd(logs, axis=1, keepdims=True), 1e-6)).astype(np.float32)
    return scaled


def _label(sheet: Sheet, given: str | None) -> tuple[str, str]:
    """Return the column that holds the class, and why it is taken for that."""
    if given is not None:
        sheet.column(given)
        return given, "holds the class"
    by_name = {simple(name): name for name in reversed(sheet.columns)}
    for known in _LABELS:
        if known in by_name:
            return by_name[known], "holds the class, by its name"
    rows = len(sheet.frame)
    for name in sheet.columns:
        if not sheet.is_numeric(name) and 1 < sheet.frame[name].nunique() <= rows // 2:
            return name, "holds the class, being text that repeats"
    first = sheet.columns[0]
    values = sheet.frame[first]
    if values.dtype.kind in "iub" and 1 < values.nunique() <= min(_MOST_CLASSES, rows // 2):
        return first, "holds the class, being first and of few values"
    raise DataError(
        f"{sheet.name}: which column holds the class? Say --column label=NAME; first are {few(sheet.columns, 6)}"
    )
