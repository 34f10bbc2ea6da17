"""Random search: uniform over each decision."""

from collections.abc import Mapping

from cellwright.seeds import Use, rng_for
from cellwright.space import Space
from cellwright.trial import Fidelity, Proposal, Trial

__all__ = ["Random"]


class Random:
    """Draws every point for itself; the bar for all others."""

    def __init__(self, space: Space, *, seed: int, fidelity: Fidelity) -> None:
        self._space = space
        self._seed = seed
        self._fidelity = fidelity

    def ask(self, number: int, pending: Mapping[int, Proposal]) -> Proposal | None:
        """Return a point drawn from the stream of `number`."""
        return Proposal(number, self._space.sample(rng_for(self._seed, Use.SAMPLE, number)), self._fidelity)

    def tell(self, trial: Trial) -> None:
        """Learn nothing."""
