"""What a search does where the caller says nothing, and the front it ends with."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import cellwright
from cellwright.api import usual_folds, usual_limit
from cellwright.errors import UsageError
from cellwright.problem import Problem
from cellwright.space import Architecture, Choice, Decision, Dense, Float, Sketch, Space
from cellwright.trial import CONTINUES, Trial


def network(parameters: int) -> Architecture:
    """Return a network of about so many parameters."""
    sketch = Sketch()
    space = sketch.space("s", sketch.node("n", sketch.input("measurements", 30), Dense(max(1, parameters // 32))))
    return space.architecture(space.point(()))


def widths(*options: int) -> Space:
    sketch = Sketch()
    return sketch.space("s", sketch.node("n", sketch.input("measurements", 30), tuple(map(Dense, options))), units=2)


def test_a_network_may_have_a_twentieth_of_the_parameters_of_that_made_by_hand(tumor: Problem) -> None:
    problem = replace(tumor, manual=network(400_000))
    assert problem.manual is not None
    assert usual_limit(problem, widths(*range(1, 40))) == problem.manual.parameters // 20


def test_some_problems_ask_for_smaller_networks(tumor: Problem) -> None:
    problem = replace(tumor, name="nt3", inputs=(("expression", (30,)),), manual=network(4_000_000))
    assert problem.manual is not None
    assert usual_limit(problem, widths(*range(1, 40))) == problem.manual.parameters // 100


def test_where_a_tenth_of_the_space_needs_more_it_may_have_more(tumor: Problem) -> None:
    space = widths(*range(1000, 2000, 100))
    sizes = sorted(space.architecture(space.point((option,))).parameters for option in range(10))
    limit = usual_limit(replace(tumor, manual=network(400_000)), space)
    assert limit in sizes[:3]
    assert limit is not None
    assert limit > 400_000 // 20
    # one size only: all of them pass
    assert usual_limit(replace(tumor, manual=network(400_000)), widths(1000)) == 31 * 1000 + 1001 * 2


def test_where_the_network_made_by_hand_is_small_it_may_have_a_fifth(tumor: Problem) -> None:
    assert tumor.manual is not None
    assert tumor.manual.parameters == 6_274
    assert usual_limit(tumor, widths(*range(1, 40))) == 1_254
    # a fifth, up to 10,000; from 200,000 on a twentieth is more
    problem = replace(tumor, manual=network(100_000))
    assert usual_limit(problem, widths(*range(1, 40))) == 10_000


def test_without_a_network_made_by_hand_there_is_no_limit(tumor: Problem) -> None:
    assert usual_limit(replace(tumor, manual=None), widths(3)) is None


@pytest.mark.parametrize(("rows", "folds"), [(1_999, 5), (2_000, 1), (100, 5)])
def test_few_rows_are_cross_validated(tumor: Problem, rows: int, folds: int) -> None:
    assert usual_folds(replace(tumor, rows=rows)) == folds


def test_leaders_are_spread_along_the_front(tumor: Problem, tmp_path: Path) -> None:
    run = cellwright.search(
        tumor,
        space=widths(1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64),
        method="evolution",
        options={"population": 4, "sample": 2},
        evaluations=11,
        inner_folds=1,
        epochs=3,
        max_parameters=None,
        objectives=("accuracy", "-parameters"),
        out=tmp_path / "run",
        device="cpu",
    )
    summary = run.summary()
    assert summary["objectives"] == ["accuracy", "-parameters"]
    points = np.array([(point["accuracy"], -point["parameters"]) for point in summary["front"]])
    assert (np.diff(points[:, 0]) < 0).all(), "best score first, and what is worse is smaller"
    assert (np.diff(points[:, 1]) > 0).all()
    trials = {trial.number: trial for trial in run.replay().trials}
    for trial in trials.values():
        reached = np.array([trial.score, -(trial.outcome.parameters or 0)])
        assert ((points >= reached).all(axis=1)).any(), "on the front, or behind it"
    leaders = run.leaders(2)
    ends = [summary["front"][0]["number"], summary["front"][-1]["number"]]
    assert [trial.number for trial, _ in leaders] == list(dict.fromkeys(ends))
    assert len(run.leaders(100)) == len(points)
    for trial, architecture in leaders:
        assert architecture.parameters == trial.outcome.parameters


def test_leaders_are_tried_again_and_ranked_by_the_mean(tumor: Problem, tmp_path: Path) -> None:
    run = cellwright.search(
        tumor,
        space=widths(*range(1, 25)),
        method="random",
        evaluations=18,
        replicates=2,
        inner_folds=2,
        epochs=1,
        max_parameters=None,
        out=tmp_path / "run",
        device="cpu",
    )
    rows = [row for row in run.rows() if row["status"] == "ok"]
    tries: dict[str, list[float]] = {}
    for row in rows:
        tries.setdefault(row["key"], []).append(row["score"])
    for key, scores in tries.items():
        assert {row["replicate"] for row in rows if row["key"] == key} <= set(range(3))
        assert len(scores) <= 3
    confirmed = {key: sum(scores) / 3 for key, scores in tries.items() if len(scores) == 3}
    assert confirmed
    assert any(len(set(tries[key])) > 1 for key in confirmed), "other seeds and parts"
    (best, _), *_ = run.leaders(1)
    assert best.score is not None
    assert best.score == pytest.approx(np.mean(tries[best.key]))
    assert best.score >= max(confirmed.values()) - 1e-9
    assert best.score == run.summary()["best"]["score"]


def test_with_halving_few_are_trained_to_the_end_and_those_lead(tumor: Problem, tmp_path: Path) -> None:
    run = cellwright.search(
        tumor,
        space=widths(*range(1, 61)),
        method="random",
        evaluations=45,
        replicates=0,
        halving="asha",
        workers=1,
        inner_folds=1,
        epochs=9,
        max_parameters=None,
        out=tmp_path / "run",
        device="cpu",
    )
    assert run.request.halving == "asha"
    rows = run.rows()
    assert {row["status"] for row in rows} <= {"ok", "cached"}
    evaluated = [row for row in rows if row["status"] == "ok"]
    assert {row["epochs"] for row in evaluated} == {0.3333, 1.0, 3.0, 9}
    (trial, _), *_ = run.leaders(1)
    finished = [row for row in evaluated if row["epochs"] == 9]
    assert trial.score == max(row["score"] for row in finished)
    left_off = {path.stem for path in (tmp_path / "run" / "kept").iterdir()}
    assert left_off == {str(trial.number) for trial in run.replay().trials if trial.evaluated and not going(trial)} - {
        str(trial.proposal.notes[CONTINUES]) for trial in run.replay().trials if trial.passes == 9
    }


def going(trial: Trial) -> bool:
    return CONTINUES in trial.proposal.notes


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        (Float("batch_size", 8, 64), r"batch_size is a whole number, not 8\.0"),
        (Choice("optimizer", ("adam", "lbfgs")), "there is no optimizer 'lbfgs'"),
        (Float("learning_rate", 0.0, 0.1), "learning_rate > 0"),
    ],
)
def test_a_setting_that_training_cannot_take_is_told_before_any_trial(
    tumor: Problem, tmp_path: Path, setting: Decision, message: str
) -> None:
    sketch = Sketch()
    node = sketch.node("n", sketch.input("measurements", 30), (Dense(4), Dense(8)))
    space = sketch.space("s", node, units=2, settings=[setting])
    with pytest.raises(UsageError, match=message):
        cellwright.search(tumor, space=space, evaluations=3, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()
