import pytest
from tests.methods.driving import told
from tests.spaces import small_space

from cellwright.errors import UsageError
from cellwright.methods.halved import Halved
from cellwright.methods.local import Local
from cellwright.methods.started import Started
from cellwright.space import Choice, Space
from cellwright.trial import CONTINUES, Fidelity, Outcome, Proposal, Status, Trial

SPACE = Space("grid", (), tuple(Choice(name, tuple(range(6))) for name in "abc"))


def near(proposal: Proposal) -> float:
    """Return a score with one hill, at (4, 1, 3)."""
    return -float(sum(abs(value - goal) for value, goal in zip(proposal.point.values, (4, 1, 3), strict=True)))


def test_a_hill_is_climbed_and_what_is_around_its_top_is_tried() -> None:
    trials = told(Local(SPACE, seed=0, fidelity=Fidelity(), starts=3), SPACE, near, 60)
    top = next(trial.number for trial in trials if trial.score == 0)
    assert top < 45, "216 points, 15 around each"
    after = [trial.proposal.notes["climb"] for trial in trials[top:]]
    ended = after.index(1)
    around = {trial.proposal.point for trial in trials[: top + ended]}
    assert all(point in around for point in SPACE.neighbours(SPACE.point((4, 1, 3))))


def test_the_first_climb_begins_with_the_best_point_that_a_search_starts_with() -> None:
    points = [SPACE.point((step, step, step)) for step in range(5)]
    search = Started(Local(SPACE, seed=0, fidelity=Fidelity()), points, fidelity=Fidelity())
    trials = told(search, SPACE, near, 10)
    best = max(points, key=lambda point: near(Proposal(0, point)))
    assert [trial.proposal.point for trial in trials[:5]] == points
    assert trials[5].proposal.point in list(SPACE.neighbours(best))


def test_each_step_goes_up() -> None:
    trials = told(Local(SPACE, seed=1, fidelity=Fidelity(), starts=1), SPACE, near, 30)
    best = trials[0]
    for trial in trials[1:]:
        if trial.proposal.notes["climb"]:
            break
        steps = sum(a != b for a, b in zip(trial.proposal.point.values, best.proposal.point.values, strict=True))
        assert steps == 1, "a neighbour of the best so far"
        if (trial.score or 0.0) > (best.score or 0.0):
            best = trial


def test_several_workers_try_neighbours_at_once_and_no_climb_begins_too_early() -> None:
    search = Local(SPACE, seed=2, fidelity=Fidelity(), starts=2)
    told(search, SPACE, near, 2)
    pending: dict[int, Proposal] = {}
    for number in range(2, 30):
        proposal = search.ask(number, pending)
        assert proposal is not None
        pending[number] = proposal
    climbs = [proposal.notes["climb"] for proposal in pending.values()]
    assert climbs == [0] * climbs.count(0) + [1] * climbs.count(1)
    assert climbs.count(0) >= 13
    assert len({proposal.point for proposal in pending.values()}) == 28


def test_a_space_that_is_used_up_is_gone_through() -> None:
    space = small_space()
    trials = told(Local(space, seed=0, fidelity=Fidelity()), space, lambda proposal: float(proposal.number % 7), 60)
    assert len({trial.key for trial in trials}) == 40


def test_what_goes_on_is_no_start() -> None:
    full = Fidelity(9)
    search = Halved(Local(SPACE, seed=0, fidelity=full, starts=6), SPACE, seed=0, fidelity=full)
    trials = told(search, SPACE, lambda proposal: -float(proposal.number), 9)  # of six starts, two go on
    assert sum(CONTINUES in trial.proposal.notes for trial in trials) >= 2
    drawn = [trial.proposal.point for trial in trials if CONTINUES not in trial.proposal.notes]
    around = set(SPACE.neighbours(drawn[0]))
    assert not around & set(drawn[1:6])
    assert drawn[6] in around


def test_no_start_is_refused() -> None:
    with pytest.raises(UsageError, match="at least 1 start"):
        Local(SPACE, seed=0, fidelity=Fidelity(), starts=0)


def test_starts_told_early_belong_to_the_climb_that_they_were_asked_for() -> None:
    search = Local(SPACE, seed=0, fidelity=Fidelity(), starts=2)
    pending: dict[int, Proposal] = {}
    for number in range(60):
        proposal = search.ask(number, pending)
        assert proposal is not None
        pending[number] = proposal
        if len(pending) > 20:  # more than are around a point
            first = min(pending)
            point = pending[first].point
            outcome = Outcome(Status.OK, float(pending[first].notes["climb"]))
            search.tell(Trial(pending.pop(first), outcome, SPACE.architecture(point).key, 0, 0))
    climbs = [proposal.notes["climb"] for proposal in pending.values()]
    assert max(climbs) >= 1
    assert search._climb >= 1
    assert search._best is not None
    assert search._best[0] == search._climb
