"""The evaluator of post-training: fit one candidate on all training rows and judge it on the test rows."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from cellwright.metrics import scores
from cellwright.posttrain.baselines import BASELINES
from cellwright.problem import Problem
from cellwright.seeds import Use, seed_for
from cellwright.space import Architecture, Choice, Integer, Point, Space
from cellwright.train.evaluate import failure
from cellwright.train.fit import fit
from cellwright.train.recipe import Recipe
from cellwright.trial import Outcome, Proposal, Status

__all__ = ["MOST_SEEDS", "Candidate", "Refit", "candidate_space", "points"]

MOST_SEEDS = 1000
_LATE = {"mean": -2, "linear": -1, "boosting": 1}  # kind -> when it is fitted; the networks come at 0


@dataclass(frozen=True, slots=True)
class Candidate:
    """What is post-trained.

    Attributes:
        name: unique.
        kind: found, manual, mean, linear or boosting.
        architecture: of a network; None for the others.
        number: of the trial that found it.
        seeds: how often it is fitted; one for what no seed changes.
    """

    name: str
    kind: str
    architecture: Architecture | None = None
    number: int | None = None
    seeds: int = 1

    def to_json(self) -> dict[str, Any]:
        """Return the candidate as JSON."""
        network = self.architecture.to_json() if self.architecture else None
        return {"name": self.name, "kind": self.kind, "number": self.number, "seeds": self.seeds, "network": network}


def candidate_space(candidates: tuple[Candidate, ...], splits: tuple[str, ...]) -> Space:
    """Return the space of a candidate, a seed and a split."""
    names = Choice("candidate", tuple(candidate.name for candidate in candidates))
    return Space("posttrain", (), (names, Integer("seed", 0, MOST_SEEDS), Choice("split", splits)))


def points(space: Space, candidates: tuple[Candidate, ...], splits: int) -> list[Point]:
    """Return what to evaluate: a seed of everything, then the next, split after split; what takes longest comes last.

    So whatever ends it early, a limit or a signal, leaves the most to be compared. The hand-designed network often
    takes longer than all the rest together.
    """
    order = sorted(range(len(candidates)), key=lambda index: _LATE.get(candidates[index].kind, 0))
    last = [index for index in order if candidates[index].kind == "manual"]
    first = [index for index in order if index not in last]
    return [
        space.point((index, seed, split))
        for part in (first, last)
        for split in range(splits)
        for seed in range(max((candidates[index].seeds for index in part), default=0))
        for index in part
        if seed < candidates[index].seeds
    ]


@dataclass(frozen=True, slots=True)
class Refit:
    """Fits the candidate, seed and split that a point of `candidate_space` names.

    Training and early stopping see training and validation rows; the test rows are predicted once, by the final
    weights. The outcome's scores are named "validation/r2", "test/r2" and so on; its score is that on validation.

    Attributes:
        problems: the same problem under each split.
        refit: train the final weights on training and validation rows together.
    """

    problems: tuple[Problem, ...]
    candidates: tuple[Candidate, ...]
    seed: int
    recipe: Recipe
    device: str = "auto"
    refit: bool = False
    preload: ClassVar[str] = "cellwright.posttrain.warm"

    def __call__(self, proposal: Proposal) -> Outcome:
        index, number, split = (int(value) for value in proposal.point.values)
        candidate, problem = self.candidates[index], self.problems[split]
        parameters = candidate.architecture.parameters if candidate.architecture else None
        try:
            if candidate.architecture:
                measured, seconds, epochs = self._network(problem, candidate.architecture, proposal, number)
            else:
                measured, seconds, epochs = self._baseline(problem, candidate.kind, number)
            score = measured[f"validation/{problem.metric}"]
            return Outcome(Status.OK, score, {**measured, "epochs": epochs}, parameters, seconds)
        except Exception as error:  # noqa: BLE001  # the worker's edge: whatever happens is an outcome
            return failure(error, parameters)

    def _network(
        self, problem: Problem, architecture: Architecture, proposal: Proposal, number: int
    ) -> tuple[dict[str, float], float, float]:
        fitted = fit(
            architecture,
            problem,
            proposal.fidelity,
            recipe=self.recipe,
            seed=seed_for(self.seed, Use.REFIT, number),
            device=self.device,
            refit=self.refit,
        )
        dataset, split = problem.data()
        return _named(fitted.scores, fitted.measured(dataset.target, split.test)), fitted.seconds, fitted.epochs

    def _baseline(self, problem: Problem, kind: str, seed: int) -> tuple[dict[str, float], float, float]:
        dataset, split = problem.data()
        started = time.perf_counter()
        model = BASELINES[kind](problem, seed, refit=self.refit)
        seconds = time.perf_counter() - started
        validated = dict(
            scores(problem.task, np.asarray(dataset.target[split.validation]), model.tuned(split.validation))
        )
        tested = dict(scores(problem.task, np.asarray(dataset.target[split.test]), model.final(split.test)))
        return _named(validated, tested), seconds, 0.0


def _named(validated: Mapping[str, float], tested: Mapping[str, float]) -> dict[str, float]:
    return {
        **{f"validation/{name}": value for name, value in validated.items()},
        **{f"test/{name}": value for name, value in tested.items()},
    }
