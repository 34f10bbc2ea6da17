"""Scripts that call `search`: workers import them, and what stands in the way of that is said in two lines."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

BODY = """
import cellwright as cw
from cellwright import problems

def main():
    tumor = problems.load("tumor")
    run = cw.search(tumor, evaluations=2, epochs=1, inner_folds=1, workers=1, out={out!r}, device="cpu")
    print(len(run.trials()))
"""
KILL_THE_SERVER = """
import os, signal, threading, time
from multiprocessing import forkserver
from cellwright.errors import RunError

def kill():
    while getattr(forkserver._forkserver, "_forkserver_pid", None) is None:
        time.sleep(0.001)
    os.kill(forkserver._forkserver._forkserver_pid, signal.SIGKILL)

if __name__ == "__main__":
    threading.Thread(target=kill, daemon=True).start()
    try:
        main()
    except RunError as error:
        print(error)
"""

Ran = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Ran:
    """Runs a script, from a file or read from standard input."""
    body = BODY.format(out=str(tmp_path / "run"))

    def called(end: str, *, piped: bool = False) -> subprocess.CompletedProcess[str]:
        script = tmp_path / "script.py"
        script.write_text(body + end)
        command = [sys.executable, "-" if piped else str(script)]
        text = script.read_text() if piped else None
        return subprocess.run(command, input=text, capture_output=True, text=True, timeout=120, check=False)

    return called


def test_a_script_with_a_guard_runs(run: Ran) -> None:
    done = run("if __name__ == '__main__': main()")
    assert (done.returncode, done.stdout) == (0, "2\n"), done.stderr


@pytest.mark.parametrize(
    ("piped", "word"), [(False, "starts workers of its own"), (True, "Save the script as a .py file")]
)
def test_a_script_that_workers_cannot_import_ends_in_two_lines(run: Ran, piped: bool, word: str) -> None:
    done = run("main()", piped=piped)
    lines = done.stderr.strip().splitlines()
    assert done.returncode == 1
    assert len(lines) == 2, done.stderr
    assert word in done.stderr
    assert "if __name__ == '__main__':" in lines[1]
    mended = run("if __name__ == '__main__': main()")
    assert (mended.returncode, mended.stdout) == (0, "2\n"), mended.stderr


def test_a_server_of_workers_that_is_killed_while_it_starts_is_named(run: Ran) -> None:
    done = run(KILL_THE_SERVER)
    (said,) = done.stdout.splitlines()
    assert said == "workers could not be started: the process that starts them died; try again"
    assert "Traceback" not in done.stderr
