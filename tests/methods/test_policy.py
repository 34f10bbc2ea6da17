import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.spaces import falling_space, settings_space

from cellwright.errors import SpaceError, UsageError
from cellwright.methods.policy.controller import levels_of, new_controller, plan
from cellwright.methods.policy.learner import Learner, Tried
from cellwright.methods.policy.ppo import Experience, Ppo, advantages, clipped, objective
from cellwright.methods.policy.rewards import Ranks
from cellwright.space import Choice, Float, Integer, Space, When


def test_a_new_controller_is_uniform() -> None:
    controller = new_controller(settings_space(), seed=0)
    levels = torch.tensor([[1, 15, 3, 7, 0], [0, 0, 0, 0, 15]])
    judged = controller(levels)
    expected = torch.tensor([2.0, 16.0, 4.0, 16.0, 16.0]).log()
    assert torch.allclose(judged.log_probs, -expected.expand(2, 5))
    assert torch.allclose(judged.entropies, expected.expand(2, 5))
    assert torch.equal(judged.values, torch.zeros(2, 5))


def test_logarithmic_numbers_are_drawn_as_chance_draws_them() -> None:
    space = Space("counts", (), (Integer("few", 1, 32, log=True), Integer("many", 1, 33, log=True), Integer("n", 1, 4)))
    drawn = plan(new_controller(space, seed=0), space, 4000, 0, 0)
    rng = np.random.default_rng(0)
    chance = np.array([space.sample(rng).values for _ in range(4000)])
    for place in range(3):
        ours = np.array([values[place] for values in drawn.values])
        assert abs(float((ours <= 2).mean() - (chance[:, place] <= 2).mean())) < 0.04
    assert (chance[:, 0] <= 2).mean() == pytest.approx(math.log(3) / math.log(33), abs=0.03)


def test_drawing_follows_the_policy_that_judges() -> None:
    """Frequencies of drawn sequences agree with the probabilities that the forward pass gives them."""
    space = Space("two", (), (Choice("a", (0, 1)), Choice("b", (0, 1, 2))))
    controller = new_controller(space, seed=1)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        controller.heads.normal_(generator=generator)
        controller.biases.normal_(generator=generator)
    drawn, log_probs = controller.draw(torch.from_numpy(np.random.default_rng(0).random((20_000, 2))).float())
    assert torch.allclose(log_probs, controller(drawn).log_probs, atol=1e-5)
    for a in range(2):
        for b in range(3):
            probability = controller(torch.tensor([[a, b]])).log_probs.sum().exp().item()
            frequency = ((drawn[:, 0] == a) & (drawn[:, 1] == b)).float().mean().item()
            assert abs(frequency - probability) < 4 * math.sqrt(probability * (1 - probability) / 20_000)


def test_plans_hold_allowed_points_and_the_levels_that_made_them() -> None:
    space = settings_space()
    drawn = plan(new_controller(space, seed=0), space, 40, 0, 1, 2)
    for values, levels, active in zip(drawn.values, drawn.levels.tolist(), drawn.active.tolist(), strict=True):
        assert space.point(values).values == values
        assert levels[0] == values[0]
        assert levels[2] == values[2] - 1  # depth counts from 1
        assert active[4] == (values[0] == 1)  # momentum belongs to sgd
    assert plan(new_controller(space, seed=0), space, 40, 0, 1, 2).values == drawn.values
    assert plan(new_controller(space, seed=0), space, 40, 0, 1, 3).values != drawn.values


def test_where_little_is_allowed_draws_are_mended_and_as_likely_as_the_policy_finds_them() -> None:
    space = falling_space()
    controller = new_controller(space, seed=0)
    drawn = plan(controller, space, 20, 0, 1, 2)
    assert all(space.allows(values) for values in drawn.values)
    assert drawn.levels.tolist() == [list(values) for values in drawn.values]
    with torch.no_grad():
        judged = controller(drawn.levels).log_probs
    torch.testing.assert_close(drawn.log_probs, judged, rtol=1e-4, atol=1e-5)


def test_a_space_that_forbids_everything_is_refused() -> None:
    space = Space("none", (), (Choice("a", (0,)),), ((When("a", (0,)),),))
    with pytest.raises(SpaceError, match="forbids almost everything"):
        plan(new_controller(space, 0), space, 2, 0)


def test_a_space_without_decisions_is_refused() -> None:
    from cellwright.space import Dense, Sketch

    sketch = Sketch()
    space = sketch.space("fixed", sketch.node("n", sketch.input("x", 2), Dense(2)))
    with pytest.raises(SpaceError, match="no decisions"):
        new_controller(space, 0)


def test_every_decision_has_as_many_levels_as_it_has_values_or_bins() -> None:
    assert levels_of(Choice("a", tuple(range(100)))) == 100
    assert levels_of(Integer("b", 1, 32)) == 32
    assert levels_of(Integer("c", 1, 33)) == 16
    assert levels_of(Float("d", 0, 1)) == 16


@pytest.mark.parametrize(
    ("ratio", "advantage", "expected"),
    [(1.5, 2.0, 2.4), (0.5, 2.0, 1.0), (1.5, -2.0, -3.0), (0.5, -2.0, -1.6), (1.1, 1.0, 1.1)],
)
def test_the_clipped_objective_is_that_of_the_paper(ratio: float, advantage: float, expected: float) -> None:
    """arXiv:1707.06347, eq. 7 with epsilon 0.2, worked out by hand."""
    result = clipped(torch.tensor(ratio), torch.tensor(advantage), 0.2)
    assert result.item() == pytest.approx(expected)


