"""Aging evolution: the best of a few recent networks has a child that differs in one decision.

Source: Real et al., arXiv:1802.01548. Asynchronous: a child is made whenever a worker is free. No evaluation is spent
on an architecture that is known or under way.
"""

from collections import deque
from collections.abc import Mapping, Sequence

import numpy as np

from cellwright.errors import UsageError
from cellwright.methods.known import Known
from cellwright.seeds import Use, rng_for
from cellwright.space import Point, Space
from cellwright.trial import Fidelity, Proposal, Trial

__all__ = ["Evolution", "winner"]

_TRIES = 100  # to find a child that is new


def winner(population: Sequence[tuple[float, Point]], sample: int, rng: np.random.Generator) -> Point:
    """Return the best point of a sample of a population of scores and points."""
    chosen = rng.choice(len(population), size=sample, replace=False)
    return max((population[int(place)] for place in chosen), key=lambda one: one[0])[1]


class Evolution:
    """Random points at first, then children of the best of a sample.

    Args:
        population: of which a sample is taken: the successful trials told last.
        sample: how many compete to be the parent.
        crossover: share of children that have two parents, and take each decision from either, before one is changed.
    """

    def __init__(
        self,
        space: Space,
        *,
        seed: int,
        fidelity: Fidelity,
        population: int = 50,
        sample: int = 10,
        crossover: float = 0.0,
    ) -> None:
        if not 1 <= sample <= population or not 0 <= crossover <= 1:
            raise UsageError(
                f"evolution needs 1 <= sample <= population and crossover from 0 to 1; got {sample!r}, {population!r} "
                f"and {crossover!r}"
            )
        self._space = space
        self._seed = seed
        self._fidelity = fidelity
        self._size = population
        self._sample = sample
        self._crossover = crossover
        self._population: deque[tuple[float, Point]] = deque(maxlen=population)
        self._known = Known(space)
        self._born = 0  # successes told, of all times

    def ask(self, number: int, pending: Mapping[int, Proposal]) -> Proposal | None:
        """Return a random point while the population is young, a child of its best later; none that is known."""
        rng = rng_for(self._seed, Use.SAMPLE, number)
        under_way = self._known.under_way(pending)
        for _ in range(_TRIES if self._born >= self._size else 0):
            child = self._child(rng)
            if self._known.new(child, under_way):
                return Proposal(number, child, self._fidelity)
        return Proposal(number, self._known.sample(rng, under_way), self._fidelity)

    def tell(self, trial: Trial) -> None:
        """Take a trial into the population; a failure, or an answer from the cache, is known and no more."""
        self._known.add(trial)
        if trial.evaluated and trial.score is not None:
            self._population.append((trial.score, trial.proposal.point))
            self._born += 1

    def _child(self, rng: np.random.Generator) -> Point:
        parent = winner(self._population, self._sample, rng)
        if self._crossover and rng.random() < self._crossover:
            parent = self._space.cross(parent, winner(self._population, self._sample, rng), rng)
        return self._space.mutate(parent, rng)
