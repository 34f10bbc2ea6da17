from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from tests.methods.driving import told
from tests.spaces import settings_space

from cellwright.errors import UsageError
from cellwright.methods import Evolution, Random
from cellwright.methods.catalogue import method_of
from cellwright.methods.confirmed import Confirmed, averaged, ranked
from cellwright.seeds import Use, rng_for
from cellwright.trial import INHERITS, Fidelity, Outcome, Proposal, Status, Trial

SPACE = settings_space()


def score(proposal: Proposal, luck: float) -> float:
    """Return what the point is worth, with luck."""
    worth = float(SPACE.encode(proposal.point).sum())
    noise = rng_for(proposal.number, Use.TRIAL).normal() * luck
    return worth + noise


def driven(search: Confirmed, trials: int, luck: float = 1.0) -> list[Trial]:
    return told(search, SPACE, lambda proposal: score(proposal, luck), trials)


def confirmed(**options: Any) -> Confirmed:
    return Confirmed(Random(SPACE, seed=0, fidelity=Fidelity()), SPACE, **{"replicates": 3, **options})


def test_with_halving_leaders_are_a_tenth_of_all_that_were_begun() -> None:
    search = method_of("random", SPACE, 0, Fidelity(9), {}, halving="asha", replicates=1)
    trials = told(search, SPACE, lambda proposal: score(proposal, 0.1), 200)
    again = [trial for trial in trials if trial.proposal.fidelity.replicate]
    last = [trial for trial in trials if trial.proposal.fidelity == Fidelity(9)]
    assert len(last) < 20
    assert 1 < len(again) <= len(last) / 3 + 1
    assert all(trial.proposal.fidelity.stop is None for trial in again)


def test_a_network_that_inherited_weights_inherits_them_again() -> None:
    search = Confirmed(Evolution(SPACE, seed=0, fidelity=Fidelity(), population=10, inherit=True), SPACE, replicates=2)
    trials = driven(search, 60)
    first = {trial.key: trial for trial in trials if not trial.proposal.fidelity.replicate}
    again = [trial for trial in trials if trial.proposal.fidelity.replicate]
    assert again
    assert {trial.proposal.notes[INHERITS] for trial in again} != {None}
    for trial in again:
        assert trial.proposal.notes == {INHERITS: first[trial.key].proposal.notes[INHERITS]}


def test_each_leader_is_tried_as_often_as_asked_and_no_other() -> None:
    trials = driven(confirmed(leaders=2), 100)
    counts = {trial.key: len(scores) for trial, scores in averaged(trials)}
    assert counts[ranked(trials)[0].key] == 4
    assert max(counts.values()) == 4
    assert sum(count == 1 for count in counts.values()) > 50
    assert sum(count - 1 for count in counts.values()) <= len(counts) / 3
    for key, count in counts.items():
        tries = [one.proposal.fidelity.replicate for one in trials if one.key == key]
        assert tries == list(range(count))


def test_the_mean_of_a_leader_is_nearer_to_its_worth_than_its_first_score() -> None:
    trials = driven(confirmed(), 400)
    first = {trial.key: trial.score or 0.0 for trial in trials if not trial.proposal.fidelity.replicate}
    leaders = [trial for trial, scores in averaged(trials) if len(scores) == 4]
    worth = {trial.key: score(trial.proposal, 0.0) for trial in leaders}
    luck = [
        sum(score[key] - worth[key] for key in worth) for score in (first, {t.key: t.score or 0.0 for t in leaders})
    ]
    assert len(leaders) >= 10
    assert luck[0] > 1.5 * luck[1] > 0


def test_nothing_is_tried_again_before_there_are_ten() -> None:
    trials = driven(confirmed(), 10)
    assert not any(trial.proposal.fidelity.replicate for trial in trials)


def test_what_is_under_way_is_not_asked_twice_and_the_other_search_does_not_see_it() -> None:
    class Strict(Random):
        def ask(self, number: int, pending: Mapping[int, Proposal]) -> Proposal | None:
            assert not any(proposal.fidelity.replicate for proposal in pending.values())
            return super().ask(number, pending)

        def tell(self, trial: Trial) -> None:
            assert not trial.proposal.fidelity.replicate

    search = Confirmed(Strict(SPACE, seed=0, fidelity=Fidelity()), SPACE, replicates=2, leaders=1)
    driven(search, 10, luck=0.0)
    pending: dict[int, Proposal] = {}
    for number in range(10, 14):
        proposal = search.ask(number, pending)
        assert proposal is not None
        pending[number] = proposal
    assert [proposal.fidelity.replicate for proposal in pending.values()] == [1, 2, 0, 0]


def test_a_further_try_that_fails_counts_as_a_try() -> None:
    search = Confirmed(Random(SPACE, seed=0, fidelity=Fidelity()), SPACE, replicates=1, leaders=1)
    trials = driven(search, 10, luck=0.0)
    again = search.ask(10, {})
    assert again is not None
    assert again.fidelity.replicate == 1
    search.tell(Trial(again, Outcome(Status.FAILED), SPACE.architecture(again.point).key, 10, 11))
    following = search.ask(11, {})
    assert following is not None
    assert following.fidelity.replicate == 0
    assert len(averaged(trials)) == 10


