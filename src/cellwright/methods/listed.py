"""A list of given points as a search: post-training, and any other work that is known beforehand."""

from collections.abc import Mapping, Sequence

from cellwright.space import Point
from cellwright.trial import Fidelity, Proposal, Trial

__all__ = ["Listed"]


class Listed:
    """Proposes the given points in order, then nothing."""

    def __init__(self, points: Sequence[Point], *, fidelity: Fidelity) -> None:
        self._points = tuple(points)
        self._fidelity = fidelity

    def ask(self, number: int, pending: Mapping[int, Proposal]) -> Proposal | None:
        """Return the point at position `number`, or None behind the last one."""
        return Proposal(number, self._points[number], self._fidelity) if number < len(self._points) else None

    def tell(self, trial: Trial) -> None:
        """Learn nothing."""
