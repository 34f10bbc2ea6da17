"""Molecules as numbers: descriptors and fingerprints from SMILES, by RDKit (the extra `chem`)."""

import importlib
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cellwright.errors import DataError, UsageError

if TYPE_CHECKING:
    from rdkit.Chem import Mol

__all__ = ["Features", "Molecules", "descriptors", "fingerprints", "parse"]


@dataclass(frozen=True, slots=True, eq=False)
class Molecules:
    """Parsed SMILES.

    Attributes:
        rows: int64; the position, counted from 0, at which each molecule was given.
    """

    molecules: "tuple[Mol, ...]"
    rows: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """One row a molecule, one column a feature. A row depends on its own molecule alone.

    Attributes:
        values: float32, (molecules, columns).
        names: of the columns.
        rows: int64, (molecules,); the position, counted from 0, at which each molecule was given.
    """

    values: NDArray[np.float32]
    names: tuple[str, ...]
    rows: NDArray[np.int64]

    def __post_init__(self) -> None:
        if self.values.shape != (len(self.rows), len(self.names)):
            raise DataError(
                f"features have shape {self.values.shape!r}; expected {len(self.rows)} molecules "
                f"x {len(self.names)} names"
            )


def parse(smiles: Iterable[str], *, drop_bad: bool = False) -> Molecules:
    """Parse SMILES; with `drop_bad`, leave out what cannot be parsed.

    Raises:
        DataError: a SMILES cannot be parsed (an empty or missing one cannot), or RDKit is not installed.
    """
    if isinstance(smiles, str):
        raise DataError(f"expected a list of SMILES, not one text {smiles!r}; give [{smiles!r}]")
    _need_rdkit()
    from rdkit import rdBase

    molecules, rows = [], []
    with rdBase.BlockLogs():
        for row, text in enumerate(smiles):
            molecule = _molecule(text)
            if molecule is not None:
                molecules.append(molecule)
                rows.append(row)
            elif not drop_bad:
                raise DataError(
                    f"row {row} (counted from 0) is no molecule: {text!r} is not valid SMILES; "
                    "correct it, or leave such rows out with drop_bad=True"
                )
    return Molecules(molecules=tuple(molecules), rows=np.array(rows, dtype=np.int64))


def descriptors(smiles: Iterable[str], *, drop_bad: bool = False) -> Features:
    """Compute all of RDKit's descriptors (`rdkit.Chem.Descriptors.descList`), named and ordered as there.

    A descriptor that fails, or is infinite, is NaN, to be filled in from training rows. `Ipc` grows exponentially with
    the number of atoms (1e30 for a drug, beyond float32 for a large one), so its natural log1p is given; every other
    descriptor is as RDKit computes it.

    Raises:
        DataError: as of `parse`.
    """
    parsed = parse(smiles, drop_bad=drop_bad)
    from rdkit import rdBase
    from rdkit.Chem import Descriptors

    names = tuple(name for name, _ in Descriptors.descList)
    values = np.full((len(parsed.molecules), len(names)), math.nan)
    with rdBase.BlockLogs(), np.errstate(all="ignore"):  # an overflow is seen in its value below
        for row, molecule in enumerate(parsed.molecules):
            for column, (_, function) in enumerate(Descriptors.descList):
                # Not CalcMolDescriptors: it makes a NaN of everything raised, an interrupt from the keyboard too.
                try:
                    values[row, column] = function(molecule)
                except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError):
                    continue
        ipc = names.index("Ipc")
        values[:, ipc] = np.log1p(values[:, ipc])
    values[np.abs(values) > np.finfo(np.float32).max] = math.nan  # infinite, or so in float32
    return Features(values=values.astype(np.float32), names=names, rows=parsed.rows)


def fingerprints(smiles: Iterable[str], *, bits: int = 2048, radius: int = 2, drop_bad: bool = False) -> Features:
    """Compute Morgan fingerprints: 1 where an environment of up to `radius` bonds hashes to the bit, else 0.

    Raises:
        UsageError: `bits` is below 1 or `radius` below 0.
        DataError: as of `parse`.
    """
    if bits < 1:
        raise UsageError(f"bits must be at least 1, not {bits!r}")
    if radius < 0:
        raise UsageError(f"radius must be at least 0, not {radius!r}")
    parsed = parse(smiles, drop_bad=drop_bad)
    from rdkit.Chem import rdFingerprintGenerator

    generator = rdFingerprintGenerator.GetMorganGenerator(radius=radius, fpSize=bits)
    values = np.zeros((len(parsed.molecules), bits), dtype=np.float32)
    for row, molecule in enumerate(parsed.molecules):
        values[row] = generator.GetFingerprintAsNumPy(molecule)
    names = tuple(f"morgan_{bit}" for bit in range(bits))
    return Features(values=values, names=names, rows=parsed.rows)


def _need_rdkit() -> None:
    try:
        importlib.import_module("rdkit")
    except ImportError as error:
        raise DataError(f"RDKit is needed to read SMILES ({error}): pip install rdkit") from error


def _molecule(text: object) -> "Mol | None":
    """Return the molecule, or None for a text that is none, among them the empty one, which RDKit takes."""
    from rdkit import Chem

    try:
        molecule = Chem.MolFromSmiles(text) if isinstance(text, str) else None
    except UnicodeEncodeError:  # half of a surrogate pair
        return None
    return molecule if molecule is not None and molecule.GetNumAtoms() else None
