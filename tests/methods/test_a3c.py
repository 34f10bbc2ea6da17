import random
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from tests.spaces import settings_space, small_space

from cellwright.errors import UsageError
from cellwright.methods import Random, Search
from cellwright.methods.a3c import A3C
from cellwright.methods.catalogue import with_agents
from cellwright.methods.started import Started
from cellwright.space import Choice, Point, Space
from cellwright.trial import Fidelity, Outcome, Proposal, Status, Trial


def _trial(proposal: Proposal, score: float | None) -> Trial:
    status = Status.FAILED if score is None else Status.OK
    return Trial(proposal, Outcome(status, score), str(proposal.point.values), 0.0, 0.0)


def _search(space: Space, *, synchronous: bool = False, agents: int = 2, batch: int = 3, seed: int = 0) -> A3C:
    return A3C(space, seed=seed, fidelity=Fidelity(), agents=agents, batch=batch, synchronous=synchronous)


def _drive(search: Search, score: Callable[[Point], float | None], trials: int, workers: int) -> list[Proposal]:
    """Ask and tell, with `workers` pending that finish in a scrambled order."""
    shuffle = random.Random(0)
    pending: dict[int, Proposal] = {}
    told: list[Proposal] = []
    number = 0
    while len(told) < trials:
        while len(pending) < workers and (proposal := search.ask(number, pending)) is not None:
            pending[number] = proposal
            number += 1
        done = pending.pop(shuffle.choice(sorted(pending)))
        told.append(done)
        search.tell(_trial(done, score(done.point)))
    return told


def test_points_to_begin_with_are_imitated() -> None:
    space = small_space()
    own = _search(space)
    search = Started(own, [space.point((1, 2, 3)), space.point((3, 2, 1))], fidelity=Fidelity())
    _drive(search, lambda point: 2.0 if point.values == (1, 2, 3) else 1.0 - point.values[0], 30, 4)
    assert own._learner._best[0].levels.tolist() == [1, 2, 3]
    assert own._learner.told == 30


def test_a2c_moves_whenever_as_many_are_told_as_there_are_workers() -> None:
    assert with_agents("a2c", {}, 64) == {"agents": 8}
    assert with_agents("a3c", {}, 64) == {"agents": 16}
    assert with_agents("a2c", {"batch": 4}, 2) == {"agents": 3, "batch": 4}
    assert with_agents("a3c", {"agents": 1}, 64) == {"agents": 1}
    assert with_agents("ppo", {}, 64) == {}


def test_asking_changes_nothing() -> None:
    search = _search(small_space())
    first = search.ask(0, {})
    assert first is not None
    assert search.ask(0, {}) == first
    second = search.ask(1, {0: first})
    assert second is not None
    assert second.notes["item"] != first.notes["item"] or second.notes["agent"] != first.notes["agent"]
    assert search.ask(0, {}) == first


def test_an_agent_whose_batch_is_out_waits_and_others_go_on() -> None:
    search = _search(small_space())
    pending: dict[int, Proposal] = {}
    for number in range(6):
        proposal = search.ask(number, pending)
        assert proposal is not None
        pending[number] = proposal
    assert [p.notes["agent"] for p in pending.values()] == [0, 0, 0, 1, 1, 1]
    assert search.ask(6, pending) is None
    for number in (3, 4, 5):  # the second agent finishes first and goes on
        search.tell(_trial(pending.pop(number), float(number)))
    following = search.ask(6, pending)
    assert following is not None
    assert (following.notes["agent"], following.notes["batch"]) == (1, 1)


def test_synchronous_agents_wait_for_one_another() -> None:
    search = _search(small_space(), synchronous=True)
    pending: dict[int, Proposal] = {}
    for number in range(6):
        proposal = search.ask(number, pending)
        assert proposal is not None
        pending[number] = proposal
    for number in (3, 4, 5, 0, 1):
        search.tell(_trial(pending.pop(number), float(number)))
        assert search.ask(6, pending) is None
    search.tell(_trial(pending.pop(2), 2.0))
    assert search.ask(6, pending) is not None


@pytest.mark.parametrize("synchronous", [False, True])
@pytest.mark.parametrize("space", [small_space(), settings_space()], ids=lambda space: space.name)
def test_equal_seeds_and_trials_give_equal_proposals(space: Space, synchronous: bool) -> None:
    def score(point: Point) -> float | None:
        return None if point.values[0] == 0 else float(sum(point.values))

    first = _drive(_search(space, synchronous=synchronous), score, 40, 4)
    assert first == _drive(_search(space, synchronous=synchronous), score, 40, 4)
    assert first != _drive(_search(space, synchronous=synchronous, seed=1), score, 40, 4)


def test_nothing_but_failures_is_survived() -> None:
    assert len(_drive(_search(small_space()), lambda _: None, 60, 3)) == 60


def test_it_learns_where_random_search_does_not() -> None:
    """Ten decisions of six options, one of which is right: the mean of the last fifth of 600 trials."""
    space = Space("hidden", (), tuple(Choice(f"d{i}", tuple(range(6))) for i in range(10)))
    hidden = np.random.default_rng(3).integers(0, 6, 10)

    def score(point: Point) -> float:
        right = float((np.array(point.values) == hidden).mean())
        return -1e12 if right == 0 else right  # now and then an absurd score

    searches: list[Search] = [
        A3C(space, seed=0, fidelity=Fidelity()),
        Random(space, seed=0, fidelity=Fidelity()),
    ]
    last = [
        np.mean([max(0.0, score(proposal.point)) for proposal in _drive(search, score, 600, 2)[-120:]])
        for search in searches
    ]
    assert last[0] > last[1] + 0.3


def test_one_worker_serves_all_agents_in_turn() -> None:
    told = _drive(_search(small_space(), agents=3, batch=4), lambda point: float(point.values[0]), 60, workers=1)
    assert Counter(proposal.notes["agent"] for proposal in told) == {0: 20, 1: 20, 2: 20}


def test_agents_and_batch_below_one_are_refused() -> None:
    with pytest.raises(UsageError, match="at least 1"):
        _search(small_space(), agents=0)


def test_one_agent_of_one_network_at_a_time_learns_of_one_decision_too() -> None:
    """The smallest batch there is: nothing to normalise, nothing to break."""
    space = Space("one", (), (Choice("d", tuple(range(5))),))
    search = _search(space, agents=1, batch=1)
    told = _drive(search, lambda point: float(point.values[0]), 60, workers=1)
    assert np.mean([proposal.point.values[0] for proposal in told[-20:]]) > 2.0