def test_with_several_objectives_leaders_stand_along_the_front() -> None:
    """By the score alone all further tries would go to large networks."""

    def at(size: int) -> Proposal:
        return Proposal(size, SPACE.sample(rng_for(size, Use.SAMPLE)), Fidelity())

    search = Confirmed(
        Random(SPACE, seed=0, fidelity=Fidelity()), SPACE, replicates=1, leaders=3, objectives=("score", "-parameters")
    )
    for size in range(30):  # the larger the better; those of an odd size are worse than the one before
        outcome = Outcome(Status.OK, size - 1.5 * (size % 2), parameters=100 + size)
        search.tell(Trial(at(size), outcome, f"key {size}", 0.0, 1.0))
    pending: dict[int, Proposal] = {}
    for number in range(100, 103):
        proposal = search.ask(number, pending)
        assert proposal is not None
        assert proposal.fidelity.replicate == 1
        pending[number] = proposal
    assert {proposal.point for proposal in pending.values()} == {at(size).point for size in (0, 14, 28)}


def test_of_equally_good_networks_ten_are_tried_again_and_no_more() -> None:
    trials = told(confirmed(replicates=1), SPACE, lambda _: 0.5, 300)
    assert sum(trial.proposal.fidelity.replicate > 0 for trial in trials) <= 12


def test_with_several_objectives_a_mean_that_falls_leads_no_more() -> None:
    def tried(score: float, parameters: int, proposal: Proposal, key: str) -> Trial:
        return Trial(proposal, Outcome(Status.OK, score, parameters=parameters), key, 0.0, 1.0)

    search = confirmed(replicates=2, leaders=1, objectives=("score", "-parameters"))
    points = [SPACE.sample(rng_for(size, Use.SAMPLE)) for size in range(30)]
    for size, point in enumerate(points):
        search.tell(tried(1.0 + (size == 7), 100, Proposal(size, point, Fidelity()), f"key {size}"))
    again = search.ask(100, {})
    assert again is not None
    assert (again.point, again.fidelity.replicate) == (points[7], 1)
    search.tell(tried(-1.0, 100, again, "key 7"))
    other = search.ask(101, {})
    assert other is not None
    assert (other.point, other.fidelity.replicate) == (points[0], 1)


def test_times_are_means_too() -> None:
    first, second = (
        replace(trial, outcome=replace(trial.outcome, seconds=seconds, microseconds=5 * seconds))
        for trial, seconds in zip(scored([0.5, 0.7]), (1.0, 3.0), strict=True)
    )
    mean, _ = averaged([first, second])[0]
    assert (mean.outcome.seconds, mean.outcome.microseconds) == (2.0, 10.0)


def test_numbers_out_of_range_are_refused() -> None:
    for wrong in ({"replicates": 0}, {"leaders": 0}):
        with pytest.raises(UsageError, match="at least 1"):
            confirmed(**wrong)


def scored(*scores: list[float]) -> list[Trial]:
    """Return the tries of architectures 0, 1, and so on."""
    return [
        Trial(
            Proposal(10 * place + number, SPACE.sample(rng_for(place, Use.SAMPLE)), Fidelity(replicate=number)),
            Outcome(Status.OK, one),
            f"key {place}",
            0.0,
            1.0,
        )
        for place, of in enumerate(scores)
        for number, one in enumerate(of)
    ]


def order(*scores: list[float]) -> list[str]:
    return [trial.key.removeprefix("key ") for trial in ranked(scored(*scores))]


def test_a_lucky_score_does_not_lead_before_a_mean_that_is_to_be_believed() -> None:
    """Tries differ by 0.1, architectures by about as much: one score of 0.70 is worth less than a mean of 0.69."""
    rest = [[0.4], [0.45], [0.5], [0.55], [0.6]]
    assert order(*rest, [0.7], [0.59, 0.79, 0.69])[:2] == ["6", "5"]
    assert order(*rest, [0.95], [0.59, 0.79, 0.69])[:2] == ["5", "6"], "what is far better leads after one try"
    assert order(*rest, [0.7], [0.69, 0.69, 0.69])[:2] == ["5", "6"], "where tries agree, one is as good as three"


def test_what_was_trained_for_less_has_no_say_in_what_is_believed() -> None:
    full = [
        replace(one, key=f"full {one.key}") for one in scored([0.6], [0.605], [0.61], [0.627], [0.615, 0.635, 0.625])
    ]
    full = [replace(one, proposal=replace(one.proposal, number=1000 + one.number)) for one in full]
    early = scored(*[[0.01 * number] for number in range(50)])
    stopped = Fidelity(epochs=9, stop=1.0)
    full = [
        replace(one, proposal=replace(one.proposal, fidelity=replace(one.proposal.fidelity, epochs=9))) for one in full
    ]
    early = [replace(one, proposal=replace(one.proposal, fidelity=stopped)) for one in early]
    assert [one.key for one in ranked(early + full)][:5] == [one.key for one in ranked(full)]


def test_without_further_tries_the_order_is_that_of_the_scores() -> None:
    assert order([0.4], [0.9], [-1e12], [0.5]) == ["1", "3", "0", "2"]
    assert order([0.5, 0.5], [0.5]) == ["0", "1"]
    assert order() == []
