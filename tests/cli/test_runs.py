"""Commands on runs: search, resume, status, trials, posttrain, report."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from .conftest import Called, call

SUMMARY = {"run", "state", "trials", "failed", "best", "utilisation", "seconds"}
TRIAL = {"number", "status", "score", "parameters", "seconds", "key", "point", "error"}


def _copied(run: Path, target: Path) -> Path:
    shutil.copytree(run, target)
    return target


def test_a_search_says_what_it_does_and_what_came_of_it(searched: tuple[Path, Called]) -> None:
    folder, called = searched
    for words in ("569 rows", "790,272", "1,254", "--max-parameters none", "10 trials", "6,274", str(folder)):
        assert words in called.out, words
    assert f"cellwright posttrain {folder}" in called.out
    assert f"cellwright report {folder}" in called.out
    assert "10 of 10 trials" in called.err
    assert "\x1b" not in called.out + called.err


def test_search_prints_one_json_document(tmp_path: Path) -> None:
    called = call(
        *("search", "tumor", "--method", "random", "--executor", "local:2", "--evaluations", 3, "--json"),
        *("--max-parameters", "none", "--timeout", "none", "--seed", 3, "--space", "tumor-small"),
    )
    assert called.status == 0, called.err
    assert called.json.keys() >= SUMMARY
    assert (called.json["state"], called.json["trials"]) == ("evaluations", 3)
    assert called.json["best"].keys() == {"number", "score", "parameters", "epochs"}
    assert not called.err
    assert len(list((tmp_path / "runs").glob("tumor-random-*"))) == 1


def test_what_costs_too_much_is_counted_and_no_leader(tmp_path: Path) -> None:
    words = (
        *("--space", "tumor-small", "--method", "random", "--evaluations", 4),
        *("--max-parameters", "none", "--inner-folds", 1, "--epochs", 1),
    )
    called = call("search", "tumor", *words, "--at-most", "microseconds=0.0001", "--out", "small", "--json")
    assert called.status == 1
    assert "no network is within the limits" in called.err
    assert (called.json["rejected"], called.json["failed"], called.json["best"]) == (4, 0, None)
    shown = call("resume", "small", "--evaluations", 5)
    assert "5 rejected over a limit" in shown.out
    called = call("search", "tumor", *words, "--at-most", "flops=3000", "--out", "few", "--json")
    assert called.status == 0, called.err
    assert called.json["best"]["parameters"] < 3000
    assert called.json["rejected"] > 0


def test_a_search_that_trains_nothing_is_a_failure(tmp_path: Path) -> None:
    called = call("search", "tumor", "--method", "random", "--max-parameters", 10, "--out", "small", "--json")
    assert called.status == 1
    assert "error: " in called.err
    assert "Traceback" not in called.err


def test_resume_goes_on_to_a_wider_limit(run: Path, tmp_path: Path) -> None:
    folder = _copied(run, tmp_path / "wider")
    called = call("resume", folder, "--evaluations", 13, "--json")
    assert called.status == 0, called.err
    assert (called.json["trials"], called.json["state"]) == (13, "evaluations")
    shown = call("resume", folder)
    assert shown.status == 0
    assert "13 trials" in shown.out


def test_status_of_one_run_and_of_all(run: Path, tmp_path: Path) -> None:
    one = call("status", run, "--json").json
    assert one.keys() >= SUMMARY
    assert (one["state"], one["driven"], one["evaluations"]) == ("evaluations", False, 10)
    assert "ended after the trials asked for" in call("status", run).out
    assert call("status", "--json").json == []
    assert "no runs" in call("status").out
    _copied(run, tmp_path / "runs" / "older")
    os.utime(tmp_path / "runs" / "older" / "log.jsonl", (1e9, 1e9))
    _copied(run, tmp_path / "runs" / "newer")
    (tmp_path / "runs" / "broken").mkdir()
    (tmp_path / "runs" / "broken" / "run.json").write_text("{}")
    os.utime(tmp_path / "runs" / "broken" / "run.json", (2e8, 2e8))
    rows = call("status", "--json").json
    assert [(row["run"], row["state"]) for row in rows] == [
        ("runs/newer", "evaluations"),
        ("runs/older", "evaluations"),
        ("runs/broken", "damaged"),
    ]
    shown = call("status").out.splitlines()
    assert [line.split()[0] for line in shown[2:]] == ["runs/newer", "runs/older", "runs/broken", "runs/broken:"]


def test_trials_in_every_form(run: Path, searched: tuple[Path, Called], tmp_path: Path) -> None:
    rows = call("trials", run, "--json").json
    assert all(row.keys() >= TRIAL for row in rows)
    assert sum(row["status"] == "ok" for row in rows) == 10
    csv = call("trials", run, "--csv", "-")
    assert csv.out.count("\n") == len(rows) + 1
    assert call("trials", run, "--csv", "t.csv").status == 0
    assert (tmp_path / "t.csv").read_text() == csv.out
    assert call("trials", run, "--parquet", "t.parquet").status == 0
    frame = pd.read_parquet(tmp_path / "t.parquet")
    assert frame["number"].tolist() == [row["number"] for row in rows]
    shown = frame.drop(columns="number").iloc[0]
    assert {name: str(shown[name]) for name in rows[0]["point"]} == {n: str(v) for n, v in rows[0]["point"].items()}
    best = call("trials", run, "--top", 3, "--json").json
    scores = [row["score"] for row in rows if row["status"] == "ok"]
    assert [row["score"] for row in best] == sorted(scores, reverse=True)[:3]
    assert call("status", run, "--json").json["best"]["score"] == best[0]["score"]
    assert f"{best[0]['score']:.4f} with" in searched[1].err.strip().splitlines()[-1]
    assert "Dense" in call("trials", run).out
    assert call("trials", run, "--csv", "no/such/folder.csv").status == 1


def test_output_into_a_closed_pipe_is_silent(run: Path) -> None:
    command = f"{shlex.quote(sys.executable)} -m cellwright trials {shlex.quote(str(run))} --json | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert done.stdout == "[\n"
    assert not done.stderr


def test_report_writes_a_page_and_prints_its_path(run: Path, tmp_path: Path) -> None:
    called = call("report", run, "--out", "page.html")
    assert called.status == 0, called.err
    assert called.out == "page.html\n"
    assert "<html" in (tmp_path / "page.html").read_text()[:500].lower()


@pytest.mark.parametrize("command", ["search", "resume", "posttrain", "trials", "status", "report"])
def test_every_command_has_help(command: str) -> None:
    called = call(command, "--help")
    assert called.status == 0
    assert command in called.out


def test_a_damaged_run_is_told_by_its_line(run: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / "run.json").write_bytes((run / "run.json").read_bytes())
    (copy / "problem").symlink_to(run / "problem")
    first = (run / "log.jsonl").read_text().splitlines()[0]
    (copy / "log.jsonl").write_text(f"{first}\nrubbish\n")
    called = call("trials", copy)
    assert called.status == 1
    assert "line 2" in called.err
    assert len(called.err.splitlines()) <= 2
