"""How long post-training will take, from what the search measured and a moment of training."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import cellwright
from cellwright.posttrain import Plan, carry_out, forecast, make_plan
from cellwright.posttrain.forecast import network_seconds
from cellwright.problem import Problem
from cellwright.runs import Run
from cellwright.space import Architecture
from cellwright.trial import CONTINUES, Fidelity, Outcome, Proposal, Status, Trial


@pytest.fixture(scope="module")
def searched(tumor: Problem, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "tumor"
    asked: dict[str, Any] = {"evaluations": 2, "epochs": 1, "workers": 1, "inner_folds": 1, "replicates": 0}
    cellwright.search(tumor, method="random", out=folder, device="cpu", **asked)
    return folder


@pytest.fixture
def run(searched: Path, tmp_path: Path) -> Run:
    return Run(shutil.copytree(searched, tmp_path / "run"))


def planned(run: Run, **asked: Any) -> Plan:
    usual: dict[str, Any] = {"top": 1, "epochs": 2, "seeds": 2, "patience": None, "against": ("manual", "linear")}
    return make_plan(run, **{**usual, "splits": (), "refit": True, "timeout": None, **asked})


def trial(number: int, fidelity: Fidelity, seconds: float, **more: Any) -> Trial:
    space = cellwright.problems.space(cellwright.problems.load("tumor"), "tumor-small")
    point = space.point([0] * len(space.decisions))
    outcome = Outcome(Status.OK, 0.5, curve=more.get("curve", ()))
    proposal = Proposal(number, point, fidelity, more.get("notes", {}))
    return Trial(proposal, outcome, "key", 10.0, 10.0 + seconds)


def test_a_trial_of_the_search_says_how_long_its_network_takes_for_a_row(tumor: Problem) -> None:
    _, split = tumor.data()
    train, known = len(split.train), len(split.known)
    plain = trial(0, Fidelity(4, 0.5), 8.0)
    assert network_seconds([plain], 0, tumor) == (8.0, 8.0 / (4 * 0.5 * train))
    crossed = trial(0, Fidelity(4, folds=5), 8.0)
    assert network_seconds([crossed], 0, tumor) == (8.0, 8.0 / (4 * 4 * known))
    stopped_early = trial(0, Fidelity(20), 8.0, curve=((1.0, 0.4), (2.0, 0.5)))
    assert network_seconds([stopped_early], 0, tumor) == (8.0, 8.0 / (2 * train))
    assert network_seconds([plain], 1, tumor) is None


def test_of_a_training_that_was_left_off_all_parts_count(tumor: Problem) -> None:
    _, split = tumor.data()
    trials = [
        trial(0, Fidelity(9, stop=1.0), 2.0),
        trial(1, Fidelity(9, stop=1.0), 50.0),
        trial(2, Fidelity(9, stop=3.0), 4.0, notes={CONTINUES: 0}),
        trial(3, Fidelity(9, stop=1.0, replicate=1), 70.0, notes={CONTINUES: 0}),
    ]
    assert network_seconds(trials, 2, tumor) == (6.0, 6.0 / (3 * len(split.train)))


def test_every_model_has_a_forecast_and_that_of_the_hand_designed_network_is_told_apart(run: Run) -> None:
    expected = forecast(planned(run), run.replay().trials, workers=1, device="cpu")
    assert not expected.unknown
    linear, found, manual = expected.fits.values()
    assert list(expected.fits)[::2] == ["linear", "hand-designed"]
    assert expected.manual == pytest.approx(2 * manual)
    assert expected.whole == pytest.approx(2 * found + 2 * manual + linear)
    assert forecast(planned(run, epochs=400), (), workers=1, device="cpu").manual > expected.manual
    alone = forecast(planned(run, against=("linear",)), run.replay().trials, workers=1, device="cpu")
    assert alone.manual == 0.0


def test_what_is_finished_takes_no_time(run: Run) -> None:
    plan = planned(run)
    carry_out(run, plan, workers=1)
    expected = forecast(plan, run.replay().trials, workers=1, device="cpu")
    assert (expected.whole, expected.manual, dict(expected.fits)) == (0.0, 0.0, {})


def test_a_network_that_cannot_be_measured_is_named_and_left_out(run: Run) -> None:
    manual = run.problem.manual
    assert isinstance(manual, Architecture)
    run.problem = replace(run.problem, manual=replace(manual, settings=(("momentum", 0.9),)))
    expected = forecast(planned(run), run.replay().trials, workers=1, device="cpu")
    assert expected.unknown == ("hand-designed",)
    assert expected.manual == 0.0
    assert expected.whole > 0
