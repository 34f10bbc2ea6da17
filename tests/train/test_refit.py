"""Training on validation rows too, cross-validation, and schedules that go to their end."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cellwright.data.dataset import Dataset
from cellwright.data.folder import load_raw
from cellwright.metrics import scores
from cellwright.problem import Problem, prepare
from cellwright.train.fit import Fitted, cross_fit, fit
from cellwright.train.recipe import Recipe
from cellwright.trial import Fidelity

from .conftest import Batches, learnt
from .test_fit import network, weights

Changed = Callable[[str, Callable[[Dataset], Dataset]], Problem]


@pytest.fixture
def changed(response: Problem, tmp_path: Path) -> Changed:
    """Makes the response problem anew from changed data."""

    def make(name: str, change: Callable[[Dataset], Dataset]) -> Problem:
        made = prepare(
            tmp_path / name,
            name=name,
            dataset=change(load_raw(response.folder)),
            division=response.division,
            task=response.task,
            metric="r2",
            target="response",
            manual=None,
        )
        for part in ("train", "validation", "test"):
            np.testing.assert_array_equal(getattr(made.data()[1], part), getattr(response.data()[1], part))
        return made

    return make


def trained(
    problem: Problem, *, epochs: int = 2, width: int = 16, seed: int = 0, refit: bool = False, **recipe: Any
) -> Fitted:
    return fit(
        network(problem, width=width),
        problem,
        Fidelity(epochs),
        recipe=Recipe(**recipe),
        seed=seed,
        device="cpu",
        refit=refit,
    )


def crossed(problem: Problem, folds: int = 3, *, fraction: float = 1.0, **seeds: int) -> dict[str, float]:
    given: dict[str, Any] = {"seed": 0, "subset_seed": 0, **seeds}
    fidelity = Fidelity(1, fraction, folds=folds)
    found, seconds, *_ = cross_fit(network(problem), problem, fidelity, recipe=Recipe(), device="cpu", **given)
    assert seconds > 0
    return dict(found)


def with_target(rows: np.ndarray, value: Callable[[np.ndarray], np.ndarray]) -> Callable[[Dataset], Dataset]:
    def change(dataset: Dataset) -> Dataset:
        target = np.array(dataset.target)
        target[rows] = value(target[rows])
        return replace(dataset, target=target)

    return change


def test_a_cosine_goes_to_its_end_and_the_best_weights_return(tumor: Problem) -> None:
    options: dict[str, Any] = {"epochs": 30, "width": 64, "learning_rate": 0.02, "batch_size": 32, "patience": 1}
    constant, cosine = (trained(tumor, schedule=schedule, **options) for schedule in ("constant", "cosine"))
    assert len(constant.history) < 30
    assert len(cosine.history) == 30
    best = int(np.argmax(cosine.history))
    assert best < 29, "the last epoch is the best: this shows nothing"
    assert cosine.epochs == best + 1
    assert cosine.history[best] == -cosine.scores["log_loss"]
    dataset, split = tumor.data()
    assert cosine.measured(dataset.target, split.validation) == cosine.scores


def test_a_schedule_is_made_for_all_epochs(response: Problem) -> None:
    short, long = (trained(response, epochs=epochs, schedule="cosine").history for epochs in (2, 4))
    assert short[0] != long[0]
    assert trained(response, epochs=2).history == trained(response, epochs=4).history[:2]


def test_validation_rows_teach_only_who_is_fitted_again(response: Problem, changed: Changed) -> None:
    _, split = response.data()
    garbled = changed("garbled", with_target(split.validation, lambda value: 20 - 3 * value))
    for refit in (False, True):
        first, other = (trained(problem, refit=refit, patience=None) for problem in (response, garbled))
        assert (weights(first) == weights(other)) is not refit
        assert (first.location == other.location) is not refit
        differs = (first.predict(split.test) != other.predict(split.test)).any()
        assert differs == refit


def test_test_rows_teach_nobody(response: Problem, changed: Changed) -> None:
    _, split = response.data()
    garbled = changed("garbled", with_target(split.test, lambda value: -(value**3)))
    first, other = (trained(problem, refit=True) for problem in (response, garbled))
    assert weights(first) == weights(other)
    assert first.scores == other.scores


def test_who_is_fitted_again_keeps_the_scores_by_which_it_was_chosen(response: Problem) -> None:
    plain, again = (trained(response, epochs=4, patience=2, refit=refit) for refit in (False, True))
    assert (again.scores, again.history, again.epochs) == (plain.scores, plain.history, plain.epochs)
    assert weights(again) != weights(plain)
    assert again.seconds > plain.seconds
    dataset, split = response.data()
    learnt = np.concatenate([split.train, split.validation])
    assert again.location == pytest.approx(dataset.target[learnt].mean(), rel=1e-6)
    assert again.scale == pytest.approx(dataset.target[learnt].std(), rel=1e-6)
    assert again.measured(dataset.target, split.validation) != again.scores


@pytest.mark.parametrize(
    "recipe",
    [
        {"patience": 3},
        {"patience": 3, "schedule": "cosine"},
    ],
)
def test_the_second_fit_ends_with_the_best_epoch_of_the_first(
    tumor: Problem, batches: Batches, recipe: dict[str, Any]
) -> None:
    options: dict[str, Any] = {"learning_rate": 0.002, "batch_size": 50, "seed": 1, **recipe}
    fitted = trained(tumor, epochs=40, width=64, refit=True, **options)
    _, split = tumor.data()
    first, best = len(fitted.history), int(fitted.epochs)
    assert 5 < best < first, "no more than patience, or the last epoch: this shows nothing"
    seen = np.bincount(learnt(batches), minlength=569)
    assert set(seen[split.train]) == {first + best}
    assert set(seen[split.validation]) == {best}
    assert set(seen[split.test]) == {0}


@pytest.mark.parametrize("folds", [2, 5])
def test_cross_validation_scores_each_row_once_and_all_at_once(
    response: Problem, folds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[np.ndarray] = []
    answers: list[np.ndarray] = []
    predict = Fitted.predict

    def spying(self: Fitted, rows: np.ndarray) -> np.ndarray:
        held.append(rows)
        answers.append(predict(self, rows))
        return answers[-1]

    monkeypatch.setattr(Fitted, "predict", spying)
    found = crossed(response, folds)
    dataset, split = response.data()
    watched, held, answers = held[:1], held[1:], answers[1:]  # the learning curve is that of the first part
    assert np.array_equal(watched[0], held[0])
    held, timed = held[:folds], held[folds:]
    assert all(np.array_equal(rows, held[-1]) for rows in timed)
    assert {len(rows) for rows in held} == {1800 // folds}
    rows, answer = np.concatenate(held), np.concatenate(answers[:folds]).astype(np.float64)
    assert sorted(rows.tolist()) == sorted([*split.train.tolist(), *split.validation.tolist()])
    target = dataset.target[rows].astype(np.float64)
    by_hand = 1 - ((target - answer) ** 2).sum() / ((target - target.mean()) ** 2).sum()
    assert found["r2"] == pytest.approx(by_hand, rel=1e-9)
    assert found == scores(response.task, dataset.target[rows], np.concatenate(answers[:folds]))


def test_classes_are_cross_validated_too(tumor: Problem) -> None:
    found, *_ = cross_fit(
        network(tumor, width=32), tumor, Fidelity(15, folds=5), recipe=Recipe(learning_rate=5e-3), seed=0, device="cpu"
    )
    assert set(found) == {"accuracy", "balanced_accuracy", "log_loss", "auc"}
    assert found["accuracy"] > 0.93
    _, split = tumor.data()
    right = found["accuracy"] * (len(split.train) + len(split.validation))
    assert right == pytest.approx(round(right), abs=1e-6), "a share of all rows, and no mean over parts"


def test_patience_does_not_shorten_cross_validation_which_keeps_the_last_weights(
    tumor: Problem, batches: Batches
) -> None:
    recipe = Recipe(patience=2, batch_size=50)
    cross_fit(network(tumor), tumor, Fidelity(6, folds=2), recipe=recipe, seed=0, device="cpu")
    _, split = tumor.data()
    seen = np.bincount(learnt(batches), minlength=569)
    assert set(seen[np.concatenate([split.train, split.validation])]) == {6}
    assert set(seen[split.test]) == {0}


def test_cross_validation_sees_no_test_row(response: Problem, changed: Changed) -> None:
    _, split = response.data()

    def change(dataset: Dataset) -> Dataset:
        dose = np.array(dataset.tables["dose"].features)
        dose[split.test] = 50 * dose[split.test] + 7
        tables = {**dataset.tables, "dose": replace(dataset.tables["dose"], features=dose)}
        return with_target(split.test, lambda value: -(value**3))(replace(dataset, tables=tables))

    assert crossed(changed("garbled", change)) == crossed(response)


def test_cross_validation_learns_from_validation_rows(response: Problem, changed: Changed) -> None:
    _, split = response.data()
    garbled = changed("garbled", with_target(split.validation, lambda value: 20 - 3 * value))
    assert crossed(garbled) != crossed(response)


def test_the_seeds_of_cross_validation_decide(response: Problem) -> None:
    first = crossed(response)
    assert first == crossed(response)
    assert first != crossed(response, seed=1)
    assert first != crossed(response, subset_seed=1)
    assert first["r2"] > crossed(response, fraction=0.1)["r2"]
