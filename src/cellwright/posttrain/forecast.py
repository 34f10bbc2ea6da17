"""How long post-training will take, before it begins."""

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from cellwright.metrics import Task
from cellwright.posttrain.plan import Plan, finished_in
from cellwright.posttrain.refit import Candidate, candidate_space
from cellwright.problem import Problem
from cellwright.space import Architecture
from cellwright.train.evaluate import failure
from cellwright.train.isolated import Isolated
from cellwright.train.lesson import Lesson
from cellwright.train.recipe import Recipe, recipe_of
from cellwright.train.resident import Resident, pick_device
from cellwright.trial import Fidelity, Outcome, Proposal, Status, Trial

__all__ = ["Forecast", "forecast", "network_seconds"]

_PROBED = 1.5  # seconds of training by which the hand-designed network is judged
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


def forecast(plan: Plan, searched: Sequence[Trial], *, workers: int, device: str = "auto") -> Forecast:
    """Return how long a plan takes.

    What a found network needs is known from its trial in the search. The hand-designed one is trained for a moment in a
    process of its own, unless its fits are made already. Of the baselines only the order of magnitude is known.

    Args:
        searched: the trials of the search.
    """
    made = {trial.proposal.point for trial in finished_in(plan.log)}
    left = [plan.candidates[int(point.values[0])] for point in plan.work if point not in made]
    fits: dict[str, float] = {}
    for candidate in dict.fromkeys(left):
        seconds = _fit_seconds(candidate, plan, searched, device)
        if seconds is not None:
            fits[candidate.name] = seconds
    known = [candidate for candidate in left if candidate.name in fits]
    whole = _wall([fits[candidate.name] for candidate in known], workers)
    rest = _wall([fits[candidate.name] for candidate in known if candidate.kind != "manual"], workers)
    unknown = tuple(dict.fromkeys(candidate.name for candidate in left if candidate.name not in fits))
    return Forecast(whole, whole - rest, fits, unknown)


def _fit_seconds(candidate: Candidate, plan: Plan, searched: Sequence[Trial], device: str) -> float | None:
    problem = plan.problems[0]
    _, split = problem.data()
    rows = plan.fidelity.epochs * (len(split.train) + (len(split.known) if plan.refit else 0))
    if candidate.architecture is None:
        return _baseline_seconds(candidate.kind, problem)
    if candidate.kind == "manual":
        each = _probed(candidate.architecture, problem, plan.recipe, device)
    else:
        each = network_seconds(searched, candidate.number, problem)
    return None if each is None else rows * each


def network_seconds(searched: Sequence[Trial], number: int | None, problem: Problem) -> float | None:
    """Return the seconds for which a trial of the search trained on one row once; None: it was never trained.

    They are those that passed, with all that belongs to a trial. Where training was left off and gone on with, all its
    parts count.
    """
    found = next((trial for trial in searched if trial.number == number), None)
    if found is None:
        return None
    fidelity = found.proposal.fidelity
    parts = [
        trial
        for trial in searched
        if trial.proposal.origin == found.proposal.origin
        and trial.proposal.fidelity.replicate == fidelity.replicate
        and trial.number <= found.number
        and trial.evaluated
    ]
    _, split = problem.data()
    taught = len(split.train) if fidelity.folds == 1 else len(split.known) * (fidelity.folds - 1)
    passes = found.outcome.curve[-1][0] if found.outcome.curve else found.passes  # early stopping may have come before
    rows = passes * taught * fidelity.fraction
    return sum(trial.finished - trial.started for trial in parts) / rows if parts else None


@dataclass(frozen=True, slots=True)
class _Probe:
    """Trains a network for a moment; the outcome's score is the seconds it takes to train on one row once."""

    problem: Problem
    architecture: Architecture
    recipe: Recipe
    device: str
    preload: ClassVar[str] = "cellwright.posttrain.warm"

    def __call__(self, proposal: Proposal) -> Outcome:
        try:
            dataset, split = self.problem.data()
            inputs = frozenset(self.architecture.inputs)
            resident = Resident(dataset, self.problem.task, inputs=inputs, device=pick_device(self.device))
            recipe = recipe_of(self.architecture, self.recipe)
            what = (self.architecture, dataset, resident, self.problem.task, recipe, proposal.fidelity, 0)
            fitted = Lesson(*what).learn(split.train, None)
            return Outcome(Status.OK, fitted.seconds / (fitted.epochs * len(split.train)))
        except Exception as error:  # noqa: BLE001  # the worker's edge: whatever happens is an outcome
            return failure(error)


def _probed(architecture: Architecture, problem: Problem, recipe: Recipe, device: str) -> float | None:
    """Return the seconds for which a network trains on one row once; None: it cannot be found out in a moment."""
    isolated = Isolated(_Probe(problem, architecture, replace(recipe, patience=None), device), seconds=_PATIENCE)
    space = candidate_space((Candidate("probe", "manual", architecture),), ("row",))
    try:
        return isolated(Proposal(0, space.point((0, 0, 0)), Fidelity(1, seconds=_PROBED))).score
    finally:
        isolated.close()


def _baseline_seconds(kind: str, problem: Problem) -> float:
    """Return about how long a baseline takes, by the times in benchmarks/results/cancer.json."""
    dataset, split = problem.data()
    widths = [table.features[0].size for table in dataset.tables.values()]
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
