from pathlib import Path
from typing import Any

import numpy as np

from cellwright import problems
from cellwright.data.dataset import Dataset
from cellwright.space.naming import described
from cellwright.testing.drug_pairs import drug_pairs, write_drug_pairs

SMALL: dict[str, Any] = {"rows": 400, "lines": 6, "drugs": 8, "genes": 5, "descriptors": 7}


def bytes_of(dataset: Dataset) -> list[bytes]:
    arrays = [dataset.target, *dataset.index.values(), *(table.features for table in dataset.tables.values())]
    return [array.tobytes() for array in arrays]


def test_the_same_arguments_give_the_same_bytes() -> None:
    first, again, other = (drug_pairs(**SMALL, seed=seed) for seed in (1, 1, 2))
    assert bytes_of(first) == bytes_of(again)
    assert all(one != two for one, two in zip(bytes_of(first), bytes_of(other), strict=True))


def test_it_is_combo_at_its_published_size_by_default() -> None:
    dataset = drug_pairs()
    assert {name: table.features.shape for name, table in dataset.tables.items()} == {
        "expression": (60, 942),
        "drug_1": (104, 3820),
        "drug_2": (104, 3820),
    }
    assert dataset.rows == 310_814
    assert dataset.tables["drug_1"].features is dataset.tables["drug_2"].features
    assert dataset.members == {"cell": ("cell",), "drug": ("drug_1", "drug_2")}
    assert abs(float(dataset.target.mean())) < 0.01


def test_every_combination_comes_once_before_any_comes_twice() -> None:
    dataset = drug_pairs(**SMALL)
    pair = np.sort([dataset.index["drug_1"], dataset.index["drug_2"]], axis=0)
    assert (pair[0] < pair[1]).all()
    seen = np.unique([dataset.index["cell"], *pair], axis=1, return_counts=True)[1]
    assert len(seen) == 6 * 28
    assert set(seen.tolist()) == {2, 3}


def test_the_order_of_the_drugs_means_nothing() -> None:
    dataset = drug_pairs(**SMALL, noise=0.0)
    pair = np.sort([dataset.index["drug_1"], dataset.index["drug_2"]], axis=0)
    _, where = np.unique([dataset.index["cell"], *pair], axis=1, return_inverse=True)
    for group in range(5):
        assert np.ptp(dataset.target[where.ravel() == group]) == 0


def test_its_tables_are_taken_by_combo(tmp_path: Path) -> None:
    dataset = drug_pairs(**SMALL)
    write_drug_pairs(tmp_path / "tables", dataset)
    problem = problems.load("combo", data=tmp_path / "tables")
    assert problem.rows == 6 * 28
    assert described(dict(problem.inputs)) == {"expression": (5,), "drug_1": (7,), "drug_2": (7,)}
