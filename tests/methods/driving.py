"""Asking and telling without a loop."""

from collections.abc import Callable

from cellwright.methods import Search
from cellwright.space import Space
from cellwright.trial import Outcome, Proposal, Status, Trial

__all__ = ["told"]


def told(search: Search, space: Space, score: Callable[[Proposal], float | None], count: int) -> list[Trial]:
    """Ask and tell, one at a time; a score of None is a failure."""
    trials = []
    for number in range(count):
        proposal = search.ask(number, {})
        assert proposal is not None
        reached = score(proposal)
        outcome = Outcome(Status.FAILED) if reached is None else Outcome(Status.OK, reached)
        trials.append(Trial(proposal, outcome, space.architecture(proposal.point).key, number, number + 1, 0))
        search.tell(trials[-1])
    return trials
