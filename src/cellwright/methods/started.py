"""Given points first, then another search: what experience says should not have to be found."""

from collections.abc import Mapping, Sequence
from typing import Any

from cellwright.methods.protocol import Search
from cellwright.space import Point
from cellwright.trial import Fidelity, Proposal, Trial

__all__ = ["Started"]


class Started:
    """Proposes the given points once each, then what the other search asks; the other search is told of all.

    Args:
        notes: of the points' proposals.
    """

    def __init__(
        self, search: Search, points: Sequence[Point], *, fidelity: Fidelity, notes: Mapping[str, Any] | None = None
    ) -> None:
        self._search = search
        self._points = tuple(points)
        self._fidelity = fidelity
        self._notes = dict(notes or {})
        self._told: set[Point] = set()

    def ask(self, number: int, pending: Mapping[int, Proposal]) -> Proposal | None:
        """Return the next of the points, or what the other search asks."""
        out = {proposal.point for proposal in pending.values()}
        for point in self._points:
            if point not in self._told and point not in out:
                return Proposal(number, point, self._fidelity, self._notes)
        return self._search.ask(number, pending)

    def tell(self, trial: Trial) -> None:
        """Tell the other search."""
        if trial.proposal.point in self._points:
            self._told.add(trial.proposal.point)
        self._search.tell(trial)
