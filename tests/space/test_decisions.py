import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cellwright.errors import SpaceError
from cellwright.seeds import Use, rng_for
from cellwright.space import (
    Choice,
    Decision,
    Float,
    Integer,
    Space,
    Value,
    When,
    space_from_json,
    space_to_json,
)
from cellwright.space.decisions import redraw

choices = st.integers(1, 20).map(lambda n: Choice("c", tuple(range(n))))
integers = st.builds(
    lambda low, more, log: Integer("i", low if not log else max(1, low), max(low, 1) + more, log),
    st.integers(-50, 50),
    st.integers(0, 10_000),
    st.booleans(),
)
floats = st.builds(
    lambda low, more, log: Float("f", abs(low) + 1e-6 if log else low, abs(low) + 2e-6 + more, log),
    st.floats(-100, 100),
    st.floats(0.001, 1000),
    st.booleans(),
)
decisions = st.one_of(choices, integers, floats)


@settings(deadline=None)
@given(decisions, st.floats(0, 1))
def test_every_place_in_the_unit_interval_is_a_value_and_back(decision: Decision, unit: float) -> None:
    value = decision.at(unit)
    assert decision.check(value) == value
    again = decision.at(decision.unit(value))
    if isinstance(decision, Float):
        assert again == pytest.approx(value, rel=1e-9, abs=1e-9)
    else:
        assert again == value


def test_all_values_are_reached_evenly() -> None:
    units = np.linspace(0, 1, 1001)
    for decision in (Choice("c", tuple("abcde")), Integer("i", 3, 7)):
        counts = np.bincount([decision.at(unit) for unit in units])
        assert set(counts[counts > 0]) <= {200, 201}
        assert (counts > 0).sum() == 5


def test_log_spreads_over_magnitudes() -> None:
    assert Float("f", 1e-4, 1, log=True).at(0.5) == pytest.approx(1e-2)
    # 1, 2-3, 4-7 take a third of the interval each
    assert [Integer("i", 1, 7, log=True).at(unit) for unit in (0.0, 0.32, 0.34, 0.52, 0.67, 1.0)] == [1, 1, 2, 2, 4, 7]


@settings(deadline=None)
@given(decisions.filter(lambda decision: decision.size != 1), st.integers(0, 100))
def test_a_redraw_is_another_value(decision: Decision, seed: int) -> None:
    rng = rng_for(seed, Use.SAMPLE)
    value = decision.at(rng.random())
    other = redraw(decision, value, rng)
    assert other != value
    assert decision.check(other) == other


@pytest.mark.parametrize("decision", [Float("f", 1e-4, 1, log=True), Float("f", -3, 5), Integer("i", 1, 1000)])
def test_a_number_is_most_often_redrawn_near_itself_at_either_end_too(decision: Decision) -> None:
    rng = rng_for(0, Use.SAMPLE)
    for unit in (0.0, 0.3, 1.0):
        value = decision.at(unit)
        moved = np.array([abs(decision.unit(redraw(decision, value, rng)) - decision.unit(value)) for _ in range(500)])
        assert 0.6 < np.mean(moved < 0.2) < 0.95
        assert np.mean(moved < 0.05) > 0.2
        assert moved.max() > 0.5


def test_small_ranges_are_redrawn_to_any_other_number() -> None:
    rng = rng_for(0, Use.SAMPLE)
    for size in (2, 3, 5):
        decision = Integer("i", 1, size)
        others = {redraw(decision, value, rng) for value in range(1, size + 1) for _ in range(200)}
        assert others == set(range(1, size + 1))


@settings(deadline=None)
@given(decisions, st.floats(0, 1))
def test_neighbours_are_other_valid_values(decision: Decision, unit: float) -> None:
    value = decision.at(unit)
    neighbours = list(decision.neighbours(value))
    assert value not in neighbours
    assert len(set(neighbours)) == len(neighbours)
    assert all(decision.check(other) == other for other in neighbours)


def test_neighbours_of_numbers_are_near_and_far() -> None:
    assert list(Integer("i", 1, 3).neighbours(2)) == [1, 3]
    assert list(Integer("i", 1, 3).neighbours(3)) == [2]
    assert list(Integer("i", 1, 30).neighbours(16)) == [6, 13, 15, 17, 19, 26]
    assert sorted(Float("f", 0, 30).neighbours(15.0)) == pytest.approx([5, 12, 14.25, 15.75, 18, 25])
    assert sorted(Float("f", 0, 10).neighbours(9.9)) == pytest.approx([9.9 - 10 / 3, 8.9, 9.65])
    assert list(Choice("c", ("ab", "ef")).neighbours(1)) == [0]


def test_numbers_of_numpy_are_numbers() -> None:
    index = Choice("c", ("x", "y")).check(np.int64(1))
    assert (index, type(index)) == (1, int)
    assert type(Integer("i", 0, 5).check(np.uint8(3))) is int
    assert type(Float("f", 0, 1).check(np.float32(0.5))) is float
    assert type(Float("f", 0, 1).check(1)) is float


