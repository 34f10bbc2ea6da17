import numpy as np
import pytest

from cellwright.report.series import fence, pareto_front, records, running_mean, thinned
from cellwright.report.utilisation import most_at_once, utilisation


def test_the_running_mean_of_the_first_values_is_over_what_there_is() -> None:
    assert running_mean([1, 3, 5, 7, 9], 3).tolist() == [1, 2, 3, 5, 7]
    assert running_mean([], 3).tolist() == []


def test_a_record_beats_all_before_it() -> None:
    assert records([1.0, 0.5, 1.0, 2.0, 1.9, 3.0]) == [0, 3, 5]


def test_nothing_on_the_front_is_beaten_by_a_cheaper_one() -> None:
    costs = [30, 10, 20, 20, 40, 10]
    scores = [0.7, 0.4, 0.6, 0.65, 0.7, 0.3]
    assert pareto_front(costs, scores) == [1, 3, 0]
    assert pareto_front([], []) == []


def test_the_fence_keeps_wild_scores_from_squeezing_the_others() -> None:
    scores = [0.5, 0.6, 0.7, 0.4, 0.65, -1e6, -3e9]
    assert fence(scores) == pytest.approx(0.5 - 2 * 0.2)
    assert fence([0.5, 0.6, 0.7]) == 0.5
    assert fence([0.5, 0.5, 0.5]) == 0.5
    assert fence([0.9, 0.9, 0.9, 0.8, -1e6]) == pytest.approx(0.9 - 2 * 0.1)
    assert fence([]) == 0.0


def test_thinning_keeps_the_best_and_what_it_is_told_to() -> None:
    scores = np.random.default_rng(0).random(20_000)
    kept = thinned(scores, 500, keep=[3, 17])
    assert len(kept) <= 500
    assert kept == sorted(set(kept))
    assert {3, 17, *np.argsort(-scores)[:50].tolist()} <= set(kept)
    assert np.diff(kept).max() < 200


def test_few_dots_are_all_kept() -> None:
    assert thinned([0.1, 0.2, 0.3], 3) == [0, 1, 2]


def test_utilisation_is_that_worked_out_by_hand() -> None:
    # two workers over 4 seconds: one busy from 0 to 3, the other from 1 to 2 and from 2.5 to 4
    spans = [(0.0, 3.0), (1.0, 2.0), (2.5, 4.0)]
    assert utilisation(spans, [0, 1, 2, 3, 4], 2).tolist() == [0.5, 1.0, 0.75, 0.5]
    assert utilisation(spans, [0, 4], 2).tolist() == [5.5 / 8]
    assert utilisation([], [0, 1, 2], 2).tolist() == [0, 0]


def test_spans_that_touch_do_not_overlap() -> None:
    assert most_at_once([(0, 1), (1, 2), (0.5, 1.5)]) == 2
    assert most_at_once([]) == 0


def test_where_nearly_all_scores_are_equal_the_others_stay_in_the_picture() -> None:
    assert fence([1.0] * 8 + [0.5, 0.6]) == 0.5
    assert fence([0.9] * 5) == 0.9
