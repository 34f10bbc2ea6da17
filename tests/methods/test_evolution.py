from typing import Any

import numpy as np
import pytest
from tests.methods.driving import told
from tests.spaces import settings_space, small_space

from cellwright.errors import UsageError
from cellwright.methods import Evolution, Random
from cellwright.methods.catalogue import method_of
from cellwright.methods.population import Population
from cellwright.seeds import Use, rng_for
from cellwright.trial import CONTINUES, INHERITS, Fidelity, Outcome, Proposal, Status, Trial


def distance(proposal: Proposal) -> float:
    """Return how near a point is to (3, 3, 3): more is better."""
    return -float(sum(abs(3 - value) for value in proposal.point.values))


def test_it_finds_what_random_search_finds_later() -> None:
    space = settings_space()
    goal = space.point((1, 0.01, 2, 512, 0.5))

    def score(proposal: Proposal) -> float:
        return -float(abs(space.encode(proposal.point) - space.encode(goal)).sum())

    wins = 0
    for seed in range(8):
        evolved, drawn = (
            max(trial.score or -9.0 for trial in told(method, space, score, 400))
            for method in (
                Evolution(space, seed=seed, fidelity=Fidelity(), population=20, sample=5),
                Random(space, seed=seed, fidelity=Fidelity()),
            )
        )
        wins += evolved > drawn
    assert wins >= 7


def test_no_architecture_is_proposed_twice_nor_while_under_way() -> None:
    space = small_space()
    search = Evolution(space, seed=0, fidelity=Fidelity(), population=5, sample=2)
    trials = told(search, space, distance, 25)  # of 40 architectures
    keys = [trial.key for trial in trials]
    assert len(set(keys)) == len(keys)
    pending: dict[int, Proposal] = {}
    for number in range(25, 35):
        proposal = search.ask(number, pending)
        assert proposal is not None
        pending[number] = proposal
    keys += [space.architecture(proposal.point).key for proposal in pending.values()]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize(
    ("options", "first"), [({}, 20), ({"first": 7, "sample": 5}, 7), ({"first": 3}, 10), ({"population": 12}, 12)]
)
def test_children_come_after_the_first_successes(options: dict[str, Any], first: int) -> None:
    space = settings_space()
    for count in (first - 1, first):
        search = Evolution(space, seed=5, fidelity=Fidelity(), **options)
        known = [trial.proposal.point.values for trial in told(search, space, lambda _: 0.0, count)]
        proposal = search.ask(count, {})
        assert proposal is not None
        nearest = min(sum(a != b for a, b in zip(proposal.point.values, of, strict=True)) for of in known)
        assert (nearest == 1) == (count == first)


def test_asking_changes_nothing_and_telling_again_gives_the_same() -> None:
    space = settings_space()
    first, second = (Evolution(space, seed=3, fidelity=Fidelity(2), population=6, sample=3) for _ in range(2))
    trials = told(first, space, lambda proposal: proposal.point.values[1], 20)
    for trial in trials:
        second.tell(trial)
    assert [first.ask(20, {}), first.ask(21, {})] == [second.ask(20, {}), first.ask(21, {})]
    asked = first.ask(20, {})
    assert asked is not None
    assert asked.fidelity == Fidelity(2)


def test_a_child_differs_from_a_recent_parent_in_one_decision() -> None:
    space = settings_space()
    search = Evolution(space, seed=1, fidelity=Fidelity(), population=4, sample=4)
    trials = told(search, space, lambda proposal: proposal.point.values[1], 12)
    best = max(trial.score or 0.0 for trial in trials[-4:])
    parents = [trial.proposal.point for trial in trials[-4:] if trial.score == best]
    child = search.ask(12, {})
    assert child is not None
    changes = [sum(a != b for a, b in zip(child.point.values, parent.values, strict=True)) for parent in parents]
    assert 1 in changes


def test_failures_are_survived_and_no_parents() -> None:
    space = small_space()
    search = Evolution(space, seed=0, fidelity=Fidelity(), population=3, sample=2)
    trials = told(search, space, lambda proposal: None if proposal.point.values[0] else 1.0, 30)
    assert any(trial.score is None for trial in trials[-10:])


