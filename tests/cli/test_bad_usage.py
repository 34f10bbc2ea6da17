"""What is asked for wrongly ends with status 2, what goes wrong with status 1; both say so in a line or two."""

from pathlib import Path

import pytest

from .conftest import Called, call

BAD_USAGE = [
    "serch tumor",
    "search",
    "search nothing",
    "search tumor --bogus",
    "search tumor --method magic",
    "search tumor --space uno-small",
    "search tumor --split cell",
    "search tumor --target colour",
    "search tumor --workers 0",
    "search tumor --workers two",
    "search tumor --evaluations 0",
    "search tumor --minutes -1",
    "search tumor --minutes 0",
    "search tumor --minutes nan",
    "search tumor --minutes inf",
    "search tumor --epochs 0",
    "search tumor --fraction 1.5",
    "search tumor --fraction 0",
    "search tumor --fraction nan",
    "search tumor --seconds 0",
    "search tumor --max-parameters 0",
    "search tumor --max-parameters many",
    "search tumor --at-most layers=3",
    "search tumor --at-most microseconds=few",
    "search tumor --at-most flops=0",
    "search tumor --at-most flops",
    "search tumor --halving asha --at-most seconds=3",
    "search tumor --executor mars:4",
    "search tumor --executor local:0",
    "search tumor --executor local:2 --workers 2",
    "search tumor --seed -1",
    "search tumor --method a3c --option batch",
    "search tumor --method a3c --option batch=0",
    "search tumor --method a3c --option batch=null",
    "search tumor --method evolution --option population=many",
    "search tumor --learning-rate 0",
    "search tumor --batch-size 1",
    "search tumor --optimizer hope",
    "search tumor --timeout 0",
    "search tumor --timeout soon",
    "search tumor --memory 0",
    "search tumor --retries -1",
    "search tumor --device abacus",
    "search tumor --folds 1",
    "search tumor --folds 5 --fold 6",
    "search tumor --folds 5 --fold 0",
    "search tumor --fold 2",
    "search tumor --folds 5 --split given",
    "search tumor --split-seed -1",
    "search tumor --inner-folds 0",
    "search tumor --inner-folds few",
    "search tumor --column value",
    "search tumor --column =growth",
    "search tumor --column value=",
    "search tumor --column colour=growth --data .",
    "search uno --data . --column value=growth --column value=auc",
    "search tumor --at-most flops=5000 --at-most flops=6000",
    "search tumor --seed 1 --seed 2",
    "search uno --data a --data=b",
    "data make pairs x --rows 100 --rows 200",
    "search tumor --method a3c --option batch=2 --option batch=3",
    "search uno --column value=growth",
    "search tumor --data .",
    "search combo",
    "resume",
    "resume x --workers 0",
    "resume x --evaluations 0",
    "resume x --minutes -1",
    "spaces nowhere",
    "data get nothing",
    "data lst",
    "trials",
    "trials x --top 0",
    "trials x --json --csv -",
    "posttrain x --top 0",
    "posttrain x --seeds 0",
    "posttrain x --epochs 0",
    "posttrain x --split",
    "report",
]
BAD_METHODS = [
    "search tumor --method a3c --option agents=0",
    "search tumor --method random --option agents=2",
    "search tumor --method evolution --option population=0",
    "search tumor --method ppo --option hope=1",
    "search tumor --objective accuracy --objective parameters",
    "search tumor --objective accuracy --objective -memory",
    "search tumor --objective -parameters --objective accuracy",
    "search tumor --objective -parameters",
    "search tumor --objective accuracy --objective accuracy",
    "search tumor --objective r2 --objective -parameters",
]
FAILURES = [
    "search uno",
    "resume nowhere",
    "status nowhere",
    "trials nowhere",
    "posttrain nowhere",
    "report nowhere",
    "search combo --data nowhere",
]


def _is_short(called: Called) -> bool:
    lines = called.err.splitlines()
    boxed = any(corner in called.err for corner in "╭│─")
    return 1 <= len(lines) <= 2 and lines[0].startswith("error: ") and "Traceback" not in called.err and not boxed


@pytest.mark.parametrize("words", BAD_USAGE)
def test_bad_usage_is_status_2_and_two_lines(words: str, tmp_path: Path) -> None:
    called = call(*words.split())
    assert called.status == 2, called
    assert _is_short(called), called.err
    assert not called.out
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("words", BAD_METHODS)
def test_what_a_method_does_not_take_is_bad_usage(words: str, tmp_path: Path) -> None:
    called = call(*words.split(), "--json")
    assert called.status == 2, called
    assert _is_short(called), called.err
    assert not called.out
    assert not list(tmp_path.iterdir())


def test_objectives_that_make_no_sense_show_before_anything_else() -> None:
    assert not call(*BAD_METHODS[-1].split()).out


@pytest.mark.parametrize("words", FAILURES)
def test_failed_work_is_status_1_and_two_lines(words: str) -> None:
    called = call(*words.split())
    assert called.status == 1, called
    assert _is_short(called), called.err
    assert not called.out


def test_a_search_without_its_data_says_how_to_get_them() -> None:
    assert "cellwright data get gdsc" in call("search", "uno").err


def test_a_second_search_into_the_same_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}")
    called = call("search", "tumor", "--out", tmp_path, "--json")
    assert called.status == 1
    assert "holds a run already" in called.err
    assert _is_short(called)
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


def test_debug_shows_the_traceback_wherever_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Traceback" in call("status", "nowhere", "--debug").err
    assert "Traceback" in call("--debug", "status", "nowhere").err
    monkeypatch.setenv("CELLWRIGHT_DEBUG", "1")
    assert "Traceback" in call("status", "nowhere").err
