from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.spaces import small_space

from cellwright.errors import UsageError
from cellwright.methods.objectives import Standings, Traded, check_objectives, front, thinned, values_of
from cellwright.trial import Fidelity, Outcome, Proposal, Status, Trial

SPACE = small_space()
BOTH = ("r2", "-parameters")


def trial(number: int, score: float | None, parameters: int, seconds: float = 1.0) -> Trial:
    point = SPACE.point((number % 4, 0, 1))
    status = Status.FAILED if score is None else Status.OK
    outcome = Outcome(status, score, {}, parameters, seconds)
    return Trial(Proposal(number, point, Fidelity()), outcome, str(number), 0.0, 1.0, 0)


class Heard:
    """Remembers the scores it was told."""

    def __init__(self) -> None:
        self.scores: list[float | None] = []

    def ask(self, number: int, pending: Mapping[int, Proposal]) -> Proposal | None:
        return Proposal(number, SPACE.point((0, 0, 0)), Fidelity())

    def tell(self, trial: Trial) -> None:
        self.scores.append(trial.score)


def test_costs_count_against_a_trial() -> None:
    one = trial(3, 0.5, 100, 2.5)
    flops = SPACE.architecture(one.proposal.point).flops
    assert values_of(one, ("r2", "-parameters", "-flops", "-seconds"), SPACE) == (0.5, -100.0, -float(flops), -2.5)
    assert values_of(trial(3, None, 100), BOTH, SPACE) is None


def test_a_front_by_hand() -> None:
    values = np.array([[0.9, -500], [0.8, -100], [0.7, -200], [0.9, -600], [0.1, -50], [0.8, -100]])
    assert front(values).tolist() == [True, True, False, False, True, True]
    assert front(np.empty((0, 2))).tolist() == []


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=30))
def test_what_is_no_front_is_dominated_by_the_front(points: list[tuple[int, int]]) -> None:
    values = np.array(points)
    best = values[front(values)]
    assert len(best)
    for value, is_best in zip(values, front(values), strict=True):
        dominated = ((best >= value).all(axis=1) & (best > value).any(axis=1)).any()
        assert dominated != is_best


def test_a_front_is_thinned_from_end_to_end() -> None:
    values = np.array([[0.9 - 0.1 * step, -900.0 + 100 * step] for step in range(9)])
    assert thinned(values, 3) == [0, 8, 4]
    assert thinned(values, 1) == [0]
    assert sorted(thinned(values, 20)) == list(range(9))
    assert thinned(np.empty((0, 2)), 3) == []


PAIRS = st.tuples(st.integers(0, 4), st.integers(0, 4))


@given(st.lists(PAIRS, min_size=1, max_size=30), st.lists(st.tuples(st.integers(0, 29), PAIRS), max_size=5))
def test_standings_are_those_of_all_points_together(
    points: list[tuple[int, int]], changes: list[tuple[int, tuple[int, int]]]
) -> None:
    standings = Standings(2)
    for point in points:
        standings.add(point)
    for place, point in changes:
        points[place % len(points)] = point
        standings.change(place % len(points), point)
    values = np.array(points)
    for here, stands in zip(values, standings.all(), strict=True):
        dominating = ((values >= here).all(axis=1) & (values > here).any(axis=1)).mean()
        ranks = ((values < here).mean(axis=0) + (values <= here).mean(axis=0)) / 2
        assert stands == pytest.approx(ranks.prod() - dominating)


def test_what_nothing_dominates_stands_above_what_something_does() -> None:
    heard = Heard()
    search = Traded(heard, BOTH, SPACE)
    for number, (score, parameters) in enumerate([(0.5, 500), (0.6, 400), (0.1, 450), (0.7, 100), (0.6, 300)]):
        search.tell(trial(number, score, parameters))
    search.tell(trial(5, None, 0))
    better, dominated = heard.scores[3], heard.scores[4]
    assert better is not None
    assert dominated is not None
    assert better > dominated
    assert heard.scores[5] is None
    assert search.ask(7, {}) == heard.ask(7, {})


def test_what_is_good_in_both_stands_above_what_is_extreme_in_one() -> None:
    heard = Heard()
    search = Traded(heard, BOTH, SPACE)
    for step in range(10):
        search.tell(trial(step, 0.1 * step, 100 * step))  # a front from nothing to everything
    search.tell(trial(10, 0.55, 520))  # in the middle of it
    search.tell(trial(11, 0.95, 1000))  # beyond its end
    middle, end = heard.scores[-2:]
    assert middle is not None
    assert end is not None
    assert middle > end


@pytest.mark.parametrize(
    ("objectives", "message"),
    [
        (("r2", "-memory"), "no objective '-memory' here; known: r2, -parameters, -flops, -seconds, -microseconds"),
        (("r2", "parameters"), "no objective 'parameters'"),
        (("-parameters", "r2"), "begin with the score, 'r2'"),
        (("r2", "-flops", "-flops"), "name nothing twice"),
        ((), "begin with the score"),
    ],
)
def test_objectives_that_make_no_sense_are_refused(objectives: tuple[str, ...], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        check_objectives(objectives, "r2")
    check_objectives(BOTH, "r2")


def test_an_answer_from_the_cache_stands_where_its_source_stood() -> None:
    heard = Heard()
    search = Traded(heard, ("r2", "-seconds"), SPACE)
    search.tell(trial(0, 0.5, 10, seconds=2.0))
    cached = Outcome(Status.CACHED, 0.5, {}, 10, 0.0, None, 0)
    search.tell(Trial(Proposal(1, SPACE.point((0, 0, 1)), Fidelity()), cached, "0", 0.0, 0.0))
    search.tell(trial(2, 0.6, 10, seconds=2.0))
    assert heard.scores[1] == heard.scores[0]
    assert heard.scores[2] is not None
    assert heard.scores[2] > 0
