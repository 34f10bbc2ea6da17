import numpy as np
import pytest

from cellwright.report.effects import marginal_effects, shares
from cellwright.space import Choice, Dense, Float, Input, Integer, Node, Space, When
from cellwright.trial import Outcome, Proposal, Status, Trial


def _space() -> Space:
    layer = Choice("layer", (Dense(4, "relu"), Dense(8, "tanh")))
    use = Choice("use", ("yes", "no"))
    return Space(
        "small",
        (Input("x", (3,)), Node("layer", ("x",), layer)),
        (use, Integer("steps", 1, 4, when=When("use", ("yes",))), Float("rate", 0.001, 1.0, log=True)),
    )


def _trials(space: Space, rows: list[tuple[tuple[float, ...], float]]) -> list[Trial]:
    return [
        Trial(Proposal(number, space.point(values)), Outcome(Status.OK, score), str(number), 0.0, 1.0, 0)
        for number, (values, score) in enumerate(rows)
    ]


def test_means_counts_and_errors_are_those_worked_out_by_hand() -> None:
    space = _space()
    trials = _trials(
        space,
        [
            ((0, 1, 1, 0.1), 0.2),
            ((0, 0, 1, 0.1), 0.4),
            ((1, 0, 2, 0.1), 0.9),
            ((1, 0, 2, 0.1), 0.7),
            ((1, 1, 4, 0.1), -9),
        ],
    )
    effects = {effect.decision.name: effect for effect in marginal_effects(space, trials, 0.1)}
    wide, narrow = effects["layer"].levels
    assert (wide.name, wide.count) == ("Dense 8 tanh", 3)
    assert wide.mean == pytest.approx((0.9 + 0.7 + 0.1) / 3)  # the outlier counts as the floor
    assert narrow.name == "Dense 4 relu"
    assert narrow.error == pytest.approx(0.1)  # sd 0.1414 over the root of 2


def test_a_decision_that_is_switched_off_does_not_count() -> None:
    space = _space()
    trials = _trials(space, [((0, 0, 1, 0.1), 0.2), ((0, 0, 3, 0.1), 0.4), ((0, 1, 3, 0.1), 0.9)])
    effects = {effect.decision.name: effect for effect in marginal_effects(space, trials, 0.0)}
    assert effects["steps"].trials == 2
    assert [(level.name, level.mean) for level in effects["steps"].levels] == [("1", 0.2), ("3", 0.4)]


def test_the_decision_that_explains_most_comes_first() -> None:
    space = _space()
    rng = np.random.default_rng(1)
    points = [space.sample(rng) for _ in range(300)]
    trials = _trials(space, [(p.values, 0.5 + 0.3 * (p.values[0] == 1) + 0.05 * float(rng.normal())) for p in points])
    effects = marginal_effects(space, trials, -1.0)
    assert effects[0].decision.name == "layer"
    assert effects[0].share == pytest.approx(0.9, abs=0.1)
    assert all((effect.share or 0.0) < 0.05 for effect in effects[1:])


def test_real_numbers_are_put_into_bins() -> None:
    space = _space()
    rng = np.random.default_rng(2)
    points = [space.sample(rng) for _ in range(120)]
    trials = _trials(space, [(point.values, float(point.values[3])) for point in points])
    (rate,) = [effect for effect in marginal_effects(space, trials, 0.0) if effect.decision.name == "rate"]
    assert [level.count for level in rate.levels] == [20] * 6
    assert [level.mean for level in rate.levels] == sorted(level.mean for level in rate.levels)
    assert rate.values is not None
    assert rate.values.shape == rate.scores.shape == (120,)


def test_shares_of_decisions_that_say_the_same_do_not_add_up_to_more_than_all() -> None:
    layers = tuple(Dense(width) for width in (4, 8))
    choices = tuple(Choice(name, layers) for name in "abcd")
    nodes = [Node(name, (before,), choice) for name, before, choice in zip("abcd", "xabc", choices, strict=True)]
    space = Space("alike", (Input("x", (3,)), *nodes), ())
    trials = _trials(
        space, [((bit,) * 4, 0.5 + 0.4 * bit + 0.001 * (number % 7)) for number, bit in enumerate([0, 1] * 30)]
    )
    parts = shares(space, trials, 0.0)
    assert parts is not None
    assert set(parts) == set("abcd")
    assert 0.95 < sum(parts.values()) <= 1


def test_a_few_trials_or_equal_scores_give_no_share() -> None:
    space = _space()
    rng = np.random.default_rng(3)
    points = [space.sample(rng).values for _ in range(40)]
    assert shares(space, _trials(space, [(values, 0.3) for values in points]), 0.0) is None
    few = _trials(space, [(values, float(rng.normal())) for values in points[:10]])
    assert shares(space, few, -9.0) is None
    assert {effect.share for effect in marginal_effects(space, few, -9.0)} == {None}
