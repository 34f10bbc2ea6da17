from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from cellwright.data.dataset import Dataset, Table
from cellwright.data.folder import load_raw
from cellwright.data.splits import Division
from cellwright.metrics import Task, scores
from cellwright.posttrain import baselines
from cellwright.posttrain import linear as linear_module
from cellwright.posttrain.baselines import BASELINES, Fit, boosting, mean
from cellwright.posttrain.linear import Block, blocks_of, linear
from cellwright.problem import Problem, prepare

DIVISION = Division()


def prepared(folder: Path, dataset: Dataset, division: Division = DIVISION, task: Task = Task.REGRESSION) -> Problem:
    return prepare(
        folder,
        name=folder.name,
        dataset=dataset,
        division=division,
        task=task,
        metric="r2" if task is Task.REGRESSION else "accuracy",
        target="target",
        manual=None,
    )


def sequences(folder: Path, *, width: int = 3) -> Problem:
    """A problem with two tables of one key, a sequence, bits that are not centred, and a dense input."""
    rng = np.random.default_rng(1)
    rows = 400
    index = {"cell": rng.integers(15, size=rows), "drug": rng.integers(12, size=rows)}
    tables = {
        "cells": Table(rng.normal(size=(15, 2, width)), "cell"),
        "drugs": Table(rng.normal(size=(12, 4)), "drug"),
        "bits": Table(rng.integers(2, size=(12, 5)).astype(np.float32), "drug"),
        "dose": Table(rng.normal(size=(rows, 1))),
    }
    dataset = Dataset(tables, index, np.zeros(rows, np.float32))
    expanded = np.concatenate(
        [dataset.expanded(name, np.arange(rows)).reshape(rows, -1)[:, :6] for name in tables], axis=1
    )
    target = 4 + expanded @ rng.normal(size=expanded.shape[1]) + rng.normal(size=rows)
    return prepared(folder, replace(dataset, target=target.astype(np.float32)))


def expanded(problem: Problem) -> np.ndarray:
    data, _ = problem.data()
    rows = np.arange(data.rows)
    parts = [data.expanded(name, rows).reshape(len(rows), -1) for name in data.tables]
    return np.concatenate(parts, axis=1).astype(np.float64)


@pytest.mark.parametrize("strength", [0.01, 1.0, 100.0])
def test_the_linear_model_is_ridge_regression_on_expanded_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, strength: float
) -> None:
    problem = sequences(tmp_path / "toy")
    data, split = problem.data()
    monkeypatch.setattr(linear_module, "_STRENGTHS", (strength,))
    features = expanded(problem)
    peer = Ridge(strength).fit(features[split.train], data.target[split.train].astype(np.float64))
    found = linear(problem, 0).final(np.arange(data.rows))
    np.testing.assert_allclose(found, peer.predict(features), rtol=1e-8, atol=1e-8)


def test_the_strength_is_chosen_on_the_validation_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    problem = sequences(tmp_path / "toy")
    data, split = problem.data()
    chosen = linear(problem, 0).final(split.validation)
    found = []
    for strength in linear_module._STRENGTHS:
        monkeypatch.setattr(linear_module, "_STRENGTHS", (strength,))
        found.append(
            scores(problem.task, data.target[split.validation], linear(problem, 0).final(split.validation))["r2"]
        )
    assert scores(problem.task, data.target[split.validation], chosen)["r2"] == max(found)


def test_more_columns_than_rows_are_no_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    problem = sequences(tmp_path / "toy", width=300)
    data, split = problem.data()
    monkeypatch.setattr(linear_module, "_STRENGTHS", (10.0,))
    features = expanded(problem)
    peer = Ridge(10.0).fit(features[split.train], data.target[split.train].astype(np.float64))
    np.testing.assert_allclose(
        linear(problem, 0).final(np.arange(data.rows)), peer.predict(features), rtol=1e-5, atol=1e-5
    )


def pairs(folder: Path, *, swapped: bool = False) -> Problem:
    """A problem of two drugs a row whose order means nothing; swapped: every other row the other way round."""
    rng = np.random.default_rng(2)
    rows, drugs, cells = 500, rng.normal(size=(12, 40)).astype(np.float32), rng.normal(size=(9, 3)).astype(np.float32)
    first, second, cell = (rng.integers(count, size=rows) for count in (12, 12, 9))
    effect, of_cell = drugs @ rng.normal(size=40), cells @ rng.normal(size=3)
    target = 3 + effect[first] + effect[second] + of_cell[cell] + 0.1 * rng.normal(size=rows)
    turned = swapped & (np.arange(rows) % 2 == 0)
    keys = {"drug_1": np.where(turned, second, first), "drug_2": np.where(turned, first, second)}
    tables = {"cells": Table(cells, "cell"), **{key: Table(drugs, key) for key in keys}}
    kinds = dict.fromkeys(keys, "drug")
    return prepared(folder, Dataset(tables, {"cell": cell, **keys}, target.astype(np.float32), kinds))


