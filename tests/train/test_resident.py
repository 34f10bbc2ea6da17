import numpy as np
import pytest
import torch

from cellwright.data.dataset import Dataset, Table
from cellwright.metrics import Task
from cellwright.train.resident import Dedup, Resident, pick_device

RNG = np.random.default_rng(0)
DATA = Dataset(
    {
        "cells": Table(RNG.normal(size=(4, 3)).astype(np.float32), "cell"),
        "drugs": Table(RNG.normal(size=(6, 2, 2)).astype(np.float32), "drug"),
        "dose": Table(RNG.normal(size=(30, 1)).astype(np.float32)),
    },
    {"cell": RNG.integers(4, size=30), "drug": RNG.integers(6, size=30)},
    np.arange(30, dtype=np.int64),
)
ROWS = torch.tensor([7, 3, 29, 3, 0])


def resident(*inputs: str, dedup: Dedup = "auto", task: Task = Task.REGRESSION) -> Resident:
    return Resident(DATA, task, inputs=frozenset(inputs), device=torch.device("cpu"), dedup=dedup)


def test_a_batch_holds_each_distinct_entity_once() -> None:
    batch = resident("cells", "drugs", "dose").batch(ROWS)
    assert batch.keys == {"cells": "cell", "drugs": "drug"}
    for name, key in batch.keys.items():
        assert len(batch.features[name]) == len(set(DATA.index[key][ROWS].tolist()))
        gathered = batch.features[name][batch.gather[key]]
        np.testing.assert_array_equal(gathered, DATA.expanded(name, ROWS.numpy()))
    np.testing.assert_array_equal(batch.features["dose"], DATA.expanded("dose", ROWS.numpy()))


def test_twins_share_a_tensor_of_what_either_meets() -> None:
    drugs = RNG.normal(size=(50, 3)).astype(np.float32)
    index = {"drug_1": RNG.integers(50, size=30), "drug_2": RNG.integers(50, size=30)}
    tables = {"drug_1": Table(drugs, "drug_1"), "drug_2": Table(drugs, "drug_2")}
    dataset = Dataset(tables, index, np.zeros(30, np.float32), {"drug_1": "drug", "drug_2": "drug"})
    pairs = Resident(dataset, Task.REGRESSION, inputs=frozenset(tables), device=torch.device("cpu"))
    batch = pairs.batch(ROWS)
    assert batch.features["drug_1"] is batch.features["drug_2"]
    assert len(batch.features["drug_1"]) == len(np.unique([column[ROWS] for column in index.values()])) < 50
    for name, key in batch.keys.items():
        gathered = batch.features[name][batch.gather[key]]
        np.testing.assert_array_equal(gathered, dataset.expanded(name, ROWS.numpy()))


def test_a_batch_that_meets_nearly_all_entities_reads_the_whole_table() -> None:
    cells = resident("cells")
    batch = cells.batch(torch.arange(30))
    assert batch.features["cells"] is cells.features["cells"]
    np.testing.assert_array_equal(batch.gather["cell"], DATA.index["cell"])


@pytest.mark.parametrize("dedup", ["auto", "never"])
def test_rows_may_come_several_times(dedup: Dedup) -> None:
    batch = resident("cells", "dose", dedup=dedup).batch(ROWS, repeats=3)
    for name in ("cells", "dose"):
        features = batch.features[name]
        gathered = features[batch.gather[batch.keys[name]]] if name in batch.keys else features
        np.testing.assert_array_equal(gathered, DATA.expanded(name, ROWS.repeat(3).numpy()))
    assert len(batch.features["dose"]) == (5 if dedup == "auto" else 15)


def test_a_batch_may_be_expanded_as_everyone_else_does() -> None:
    batch = resident("cells", "drugs", "dose", dedup="never").batch(ROWS)
    assert batch.keys == batch.gather == {}
    for name in DATA.tables:
        np.testing.assert_array_equal(batch.features[name], DATA.expanded(name, ROWS.numpy()))


def test_only_what_is_read_is_copied() -> None:
    batch = resident("drugs").batch(ROWS)
    assert set(batch.features) == {"drugs"}
    assert set(batch.gather) == {"drug"}


@pytest.mark.parametrize(("task", "kind"), [(Task.REGRESSION, torch.float32), (Task.CLASSIFICATION, torch.int64)])
def test_targets_are_numbers_or_class_codes(task: Task, kind: torch.dtype) -> None:
    assert resident("dose", task=task).target.dtype == kind


def test_tensors_are_copies() -> None:
    copied = resident("dose")
    copied.features["dose"][:] = 99
    assert (DATA.tables["dose"].features != 99).all()


def test_a_device_has_a_name() -> None:
    assert pick_device("cpu") == torch.device("cpu")
    assert pick_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")


def test_identities_tell_only_entities_that_were_met() -> None:
    """Of both drugs of a pair, whichever place they were met in; features stay."""
    index = {"drug_1": np.array([0, 1, 2]), "drug_2": np.array([1, 2, 3])}
    one_each, features = np.eye(5, dtype=np.float32), np.ones((5, 2), np.float32)
    tables = {key: Table(features, key) for key in index} | {f"id:{key}": Table(one_each, key) for key in index}
    kinds = dict.fromkeys(index, "drug")
    dataset = Dataset(tables, index, np.zeros(3, np.float32), kinds)
    resident = Resident(dataset, Task.REGRESSION, inputs=frozenset(tables), device=torch.device("cpu"))
    resident.acquaint(dataset, np.array([0, 1]))
    for name in ("id:drug_1", "id:drug_2"):
        assert resident.features[name].diagonal().tolist() == [1, 1, 1, 0, 0]
    assert resident.features["id:drug_1"] is resident.features["id:drug_2"]
    assert resident.features["drug_1"].sum() == 10
    resident.acquaint(dataset, np.array([2]))
    assert resident.features["id:drug_1"].diagonal().tolist() == [0, 0, 1, 1, 0]
