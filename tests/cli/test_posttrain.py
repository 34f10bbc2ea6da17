"""`cellwright posttrain`: what it says before, while and after it works."""

import io
import re
import shutil
import time
from contextlib import redirect_stderr
from pathlib import Path

import pytest

from cellwright.cli import fits
from cellwright.cli.posttrain import _forecast, _verdict
from cellwright.posttrain import Forecast, Plan, make_plan
from cellwright.runs import Run

from .conftest import call

QUICK = ("--top", 1, "--epochs", 1, "--seeds", 1)


@pytest.fixture
def folder(run: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(run, tmp_path / "post"))


def planned(folder: Path, against: tuple[str, ...] = ("manual", "linear")) -> Plan:
    """Return what a posttrain of one network with one seed will do."""
    asked = {"top": 1, "epochs": 1, "seeds": 1, "patience": None, "splits": (), "refit": None, "timeout": None}
    return make_plan(Run(folder), against=against, **asked)  # type: ignore[arg-type]  # the values fit their names


def test_posttrain_shows_the_found_beside_the_hand_designed_network(folder: Path) -> None:
    words = ("posttrain", folder, "--top", 2, "--epochs", 2, "--seeds", 2)
    called = call(*words, "--json")
    assert called.status == 0, called.err
    assert not called.err
    rows = called.json["rows"]
    assert [row["kind"] for row in rows] == ["found", "found", "manual", "mean", "linear", "boosting"]
    found = rows[0]
    assert found.keys() >= {"name", "kind", "parameters", "training_seconds", "scores", "ratios"}
    assert found["scores"]["accuracy"].keys() == {"mean", "sd"}
    shown = call(*words)
    assert shown.status == 0
    assert "fewer parameters" in shown.out
    assert "hand-designed" in shown.out
    assert "9 in all, 2 at once; 9 of them are finished already" in shown.out
    assert "forecast" not in shown.out, "nothing is left to do"


def test_posttrain_says_what_it_will_do_how_long_it_takes_and_each_fit(folder: Path) -> None:
    called = call("posttrain", folder, "--top", 2, "--epochs", 1, "--seeds", 2, "--against", "manual,linear")
    assert called.status == 0, called.err
    plan, table = called.out.split("hand-designed  ", 1)
    assert "2 found networks and the hand-designed network, each with 2 seeds and at most 1 epoch" in plan
    assert "7 in all, 2 at once" in plan
    assert "up to a few seconds" in plan
    assert "linear" in table
    lines = called.err.splitlines()
    assert lines[0].startswith("0 of 7 fits")
    assert len(lines) == 1 + 7
    assert "hand-designed, seed 2 of 2 took" in called.err
    assert lines[-1].startswith("7 of 7 fits")


@pytest.mark.parametrize(
    ("words", "kinds"),
    [
        (("--against", "linear, mean"), ["found", "mean", "linear"]),
        (("--against", "linear", "--against", "manual"), ["found", "manual", "linear"]),
        (("--against", "none"), ["found"]),
    ],
)
def test_what_to_compare_with_is_named_on_the_command_line(
    folder: Path, words: tuple[str, ...], kinds: list[str]
) -> None:
    called = call("posttrain", folder, *QUICK, *words, "--json")
    assert called.status == 0, called.err
    assert [row["kind"] for row in called.json["rows"]] == kinds


@pytest.mark.parametrize("text", ["forest", "linear,none", ""])
def test_an_unknown_comparison_is_bad_usage(folder: Path, text: str) -> None:
    called = call("posttrain", folder, *QUICK, "--against", text)
    assert called.status == 2
    assert f"--against takes manual, mean, linear, boosting, or none alone; not {text!r}" in called.err
    assert not (folder / "posttrain").exists()


def test_a_limit_of_minutes_ends_the_fit_at_work(folder: Path) -> None:
    words = ("--top", 1, "--epochs", 10**6, "--seeds", 1, "--against", "manual", "--workers", 1, "--minutes", 0.1)
    since = time.monotonic()
    called = call("posttrain", folder, *words)
    assert time.monotonic() - since < 120, "a fit takes hours"
    assert called.status == 0, called.err
    said = "not finished within the limit of 0.1 minutes; the same command without it goes on"
    assert re.search(rf"^found 1 \(trial \d+\): {said}$", called.out, re.MULTILINE)
    assert re.search(rf"^hand-designed: {said}$", called.out, re.MULTILINE)


def test_a_long_fit_is_seen_to_go_on(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fits, "LINE_SECONDS", 0.05)
    err = io.StringIO()
    with redirect_stderr(err), fits.watched_fits(planned(folder), (), 1, lines=True):
        time.sleep(0.3)
    lines = err.getvalue().splitlines()
    assert 3 <= len(lines) <= 7
    assert all(re.fullmatch(r"0 of 3 fits, 0\.\d s; fitting linear", line) for line in lines)


def test_the_forecast_names_the_part_of_the_hand_designed_network_and_how_to_leave_it_out(folder: Path) -> None:
    plan = planned(folder, ("manual", "linear", "boosting"))
    said = "up to about 14 min, of which the hand-designed network takes about 11 min"
    assert _forecast(Forecast(838.0, 655.0, {}), plan) == f"{said}; leave it out with --against linear,boosting"
    assert (
        _forecast(Forecast(41.0, 10.0, {}), plan)
        == "up to about 40 s, of which the hand-designed network takes about 10 s"
    )
    assert _forecast(Forecast(41.0, 0.0, {}), planned(folder, ("linear",))) == "up to about 40 s"
    assert _forecast(Forecast(4.0, 3.0, {}), plan) == "up to a few seconds"
    slow = _forecast(Forecast(100.0, 0.0, {}, ("hand-designed",)), planned(folder, ("manual",)))
    assert slow == (
        "up to about 2 min, and longer for the hand-designed network, which could not be measured in a few seconds; "
        "leave it out with --against none"
    )


@pytest.mark.parametrize(
    ("score", "said"),
    [(-0.0071, "r2 0.0071 lower than"), (0.02, "r2 0.0200 higher than"), (-0.00001, "r2 equal to")],
)
def test_a_found_network_that_is_worse_is_said_to_be_worse(score: float, said: str) -> None:
    ratios = {"parameters": 20.0, "training_seconds": 2.0, "score": score}
    words = _verdict({"kind": "found", "name": "found 1", "ratios": ratios}, "r2")
    assert words == f"found 1: 20x fewer parameters, 2.0x faster to train, {said} the hand-designed network"


def test_a_baseline_that_is_better_is_named_also_where_nothing_was_designed_by_hand(folder: Path) -> None:
    called = call("posttrain", folder, *QUICK, "--against", "mean,linear", "--json")
    found, _, linear = (row["scores"]["accuracy"]["mean"] for row in called.json["rows"])
    shown = call("posttrain", folder, *QUICK, "--against", "mean,linear").out
    assert ("linear scores higher" in shown) == (linear > found)
