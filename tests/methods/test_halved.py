from collections import Counter
from dataclasses import replace
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
import pytest
from tests.methods.driving import told
from tests.spaces import settings_space, small_space

from cellwright.errors import UsageError
from cellwright.methods import Random
from cellwright.methods.confirmed import averaged, ranked
from cellwright.methods.halved import Halved
from cellwright.run import repeated
from cellwright.space import Choice, Point, Space
from cellwright.trial import CONTINUES, Fidelity, Outcome, Proposal, Status, Trial

SPACE = settings_space()
FULL = Fidelity(9)


def worth(proposal: Proposal) -> float:
    """Return what the point is worth; more training brings more."""
    return float(SPACE.encode(proposal.point).sum()) + 0.1 * (proposal.fidelity.stop or 9)


def halved(**options: Any) -> Halved:
    options = {"rungs": 3, **options}
    return Halved(Random(SPACE, seed=0, fidelity=FULL), SPACE, seed=0, fidelity=FULL, **options)


def origin(trial: Trial) -> int:
    number: int = trial.proposal.notes.get(CONTINUES, trial.number)
    return number


def test_a_third_of_each_rung_goes_on_and_it_is_the_best() -> None:
    trials = told(halved(), SPACE, worth, 300)
    rungs = {stop: [trial for trial in trials if trial.proposal.fidelity.stop == stop] for stop in (1.0, 3.0, None)}
    counts = [len(rung) for rung in rungs.values()]
    assert sum(counts) == 300
    # a few more than a third: some went on early that would not later
    assert all(lower // 3 - 1 <= upper <= 1.3 * lower / 3 for lower, upper in pairwise(counts))
    begun = {trial.number: trial for trial in rungs[1.0]}
    best = sorted(begun, key=lambda number: -(begun[number].score or 0.0))[: counts[1] // 2]
    assert set(best) <= {origin(trial) for trial in rungs[3.0]}
    for lower, upper in ((1.0, 3.0), (3.0, None)):
        assert {origin(trial) for trial in rungs[upper]} <= {origin(trial) for trial in rungs[lower]}
    for trial in rungs[3.0]:
        assert trial.proposal.point == begun[origin(trial)].proposal.point


@pytest.mark.parametrize(
    ("epochs", "stops"),
    [
        (1, [0.1111, 0.3333, None]),
        (3, [0.3333, 1, None]),
        (9, [0.3333, 1, 3, None]),
        (20, [0.7407, 2.2222, 6.6667, None]),
    ],
)
def test_the_lowest_rung_is_a_third_of_an_epoch_or_there_are_three(epochs: int, stops: list[float | None]) -> None:
    fidelity = Fidelity(epochs)
    search = Halved(Random(SPACE, seed=0, fidelity=fidelity), SPACE, seed=0, fidelity=fidelity)
    reached = {trial.proposal.fidelity.stop: None for trial in told(search, SPACE, worth, 60)}
    assert list(reached) == stops


def test_a_full_rung_is_gone_on_with_before_anything_new_begins() -> None:
    trials = told(halved(), SPACE, worth, 13)
    assert [trial.proposal.fidelity.stop for trial in trials] == [1, 1, 1, 3, 1, 1, 1, 3, 1, 1, 1, 3, None]


def test_with_hyperband_some_begin_higher_and_each_beginning_costs_about_as_much() -> None:
    trials = told(halved(kind="hyperband"), SPACE, worth, 2000)
    began = Counter(trial.proposal.fidelity.stop for trial in trials if origin(trial) == trial.number)
    assert began[1.0] > 3 * began[3.0] / 2 > 2 * (began[None] or 0)
    spent: dict[float | None, float] = {1.0: 0.0, 3.0: 0.0, None: 0.0}
    first = {trial.number: trial.proposal.fidelity.stop for trial in trials if origin(trial) == trial.number}
    for trial in trials:
        reached = trial.proposal.fidelity.stop or 9
        spent[first[origin(trial)]] += reached - (reached / 3 if origin(trial) != trial.number else 0)
    assert max(spent.values()) < 2 * min(spent.values())


def test_no_network_begins_twice_with_hyperband() -> None:
    space = small_space()
    search = Halved(Random(space, seed=0, fidelity=FULL), space, seed=0, fidelity=FULL, kind="hyperband")
    began: dict[str, set[float | None]] = {}
    for trial in told(search, space, lambda proposal: float(proposal.number % 7), 300):
        if CONTINUES not in trial.proposal.notes:
            began.setdefault(trial.key, set()).add(trial.proposal.fidelity.stop)
    assert len(began) > 30
    assert set(map(len, began.values())) == {1}


def test_what_is_under_way_does_not_go_on_twice_and_asking_changes_nothing() -> None:
    search = halved()
    told(search, SPACE, worth, 9)
    pending: dict[int, Proposal] = {}
    for number in range(9, 15):
        proposal = search.ask(number, pending)
        assert proposal is not None
        assert proposal == search.ask(number, pending)
        pending[number] = proposal
    going = [proposal.notes[CONTINUES] for proposal in pending.values() if CONTINUES in proposal.notes]
    assert len(going) == len(set(going))


def test_failures_count_and_do_not_go_on() -> None:
    def score(proposal: Proposal) -> float | None:
        return None if proposal.point.values[0] == 0 else worth(proposal)

    trials = told(halved(), SPACE, score, 200)
    failed = {trial.number for trial in trials if trial.score is None}
    assert failed
    assert not failed & {origin(trial) for trial in trials if CONTINUES in trial.proposal.notes}


def test_the_other_search_hears_what_is_to_be_expected_at_the_end() -> None:
    class Hearing(Random):
        heard: ClassVar[list[Trial]] = []

        def tell(self, trial: Trial) -> None:
            self.heard.append(trial)
            super().tell(trial)

    hearing = Hearing(SPACE, seed=0, fidelity=FULL)
    trials = told(Halved(hearing, SPACE, seed=0, fidelity=FULL, rungs=3), SPACE, worth, 60)
    heard = Hearing.heard
    assert heard[0].score == trials[0].score  # nothing is known yet of what training brings
    waiting = [trial for trial in heard if trial.number in {other.number for other in heard if other is not trial}]
    assert waiting  # told again when it was known
    assert list(dict.fromkeys(trial.number for trial in heard)) == [trial.number for trial in trials]
    assert {trial.proposal.fidelity.stop for trial in heard} == {1.0, 3.0, None}
    last = {trial.proposal.origin: trial for trial in heard}
    assert len(last) == len({trial.key for trial in trials})
    for trial in last.values():  # a tenth an epoch, and nothing of what they differ by is lost
        assert trial.score == pytest.approx(float(SPACE.encode(trial.proposal.point).sum()) + 0.9)


def test_who_only_learns_fast_is_not_taken_for_the_best() -> None:
    told_last: dict[int, Trial] = {}

    class Hearing(Random):
        def tell(self, trial: Trial) -> None:
            told_last[trial.proposal.origin] = trial

    def fast(proposal: Proposal) -> float:
        quality, speed = SPACE.encode(proposal.point)[:2]
        return float(quality + 10 * speed * (1 - (proposal.fidelity.stop or 9) / 9))

    trials = told(Halved(Hearing(SPACE, seed=0, fidelity=FULL), SPACE, seed=0, fidelity=FULL), SPACE, fast, 300)
    early = [trial.score for trial in trials if trial.proposal.fidelity.stop == 0.3333 and trial.score is not None]
    waiting = [trial.score or 0.0 for trial in told_last.values() if trial.proposal.fidelity.stop == 0.3333]
    assert np.std(early) > 2
    assert np.std(waiting) < 1
    assert max(waiting) < 2


def test_an_answer_from_the_cache_is_told_with_what_is_to_be_expected_too() -> None:
    heard: list[Trial] = []

    class Hearing(Random):
        def tell(self, trial: Trial) -> None:
            heard.append(trial)

    search = Halved(Hearing(SPACE, seed=0, fidelity=FULL), SPACE, seed=0, fidelity=FULL, rungs=3)
    first = told(search, SPACE, worth, 60)[0]
    cached = replace(first.outcome, status=Status.CACHED, source=0)
    search.tell(Trial(replace(first.proposal, number=60), cached, first.key, 60, 60, None))
    assert heard[-1].score == pytest.approx(float(SPACE.encode(first.proposal.point).sum()) + 0.9)


@pytest.mark.parametrize("kind", ["asha", "hyperband"])
def test_what_waits_goes_on_where_nothing_new_is_left(kind: str) -> None:
    space = Space("few", (), (Choice("a", tuple(range(7))),))
    search = Halved(Random(space, seed=0, fidelity=FULL), space, seed=0, fidelity=FULL, kind=kind, rungs=3)
    known: dict[tuple[Point, Fidelity], Trial] = {}
    ends: set[Point] = set()
    repeats = 0
    for number in range(300):
        proposal = search.ask(number, {})
        assert proposal is not None
        twin = known.get((proposal.point, proposal.fidelity))
        repeats = repeats + 1 if twin else 0
        outcome = repeated(twin) if twin else Outcome(Status.OK, proposal.point.values[0])
        trial = Trial(proposal, outcome, space.architecture(proposal.point).key, number, number + 1, 0)
        known.setdefault((proposal.point, proposal.fidelity), trial)
        search.tell(trial)
        if proposal.fidelity.stop is None:
            ends.add(proposal.point)
        if len(ends) == 7:
            break
        assert repeats < 30  # as many end a run
    assert len(ends) == 7


def test_leaders_are_those_that_were_trained_furthest() -> None:
    trials = told(halved(), SPACE, worth, 100)
    leaders = ranked(trials)
    full = [trial for trial in trials if trial.proposal.fidelity.stop is None]
    assert leaders[0].key == max(full, key=lambda trial: trial.score or 0.0).key
    assert len({trial.key for trial in leaders}) == len(leaders)
    assert all(len(scores) == 1 for _, scores in averaged(trials))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "thirds"}, "there is no halving 'thirds'; known: asha, hyperband"),
        ({"objectives": ("r2", "-seconds")}, "leave out the objective -seconds"),
        ({"eta": 1}, "eta and rungs of at least 2"),
        ({"rungs": 1}, "eta and rungs of at least 2"),
    ],
)
def test_bad_options_are_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        halved(**options)


@pytest.mark.parametrize("stop", [0.0, -1.0, 9.0, 10.0])
def test_a_stop_is_within_the_epochs(stop: float) -> None:
    with pytest.raises(UsageError, match="stop must be above 0 and below the 9 epochs"):
        Fidelity(9, stop=stop)
