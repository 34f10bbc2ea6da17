"""Several goals at once: accuracy, and small, cheap or quick networks.

An objective is named by what is to grow; a leading minus turns it round: "r2", "-parameters", "-seconds" and so on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from cellwright.errors import UsageError
from cellwright.methods.protocol import Search
from cellwright.space import Space
from cellwright.trial import Proposal, Trial

__all__ = ["COSTS", "Standings", "Traded", "check_objectives", "cost_text", "front", "thinned", "values_of"]

#: what a network costs: parameters, floating-point operations of one row, seconds of training, microseconds in which a
#: row is predicted
COSTS = ("parameters", "flops", "seconds", "microseconds")


def check_objectives(objectives: Sequence[str], metric: str) -> None:
    """Raise UsageError unless the objectives are the problem's score, first, and costs to be kept low."""
    known = [metric, *(f"-{cost}" for cost in COSTS)]
    for objective in objectives:
        if objective not in known:
            raise UsageError(f"there is no objective {objective!r} here; known: {', '.join(known)}")
    if not objectives or objectives[0] != metric or len(set(objectives)) < len(objectives):
        raise UsageError(f"objectives begin with the score, {metric!r}, and name nothing twice; got {list(objectives)}")


def values_of(trial: Trial, objectives: Sequence[str], space: Space) -> tuple[float, ...] | None:
    """Return what a trial reached of each objective, of none its score, more being better; None where it failed."""
    if trial.score is None:
        return None
    outcome = trial.outcome
    found = {
        "seconds": outcome.seconds,
        "parameters": outcome.parameters or 0,
        "microseconds": outcome.microseconds or 0,
    }
    if "-flops" in objectives:
        found["flops"] = space.architecture(trial.proposal.point).flops
    reached = tuple(-float(found[name[1:]]) if name.startswith("-") else trial.score for name in objectives)
    return reached or (trial.score,)


def front(values: np.ndarray) -> np.ndarray:
    """Return which points no other one dominates: is as good in everything and better in something.

    Shape: values (points, objectives); result bool (points,).
    """
    result = np.zeros(len(values), dtype=bool)
    best = values[:0]
    for place in np.lexsort(-values.T[::-1]):  # what dominates a point comes before it
        point = values[place]
        result[place] = not ((best >= point).all(axis=1) & (best > point).any(axis=1)).any()
        best = np.vstack([best, point]) if result[place] else best
    return result


def thinned(values: np.ndarray, most: int) -> list[int]:
    """Return up to `most` points of a front, spread along it.

    The best in the first objective, then whatever is furthest from those taken, by ranks.

    Shape: values (points, objectives).
    """
    ranks = values.argsort(axis=0, kind="stable").argsort(axis=0, kind="stable") / max(1, len(values) - 1)
    taken = [int(values[:, 0].argmax())] if len(values) else []
    while len(taken) < min(most, len(values)):
        distance = np.abs(ranks[:, None] - ranks[taken]).sum(axis=2).min(axis=1)  # (points,)
        distance[taken] = -1.0
        taken.append(int(distance.argmax()))
    return taken


class Standings:
    """How points stand among each other, more being better, kept up to date as they come.

    The standing of a point falls with the share of those that dominate it. Among points that nothing dominates, the one
    that is good in every objective stands before the one that is extreme in a single one: the product of its ranks.
    """

    def __init__(self, objectives: int) -> None:
        self._values = np.empty((0, objectives))  # all points, in the order they came
        self._below = np.empty((0, objectives))  # how many are less than the point in an objective; equals count half
        self._dominating = np.empty(0)  # how many dominate it

    def __len__(self) -> int:
        """Return how many points there are."""
        return len(self._values)

    def add(self, point: Sequence[float]) -> None:
        """Take a point in (objectives,)."""
        self.change(len(self), point)

    def change(self, place: int, point: Sequence[float]) -> None:
        """Put a point in the place of the one that came as number `place`, from 0; a new one after the last."""
        if place < len(self):
            self._count(place, -1)
        else:
            self._values = np.vstack([self._values, np.array(point)])
            self._below = np.vstack([self._below, np.zeros(len(point))])
            self._dominating = np.append(self._dominating, 0.0)
        self._values[place] = point
        self._count(place, 1)

    def all(self) -> np.ndarray:
        """Return the standing of each point now (points,)."""
        stand: np.ndarray = (self._below / len(self)).prod(axis=1) - self._dominating / len(self)
        return stand

    def leaders(self, most: int) -> list[int]:
        """Return the places of up to `most` points: what nothing dominates, spread along it; then by standing."""
        if not len(self):
            return []
        best = np.flatnonzero(self._dominating == 0)
        best = best[np.sort(np.unique(self._values[best], axis=0, return_index=True)[1])]  # of equals the first
        spread = best[thinned(self._values[best], most)].tolist()
        return list(dict.fromkeys([*spread, *np.argsort(-self.all(), kind="stable").tolist()]))[:most]

    def _count(self, place: int, sign: int) -> None:
        """Count what a point means to all others, or no longer means to them; and what they mean to it."""
        less, same = self._values < self._values[place], self._values == self._values[place]  # (points, objectives)
        equal = same.all(axis=1)
        self._below += sign * (~less & ~same)
        self._below += sign * same / 2
        self._dominating += sign * ((less | same).all(axis=1) & ~equal)
        self._below[place] = (less + same / 2).sum(axis=0)  # a point equals itself
        self._dominating[place] = ((~less).all(axis=1) & ~equal).sum()


class Traded:
    """Another search, told how a trial stands in all objectives, among those before it, in place of its score.

    What the first few are told says little, and is not told anew.
    """

    def __init__(self, search: Search, objectives: Sequence[str], space: Space) -> None:
        self._search = search
        self._objectives = tuple(objectives)
        self._space = space
        self._standings = Standings(len(self._objectives))
        self._stood: dict[int, float] = {}

    def ask(self, number: int, pending: Mapping[int, Proposal]) -> Proposal | None:
        """Return what the other search asks."""
        return self._search.ask(number, pending)

    def tell(self, trial: Trial) -> None:
        """Tell the other search the trial's standing as its score."""
        source = trial.outcome.source
        values = values_of(trial, self._objectives, self._space)
        if values is not None:
            if source is None:  # what a cached answer cost was paid by another
                self._standings.add(values)
                self._stood[trial.number] = float(self._standings.all()[-1])
            stood = self._stood[trial.number if source is None else source]
            trial = replace(trial, outcome=replace(trial.outcome, score=stood))
        self._search.tell(trial)


def cost_text(value: float) -> str:
    """Return what is reached in an objective beside the score: a whole number as it is, others to three digits."""
    return f"{value:,.0f}" if value == round(value) or value >= 1000 else f"{value:.3g}"
