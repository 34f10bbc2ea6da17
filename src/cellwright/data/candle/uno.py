"""CANDLE's Uno: growth of cell lines from several sources under one drug at a dose."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cellwright.data.candle.joins import categories, codes_of, first_of_each, note_dropped, strangers, unmeasured
from cellwright.data.candle.matrices import read_matrix
from cellwright.data.candle.measurements import Column, read_measurements
from cellwright.data.candle.names import FILES, need, pick, pubchem_names
from cellwright.data.candle.replicates import coded, mean_of_equal
from cellwright.data.frames import Frames
from cellwright.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_uno"]

_GROWTH = {
    "cell": Column(("CELLNAME", "CELL")),
    "drug": Column(("DRUG_ID", "DRUG")),
    "unit": Column(("CONCUNIT",), optional=True),
    "dose": Column(("LOG_CONCENTRATION", "LOG_DOSE"), number=True, filled=True),
    "value": Column(("GROWTH",), number=True, filled=True),
}
_AREAS = {
    "cell": Column(("CELL", "CELLNAME")),
    "drug": Column(("DRUG", "DRUG_ID")),
    "value": Column(("AUC",), number=True),
    "fit": Column(("R2fit",), number=True),
    "error": Column(("EC50se",), number=True),
}
_NOT_MOLAR = ("u", "V")  # NCI's codes for micrograms a millilitre, and for shares of volume
_KINDS = ("descriptors", "PFP", "ECFP")


def read_uno(folder: Path) -> Frames:
    """Read Uno's files: keys cell and drug, and dose; inputs "expression", "descriptors" and "fingerprints" of drugs.

    The target is growth, divided by 100, replicates averaged. Where no file of growth is there, it is the area under
    the dose-response curve, of curves that fit, and there is no dose. Without a file of fingerprints there are none.
    Pairs of drugs, which Uno can also take from Combo's responses, are not read.

    Raises:
        DataError: a file or column is missing, a field cannot be used, or the names in the files do not meet.
    """
    notes: list[str] = []
    path, rows = _rows(folder, notes)
    expression = _expression(folder, path, rows, notes)
    tables = _drug_tables(folder, path, list(rows["drug"].cat.categories), notes)
    responses = _responses(rows, expression.index, tables["descriptors"].index, notes)
    if responses.empty:
        raise DataError(f"no row of {str(path)!r} has both its cell in the expression and its drug in the descriptors")
    features = {name: ("drug", table) for name, table in tables.items()}
    return Frames(responses, {"expression": ("cell", expression), **features}, tuple(notes))


def _rows(folder: Path, notes: list[str]) -> "tuple[Path, pd.DataFrame]":
    """Return the file of responses and its rows; those of the file of areas have no dose."""
    areas = pick(folder, FILES["uno: areas"])
    if areas is not None and pick(folder, FILES["uno: responses"]) is None:
        rows = read_measurements(areas, _AREAS)
        fits = ((rows["fit"] >= 0.3) & (rows["error"] <= 3) & np.isfinite(rows["value"])).to_numpy()
        if not fits.any():
            raise DataError(f"{str(areas)!r}: no row has an area (AUC), R2fit of at least 0.3 and EC50se of at most 3")
        notes.append(
            f"{int((~fits).sum()):,} of {len(rows):,} curves were dropped: no area, R2fit < 0.3, or EC50se > 3"
        )
        return areas, rows.loc[fits, ["cell", "drug", "value"]]
    path = need(folder, "uno: responses")
    if areas is not None:
        notes.append(f"growth at a dose was read from {path.name}; {areas.name} was left aside")
    rows = read_measurements(path, _GROWTH)
    if "unit" in rows:
        other = rows["unit"].isin(_NOT_MOLAR).to_numpy()
        if other.any():
            notes.append(f"{int(other.sum()):,} rows were dropped whose concentration is not in mol/l")
            rows = rows[~other]
        rows = rows.drop(columns="unit")
    return path, rows


def _expression(folder: Path, responses: Path, rows: "pd.DataFrame", notes: list[str]) -> "pd.DataFrame":
    cells = set(rows["cell"].cat.categories)
    path = need(folder, "uno: expression")
    table = first_of_each(read_matrix(path, keep=cells.__contains__, without=("Cancer_type_id",)), path, notes)
    if table.empty:
        raise strangers("cell", responses, cells, path, ())
    notes.append(f"expression of {len(table):,} of {len(cells):,} cells was read from {path.name}")
    return table


def _drug_tables(folder: Path, responses: Path, drugs: list[str], notes: list[str]) -> "dict[str, pd.DataFrame]":
    """Return descriptors and fingerprints of the drugs that have all of them, in one order."""
    import pandas as pd

    need(folder, "uno: descriptors")
    parts = {}
    for kind in _KINDS:
        if pick(folder, FILES[f"uno: {kind}"]):
            parts[kind] = _drug_table(folder, kind, drugs, notes)
    common = parts["descriptors"].index
    for part in parts.values():
        common = common.intersection(part.index)
    if common.empty:
        raise strangers("drug", responses, drugs, need(folder, "uno: descriptors"), ())
    notes.append(f"{', '.join(parts)} of {len(common):,} of {len(drugs):,} drugs were read")
    prints = [parts[kind].loc[common].add_prefix(f"{kind}.") for kind in _KINDS[1:] if kind in parts]
    tables = {"descriptors": parts["descriptors"].loc[common]}
    return tables | ({"fingerprints": pd.concat(prints, axis=1)} if prints else {})


def _drug_table(folder: Path, kind: str, drugs: list[str], notes: list[str]) -> "pd.DataFrame":
    """Return one kind of features by drug.

    The table of all drugs ("pan") knows them by the names of the responses. Without it there are two, of PubChem's
    compounds, which `drug_info` leads to, and of NCI's.
    """
    import pandas as pd

    pan, *others = FILES[f"uno: {kind}"][:3]
    paths = [folder / name for name in ([pan] if (folder / pan).is_file() else others) if (folder / name).is_file()]
    aliases = pubchem_names(folder)
    there = set(drugs)
    wanted = there | {name for name, ids in aliases.items() if ids & there}
    tables = []
    for path in paths or [need(folder, f"uno: {kind}")]:
        headed = kind == "descriptors"  # the first line of the fingerprints names no columns
        matrix = read_matrix(path, keep=wanted.__contains__, header=headed, skip=0 if headed else 1)
        table = first_of_each(matrix, path, notes)
        ids = [(drug, name) for name in table.index for drug in ({name} | aliases.get(name, set())) & there]
        tables.append(table.loc[[name for _, name in ids]].set_axis([drug for drug, _ in ids], axis=0))
    whole = pd.concat(tables, join="inner") if len(tables) > 1 else tables[0]
    return whole[~whole.index.duplicated()].sort_index()


def _responses(
    rows: "pd.DataFrame", cells: "pd.Index[Any]", drugs: "pd.Index[Any]", notes: list[str]
) -> "pd.DataFrame":
    """Return one row a cell, drug and dose: the mean of its replicates."""
    cell, drug = codes_of(rows["cell"], cells), codes_of(rows["drug"], drugs)
    note_dropped(notes, int((cell < 0).sum()), "cell", unmeasured(rows["cell"], cells))
    note_dropped(notes, int((drug < 0).sum()), "drug", unmeasured(rows["drug"], drugs))
    kept = np.flatnonzero((cell >= 0) & (drug >= 0))
    columns = [cell[kept], drug[kept]]
    doses = None
    if "dose" in rows:
        doses, dose = coded(-rows["dose"].to_numpy()[kept])
        columns.append(dose)
    codes, means = mean_of_equal(columns, rows["value"].to_numpy()[kept])
    of_dose = " at a dose" if doses is not None else ""
    if len(means) < len(kept):
        notes.append(f"{len(kept):,} rows were averaged to {len(means):,}: replicates of a cell and drug{of_dose}")
    frame = categories({"cell": (codes[0], cells), "drug": (codes[1], drugs)})
    if doses is not None and len(doses):
        frame["dose"] = doses[codes[2]]
        means /= 100
    frame["value"] = means
    return frame
