"""How long post-training will take, before it begins."""

import heapq
import math
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from cellwright.metrics import Task
from cellwright.posttrain.plan import Plan, finished_in
from cellwright.problem import Problem
from cellwright.train.evaluate import failure
from cellwright.train.isolated import Isolated
from cellwright.train.lesson import Lesson
from cellwright.train.recipe import recipe_of
from cellwright.train.resident import Resident, pick_device
from cellwright.trial import Fidelity, Outcome, Proposal, Status, Trial

__all__ = ["Forecast", "forecast", "network_seconds"]

_PROBED = 1.5  # seconds of training by which the hand-designed network is judged; a found one by half as many
_ENOUGH = 2.0  # seconds of a trial from which on it says how long the network takes
_SHORT = 10.0  # seconds of a fit below which any trial says enough
_PATIENCE = 10.0  # seconds after which a probe is given up
_COMPONENTS = 32  # columns of a table that boosting sees at most


@dataclass(frozen=True, slots=True)
class Forecast:
    """Seconds that the fits of a plan take which are not made yet.

    Networks are taken to train for all their epochs: where early stopping ends them sooner, it takes less.

    Attributes:
        whole: until all is done, with so many workers.
        manual: how much of that the hand-designed network takes.
        fits: seconds of one fit, by the name of the model.
        unknown: models of which nothing can be said, since not even a step was made in a few seconds; they are left out
            of `whole`.
    """

    whole: float
    manual: float
    fits: Mapping[str, float]
    unknown: tuple[str, ...] = ()


def forecast(
    plan: Plan, searched: Sequence[Trial], *, workers: int, device: str = "auto", memory_gib: float | None = None
) -> Forecast:
    """Return how long a plan takes.

    A found network needs what its trial in the search needed. Where that trial was short, and for the hand-designed
    network, training for a moment tells, in a process of its own. Of a baseline the order of magnitude is known.

    Args:
        searched: the trials of the search.
        memory_gib: that process may allocate; None: no limit.
    """
    made = {trial.proposal.point for trial in finished_in(plan.log)}
    places = [int(point.values[0]) for point in plan.work if point not in made]
    isolated = Isolated(_Probe(plan, device), seconds=_PATIENCE, memory_gib=memory_gib, retries=0)
    with closing(isolated) as probe:
        fits = {place: _fit_seconds(place, plan, searched, probe) for place in dict.fromkeys(places)}
    known = [(fits[place] or 0.0, plan.candidates[place].kind) for place in places]
    whole = _wall([seconds for seconds, _ in known], workers)
    rest = _wall([seconds for seconds, kind in known if kind != "manual"], workers)
    names = {place: plan.candidates[place].name for place in fits}
    return Forecast(
        whole,
        whole - rest,
        {names[place]: seconds for place, seconds in fits.items() if seconds is not None},
        tuple(names[place] for place, seconds in fits.items() if seconds is None),
    )


def _fit_seconds(place: int, plan: Plan, searched: Sequence[Trial], probe: Isolated) -> float | None:
    candidate, problem = plan.candidates[place], plan.problems[0]
    if candidate.architecture is None:
        return _baseline_seconds(candidate.kind, problem)
    _, split = problem.data()
    rows = plan.fidelity.epochs * (len(split.train) + (len(split.known) if plan.refit else 0))
    found = network_seconds(searched, candidate.number, problem)
    if found is not None and (found.seconds >= _ENOUGH or rows * found.a_row <= _SHORT):
        return rows * found.a_row
    limit = _PROBED if candidate.kind == "manual" else _PROBED / 2
    a_row = probe(Proposal(0, plan.space.point((place, 0, 0)), Fidelity(1, seconds=limit))).score
    return None if a_row is None else rows * a_row


class Pace(NamedTuple):
    """Seconds for which a network was trained in all, and for which on one row once."""

    seconds: float
    a_row: float


def network_seconds(searched: Sequence[Trial], number: int | None, problem: Problem) -> Pace | None:
    """Return how long a trial of the search took; None: there is none.

    The seconds are those that passed, with all that belongs to a trial. Where training was left off and gone on with,
    all its parts count.
    """
    found = next((trial for trial in searched if trial.number == number), None)
    if found is None:
        return None
    fidelity = found.proposal.fidelity
    seconds = sum(
        trial.finished - trial.started
        for trial in searched
        if trial.evaluated
        and (trial.proposal.origin, trial.proposal.fidelity.replicate) == (found.proposal.origin, fidelity.replicate)
        and trial.number <= found.number
    )
    _, split = problem.data()
    taught = len(split.train) if fidelity.folds == 1 else len(split.known) * (fidelity.folds - 1)
    passes = found.outcome.curve[-1][0] if found.outcome.curve else found.passes  # early stopping may have come before
    return Pace(seconds, seconds / (passes * taught * fidelity.fraction))


@dataclass(frozen=True, slots=True)
class _Probe:
    """Trains a candidate for a moment; the outcome's score is the seconds for which it trains on one row once."""

    plan: Plan
    device: str
    preload: ClassVar[str] = "cellwright.posttrain.warm"

    def __call__(self, proposal: Proposal) -> Outcome:
        try:
            problem, architecture = (
                self.plan.problems[0],
                self.plan.candidates[int(proposal.point.values[0])].architecture,
            )
            assert architecture is not None
            dataset, split = problem.data()
            inputs = frozenset(architecture.inputs)
            resident = Resident(dataset, problem.task, inputs=inputs, device=pick_device(self.device))
            recipe = recipe_of(architecture, self.plan.recipe)
            lesson = Lesson(architecture, dataset, resident, problem.task, recipe, proposal.fidelity, 0)
            fitted = lesson.learn(split.train, None)
            return Outcome(Status.OK, fitted.seconds / (fitted.epochs * len(split.train)))
        except Exception as error:  # noqa: BLE001  # the worker's edge: whatever happens is an outcome
            return failure(error)


def _baseline_seconds(kind: str, problem: Problem) -> float:
    """Return about how long a baseline takes, by the times in benchmarks/results/cancer.json."""
    dataset, split = problem.data()
    widths = [math.prod(table.shape) for table in dataset.tables.values()]
    rows, classes = len(split.train), problem.outputs if problem.task is Task.CLASSIFICATION else 1
    if kind == "boosting":
        columns = sum(min(_COMPONENTS, width) for width in widths)
        return (0.5 + 2e-6 * rows * columns) * (classes if classes > 2 else 1)
    if kind == "linear" and classes > 1:
        return 0.3 + 7.5e-7 * rows * min(rows, sum(widths)) * classes
    return 0.5


def _wall(seconds: Sequence[float], workers: int) -> float:
    """Return how long work takes that workers take up in this order."""
    ends = [0.0] * workers
    for each in seconds:
        heapq.heapreplace(ends, ends[0] + each)
    return max(ends)
