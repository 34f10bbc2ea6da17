"""Local search: go to the first neighbour that is better; where there is none, begin anew elsewhere.

Source: White et al., "Local search is state of the art for NAS benchmarks" (arXiv:2005.02960). Asynchronous: neighbours
of the point reached are tried by all workers at once.
"""

from collections.abc import Mapping

from cellwright.errors import UsageError
from cellwright.methods.known import Known
from cellwright.seeds import Use, rng_for
from cellwright.space import Point, Space
from cellwright.trial import CONTINUES, Fidelity, Proposal, Trial

__all__ = ["Local"]


class Local:
    """Climbs from the best of a few random points, one better neighbour after another.

    Points that it did not ask, such as those that a search starts with, belong to the first climb.

    Notes of its proposals: climb (counted from 0).

    Args:
        starts: random points, of which the best begins a climb.
    """

    def __init__(self, space: Space, *, seed: int, fidelity: Fidelity, starts: int = 5) -> None:
        if starts < 1:
            raise UsageError(f"local search needs at least 1 start, not {starts!r}")
        self._space = space
        self._seed = seed
        self._fidelity = fidelity
        self._starts = starts
        self._known = Known(space)
        self._climb = 0
        self._begun = 0  # starts of this climb that were told
        self._best: tuple[float, Point] | None = None  # of this climb
        self._around: list[Point] = []  # neighbours of the best, in the order of their turn
        self._early: list[Trial] = []  # starts of the next climb

    def ask(self, number: int, pending: Mapping[int, Proposal]) -> Proposal | None:
        """Return a start, then neighbours of the best; when all are out, a start of the next climb."""
        under_way = self._known.under_way(pending)
        out = sum(_climb_of(proposal) == self._climb for proposal in pending.values())
        climb = self._climb
        if self._begun + out >= self._starts:
            for point in self._around:
                if self._known.new(point, under_way):
                    return Proposal(number, point, self._fidelity, {"climb": climb})
            climb += self._begun >= self._starts
        point = self._known.sample(rng_for(self._seed, Use.SAMPLE, number), under_way)
        return Proposal(number, point, self._fidelity, {"climb": climb})

    def tell(self, trial: Trial) -> None:
        """Move to what is better; end the climb where nothing around is new."""
        self._known.add(trial)
        if CONTINUES in trial.proposal.notes:
            return
        climb = _climb_of(trial.proposal)
        if climb > self._climb:
            self._early.append(trial)
        elif climb == self._climb:
            self._reach(trial)
        self._around = self._new(self._around)
        while self._begun >= self._starts and not self._around:
            self._climb, self._begun, self._best = self._climb + 1, 0, None
            early, self._early = self._early, []
            for start in early:
                self._reach(start)
            self._around = self._new(self._around)

    def _reach(self, trial: Trial) -> None:
        """Count a trial of this climb, and go there if it is better."""
        self._begun += 1
        if trial.score is not None and (self._best is None or trial.score > self._best[0]):
            self._best = (trial.score, trial.proposal.point)
            self._around = list(self._space.neighbours(trial.proposal.point))
            rng_for(self._seed, Use.ORDER, trial.number).shuffle(self._around)

    def _new(self, points: list[Point]) -> list[Point]:
        return [point for point in points if self._known.new(point, frozenset())]


def _climb_of(proposal: Proposal) -> int:
    climb: int = proposal.notes.get("climb", 0)
    return climb