@pytest.mark.parametrize("kind", BASELINES)
def test_the_order_of_a_pair_means_nothing(kind: str, tmp_path: Path) -> None:
    found, other = (
        BASELINES[kind](problem, 0).final(np.arange(problem.rows))
        for problem in (pairs(tmp_path / "as it is"), pairs(tmp_path / "swapped", swapped=True))
    )
    np.testing.assert_allclose(found, other, rtol=1e-4, atol=1e-4)


def test_both_drugs_of_a_pair_have_the_same_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    problem = pairs(tmp_path / "toy")
    data, split = problem.data()
    monkeypatch.setattr(linear_module, "_STRENGTHS", (1.0,))
    rows = np.arange(data.rows)
    cells, *drugs = (data.expanded(name, rows).astype(np.float64) for name in data.tables)
    features = np.concatenate([cells, drugs[0] + drugs[1]], axis=1)
    peer = Ridge(1.0).fit(features[split.train], data.target[split.train].astype(np.float64))
    # the penalty is that of the peer on centred features, and those of a pair are centred over both of its drugs
    np.testing.assert_allclose(linear(problem, 0).final(rows), peer.predict(features), rtol=1e-4, atol=1e-3)


def test_a_table_that_two_keys_read_is_one_block(tmp_path: Path) -> None:
    data, _ = pairs(tmp_path / "toy").data()
    cells, drugs = blocks_of(data)
    assert (cells.keys, drugs.keys) == (("cell",), ("drug_1", "drug_2"))
    rows = np.array([3, 1, 4])
    expected = data.expanded("drug_1", rows) + data.expanded("drug_2", rows)
    np.testing.assert_allclose(drugs.summed(data, rows), expected, rtol=1e-6)


