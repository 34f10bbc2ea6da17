"""Covariance matrix adaptation for numbers and categories at once.

Source: CatCMA with margin (arXiv:2504.07884), in the package `cmaes`. The distribution moves whenever as many trials
are told as its population has, whichever of the last generations drew them: no worker waits for a generation.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from cellwright.errors import UsageError
from cellwright.methods.encoding import ascending, ordered
from cellwright.methods.known import Known
from cellwright.seeds import Use, rng_for, seed_for
from cellwright.space import Choice, Decision, Point, Space
from cellwright.trial import Fidelity, Proposal, Trial

__all__ = ["CmaEs"]

_DRAWN = 64  # in each generation, before chance helps out
_REMEMBERED = 8  # generations
_DEVIATION = 0.3  # at first, of numbers in the unit interval: about that of uniform ones
_LARGE = 50  # numbers from which on a decision between them is one on a real number, rounded


class CmaEs:
    """Draws from one distribution over all decisions, which follows the better half of what was told.

    What was rejected, for a limit on parameters say, counts as the worst.

    Numbers are placed in the unit interval, logarithms where the decision says so; options without an order are
    categories. Decisions that are switched off are drawn all the same, and have no effect.

    Notes of its proposals: generation, item in the order of its draws.

    Raises:
        UsageError: the package cmaes is not installed.
    """

    def __init__(self, space: Space, *, seed: int, fidelity: Fidelity) -> None:
        try:
            from cmaes import CatCMAwM
        except ImportError as error:
            raise UsageError("method cmaes needs cmaes 0.12 or newer: pip install 'cellwright[hpo]'") from error
        self._space = space
        self._seed = seed
        self._fidelity = fidelity
        self._known = Known(space)
        self._numbers, self._grids, self._categories = _kinds(space)
        if not self._numbers + self._grids + self._categories:
            raise UsageError("cmaes needs a space with a decision between two options or more")
        ranges = len(self._numbers) + len(self._grids)
        self._optimizer = CatCMAwM(
            x_space=[[0.0, 1.0]] * len(self._numbers) or None,
            z_space=[grid for _, grid in self._grids] or None,
            c_space=[space.decisions[place].size or 0 for place in self._categories] or None,
            cov=_DEVIATION**2 * np.eye(ranges) if ranges else None,
            seed=seed_for(seed, Use.SAMPLE) % 2**32,
        )
        self._generation = -1
        self._drawn: dict[int, list[tuple[Any, Point | None]]] = {}
        self._told: list[tuple[Any, float]] = []
        self._worst = 0.0
        self._spread = False
        self._draw()

    def ask(self, number: int, pending: Mapping[int, Proposal]) -> Proposal | None:
        """Return the next draw of this generation that is new."""
        under_way = self._known.under_way(pending)
        for item, (_, point) in enumerate(self._drawn[self._generation]):
            if point is not None and self._known.new(point, under_way):
                notes = {"generation": self._generation, "item": item}
                return Proposal(number, point, self._fidelity, notes)
        return Proposal(number, self._known.sample(rng_for(self._seed, Use.SAMPLE, number), under_way), self._fidelity)

    def tell(self, trial: Trial) -> None:
        """Take a trial into the next step; what older generations drew, or chance, is known and no more."""
        self._known.add(trial)
        if trial.score is not None:
            self._worst = min(self._worst, trial.score)
        drawn = self._drawn.get(trial.proposal.notes.get("generation", -1))
        if drawn is not None and trial.outcome.source is None:
            solution, _ = drawn[trial.proposal.notes["item"]]
            self._told.append((solution, -(self._worst if trial.score is None else trial.score)))
        if len(self._told) >= self._optimizer.population_size:
            values = sorted(value for _, value in self._told)
            self._spread |= values[len(values) // 4] < values[3 * len(values) // 4]  # of which the package needs one
            if self._spread and values[0] < values[-1]:  # else there is nothing to follow
                self._optimizer.tell(self._told)
            self._told = []
            self._draw()
        elif not any(
            point is not None and self._known.new(point, frozenset()) for _, point in self._drawn[self._generation]
        ):
            self._draw()

    def _draw(self) -> None:
        """Begin a generation."""
        self._generation += 1
        self._optimizer.reseed_rng(seed_for(self._seed, Use.SAMPLE, self._generation) % 2**32)
        solutions = [self._optimizer.ask() for _ in range(_DRAWN)]
        self._drawn[self._generation] = [(solution, self._point(solution)) for solution in solutions]
        self._drawn.pop(self._generation - _REMEMBERED, None)

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
