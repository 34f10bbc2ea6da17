"""Covariance matrix adaptation for numbers and categories at once.

Source: CatCMA with margin (arXiv:2504.07884), in the package `cmaes`. The distribution moves whenever as many trials
are told as its population has, whoever drew them and when: no worker waits for a generation, and starts count
(injection, Hansen, arXiv:1110.4181).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from cellwright.errors import UsageError
from cellwright.methods.encoding import ascending, ordered
from cellwright.methods.known import Known
from cellwright.seeds import Use, rng_for, seed_for
from cellwright.space import Choice, Decision, Point, Space, Value
from cellwright.trial import Fidelity, Proposal, Trial

__all__ = ["CmaEs"]

_DRAWN = 64  # in each generation, before chance helps out
_REMEMBERED = 4096  # draws, which may lie outside what is allowed
_DEVIATION = 0.3  # at first, of numbers in the unit interval: about that of uniform ones
_LARGE = 50  # numbers from which on a decision between them is one on a real number, rounded


class CmaEs:
    """Draws from one distribution over all decisions, which follows the better half of what was told.

    What failed or was rejected, for a limit on parameters say, counts as the worst success.

    Numbers are placed in the unit interval, logarithms where the decision says so; options without an order are
    categories. Decisions that are switched off are drawn all the same, and have no effect.

    Notes of its proposals: generation, unless chance drew.

    Raises:
        UsageError: the package cmaes is not installed.
    """

    def __init__(self, space: Space, *, seed: int, fidelity: Fidelity) -> None:
        try:
            from cmaes import CatCMAwM
        except ImportError as error:
            raise UsageError("method cmaes needs cmaes 0.12 or newer: pip install cmaes") from error
        self._space = space
        self._seed = seed
        self._fidelity = fidelity
        self._known = Known(space)
        self._numbers, self._grids, self._categories = _kinds(space)
        if not self._numbers + self._grids + self._categories:
            raise UsageError("cmaes needs a space with a decision between two options or more")
        ranges = len(self._numbers) + len(self._grids)
        self._options = [space.decisions[place].size or 0 for place in self._categories]
        self._optimizer = CatCMAwM(
            x_space=[[0.0, 1.0]] * len(self._numbers) or None,
            z_space=[grid for _, grid in self._grids] or None,
            c_space=self._options or None,
            cov=_DEVIATION**2 * np.eye(ranges) if ranges else None,
            seed=seed_for(seed, Use.SAMPLE) % 2**32,
        )
        self._generation = -1
        self._drawn: list[Point] = []
        self._solutions: dict[Point, Any] = {}
        self._told: list[tuple[Point, float | None]] = []
        self._worst = np.inf  # of all successes
        self._spread = False
        self._draw()

    def ask(self, number: int, pending: Mapping[int, Proposal]) -> Proposal | None:
        """Return the next draw of this generation that is new."""
        under_way = self._known.under_way(pending)
        for point in self._drawn:
            if self._known.new(point, under_way):
                return Proposal(number, point, self._fidelity, {"generation": self._generation})
        return Proposal(number, self._known.sample(rng_for(self._seed, Use.SAMPLE, number), under_way), self._fidelity)

    def tell(self, trial: Trial) -> None:
        """Take a trial into the next step; an answer from the cache is known and no more."""
        self._known.add(trial)
        if trial.outcome.source is None:
            self._told.append((trial.proposal.point, trial.score))
            self._worst = min(self._worst, np.inf if trial.score is None else trial.score)
        if len(self._told) >= self._optimizer.population_size:
            self._step()
            self._draw()
        elif not any(self._known.new(point, frozenset()) for point in self._drawn):
            self._draw()

    def _step(self) -> None:
        """Move the distribution."""
        losses = [-(self._worst if score is None else score) for _, score in self._told]
        ranked = sorted(losses)
        self._spread |= ranked[len(ranked) // 4] < ranked[3 * len(ranked) // 4]  # of which the package needs one
        if self._spread and ranked[0] < ranked[-1]:  # else there is nothing to follow
            points = [point for point, _ in self._told]
            solutions = [self._solutions.get(point) or self._solution(point) for point in points]
            self._optimizer.tell(list(zip(solutions, losses, strict=True)))
        self._told = []

    def _draw(self) -> None:
        """Begin a generation."""
        self._generation += 1
        self._optimizer.reseed_rng(seed_for(self._seed, Use.SAMPLE, self._generation) % 2**32)
        solutions = [self._optimizer.ask() for _ in range(_DRAWN)]
        drawn = {point: solution for solution in solutions if (point := self._point(solution)) is not None}
        self._drawn = list(drawn)
        self._solutions |= drawn
        for point in list(self._solutions)[:-_REMEMBERED]:
            del self._solutions[point]

    def _solution(self, point: Point) -> Any:
        """Return the draw that would have been a point."""
        numbers = [_unit(self._space.decisions[place], point.values[place]) for place in self._numbers]
        grids = [grid[_rank(self._space.decisions[place], point.values[place])] for place, grid in self._grids]
        chosen = [int(point.values[place]) for place in self._categories]
        return self._optimizer.Solution(
            np.array(numbers) if numbers else None,
            np.array(grids) if grids else None,
            np.eye(max(self._options), dtype=bool)[chosen] if chosen else None,
            np.array(numbers + grids) if numbers or grids else None,
        )

    def _point(self, solution: Any) -> Point | None:
        """Return the point of a draw; None: it is forbidden."""
        values: list[int | float] = [decision.at(0.0) for decision in self._space.decisions]
        for place, unit in zip(self._numbers, solution.x if solution.x is not None else (), strict=True):
            decision, within = self._space.decisions[place], float(np.clip(unit, 0.0, 1.0))
            if isinstance(decision, Choice):
                values[place] = _option(decision, round(within * (len(decision.options) - 1)))
            else:
                values[place] = decision.at(within)
        for (place, grid), number in zip(self._grids, solution.z if solution.z is not None else (), strict=True):
            values[place] = _option(self._space.decisions[place], grid.index(number))
        for place, row in zip(self._categories, solution.c if solution.c is not None else (), strict=True):
            values[place] = int(np.argmax(row))
        return Point(tuple(values), self._space.fingerprint) if self._space.allows(values) else None


def _kinds(space: Space) -> tuple[list[int], list[tuple[int, list[float]]], list[int]]:
    """Return the places of decisions on real and large whole numbers, of those on a few numbers in order, of others.

    Decisions of one option are none of these.
    """
    numbers, grids, categories = [], [], []
    for place, decision in enumerate(space.decisions):
        size = decision.size
        if size is None or (ordered(decision) and (size > _LARGE or getattr(decision, "log", False))):
            numbers.append(place)
        elif ordered(decision) and size > 2:
            grids.append((place, np.linspace(0.0, 1.0, size).tolist()))
        elif size > 1:
            categories.append(place)
    return numbers, grids, categories


def _option(decision: Decision, rank: int) -> int:
    """Return the value of the option or number that has so many below it."""
    return ascending(decision)[rank] if isinstance(decision, Choice) else int(decision.at(0.0)) + rank


def _unit(decision: Decision, value: Value) -> float:
    """Return the place of a value in the unit interval, as `_point` reads it."""
    return _rank(decision, value) / (decision.size - 1) if isinstance(decision, Choice) else decision.unit(value)


def _rank(decision: Decision, value: Value) -> int:
    """Return how many options or numbers are below a value."""
    return ascending(decision).index(int(value)) if isinstance(decision, Choice) else int(value - decision.at(0.0))
