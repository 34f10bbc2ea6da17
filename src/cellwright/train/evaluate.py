"""The evaluator of architecture search: build, train, score on the validation rows."""

import math
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from cellwright.problem import Problem
from cellwright.seeds import Use, seed_for
from cellwright.space import Architecture, Space
from cellwright.train.fit import Crossed, Diverged, cross_fit, fit
from cellwright.train.kept import Slot
from cellwright.train.recipe import Recipe
from cellwright.trial import INHERITS, Outcome, Proposal, Status

__all__ = ["Train", "failure"]

#: how torch, its libraries and the kernel say that there was no memory, all as plain RuntimeErrors or OSErrors
_POINTS = 50  # of a learning curve
_NO_MEMORY = ("out of memory", "allocate memory", "bad_alloc", "_alloc_failed")


@dataclass(frozen=True, slots=True)
class Train:
    """Trains what a proposal's point builds.

    Attributes:
        seed: of the run; with the proposal's number it decides all random numbers.
        kept: a folder that all workers share: networks left off, and weights to inherit; None: all begin anew.
    """

    problem: Problem
    space: Space
    seed: int
    recipe: Recipe = field(default_factory=Recipe)
    device: str = "auto"
    kept: Path | None = None
    preload: ClassVar[str] = "cellwright.train.warm"

    def __call__(self, proposal: Proposal) -> Outcome:
        architecture: Architecture | None = None
        try:
            architecture = self.space.architecture(proposal.point)
            measured = self._measured(architecture, proposal)
            score = measured.scores[self.problem.metric]
            if not math.isfinite(score):
                raise Diverged(f"{self.problem.metric} is {score!r}")  # noqa: TRY301  # one place turns errors into outcomes
        except Exception as error:  # noqa: BLE001  # the worker's edge: whatever happens is an outcome
            return failure(error, architecture.parameters if architecture else None)
        return Outcome(
            Status.OK,
            score=score,
            scores=measured.scores,
            parameters=architecture.parameters,
            seconds=measured.seconds,
            microseconds=measured.microseconds,
            curve=_curve(measured, self.problem.metric),
        )

    def _measured(self, architecture: Architecture, proposal: Proposal) -> Crossed:
        seed = seed_for(self.seed, Use.TRIAL, proposal.origin)
        parent = proposal.notes.get(INHERITS)
        replicate = proposal.fidelity.replicate
        slot = None
        if self.kept:
            slot = Slot(
                self.kept,
                str(proposal.origin),
                None if parent is None else str(parent),
                bequeath=INHERITS in proposal.notes and not replicate,  # no child's parent is a further try
            )
        subset_seed = seed_for(self.seed, Use.REPLICATE, replicate) if replicate else self.seed
        what = (architecture, self.problem, proposal.fidelity)
        if proposal.fidelity.folds > 1:
            return cross_fit(
                *what, recipe=self.recipe, seed=seed, subset_seed=subset_seed, device=self.device, slot=slot
            )
        fitted = fit(*what, recipe=self.recipe, seed=seed, subset_seed=subset_seed, device=self.device, slot=slot)
        _, split = self.problem.data()
        return Crossed(fitted.scores, fitted.seconds, fitted.microseconds(split.validation), fitted.curve)


def _curve(measured: Crossed, metric: str) -> tuple[tuple[float, float], ...]:
    """Return the learning curve, thinned: it stands in the log."""
    points = [(epochs, scores[metric]) for epochs, scores in measured.curve if math.isfinite(scores[metric])]
    places = dict.fromkeys(round(place * (len(points) - 1) / (_POINTS - 1)) for place in range(_POINTS))
    kept = points if len(points) <= _POINTS else [points[place] for place in places]
    return tuple((round(epochs, 4), float(f"{score:.5g}")) for epochs, score in kept)


def failure(error: Exception, parameters: int | None = None) -> Outcome:
    """Return the outcome of an exception."""
    text = f"{type(error).__name__}: {error}"
    if isinstance(error, Diverged):
        return Outcome(Status.DIVERGED, parameters=parameters, error=str(error))
    if isinstance(error, MemoryError) or any(words in text.lower() for words in _NO_MEMORY):
        return Outcome(Status.MEMORY, parameters=parameters, error=f"out of memory: {text}")
    return Outcome(Status.FAILED, parameters=parameters, error="".join(traceback.format_exception(error)))
