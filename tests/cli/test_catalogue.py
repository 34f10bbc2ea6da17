"""What can be known without a run: problems, spaces, data, help."""

import subprocess
import sys

import pytest

from cellwright.cli import _tell

from .conftest import call

LIGHT = """
import sys
from cellwright.cli import main
for words in (["--help"], ["search", "--help"], ["problems"], ["spaces"], ["spaces", "uno-small"], ["data", "list"]):
    assert main(words) == 0, words
assert "torch" not in sys.modules
"""


def test_problems_lists_those_that_are_here_and_those_that_are_not() -> None:
    tumor, uno, combo, nt3, tissue = call("problems", "--json").json
    assert tumor["name"] == "tumor"
    assert (tumor["rows"], tumor["inputs"], tumor["manual_parameters"]) == (569, {"measurements": 30}, 6274)
    assert tumor["sizes"] == "data"
    assert (uno["rows"], uno["manual_parameters"]) == (None, 19_274_001)
    assert (uno["task"], uno["metric"], uno["sizes"], uno["fetched"]) == ("regression", "r2", "published", False)
    assert (combo["name"], combo["source"], combo["own_data"], combo["rows"]) == ("combo", None, True, None)
    assert combo["manual_parameters"] == 13_772_001
    assert (nt3["name"], nt3["task"], nt3["inputs"]) == ("nt3", "classification", {"expression": 60_483})
    assert nt3["manual_parameters"] == 154_922_918
    assert (tissue["name"], tissue["source"], tissue["own_data"], tissue["fetched"]) == ("tissue",) * 2 + (False,) * 2


def test_problems_says_how_to_get_what_is_missing() -> None:
    called = call("problems")
    assert called.status == 0
    assert "cellwright data get gdsc" in called.out
    assert "cellwright data get tissue" in called.out
    assert "bring your tables: --data DIR" in called.out


def test_spaces_are_counted_exactly() -> None:
    spaces = {row["name"]: row for row in call("spaces", "--json").json}
    assert spaces["uno-small"] == {
        "name": "uno-small",
        "problem": "uno",
        "decisions": 12,
        "size": str(13**12),
        "manual_parameters": 19_274_001,
    }
    assert {name: (row["decisions"], row["size"]) for name, row in spaces.items() if name.startswith("combo-")} == {
        "combo-small": (13, "209682766102329"),
        "combo-large": (41, str(13**33 * 51_891_840)),
    }
    assert f"{13**12:,}" in call("spaces").out
    assert [row["name"] for row in call("spaces", "tumor-small", "--json").json] == ["tumor-small"]


def test_a_space_is_drawn_by_name() -> None:
    called = call("spaces", "tumor-small")
    assert called.status == 0
    assert "dense.1" in called.out


def test_data_says_what_is_here_and_how_to_cite_it() -> None:
    gdsc, tissue, tumor = call("data", "list", "--json").json
    assert (tissue["name"], tissue["fetched"], tissue["bytes_to_download"]) == ("tissue", False, 4_729_445)
    assert (gdsc["name"], gdsc["fetched"]) == ("gdsc", False)
    assert gdsc["bytes_to_download"] > 0
    assert (tumor["name"], tumor["fetched"]) == ("tumor", True)
    called = call("data", "get", "tumor")
    assert called.status == 0
    assert "CC BY" in called.out
    assert call("data", "get", "tumor", "--json").json["name"] == "tumor"


def test_help_and_version_end_well() -> None:
    assert "search" in call().out
    assert call("--help").status == 0
    assert call("--version").out.startswith("cellwright ")


def test_nothing_of_this_imports_torch() -> None:
    done = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_an_unexpected_exception_is_called_a_bug(capsys: pytest.CaptureFixture[str]) -> None:
    assert _tell(ZeroDivisionError("division\nby zero")) == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("error: ZeroDivisionError")
    assert "--debug" in lines[1]
    assert len(lines) == 2
