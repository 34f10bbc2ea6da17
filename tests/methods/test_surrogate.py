import numpy as np
import pytest
from tests.methods.driving import told
from tests.spaces import settings_space, small_space

from cellwright.errors import UsageError
from cellwright.methods import Evolution, Random
from cellwright.methods.encoding import Encoding, ordered
from cellwright.methods.halved import Halved
from cellwright.methods.known import Known
from cellwright.methods.predictor import Predictor
from cellwright.methods.surrogate import Surrogate
from cellwright.seeds import Use, rng_for
from cellwright.space import Architecture, Choice, Float, Point, Space, When
from cellwright.trial import CONTINUES, Fidelity, Outcome, Proposal, Status, Trial

SPACE = Space("wide", (), tuple(Choice(f"d{number}", tuple(range(8))) for number in range(8)))

DIAGONAL = Space(
    "diagonal",
    (),
    (Choice("a", tuple(range(12))), Choice("b", tuple(range(12)))),
    tuple(
        (When("a", (place,)), When("b", tuple(other for other in range(12) if other != place))) for place in range(12)
    ),
)


def near(proposal: Proposal) -> float:
    """Return a score with one hill, in the middle."""
    return -float(sum((value - 4) ** 2 for value in proposal.point.values))


def test_rows_say_what_points_are() -> None:
    space = settings_space()
    encoding = Encoding(space, Known(space))
    rows = encoding([space.point((0, 0.1, 4, 8, 0.5)), space.point((1, 1e-4, 1, 1024, 0.9))])
    assert rows.dtype == np.float32
    # optimizer has a column an option, momentum none to speak of where the optimizer is adam
    assert rows[:, :3].tolist() == [[1, 0, 1], [0, 1, 0]]
    assert rows[:, 3].tolist() == pytest.approx([0.875, 0.125])
    assert rows[0, -1] == -1
    assert rows[1, -1] == pytest.approx(1.0)


def test_options_that_are_numbers_have_an_order_of_their_own() -> None:
    space = Space("s", (), (Choice("width", (64, 8, 256)), Choice("on", (True, False)), Float("rate", 0, 1)))
    assert [ordered(decision) for decision in space.decisions] == [True, False, True]
    rows = Encoding(space, Known(space))([space.point((place, 0, 0.5)) for place in range(3)])
    assert rows.tolist() == [[0.5, 1, 0, 0.5], [0, 1, 0, 0.5], [1, 1, 0, 0.5]]


def test_networks_tell_their_size() -> None:
    space = small_space()
    point = space.point((1, 2, 3))
    row = Encoding(space, Known(space))([point])[0]
    assert len(row) == 3 * 4 + 3
    assert row[-3] == pytest.approx(np.log10(1 + space.architecture(point).parameters))


def test_it_finds_in_60_trials_what_chance_does_not_in_600() -> None:
    for seed in range(3):
        learnt = max(
            trial.score or -99 for trial in told(Surrogate(SPACE, seed=seed, fidelity=Fidelity()), SPACE, near, 60)
        )
        drawn = max(
            trial.score or -99 for trial in told(Random(SPACE, seed=seed, fidelity=Fidelity()), SPACE, near, 600)
        )
        assert learnt > drawn


def test_it_learns_what_cannot_be_tried() -> None:
    def score(proposal: Proposal) -> float | None:
        return None if proposal.point.values[0] < 4 or proposal.point.values[1] < 4 else near(proposal)

    trials = told(Surrogate(SPACE, seed=0, fidelity=Fidelity()), SPACE, score, 90)
    failed = [trial.score is None for trial in trials]
    assert np.mean(failed[:10]) > 0.5
    assert np.mean(failed[-50:]) < 0.3


def test_it_learns_what_cannot_be_built() -> None:
    """As the loop tells of it: without parameters, without a key."""
    search = Surrogate(SPACE, seed=0, fidelity=Fidelity())
    refused = []
    for number in range(150):
        proposal = search.ask(number, {})
        assert proposal is not None
        first = proposal.point.values[0]
        refused.append(first > 1)  # three of four
        outcome = (
            Outcome(Status.REJECTED, error="no") if refused[-1] else Outcome(Status.OK, near(proposal), parameters=1)
        )
        search.tell(Trial(proposal, outcome, "" if refused[-1] else f"key {number}", 0.0, 1.0))
    assert np.mean(refused[100:]) < 0.3


def test_failures_lead_nobody() -> None:
    predictor = Predictor(SPACE, Known(SPACE), seed=0, initial=10)
    points = [SPACE.sample(rng_for(0, Use.SAMPLE, number)) for number in range(12)]
    for number, point in enumerate(points):
        outcome = Outcome(Status.OK, 0.1 * number) if number in (3, 7) else Outcome(Status.FAILED)
        predictor.tell(Trial(Proposal(number, point, Fidelity()), outcome, f"key {number}", 0.0, 1.0))
    assert predictor.leaders(5) == [points[7], points[3]]


def test_scores_of_any_scale_are_one_to_it() -> None:
    plain, odd = (
        [trial.proposal.point for trial in told(Surrogate(SPACE, seed=1, fidelity=Fidelity()), SPACE, score, 40)]
        for score in (near, lambda proposal: -np.exp(-near(proposal)))
    )
    assert plain == odd


def test_too_few_initial_points_are_refused() -> None:
    with pytest.raises(UsageError, match="at least 2 initial points"):
        Surrogate(SPACE, seed=0, fidelity=Fidelity(), initial=1)


