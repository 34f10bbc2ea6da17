import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import cellwright
from cellwright.errors import RunError, UsageError
from cellwright.posttrain import Candidate, posttrain
from cellwright.posttrain.refit import candidate_space
from cellwright.posttrain.table import tabulate
from cellwright.problem import Problem
from cellwright.runs import Run
from cellwright.space import Architecture, Choice, Dense, Sketch, Space
from cellwright.store import JsonLog
from cellwright.trial import Outcome, Proposal, Status, Trial

OPTIONS: dict[str, Any] = {"top": 2, "epochs": 3, "seeds": 2, "workers": 2}


@pytest.fixture(scope="module")
def searched(tumor: Problem, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "tumor"
    cellwright.search(tumor, method="random", evaluations=8, epochs=2, seed=1, out=folder, device="cpu")
    return folder


@pytest.fixture
def run(searched: Path, tmp_path: Path) -> Run:
    """A run of its own for each test."""
    return Run(shutil.copytree(searched, tmp_path / "run"))


def told(folder: Path) -> list[dict[str, Any]]:
    (log,) = (folder / "posttrain").glob("*.jsonl")
    return [event for event in JsonLog(log, write=False).events() if event["event"] == "told"]


def test_the_leaders_stand_beside_what_they_must_beat(run: Run) -> None:
    seen: list[Trial] = []
    finalists = posttrain(run, observe=seen.append, **OPTIONS)
    rows = finalists.rows
    assert [row["kind"] for row in rows] == ["found", "found", "manual", "mean", "linear", "boosting"]
    assert len(seen) == 3 * 2 + 3
    assert finalists.metric == "accuracy"
    assert set(finalists.metrics) == {"accuracy", "balanced_accuracy", "log_loss", "auc"}
    by_hand, means = rows[2], rows[3]
    table = finalists.table()
    assert table["name"].tolist() == [row["name"] for row in rows]
    assert table["parameters"].tolist()[:3] == [row["parameters"] for row in rows[:3]]
    assert table["auc"].tolist() == [row["scores"]["auc"]["mean"] for row in rows]
    assert table["auc sd"].isna().tolist() == [row["scores"]["auc"]["sd"] is None for row in rows]
    assert f"{by_hand['scores']['accuracy']['mean']:.4f}" in repr(finalists)
    for row, (trial, architecture) in zip(rows, run.leaders(2), strict=False):
        assert row["name"].endswith(f"(trial {trial.number})")
        assert (row["number"], row["key"]) == (trial.number, architecture.key)
        assert row["parameters"] == trial.outcome.parameters
        assert row["ratios"]["parameters"] == by_hand["parameters"] / row["parameters"] > 5
        assert row["ratios"]["training_seconds"] == by_hand["training_seconds"] / row["training_seconds"]
        difference = row["scores"]["accuracy"]["mean"] - by_hand["scores"]["accuracy"]["mean"]
        assert row["ratios"]["score"] == difference
        assert 0 < row["epochs"] <= 3
    assert by_hand["ratios"] == {"parameters": 1.0, "training_seconds": 1.0, "score": 0.0}
    assert all(row["scores"]["accuracy"]["sd"] is not None for row in rows[:3])
    assert all(row["scores"]["accuracy"]["sd"] is None for row in rows[3:])
    assert all(row["note"] is None for row in rows)
    assert all(row["scores"]["auc"]["mean"] > means["scores"]["auc"]["mean"] == 0.5 for row in rows if row != means)
    assert json.loads((run.folder / "posttrain.json").read_text()) == finalists.to_json()


def test_what_is_done_is_not_done_again(run: Run) -> None:
    first = posttrain(run, **OPTIONS)
    before = told(run.folder)
    assert posttrain(run, **OPTIONS) == first
    assert told(run.folder) == before
    # a run that was killed in the middle goes on where it stopped
    (log,) = (run.folder / "posttrain").glob("*.jsonl")
    lines = log.read_text().splitlines(keepends=True)
    log.write_text("".join(lines[: len(lines) // 2]))
    (run.folder / "posttrain.json").unlink()
    again = posttrain(run, **OPTIONS)
    assert [row["scores"] for row in again.rows] == [row["scores"] for row in first.rows]
    kept = [event for event in before if json.dumps(event, separators=(",", ":")) + "\n" in lines[: len(lines) // 2]]
    assert 0 < len(kept) < len(before)
    assert told(run.folder)[: len(kept)] == kept


def test_what_failed_by_bad_luck_is_tried_again_and_once_it_worked_no_more(run: Run) -> None:
    options: dict[str, Any] = {"top": 1, "epochs": 1, "seeds": 2, "against": ("mean",)}
    first = posttrain(run, **options)
    (log,) = (run.folder / "posttrain").glob("*.jsonl")
    events = [json.loads(line) for line in log.read_text().splitlines()]
    killed = next(event for event in events if event["event"] == "told")
    killed["outcome"] |= {"status": "killed", "score": None, "scores": {}, "error": "the worker died"}
    log.write_text("".join(json.dumps(event) + "\n" for event in events))
    again = posttrain(run, **options)
    assert [row["scores"] for row in again.rows] == [row["scores"] for row in first.rows]
    assert all(row["note"] is None for row in again.rows)
    logs = sorted((run.folder / "posttrain").glob("*.jsonl"))
    assert len(logs) == 2
    assert sum(event["event"] == "told" for event in JsonLog(logs[0], write=False).events()) == 1
    assert posttrain(run, **options) == again
    assert sorted((run.folder / "posttrain").glob("*.jsonl")) == logs


def test_other_numbers_have_a_log_of_their_own(run: Run) -> None:
    posttrain(run, top=1, epochs=1, seeds=1, against=("manual",))
    posttrain(run, top=1, epochs=2, seeds=1, against=("manual",))
    assert len(list((run.folder / "posttrain").glob("*.jsonl"))) == 2


def test_posttraining_is_reproducible(run: Run, tmp_path: Path) -> None:
    other = Run(shutil.copytree(run.folder, tmp_path / "other"))
    first, again = (posttrain(one, top=1, epochs=2, seeds=2) for one in (run, other))
    assert [row["scores"] for row in first.rows] == [row["scores"] for row in again.rows]


def test_a_failed_candidate_is_shown_and_says_why(run: Run) -> None:
    manual = run.problem.manual
    assert manual is not None
    run.problem = replace(run.problem, manual=replace(manual, settings=(("momentum", 0.9),)))
    rows = posttrain(run, top=1, epochs=1, seeds=2).rows
    by_hand = rows[1]
    assert by_hand["kind"] == "manual"
    assert by_hand["note"].startswith("2 of 2 failed: cellwright.errors.UsageError: training has no setting 'momentum'")
    assert (by_hand["scores"], by_hand["training_seconds"]) == ({}, None)
    assert rows[0]["scores"]
    assert rows[0]["ratios"]["score"] is None
    assert rows[0]["ratios"]["training_seconds"] is None
    assert rows[0]["ratios"]["parameters"] > 1


def test_without_a_manual_network_there_are_no_ratios(run: Run) -> None:
    run.problem = replace(run.problem, manual=None)
    (row,) = posttrain(run, top=1, epochs=1, seeds=1, against=("manual",)).rows
    assert row["ratios"] == {"parameters": None, "training_seconds": None, "score": None}


def test_without_a_successful_trial_there_is_nothing_to_posttrain(run: Run) -> None:
    log = run.folder / "log.jsonl"
    log.write_text(log.read_text().splitlines(keepends=True)[0])
    with pytest.raises(RunError, match="has no successful trial yet; search on"):
        posttrain(run)


@pytest.mark.parametrize("wrong", ["top", "seeds", "patience", "epochs"])
def test_numbers_below_one_are_refused(run: Run, wrong: str) -> None:
    options: dict[str, Any] = {wrong: 0}
    with pytest.raises(UsageError, match="must be at least 1"):
        run.posttrain(**options)


def architecture(width: int) -> Architecture:
    sketch = Sketch()
    space = sketch.space("s", sketch.node("n", sketch.input("x", 3), Dense(width)))
    return space.architecture(space.point(()))


@pytest.fixture
def trial() -> Callable[..., Trial]:
    """Makes trials of three candidates."""
    space = Space(
        "candidates", (), (Choice("candidate", ("a", "b", "c")), Choice("seed", (0, 1, 2)), Choice("split", (0, 1)))
    )

    def make(
        candidate: int, seed: int, r2: float | None, rmse: float = 0.0, seconds: float = 1.0, split: int = 0
    ) -> Trial:
        proposal = Proposal(3 * candidate + seed, space.point((candidate, seed, split)))
        measured = {"validation/r2": (r2 or 0) + 0.25, "test/r2": r2 or 0, "test/rmse": rmse, "epochs": 4.0 + seed}
        measured["validation/rmse"] = rmse / 2
        failed = Outcome(Status.FAILED, error="Traceback:\n  a line\nValueError: too small\n")
        good = Outcome(Status.OK, (r2 or 0) + 0.25, measured, None, seconds)
        return Trial(proposal, failed if r2 is None else good, f"{candidate} {seed}", 0, 1)

    return make


def test_the_table_is_as_worked_out_by_hand(trial: Callable[..., Trial]) -> None:
    candidates = (
        Candidate("a", "found", architecture(5), number=4, seeds=3),
        Candidate("b", "manual", architecture(20), seeds=3),
        Candidate("c", "linear"),
    )
    trials = [
        trial(2, 0, 0.5, rmse=4.0, seconds=0.5),
        trial(1, 0, 0.25, rmse=2.0, seconds=8.0),
        trial(1, 1, 0.75, rmse=4.0, seconds=4.0),
        trial(0, 1, 0.75, rmse=1.0, seconds=2.0),
        trial(0, 0, 0.5, rmse=3.0, seconds=2.0),
        trial(0, 2, None),
    ]
    finalists = tabulate(candidates, trials, metric="r2", epochs=9, seeds=3, splits=("row",), refit=False)
    found, by_hand, line = finalists.rows
    assert (finalists.metric, finalists.metrics, finalists.epochs, finalists.seeds) == ("r2", ("r2", "rmse"), 9, 3)
    assert (found["parameters"], by_hand["parameters"], line["parameters"]) == (26, 101, None)
    # mean 0.625, deviations +-0.125, over one degree of freedom
    assert found["scores"] == {
        "r2": {"mean": 0.625, "sd": pytest.approx(2**0.5 * 0.125)},
        "rmse": {"mean": 2.0, "sd": pytest.approx(2**0.5)},
    }
    assert found["validation"]["r2"]["mean"] == 0.875
    assert (found["training_seconds"], found["epochs"], found["note"]) == (
        2.0,
        4.5,
        "1 of 3 failed: ValueError: too small",
    )
    assert found["ratios"] == {"parameters": 101 / 26, "training_seconds": 3.0, "score": 0.125}
    assert by_hand["ratios"] == {"parameters": 1.0, "training_seconds": 1.0, "score": 0.0}
    assert line["scores"]["r2"] == {"mean": 0.5, "sd": None}
    assert line["ratios"] == {"parameters": None, "training_seconds": 12.0, "score": 0.0}


def test_what_was_never_tried_has_an_empty_row(trial: Callable[..., Trial]) -> None:
    finalists = tabulate((Candidate("a", "linear"),), [], metric="r2", epochs=1, seeds=1, splits=("row",), refit=True)
    assert finalists.rows[0]["scores"] == {}
    assert finalists.rows[0]["note"] is None


def test_a_space_of_candidates_names_them() -> None:
    space = candidate_space((Candidate("a", "linear"), Candidate("b", "mean")), ("row", "drug"))
    assert space.named(space.point((1, 3, 1))) == {"candidate": "b", "seed": 3, "split": "drug"}


def test_each_split_has_its_own_scores_and_ratios(trial: Callable[..., Trial]) -> None:
    candidates = (Candidate("a", "found", architecture(5)), Candidate("b", "manual", architecture(20)))
    trials = [
        trial(candidate, 0, r2, seconds=seconds, split=split)
        for candidate, split, r2, seconds in ((0, 0, 0.5, 1.0), (1, 0, 0.25, 2.0), (0, 1, 0.25, 3.0), (1, 1, 0.5, 1.5))
    ]
    finalists = tabulate(candidates, trials, metric="r2", epochs=1, seeds=1, splits=("row", "drug"), refit=False)
    found, _ = finalists.rows
    assert finalists.to_json()["splits"] == ["row", "drug"]
    assert {name: one["scores"]["r2"]["mean"] for name, one in found["splits"].items()} == {"row": 0.5, "drug": 0.25}
    assert {name: one["ratios"]["score"] for name, one in found["splits"].items()} == {"row": 0.25, "drug": -0.25}
    assert {name: one["ratios"]["training_seconds"] for name, one in found["splits"].items()} == {
        "row": 2.0,
        "drug": 0.5,
    }
    assert found["scores"] == found["splits"]["row"]["scores"]


def test_where_the_search_cross_validated_every_network_trains_as_long_as_there(run: Run) -> None:
    assert run.request.fidelity.folds == 5
    rows = posttrain(run, top=1, seeds=1, against=("manual",)).rows
    assert [row["epochs"] for row in rows] == [run.request.fidelity.epochs] * 2
    (stopped,) = posttrain(run, top=1, seeds=1, epochs=40, patience=1, against=()).rows
    assert stopped["epochs"] < 40


def test_what_is_not_finished_within_the_minutes_is_left_out_and_finished_by_the_same_call_without(run: Run) -> None:
    options: dict[str, Any] = {"top": 1, "epochs": 1, "seeds": 2, "against": ("mean", "manual"), "workers": 1}
    limited = run.posttrain(minutes=1e-6, **options)
    assert [row["scores"] for row in limited.rows] == [{}, {}, {}]
    note = "not finished within the limit of 1e-06 minutes; the same command without it goes on"
    assert [row["note"] for row in limited.rows] == [note] * 3
    whole = run.posttrain(**options)
    assert all(row["scores"] and row["note"] is None for row in whole.rows)
    assert [row["scores"] for row in run.posttrain(minutes=1e-6, **options).rows] == [
        row["scores"] for row in whole.rows
    ]
    (log,) = (run.folder / "posttrain").glob("*.jsonl")
    lines = log.read_text().splitlines(keepends=True)
    first = next(place for place, line in enumerate(lines) if '"event":"told"' in line)
    log.write_text("".join(lines[: first + 1]))  # the baseline only
    found, manual, means = run.posttrain(minutes=1e-6, **options).rows
    assert [row["note"] for row in (found, manual, means)] == [note, note, None]
    assert (found["scores"], means["scores"]) == ({}, whole.rows[2]["scores"])
    with pytest.raises(UsageError, match="minutes must be above 0"):
        run.posttrain(minutes=0, **options)


def test_a_row_of_fewer_seeds_than_asked_for_says_so(trial: Callable[..., Trial]) -> None:
    candidates = (
        Candidate("a", "found", architecture(5), seeds=3),
        Candidate("b", "manual", architecture(20), seeds=3),
    )
    asked: dict[str, Any] = {"metric": "r2", "epochs": 1, "seeds": 3, "splits": ("row",), "refit": False}
    found, by_hand = tabulate(candidates, [trial(0, 0, 0.5), trial(0, 1, 0.75)], minutes=10, **asked).rows
    assert found["scores"]["r2"]["mean"] == 0.625
    limit = "within the limit of 10 minutes; the same command without it goes on"
    assert found["note"] == f"2 of 3 seeds finished {limit}"
    assert (by_hand["scores"], by_hand["note"]) == ({}, f"not finished {limit}")
