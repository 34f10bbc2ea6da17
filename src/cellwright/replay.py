"""What the log of a run says: its state is the fold of its events."""

from dataclasses import dataclass, field
from enum import StrEnum

from cellwright.errors import CellwrightError, RunError
from cellwright.store import Event, Store
from cellwright.trial import Outcome, Proposal, Trial

__all__ = ["Reason", "Replayed", "replay"]


class Reason(StrEnum):
    """Why a loop ended."""

    EVALUATIONS = "evaluations"  # as many as were asked for
    MINUTES = "minutes"  # the time is up
    CONVERGED = "converged"  # every agent proposes only what is known
    EXHAUSTED = "exhausted"  # the search has nothing more to propose
    INTERRUPTED = "interrupted"  # by a signal


@dataclass(slots=True)
class Replayed:
    """What a log says.

    Attributes:
        trials: in the order told.
        pending: asked and not told, by number.
        next: the number of the next proposal.
        clock: seconds for which the run has been going.
        workers: those it has, or had when it ended.
        offered: seconds of all workers together, while it has been going.
        evaluations: the limit in force; None: none.
        minutes: the limit in force; None: none.
        begun: whether it ever began.
        reason: why it last ended; None: it was killed, or is running.
    """

    trials: list[Trial] = field(default_factory=list)
    pending: dict[int, Proposal] = field(default_factory=dict)
    next: int = 0
    clock: float = 0.0
    workers: int = 0
    offered: float = 0.0
    evaluations: int | None = None
    minutes: float | None = None
    begun: bool = False
    reason: Reason | None = None


def replay(store: Store) -> Replayed:
    """Return what the log of `store` says.

    Raises:
        RunError: an event cannot be understood; it is named by its number.
    """
    state = Replayed()
    for number, event in enumerate(store.events(), start=1):
        try:
            _fold(state, event)
        except (KeyError, TypeError, ValueError, AssertionError, CellwrightError) as error:
            reason = error if isinstance(error, CellwrightError) else repr(error)
            raise RunError(f"event {number} of the log is damaged: {reason}; restore it from a copy") from error
    return state


def _fold(state: Replayed, event: Event) -> None:
    """Take an event into account."""
    state.offered += state.workers * max(0.0, event["at"] - state.clock)
    state.clock = max(state.clock, event["at"])
    match event["event"]:
        case "asked":
            proposal = Proposal.from_json(event["proposal"])
            state.pending[proposal.number] = proposal
            state.next = proposal.number + 1
        case "told":
            number = event["number"]
            if number not in state.pending:
                raise RunError(f"it tells of trial {number}, which was never asked")
            outcome = Outcome.from_json(event["outcome"])
            times = {name: event[name] for name in ("key", "started", "finished", "worker")}
            state.trials.append(Trial(state.pending.pop(number), outcome, **times))
        case "started":
            state.begun, state.reason = True, None
            state.workers = event["workers"]
            state.evaluations, state.minutes = event["evaluations"], event["minutes"]
        case "stopped":
            state.reason = Reason(event["reason"])
        case other:
            raise RunError(f"this version knows no event {other!r}")
