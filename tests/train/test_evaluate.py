import errno
import pickle
from dataclasses import replace

import pytest

from cellwright.problem import Problem
from cellwright.seeds import Use, rng_for, seed_for
from cellwright.space import Choice, Dense, Float, Sketch, Space
from cellwright.train import Recipe, Train
from cellwright.train.evaluate import failure
from cellwright.train.fit import Diverged, cross_fit
from cellwright.trial import Fidelity, Proposal, Status


def space(problem: Problem, *settings: Float | Choice) -> Space:
    sketch = Sketch()
    towers = [sketch.input(name, shape) for name, shape in problem.inputs]
    trunk = sketch.node("trunk", sketch.concatenate("cell", *towers), (Dense(4, "relu"), Dense(8, "tanh")))
    return sketch.space("s", trunk, units=problem.outputs, settings=settings)


def proposal(of: Space, number: int = 0, **fidelity: int) -> Proposal:
    return Proposal(number, of.sample(rng_for(0, Use.SAMPLE)), Fidelity(**fidelity))


def test_the_same_proposal_has_the_same_outcome(response: Problem) -> None:
    where = space(response)
    train = Train(response, where, seed=1)
    first = train(proposal(where))
    assert first.status is Status.OK
    assert first.score == first.scores["r2"]
    assert first.parameters == where.architecture(proposal(where).point).parameters
    assert first.seconds > 0
    again = pickle.loads(pickle.dumps(train))(proposal(where))
    assert replace(again, seconds=0, microseconds=0) == replace(first, seconds=0, microseconds=0)


def test_seed_and_number_decide(response: Problem) -> None:
    where = space(response)
    found = {Train(response, where, seed=seed)(proposal(where, number)).score for seed in (1, 2) for number in (0, 1)}
    assert len(found) == 4


def test_divergence_is_an_outcome(response: Problem) -> None:
    where = space(response)
    outcome = Train(response, where, 0, Recipe("sgd", learning_rate=1e20))(proposal(where, epochs=3))
    assert outcome.status is Status.DIVERGED
    assert outcome.score is None
    assert outcome.parameters
    assert "not finite" in str(outcome.error)


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        RuntimeError("std::bad_alloc"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:66] DefaultCPUAllocator: can't allocate memory: you tried"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    ],
)
def test_want_of_memory_is_told_apart(error: Exception) -> None:
    assert failure(error).status is Status.MEMORY
    assert failure(RuntimeError("CUDA error: device-side assert triggered")).status is Status.FAILED


def test_an_unknown_setting_is_an_outcome_that_says_so(response: Problem) -> None:
    where = space(response, Float("momentum", 0.1, 0.9))
    outcome = Train(response, where, 0)(proposal(where))
    assert outcome.status is Status.FAILED
    assert "UsageError: training has no setting 'momentum'" in str(outcome.error)
    assert "Traceback" in str(outcome.error)


def test_a_point_of_another_space_is_an_outcome(response: Problem) -> None:
    where, other = space(response), space(response, Float("learning_rate", 1e-4, 1e-2, log=True))
    outcome = Train(response, where, 0)(proposal(other))
    assert outcome.status is Status.FAILED
    assert outcome.parameters is None
    assert "was given to 's'" in str(outcome.error)


def test_settings_are_searched_with_the_network(response: Problem) -> None:
    where = space(response, Float("learning_rate", 1e-4, 1e-2, log=True), Choice("optimizer", ("adam", "sgd")))
    rates = [where.point({"trunk": 0, "learning_rate": rate, "optimizer": 0}) for rate in (1e-4, 1e-2)]
    slow, fast = (Train(response, where, 0)(Proposal(0, point)) for point in rates)
    assert slow.score is not None
    assert fast.score is not None
    assert fast.score > slow.score


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Diverged("the loss"), Status.DIVERGED),
        (MemoryError(), Status.MEMORY),
        (RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"), Status.MEMORY),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate"), Status.MEMORY),
        (ValueError("else"), Status.FAILED),
    ],
)
def test_an_exception_has_its_status(error: Exception, status: Status) -> None:
    outcome = failure(error, 7)
    assert (outcome.status, outcome.score, outcome.parameters) == (status, None, 7)
    assert str(error) in str(outcome.error)


def test_folds_lead_to_cross_validated_scores(response: Problem) -> None:
    where = space(response)
    train = Train(response, where, seed=1)
    once, crossed = (train(proposal(where, 4, folds=folds)) for folds in (1, 3))
    assert crossed.status is Status.OK
    expected, *_ = cross_fit(
        where.architecture(proposal(where).point),
        response,
        Fidelity(folds=3),
        recipe=Recipe(),
        seed=seed_for(1, Use.TRIAL, 4),
        subset_seed=1,
    )
    assert crossed.scores == expected
    assert crossed.microseconds
    assert once.microseconds
    assert crossed.microseconds > 0
    assert once.microseconds > 0
    assert crossed.score == expected["r2"] != once.score
