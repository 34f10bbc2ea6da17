"""What is wrong with an argument of the API ends in a message, before anything is made."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cellwright as cw
from cellwright.errors import CellwrightError
from cellwright.problem import Problem

WRONG: dict[str, list[Any]] = {
    "space": [5, "no-such-space", ["tumor-small"]],
    "method": [5, None, "best", ["random"]],
    "options": [["population"], 5, {3: 4}],
    "workers": ["2", 0, 1.5, None, True],
    "evaluations": [0, -1, 1.5, "10"],
    "minutes": [0, -1, float("nan"), float("inf"), "5"],
    "epochs": [0, 1.5, "3"],
    "fraction": [0, 2, "0.1", None, float("nan"), 1e-3],
    "seconds": [0, -1, "5"],
    "inner_folds": [0, 1.5, "3", 10_000],
    "replicates": [-1, 0.5, "1"],
    "halving": ["x", 3],
    "max_parameters": ["1000", 0, 1.5],
    "at_most": [["flops"], {"flops": "5"}, {"flops": 0}, {"colour": 5}, {3: 4}],
    "objectives": [5, "colour", ["accuracy", 5], ["-parameters", "colour"]],
    "starts": [5, "point", [5]],
    "seed": [-1, 1.5, "1", None],
    "out": [5, ""],
    "recipe": ["adam", 5],
    "timeout": [0, -1, "60"],
    "memory_gib": [0, -1, "4"],
    "retries": [-1, 1.5, None],
    "device": [7, None, "tpu"],
    "command": [5],
    "observe": [3, "print"],
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_argument_of_search_ends_in_a_message(tumor: Problem, tmp_path: Path, name: str) -> None:
    for value in WRONG[name]:
        given = {"out": tmp_path / "run", "evaluations": 1, "epochs": 1, "method": "random", name: value}
        with pytest.raises(CellwrightError) as caught:
            cw.search(tumor, **given)
        assert len(str(caught.value)) > 15, value
    assert not (tmp_path / "run").exists()


def test_replicates_need_a_network_that_leads(tumor: Problem, tmp_path: Path) -> None:
    with pytest.raises(CellwrightError, match="none of 9; ask for at least 10 evaluations"):
        cw.search(tumor, evaluations=9, replicates=1, epochs=1, method="random", out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_every_argument_of_search_is_among_them() -> None:
    import inspect

    assert {*inspect.signature(cw.search).parameters} - {"problem"} == {*WRONG}


def test_a_space_may_be_named_and_numbers_may_be_numpys(tumor: Problem, tmp_path: Path) -> None:
    run = cw.search(
        tumor,
        space=tumor.name + "-small",
        method="random",
        evaluations=np.int64(1),  # type: ignore[arg-type]  # as arrays give them
        epochs=1,
        inner_folds=1,
        objectives="accuracy",
        seed=3,
        out=tmp_path / "run",
    )
    assert run.space.name == "tumor-small"
    refused: tuple[dict[str, Any], ...] = ({"top": "3"}, {"seeds": 0}, {"epochs": 1.5}, {"splits": 5}, {"refit": 3})
    for wrong in refused:
        with pytest.raises(CellwrightError):
            run.posttrain(**wrong)
    unfit: tuple[dict[str, Any], ...] = ({"evaluations": "5"}, {"minutes": "5"}, {"workers": 0})
    for wrong in unfit:
        with pytest.raises(CellwrightError):
            cw.resume(run.folder, **wrong)
    with pytest.raises(CellwrightError, match="folder of a run"):
        cw.Run(5)  # type: ignore[arg-type]
    with pytest.raises(CellwrightError, match="no trial 99"):
        run.curve(99)
    assert repr(run).splitlines()[1].strip().startswith("1 trials of 1 networks")
    best = run.best(3)
    assert best[["number", "tries"]].to_numpy().tolist() == [[0, 1]]
    assert best["estimate"].tolist() == best["score"].tolist() == run.trials()["score"].tolist()
    assert {decision.name for decision in run.space.decisions} <= set(run.trials().columns)
    assert list(run.curve(0).columns) == ["epochs", "score"]
    assert len(run.curve(0)) == 1
