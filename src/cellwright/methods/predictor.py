"""Predicts scores of points, and says how sure it is; what they cost, if asked.

Sources: SMAC (Hutter et al., LION 2011): trees of a forest that saw different rows disagree where little is known. With
few trials a Gaussian process has half the say: it knows that what is near is alike, which trees have to find out; they
find out what depends on what (docs/results/search.md has the measurements).
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from cellwright.methods.encoding import Encoding
from cellwright.methods.known import Known
from cellwright.seeds import Use, rng_for
from cellwright.space import Point, Space
from cellwright.trial import Trial

__all__ = ["Opinions", "Predictor"]

_TREES, _FEWER = 32, 24  # the latter where there is no Gaussian process: many trials, so a suggestion must be cheap
_FEATURES = 0.5  # share of columns that a split is looked for in
_BEST, _OTHERS = 250, 250  # of many trials, what it learns from
_FEW = 500  # points of which the Gaussian process learns too; with more, a suggestion would cost twice as much
_SAY = 0.5  # its share of an opinion
_TUNED, _GROWN = 100, 1.25  # points that its hyperparameters are learnt from, anew when there are more by this factor
_MOST_NEW = 50  # points it is told before it learns anew
_FAILED = 0.5  # how far below the worst success a failure counts


class Opinions(NamedTuple):
    """What is expected of points, each (points,).

    Attributes:
        mean: in normal scores.
        deviation: of what it might be.
    """

    mean: np.ndarray
    deviation: np.ndarray

    def bound(self, rng: np.random.Generator) -> np.ndarray:
        """Return mean + kappa x deviation, (points,), with a kappa drawn anew: some exploit, some explore."""
        bound: np.ndarray = self.mean + rng.exponential() * self.deviation
        return bound


class _Fitted(NamedTuple):
    """Both models, the places of all there is, best first, how many succeeded, and places of what was learnt from."""

    trees: list[Any]
    gaussian: Any  # None: too many points
    order: np.ndarray
    successes: int
    used: np.ndarray


class Predictor:
    """Learns anew whenever it has been told a twentieth more, at most 50 points, so that opinions stay cheap and fresh.

    It sees scores as ranks (normal scores), so that no outlier can wreck it, and failures below all of them. Of an
    architecture that is told again, the last score counts.

    Args:
        initial: points before it learns at all.
        sizes: whether it sees what is known of networks before they are trained; finding that takes most of the time.

    Attributes:
        learnt: how many architectures it knows; 0: it has no opinion yet.
        times: how often it has learnt.
        encoding: what makes rows of points.
    """

    def __init__(self, space: Space, known: Known, *, seed: int, initial: int, sizes: bool = True) -> None:
        self.learnt = self.times = 0
        self._seed = seed
        self._say = _SAY
        self.encoding = Encoding(space, known if sizes else None)
        self._known = known
        self._places: dict[str, int] = {}  # of architectures, by their keys
        self._points: list[Point] = []
        self._scores: list[float] = []  # NaN for a failure
        self._rows: list[np.ndarray] = []
        self._costs: list[float] = []  # logarithm of the seconds of an epoch, NaN for a failure
        self._updates: list[tuple[int, float]] = []  # of points told again, since it learnt
        self._successes = 0
        self._next = initial
        self._tuned_on: tuple[float, ...] = ()  # scores of the first points, when hyperparameters were last learnt
        self._fitted = lru_cache(1)(self._fit)
        self._tuned = lru_cache(1)(self._tune)
        self._fitted_costs = lru_cache(1)(self._fit_costs)

    def tell(self, trial: Trial) -> None:
        """Take a trial into account; an answer from the cache tells nothing."""
        if trial.outcome.source is not None:
            return
        point, score = trial.proposal.point, np.nan if trial.score is None else trial.score
        place = self._places.setdefault(self._known.facts(point).key, len(self._points))
        if place < len(self._points):
            self._updates.append((place, score))
            return
        self._points.append(point)
        self._scores.append(score)
        self._rows.append(self.encoding([point])[0])
        self._costs.append(np.nan if trial.score is None else _cost(trial))
        self._successes += trial.score is not None
        told = len(self._points)
        if told >= self._next and self._successes > 1:
            for place, again in self._updates:
                self._successes += int(np.isnan(self._scores[place])) - int(np.isnan(again))
                self._scores[place] = again
            self._updates = []
            self.learnt = told if self._successes > 1 else 0  # what went on may have failed
            self.times += 1
            self._next = told + min(_MOST_NEW, max(1, told // 20))
            if self.learnt and told <= _FEW and told >= _GROWN * len(self._tuned_on):
                self._tuned_on = tuple(self._scores)

    def knows(self, point: Point) -> bool:
        """Return whether it knew of a point's architecture when it learnt."""
        return self._places.get(self._known.facts(point).key, self.learnt) < self.learnt

    def leaders(self, count: int) -> list[Point]:
        """Return the best points that it knows, best first; failures are none."""
        fitted = self._fitted(self.learnt)
        return [self._points[place] for place in fitted.order[: min(count, fitted.successes)]]

    def __call__(self, points: Sequence[Point]) -> Opinions:
        """Return what it expects of points."""
        rows = self.encoding(points)
        fitted = self._fitted(self.learnt)
        forest = _asked(fitted.trees, rows)
        if fitted.gaussian is None:
            return forest
        gaussian = Opinions(*fitted.gaussian(rows))
        return Opinions(
            *((1 - self._say) * one + self._say * other for one, other in zip(forest, gaussian, strict=True))
        )

    def promising(self, rows: np.ndarray) -> np.ndarray:
        """Return the places of an encoding's rows, first what promises most: by the trees, which are quick to ask."""
        mean, deviation = _asked(self._fitted(self.learnt).trees, rows)
        return np.argsort(-mean - deviation, kind="stable")

    def costs(self, points: Sequence[Point]) -> np.ndarray:
        """Return the logarithms of the seconds that an epoch will take, less their median so far, (points,)."""
        costs: np.ndarray = self._fitted_costs(self.learnt).predict(self.encoding(points))
        return costs

    def _fit(self, learnt: int) -> _Fitted:
        scores = np.array(self._scores[:learnt])
        order = np.argsort(-np.nan_to_num(scores, nan=-np.inf), kind="stable")
        used = np.arange(learnt)
        if learnt > _BEST + _OTHERS:
            others = rng_for(self._seed, Use.FOREST, learnt).choice(order[_BEST:], _OTHERS, replace=False)
            used = np.concatenate([order[:_BEST], others])
        rows, targets = self._rows_at(used), _normal_scores(scores)[used]
        gaussian = None
        if learnt <= _FEW:
            from cellwright.methods.gaussian import Gaussian

            gaussian = Gaussian(rows, targets, self.encoding.blocks, self._tuned(self._tuned_on))
        count = _FEWER if gaussian is None else _TREES
        trees = _grown(count, rows, targets, rng_for(self._seed, Use.FOREST, learnt, 1))
        return _Fitted(trees, gaussian, order, int(np.isfinite(scores).sum()), used)

    def _tune(self, known: tuple[float, ...]) -> Any:
        """Return a Gaussian process of the likeliest kernel for the first points, given their scores of then."""
        from cellwright.methods.gaussian import Gaussian

        used = np.arange(len(known))
        if len(used) > _TUNED:
            used = rng_for(self._seed, Use.FOREST, len(used), 2).choice(used, _TUNED, replace=False)
        return Gaussian(self._rows_at(used), _normal_scores(np.array(known))[used], self.encoding.blocks)

    def _fit_costs(self, learnt: int) -> Any:
        from sklearn.linear_model import Ridge

        used = np.array([place for place in self._fitted(learnt).used if not np.isnan(self._costs[place])])
        costs = np.array([self._costs[place] for place in used])
        return Ridge().fit(self._rows_at(used), costs - np.median(costs))

    def _rows_at(self, places: np.ndarray) -> np.ndarray:
        return np.stack([self._rows[place] for place in places])


