"""Scores as rewards that no outlier can wreck."""

from bisect import bisect_left, bisect_right, insort
from collections import deque

__all__ = ["Ranks"]


class Ranks:
    """Turns scores into their rank among the latest ones, in (-1, 1); a failure is worth -1.

    An R2 of -1e6 and one of -1 are both simply among the worst, and differences between the best are not lost in the
    scale of the worst.
    """

    FAILURE = -1.0

    def __init__(self, window: int = 500) -> None:
        self._latest: deque[float] = deque()
        self._sorted: list[float] = []
        self._window = window

    def add(self, score: float) -> None:
        """Take a success into account."""
        if len(self._latest) == self._window:
            oldest = self._latest.popleft()
            del self._sorted[bisect_left(self._sorted, oldest)]
        self._latest.append(score)
        insort(self._sorted, score)

    def reward(self, score: float | None) -> float:
        """Return the rank of a score that has been added, ties in the middle; None is a failure."""
        if score is None:
            return self.FAILURE
        below, up_to = bisect_left(self._sorted, score), bisect_right(self._sorted, score)
        return (below + up_to) / max(1, len(self._sorted)) - 1.0
