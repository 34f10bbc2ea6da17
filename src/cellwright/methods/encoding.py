"""Points as rows of numbers, for models that predict scores."""

from collections.abc import Sequence
from itertools import accumulate

import numpy as np

from cellwright.methods.known import Known
from cellwright.space import Choice, Decision, Point, Space

__all__ = ["Encoding", "ascending", "ordered"]

_OFF = -1.0  # in the columns of a decision that is switched off


def ordered(decision: Decision) -> bool:
    """Return whether a decision's values have an order: numbers, as options or in a range."""
    if not isinstance(decision, Choice):
        return True
    return all(isinstance(option, int | float) and not isinstance(option, bool) for option in decision.options)


def ascending(decision: Choice) -> list[int]:
    """Return the places of options that are numbers, the least first."""
    places: list[int] = np.argsort(np.array(decision.options, dtype=np.float64), kind="stable").tolist()
    return places


class Encoding:
    """Turns points into rows.

    A decision with an order is one column, from 0 to 1; any other has a column an option. Three more columns tell
    what is known of the network: the logarithms of its parameters and operations, and its vertices.

    Args:
        known: knows that; None: those columns are left out.

    Attributes:
        blocks: the columns of each decision, and each of what is known.
    """

    def __init__(self, space: Space, known: Known | None) -> None:
        self._space = space
        self._tables: list[np.ndarray | None] = [_table(decision) for decision in space.decisions]
        self._sizes = known if space.vertices else None
        widths = [1 if table is None else table.shape[1] for table in self._tables] + [1] * (3 if self._sizes else 0)
        ends = list(accumulate(widths))
        self.blocks = tuple(slice(end - width, end) for end, width in zip(ends, widths, strict=True))
        self._conditional = any(decision.when is not None for decision in space.decisions)

    def __call__(self, points: Sequence[Point]) -> np.ndarray:
        """Return float32 (points, columns)."""
        columns: list[np.ndarray] = []
        active = np.array([self._space.active(point.values) for point in points]) if self._conditional else None
        for place, (decision, table) in enumerate(zip(self._space.decisions, self._tables, strict=True)):
            values = [point.values[place] for point in points]
            if table is None:
                block = np.array([decision.unit(value) for value in values])[:, None]
            else:
                block = table[np.array(values, dtype=np.int64)]  # (points, 1 or options)
            if active is not None:
                block = np.where(active[:, place, None], block, _OFF)
            columns.append(block)
        if self._sizes:
            columns.append(np.array([self._sizes.facts(point).size for point in points]))
        return np.hstack(columns).astype(np.float32)


def _table(decision: Decision) -> np.ndarray | None:
    """Return the columns of each option, (options, columns); None where values are not options."""
    if not isinstance(decision, Choice):
        return None
    if not ordered(decision):
        return np.eye(decision.size)
    places = np.argsort(ascending(decision))
    columns: np.ndarray = (places / max(1, decision.size - 1))[:, None]
    return columns
