"""The evaluator of post-training: fit one candidate on all training rows and judge it on the test rows."""

import time
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from cellwright.metrics import scores
from cellwright.posttrain.baselines import BASELINES
from cellwright.problem import Problem
from cellwright.seeds import Use, seed_for
from cellwright.space import Architecture, Choice, Integer, Point, Space
from cellwright.train.evaluate import failure
from cellwright.train.fit import Recipe, fit, predict
from cellwright.train.resident import Resident, pick_device
from cellwright.trial import Outcome, Proposal, Status

__all__ = ["Candidate", "Refit", "candidate_space"]

MOST_SEEDS = 1000


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


def candidate_space(candidates: tuple[Candidate, ...]) -> Space:
    """Return the space of all pairs of a candidate and a seed."""
    names = Choice("candidate", tuple(candidate.name for candidate in candidates))
    return Space("posttrain", (), (names, Integer("seed", 0, MOST_SEEDS)))


def points(space: Space, candidates: tuple[Candidate, ...]) -> list[Point]:
    """Return the pairs to evaluate; what takes longest comes first, so that workers end together."""
    order = sorted(range(len(candidates)), key=lambda index: -_weight(candidates[index]))
    return [space.point((index, seed)) for index in order for seed in range(candidates[index].seeds)]


def _weight(candidate: Candidate) -> float:
    if candidate.architecture:
        return float(candidate.architecture.parameters)
    return float(candidate.kind == "boosting")


@dataclass(frozen=True, slots=True)
class Refit:
    """Fits the candidate and seed that a point of `candidate_space` names.

    Training and early stopping see training and validation rows; the test rows are predicted once, by the final
    weights. The outcome's scores are named "validation/r2", "test/r2" and so on; its score is that on validation.
    """

    problem: Problem
    candidates: tuple[Candidate, ...]
    seed: int
    recipe: Recipe
    device: str = "auto"
    preload: ClassVar[str] = "cellwright.posttrain.warm"

    def __call__(self, proposal: Proposal) -> Outcome:
        index, number = (int(value) for value in proposal.point.values)
        candidate = self.candidates[index]
        parameters = candidate.architecture.parameters if candidate.architecture else None
        seed = seed_for(self.seed, Use.REFIT, number)
        try:
            if candidate.architecture:
                measured, seconds, epochs = self._network(candidate.architecture, proposal, seed)
            else:
                measured, seconds, epochs = self._baseline(candidate.kind, number)
            score = measured[f"validation/{self.problem.metric}"]
            return Outcome(Status.OK, score, {**measured, "epochs": epochs}, parameters, seconds)
        except Exception as error:  # noqa: BLE001  # the worker's edge: whatever happens is an outcome
            return failure(error, parameters)

    def _network(
        self, architecture: Architecture, proposal: Proposal, seed: int
    ) -> tuple[dict[str, float], float, float]:
        fitted = fit(architecture, self.problem, proposal.fidelity, recipe=self.recipe, seed=seed, device=self.device)
        dataset, split = self.problem.data()
        inputs = frozenset(architecture.inputs)
        resident = Resident(dataset, self.problem.task, inputs=inputs, device=pick_device(self.device))
        predicted = predict(fitted.network, resident, split.test, self.problem.task, fitted.location, fitted.scale)
        return self._named(fitted.scores, dataset.target[split.test], predicted), fitted.seconds, fitted.epochs

    def _baseline(self, kind: str, seed: int) -> tuple[dict[str, float], float, float]:
        dataset, split = self.problem.data()
        started = time.perf_counter()
        predicted = BASELINES[kind](self.problem, seed)
        seconds = time.perf_counter() - started
        validated = dict(scores(self.problem.task, dataset.target[split.validation], predicted(split.validation)))
        return self._named(validated, dataset.target[split.test], predicted(split.test)), seconds, 0.0

    def _named(self, validated: dict[str, float], target: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
        tested = scores(self.problem.task, np.asarray(target), predicted)
        return {
            **{f"validation/{name}": value for name, value in validated.items()},
            **{f"test/{name}": value for name, value in tested.items()},
        }
