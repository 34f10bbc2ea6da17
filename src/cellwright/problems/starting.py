"""Points that a search tries first, written down by what differs from the first options."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from cellwright.errors import SpaceError
from cellwright.space import Choice, Decision, Point, Space
from cellwright.space.decisions import Value

__all__ = ["Wanted", "points_of"]

Wanted = Mapping[str, Any]
"""Name of decisions, with * for any letters, -> what is wanted of them; of several that fit a decision the last counts.
"""


def points_of(space: Space, starts: Sequence[Wanted]) -> list[Point]:
    """Return a point for each of the starts, less those that the space forbids and those that build the same.

    What is not wanted of a decision, or is no longer offered by it, is its first option, or the middle of its range.
    """
    points: dict[str, Point] = {}
    for wanted in starts:
        values = [_value(decision, wanted) for decision in space.decisions]
        if space.allows(values):
            point = space.point(values)
            points.setdefault(space.architecture(point).key, point)
    return list(points.values())


def _value(decision: Decision, wanted: Wanted) -> Value:
    found = [value for pattern, value in wanted.items() if fnmatchcase(decision.name, pattern)]
    if isinstance(decision, Choice):
        return decision.options.index(found[-1]) if found and found[-1] in decision.options else 0
    try:
        return decision.check(found[-1]) if found else decision.at(0.5)
    except SpaceError:
        return decision.at(0.5)
