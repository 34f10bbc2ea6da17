"""What is drawn of many scores: running means, records, fronts, and which dots to leave out."""

from collections.abc import Iterable, Sequence

import numpy as np

__all__ = ["evenly", "fence", "pareto_front", "records", "running_mean", "thinned"]

_FENCE = 2.0


def evenly(length: int, most: int) -> np.ndarray:
    """Return at most `most` positions, evenly spread, the first and the last among them."""
    return np.unique(np.linspace(0, length - 1, min(length, most)).round().astype(int))


def running_mean(values: Sequence[float] | np.ndarray, window: int) -> np.ndarray:
    """Return the mean of each value and those before it, `window` in all; of the first values over what there is."""
    sums = np.concatenate([[0.0], np.cumsum(np.asarray(values, dtype=np.float64))])
    ends = np.arange(1, len(sums))
    starts = np.maximum(0, ends - window)
    return np.asarray((sums[ends] - sums[starts]) / (ends - starts))


def records(values: Sequence[float] | np.ndarray) -> list[int]:
    """Return the positions of the values that beat all before them."""
    found: list[int] = []
    for position, value in enumerate(values):
        if not found or value > values[found[-1]]:
            found.append(position)
    return found


def pareto_front(costs: Sequence[float], scores: Sequence[float]) -> list[int]:
    """Return the positions that nothing beats, cheapest first: no other costs as little and scores as much."""
    order = sorted(range(len(costs)), key=lambda position: (costs[position], -scores[position], position))
    better = records([scores[position] for position in order])
    return [order[place] for place in better]


def fence(scores: Sequence[float] | np.ndarray) -> float:
    """Return the score below which a picture leaves the scale: outliers must not squeeze all others together.

    It lies twice as far below the median as the best is above it, or at the lowest score. Measured on the upper
    half, it holds with nearly half of the scores wild.
    """
    values = np.asarray(scores, dtype=np.float64)
    if not len(values):
        return 0.0
    median = float(np.median(values))
    spread = float(values.max()) - median or median - float(np.quantile(values, 0.25))
    if not spread:  # nearly all are equal: what differs is to be seen
        return float(values.min())
    return max(float(values.min()), median - _FENCE * spread)


def thinned(scores: Sequence[float] | np.ndarray, most: int, keep: Iterable[int] = ()) -> list[int]:
    """Return at most `most` positions in order: those in `keep`, the best tenth, the rest evenly spread."""
    if len(scores) <= most:
        return list(range(len(scores)))
    best = np.argsort(-np.asarray(scores), kind="stable")[: most // 10].tolist()
    kept = set(list(dict.fromkeys([*keep, *best]))[:most])
    rest = [position for position in range(len(scores)) if position not in kept]
    places = np.linspace(0, len(rest) - 1, most - len(kept)).round().astype(int)
    return sorted(kept | {rest[place] for place in places})
