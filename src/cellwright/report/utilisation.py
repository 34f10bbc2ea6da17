"""How busy workers are over time."""

from collections.abc import Sequence

import numpy as np

__all__ = ["most_at_once", "utilisation"]


def utilisation(spans: Sequence[tuple[float, float]], edges: Sequence[float] | np.ndarray, workers: int) -> np.ndarray:
    """Return the share of worker time between neighbouring edges that was spent on spans, exact.

    Args:
        spans: begin and end of each evaluation, seconds.
        edges: ascending, seconds (bins + 1,).

    Shape: (bins,).
    """
    times = np.asarray(edges, dtype=np.float64)
    begins = np.sort([begin for begin, _ in spans])
    ends = np.sort([end for _, end in spans])
    spent = _elapsed(begins, times) - _elapsed(ends, times)  # (bins + 1,)
    return np.asarray(np.diff(spent) / (np.diff(times) * workers))


def _elapsed(moments: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Return the seconds since all moments that lie before each time, summed over the moments."""
    sums = np.concatenate([[0.0], np.cumsum(moments)])
    before = np.searchsorted(moments, times)
    return np.asarray(before * times - sums[before])


def most_at_once(spans: Sequence[tuple[float, float]]) -> int:
    """Return how many spans overlap at most; one that ends as another begins does not."""
    steps = sorted([(begin, 1) for begin, _ in spans] + [(end, -1) for _, end in spans])
    running = most = 0
    for _, step in steps:
        running += step
        most = max(most, running)
    return most
