"""A surrogate first, and evolution the more, the longer a search lasts; both learn from all trials.

Evolution, which doubts every score for being old, is the insurance against a surrogate that goes on improving what it
knows. On tables of real trainings (`benchmarks/search_quality.py`) that has cost little, and up to 500 trials not paid.
"""

from collections.abc import Mapping

from cellwright.methods.evolution import Evolution
from cellwright.methods.surrogate import Surrogate
from cellwright.seeds import Use, rng_for
from cellwright.space import Space
from cellwright.trial import Fidelity, Proposal, Trial

__all__ = ["Auto"]

_MOST = 0.35  # the largest share of evolution
_RISE = 1000  # trials in which its share would rise from 0 to 1


class Auto:
    """Takes each proposal from the surrogate or from evolution, by chance; both are told everything."""

    def __init__(self, space: Space, *, seed: int, fidelity: Fidelity) -> None:
        self._seed = seed
        self._surrogate = Surrogate(space, seed=seed, fidelity=fidelity)
        self._evolution = Evolution(space, seed=seed, fidelity=fidelity)
        self._told = 0

    def ask(self, number: int, pending: Mapping[int, Proposal]) -> Proposal | None:
        """Return what one of both asks."""
        share = min(_MOST, self._told / _RISE)
        evolve = rng_for(self._seed, Use.TURN, number).random() < share
        return (self._evolution if evolve else self._surrogate).ask(number, pending)

    def tell(self, trial: Trial) -> None:
        """Tell both."""
        self._told += 1
        self._surrogate.tell(trial)
        self._evolution.tell(trial)
