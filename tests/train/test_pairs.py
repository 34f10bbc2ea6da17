"""Rows that name two of a kind: either may come first."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from cellwright.data.dataset import Dataset, Table
from cellwright.data.splits import Division
from cellwright.metrics import Task
from cellwright.problem import Problem, prepare
from cellwright.space import Architecture, Dense, Sketch
from cellwright.train.fit import Fitted, fit
from cellwright.train.recipe import Recipe
from cellwright.train.resident import Dedup, Resident
from cellwright.trial import Fidelity

from .conftest import Batches

CPU = torch.device("cpu")
KEYS = ("drug_1", "drug_2")


def pairs(*, rows: int = 400, drugs: int = 30) -> Dataset:
    """A cell line and two drugs a row, of which the first always has the smaller number."""
    rng = np.random.default_rng(2)
    features, cells = rng.normal(size=(drugs, 5)).astype(np.float32), rng.normal(size=(9, 3)).astype(np.float32)
    both = np.sort(rng.integers(drugs, size=(rows, 2)), axis=1)
    effect = features @ rng.normal(size=5)
    cell = rng.integers(9, size=rows)
    target = 3 + 2 * (effect[both].sum(axis=1) + cells[cell, 0])
    tables = {"cells": Table(cells, "cell"), **{key: Table(features, key) for key in KEYS}}
    index = {"cell": cell, "drug_1": both[:, 0], "drug_2": both[:, 1]}
    return Dataset(tables, index, target.astype(np.float32), dict.fromkeys(KEYS, "drug"))


@pytest.fixture(scope="module")
def problem(tmp_path_factory: pytest.TempPathFactory) -> Problem:
    return prepared(tmp_path_factory.mktemp("pairs") / "toy", pairs())


def prepared(folder: Path, dataset: Dataset) -> Problem:
    return prepare(
        folder,
        name="pairs",
        dataset=dataset,
        division=Division(),
        task=Task.REGRESSION,
        metric="r2",
        target="effect",
        manual=None,
    )


def lopsided() -> Architecture:
    """Return a network that treats both drugs differently."""
    sketch = Sketch()
    cells, first, second = sketch.input("cells", 3), sketch.input("drug_1", 5), sketch.input("drug_2", 5)
    tower = sketch.node("tower", first, Dense(7, "tanh"))
    space = sketch.space("s", sketch.node("trunk", sketch.concatenate("cell", cells, tower, second), Dense(9, "tanh")))
    return space.architecture(space.point(()))


def trained(problem: Problem, epochs: int = 2, seed: int = 0, **recipe: Any) -> Fitted:
    return fit(lopsided(), problem, Fidelity(epochs), recipe=Recipe(**recipe), seed=seed, device="cpu")


def exchanged(dataset: Dataset, which: np.ndarray) -> Dataset:
    """Return the data with both drugs of some rows in the other order."""
    first, second = (np.asarray(dataset.index[key]) for key in KEYS)
    turned = {"drug_1": np.where(which, second, first), "drug_2": np.where(which, first, second)}
    return replace(dataset, index={**dataset.index, **turned})


def resident(dataset: Dataset, *, dedup: Dedup = "auto", inputs: tuple[str, ...] = ("cells", *KEYS)) -> Resident:
    return Resident(dataset, Task.REGRESSION, inputs=frozenset(inputs), device=CPU, dedup=dedup)


def test_predictions_do_not_depend_on_the_order_of_a_pair(problem: Problem) -> None:
    fitted = trained(problem)
    dataset, _ = problem.data()
    rows = np.arange(dataset.rows)
    found = fitted.predict(rows)
    for which in (rows >= 0, rows % 3 == 0):
        other = replace(fitted, resident=resident(exchanged(dataset, which)))
        np.testing.assert_allclose(other.predict(rows), found, rtol=1e-5, atol=1e-5)


def test_the_answer_is_the_mean_of_both_orders(problem: Problem) -> None:
    fitted = trained(problem)
    rows = torch.arange(50)
    fitted.network.eval()
    with torch.no_grad():
        orders = [
            fitted.network(fitted.resident.batch(rows, torch.full((50,), swap)))[0, :, 0].numpy()
            for swap in (False, True)
        ]
    assert np.abs(orders[0] - orders[1]).max() > 0.01, "this network has two opinions"
    mean = (orders[0] + orders[1]) / 2
    np.testing.assert_allclose(fitted.predict(rows.numpy()), mean * fitted.scale + fitted.location, rtol=1e-4)


def test_in_training_either_drug_comes_first(problem: Problem, batches: Batches) -> None:
    trained(problem, epochs=4)
    swaps = [swap for _, swap in batches if swap is not None]
    assert len(swaps) == len(batches)
    assert 0.45 < torch.cat(swaps).float().mean().item() < 0.55
    assert len({tuple(swap.tolist()) for swap in swaps}) == len(swaps), "another draw each time"


def test_the_order_in_which_the_data_comes_teaches_little(tmp_path: Path, problem: Problem) -> None:
    turned = prepared(tmp_path / "turned", exchanged(pairs(), np.arange(400) % 2 == 0))
    rows = problem.data()[1].test
    learnt, other = (trained(one, epochs=60, learning_rate=0.01).predict(rows) for one in (problem, turned))
    assert np.corrcoef(learnt, other)[0, 1] > 0.98
    assert np.corrcoef(learnt, problem.data()[0].target[rows])[0, 1] > 0.95


def test_equal_seeds_exchange_the_same_rows(problem: Problem) -> None:
    rows = np.arange(100)
    first, again, other = (trained(problem, seed=seed).predict(rows) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@pytest.mark.parametrize("dedup", ["auto", "never"])
@pytest.mark.parametrize("rows", [5, 400])  # few entities of the table, and nearly all
def test_a_batch_exchanges_exactly_the_rows_asked_for(dedup: Dedup, rows: int) -> None:
    dataset = pairs()
    chosen = np.random.default_rng(0).permutation(400)[:rows]
    swap = np.arange(rows) % 3 == 0
    batch = resident(dataset, dedup=dedup).batch(torch.from_numpy(chosen), torch.from_numpy(swap))

    def read(name: str) -> np.ndarray:
        features = batch.features[name]
        key = batch.keys.get(name)
        return np.asarray(features if key is None else features[batch.gather[key]])

    first, second = (dataset.expanded(name, chosen) for name in KEYS)
    np.testing.assert_array_equal(read("drug_1"), np.where(swap[:, None], second, first))
    np.testing.assert_array_equal(read("drug_2"), np.where(swap[:, None], first, second))
    np.testing.assert_array_equal(read("cells"), dataset.expanded("cells", chosen))


def test_who_names_one_of_a_kind_has_no_twins(response: Problem) -> None:
    assert resident(pairs()).has_twins
    dataset, _ = response.data()
    assert not resident(dataset, inputs=tuple(dataset.tables)).has_twins


def test_predictions_of_who_reads_one_drug_do_not_depend_on_the_order_either(problem: Problem) -> None:
    sketch = Sketch()
    space = sketch.space("s", sketch.node("tower", sketch.input("drug_1", 5), Dense(7, "tanh")))
    architecture = space.architecture(space.point(()))
    fitted = fit(architecture, problem, Fidelity(), recipe=Recipe(), seed=0, device="cpu")
    dataset, _ = problem.data()
    rows = np.arange(dataset.rows)
    other = replace(fitted, resident=resident(exchanged(dataset, rows >= 0), inputs=("drug_1",)))
    np.testing.assert_allclose(other.predict(rows), fitted.predict(rows), rtol=1e-5, atol=1e-5)