def test_options_differ_by_type_too() -> None:
    assert Choice("c", (1, 1.0, True)).size == 3
    assert Choice("c", (1, True)).means(1) is True


def test_a_whole_float_range_is_the_same_definition() -> None:
    assert repr(Float("f", 0, 1)) == repr(Float("f", 0.0, 1.0))


def test_lists_become_tuples() -> None:
    assert Choice("c", ["a", "b"]).options == ("a", "b")  # type: ignore[arg-type]  # what a user may write
    assert When("c", ["a"]).values == ("a",)  # type: ignore[arg-type]  # as above


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: When("c", ()), "condition on 'c' names no value"),
        (lambda: When("c", "relu"), r"condition on 'c' takes a tuple of values, not 'relu'; write \('relu',\)"),  # type: ignore[arg-type]  # on purpose
        (lambda: When("", (1,)), "a condition needs a name, not ''"),
        (lambda: Choice("c", ()), "choice 'c' has no options"),
        (lambda: Choice("c", (1, 2, 1)), r"choice 'c' lists an option twice: \(1, 2, 1\)"),
        (lambda: Choice("c", "relu"), "choice 'c' takes a tuple of options, not 'relu'"),  # type: ignore[arg-type]  # on purpose
        (lambda: Choice("c", ([1], [2])), "choice 'c' takes a tuple of hashable options"),
        (lambda: Choice("c", 5), "choice 'c' takes a tuple of hashable options, not 5"),  # type: ignore[arg-type]  # on purpose
        (lambda: Choice(7, (1,)), "a choice needs a name, not 7"),  # type: ignore[arg-type]  # on purpose
        (lambda: Choice("c", (1,), "d"), "choice 'c' depends on a When, not on 'd'"),  # type: ignore[arg-type]  # on purpose
        (lambda: Integer("i", 3, 2), "integer 'i' needs whole numbers low <= high.*got 3 to 2"),
        (lambda: Integer("i", 0, 2, log=True), "integer 'i' needs .* low >= 1 with log=True; got 0 to 2"),
        (lambda: Integer("i", 0.5, 2), "integer 'i' needs whole numbers.*got 0.5 to 2"),  # type: ignore[arg-type]  # on purpose
        (lambda: Integer("i", False, 2), "integer 'i' needs whole numbers.*got False to 2"),
        (lambda: Float("f", 1, 1), "float 'f' needs finite low < high.*got 1 to 1"),
        (lambda: Float("f", 0, math.inf), "float 'f' needs finite low < high.*got 0 to inf"),
        (lambda: Float("f", 0, 1, log=True), "float 'f' needs.*low > 0 with log=True; got 0 to 1"),
        (lambda: Float("f", "0", 1), "float 'f' needs finite low < high.*got '0' to 1"),  # type: ignore[arg-type]  # on purpose
    ],
)
def test_a_decision_that_cannot_be_is_refused(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(SpaceError, match=message):
        make()


@pytest.mark.parametrize(
    ("decision", "value", "message"),
    [
        (Choice("c", ("x", "y")), 2, "decision 'c' takes an index from 0 to 1, not 2"),
        (Choice("c", ("x", "y")), "x", "decision 'c' takes an index from 0 to 1, not 'x'"),
        (Choice("c", ("x", "y")), True, "decision 'c' takes an index from 0 to 1, not True"),
        (Integer("i", 1, 3), 4, "decision 'i' takes a whole number from 1 to 3, not 4"),
        (Integer("i", 1, 3), 2.0, "decision 'i' takes a whole number from 1 to 3, not 2.0"),
        (Float("f", 0, 1), math.nan, "decision 'f' takes a number from 0.0 to 1.0, not nan"),
        (Float("f", 0, 1), True, "decision 'f' takes a number from 0.0 to 1.0, not True"),
    ],
)
def test_a_value_out_of_range_is_refused(decision: Decision, value: Value, message: str) -> None:
    with pytest.raises(SpaceError, match=message):
        decision.check(value)


@pytest.mark.parametrize(("low", "high", "log"), [(1e-160, 1e160, True), (-1e308, 1e308, False)])
def test_a_range_that_numbers_cannot_span_is_refused(low: float, high: float, log: bool) -> None:
    with pytest.raises(SpaceError, match="spans more"):
        Float("f", low, high, log)


def test_the_only_value_cannot_be_redrawn() -> None:
    with pytest.raises(SpaceError, match="decision 'c' has one value only"):
        redraw(Choice("c", ("x",)), 0, rng_for(0, Use.SAMPLE))


def test_numbers_of_numpy_are_those_of_python() -> None:
    low, high = iter(np.array([1, 4]))
    rates = Choice("learning_rate", tuple(np.logspace(-4, -2, 3)))
    steps = Integer("steps", low, high)
    space = Space("numpy", (), (rates, steps))
    copy = space_from_json(json.loads(json.dumps(space_to_json(space))))
    assert copy == space
    point = (1, 3)
    assert copy.architecture(copy.point(point)).key == space.architecture(space.point(point)).key
    assert {type(option) for option in rates.options} == {float}
