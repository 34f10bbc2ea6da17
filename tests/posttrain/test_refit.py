from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cellwright.data.folder import load_raw
from cellwright.data.splits import Division
from cellwright.posttrain.refit import Candidate, Refit, candidate_space, points
from cellwright.problem import Problem, prepare
from cellwright.problems import tumor as tumor_module
from cellwright.space import Architecture
from cellwright.train import Recipe
from cellwright.trial import Fidelity, Outcome, Proposal, Status

BY_HAND = tumor_module.manual({"measurements": (30,)})
CANDIDATES = (
    Candidate("hand-designed", "manual", BY_HAND, seeds=2),
    Candidate("wrong", "found", replace(BY_HAND, settings=(("momentum", 1),)), 7),
    Candidate("means", "mean"),
    Candidate("linear", "linear"),
    Candidate("trees", "boosting"),
)
SPACE = candidate_space(CANDIDATES, ("row", "row again"))


def refit(problem: Problem, name: str, seed: int = 0, *, final: bool = False, **recipe: Any) -> Outcome:
    evaluate = Refit((problem,), CANDIDATES, 3, Recipe(**{"patience": 3, **recipe}), "cpu", final)
    index = [candidate.name for candidate in CANDIDATES].index(name)
    return evaluate(Proposal(0, SPACE.point((index, seed, 0)), Fidelity(epochs=6)))


def test_the_hand_designed_network_comes_last_and_what_is_quick_first() -> None:
    order = [point.values for point in points(SPACE, CANDIDATES, 1)]
    assert order == [(2, 0, 0), (3, 0, 0), (1, 0, 0), (4, 0, 0), (0, 0, 0), (0, 1, 0)]


def test_a_seed_of_every_network_comes_before_another_seed_of_one() -> None:
    found = tuple(replace(CANDIDATES[1], name=name, seeds=2) for name in ("a", "b"))
    order = [point.values for point in points(candidate_space(found, ("row",)), found, 1)]
    assert order == [(0, 0, 0), (1, 0, 0), (0, 1, 0), (1, 1, 0)]


def test_the_hand_designed_network_comes_after_all_else_of_every_split() -> None:
    order = [point.values for point in points(SPACE, CANDIDATES, 2)]
    others = [(2, 0), (3, 0), (1, 0), (4, 0)]
    assert order[:8] == [(*one, split) for split in (0, 1) for one in others]
    assert order[8:] == [(0, 0, 0), (0, 1, 0), (0, 0, 1), (0, 1, 1)]


def test_a_point_names_its_split(tumor: Problem, tmp_path: Path) -> None:
    other = tumor.divided(replace(tumor.division, seed=5), tmp_path / "other")
    evaluate = Refit((tumor, other), CANDIDATES, 3, Recipe(patience=3), "cpu")
    index = [candidate.name for candidate in CANDIDATES].index("linear")
    first, second = (evaluate(Proposal(0, SPACE.point((index, 0, split)), Fidelity(epochs=6))) for split in (0, 1))
    assert first.scores == refit(tumor, "linear").scores
    assert second.scores == refit(other, "linear").scores != first.scores


@pytest.mark.parametrize("name", ["hand-designed", "means", "linear", "trees"])
def test_final_weights_may_be_learnt_from_validation_rows_too(tumor: Problem, name: str) -> None:
    usual, final = refit(tumor, name), refit(tumor, name, final=True)
    assert final.status is Status.OK
    for metric, value in usual.scores.items():
        if not metric.startswith("test/"):
            assert final.scores[metric] == value, "what is chosen by is measured before validation rows are learnt from"
    assert final.scores["test/log_loss"] != usual.scores["test/log_loss"]


@pytest.mark.parametrize("name", ["hand-designed", "means", "linear", "trees"])
def test_a_candidate_is_scored_on_validation_and_on_test(tumor: Problem, name: str) -> None:
    outcome = refit(tumor, name)
    assert outcome.status is Status.OK
    assert outcome.score == outcome.scores["validation/accuracy"]
    metrics = {"accuracy", "balanced_accuracy", "log_loss", "auc"}
    assert set(outcome.scores) == {f"{part}/{m}" for part in ("validation", "test") for m in metrics} | {"epochs"}
    assert outcome.parameters == (BY_HAND.parameters if name == "hand-designed" else None)
    assert outcome.seconds > 0
    assert (outcome.scores["epochs"] > 0) == (name == "hand-designed")
    assert (outcome.scores["test/accuracy"] > 0.85) == (name != "means")


def test_the_seed_decides(tumor: Problem) -> None:
    first, again, other = (refit(tumor, "hand-designed", seed).scores for seed in (0, 0, 1))
    assert first == again
    assert first != other


def test_patience_keeps_the_epoch_that_validation_prefers(tumor: Problem) -> None:
    outcome = refit(tumor, "hand-designed", learning_rate=0.5, average=None)
    assert outcome.scores["epochs"] < 6


@pytest.mark.parametrize("name", ["hand-designed", "means", "linear", "trees"])
def test_test_targets_do_not_reach_what_is_fitted(tumor: Problem, name: str, tmp_path: Path) -> None:
    data, split = tumor.data()
    target = np.array(data.target)
    target[split.test] = 1 - target[split.test]
    given = np.isin(np.arange(data.rows), split.test)  # so that the targets of test rows do not decide the split
    kept, garbled = (
        prepare(
            tmp_path / name,
            name=name,
            dataset=replace(load_raw(tumor.folder), target=values, given=given),
            division=Division("given"),
            task=tumor.task,
            metric=tumor.metric,
            target=tumor.target,
            manual=None,
        )
        for name, values in (("kept", data.target), ("garbled", target))
    )
    np.testing.assert_array_equal(kept.data()[1].train, garbled.data()[1].train)
    first, other = refit(kept, name).scores, refit(garbled, name).scores
    same = [metric for metric in first if not metric.startswith("test/")]
    assert [first[metric] for metric in same] == [other[metric] for metric in same]
    # the predictions are the same, and now wrong where they were right
    assert first["test/accuracy"] == pytest.approx(1 - other["test/accuracy"])


def test_a_failure_is_an_outcome(tumor: Problem) -> None:
    outcome = refit(tumor, "wrong")
    assert (outcome.status, outcome.score) == (Status.FAILED, None)
    assert "no setting 'momentum'" in str(outcome.error)
    diverged = refit(tumor, "hand-designed", optimizer="sgd", learning_rate=1e20)
    assert (diverged.status, diverged.parameters) == (Status.DIVERGED, BY_HAND.parameters)


def test_a_candidate_is_written_with_its_network() -> None:
    written = CANDIDATES[0].to_json()
    assert Architecture.from_json(written.pop("network")) == BY_HAND
    assert written == {"name": "hand-designed", "kind": "manual", "number": None, "seeds": 2}
    assert CANDIDATES[2].to_json()["network"] is None
