"""Trials of spaces in which decisions may be switched off, in every form."""

from pathlib import Path

import pandas as pd
import pytest
from tests.report.crafted import Maker, Told, several

from cellwright.cli import main
from cellwright.space import Space
from cellwright.trial import Status


def test_decisions_that_are_switched_off_are_none(
    crafted: Maker, space: Space, capsys: pytest.CaptureFixture[str]
) -> None:
    run = crafted(several(space, 30))
    points = [row["point"] for row in run.rows()]
    assert {tuple(point) for point in points} == {tuple(decision.name for decision in space.decisions)}
    assert 0 < sum(point["warm-up"] is None for point in points) < 30
    assert main(["trials", str(run.folder), "--top", "30"]) == 0
    shown = capsys.readouterr().out
    assert shown.count("warm-up") == sum(point["warm-up"] is not None for point in points)


def test_a_run_without_trials_is_a_table_with_columns(
    crafted: Maker, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = crafted([])
    assert main(["trials", str(run.folder), "--parquet", str(tmp_path / "none.parquet")]) == 0
    names = {decision.name for decision in run.space.decisions}
    assert {"number", "score", *names} <= set(pd.read_parquet(tmp_path / "none.parquet").columns)
    assert main(["trials", str(run.folder), "--csv", "-"]) == 0
    assert capsys.readouterr().out.startswith("number,status,score,")


def test_whole_numbers_stay_whole_where_some_are_missing(
    crafted: Maker, space: Space, capsys: pytest.CaptureFixture[str]
) -> None:
    told = several(space, 2)
    told.append(Told(told[0].values, status=Status.REJECTED, parameters=None, worker=None, error="no"))
    run = crafted(told)
    assert main(["trials", str(run.folder), "--csv", "-"]) == 0
    header, first, *_ = capsys.readouterr().out.splitlines()
    row = dict(zip(header.split(","), first.split(","), strict=False))
    assert (row["parameters"], row["worker"]) == ("1000", "0")


def test_where_all_are_over_a_limit_it_says_so(
    crafted: Maker, space: Space, capsys: pytest.CaptureFixture[str]
) -> None:
    told = [Told(one.values, status=Status.REJECTED, worker=None, error="over") for one in several(space, 3)]
    run = crafted(told)
    assert main(["resume", str(run.folder), "--minutes", "0.001"]) == 1
    assert "no network is within the limits" in capsys.readouterr().err
