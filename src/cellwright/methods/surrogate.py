"""Learns which points score, and proposes what it expects most of, or is least sure of.

Sources: SMAC (Hutter et al., LION 2011: candidates around the best and at random), and scattered exploration for many
workers (qUCB: each proposal draws its own kappa from an exponential distribution, as DeepHyper does; Azimi et al. 2010
for batches).
"""

from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from itertools import islice

import numpy as np

from cellwright.errors import SpaceError, UsageError
from cellwright.methods.known import Known
from cellwright.methods.predictor import Opinions, Predictor
from cellwright.seeds import Use, rng_for
from cellwright.space import Point, Space
from cellwright.trial import Fidelity, Proposal, Trial

__all__ = ["Surrogate"]

_LEADERS = 5  # whose neighbours are candidates
_NEIGHBOURS, _DISTANT, _RANDOM = 250, 80, 100  # candidates of each kind, at most
_DRAWN, _KEPT = 100, 100  # random points drawn each time it learns, and for how many times they are remembered
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
        self._candidates = lru_cache(2)(self._new_candidates)
        self._drawn = lru_cache(_KEPT)(self._draw)

    def ask(self, number: int, pending: Mapping[int, Proposal]) -> Proposal | None:
        """Return the candidate with the highest bound, new and not under way; a random point at first."""
        rng = rng_for(self._seed, Use.SAMPLE, number)
        under_way = self._known.under_way(pending)
        if self._predictor.learnt:
            crowded = len(pending) > self._predictor.learnt
            points, opinions, charge = self._candidates(self._predictor.learnt, crowded)
            worth = opinions.bound(rng) - charge
            for _ in points:
                best = int(worth.argmax())
                if self._known.new(points[best], under_way):
                    return Proposal(number, points[best], self._fidelity)
                worth[best] = -np.inf
        return Proposal(number, self._known.sample(rng, under_way), self._fidelity)

    def tell(self, trial: Trial) -> None:
        """Take a trial into account."""
        self._known.add(trial)
        self._predictor.tell(trial)

    def _new_candidates(self, learnt: int, crowded: bool) -> tuple[list[Point], Opinions, np.ndarray | float]:
        """Return candidates, what is expected of them, and what they must promise; kept until it learns anew.

        Where more are under way than are known, the best known are only the quickest: nothing is sought around them.
        """
        rng = rng_for(self._seed, Use.CANDIDATES, learnt)
        chosen = [] if crowded else self._around(self._predictor.leaders(_PARENTS), rng)
        chosen += self._far()
        # of several points of one architecture the first
        by_key = {self._known.facts(point).key: point for point in reversed(chosen)}
        points = [point for point in by_key.values() if not self._predictor.knows(point)] or chosen[:1]
        return points, self._predictor(points), self._thrift * self._predictor.costs(points) if self._thrift else 0.0

    def _around(self, leaders: list[Point], rng: np.random.Generator) -> list[Point]:
        """Return neighbours of the first leaders, and points two steps from any."""
        near = (near for leader in leaders[:_LEADERS] for near in self._space.neighbours(leader))
        chosen = list(dict.fromkeys(near))
        if len(chosen) > _NEIGHBOURS:
            chosen = [chosen[place] for place in sorted(rng.choice(len(chosen), _NEIGHBOURS, replace=False))]
        with suppress(SpaceError):  # nothing around is allowed
            for _ in range(_DISTANT):
                step = self._space.mutate(leaders[int(rng.integers(len(leaders)))], rng)
                chosen.append(self._space.mutate(step, rng))
        return chosen

    def _far(self) -> list[Point]:
        """Return the most promising of many random points: with few decisions they are much of the space."""
        times = self._predictor.times
        drawn = [self._drawn(time) for time in range(max(0, times - _KEPT), times)]
        points = [point for some, _ in drawn for point in some]
        order = self._predictor.promising(np.concatenate([rows for _, rows in drawn]))
        new = (points[place] for place in order if not self._predictor.knows(points[place]))
        return list(islice(new, _RANDOM)) or points[:1]

    def _draw(self, time: int) -> tuple[list[Point], np.ndarray]:
        """Return random points and their rows."""
        rng = rng_for(self._seed, Use.CANDIDATES, 0, time)
        points = [self._space.sample(rng) for _ in range(_DRAWN)]
        return points, self._predictor.encoding(points)
