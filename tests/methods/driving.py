"""Asking and telling without a loop."""

from collections.abc import Callable

from cellwright.methods import Search
from cellwright.space import Space
from cellwright.trial import Outcome, Proposal, Status, Trial

__all__ = ["told"]


def told(
    search: Search, space: Space, score: Callable[[Proposal], float | None], count: int, workers: int = 1
) -> list[Trial]:
    """Ask and tell, the oldest of so many under way; a score of None is a failure."""
    trials: list[Trial] = []
    pending: dict[int, Proposal] = {}
    for number in range(count):
        for asked in range(number + len(pending), number + workers):
            proposal = search.ask(asked, pending)
            assert proposal is not None
            pending[asked] = proposal
        proposal = pending.pop(number)
        reached = score(proposal)
        outcome = Outcome(Status.FAILED) if reached is None else Outcome(Status.OK, reached)
        trials.append(Trial(proposal, outcome, space.architecture(proposal.point).key, number, number + 1, 0))
        search.tell(trials[-1])
    return trials
