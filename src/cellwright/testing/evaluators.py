"""Evaluators that need no training: for tests of loops, executors and isolation, and for benchmarks."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from cellwright.trial import Outcome, Proposal, Status

__all__ = ["Allocate", "Crash", "Raise", "Sleep", "Total"]


@dataclass(frozen=True, slots=True)
class Sleep:
    """Sleeps and scores the sum of the point's values; tells its process in the scores."""

    seconds: float

    def __call__(self, proposal: Proposal) -> Outcome:
        time.sleep(self.seconds)
        score = float(sum(proposal.point.values))
        return Outcome(Status.OK, score, {"process": float(os.getpid())}, parameters=1, seconds=self.seconds)


@dataclass(frozen=True, slots=True)
class Total:
    """Scores the sum of the point's values."""

    def __call__(self, proposal: Proposal) -> Outcome:
        score = float(sum(proposal.point.values))
        return Outcome(Status.OK, score, {"total": score}, parameters=1)


@dataclass(frozen=True, slots=True)
class Crash:
    """Kills its own process, with a signal: always, or only while `marker` does not exist, which it then makes."""

    marker: str | None = None
    signal: int = signal.SIGKILL

    def __call__(self, proposal: Proposal) -> Outcome:
        if self.marker is None or not Path(self.marker).exists():
            if self.marker is not None:
                Path(self.marker).touch()
            os.kill(os.getpid(), self.signal)
        return Total()(proposal)


@dataclass(frozen=True, slots=True)
class Raise:
    """Lets an exception out, which evaluators should not."""

    error: Exception

    def __call__(self, proposal: Proposal) -> Outcome:
        raise self.error


@dataclass(frozen=True, slots=True)
class Allocate:
    """Takes so much memory."""

    gib: float

    def __call__(self, proposal: Proposal) -> Outcome:
        from cellwright.train.evaluate import failure

        try:
            taken = bytearray(int(self.gib * (1 << 30)))
        except MemoryError as error:
            return failure(error)
        return Outcome(Status.OK, float(len(taken)), {}, parameters=1)
