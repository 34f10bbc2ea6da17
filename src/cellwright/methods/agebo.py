"""The network by evolution, its training by a surrogate: two searches that share their trials.

Source: AgEBO (arXiv:2010.16358). What a network is, and how it is trained, are decisions of different kinds: of the
first there are very many, which act alike for small changes; of the second few, which matter for every network. A child
differs from its parent in one decision on the network; its settings are those of which most is expected.
"""

from collections.abc import Mapping

import numpy as np

from cellwright.errors import SpaceError
from cellwright.methods.known import Known
from cellwright.methods.population import Population
from cellwright.methods.predictor import Predictor
from cellwright.seeds import Use, rng_for
from cellwright.space import Point, Space
from cellwright.space.decisions import redraw
from cellwright.trial import Fidelity, Proposal, Trial

__all__ = ["Agebo"]

_TRIES = 100
_SETTINGS = 60  # drawn for a child, beside its parent's: half of them like these


class Agebo:
    """Random points at first, then children of the best of a sample, their settings chosen by a predictor.

    In a space without settings this is evolution; in one of settings alone, the predictor chooses among random points.

    Args:
        population, sample, first: of the `Population`.
    """

    def __init__(
        self, space: Space, *, seed: int, fidelity: Fidelity, population: int = 50, sample: int = 10, first: int = 20
    ) -> None:
        self._space = space
        self._seed = seed
        self._fidelity = fidelity
        self._population = Population(population, sample, first)
        self._known = Known(space)
        self._predictor = Predictor(space, self._known, seed=seed, initial=self._population.first)
        names = {decision.name for decision in space.settings}
        self._settings = [place for place, decision in enumerate(space.decisions) if decision.name in names]

    def ask(self, number: int, pending: Mapping[int, Proposal]) -> Proposal | None:
        """Return a random point at first, a child of the best later; none that is known."""
        rng = rng_for(self._seed, Use.SAMPLE, number)
        under_way = self._known.under_way(pending)
        if self._population.mature and self._predictor.learnt:
            found = self._child(rng, under_way)
            if found is not None:
                return Proposal(number, found, self._fidelity)
        return Proposal(number, self._known.sample(rng, under_way), self._fidelity)

    def tell(self, trial: Trial) -> None:
        """Tell the predictor; take a success into the population."""
        self._known.add(trial)
        self._predictor.tell(trial)
        self._population.add(trial)

    def _child(self, rng: np.random.Generator, under_way: frozenset[str]) -> Point | None:
        """Return a new child with the settings of the highest bound; None: none was found."""
        for _ in range(_TRIES):
            child = self._mutated(self._population.winner(rng).point, rng)
            settings = (
                self._with_settings(child, self._space.sample(rng)) if number % 2 else self._like(child, rng)
                for number in range(_SETTINGS)
            )
            drawn = [child, *settings]
            new = [point for point in dict.fromkeys(drawn) if self._space.allows(point.values)]
            new = [point for point in new if self._known.new(point, under_way)]
            if new:
                return new[int(np.argmax(self._predictor(new).bound(rng)))]
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

    def _like(self, point: Point, rng: np.random.Generator) -> Point:
        """Return the point with about every other setting redrawn."""
        values = list(point.values)
        for place in self._settings:
            decision = self._space.decisions[place]
            if decision.size != 1 and rng.random() < 0.5:
                values[place] = redraw(decision, values[place], rng)
        return Point(tuple(values), point.fingerprint)

    def _with_settings(self, point: Point, other: Point) -> Point:
        values = list(point.values)
        for place in self._settings:
            values[place] = other.values[place]
        return Point(tuple(values), point.fingerprint)
