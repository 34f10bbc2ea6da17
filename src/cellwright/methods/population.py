"""What networks descend from: the successful trials told last, of which the best of a sample is a parent."""

from collections import deque
from typing import NamedTuple

import numpy as np

from cellwright.errors import UsageError
from cellwright.space import Point
from cellwright.trial import Trial

__all__ = ["Grown", "Population"]


class Grown(NamedTuple):
    """A member of a population.

    Attributes:
        number: of the trial that began its training.
    """

    score: float
    point: Point
    number: int


class Population:
    """The successful trials told last.

    Args:
        size: how many of them.
        sample: how many compete to be a parent.
        first: successes after which there are parents; with a sample or size that forbids it, as near as can be.

    Raises:
        UsageError: a sample that cannot be taken.

    Attributes:
        first: successes that are waited for.
    """

    def __init__(self, size: int, sample: int, first: int) -> None:
        if not 1 <= sample <= size:
            raise UsageError(f"there must be 1 <= sample <= population, not {sample!r} and {size!r}")
        self._members: deque[Grown] = deque(maxlen=size)
        self._sample = sample
        self.first = max(sample, min(first, size))

    @property
    def mature(self) -> bool:
        """Return whether there are enough for parents."""
        return len(self._members) >= self.first

    def add(self, trial: Trial) -> None:
        """Take a trial in, the oldest member leaving; a failure, or an answer from the cache, is none.

        Of one whose training was left off and gone on with, what it reached last counts.
        """
        if trial.score is not None and trial.evaluated:
            grown = Grown(trial.score, trial.proposal.point, trial.proposal.origin)
            for before in [one for one in self._members if one.number == grown.number]:
                self._members.remove(before)
            self._members.append(grown)

    def winner(self, rng: np.random.Generator) -> Grown:
        """Return the best of a sample."""
        chosen = rng.choice(len(self._members), size=self._sample, replace=False)
        return max((self._members[int(place)] for place in chosen), key=lambda one: one.score)
