"""How a run folder is made, and what it does not overwrite."""

import json
import math
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cellwright
from cellwright import api
from cellwright.data.folder import load_data
from cellwright.errors import DataError, RunError, SpaceError, UsageError
from cellwright.problem import Problem
from cellwright.runs import Run
from cellwright.space import Choice, Dense, Point, Sketch, Space


def widths(*options: int) -> Space:
    sketch = Sketch()
    return sketch.space("s", sketch.node("n", sketch.input("measurements", 30), tuple(map(Dense, options))), units=2)


def begun(problem: Problem, out: Path | None, **asked: Any) -> Run:
    """Return a run of one network."""
    asked = {"space": widths(2, 3, 4), "method": "random", "evaluations": 1, "workers": 1, **asked}
    asked = {"epochs": 1, "inner_folds": 1, "max_parameters": None, "replicates": 0, **asked}
    return cellwright.search(problem, out=out, device=asked.pop("device", "cpu"), **asked)


def test_what_is_not_ours_is_left_alone(tumor: Problem, tmp_path: Path) -> None:
    (tmp_path / "problem").mkdir()
    (tmp_path / "problem" / "mine.txt").write_text("mine")
    (tmp_path / "notes.txt").write_text("mine too")
    with pytest.raises(RunError, match="holds something called 'problem' that is no run's; name another folder"):
        begun(tumor, tmp_path)
    assert (tmp_path / "problem" / "mine.txt").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notes.txt", "problem"]


def test_the_log_of_a_lost_request_is_not_taken_for_this_run(tumor: Problem, tmp_path: Path) -> None:
    run = begun(tumor, tmp_path)
    (tmp_path / "run.json").unlink()
    before = (tmp_path / "log.jsonl").read_bytes()
    with pytest.raises(RunError, match=r"the log of a run whose run\.json is gone"):
        begun(tumor, tmp_path, seed=5)
    assert (tmp_path / "log.jsonl").read_bytes() == before
    assert run.folder == tmp_path


def test_a_start_that_did_not_get_far_is_begun_again(tumor: Problem, tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").touch()
    (tmp_path / "problem").mkdir()
    (tmp_path / "problem" / "half.npy").touch()
    assert begun(tumor, tmp_path).summary()["trials"] == 1
    assert not (tmp_path / "problem" / "half.npy").exists()


def test_no_two_runs_are_given_one_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert len({api.new_folder("tumor", "random") for _ in range(20)}) == 20


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"evaluations": 2.5}, "evaluations must be a whole number, not 2.5"),
        ({"max_parameters": 77.5}, "max_parameters must be a whole number, not 77.5"),
        ({"retries": 1.5}, "retries must be a whole number, not 1.5"),
        ({"method": "evolution", "options": {"population": np.int64(20)}}, "numbers, words and true or false"),
        ({"method": "evolution", "options": {"sample": 2.5}}, "option sample of method evolution takes a whole number"),
        ({"method": "evolution", "options": {"inherit": "no"}}, "takes true or false, not 'no'"),
        ({"method": "evolution", "options": {"crossover": True}}, "takes a number, not True"),
        ({"method": "ppo", "options": {"batch": 8.5}}, "option batch of method ppo takes a whole number"),
        (
            {"method": "ppo", "options": {"imitation": math.inf}},
            "option imitation of method ppo takes a number, not inf",
        ),
        ({"method": "ppo", "options": {"imitation": "much"}}, "option imitation of method ppo takes a number"),
        ({"method": "tpe", "options": {"objectives": ["r2"]}}, "has no option 'objectives'; it has none"),
        ({"device": "cuda:77"}, "there is no device 'cuda:77' here"),
        ({"starts": [Space("other", (), (Choice("a", (1, 2)),)).point((1,))]}, "a start must be a point of the space"),
        ({"starts": [{"a": 1}]}, r"a start must be a point of the space that is searched, .* not \{'a': 1\}"),
    ],
)
def test_what_cannot_be_asked_leaves_no_folder(
    tumor: Problem, tmp_path: Path, asked: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        begun(tumor, tmp_path / "run", **asked)
    assert not (tmp_path / "run").exists()


def test_a_start_out_of_range_leaves_no_folder(tumor: Problem, tmp_path: Path) -> None:
    where = widths(2, 3, 4)
    with pytest.raises(SpaceError, match="takes an index from 0 to 2, not 3"):
        begun(tumor, tmp_path / "run", space=where, starts=[Point((3,), where.fingerprint)])
    assert not (tmp_path / "run").exists()


def test_options_that_fit_are_taken(tumor: Problem, tmp_path: Path) -> None:
    options = {"population": 4, "sample": 2, "crossover": 1, "inherit": False}
    assert begun(tumor, tmp_path, method="evolution", options=options).summary()["trials"] == 1


@pytest.mark.parametrize("how", ["device", "data"])
def test_a_run_that_could_only_fail_is_not_resumed(tumor: Problem, tmp_path: Path, how: str) -> None:
    run = begun(tumor, tmp_path)
    before = (tmp_path / "log.jsonl").read_bytes()
    if how == "device":
        request = json.loads((tmp_path / "run.json").read_text())
        (tmp_path / "run.json").write_text(json.dumps({**request, "device": "cuda:77"}))
        with pytest.raises(UsageError, match="there is no device"):
            cellwright.resume(run.folder, evaluations=2)
    else:
        (tmp_path / "problem" / "rows-train.npy").unlink()
        load_data.cache_clear()  # as in another process
        with pytest.raises(DataError, match="missing or damaged"):
            cellwright.resume(run.folder, evaluations=2)
    assert (tmp_path / "log.jsonl").read_bytes() == before


def test_a_space_of_which_some_points_cannot_be_built_is_searched(tumor: Problem, tmp_path: Path) -> None:
    sketch = Sketch()
    node = sketch.node("n", sketch.input("measurements", 30), (Dense(2), Dense(10**12)))
    space = sketch.space("s", node, units=2)
    assert begun(tumor, tmp_path, space=space, max_parameters=1000).summary()["trials"] == 1


def test_a_signal_ends_what_called_the_search_too(tumor: Problem, tmp_path: Path) -> None:
    def interrupt() -> None:
        while not (tmp_path / "run" / "log.jsonl").exists() or not (tmp_path / "run" / "log.jsonl").stat().st_size:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt, match=r"go on with cellwright\.resume\("):
        begun(tumor, tmp_path / "run", space=widths(*range(1, 1000)), evaluations=1000)
    run = Run(tmp_path / "run")
    assert run.summary()["state"] == "interrupted"
    assert len(cellwright.resume(run.folder, evaluations=len(run.trials()) + 2).trials()) >= 2


