"""A forest learns which points score, and proposes what it expects most of, or is least sure of.

Sources: SMAC (Hutter et al., LION 2011: a forest whose trees disagree where it knows little, and candidates around the
best), and scattered exploration for many workers (qUCB: each proposal draws its own kappa from an exponential
distribution, as DeepHyper does; Azimi et al. 2010 for batches).
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from cellwright.errors import UsageError
from cellwright.methods.encoding import Encoding
from cellwright.methods.known import Known
from cellwright.seeds import Use, rng_for, seed_for
from cellwright.space import Point, Space
from cellwright.trial import Fidelity, Proposal, Trial

__all__ = ["Surrogate"]

_TREES = 32
_BEST, _OTHERS = 500, 700  # of many trials, what the forest learns from
_LEADERS = 5  # whose neighbours are candidates
_NEIGHBOURS, _DISTANT, _RANDOM = 250, 80, 80  # candidates of each kind, at most
_PARENTS = 20  # of the distant ones: two steps away
_FAILED = 0.5  # how far below the worst success a failure counts


class _Candidates(NamedTuple):
    """What may be proposed, with the forest's opinion: mean and standard deviation over trees, each (points,)."""

    points: list[Point]
    mean: np.ndarray
    deviation: np.ndarray


class Surrogate:
    """Random points at first, then the most promising of what is near the best, and of random points.

    The forest learns anew whenever it has been told a twentieth more, so that a proposal costs about the same at any
    time. It sees scores as ranks (normal scores), so that no outlier can wreck it, and failures below all of them.

    Args:
        initial: random points before the forest is asked.
    """

    def __init__(self, space: Space, *, seed: int, fidelity: Fidelity, initial: int = 10) -> None:
        if initial < 2:
            raise UsageError(f"a surrogate needs at least 2 initial points, not {initial!r}")
        self._space = space
        self._seed = seed
        self._fidelity = fidelity
        self._known = Known(space)
        self._encoding = Encoding(space, self._known)
        self._points: list[Point] = []
        self._scores: list[float] = []  # NaN for a failure
        self._rows: list[np.ndarray] = []
        self._successes = 0
        self._learnt = 0  # how many of those told the forest knows
        self._next = initial
        self._candidates = lru_cache(1)(self._new_candidates)

    def ask(self, number: int, pending: Mapping[int, Proposal]) -> Proposal | None:
        """Return the candidate with the highest bound, new and not under way; a random point at first."""
        rng = rng_for(self._seed, Use.SAMPLE, number)
        under_way = self._known.under_way(pending)
        if self._learnt:
            candidates = self._candidates(self._learnt)
            bound = candidates.mean + rng.exponential() * candidates.deviation
            for place in np.argsort(-bound, kind="stable"):
                if self._known.new(candidates.points[place], under_way):
                    return Proposal(number, candidates.points[place], self._fidelity)
        return Proposal(number, self._known.sample(rng, under_way), self._fidelity)

    def tell(self, trial: Trial) -> None:
        """Take a trial into account; an answer from the cache tells nothing."""
        self._known.add(trial)
        if not trial.evaluated and trial.outcome.parameters is None:
            return
        if trial.outcome.source is not None:
            return
        self._points.append(trial.proposal.point)
        self._scores.append(np.nan if trial.score is None else trial.score)
        self._rows.append(self._encoding([trial.proposal.point])[0])
        self._successes += trial.score is not None
        told = len(self._points)
        if told >= self._next and self._successes > 1:
            self._learnt, self._next = told, told + max(1, told // 20)

    def _new_candidates(self, learnt: int) -> _Candidates:
        """Return candidates, by what was told at first; kept until the forest learns anew."""
        from sklearn.ensemble import RandomForestRegressor

        rng = rng_for(self._seed, Use.FOREST, learnt)
        scores = np.array(self._scores[:learnt])
        order = np.argsort(-np.nan_to_num(scores, nan=-np.inf), kind="stable")
        target = _normal_scores(scores)
        used = np.arange(learnt)
        if learnt > _BEST + _OTHERS:
            used = np.concatenate([order[:_BEST], rng.choice(order[_BEST:], _OTHERS, replace=False)])
        forest = RandomForestRegressor(
            _TREES, max_features=0.5, random_state=seed_for(self._seed, Use.FOREST, learnt, 1) % 2**32
        )
        forest.fit(np.stack([self._rows[place] for place in used]), target[used])
        points = self._around([self._points[place] for place in order[:_PARENTS]], rng)
        rows = self._encoding(points)
        opinions = np.stack([tree.predict(rows, check_input=False) for tree in forest.estimators_])  # (trees, points)
        return _Candidates(points, opinions.mean(axis=0), opinions.std(axis=0))

    def _around(self, leaders: list[Point], rng: np.random.Generator) -> list[Point]:
        """Return candidates: neighbours of the first leaders, points two steps from any, and random ones."""
        told = set(self._points)
        near = dict.fromkeys(near for leader in leaders[:_LEADERS] for near in self._space.neighbours(leader))
        chosen = [point for point in near if point not in told]
        if len(chosen) > _NEIGHBOURS:
            chosen = [chosen[place] for place in sorted(rng.choice(len(chosen), _NEIGHBOURS, replace=False))]
        for _ in range(_DISTANT):
            step = self._space.mutate(leaders[int(rng.integers(len(leaders)))], rng)
            chosen.append(self._space.mutate(step, rng))
        chosen += [self._space.sample(rng) for _ in range(_RANDOM)]
        return [point for point in dict.fromkeys(chosen) if point not in told] or chosen[:1]


def _normal_scores(scores: np.ndarray) -> np.ndarray:
    """Return scores as quantiles of the normal distribution, failures (NaN) below all of them; (points,)."""
    from scipy.stats import norm, rankdata

    there = ~np.isnan(scores)
    result = np.empty(len(scores))
    result[there] = norm.ppf((rankdata(scores[there]) - 0.5) / there.sum())
    result[~there] = result[there].min() - _FAILED
    return result
