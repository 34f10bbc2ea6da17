"""Options of search and posttrain that change what is asked for: objectives, splits, folds, methods, columns."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from tests.problems.test_own_data import written

from cellwright.runs import Run
from cellwright.trial import Fidelity

from .conftest import Called, call


@pytest.fixture(scope="module")
def traded(tmp_path_factory: pytest.TempPathFactory, data: Path) -> tuple[Path, Called]:
    """A search that trades accuracy against parameters, with the method evolution and two workers."""
    folder = tmp_path_factory.mktemp("runs") / "traded"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CELLWRIGHT_DATA", str(data))
        called = call(
            *("search", "tumor", "--method", "evolution", "--workers", 2, "--evaluations", 14, "--inner-folds", 1),
            *("--epochs", 2, "--objective", "accuracy", "--objective", "-parameters", "--replicates", 0),
            *("--out", folder, "--json"),
        )
    assert called.status == 0, called.err
    return folder, called


def copied(run: Path, target: Path) -> Path:
    shutil.copytree(run, target)
    return target


def test_objectives_end_with_a_front(traded: tuple[Path, Called]) -> None:
    folder, called = traded
    summary = called.json
    assert (summary["state"], summary["trials"], summary["method"]) == ("evaluations", 14, "evolution")
    assert summary["objectives"] == ["accuracy", "-parameters"]
    points = np.array([(point["accuracy"], point["parameters"]) for point in summary["front"]])
    assert points[0, 0] == summary["best"]["score"]
    assert (np.diff(points[:, 0]) < 0).all()
    assert (np.diff(points[:, 1]) < 0).all()
    rows = [row for row in call("trials", folder, "--json").json if row["status"] == "ok"]
    for row in rows:
        better = (points[:, 0] >= row["score"]) & (points[:, 1] <= row["parameters"])
        assert better.any()
        on_front = row["number"] in [point["number"] for point in summary["front"]]
        surpasses = (points[:, 0] >= row["score"]) & (points[:, 1] <= row["parameters"])
        strictly = (points[:, 0] > row["score"]) | (points[:, 1] < row["parameters"])
        assert not (on_front and (surpasses & strictly).any())


def test_a_front_is_shown_and_its_two_ends_are_posttrained_first(traded: tuple[Path, Called], tmp_path: Path) -> None:
    folder = copied(traded[0], tmp_path / "run")
    summary = traded[1].json
    shown = call("resume", folder)
    assert shown.status == 0
    for point in summary["front"]:
        assert f"{point['parameters']:,.0f}" in shown.out
    called = call("posttrain", folder, "--top", 2, "--epochs", 1, "--seeds", 1, "--json")
    assert called.status == 0, called.err
    found = [row for row in called.json["rows"] if row["kind"] == "found"]
    numbers = [point["number"] for point in summary["front"]]
    assert [row["number"] for row in found] == list(dict.fromkeys([numbers[0], numbers[-1]]))


def test_the_score_alone_is_traded_against_parameters_when_looked_at(searched: tuple[Path, Called]) -> None:
    summary = call("status", searched[0], "--json").json
    assert summary["objectives"] == ["accuracy"]
    assert summary["front"][0].keys() == {"number", "accuracy", "parameters"}
    assert summary["front"][0]["accuracy"] == summary["best"]["score"]


@pytest.mark.parametrize("method", ["evolution", "a2c"])
def test_every_method_works_to_the_end(method: str, tmp_path: Path) -> None:
    called = call(
        *("search", "tumor", "--method", method, "--workers", 2, "--evaluations", 6, "--inner-folds", 1),
        *("--out", tmp_path / "run", "--json"),
    )
    assert called.status == 0, called.err
    assert (called.json["method"], called.json["trials"], called.json["failed"]) == (method, 6, 0)
    assert len({row["key"] for row in call("trials", tmp_path / "run", "--json").json if row["status"] == "ok"}) == 6


def test_a_fold_of_a_cross_validation_is_searched_and_named(tmp_path: Path) -> None:
    tested = []
    for fold in (1, 2):
        folder = tmp_path / f"fold-{fold}"
        words = ("search", "tumor", "--method", "random", "--evaluations", 1, "--folds", 5, "--fold", fold)
        called = call(*words, "--split-seed", 3, "--inner-folds", 1, "--out", folder)
        assert called.status == 0, called.err
        assert f"split by row, fold {fold} of 5" in called.out
        run = Run(folder)
        division = run.problem.division
        assert (division.by, division.seed, division.folds, division.fold) == ("row", 3, 5, fold - 1)
        tested.append(run.problem.data()[1].test)
    assert len(np.intersect1d(tested[0], tested[1])) == 0
    assert all(len(test) == pytest.approx(569 / 5, abs=2) for test in tested)


def test_without_folds_there_is_no_fold() -> None:
    called = call("search", "tumor", "--fold", 2)
    assert called.status == 2
    assert "--fold says whose turn it is: give --folds too" in called.err


@pytest.mark.parametrize(("words", "folds"), [((), 5), (("--inner-folds", 1), 1), (("--inner-folds", 3), 3)])
def test_a_network_is_scored_over_inner_folds(words: tuple[object, ...], folds: int, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    called = call("search", "tumor", "--method", "random", "--evaluations", 1, *words, "--out", folder)
    assert called.status == 0, called.err
    scored = "the validation rows" if folds == 1 else f"training and validation rows in {folds} parts"
    assert f"accuracy on {scored}" in called.out
    run = Run(folder)
    assert run.request.fidelity == Fidelity(20, folds=folds)
    (trial,) = [trial for trial in run.replay().trials if trial.score is not None]
    _, split = run.problem.data()
    rows = len(split.validation) + (len(split.train) if folds > 1 else 0)
    assert trial.score is not None
    assert trial.score * rows == pytest.approx(round(trial.score * rows), abs=1e-6)


def test_the_result_says_over_which_rows_it_was_scored(tmp_path: Path) -> None:
    for folds, words in ((1, "on the validation rows"), (3, "cross-validated in 3 parts")):
        options = ("--method", "random", "--evaluations", 1, "--inner-folds", folds, "--out", tmp_path / str(folds))
        called = call("search", "tumor", *options)
        best = called.out[called.out.index("best ") :]
        assert words in best


def test_an_unknown_split_of_posttraining_is_bad_usage(run: Path, tmp_path: Path) -> None:
    folder = copied(run, tmp_path / "post")
    called = call("posttrain", folder, "--split", "cell")
    assert called.status == 2
    assert called.err.splitlines()[-1].startswith("error: ")
    assert "tumor cannot be split by 'cell'; its data knows row" in called.err
    assert not (folder / "posttrain.json").exists()


def test_posttraining_says_under_which_splits_and_from_which_rows(tmp_path: Path) -> None:
    folder, mine = tmp_path / "run", written(tmp_path / "mine", "combo")
    words = ("--method", "random", "--evaluations", 2, "--inner-folds", 1, "--max-parameters", "none")
    searched = call("search", "combo", "--data", mine, *words, "--out", folder, "--json")
    assert searched.status == 0, searched.err
    shutil.rmtree(mine)
    usual = ("posttrain", folder, "--top", 1, "--epochs", 1, "--seeds", 1)
    both = (*usual, "--split", "cell", "--split", "drug")
    called = call(*both)
    assert called.status == 0, called.err
    for said in ("r2 by row", "r2 by cell", "r2 by drug", "Final weights learnt from training and validation rows"):
        assert said in called.out, said
    assert "Only the column for the run's own split (row) is an unbiased test" in called.out
    table = call(*both, "--json").json
    assert table["splits"] == ["row", "cell", "drug"]
    assert table["refit"] is True
    assert table == json.loads((folder / "posttrain.json").read_text())
    assert call(*usual, "--no-refit", "--json").json["refit"] is False


def test_a_column_without_a_name_is_told_with_an_example() -> None:
    for text in ("value", "=growth", "value="):
        called = call("search", "uno", "--data", ".", "--column", text)
        assert called.status == 2
        assert f"--column takes ROLE=NAME, as in --column value=growth; not {text!r}" in called.err
