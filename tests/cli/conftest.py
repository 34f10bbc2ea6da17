"""Calls of the command line, in this process and in one of its own."""

import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cellwright.cli import main


@dataclass(frozen=True)
class Called:
    """What a call of the command line came to."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def call(*words: object) -> Called:
    """Call the command in this process."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        status = main([str(word) for word in words])
    return Called(status, out.getvalue(), err.getvalue())


class Driver:
    """A search in a process of its own, with far more to do than the test waits for."""

    def __init__(self, folder: Path) -> None:
        words = (
            "search",
            "tumor",
            "--method",
            "random",
            "--evaluations",
            "100000",
            "--epochs",
            "1",
            "--out",
            str(folder),
        )
        self.log = folder / "log.jsonl"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "cellwright", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def wait_for(self, trials: int) -> None:
        """Wait until so many trials are told."""
        end = time.monotonic() + 60
        while not self.log.exists() or self.log.read_text().count('"event":"told"') < trials:
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < end, "the search does not get on"
            time.sleep(0.05)

    def stop(self, number: int) -> Called:
        """Send a signal and wait for the end."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=60)
        return Called(self.process.returncode, out, err)


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CELLWRIGHT_DATA", str(data))
    monkeypatch.delenv("CELLWRIGHT_DEBUG", raising=False)


@pytest.fixture(scope="session")
def searched(tmp_path_factory: pytest.TempPathFactory, data: Path) -> tuple[Path, Called]:
    """A run of ten networks, and what the command printed."""
    folder = tmp_path_factory.mktemp("runs") / "ten"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CELLWRIGHT_DATA", str(data))
        called = call(
            *("search", "tumor", "--method", "a3c", "--evaluations", 10, "--epochs", 1),
            *("--option", "agents=2", "--option", "batch=4", "--out", folder),
        )
    assert called.status == 0, called.err
    return folder, called


@pytest.fixture
def run(searched: tuple[Path, Called]) -> Path:
    return searched[0]


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[Driver]:
    driver = Driver(tmp_path / "runs" / "driven")
    yield driver
    if driver.process.poll() is None:
        os.kill(driver.process.pid, 9)
    driver.process.communicate()
