"""What the sections say: of regression and classification, of one and several objectives, of ensembles."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.report.crafted import FIDELITY, Maker, Told
from tests.report.page import charts, checked, finals, tables

from cellwright import problems
from cellwright.data.splits import Division
from cellwright.problem import Problem
from cellwright.report.data_section import split_in_words
from cellwright.runs import Run
from cellwright.space import Choice, Dense, Sketch, Space

SCORES = (0.5, 0.9, 0.8, 0.7)
PARAMETERS = (100, 4000, 1000, 2000)
NAMES = {"r2": "R²", "accuracy": "accuracy", "auc": "AUC"}


def told(space: Space) -> list[Told]:
    """Four networks; the last is worse than another that is smaller."""
    rng = np.random.default_rng(0)
    return [
        Told(space.sample(rng).values, score, parameters=size, started=number, finished=number + 1.0)
        for number, (score, size) in enumerate(zip(SCORES, PARAMETERS, strict=True))
    ]


@pytest.fixture(params=["accuracy", "auc", "r2"])
def of(request: pytest.FixtureRequest, problem: Problem, space: Space, response: Problem) -> tuple[Problem, Space]:
    """A problem of each kind and a space of it."""
    if request.param != "r2":
        return replace(problem, metric=request.param), space
    return response, problems.space(response)


@pytest.mark.parametrize("costs", [(), ("parameters",), ("parameters", "seconds"), ("flops",)])
def test_the_front_has_its_scores_under_their_names(
    crafted: Maker, of: tuple[Problem, Space], costs: tuple[str, ...], tmp_path: Path
) -> None:
    metric = of[0].metric
    objectives = (metric, *(f"-{cost}" for cost in costs)) if costs else ()
    run = crafted(told(of[1]), of=of, objectives=objectives)
    run.problem = of[0]
    parsed, page = checked(run.report(tmp_path / "r.html"))
    caption = next(title for title in tables(page) if title.startswith("Pareto front"))
    words = {"parameters": "parameters", "seconds": "seconds of training", "flops": "FLOPs per row"}
    assert caption == f"Pareto front of {', '.join([NAMES[metric], *(words[c] for c in costs[:-1])])} and " + (
        words[costs[-1]] if costs else "parameters"
    )
    header, *rows = tables(page)[caption]
    assert header[:3] == ["trial", f"validation {NAMES[metric]}", "parameters"]
    front = sorted(run.front(), key=lambda point: -point[1][metric])
    assert [row[0] for row in rows] == [str(trial.number) for trial, _ in front]
    assert [float(row[1]) for row in rows] == [pytest.approx(reached[metric], abs=1e-4) for _, reached in front]
    assert [int(row[2].replace(",", "")) for row in rows] == [trial.outcome.parameters for trial, _ in front]
    if costs in ((), ("parameters",)):
        assert [row[0] for row in rows] == ["1", "2", "0"]
    assert "-parameters" not in parsed.text.partition("Reproduce")[0]
    if metric == "r2":
        assert "r2" not in parsed.text.partition("Reproduce")[0]


def test_the_data_and_what_was_noted_are_on_the_page(crafted: Maker, of: tuple[Problem, Space], tmp_path: Path) -> None:
    run = crafted(told(of[1]), of=of)
    run.problem = replace(of[0], notes=("12 rows <averaged>", "a drug left out"))
    parsed, page = checked(run.report(tmp_path / "r.html"))
    for word in (run.problem.target, NAMES[run.problem.metric], f"{run.problem.rows:,}", *run.problem.notes):
        assert word in parsed.text
    assert [row[0] for row in tables(page)["Inputs of the networks"][1:]] == [name for name, _ in run.problem.inputs]


def test_a_split_is_said_with_all_that_stays_together() -> None:
    assert split_in_words(Division("row", 3)) == "at random, row by row; seed 3"
    said = split_in_words(Division("cell", 1, folds=5, fold=2).with_group("patient"))
    together = "all rows of one cell line are in the same part, and all rows of one patient"
    assert said == f"by cell line: {together}; test fold 3 of 5; seed 1"


@pytest.mark.parametrize("members", [1, 2, 4])
def test_layers_add_up_to_the_total_whatever_the_members(
    crafted: Maker, problem: Problem, members: int, tmp_path: Path
) -> None:
    sketch = Sketch()
    node = sketch.node("n", sketch.input("measurements", 30), (Dense(4), Dense(8)))
    space = sketch.space("s", node, units=2, settings=(Choice("members", (members, 9)),))
    run = crafted([Told((0, 0), 0.9)], of=(problem, space))
    _, page = checked(run.report(tmp_path / "r.html"))
    rows = tables(page)["Layers of the best network"][1:]
    layers = [int(row[-1].replace(",", "")) for row in rows if row[0] and row[-1]]
    total = int(rows[-1][-1].replace(",", ""))
    assert sum(layers) * members == total == run.leaders(1)[0][1].parameters
    if members > 1:
        assert rows[-2][1:] == ["one ensemble member", "", "", f"{sum(layers)}"]
        assert rows[-1][1] == f"total ({members} ensemble members)"


def test_learning_curves_are_those_of_the_log(tmp_path: Path) -> None:
    import cellwright as cw

    tumor = problems.load("tumor")
    run = cw.search(
        tumor, method="random", evaluations=3, epochs=3, inner_folds=1, workers=1, out=tmp_path / "run", device="cpu"
    )
    drawn = charts(checked(run.report())[1])["chart-curves"]["data"]
    for line in drawn:
        number = int(line["name"].removeprefix("trial "))
        curve = run.curve(number)
        assert line["x"] == curve["epochs"].tolist()
        assert line["y"] == [round(score, 5) for score in curve["score"]]
        assert curve["epochs"].iloc[-1] == 3


def test_the_report_of_a_resumed_run_has_the_limit_in_force(tmp_path: Path) -> None:
    import cellwright as cw

    tumor = problems.load("tumor")
    cw.search(
        tumor, method="random", evaluations=2, epochs=1, inner_folds=1, workers=1, out=tmp_path / "run", device="cpu"
    )
    run: Run = cw.resume(tmp_path / "run", evaluations=4)
    parsed, _ = checked(run.report())
    assert "limit on evaluations4" in parsed.text.replace("\n", "")


def test_a_network_of_several_tries_has_one_score_everywhere(crafted: Maker, space: Space, tmp_path: Path) -> None:
    """Network "a" is tried three times; "b" was luckier, once."""
    rng = np.random.default_rng(0)
    values = [space.sample(rng).values for _ in range(8)]
    told = [
        Told(values[0], score, key="a", fidelity=replace(FIDELITY, replicate=n))
        for n, score in enumerate((0.9, 0.86, 0.82))
    ]
    told.append(Told(values[1], 0.87, key="b", parameters=900))
    told += [Told(values[place], 0.6 + place / 100, key=str(place)) for place in range(2, 8)]
    run = crafted(told)
    (run.folder / "posttrain.json").write_text(json.dumps(finals(rows=[{**finals()["rows"][0], "number": 0}])))
    parsed, page = checked(run.report(tmp_path / "r.html"))
    assert run.summary()["best"]["score"] == pytest.approx(0.86)
    assert "validation accuracy in the search0.860" in parsed.text.replace("\n", "")
    (front,) = [rows for caption, rows in tables(page).items() if caption.startswith("Pareto front")]
    assert front[1][1] == "0.8700"
    assert "Trial 0 counts as the best" in parsed.text
    assert "counts as the best" not in checked(crafted(told[:1], name="one").report(tmp_path / "one.html"))[0].text
