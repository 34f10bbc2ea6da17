from collections import Counter

from tests.spaces import settings_space, small_space

from cellwright.methods import Listed, Random
from cellwright.methods.started import Started
from cellwright.trial import Fidelity, Outcome, Proposal, Status, Trial


def test_random_is_a_function_of_seed_and_number() -> None:
    space = small_space()
    first, second = (Random(space, seed=4, fidelity=Fidelity()) for _ in range(2))
    assert [first.ask(number, {}) for number in range(9)] == [second.ask(number, {}) for number in range(9)]
    assert first.ask(5, {}) != Random(space, seed=5, fidelity=Fidelity()).ask(5, {})


def test_random_draws_each_option_about_as_often() -> None:
    search = Random(small_space(), seed=0, fidelity=Fidelity())
    asked = [search.ask(number, {}) for number in range(2000)]
    for decision in range(3):
        counts = Counter(proposal.point.values[decision] for proposal in asked if proposal)
        assert set(counts) == {0, 1, 2, 3}
        assert min(counts.values()) > 420  # 500 expected, 4 standard deviations are 78


def test_random_never_proposes_what_is_forbidden() -> None:
    space = settings_space()
    search = Random(space, seed=0, fidelity=Fidelity())
    for number in range(300):
        proposal = search.ask(number, {})
        assert proposal is not None
        assert space.point(proposal.point.values) == proposal.point


def test_listed_goes_through_its_points_once() -> None:
    space = small_space()
    points = [space.point((1, 2, 3)), space.point((0, 0, 0))]
    search = Listed(points, fidelity=Fidelity(3))
    asked = [search.ask(number, {}) for number in range(3)]
    assert [proposal and proposal.point for proposal in asked] == [*points, None]


def test_given_points_come_first_and_the_other_search_hears_of_them() -> None:
    space = settings_space()
    given = [space.point((0, 0.01, 2, 64, 0.5)), space.point((1, 0.1, 3, 8, 0.0))]
    heard: list[Trial] = []

    class Hearing(Random):
        def tell(self, trial: Trial) -> None:
            heard.append(trial)

    search = Started(Hearing(space, seed=0, fidelity=Fidelity()), given, fidelity=Fidelity(3))
    pending: dict[int, Proposal] = {}
    for number in range(3):
        proposal = search.ask(number, pending)
        assert proposal is not None
        pending[number] = proposal
    assert [proposal.point for proposal in pending.values()][:2] == given
    assert [proposal.fidelity.epochs for proposal in pending.values()] == [3, 3, 1]
    search.tell(Trial(pending.pop(0), Outcome(Status.FAILED), "a", 0.0, 1.0))
    assert len(heard) == 1
    following = search.ask(3, pending)
    assert following is not None
    assert following.point not in given
