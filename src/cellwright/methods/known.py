"""What has been tried or is under way, by the keys of architectures: no method spends an evaluation on it again."""

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from cellwright.errors import SpaceError
from cellwright.space import Point, Space
from cellwright.trial import Proposal, Trial

__all__ = ["Facts", "Known"]

_MOST_FACTS = 30_000  # kept, since finding them costs as much as the rest of a proposal
_TRIES = 100


class Facts(NamedTuple):
    """What is known of a point before it is tried.

    Attributes:
        key: of the architecture; of one that cannot be built, what stands in for it.
        size: decadic logarithms of parameters and of operations a row, and the vertices; zeros of what cannot be built.
    """

    key: str
    size: tuple[float, float, float]


class Known:
    """The architectures a search has been told of, and the facts of any point."""

    def __init__(self, space: Space) -> None:
        self._space = space
        self._told: set[str] = set()

        @lru_cache(_MOST_FACTS)
        def facts(point: Point) -> Facts:
            try:
                architecture = space.architecture(point)
            except SpaceError:
                return Facts(repr(point.values), (0.0, 0.0, 0.0))
            sizes = (math.log10(1 + architecture.parameters), math.log10(1 + architecture.flops))
            return Facts(architecture.key, (*sizes, float(len(architecture.vertices))))

        self.facts = facts

    def add(self, trial: Trial) -> None:
        """Take note of a trial's architecture."""
        self._told.add(trial.key or self.facts(trial.proposal.point).key)

    def under_way(self, pending: Mapping[int, Proposal]) -> frozenset[str]:
        """Return the keys of what has been asked and not told."""
        return frozenset(self.facts(proposal.point).key for proposal in pending.values())

    def new(self, point: Point, under_way: frozenset[str]) -> bool:
        """Return whether an architecture is neither told nor under way."""
        key = self.facts(point).key
        return key not in self._told and key not in under_way

    def sample(self, rng: np.random.Generator, under_way: frozenset[str]) -> Point:
        """Draw a point that is new; after many tries, one that is not: then the space is all but exhausted."""
        for _ in range(_TRIES):
            point = self._space.sample(rng)
            if self.new(point, under_way):
                break
        return point
