"""Post-training under several splits, with and without validation rows, and against what one likes."""

import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.train.test_evaluate import space

import cellwright
from cellwright.errors import RunError, UsageError
from cellwright.posttrain import posttrain
from cellwright.problem import Problem
from cellwright.runs import Run
from cellwright.store import JsonLog
from cellwright.trial import Trial

ROW = {
    "name",
    "kind",
    "number",
    "key",
    "parameters",
    "training_seconds",
    "epochs",
    "scores",
    "validation",
    "ratios",
    "note",
    "splits",
}
QUICK: dict[str, Any] = {"top": 1, "epochs": 1, "seeds": 2, "workers": 1, "against": ("mean", "linear")}


@pytest.fixture(scope="module")
def searched(response: Problem, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose problem's own folder is gone."""
    place = tmp_path_factory.mktemp("runs")
    problem = response.divided(response.division, place / "source")
    cellwright.search(
        problem,
        space=space(problem),
        method="random",
        evaluations=2,
        workers=1,
        out=place / "run",
        device="cpu",
        max_parameters=None,
    )
    shutil.rmtree(place / "source")
    return place / "run"


@pytest.fixture
def run(searched: Path, tmp_path: Path) -> Run:
    return Run(shutil.copytree(searched, tmp_path / "run"))


def logs(run: Run) -> list[Path]:
    return sorted((run.folder / "posttrain").glob("*.jsonl"))


def told(log: Path) -> list[dict[str, Any]]:
    return [event for event in JsonLog(log, write=False).events() if event["event"] == "told"]


def test_other_splits_stand_beside_the_runs_own(run: Run) -> None:
    seen: list[Trial] = []
    finalists = posttrain(run, splits=("cell", "row", "cell"), observe=seen.append, **QUICK)
    assert finalists.splits == ("row", "cell")
    assert len(seen) == 2 * (2 + 2)
    alone = posttrain(run, **QUICK)
    assert alone.splits == ("row",)
    for row, of_own in zip(finalists.rows, alone.rows, strict=True):
        assert list(row["splits"]) == ["row", "cell"]
        assert row["scores"] == row["splits"]["row"]["scores"] == of_own["scores"]
        assert row["validation"] == row["splits"]["row"]["validation"] == of_own["validation"]
        for one in row["splits"].values():
            assert set(one["scores"]) == {"r2", "rmse", "mae", "pearson"}
        assert row["splits"]["cell"]["scores"] != row["scores"]
    means = finalists.rows[1]
    assert means["kind"] == "mean"
    assert means["scores"]["r2"]["mean"] > means["splits"]["cell"]["scores"]["r2"]["mean"], "cell lines nobody has met"


def test_another_split_is_that_of_the_problem_and_made_once(run: Run, response: Problem, tmp_path: Path) -> None:
    posttrain(run, splits=("cell",), **QUICK)
    kept = run.folder / "posttrain" / "split-cell"
    made = Problem.load(kept)
    expected = response.divided(replace(response.division, by="cell"), tmp_path / "expected")
    assert made == replace(expected, folder=kept)
    for one, other in zip(made.data(), expected.data(), strict=True):
        for part in ("target",) if hasattr(one, "target") else ("train", "validation", "test"):
            assert getattr(one, part).tolist() == getattr(other, part).tolist()
    before = (kept / "problem.json").stat().st_mtime_ns
    posttrain(run, splits=("cell",), **{**QUICK, "seeds": 1})
    assert (kept / "problem.json").stat().st_mtime_ns == before
    (kept / "problem.json").write_text("rubbish")
    assert posttrain(run, splits=("cell",), **{**QUICK, "top": 2}).splits == ("row", "cell")
    assert Problem.load(kept) == made


@pytest.mark.parametrize("by", ["tissue", "given", "auto"])
def test_a_split_the_data_does_not_know_is_answered_with_the_known_ones(run: Run, by: str) -> None:
    message = f"response cannot be split by '{by}'; its data knows row, pair, cell, drug"
    with pytest.raises(UsageError, match=message):
        posttrain(run, splits=("cell", by), **QUICK)
    assert not logs(run)
    assert not (run.folder / "posttrain.json").exists()


def test_each_request_has_its_log_and_nothing_is_done_twice(run: Run) -> None:
    requests: list[dict[str, Any]] = [{}, {"splits": ("cell",)}, {"splits": ("cell", "drug")}, {"refit": False}]
    first = [posttrain(run, **{**QUICK, **request}) for request in requests]
    assert len(logs(run)) == len(requests)
    before = {log: log.read_text() for log in logs(run)}
    counts = Counter(len(told(log)) for log in logs(run))
    assert counts == {4: 2, 8: 1, 12: 1}
    again = [posttrain(run, **{**QUICK, **request}) for request in requests]
    assert again == first
    assert {log: told(log) for log in logs(run)} == {log: told(log) for log in before}
    assert posttrain(run, **{**QUICK, "refit": True}) == first[0], "True is the default of so few rows"
    assert len(logs(run)) == len(requests)


def test_what_was_interrupted_goes_on_in_the_second_split(run: Run) -> None:
    options: dict[str, Any] = {**QUICK, "splits": ("cell",)}
    whole = posttrain(run, **options)
    (log,) = logs(run)
    before = told(log)
    lines = log.read_text().splitlines(keepends=True)
    ends = [place for place, line in enumerate(lines) if '"event":"told"' in line]
    log.write_text("".join(lines[: ends[5] + 1]))  # six of eight fits: two of the second split
    shutil.rmtree(run.folder / "posttrain" / "split-cell")
    again = posttrain(run, **options)
    assert told(log)[:6] == before[:6]
    assert len(told(log)) == 8
    for one, other in zip(again.rows, whole.rows, strict=True):
        for split in ("row", "cell"):
            assert one["splits"][split]["scores"] == other["splits"][split]["scores"]


@pytest.mark.parametrize(
    ("against", "kinds"),
    [((), []), (("linear",), ["linear"]), (("boosting", "mean"), ["mean", "boosting"])],
)
def test_leaders_are_compared_with_what_one_likes(run: Run, against: tuple[str, ...], kinds: list[str]) -> None:
    finalists = posttrain(run, **{**QUICK, "against": against})
    assert [row["kind"] for row in finalists.rows] == ["found", *kinds]
    found = finalists.rows[0]
    assert set(found["ratios"].values()) == {None}, "no hand-designed network to be compared with"


def test_an_unknown_comparison_is_answered_with_the_known_ones(run: Run) -> None:
    message = "nothing to compare with called 'forest'; known: manual, mean, linear, boosting"
    with pytest.raises(UsageError, match=message):
        posttrain(run, against=("mean", "forest"))
    assert not logs(run)


@pytest.mark.parametrize(("rows", "refit"), [(4_999, True), (5_000, False)])
def test_final_weights_come_from_all_rows_where_each_counts(run: Run, rows: int, refit: bool) -> None:
    run.problem = replace(run.problem, rows=rows)
    options: dict[str, Any] = {**QUICK, "against": ("mean",), "seeds": 1}
    usual = posttrain(run, **options)
    assert usual.refit == usual.to_json()["refit"] == refit
    other = posttrain(run, refit=not refit, **options)
    assert other.refit is not refit
    for row, again in zip(usual.rows, other.rows, strict=True):
        assert row["validation"] == again["validation"]
        assert row["scores"] != again["scores"]


def test_the_table_is_plain_json_of_known_keys(run: Run) -> None:
    finalists = posttrain(run, splits=("drug",), **QUICK).to_json()
    assert set(finalists) == {"metric", "metrics", "epochs", "seeds", "splits", "refit", "rows"}
    for row in finalists["rows"]:
        assert set(row) == ROW
        assert set(row["ratios"]) == {"parameters", "training_seconds", "score"}
        for one in row["splits"].values():
            assert set(one) == {"scores", "validation", "training_seconds", "epochs", "ratios", "note"}
            assert all(set(value) == {"mean", "sd"} for value in one["scores"].values())
    found, means, _ = finalists["rows"]
    assert found["scores"]["r2"]["sd"] is not None
    assert means["scores"]["r2"]["sd"] is None


def test_a_run_without_a_trial_is_told_before_any_split_is_made(run: Run) -> None:
    log = run.folder / "log.jsonl"
    log.write_text(log.read_text().splitlines(keepends=True)[0])
    with pytest.raises(RunError, match="no successful trial"):
        posttrain(run, splits=("cell",), **QUICK)
