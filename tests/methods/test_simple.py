from collections import Counter

from tests.spaces import settings_space, small_space

from cellwright.methods import Listed, Random
from cellwright.trial import Fidelity


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