def test_the_mean_of_pairs_knows_the_effect_of_a_pair_beyond_its_drugs(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    first, second = (column.ravel() for column in np.meshgrid(np.arange(6), np.arange(6)))
    index = {"drug_1": np.repeat(first, 5), "drug_2": np.repeat(second, 5)}
    effect = rng.normal(size=(6, 6))
    target = (effect + effect.T)[index["drug_1"], index["drug_2"]]
    drugs = np.eye(6, dtype=np.float32)
    tables = {key: Table(drugs, key) for key in index}
    dataset = Dataset(tables, index, target.astype(np.float32), dict.fromkeys(index, "drug"))
    problem = prepared(tmp_path / "toy", dataset)
    train = problem.data()[1].train
    np.testing.assert_allclose(mean(problem, 0).final(train), target[train], atol=1e-3)


def test_a_pair_that_training_does_not_show_has_the_effects_of_its_drugs(tmp_path: Path) -> None:
    first, second = (column.ravel() for column in np.meshgrid(np.arange(8), np.arange(8)))
    index = {"drug_1": first, "drug_2": second}
    effect = np.random.default_rng(0).normal(size=8)
    target = (effect[first] + effect[second]).astype(np.float32)
    tables = {key: Table(np.eye(8, dtype=np.float32), key) for key in index}
    problem = prepared(tmp_path / "toy", Dataset(tables, index, target, dict.fromkeys(index, "drug")), Division("pair"))
    test = problem.data()[1].test
    np.testing.assert_allclose(mean(problem, 0).final(test), target[test], atol=0.01)


@pytest.mark.parametrize("kind", BASELINES)
def test_fitted_again_a_simple_model_has_learnt_from_the_validation_rows_too(tmp_path: Path, kind: str) -> None:
    problem = pairs(tmp_path / "toy")
    rows = problem.data()[1].test
    once, again = BASELINES[kind](problem, 0), BASELINES[kind](problem, 0, refit=True)
    np.testing.assert_array_equal(again.tuned(rows), once.final(rows))
    assert (again.final(rows) != again.tuned(rows)).any()


def test_the_mean_model_is_additive_least_squares(tmp_path: Path) -> None:
    problem = sequences(tmp_path / "toy")
    data, split = problem.data()
    hot = np.concatenate([np.eye(column.max() + 1)[column] for column in data.index.values()], axis=1)
    design = np.concatenate([np.ones((data.rows, 1)), hot], axis=1)
    weights = np.linalg.lstsq(design[split.train], data.target[split.train].astype(np.float64), rcond=None)[0]
    np.testing.assert_allclose(mean(problem, 0).final(np.arange(data.rows)), design @ weights, atol=1e-4)


def test_entities_without_training_rows_have_the_mean_effect(tmp_path: Path) -> None:
    index = {"cell": np.repeat(np.arange(6), 10), "drug": np.tile(np.arange(10), 6)}
    target = (10.0 * index["cell"] + index["drug"]).astype(np.float32)
    tables = {"cells": Table(np.eye(6), "cell"), "drugs": Table(np.eye(10), "drug")}
    problem = prepared(tmp_path / "toy", Dataset(tables, index, target), Division("cell"))
    split = problem.data()[1]
    known = np.unique(index["cell"][split.train])
    assert len(known) == 4
    # the other cells are taken for the mean of these four; drugs are all known
    np.testing.assert_allclose(mean(problem, 0).final(split.test), 10.0 * known.mean() + np.arange(10), atol=1e-4)
    np.testing.assert_allclose(mean(problem, 0).final(split.train), target[split.train], atol=1e-4)


def test_without_keys_the_mean_is_one_number(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    target = rng.normal(size=50).astype(np.float32)
    dataset = Dataset({"x": Table(rng.normal(size=(50, 2)))}, {}, target)
    problem = prepared(tmp_path / "toy", dataset)
    train = problem.data()[1].train
    np.testing.assert_allclose(mean(problem, 0).final(np.arange(50)), target[train].mean(), rtol=1e-5)


def test_the_mean_of_classes_is_their_shares(tumor: Problem) -> None:
    data, split = tumor.data()
    found = mean(tumor, 0).final(split.test)
    share = data.target[split.train].mean()
    np.testing.assert_allclose(found, np.tile([1 - share, share], (len(split.test), 1)))


@pytest.mark.parametrize("fit", [linear, boosting])
def test_features_beat_means(response: Problem, fit: Fit) -> None:
    data, split = response.data()
    target = data.target[split.test]
    found, without = (scores(response.task, target, one(response, 0).final(split.test))["r2"] for one in (fit, mean))
    assert found > 0.9
    assert found > without + 0.05


@pytest.mark.parametrize("fit", [linear, boosting])
def test_tumours_are_told_apart(tumor: Problem, fit: Fit) -> None:
    data, split = tumor.data()
    probability = fit(tumor, 0).final(split.test)
    assert probability.shape == (len(split.test), 2)
    np.testing.assert_allclose(probability.sum(axis=1), 1)
    assert scores(tumor.task, data.target[split.test], probability)["accuracy"] > 0.9


def test_a_class_that_training_does_not_show_has_probability_zero(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    target = np.array([0, 2] * 40)
    target[:2] = 1
    features = rng.normal(size=(80, 2)) + target[:, None]
    dataset = Dataset({"x": Table(features)}, {}, target, given=np.arange(80) < 16)
    problem = prepared(tmp_path / "toy", dataset, Division("given"), Task.CLASSIFICATION)
    split = problem.data()[1]
    for fit in BASELINES.values():
        probability = fit(problem, 0).final(split.test)
        assert probability.shape == (16, 3)
        assert (probability[:, 1] == 0).all()


def test_wide_tables_are_boosted_by_their_components(tmp_path: Path) -> None:
    problem = sequences(tmp_path / "toy", width=100)
    data, split = problem.data()
    cells, drugs, *_ = blocks_of(data)
    assert baselines._components(cells, data, split.train, seed=0).features.shape == (15, 14)
    assert baselines._components(drugs, data, split.train, seed=0) is drugs
    assert drugs.features.shape == (12, 4)
    assert np.isfinite(boosting(problem, 0).final(split.test)).all()
    # of the entities that training shows, and no others
    rows = split.train[data.index["cell"][split.train] < 10]
    changed = np.array(cells.features)
    changed[10:] = 99.0
    before, after = (
        baselines._components(Block(features, ("cell",)), data, rows, seed=0).features
        for features in (cells.features, changed)
    )
    assert before.shape == (15, 9)
    np.testing.assert_array_equal(before[:10], after[:10])


@pytest.mark.parametrize("kind", BASELINES)
@pytest.mark.parametrize("task", Task)
def test_test_rows_teach_nothing(response: Problem, tumor: Problem, kind: str, task: Task, tmp_path: Path) -> None:
    source = response if task is Task.REGRESSION else tumor
    test = source.data()[1].test
    raw = load_raw(source.folder)
    raw = replace(raw, given=np.isin(np.arange(raw.rows), test))
    target = np.array(raw.target)
    rng = np.random.default_rng(0)
    target[test] = rng.normal(size=len(test)) if task is Task.REGRESSION else 1 - target[test]
    tables = dict(raw.tables)
    for name, table in tables.items():
        if table.key is None:
            features = np.array(table.features)
            features[test] = 9.0
            tables[name] = Table(features)
    problem = prepared(tmp_path / "kept", raw, Division("given"), task)
    garbled = prepared(tmp_path / "garbled", replace(raw, tables=tables, target=target), Division("given"), task)
    split = problem.data()[1]
    np.testing.assert_array_equal(split.test, test)
    seen = np.concatenate([split.train, split.validation])
    first, other = BASELINES[kind](problem, 0), BASELINES[kind](garbled, 0)
    np.testing.assert_array_equal(first.final(seen), other.final(seen))
