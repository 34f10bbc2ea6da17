"""Tables on a terminal of 80 or 60 columns: no line is longer, and numbers are never cut."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from .conftest import call


def on_terminal(columns: int, *words: object) -> list[str]:
    """Return the lines that a command prints on a terminal so wide, without colours."""
    main, other = pty.openpty()
    fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "LINES"}}
    command = [sys.executable, "-m", "cellwright", *map(str, words)]
    with subprocess.Popen(command, stdout=other, stderr=other, env={**environment, "TERM": "xterm"}) as process:
        os.close(other)
        printed = b""
        while True:
            try:
                part = os.read(main, 65536)
            except OSError:  # the other end is closed
                break
            if not part:
                break
            printed += part
    os.close(main)
    assert process.returncode == 0, printed
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", printed.decode()).splitlines()


@pytest.mark.parametrize("columns", [80, 60])
def test_tables_of_trials_and_runs_fit_the_terminal(tmp_path: Path, columns: int) -> None:
    folder = tmp_path / "a folder with a long name, as projects have them"
    words = ("search", "tumor", "--method", "random", "--evaluations", 3, "--epochs", 1, "--inner-folds", 1)
    assert call(*words, "--workers", 1, "--out", folder).status == 0
    rows = call("trials", folder, "--json").json
    for asked in (("trials", folder), ("trials", folder, "--top", 2), ("compare", folder, folder)):
        lines = on_terminal(columns, *asked)
        assert max(map(len, lines)) <= columns, asked
        shown = [line for line in lines if any(f"{row['score']:.4f}" in line for row in rows if row["score"])]
        assert len(shown) >= 2, asked
        assert all("…" not in line.rsplit("  ", 1)[0] for line in shown), asked
