"""A search that is stopped, asked, or killed from outside."""

import json
import signal
from pathlib import Path
from typing import Any

from .conftest import Driver, call


def _log(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def _evaluated_once(folder: Path) -> bool:
    events = _log(folder)
    told = [event["number"] for event in events if event["event"] == "told"]
    tries = {e["proposal"]["number"]: e["proposal"]["fidelity"]["replicate"] for e in events if e["event"] == "asked"}
    done = [e for e in events if e["event"] == "told" and e["outcome"]["status"] not in ("cached", "rejected")]
    work = [(e["key"], tries[e["number"]]) for e in done]
    return len(told) == len(set(told)) and len(work) == len(set(work))


def _wider(folder: Path) -> int:
    return int(call("status", folder, "--json").json["trials"]) + 4


def test_interrupted_resumed_and_finished(driver: Driver, tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "driven"
    driver.wait_for(5)
    called = driver.stop(signal.SIGINT)
    assert called.status == 130, called
    assert f"cellwright resume {folder}" in called.out
    assert "Traceback" not in called.err
    state = call("status", folder, "--json").json
    assert (state["state"], state["driven"]) == ("interrupted", False)
    evaluations = _wider(folder)
    resumed = call("resume", folder, "--evaluations", evaluations, "--json")
    assert resumed.status == 0, resumed.err
    assert (resumed.json["state"], resumed.json["trials"]) == ("evaluations", evaluations)
    assert _evaluated_once(folder)


def test_watched_while_it_runs_then_killed_and_resumed(driver: Driver, tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "driven"
    driver.wait_for(5)
    state = call("status", folder, "--json").json
    assert (state["state"], state["driven"]) == ("running", True)
    assert "running" in call("status").out
    assert call("trials", folder, "--json").status == 0
    for words in (("search", "tumor", "--out", folder), ("resume", folder)):
        refused = call(*words, "--json")
        assert refused.status == 1, words
        assert len(refused.err.splitlines()) <= 2
    driver.stop(signal.SIGKILL)
    state = call("status", folder, "--json").json
    assert (state["state"], state["driven"]) == ("unfinished", False)
    assert f"cellwright resume {folder}" in call("status", folder).out
    evaluations = _wider(folder)
    resumed = call("resume", folder, "--evaluations", evaluations, "--json")
    assert resumed.status == 0, resumed.err
    assert resumed.json["trials"] == evaluations
    assert _evaluated_once(folder)
