import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellwright.errors import UsageError
from cellwright.space import Choice, Dense, Sketch
from cellwright.train.recipe import SCHEDULES, Recipe, pace, recipe_of


@given(st.integers(0, 999))
def test_a_constant_rate_is_1_throughout(step: int) -> None:
    assert pace("constant", step, 1000) == 1.0


def test_a_cosine_goes_up_over_a_tenth_and_then_down_as_worked_out_by_hand() -> None:
    steps = [pace("cosine", step, 100) for step in range(100)]
    np.testing.assert_allclose(steps[:10], np.arange(1, 11) / 10)
    # 90 steps of falling: a third of the way cos(60 degrees), half of it cos(90 degrees)
    assert steps[10] == 1.0
    assert steps[40] == pytest.approx(0.75)
    assert steps[55] == pytest.approx(0.5)
    assert steps[70] == pytest.approx(0.25)
    assert 0 < steps[99] < 0.001


@given(st.integers(1, 3000))
def test_a_cosine_rises_once_and_falls_once(steps: int) -> None:
    rates = np.array([pace("cosine", step, steps) for step in range(steps)])
    top = int(rates.argmax())
    assert rates[top] == 1.0
    assert (rates > 0).all()
    assert (np.diff(rates[: top + 1]) > 0).all()
    assert (np.diff(rates[top:]) <= 1e-12).all()
    if steps >= 10:
        assert top == round(0.1 * steps) - 1
    if steps >= 100:
        assert rates[-1] < 0.001


def test_steps_beyond_the_last_bring_nothing() -> None:
    assert pace("cosine", 100, 100) == pace("cosine", 150, 100) == 0.0


def test_an_unknown_schedule_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="no schedule 'linear'; known: constant, cosine"):
        Recipe(schedule="linear")


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_space_may_decide_the_schedule(schedule: str) -> None:
    sketch = Sketch()
    node = sketch.node("n", sketch.input("x", 3), Dense(2))
    space = sketch.space("s", node, settings=(Choice("schedule", SCHEDULES),))
    architecture = space.architecture(space.point((SCHEDULES.index(schedule),)))
    assert recipe_of(architecture, Recipe(patience=3)) == Recipe(schedule=schedule, patience=3)
