"""Aging evolution: the best of a few recent networks has a child that differs in one decision.

Source: Real et al., arXiv:1802.01548. Asynchronous: a child is made whenever a worker is free. No evaluation is spent
on an architecture that is known or under way.
"""

from collections.abc import Mapping

import numpy as np

from cellwright.errors import SpaceError, UsageError
from cellwright.methods.known import Known
from cellwright.methods.population import Grown, Population
from cellwright.seeds import Use, rng_for
from cellwright.space import Point, Space
from cellwright.trial import INHERITS, Fidelity, Proposal, Trial

__all__ = ["Evolution"]

_TRIES = 100  # to find a child that is new


class Evolution:
    """Random points at first, then children of the best of a sample.

    Args:
        population, sample, first: of the `Population`.
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
        if not 0 <= crossover <= 1:
            raise UsageError(f"evolution needs a crossover from 0 to 1, not {crossover!r}")
        self._space = space
        self._seed = seed
        self._fidelity = fidelity
        self._crossover = crossover
        self._inherit = inherit
        self._population = Population(population, sample, first)
        self._known = Known(space)

    def ask(self, number: int, pending: Mapping[int, Proposal]) -> Proposal | None:
        """Return a random point at first, a child of the best later; none that is known."""
        rng = rng_for(self._seed, Use.SAMPLE, number)
        under_way = self._known.under_way(pending)
        for _ in range(_TRIES if self._population.mature else 0):
            try:
                parent, child = self._child(rng)
            except SpaceError:  # nothing around the parent is allowed
                break
            if self._known.new(child, under_way):
                return Proposal(number, child, self._fidelity, {INHERITS: parent.number} if self._inherit else {})
        point = self._known.sample(rng, under_way)
        return Proposal(number, point, self._fidelity, {INHERITS: None} if self._inherit else {})

    def tell(self, trial: Trial) -> None:
        """Take a trial into the population; a failure, or an answer from the cache, is known and no more."""
        self._known.add(trial)
        self._population.add(trial)

    def _child(self, rng: np.random.Generator) -> tuple[Grown, Point]:
        parent = self._population.winner(rng)
        point = parent.point
        if self._crossover and rng.random() < self._crossover:
            point = self._space.cross(point, self._population.winner(rng).point, rng)
        return parent, self._space.mutate(point, rng)