def test_utilisation_is_of_the_workers_there_were(tumor: Problem, tmp_path: Path) -> None:
    run = begun(tumor, tmp_path)
    trial = json.loads(next(line for line in (tmp_path / "log.jsonl").read_text().splitlines() if '"told"' in line))
    asked = next(line for line in (tmp_path / "log.jsonl").read_text().splitlines() if '"asked"' in line)
    limits = {"evaluations": 2, "minutes": None}
    lines = [
        {"event": "started", "at": 0.0, "workers": 2, **limits},
        {**json.loads(asked), "at": 0.0},
        {**trial, "at": 10.0, "started": 0.0, "finished": 10.0},
        {"event": "stopped", "at": 10.0, "reason": "evaluations"},
        {"event": "started", "at": 10.0, "workers": 8, **limits},
        {"event": "stopped", "at": 12.0, "reason": "evaluations"},
    ]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert run.summary()["utilisation"] == pytest.approx(10 / (2 * 10 + 8 * 2))


def test_a_run_without_trials_has_the_columns_of_any_other(tumor: Problem, tmp_path: Path) -> None:
    run = begun(tumor, tmp_path)
    metrics = list(run.rows()[0]["scores"])
    columns = list(run.trials())
    assert {"number", "score", *metrics, *(decision.name for decision in run.space.decisions)} <= {*columns}
    (tmp_path / "log.jsonl").write_bytes(b"")
    assert list(run.trials()) == [name for name in columns if name not in metrics]


def test_a_name_is_no_problem() -> None:
    with pytest.raises(UsageError, match=r"such as cellwright\.problems\.load\('uno'\), not 'uno'"):
        cellwright.search("uno")  # type: ignore[arg-type]  # as users do


def test_post_training_where_it_could_only_fail_leaves_no_trace(tumor: Problem, tmp_path: Path) -> None:
    run = begun(tumor, tmp_path)
    request = json.loads((tmp_path / "run.json").read_text())
    (tmp_path / "run.json").write_text(json.dumps({**request, "device": "cuda:77"}))
    with pytest.raises(UsageError, match="there is no device"):
        Run(run.folder).posttrain(top=1, seeds=1, epochs=1)
    assert not (tmp_path / "posttrain.json").exists()
    assert not list((tmp_path / "posttrain").glob("*.jsonl"))


def test_a_run_knows_the_command_behind_it(tumor: Problem, tmp_path: Path) -> None:
    words = ("search", "tumor", "--seed", "0")
    assert Run(begun(tumor, tmp_path, command=words).folder).request.command == words