def _grown(count: int, rows: np.ndarray, scores: np.ndarray, rng: np.random.Generator) -> list[Any]:
    """Return trees, each of rows drawn with replacement; a fifth of RandomForestRegressor's time where rows are few."""
    from sklearn.tree import DecisionTreeRegressor

    trees = []
    for _ in range(count):
        tree = DecisionTreeRegressor(max_features=_FEATURES, random_state=int(rng.integers(2**31)))
        times = np.bincount(rng.integers(len(rows), size=len(rows)), minlength=len(rows))
        trees.append(tree.fit(rows, scores, sample_weight=times.astype(np.float64), check_input=False))
    return trees


def _asked(trees: Sequence[Any], rows: np.ndarray) -> Opinions:
    opinions = np.stack([tree.predict(rows, check_input=False) for tree in trees])  # (trees, points)
    return Opinions(opinions.mean(axis=0), opinions.std(axis=0))


def _cost(trial: Trial) -> float:
    """Return the logarithm of the seconds that an epoch of training took."""
    return float(np.log(max(trial.outcome.seconds or 0.0, 1e-3) / trial.passes))


def _normal_scores(scores: np.ndarray) -> np.ndarray:
    """Return scores as quantiles of the normal distribution, failures (NaN) below all of them; (points,)."""
    from scipy.stats import norm, rankdata

    there = ~np.isnan(scores)
    result = np.empty(len(scores))
    result[there] = norm.ppf((rankdata(scores[there]) - 0.5) / there.sum())
    result[~there] = result[there].min() - _FAILED
    return result
