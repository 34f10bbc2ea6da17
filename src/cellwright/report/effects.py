"""How much each decision matters to the score, and which options do well."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cellwright.report.series import evenly
from cellwright.space import Choice, Decision, Float, Space
from cellwright.space.draw import in_words
from cellwright.trial import Trial

__all__ = ["Effect", "Level", "marginal_effects", "shares"]

_MOST_LEVELS = 12  # numbers with more values are put into bins
_BINS = 6
_FEWEST_FITTED = 20  # trials, for a share of variance to say anything
_MOST_FITTED = 2000  # more trials change no share and cost seconds


@dataclass(frozen=True, slots=True)
class Level:
    """The trials in which a decision took one option, or a number of one bin.

    Attributes:
        at: the index of the option, or the middle of the bin.
        error: standard error of the mean; None: one trial.
    """

    name: str
    at: float
    mean: float
    error: float | None
    count: int


@dataclass(frozen=True, slots=True, eq=False)
class Effect:
    """What a decision does.

    Attributes:
        share: of the variance of the scores that it accounts for, in [0, 1]; None: too few trials to tell.
        levels: its options by mean score, best first; the bins of a number in ascending order.
        values: of a number, in each trial it was switched on in (trials,); None for options.
        scores: of the same trials (trials,).
    """

    decision: Decision
    share: float | None
    levels: tuple[Level, ...]
    values: np.ndarray | None
    scores: np.ndarray

    @property
    def trials(self) -> int:
        return len(self.scores)


def marginal_effects(space: Space, trials: Sequence[Trial], floor: float) -> list[Effect]:
    """Return the effects of all decisions, the one with the largest share first.

    Args:
        trials: successful ones; one in which a decision was switched off does not count for it.
        floor: lower scores count as this one, so that no outlier decides.
    """
    values: dict[str, list[float]] = {decision.name: [] for decision in space.decisions}
    scores: dict[str, list[float]] = {decision.name: [] for decision in space.decisions}
    for trial in trials:
        assert trial.score is not None
        point = trial.proposal.point.values
        for decision, value, active in zip(space.decisions, point, space.active(point), strict=True):
            if active:
                values[decision.name].append(value)
                scores[decision.name].append(max(floor, trial.score))
    parts = shares(space, trials, floor) or {}
    effects = [
        _effect(
            decision,
            parts.get(decision.name),
            np.array(values[decision.name], dtype=np.float64),
            np.array(scores[decision.name]),
        )
        for decision in space.decisions
        if values[decision.name] and decision.size != 1
    ]
    return sorted(effects, key=lambda effect: -1.0 if effect.share is None else effect.share, reverse=True)


def _effect(decision: Decision, share: float | None, values: np.ndarray, scores: np.ndarray) -> Effect:
    if isinstance(decision, Choice):
        groups = values.astype(np.int64)
        names = [in_words(option) for option in decision.options]
        levels = [_level(names[index], float(index), scores[groups == index]) for index in np.unique(groups)]
        levels.sort(key=lambda level: -level.mean)
        return Effect(decision, share, tuple(levels), None, scores)
    groups = _bins(decision, values)
    bins = [(values[groups == group], scores[groups == group]) for group in np.unique(groups)]
    levels = [_level(_range(inside), _middle(decision, inside), within) for inside, within in bins]
    return Effect(decision, share, tuple(levels), values, scores)


def _bins(decision: Decision, values: np.ndarray) -> np.ndarray:
    """Return the bin of each number: one a value where there are few, else bins of about as many trials each."""
    different = np.unique(values)
    if not isinstance(decision, Float) and len(different) <= _MOST_LEVELS:
        return np.searchsorted(different, values)
    bins = max(1, min(_BINS, len(values) // 5))
    edges = np.unique(np.quantile(values, np.linspace(0, 1, bins + 1)[1:-1]))
    return np.searchsorted(edges, values, side="right")


def _level(name: str, at: float, scores: np.ndarray) -> Level:
    error = float(scores.std(ddof=1) / np.sqrt(len(scores))) if len(scores) > 1 else None
    return Level(name, at, float(scores.mean()), error, len(scores))


def _middle(decision: Decision, values: np.ndarray) -> float:
    logarithmic = not isinstance(decision, Choice) and decision.log
    return float(np.exp(np.log(values).mean()) if logarithmic else values.mean())


def _range(values: np.ndarray) -> str:
    low, high = f"{values.min():.3g}", f"{values.max():.3g}"
    return low if low == high else f"{low} to {high}"


def shares(space: Space, trials: Sequence[Trial], floor: float) -> Mapping[str, float] | None:
    """Return the share of the variance of the scores that each decision accounts for; the shares add up to at most 1.

    A random forest predicts scores from decisions. Its out-of-bag R², how much of the variance it explains in networks
    that a tree has not seen, is divided among the decisions by what their splits contribute. None: too few trials.
    """
    from sklearn.ensemble import RandomForestRegressor

    trials = [trials[place] for place in evenly(len(trials), _MOST_FITTED)]
    places = [place for place, decision in enumerate(space.decisions) if decision.size != 1]
    scores = np.array([max(floor, trial.score or 0.0) for trial in trials])
    if len(trials) < _FEWEST_FITTED or np.ptp(scores) <= 1e-12:
        return None
    decided = np.array([_decided(space, trial)[places] for trial in trials])
    forest = RandomForestRegressor(min_samples_leaf=5, oob_score=True, random_state=0)
    forest.fit(decided, scores)
    explained = max(0.0, float(forest.oob_score_))
    parts = explained * forest.feature_importances_
    return {space.decisions[place].name: float(part) for place, part in zip(places, parts, strict=True)}


def _decided(space: Space, trial: Trial) -> np.ndarray:
    """Return the values of a point (decisions,), -1 where a decision is switched off."""
    point = trial.proposal.point.values
    return np.where(space.active(point), np.array(point, dtype=np.float64), -1.0)
