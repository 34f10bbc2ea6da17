import math

import pytest

from cellwright.report.words import (
    amount,
    brief,
    duration,
    fewer,
    metric_name,
    percent,
    score,
    shape_in_words,
    share_of,
    spread,
)
from cellwright.space import Connect, Conv1D, Dense, Dropout, Identity, Input
from cellwright.space.draw import in_words


@pytest.mark.parametrize(
    ("option", "words"),
    [
        (Dense(500, "relu"), "Dense 500 relu"),
        (Dropout(0.3), "Dropout 0.3"),
        (Identity(), "Identity"),
        (Conv1D(8, 3), "Conv1D 8 kernel 3"),
        (Connect(("a", "b")), "a + b"),
        (Connect(()), "nothing"),
        (Input("cells", (3,)), "cells"),
        ("adam", "adam"),
        (0.00012345678, "0.000123457"),
        (True, "True"),
    ],
)
def test_options_are_said_in_words(option: object, words: str) -> None:
    assert in_words(option) == words


def test_figures_have_as_many_decimals_as_they_are_worth() -> None:
    assert score(0.84249) == "0.842"
    assert score(-1234567.8) == "\N{MINUS SIGN}1,234,568"
    assert score(-3e9) == "\N{MINUS SIGN}3.00e+09"
    assert score(math.nan) == score(None) == "\N{EN DASH}"
    assert spread(0.84249, 0.0021).replace("\N{NO-BREAK SPACE}", " ") == "0.842 ± 0.002"
    assert spread(0.84249, 0.00021).replace("\N{NO-BREAK SPACE}", " ") == "0.8425 ± 0.0002"
    assert spread(0.8, None) == "0.800"
    assert spread(None, 0.1) == spread(math.nan, None) == "\N{EN DASH}"
    assert percent(0.876) == "88%"
    assert percent(0.0123) == "1.2%"
    assert percent(0.0) == "0%"
    assert percent(None) == "\N{EN DASH}"
    assert [duration(s) for s in (0.001, 0.41, 3.21, 65, 250, 5000, 9000)] == [
        "under 0.01 s", "0.41 s", "3.2 s", "65 s", "4.2 min", "83 min", "2.5 h",
    ]  # fmt: skip


def test_ratios_are_said_from_the_side_of_the_found_network() -> None:
    times = "\N{MULTIPLICATION SIGN}"
    assert fewer(34.2, "fewer", "more") == f"34{times} fewer"
    assert fewer(0.5, "faster", "slower") == f"2.0{times} slower"
    assert fewer(1.0, "faster", "slower") == f"1.0{times}"
    assert fewer(None, "faster", "slower") == fewer(math.inf, "faster", "slower") == "\N{EN DASH}"
    assert share_of(34.4) == "1/34 of the hand-designed network's"
    assert share_of(1.25) == "80% of the hand-designed network's"
    assert share_of(0.4) == "2.5 times the hand-designed network's"
    assert share_of(None) == ""


def test_small_words() -> None:
    assert amount(1, "trial") == "1 trial"
    assert amount(2000, "trial") == "2,000 trials"
    assert brief("abcdef", 4) == "abc…"
    assert metric_name("r2") == "R²"
    assert metric_name("top_five") == "top five"
    assert shape_in_words((4, 1000)) == "4 \N{MULTIPLICATION SIGN} 1,000"
