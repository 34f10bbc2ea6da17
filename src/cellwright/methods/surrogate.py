"""Learns which points score, and proposes what it expects most of, or is least sure of.

Sources: SMAC (Hutter et al., LION 2011: candidates around the best and at random), and scattered exploration for many
workers (qUCB: each proposal draws its own kappa from an exponential distribution, as DeepHyper does; Azimi et al. 2010
for batches).
"""

from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache

import numpy as np

from cellwright.errors import SpaceError, UsageError
from cellwright.methods.known import Known
from cellwright.methods.predictor import Opinions, Predictor
from cellwright.seeds import Use, rng_for
from cellwright.space import Point, Space
from cellwright.trial import Fidelity, Proposal, Trial

__all__ = ["Surrogate"]

_LEADERS = 5  # whose neighbours are candidates
_NEIGHBOURS, _DISTANT, _RANDOM = 250, 80, 80  # candidates of each kind, at most
_PARENTS = 20  # of the distant ones: two steps away


class Surrogate:
    """Random points at first, then the most promising of what is near the best, and of random points.

    Args:
        initial: random points before what is learnt is asked.
        thrift: how much a network that takes e times as long must promise in return, in standard deviations of scores.
    """

    def __init__(self, space: Space, *, seed: int, fidelity: Fidelity, initial: int = 10, thrift: float = 0.0) -> None:
        if initial < 2 or not 0 <= thrift < np.inf:
            raise UsageError(
                f"a surrogate needs at least 2 initial points, and thrift from 0; not {initial!r} and {thrift!r}"
            )
        self._space = space
        self._seed = seed
        self._fidelity = fidelity
        self._thrift = thrift
        self._known = Known(space)
        self._predictor = Predictor(space, self._known, seed=seed, initial=initial)
        self._candidates = lru_cache(1)(self._new_candidates)

    def ask(self, number: int, pending: Mapping[int, Proposal]) -> Proposal | None:
        """Return the candidate with the highest bound, new and not under way; a random point at first."""
        rng = rng_for(self._seed, Use.SAMPLE, number)
        under_way = self._known.under_way(pending)
        if self._predictor.learnt:
            points, opinions, charge = self._candidates(self._predictor.learnt)
            for place in np.argsort(charge - opinions.bound(rng), kind="stable"):
                if self._known.new(points[place], under_way):
                    return Proposal(number, points[place], self._fidelity)
        return Proposal(number, self._known.sample(rng, under_way), self._fidelity)

    def tell(self, trial: Trial) -> None:
        """Take a trial into account."""
        self._known.add(trial)
        self._predictor.tell(trial)

    def _new_candidates(self, learnt: int) -> tuple[list[Point], Opinions, np.ndarray | float]:
        """Return candidates, what is expected of them, and what they must promise; kept until it learns anew."""
        rng = rng_for(self._seed, Use.CANDIDATES, learnt)
        points = self._around(self._predictor.leaders(_PARENTS), rng)
        return points, self._predictor(points), self._thrift * self._predictor.costs(points) if self._thrift else 0.0

    def _around(self, leaders: list[Point], rng: np.random.Generator) -> list[Point]:
        """Return candidates: neighbours of the first leaders, points two steps from any, and random ones."""
        near = dict.fromkeys(near for leader in leaders[:_LEADERS] for near in self._space.neighbours(leader))
        chosen = [point for point in near if not self._predictor.knows(point)]
        if len(chosen) > _NEIGHBOURS:
            chosen = [chosen[place] for place in sorted(rng.choice(len(chosen), _NEIGHBOURS, replace=False))]
        with suppress(SpaceError):  # nothing around is allowed
            for _ in range(_DISTANT):
                step = self._space.mutate(leaders[int(rng.integers(len(leaders)))], rng)
                chosen.append(self._space.mutate(step, rng))
        chosen += [self._space.sample(rng) for _ in range(_RANDOM)]
        return [point for point in dict.fromkeys(chosen) if not self._predictor.knows(point)] or chosen[:1]
