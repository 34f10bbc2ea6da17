"""Runs side by side: from Python, on the command line, and in the report."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.cli.conftest import call
from tests.report.crafted import Maker, Told
from tests.report.page import charts, checked, finals, tables

import cellwright as cw
from cellwright.comparison import compare
from cellwright.errors import UsageError
from cellwright.runs import Run
from cellwright.space import Space
from cellwright.trial import Fidelity, Status


@pytest.fixture
def runs(crafted: Maker, space: Space) -> tuple[Run, Run]:
    """One run that reaches 0.9 after 3 trials and 30 s, and a random one of other workers that ends at 0.8."""
    point = space.sample(np.random.default_rng(0)).values

    def told(*scores: float | None) -> list[Told]:
        return [
            Told(
                point,
                score,
                status=Status.FAILED if score is None else Status.OK,
                parameters=1000 * number,
                started=10.0 * (number - 1),
                finished=10.0 * number,
            )
            for number, score in enumerate(scores, 1)
        ]

    return (
        crafted(told(0.7, None, 0.9), name="one", method="auto", seed=1),
        crafted(told(0.6, 0.8, 0.75, 0.8), name="other", workers=4, max_parameters=None),
    )


def test_each_run_is_a_row_and_the_common_score_is_the_best_of_the_worst(runs: tuple[Run, Run]) -> None:
    found = compare(*runs)
    assert found.common == 0.8
    rows = found.table().to_dict("records")
    assert [row["run"] for row in rows] == [str(run.folder) for run in runs]
    assert [row["score"] for row in rows] == [run.summary()["best"]["score"] for run in runs]
    assert [(row["reached_trials"], row["reached_seconds"]) for row in rows] == [(3, 30.0), (2, 20.0)]
    assert [(row["trials"], row["networks"], row["seconds"]) for row in rows] == [(3, 3, 30.0), (4, 4, 40.0)]
    assert found.runs[1].records == ((10.0, 1, 0.6), (20.0, 2, 0.8))
    assert str(runs[1].folder) in repr(found)
    for _ in range(2):  # the name stays that of a function, whatever is imported
        assert cw.compare(*runs) == found


def test_what_differs_is_listed_and_nothing_else(runs: tuple[Run, Run]) -> None:
    found = compare(*runs)
    assert found.differences == {
        "method": ["auto", "random"],
        "seed": ["1", "7"],
        "workers": ["2", "4"],
        "limit on parameters": ["5,000", None],
    }
    assert compare(runs[0], runs[0]).differences == {}
    assert compare(runs[0], runs[0]).cautions == ()


def test_what_stands_in_the_way_of_a_comparison_is_said(runs: tuple[Run, Run], crafted: Maker, tmp_path: Path) -> None:
    one, other = runs
    assert compare(one, other).cautions == (
        "The runs had different numbers of workers: compare them by trials rather than by time.",
    )
    crossed = crafted([], name="crossed", fidelity=Fidelity(9, folds=5))
    said = " ".join(compare(one, crossed).cautions)
    assert "cross-validated in different ways" in said
    assert "trained for different times" in said
    assert compare(one, crossed).common is None
    elsewhere = crafted([], name="elsewhere")
    elsewhere.problem = elsewhere.problem.divided(replace(one.problem.division, seed=1), tmp_path / "divided")
    said = " ".join(compare(one, elsewhere).cautions)
    assert "test scores are of different rows" in said
    assert "a higher score may be that of easier rows" in said


def test_what_cannot_be_compared_is_refused(runs: tuple[Run, Run]) -> None:
    one, other = runs
    with pytest.raises(UsageError, match="two runs or more"):
        compare(one)
    with pytest.raises(UsageError, match="two runs or more"):
        compare(one, "other")  # type: ignore[arg-type]
    other.problem = replace(other.problem, metric="auc")
    with pytest.raises(UsageError, match=r"different metrics do not compare: accuracy in .*one'"):
        compare(one, other)


def test_the_command_shows_the_same(runs: tuple[Run, Run]) -> None:
    one, other = (run.folder for run in runs)
    (one / "posttrain.json").write_text(json.dumps(finals()))
    shown = call("compare", one, other)
    assert shown.status == 0, shown.err
    assert "0.9620 ± 0.0040" in shown.out
    assert "are those of trial 2, the test score is that of trial 3 (1,000 parameters)" in shown.out
    assert "at 0.8000 or better, which each has: A after 3 trials, 30 s; B after 2 trials, 20 s" in shown.out
    assert any(line.split() == ["limit", "on", "parameters", "5,000"] for line in shown.out.splitlines())
    parsed = call("compare", one, other, "--json").json
    assert parsed["runs"][0]["test"] == pytest.approx(0.962)
    assert parsed["runs"][1]["test"] is None
    assert parsed["differences"]["limit on parameters"] == ["5,000", None]
    assert call("compare", one).status == 2
    assert call("compare", one, one.parent).status == 1


def test_the_report_shows_runs_beside_its_own(runs: tuple[Run, Run], tmp_path: Path) -> None:
    one, other = runs
    called = call("report", one.folder, "--against", other.folder, "--out", tmp_path / "r.html")
    assert called.status == 0, called.err
    parsed, page = checked(tmp_path / "r.html")
    table = tables(page)["What each run reached"]
    assert [row[0] for row in table[1:]] == [str(one.folder), str(other.folder)]
    assert tables(page)["Settings that differ between the runs"][0][1:] == [str(one.folder), str(other.folder)]
    drawn = charts(page)["chart-runs"]["data"]
    assert [line["y"] for line in drawn] == [[0.7, 0.9, 0.9], [0.6, 0.8, 0.8]]
    assert "compare them by trials rather than by time" in parsed.text
    assert "chart-runs" not in charts(checked(one.report(tmp_path / "alone.html"))[1])
