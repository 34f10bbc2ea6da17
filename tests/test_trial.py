import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellwright.errors import SpaceError, UsageError
from cellwright.space import Point
from cellwright.trial import Fidelity, Outcome, Proposal, Status, Trial, usual_epochs

finite = st.floats(allow_nan=False, allow_infinity=False)
points = st.builds(
    Point, st.lists(st.one_of(st.integers(0, 50), finite), max_size=5).map(tuple), st.text("0123456789abcdef")
)
fidelities = st.builds(
    Fidelity, st.integers(1, 99), st.floats(0.01, 1.0), st.one_of(st.none(), st.floats(0.1, 1e6)), st.integers(1, 20)
)
notes = st.dictionaries(
    st.text(max_size=5), st.one_of(st.integers(), finite, st.text(max_size=5), st.none()), max_size=3
)
proposals = st.builds(Proposal, st.integers(0, 10**9), points, fidelities, notes)
good = st.builds(
    Outcome,
    st.just(Status.OK),
    finite,
    st.dictionaries(st.sampled_from(["r2", "rmse"]), finite),
    st.one_of(st.none(), st.integers(0, 10**9)),
    st.floats(0, 1e6),
)
bad = st.builds(
    Outcome,
    st.sampled_from([Status.FAILED, Status.TIMEOUT, Status.KILLED, Status.MEMORY, Status.DIVERGED, Status.REJECTED]),
    error=st.text(),
)
trials = st.builds(
    Trial, proposals, st.one_of(good, bad), st.text(), finite, finite, st.one_of(st.none(), st.integers(0, 99))
)


@given(trials)
def test_a_trial_survives_json_exactly(trial: Trial) -> None:
    assert Trial.from_json(json.loads(json.dumps(trial.to_json()))) == trial


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0,), "epochs"),
        ((1, 0.0), "fraction"),
        ((1, 1.5), "fraction"),
        ((1, 1.0, 0.0), "seconds"),
        ((1, 1.0, None, 0), "folds"),
    ],
)
def test_a_fidelity_out_of_range_is_refused(arguments: tuple[float | None, ...], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Fidelity(*arguments)  # type: ignore[arg-type]  # wrong on purpose


def test_a_fidelity_written_before_there_were_folds_has_one() -> None:
    written = Proposal(3, Point((1,), "ab"), Fidelity(4)).to_json()
    assert written["fidelity"].pop("folds") == 1
    assert Proposal.from_json(written).fidelity == Fidelity(4, folds=1)


def test_a_failure_has_no_score_and_a_success_a_finite_one() -> None:
    with pytest.raises(UsageError, match=r"failed came with 1\.0"):
        Outcome(Status.FAILED, score=1.0)
    with pytest.raises(UsageError, match="ok came with None"):
        Outcome(Status.OK)
    with pytest.raises(UsageError, match="not nan"):
        Outcome(Status.OK, score=float("nan"))
    with pytest.raises(UsageError, match="all scores are finite"):
        Outcome(Status.OK, 1.0, {"r2": float("inf")})


def test_a_point_that_is_no_point_is_refused() -> None:
    with pytest.raises(SpaceError, match="no point in"):
        Point.from_json({"values": 3})


@pytest.mark.parametrize(
    ("rows", "fraction", "epochs"),
    [(569, 1.0, 20), (10_640, 1.0, 20), (74_139, 1.0, 4), (242_949, 1.0, 1), (242_949, 0.3, 4), (10**7, 1.0, 1)],
)
def test_the_usual_epochs_make_about_300_000_rows(rows: int, fraction: float, epochs: int) -> None:
    assert usual_epochs(rows, fraction) == epochs
