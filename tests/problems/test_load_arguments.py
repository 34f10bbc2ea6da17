"""What `problems.load` is given is checked where it comes in."""

from pathlib import Path
from typing import Any

import pytest

from cellwright import problems
from cellwright.errors import DataError, UsageError


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": 5}, "the name of a problem must be a text, not 5"),
        ({"name": ["uno"]}, "the name of a problem must be a text"),
        ({"name": "unu"}, "there is no problem 'unu'; known: tumor, uno"),
        ({"target": 5}, "target must be a text, not 5"),
        ({"target": ["auc", "ln_ic50"]}, "target must be a text"),
        ({"split": None}, "what a split is by must be a text, not None"),
        ({"split": ["cell"]}, "what a split is by must be a text"),
        ({"seed": -1}, "the seed of a split must not be negative"),
        ({"seed": "1"}, "the seed of a split must be a whole number, not '1'"),
        ({"data": 3.5}, r"data must be the path of a file or folder, not 3\.5"),
        ({"data": ""}, "data must be the path"),
        ({"data": "a\0b"}, "data must be the path"),
        ({"data": "nowhere"}, "there is no file or folder 'nowhere'"),
        ({"columns": ["value"]}, "columns must be .*, not "),
        ({"data": "nowhere", "columns": {5: "y"}}, "there is no role 5"),
        ({"data": "nowhere", "columns": {"value": 5}}, "one column is the value, not 5"),
        ({"data": "nowhere", "columns": {"value": ["y", "z"]}}, "one column is the value, not "),
        ({"data": "nowhere", "columns": {"exclude": 5}}, "the columns to exclude must be a text, or a list of texts"),
        ({"group": ["a", "b"]}, "group must be a text, not "),
        ({"group": "patient"}, "group is said of your own tables"),
        ({"test": 5}, "test must be a text, or a list of texts, not 5"),
        ({"test": [1, 2]}, "test must be a text, or a list of texts"),
        ({"test": "cohort"}, "test is said of your own tables"),
        ({"drop_missing_targets": "no"}, "drop_missing_targets must be True or False"),
        ({"drop_missing_targets": True}, "drop_missing_targets is said of your own tables"),
        ({"min_class": "3"}, "min_class must be a whole number, not '3'"),
        ({"min_class": 0}, "min_class must be at least 1"),
        ({"metric": 5}, "metric must be a text, not 5"),
        ({"metric": "mse"}, "classification maximises one of accuracy, balanced_accuracy, auc, not 'mse'"),
    ],
)
def test_an_argument_of_a_wrong_kind_is_named(
    options: dict[str, Any], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CELLWRIGHT_DATA", str(tmp_path))
    given = {"name": "uno" if "data" in options else "tumor", **options}
    with pytest.raises((UsageError, DataError), match=message):
        problems.load(given.pop("name"), **given)