def test_of_two_equally_good_networks_the_quicker_one_is_asked_for() -> None:
    """The first decision alone decides the score, the second one alone the seconds."""
    space = Space("two", (), (Choice("a", tuple(range(6))), Choice("b", tuple(range(30)))))

    def seconds_of_last(thrift: float) -> float:
        search = Surrogate(space, seed=0, fidelity=Fidelity(), thrift=thrift)
        spent = []
        for number in range(90):
            proposal = search.ask(number, {})
            assert proposal is not None
            a, b = proposal.point.values
            outcome = Outcome(Status.OK, -abs(float(a) - 3), parameters=1, seconds=float(1.2**b))
            spent.append(float(b))
            search.tell(Trial(proposal, outcome, str(proposal.point.values), 0.0, 1.0))
        return float(np.mean(spent[10:40]))

    assert seconds_of_last(1.0) < seconds_of_last(0.0) - 2


def test_where_what_went_on_failed_it_goes_on() -> None:
    search = Halved(Surrogate(SPACE, seed=0, fidelity=Fidelity(9)), SPACE, seed=0, fidelity=Fidelity(9))

    def score(proposal: Proposal) -> float | None:
        return None if proposal.number >= 6 or CONTINUES in proposal.notes else near(proposal)

    assert len(told(search, SPACE, score, 40)) == 40


def test_where_nothing_around_the_best_is_allowed_it_draws_at_random() -> None:
    for method in (Surrogate, Evolution):
        trials = told(method(DIAGONAL, seed=0, fidelity=Fidelity()), DIAGONAL, near, 24)
        assert len({trial.proposal.point for trial in trials}) > 8


def test_it_learns_anew_after_50_points_at_most() -> None:
    space = Space("reals", (), (Float("a", 0, 1), Float("b", 0, 1)))
    predictor = Predictor(space, Known(space), seed=0, initial=10)
    rng = np.random.default_rng(0)
    for number in range(2500):
        proposal = Proposal(number, space.sample(rng), Fidelity())
        predictor.tell(Trial(proposal, Outcome(Status.OK, float(number)), f"{number}", 0, 0))
        assert number < 10 or number + 1 - predictor.learnt <= 50
    assert predictor.leaders(1) != [proposal.point]


def heard(trials: int) -> Predictor:
    predictor = Predictor(SPACE, Known(SPACE), seed=0, initial=10)
    for number in range(trials):
        proposal = Proposal(number, SPACE.sample(rng_for(0, Use.SAMPLE, number)), Fidelity())
        predictor.tell(Trial(proposal, Outcome(Status.OK, near(proposal)), f"{number}", 0, 0))
    return predictor


def test_up_to_500_points_the_forest_and_the_gaussian_process_have_half_the_say_each() -> None:
    points = [SPACE.sample(rng_for(1, Use.SAMPLE, number)) for number in range(50)]
    for trials, together in ((120, True), (700, False)):
        opinions = []
        for say in (0.0, 0.5, 1.0):
            predictor = heard(trials)
            assert predictor._say == 0.5
            predictor._say = say
            opinions.append(predictor(points))
        forest, both, gaussian = opinions
        assert np.allclose(both.mean, (forest.mean + gaussian.mean) / 2)
        assert np.allclose(both.deviation, (forest.deviation + gaussian.deviation) / 2)
        assert np.allclose(forest.mean, gaussian.mean) != together


@pytest.mark.parametrize("decision", [Float("only", 0, 1), Choice("only", tuple("abcdefghijklmnopqrstuvwxyz"))])
def test_a_space_of_one_decision_is_searched(decision: Float | Choice) -> None:
    space = Space("one", (), (decision,))
    assert len(told(Surrogate(space, seed=0, fidelity=Fidelity()), space, near, 20)) == 20


class Twofold(Space):
    """A space of pairs in which order makes no difference."""

    def architecture(self, point: Point) -> Architecture:
        return Architecture((), (("pair", tuple(sorted(point.values))),))


def test_of_one_network_written_in_several_ways_one_is_a_candidate() -> None:
    space = Twofold("pairs", (), (Choice("a", tuple(range(12))), Choice("b", tuple(range(12)))))
    search = Surrogate(space, seed=0, fidelity=Fidelity())
    trials = told(search, space, lambda proposal: -float(sum(proposal.point.values)), 40)
    assert len({trial.key for trial in trials}) == 40
    search.ask(40, {})
    candidates, _, _ = search._candidates(search._predictor.learnt, False)
    keys = {space.architecture(point).key for point in candidates}
    assert len(keys) == len(candidates)
    assert not keys & {trial.key for trial in trials[: search._predictor.learnt]}


@pytest.mark.parametrize(("workers", "around"), [(4, True), (64, False)])
def test_nothing_is_sought_around_the_quickest_where_more_are_under_way_than_known(workers: int, around: bool) -> None:
    search = Surrogate(SPACE, seed=0, fidelity=Fidelity())
    known = [trial.proposal.point for trial in told(search, SPACE, near, 20, workers)]
    proposal = Proposal(0, known[0], Fidelity())
    asked = [search.ask(1000 + number, dict.fromkeys(range(workers), proposal)) for number in range(30)]
    apart = [
        min(np.not_equal(one.point.values, other.values).sum() for other in known) for one in asked if one is not None
    ]
    assert (min(apart) == 1) == around
