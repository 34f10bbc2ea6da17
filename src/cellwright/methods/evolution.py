"""Aging evolution: the best of a few recent networks has a child that differs in one decision.

Source: Real et al., arXiv:1802.01548. Asynchronous: a child is made whenever a worker is free. No evaluation is spent
on an architecture that is known or under way.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from cellwright.errors import UsageError
from cellwright.methods.known import Known
from cellwright.seeds import Use, rng_for
from cellwright.space import Point, Space
from cellwright.trial import INHERITS, Fidelity, Proposal, Trial

__all__ = ["Evolution", "Grown", "winner"]

_TRIES = 100  # to find a child that is new


class Grown(NamedTuple):
    """A member of a population.

    Attributes:
        number: of the trial that began its training.
    """

    score: float
    point: Point
    number: int

    @classmethod
    def of(cls, trial: Trial) -> "Grown | None":
        """Return a trial as a member; None: it failed, or was not evaluated."""
        if trial.score is None or not trial.evaluated:
            return None
        return cls(trial.score, trial.proposal.point, trial.proposal.origin)


def winner(population: Sequence[Grown], sample: int, rng: np.random.Generator) -> Grown:
    """Return the best of a sample of a population."""
    chosen = rng.choice(len(population), size=sample, replace=False)
    return max((population[int(place)] for place in chosen), key=lambda one: one.score)


class Evolution:
    """Random points at first, then children of the best of a sample.

    Args:
        population: of which a sample is taken: the successful trials told last.
        sample: how many compete to be the parent.
        first: successes after which there are children; with a sample or population that forbids it, as near as can be.
        crossover: share of children that have two parents, and take each decision from either, before one is changed.
        inherit: a child begins with the weights of its first parent where shapes agree.
    """

    def __init__(
        self,
        space: Space,
        *,
        seed: int,
        fidelity: Fidelity,
        population: int = 50,
        sample: int = 10,
        first: int = 20,
        crossover: float = 0.0,
        inherit: bool = False,
    ) -> None:
        if not 1 <= sample <= population or not 0 <= crossover <= 1:
            raise UsageError(
                f"evolution needs 1 <= sample <= population and crossover from 0 to 1; got {sample!r}, {population!r} "
                f"and {crossover!r}"
            )
        self._space = space
        self._seed = seed
        self._fidelity = fidelity
        self._sample = sample
        self._first = max(sample, min(first, population))
        self._crossover = crossover
        self._inherit = inherit
        self._population: deque[Grown] = deque(maxlen=population)
        self._known = Known(space)
        self._born = 0  # successes told, of all times

    def ask(self, number: int, pending: Mapping[int, Proposal]) -> Proposal | None:
        """Return a random point at first, a child of the best later; none that is known."""
        rng = rng_for(self._seed, Use.SAMPLE, number)
        under_way = self._known.under_way(pending)
        for _ in range(_TRIES if self._born >= self._first else 0):
            parent, child = self._child(rng)
            if self._known.new(child, under_way):
                return Proposal(number, child, self._fidelity, {INHERITS: parent.number} if self._inherit else {})
        point = self._known.sample(rng, under_way)
        return Proposal(number, point, self._fidelity, {INHERITS: None} if self._inherit else {})

    def tell(self, trial: Trial) -> None:
        """Take a trial into the population; a failure, or an answer from the cache, is known and no more."""
        self._known.add(trial)
        grown = Grown.of(trial)
        if grown is not None:
            self._population.append(grown)
            self._born += 1

    def _child(self, rng: np.random.Generator) -> tuple[Grown, Point]:
        parent = winner(self._population, self._sample, rng)
        point = parent.point
        if self._crossover and rng.random() < self._crossover:
            point = self._space.cross(point, winner(self._population, self._sample, rng).point, rng)
        return parent, self._space.mutate(point, rng)
