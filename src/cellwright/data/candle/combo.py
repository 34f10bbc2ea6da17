"""CANDLE's Combo: growth of the NCI-60 lines under pairs of drugs (NCI-ALMANAC)."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cellwright.data.candle.joins import categories, codes_of, first_of_each, note_dropped, strangers, unmeasured
from cellwright.data.candle.matrices import Matrix, read_matrix
from cellwright.data.candle.measurements import Column, read_measurements, renamed
from cellwright.data.candle.names import cell_samples, need
from cellwright.data.candle.replicates import coded, mean_of_equal
from cellwright.data.frames import Frames
from cellwright.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_combo"]

_COLUMNS = {
    "cell": Column(("CELLNAME",)),
    "drug_1": Column(("NSC1",)),
    "drug_2": Column(("NSC2",)),
    "dose_1": Column(("CONC1",), number=True),
    "dose_2": Column(("CONC2",), number=True),
    "value": Column(("PERCENTGROWTH",), number=True, filled=True),
    "valid": Column(("VALID",)),
}


def read_combo(folder: Path) -> Frames:
    """Read Combo's files: keys cell, drug_1 <= drug_2 (as "NSC.740"); inputs "expression", "descriptors" of drugs.

    The target is the benchmark's: replicates averaged, then the least growth over all doses, divided by 100. As there,
    a drug alone is a pair with itself; unlike there, (A, B) and (B, A) are one pair.

    Raises:
        DataError: a file or column is missing, a field cannot be used, or the names in the files do not meet.
    """
    import pandas as pd

    path = need(folder, "combo: responses")
    notes: list[str] = []
    rows = read_measurements(path, _COLUMNS, where=("valid", "Y"))
    for key in ("drug_1", "drug_2"):
        rows[key] = renamed(rows[key], _nsc)
    cells = list(rows["cell"].cat.categories)
    drugs = pd.Index(sorted(set(rows["drug_1"].cat.categories) | set(rows["drug_2"].cat.categories)), dtype=str)
    expression = _expression(folder, path, cells, notes)
    descriptors = _descriptors(folder, path, drugs, notes)
    responses = _responses(rows, drugs, expression.index, descriptors.index, notes)
    if responses.empty:
        raise DataError(f"no row of {str(path)!r} has both its cell in the expression and its drugs in the descriptors")
    return Frames(responses, {"expression": ("cell", expression), "descriptors": ("drug", descriptors)}, tuple(notes))


def _nsc(name: str) -> str:
    return "NSC." + name.removeprefix("NSC").lstrip(".:- ")


def _expression(folder: Path, responses: Path, cells: list[str], notes: list[str]) -> "pd.DataFrame":
    """Return the expression of the cells that have it, under their names in the responses."""
    path = need(folder, "combo: expression")
    named = set(cells)
    matrix = read_matrix(
        path, keep=lambda name: name.startswith("NCI60.") or name in named, without=("Cancer_type_id",)
    )
    table = first_of_each(matrix, path, notes)
    samples = cell_samples(folder, cells, list(table.index), notes)
    if not samples:
        raise strangers("cell", responses, cells, path, list(table.index))
    notes.append(f"expression of {len(samples)} of {len(cells)} cells was read from {path.name}")
    return table.loc[list(samples.values())].set_axis(list(samples), axis=0)


def _descriptors(folder: Path, responses: Path, drugs: "pd.Index[Any]", notes: list[str]) -> "pd.DataFrame":
    path = need(folder, "combo: descriptors")
    wanted = set(drugs)
    matrix = read_matrix(path, keep=lambda name: _nsc(name) in wanted)
    table = first_of_each(Matrix(tuple(map(_nsc, matrix.names)), matrix.columns, matrix.values), path, notes)
    if table.empty:
        raise strangers("drug", responses, list(drugs), path, ())
    notes.append(f"descriptors of {len(table)} of {len(drugs)} drugs were read from {path.name}")
    return table


def _responses(
    rows: "pd.DataFrame", names: "pd.Index[Any]", cells: "pd.Index[Any]", drugs: "pd.Index[Any]", notes: list[str]
) -> "pd.DataFrame":
    """Return one row a cell and pair of drugs: its least growth."""
    first, second = (codes_of(rows[key], names) for key in ("drug_1", "drug_2"))
    dose_1, dose_2 = rows["dose_1"].to_numpy(), rows["dose_2"].to_numpy()
    alone = (second < 0) | (first < 0)
    if alone.any():
        notes.append(f"{alone.sum():,} rows of one drug alone count as that drug paired with itself")
    first, dose_1 = np.where(first < 0, second, first), np.where(first < 0, dose_2, dose_1)
    second, dose_2 = np.where(alone, first, second), np.where(alone, dose_1, dose_2)
    cell = codes_of(rows["cell"], cells)
    place = np.append(drugs.get_indexer(names), -1).astype(np.int32)
    first, second = place[first], place[second]
    note_dropped(notes, int((cell < 0).sum()), "cell", unmeasured(rows["cell"], cells))
    note_dropped(notes, int(((first < 0) | (second < 0)).sum()), "drug", set(names) - set(drugs))
    kept = np.flatnonzero((cell >= 0) & (first >= 0) & (second >= 0))
    cell, first, second = cell[kept], first[kept], second[kept]
    dose = coded(np.stack([dose_1[kept], dose_2[kept]]))[1]  # (2, rows)
    # drugs are sorted by name, so codes compare as names do; the doses of a drug with itself have no order either
    swapped = (first > second) | ((first == second) & (dose[0] > dose[1]))
    first, second = np.where(swapped, second, first), np.where(swapped, first, second)
    dose = np.where(swapped, dose[::-1], dose)
    growth = rows["value"].to_numpy()[kept]
    (cell, first, second, _, _), means = mean_of_equal([cell, first, second, *dose], growth)
    change = (np.diff(cell) != 0) | (np.diff(first) != 0) | (np.diff(second) != 0)
    starts = np.flatnonzero(np.concatenate(([True], change))) if len(cell) else np.arange(0)
    frame = categories(
        {"cell": (cell[starts], cells), "drug_1": (first[starts], drugs), "drug_2": (second[starts], drugs)}
    )
    frame["value"] = np.minimum.reduceat(means, starts) / 100 if len(starts) else means
    notes.append(
        f"{len(kept):,} rows gave {len(means):,} means over replicates, and {len(frame):,} pairs of drugs on a cell "
        "with their least growth over all doses"
    )
    return frame