def test_a_space_that_is_used_up_gives_what_is_known() -> None:
    space = small_space()
    search = Evolution(space, seed=0, fidelity=Fidelity(), population=5, sample=2)
    trials = told(search, space, distance, 80)
    assert len({trial.key for trial in trials}) == 40


@pytest.mark.parametrize(("population", "sample"), [(5, 6), (5, 0), (0, 0)])
def test_a_sample_larger_than_the_population_is_refused(population: int, sample: int) -> None:
    with pytest.raises(UsageError, match="1 <= sample <= population"):
        Evolution(small_space(), seed=0, fidelity=Fidelity(), population=population, sample=sample)


def test_with_crossover_a_child_takes_each_decision_but_one_from_either_of_two_winners() -> None:
    space = settings_space()
    search = Evolution(space, seed=1, fidelity=Fidelity(), population=12, sample=2, crossover=1.0)
    trials = told(search, space, lambda proposal: proposal.point.values[1], 12)
    population = [trial.proposal.point.values for trial in trials]
    mixed = 0
    for number in range(12, 40):
        child = search.ask(number, {})
        assert child is not None
        values = child.point.values
        foreign = [place for place, value in enumerate(values) if value not in {of[place] for of in population}]
        assert len(foreign) <= 1
        nearest = min(sum(a != b for a, b in zip(values, of, strict=True)) for of in population)
        mixed += nearest > 1
    assert mixed > 10


@pytest.mark.parametrize("crossover", [-0.1, 1.1])
def test_a_share_of_crossover_out_of_range_is_refused(crossover: float) -> None:
    with pytest.raises(UsageError, match="crossover from 0 to 1"):
        Evolution(small_space(), seed=0, fidelity=Fidelity(), crossover=crossover)


def test_a_cross_takes_each_decision_from_either_and_is_allowed() -> None:
    space = settings_space()
    rng = rng_for(0, Use.SAMPLE)
    mixed = 0
    for _ in range(100):
        one, other = space.sample(rng), space.sample(rng)
        child = space.cross(one, other, rng)
        assert space.point(child.values) == child
        assert all(value in pair for value, *pair in zip(child.values, one.values, other.values, strict=True))
        mixed += child not in (one, other)
    assert mixed > 50


def test_of_a_network_that_was_trained_further_the_last_score_counts() -> None:
    space = small_space()
    population = Population(3, 3, 3)
    for number, origin, score in ((0, None, 0.9), (1, None, 0.5), (2, None, 0.4), (3, 0, 0.1)):
        notes = {} if origin is None else {CONTINUES: origin}
        proposal = Proposal(number, space.point((number % 3, 0, 0)), Fidelity(), notes)
        population.add(Trial(proposal, Outcome(Status.OK, score), f"key {number}", 0.0, 1.0))
    assert population.mature
    assert population.winner(np.random.default_rng(0)).score == 0.5


def test_a_child_names_the_parent_whose_weights_it_begins_with() -> None:
    space = settings_space()
    search = Evolution(space, seed=0, fidelity=Fidelity(), population=5, sample=2, inherit=True)
    trials = told(search, space, lambda proposal: -float(space.encode(proposal.point).sum()), 40)
    parents = [trial.proposal.notes[INHERITS] for trial in trials]
    first = next(place for place, parent in enumerate(parents) if parent is not None)
    assert first >= 5
    points = {trial.number: trial.proposal.point for trial in trials}
    for trial in trials[first:]:
        parent = points[trial.proposal.notes[INHERITS]]
        changed = sum(a != b for a, b in zip(trial.proposal.point.values, parent.values, strict=True))
        assert changed >= 1
        assert trial.proposal.notes[INHERITS] < trial.number


def test_children_of_what_a_search_starts_with_inherit_too() -> None:
    space = small_space()
    search = method_of("evolution", space, 0, Fidelity(), {"inherit": True}, starts=[space.point((1, 2, 3))])
    (first, *_) = told(search, space, distance, 3)
    assert first.proposal.notes == {INHERITS: None}
