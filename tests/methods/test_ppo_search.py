from typing import Any

import numpy as np
import pytest
import torch
from tests.methods.driving import told
from tests.spaces import settings_space

from cellwright.errors import UsageError
from cellwright.methods import Random
from cellwright.methods.halved import Halved
from cellwright.methods.policy.controller import levels_of_point, plan
from cellwright.methods.policy.controller import new_controller as controller_of
from cellwright.methods.ppo import PolicySearch
from cellwright.methods.started import Started
from cellwright.problems import uno
from cellwright.space import Choice, Float, Integer, Point, Space, When
from cellwright.trial import CONTINUES, Fidelity, Proposal

SPACE = Space("wide", (), tuple(Choice(f"d{number}", tuple(range(6))) for number in range(6)))


def near(proposal: Proposal) -> float:
    """Return a score with one hill, in the middle."""
    return -float(sum((value - 3) ** 2 for value in proposal.point.values))


def test_the_policy_draws_better_points_as_it_learns() -> None:
    for seed in range(3):
        means = [
            np.mean([trial.score for trial in told(method, SPACE, near, 200)[-50:]])
            for method in (
                PolicySearch(SPACE, seed=seed, fidelity=Fidelity()),
                Random(SPACE, seed=seed, fidelity=Fidelity()),
            )
        ]
        assert means[0] > 0.6 * means[1], "both below 0"


def test_of_what_the_policy_draws_the_most_promising_is_tried() -> None:
    for seed in range(3):
        plain, chosen = (
            np.mean([trial.score for trial in told(search, SPACE, near, 32)[16:]])
            for search in (PolicySearch(SPACE, seed=seed, fidelity=Fidelity(), best_of=best_of) for best_of in (1, 4))
        )
        assert chosen > 0.8 * plain, "both below 0, and the policy uniform until now"


def test_only_networks_that_are_proposed_are_built() -> None:
    space = uno.small({"expression": (9,), "descriptors": (5,), "fingerprints": (7,)})
    search = PolicySearch(space, seed=0, fidelity=Fidelity())
    told(search, space, lambda proposal: float(proposal.number % 7), 40)
    assert search._known.facts.cache_info().currsize < 60


def test_proposals_carry_the_log_probabilities_they_were_drawn_with() -> None:
    search = PolicySearch(SPACE, seed=0, fidelity=Fidelity(), initial=4, batch=4)
    first = search.ask(0, {})
    assert first is not None
    assert first.notes["log_probs"] == pytest.approx([-np.log(6)] * 6, abs=1e-4)
    told(search, SPACE, near, 12)
    later = search.ask(12, {})
    assert later is not None
    assert later.notes["version"] == 3
    assert later.notes["log_probs"] != pytest.approx([-np.log(6)] * 6, abs=1e-4)


def test_what_a_search_starts_with_is_what_it_learns_to_draw() -> None:
    good = [SPACE.point((3,) * place + (2,) + (3,) * (5 - place)) for place in range(6)]
    plain = PolicySearch(SPACE, seed=0, fidelity=Fidelity())
    shown = Started(PolicySearch(SPACE, seed=0, fidelity=Fidelity()), good, fidelity=Fidelity())
    drawn = [[trial.proposal.point.values for trial in told(search, SPACE, near, 32)[16:]] for search in (plain, shown)]
    same, closer = (np.mean(np.array(points) == 3) for points in drawn)
    assert closer > same + 0.05


def test_it_never_waits() -> None:
    search = PolicySearch(SPACE, seed=0, fidelity=Fidelity())
    pending: dict[int, Proposal] = {}
    for number in range(100):
        proposal = search.ask(number, pending)
        assert proposal is not None
        pending[number] = proposal
    assert len({proposal.point for proposal in pending.values()}) == 100


def test_levels_are_what_the_heads_chose_but_for_numbers_on_the_border_of_two() -> None:
    space = settings_space()
    drawn = plan(controller_of(space, 0), space, 40, 0, 0)
    for values, levels, active in zip(drawn.values, drawn.levels, drawn.active, strict=True):
        again, matters = levels_of_point(space, Point(values, space.fingerprint))
        assert torch.equal(again[[0, 1, 2, 4]], levels[[0, 1, 2, 4]])
        assert abs(again[3] - levels[3]) <= 1
        assert torch.equal(matters, active)


@pytest.mark.parametrize(
    "wrong",
    [
        {"batch": 0},
        {"window": 4},
        {"imitation": -1.0},
        {"elite": 0},
        {"initial": 0},
        {"first_floor": 0.01},
        *({"best_of": wrong} for wrong in (0, 257)),
    ],
)
def test_numbers_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=r"(ppo|PPO) needs"):
        PolicySearch(SPACE, seed=0, fidelity=Fidelity(), **wrong)


def test_a_high_last_floor_alone_is_fine() -> None:
    PolicySearch(SPACE, seed=0, fidelity=Fidelity(), last_floor=0.2)


def test_what_chance_drew_is_not_what_others_showed_it(monkeypatch: pytest.MonkeyPatch) -> None:
    search = PolicySearch(SPACE, seed=0, fidelity=Fidelity())
    with monkeypatch.context() as patch:
        patch.setattr("cellwright.methods.ppo._TRIES", 0)
        trials = told(search, SPACE, near, 16)
    assert all("version" not in trial.proposal.notes for trial in trials)
    later = search.ask(16, {})
    assert later is not None
    assert later.notes["version"] == 0, "it moves after 32 trials, as nobody else showed it any"


def test_what_goes_on_is_not_what_others_showed_it() -> None:
    full = Fidelity(9)
    search = Halved(PolicySearch(SPACE, seed=0, fidelity=full), SPACE, seed=0, fidelity=full)
    trials = told(search, SPACE, near, 20)
    assert any(CONTINUES in trial.proposal.notes for trial in trials)
    assert {trial.proposal.notes.get("version", 0) for trial in trials} == {0}


def test_numbers_on_the_border_of_two_levels_are_told_as_the_level_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    space = Space("s", (), (Integer("n", 1, 512, log=True), Integer("m", 1, 4000)))
    search = PolicySearch(space, seed=0, fidelity=Fidelity())
    for trial in told(search, space, lambda proposal: -proposal.point.values[0], 80):
        assert len(trial.proposal.notes["levels"]) == 2
    with torch.no_grad():
        likely = search._learner.policy(torch.tensor([[0, 0], [1, 0]])).log_probs[:, 0]
    assert likely[0] > likely[1], "the first level is always 1, the best"


def test_a_branch_that_is_worse_at_first_is_not_given_up() -> None:
    when = When("kind", ("a",))
    inner = tuple(Float(f"f{number}", 0.0, 1.0, when=when) for number in range(3))
    space = Space("branches", (), (Choice("kind", ("a", "b")), Integer("wide", 1, 16), Float("g", 0.0, 1.0), *inner))

    def score(proposal: Proposal) -> float:
        return float(proposal.point.values[0]) + 0.01 * proposal.point.values[1]

    for seed in range(2):
        search = PolicySearch(space, seed=seed, fidelity=Fidelity(), best_of=1)
        kinds = [trial.proposal.point.values[0] for trial in told(search, space, score, 160)]
        assert sum(kinds[40:]) > 90  # what is better is learnt
        assert kinds[40:].count(0) > 4
