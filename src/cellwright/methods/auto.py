"""Two searches, of which each asks the more, the more of its proposals have been among the best.

Both learn from all trials. The surrogate begins alone, for it is the best with few trials; evolution, which doubts
every score for being old, takes over as far as it earns it (docs/results/search.md has the measurements).
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from cellwright.methods.evolution import Evolution
from cellwright.methods.policy.rewards import Ranks
from cellwright.methods.protocol import Search
from cellwright.methods.surrogate import Surrogate
from cellwright.seeds import Use, place_in, rng_for
from cellwright.space import Space
from cellwright.trial import Fidelity, Proposal, Trial

__all__ = ["Auto"]

_BY = "by"  # the note that says which member asked
_BEST = 0.1  # share of the latest scores that counts as being among the best
_MEMORY = 0.98  # share of a member's record that stays with each of its trials
_FLOOR = 0.02  # of any member's share
_LEAST = 1e-6  # worth, so that members are equals where none has succeeded for long
_BELIEF = 20.0  # trials that the first record counts for
_YOUNG = 100  # successes that evolution waits for
_FIRST = {"surrogate": 0.5, "evolution": 0.15}  # its share of successes


class Auto:
    """Takes each proposal from the surrogate or from evolution, by chance; both are told everything.

    After the first 100 successes, which are the surrogate's, a member's share grows with the square of the share of its
    latest proposals that were among the best tenth of the latest 500.

    Notes of its proposals: by (which member), beside the member's own.

    Args:
        thrift: of the surrogate.
    """

    def __init__(self, space: Space, *, seed: int, fidelity: Fidelity, thrift: float = 0.0) -> None:
        self._seed = seed
        self._successes = 0
        self._members: dict[str, Search] = {
            "surrogate": Surrogate(space, seed=seed, fidelity=fidelity, thrift=thrift),
            "evolution": Evolution(space, seed=seed, fidelity=fidelity),
        }
        self._ranks = Ranks()
        self._records = {name: (_BELIEF * _FIRST[name], _BELIEF) for name in self._members}  # successes, trials

    def shares(self) -> dict[str, float]:
        """Return the share of each member in what is asked now."""
        if self._successes < _YOUNG:
            return {"surrogate": 1.0, "evolution": 0.0}
        worth = np.array([max((won / tried) ** 2, _LEAST) for won, tried in self._records.values()])
        shares = _FLOOR + (1 - _FLOOR * len(worth)) * worth / worth.sum()
        return dict(zip(self._records, shares.tolist(), strict=True))

    def ask(self, number: int, pending: Mapping[int, Proposal]) -> Proposal | None:
        """Return what one of the members asks."""
        shares = self.shares()
        chance = rng_for(self._seed, Use.TURN, number).random()
        name = list(shares)[place_in(list(shares.values()), chance)]
        proposal = self._members[name].ask(number, pending)
        return proposal and replace(proposal, notes={**proposal.notes, _BY: name})

    def tell(self, trial: Trial) -> None:
        """Judge the member that asked; tell both."""
        if trial.score is not None and trial.outcome.source is None:
            self._ranks.add(trial.score)
            self._successes += 1
        name = trial.proposal.notes.get(_BY)
        if name in self._records and trial.evaluated:
            success = trial.score is not None and self._ranks.reward(trial.score) >= 1 - 2 * _BEST
            won, tried = self._records[name]
            self._records[name] = _MEMORY * won + success, _MEMORY * tried + 1
        for member in self._members.values():
            member.tell(trial)
