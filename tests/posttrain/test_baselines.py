from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from cellwright.data.dataset import Dataset, Table
from cellwright.data.splits import Split, split_rows
from cellwright.metrics import Task, scores
from cellwright.posttrain import baselines
from cellwright.posttrain.baselines import BASELINES, boosting, linear, mean
from cellwright.problem import Problem, prepare


def prepared(
    folder: Path,
    dataset: Dataset,
    split: Split,
    task: Task = Task.REGRESSION,
    unscaled: frozenset[str] = frozenset({"bits"}),
) -> Problem:
    return prepare(
        folder,
        name=folder.name,
        dataset=dataset,
        split=split,
        split_by="row",
        task=task,
        metric="r2" if task is Task.REGRESSION else "accuracy",
        target="target",
        manual=None,
        unscaled=unscaled,
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
    return prepared(folder, replace(dataset, target=target.astype(np.float32)), split_rows(np.arange(rows), seed=0))


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
    monkeypatch.setattr(baselines, "_STRENGTHS", (strength,))
    features = expanded(problem)
    peer = Ridge(strength).fit(features[split.train], data.target[split.train].astype(np.float64))
    found = linear(problem, 0)(np.arange(data.rows))
    np.testing.assert_allclose(found, peer.predict(features), rtol=1e-8, atol=1e-8)


def test_the_strength_is_chosen_on_the_validation_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    problem = sequences(tmp_path / "toy")
    data, split = problem.data()
    chosen = linear(problem, 0)(split.validation)
    found = []
    for strength in baselines._STRENGTHS:
        monkeypatch.setattr(baselines, "_STRENGTHS", (strength,))
        found.append(scores(problem.task, data.target[split.validation], linear(problem, 0)(split.validation))["r2"])
    assert scores(problem.task, data.target[split.validation], chosen)["r2"] == max(found)


def test_more_columns_than_rows_are_no_problem(tmp_path: Path) -> None:
    problem = sequences(tmp_path / "toy", width=300)
    assert np.isfinite(linear(problem, 0)(np.arange(problem.rows))).all()


def test_the_mean_model_is_additive_least_squares(tmp_path: Path) -> None:
    problem = sequences(tmp_path / "toy")
    data, split = problem.data()
    hot = np.concatenate([np.eye(column.max() + 1)[column] for column in data.index.values()], axis=1)
    design = np.concatenate([np.ones((data.rows, 1)), hot], axis=1)
    weights = np.linalg.lstsq(design[split.train], data.target[split.train].astype(np.float64), rcond=None)[0]
    np.testing.assert_allclose(mean(problem, 0)(np.arange(data.rows)), design @ weights, atol=1e-4)


def test_entities_without_training_rows_have_the_mean_effect(tmp_path: Path) -> None:
    rows = np.arange(60)
    index = {"cell": np.repeat(np.arange(6), 10), "drug": np.tile(np.arange(10), 6)}
    target = (10.0 * index["cell"] + index["drug"]).astype(np.float32)
    tables = {"cells": Table(np.eye(6), "cell"), "drugs": Table(np.eye(10), "drug")}
    split = Split(rows[:40], rows[40:50], rows[50:])
    problem = prepared(tmp_path / "toy", Dataset(tables, index, target), split)
    # cells 0 to 3 are known: on average 15; drugs are all known
    np.testing.assert_allclose(mean(problem, 0)(split.test), 15.0 + np.arange(10), atol=1e-4)
    np.testing.assert_allclose(mean(problem, 0)(split.train), target[:40], atol=1e-4)


def test_without_keys_the_mean_is_one_number(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    target = rng.normal(size=50).astype(np.float32)
    dataset = Dataset({"x": Table(rng.normal(size=(50, 2)))}, {}, target)
    problem = prepared(tmp_path / "toy", dataset, split_rows(np.arange(50), seed=0))
    train = problem.data()[1].train
    np.testing.assert_allclose(mean(problem, 0)(np.arange(50)), target[train].mean(), rtol=1e-5)


def test_the_mean_of_classes_is_their_shares(tumor: Problem) -> None:
    data, split = tumor.data()
    found = mean(tumor, 0)(split.test)
    share = data.target[split.train].mean()
    np.testing.assert_allclose(found, np.tile([1 - share, share], (len(split.test), 1)))


@pytest.mark.parametrize("fit", [linear, boosting])
def test_features_beat_means(response: Problem, fit: Callable[[Problem, int], baselines.Predictor]) -> None:
    data, split = response.data()
    target = data.target[split.test]
    found, without = (scores(response.task, target, one(response, 0)(split.test))["r2"] for one in (fit, mean))
    assert found > 0.9
    assert found > without + 0.05


@pytest.mark.parametrize("fit", [linear, boosting])
def test_tumours_are_told_apart(tumor: Problem, fit: Callable[[Problem, int], baselines.Predictor]) -> None:
    data, split = tumor.data()
    probability = fit(tumor, 0)(split.test)
    assert probability.shape == (len(split.test), 2)
    np.testing.assert_allclose(probability.sum(axis=1), 1)
    assert scores(tumor.task, data.target[split.test], probability)["accuracy"] > 0.9


def test_a_class_that_training_does_not_show_has_probability_zero(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    target = np.array([0, 2] * 40)
    split = split_rows(np.arange(80), seed=0, validation=0.2, test=0.2)
    target[split.test[:2]] = 1
    features = rng.normal(size=(80, 2)) + target[:, None]
    dataset = Dataset({"x": Table(features)}, {}, target)
    problem = prepared(tmp_path / "toy", dataset, split, Task.CLASSIFICATION)
    for fit in BASELINES.values():
        probability = fit(problem, 0)(split.test)
        assert probability.shape == (16, 3)
        assert (probability[:, 1] == 0).all()


def test_wide_tables_are_boosted_by_their_components(tmp_path: Path) -> None:
    problem = sequences(tmp_path / "toy", width=100)
    data, split = problem.data()
    reduced = baselines._components(data, data.tables["cells"], split.train, seed=0)
    assert reduced.features.shape == (15, 14)
    assert baselines._components(data, data.tables["drugs"], split.train, seed=0).features.shape == (12, 4)
    assert np.isfinite(boosting(problem, 0)(split.test)).all()
    # of the entities that training shows, and no others
    rows = split.train[data.index["cell"][split.train] < 10]
    changed = np.array(data.tables["cells"].features)
    changed[10:] = 99.0
    before, after = (
        baselines._components(data, Table(features, "cell"), rows, seed=0).features
        for features in (data.tables["cells"].features, changed)
    )
    assert before.shape == (15, 9)
    np.testing.assert_array_equal(before[:10], after[:10])


@pytest.mark.parametrize("kind", BASELINES)
@pytest.mark.parametrize("task", Task)
def test_test_rows_teach_nothing(response: Problem, tumor: Problem, kind: str, task: Task, tmp_path: Path) -> None:
    problem = response if task is Task.REGRESSION else tumor
    data, split = problem.data()
    target = np.array(data.target)
    rng = np.random.default_rng(0)
    target[split.test] = rng.normal(size=len(split.test)) if task is Task.REGRESSION else 1 - target[split.test]
    tables = dict(data.tables)
    for name, table in tables.items():
        if table.key is None:
            features = np.array(table.features)
            features[split.test] = 9.0
            tables[name] = Table(features)
    garbled = prepared(tmp_path / "garbled", Dataset(tables, data.index, target), split, task, frozenset(tables))
    seen = np.concatenate([split.train, split.validation])
    first, other = BASELINES[kind](problem, 0), BASELINES[kind](garbled, 0)
    np.testing.assert_array_equal(first(seen), other(seen))
