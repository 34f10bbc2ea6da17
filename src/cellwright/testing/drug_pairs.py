"""Made-up responses of cell lines to pairs of drugs, at the published size of Combo.

There is something to be learnt from them. Expanded row by row they are 10 GB; factored, as `drug_pairs` returns them,
5 MB.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cellwright.data.dataset import Dataset, Table
from cellwright.seeds import Use, rng_for

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["drug_pairs", "write_drug_pairs"]

_TRAITS = 6
_STREAM = 4  # of Use.SYNTHETIC; candle_files has those below


def drug_pairs(
    *,
    rows: int = 310_814,
    lines: int = 60,
    drugs: int = 104,
    genes: int = 942,
    descriptors: int = 3820,
    seed: int = 0,
    noise: float = 0.3,
) -> Dataset:
    """Return rows of a cell line and two different drugs; the same arguments give the same bytes.

    Every combination comes once before any comes twice. Features show a few hidden traits. The target is what the line
    and each drug do by themselves, and what line and drugs do together, the same in either order of the drugs.

    Args:
        noise: standard deviation of what cannot be learnt; the rest has 1.
    """
    rng = rng_for(seed, Use.SYNTHETIC, _STREAM)
    cells, chemistry = rng.normal(size=(lines, _TRAITS)), rng.normal(size=(drugs, _TRAITS))
    cell, first, second = _design(rng, rows, lines, drugs)
    effect = rng.normal(size=lines)[cell] + (own := rng.normal(size=drugs))[first] + own[second]
    single = cells @ rng.normal(size=(_TRAITS, _TRAITS)) @ chemistry.T / _TRAITS  # (lines, drugs)
    both = np.einsum("ct,at,bt->cab", cells, chemistry, chemistry) / _TRAITS**0.5  # (lines, drugs, drugs)
    effect += single[cell, first] + single[cell, second] + both[cell, first, second]
    target = (effect - effect.mean()) / effect.std() + noise * rng.normal(size=rows)
    shared = _shown(rng, chemistry, descriptors)
    return Dataset(
        {
            "expression": Table(_shown(rng, cells, genes), "cell"),
            "drug_1": Table(shared, "drug_1"),
            "drug_2": Table(shared, "drug_2"),
        },
        {"cell": cell, "drug_1": first, "drug_2": second},
        target.astype(np.float32),
        {"drug_1": "drug", "drug_2": "drug"},
    )


def write_drug_pairs(folder: Path, dataset: Dataset) -> None:
    """Write such rows as a user's three tables into `folder`, which is made: `search combo --data` takes it.

    They are responses.csv (drug_a, drug_b, cell_line, growth), drugs.parquet and cell_lines.csv.
    """
    import pandas as pd

    folder.mkdir(parents=True, exist_ok=True)
    names = {
        kind: np.array([f"{kind}-{number:03}" for number in range(len(dataset.tables[name].features))])
        for kind, name in (("LINE", "expression"), ("DRUG", "drug_1"))
    }
    columns = {
        "drug_a": names["DRUG"][dataset.index["drug_1"]],
        "drug_b": names["DRUG"][dataset.index["drug_2"]],
        "cell_line": names["LINE"][dataset.index["cell"]],
        "growth": dataset.target,
    }
    pd.DataFrame(columns).to_csv(folder / "responses.csv", index=False)
    _features("drug", names["DRUG"], "D", dataset.tables["drug_1"]).to_parquet(folder / "drugs.parquet", index=False)
    _features("cell_line", names["LINE"], "G", dataset.tables["expression"]).to_csv(
        folder / "cell_lines.csv", index=False
    )


def _design(rng: np.random.Generator, rows: int, lines: int, drugs: int) -> tuple[np.ndarray, ...]:
    """Return lines, first and second drugs, int32 (rows,)."""
    pairs = np.stack(np.triu_indices(drugs, k=1), axis=1)
    combinations = lines * len(pairs)
    again, rest = divmod(rows, combinations)
    drawn = np.concatenate([np.tile(np.arange(combinations), again), rng.permutation(combinations)[:rest]])
    cell, pair = np.divmod(rng.permutation(drawn), len(pairs))
    ordered = rng.permuted(pairs[pair], axis=1)  # either drug may come first
    return tuple(column.astype(np.int32) for column in (cell, ordered[:, 0], ordered[:, 1]))


def _shown(rng: np.random.Generator, traits: np.ndarray, width: int) -> np.ndarray:
    """Return features that show traits, float32 (entities, width)."""
    mixed = traits @ rng.normal(size=(_TRAITS, width)) / _TRAITS**0.5
    features: np.ndarray = (mixed + 0.5 * rng.normal(size=mixed.shape)).astype(np.float32)
    return features


def _features(of: str, names: np.ndarray, letter: str, table: Table) -> "pd.DataFrame":
    import pandas as pd

    columns = [f"{letter}{number:04}" for number in range(table.shape[0])]
    frame = pd.DataFrame(table.features, columns=columns)
    frame.insert(0, of, names)
    return frame
