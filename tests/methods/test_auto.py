import pytest
from tests.spaces import small_space

from cellwright.methods.auto import Auto
from cellwright.seeds import Use, rng_for
from cellwright.trial import Fidelity, Outcome, Proposal, Status, Trial

SPACE = small_space()


def auto(seed: int = 0) -> Auto:
    return Auto(SPACE, seed=seed, fidelity=Fidelity())


def judged(search: Auto, by: str, score: float | None, number: int) -> None:
    """Tell of a trial that a member asked for."""
    point = SPACE.sample(rng_for(0, Use.SAMPLE, number))
    outcome = Outcome(Status.FAILED) if score is None else Outcome(Status.OK, score, parameters=1)
    search.tell(Trial(Proposal(number, point, Fidelity(), {"by": by}), outcome, f"key {number}", 0.0, 1.0))


def test_the_surrogate_begins_alone() -> None:
    search = auto()
    for number in range(100):
        assert search.shares() == {"surrogate": 1.0, "evolution": 0.0}
        judged(search, "surrogate", float(number), number)
    assert 0.02 < search.shares()["evolution"] < 0.5
    assert sum(search.shares().values()) == pytest.approx(1.0)


def test_whose_proposals_are_among_the_best_asks_more() -> None:
    search = auto()
    for number in range(200):
        judged(search, "evolution", 1.0 + number, 2 * number)
        judged(search, "surrogate", -1.0 - number, 2 * number + 1)
    assert search.shares()["evolution"] > 0.9
    for number in range(400, 800):
        judged(search, "surrogate", 1000.0 + number, number)
    assert search.shares()["surrogate"] > 0.4, "no record is for ever"


def test_nobody_is_shut_out_and_failures_are_no_successes() -> None:
    search = auto()
    for number in range(100):
        judged(search, "surrogate", float(number), 3000 + number)
    for number in range(300):
        judged(search, "surrogate", None, number)
        judged(search, "evolution", None, 1000 + number)
    assert min(search.shares().values()) >= 0.02
    for number in range(300):
        judged(search, "evolution", float(number), 2000 + number)
    assert 0.02 <= search.shares()["surrogate"] < 0.05


def test_where_none_has_succeeded_for_long_members_are_equals() -> None:
    search = auto()
    for number in range(3000):  # no score is among the best
        judged(search, ("surrogate", "evolution")[number % 2], 1.0, number)
    assert sum(search.shares().values()) == pytest.approx(1.0)
    assert search.shares()["surrogate"] == pytest.approx(0.5)


def test_proposals_say_who_asked_in_the_shares_that_it_has() -> None:
    search = auto()
    for number in range(100):
        judged(search, "surrogate", float(number), number)
    asked = [search.ask(number, {}) for number in range(400)]
    by = [proposal.notes["by"] for proposal in asked if proposal]
    assert by.count("surrogate") / 400 == pytest.approx(search.shares()["surrogate"], abs=0.06)
