"""The network by evolution, its training by a surrogate: two searches that share their trials.

Source: AgEBO (arXiv:2010.16358). What a network is, and how it is trained, are decisions of different kinds: of the
first there are very many, which act alike for small changes; of the second few, which matter for every network. A child
differs from its parent in one decision on the network; its settings are those of which a forest expects most.
"""

from collections import deque
from collections.abc import Mapping

import numpy as np

from cellwright.errors import SpaceError, UsageError
from cellwright.methods.evolution import Grown, winner
from cellwright.methods.forest import Forest
from cellwright.methods.known import Known
from cellwright.seeds import Use, rng_for
from cellwright.space import Point, Space
from cellwright.trial import Fidelity, Proposal, Trial

__all__ = ["Agebo"]

_TRIES = 100
_SETTINGS = 60  # drawn for a child, beside its parent's


class Agebo:
    """Random points at first, then children of the best of a sample, their settings chosen by a forest.

    In a space without settings this is evolution; in one of settings alone, the forest chooses among random points.

    Args:
        population: of which a sample is taken: the successful trials told last.
        sample: how many compete to be the parent.
    """

    def __init__(self, space: Space, *, seed: int, fidelity: Fidelity, population: int = 50, sample: int = 10) -> None:
        if not 1 <= sample <= population:
            raise UsageError(f"agebo needs 1 <= sample <= population, not {sample!r} and {population!r}")
        self._space = space
        self._seed = seed
        self._fidelity = fidelity
        self._sample = sample
        self._known = Known(space)
        self._forest = Forest(space, self._known, seed=seed, initial=population)
        self._population: deque[Grown] = deque(maxlen=population)
        names = {decision.name for decision in space.settings}
        self._settings = [place for place, decision in enumerate(space.decisions) if decision.name in names]

    def ask(self, number: int, pending: Mapping[int, Proposal]) -> Proposal | None:
        """Return a random point while the population is young, a child of its best later; none that is known."""
        rng = rng_for(self._seed, Use.SAMPLE, number)
        under_way = self._known.under_way(pending)
        young = len(self._population) < (self._population.maxlen or 0)
        if not young and self._forest.learnt:
            found = self._child(rng, under_way)
            if found is not None:
                return Proposal(number, found, self._fidelity)
        return Proposal(number, self._known.sample(rng, under_way), self._fidelity)

    def tell(self, trial: Trial) -> None:
        """Tell the forest; take a success into the population."""
        self._known.add(trial)
        self._forest.tell(trial)
        grown = Grown.of(trial)
        if grown is not None:
            self._population.append(grown)

    def _child(self, rng: np.random.Generator, under_way: frozenset[str]) -> Point | None:
        """Return a new child with the settings of the highest bound; None: none was found."""
        for _ in range(_TRIES):
            child = self._mutated(winner(self._population, self._sample, rng).point, rng)
            drawn = [child, *(self._with_settings(child, self._space.sample(rng)) for _ in range(_SETTINGS))]
            new = [point for point in dict.fromkeys(drawn) if self._space.allows(point.values)]
            new = [point for point in new if self._known.new(point, under_way)]
            if new:
                return new[int(np.argmax(self._forest(new).bound(rng)))]
        return None

    def _mutated(self, parent: Point, rng: np.random.Generator) -> Point:
        """Return the parent with one decision on the network changed; the parent itself where there is none."""
        for _ in range(_TRIES if len(self._settings) < len(self._space.decisions) else 0):
            try:
                child = self._space.mutate(parent, rng)
            except SpaceError:
                break
            if all(child.values[place] == parent.values[place] for place in self._settings):
                return child
        return parent

    def _with_settings(self, point: Point, other: Point) -> Point:
        values = list(point.values)
        for place in self._settings:
            values[place] = other.values[place]
        return Point(tuple(values), point.fingerprint)