def test_advantages_by_hand() -> None:
    """arXiv:1506.02438, eq. 16 with gamma 1, lambda 0.5: deltas (0.3 - 0.1, 0.6 - 0.3, 1 - 0.6)."""
    values = torch.tensor([[0.1, 0.3, 0.6]])
    result = advantages(values, torch.ones(1, 3, dtype=torch.bool), torch.tensor([1.0]), 0.5)
    assert torch.allclose(result, torch.tensor([[0.2 + 0.5 * 0.5, 0.3 + 0.5 * 0.4, 0.4]]))


def test_a_decision_that_is_switched_off_is_no_step() -> None:
    """As above, with a decision between that nothing has taught its value."""
    values = torch.tensor([[0.1, -0.8, 0.3, 0.6, 0.9]])
    active = torch.tensor([[True, False, True, True, False]])
    result = advantages(values, active, torch.tensor([1.0]), 0.5)
    assert torch.allclose(result[active], torch.tensor([0.2 + 0.5 * 0.5, 0.3 + 0.5 * 0.4, 0.4]))


def gated(options: int = 8) -> Space:
    """Two kinds of networks; of one, many more decisions."""
    kind = Choice("kind", ("plain", "rich"))
    when = When("kind", ("rich",))
    more = tuple(Choice(f"option {number}", ("a", "b", "c", "d"), when=when) for number in range(options))
    return Space("gated", (), (kind, *more))


def share_of_plain(settings: Ppo, seed: int) -> float:
    """Return how often a policy draws the plain kind, after 40 batches in which that was the better one."""
    space = gated()
    learner = Learner(space, seed=seed, settings=settings)
    for batch in range(40):
        _, levels, active, log_probs = plan(learner.policy, space, 8, seed, batch)
        scores = [float(row[0] == 0) for row in levels]
        tried = [Tried(levels[item], active[item], log_probs[item], scores[item], item) for item in range(8)]
        for one in tried:
            learner.tell(one)
        learner.learn(tried)
    return float(np.mean([value[0] == 0 for value in plan(learner.policy, space, 500, seed, 99).values]))


@pytest.mark.parametrize("seed", range(3))
def test_decisions_that_are_switched_off_do_not_hold_a_policy_back(seed: int) -> None:
    assert share_of_plain(Ppo(imitation=0.0), seed) > 0.9


def test_the_floor_under_the_entropy_is_of_decisions_that_matter() -> None:
    assert share_of_plain(Ppo(imitation=0.0, first_floor=0.9, last_floor=0.9), 0) < 0.8  # nearly one bit: 0.5 to 0.7


def test_of_one_point_the_latest_score_counts_and_of_equal_choices_the_better() -> None:
    learner = Learner(gated(), seed=0, settings=Ppo())
    levels, off = torch.zeros(9, dtype=torch.long), torch.tensor([True] + [False] * 8)
    rich = torch.tensor([1, *range(4), *range(4)])

    def told(levels: torch.Tensor, active: torch.Tensor, score: float, origin: int | None) -> list[float | None]:
        learner.tell(Tried(levels, active, torch.zeros(9), score, origin))
        return [one.score for one in learner._best]

    every = torch.ones(9, dtype=torch.bool)
    assert told(levels, off, 0.5, 0) == [0.5]
    assert told(rich * (torch.arange(9) > 0), off, 0.7, 1) == [0.7]  # differs in nothing that matters
    assert told(levels, off, 0.6, 2) == [0.7]
    assert told(rich, every, 0.9, 3) == [0.9, 0.7]
    assert told(rich, every, 0.1, 3) == [0.7, 0.1]  # trained further, it has disappointed
    assert told(rich.flip(0), every, 0.8, None) == [0.7, 0.1]  # an answer from the cache


def test_a_step_makes_rewarded_choices_likelier_and_switched_off_ones_not() -> None:
    controller = new_controller(settings_space(), seed=0)
    levels = torch.tensor([[0, 1, 2, 3, 4], [0, 9, 1, 7, 8]])
    active = torch.tensor([[True, True, True, True, False]] * 2)
    before = controller(levels).log_probs.detach()
    experience = Experience(levels, active, before, torch.tensor([1.0, -1.0]))
    settings = Ppo(entropy=0.0)
    optimizer = torch.optim.SGD([controller.heads, controller.biases], lr=1.0)
    advantage = advantages(controller(levels).values.detach(), active, experience.rewards, settings.trace)
    objective(controller(levels), experience, advantage, settings).backward()  # type: ignore[no-untyped-call]  # torch
    optimizer.step()
    change = controller(levels).log_probs.detach() - before
    assert (change[0, 1:4] > 0).all()
    assert (change[1, 1:4] < 0).all()
    assert torch.equal(change[:, 4], torch.zeros(2))


def test_wrong_settings_are_refused() -> None:
    with pytest.raises(UsageError, match="0 < clip < 1"):
        Ppo(clip=1.5)


def test_ranks_by_hand() -> None:
    ranks = Ranks()
    for score in (0.1, 0.5, 0.5, 0.9):
        ranks.add(score)
    assert [ranks.reward(score) for score in (0.1, 0.5, 0.9)] == [-0.75, 0.0, 0.75]
    assert ranks.reward(None) == -1.0


@given(st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=60))
def test_one_absurd_score_is_only_the_worst(scores: list[float]) -> None:
    ranks = Ranks(window=25)
    for score in scores:
        ranks.add(score)
    latest = scores[-25:]
    for score in latest:
        assert -1.0 < ranks.reward(score) < 1.0
        below = sum(other < score for other in latest)
        equal = sum(other == score for other in latest)
        assert ranks.reward(score) == pytest.approx((2 * below + equal) / len(latest) - 1)
