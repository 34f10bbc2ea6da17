"""The one loop: ask, submit, wait, write down, tell. And its resumption, which is telling the log again."""

import math
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue
from types import FrameType

from cellwright.errors import RunError, SpaceError
from cellwright.limits import Limits
from cellwright.methods.protocol import Search
from cellwright.replay import Reason, replay
from cellwright.space import Space
from cellwright.store import Store
from cellwright.trial import Fidelity, Outcome, Proposal, Status, Trial

__all__ = ["Loop", "Wait", "repeated"]

_Identity = tuple[str, Fidelity]  # what is tried: an architecture, by its key, and how hard
Wait = Callable[[SimpleQueue[int | None], float | None], int | None]
_MOST_REJECTED = 2000


@dataclass(frozen=True, slots=True)
class _Timed:
    """An evaluator that says when and where it worked."""

    evaluate: Callable[[Proposal], Outcome]
    clock: Callable[[], float]

    def __call__(self, proposal: Proposal) -> tuple[Outcome, float, float, str]:
        started = self.clock()
        outcome = self.evaluate(proposal)
        return outcome, started, self.clock(), f"{os.uname().nodename}:{os.getpid()}:{threading.get_ident()}"


def _wait(done: SimpleQueue[int | None], seconds: float | None) -> int | None:
    try:
        return done.get(timeout=None if seconds is None else min(seconds, threading.TIMEOUT_MAX))
    except Empty:
        return None


class Loop:
    """Drives a search until a limit, convergence, or a signal.

    Everything asked and told goes to the store before anything else happens, so a killed loop loses no finished trial.
    A new loop on the same store tells the log again, submits what was pending, and goes on as if never stopped.

    Args:
        evaluate: what workers call; picklable where the executor needs it.
        workers: evaluations that run at once; one more proposal waits ready, so that no worker waits for the search.
        observe: called with each trial told, also with those of the log.
        clock: tells seconds; with `wait`, where time passes: really, or in a simulation.
        wait: returns the number of a trial that has finished, or None after so many seconds.
    """

    def __init__(
        self,
        search: Search,
        space: Space,
        evaluate: Callable[[Proposal], Outcome],
        executor: Executor,
        store: Store,
        *,
        workers: int,
        limits: Limits,
        observe: Callable[[Trial], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
        wait: Wait = _wait,
    ) -> None:
        self._search = search
        self._space = space
        self._executor = executor
        self._store = store
        self._capacity = workers + 1
        self._limits = limits
        self._observe = observe
        self._clock = clock
        self._wait_for = wait
        self._evaluate = _Timed(evaluate, clock)
        self._done: SimpleQueue[int | None] = SimpleQueue()
        self._running: dict[int, Future[tuple[Outcome, float, float, str]]] = {}
        self._owner: dict[_Identity, int] = {}  # the trial being evaluated
        self._followers: dict[_Identity, list[int]] = {}  # proposals that wait for that trial
        self._known: dict[_Identity, Trial] = {}
        self._repeats: dict[int, int] = {}
        self._workers: dict[str, int] = {}
        self._evaluated = 0
        self._rejected = 0  # in a row, by this loop
        self._reason = ""  # of the smallest of them
        self._smallest = math.inf
        self.interrupted = False
        state = replay(store)
        self._pending = state.pending
        self._waiting = sorted(state.pending)  # of the log, not submitted yet
        self._next = state.next
        self._before = state.clock
        self._zero = self._clock() - self._before
        for trial in state.trials:
            self._take(trial)

    def stop(self, _signal: int = 0, _frame: FrameType | None = None) -> None:
        """End as soon as possible; what runs now will run again on resumption. Usable as a signal handler."""
        self.interrupted = True
        self._done.put(None)

    def over(self) -> bool:
        """Return whether there is nothing to evaluate, so that no worker is needed."""
        return self._over() is not None or not (self._waiting or self._search.ask(self._next, self._pending))

    def run(self) -> Reason:
        """Go on until the end and return its reason; the run's clock starts now.

        Raises:
            RunError: the limits leave nothing to try.
        """
        self._zero = self._clock() - self._before
        limits = {"evaluations": self._limits.evaluations, "minutes": self._limits.minutes}
        self._store.append({"event": "started", "at": self._now(), "workers": self._capacity - 1, **limits})
        reason = self._over()
        while reason is None:
            self._fill()
            reason = self._over()
            if reason is None and not self._running:
                reason = Reason.EXHAUSTED
            if reason is None:
                self._wait()
                reason = self._over()
        self._drain()
        if self.interrupted:
            reason = Reason.INTERRUPTED
        self._store.append({"event": "stopped", "at": self._now(), "reason": reason.value})
        if self._rejected >= _MOST_REJECTED and not self._evaluated:
            raise RunError(
                f"{_MOST_REJECTED} proposals in a row were rejected, the smallest too ({self._reason}); allow more "
                "in a new run, or search a space of smaller networks"
            )
        return reason

    # Asking

    def _fill(self) -> None:
        """Submit until no worker can be idle, or hardly anything is left that is allowed."""
        while len(self._running) < self._capacity and self._rejected < _MOST_REJECTED and self._over() is None:
            proposal = self._proposal()
            if proposal is None:
                return
            self._submit(proposal)

    def _proposal(self) -> Proposal | None:
        """Return what the log left pending, then what the search asks."""
        limit = self._limits.evaluations
        if limit is not None and self._evaluated + len(self._running) >= limit:
            return None
        if self._waiting:
            return self._pending[self._waiting.pop(0)]
        most = max(self._capacity, self._limits.repeats * len(self._repeats))
        if sum(map(len, self._followers.values())) >= most:  # they may turn out to be repeats enough
            return None
        proposal = self._search.ask(self._next, self._pending)
        if proposal is None:
            return None
        self._store.append({"event": "asked", "at": self._now(), "proposal": proposal.to_json()})
        self._pending[proposal.number] = proposal
        self._next += 1
        return proposal

    def _submit(self, proposal: Proposal) -> None:
        """Give a proposal to a worker, or answer it without one."""
        try:
            architecture = self._space.architecture(proposal.point)
        except SpaceError as error:
            self._reject(proposal, str(error))
            return
        key, parameters = architecture.key, architecture.parameters
        identity = key, proposal.fidelity
        flops = architecture.flops if "flops" in self._limits.at_most else None
        reason = self._limits.exceeded({"parameters": parameters, "flops": flops})
        if reason is not None:
            self._reject(proposal, reason, parameters, key)
            return
        self._rejected = 0
        if identity in self._known:
            self._tell(proposal, repeated(self._known[identity]), key)
        elif identity in self._owner:
            self._followers[identity].append(proposal.number)
        else:
            self._owner[identity] = proposal.number
            self._followers[identity] = []
            future = self._executor.submit(self._evaluate, proposal)
            self._running[proposal.number] = future
            future.add_done_callback(lambda _: self._done.put(proposal.number))

    def _reject(self, proposal: Proposal, reason: str, parameters: int | None = None, key: str = "") -> None:
        self._rejected += 1
        if not self._reason or (parameters is not None and parameters < self._smallest):
            self._reason, self._smallest = reason, math.inf if parameters is None else parameters
        self._tell(proposal, Outcome(Status.REJECTED, parameters=parameters, error=reason), key)

    # Telling

    def _wait(self) -> None:
        """Take in what has finished; wait for it if need be."""
        left = None if self._limits.minutes is None else max(0.0, self._limits.minutes * 60 - self._now())
        number = self._wait_for(self._done, left)
        if number is not None:
            self._finish(number)

    def _finish(self, number: int) -> None:
        proposal, future = self._pending[number], self._running.pop(number)
        identity = next(identity for identity, owner in self._owner.items() if owner == number)
        key, _ = identity
        try:
            outcome, started, finished, place = future.result()
        except CancelledError:  # not begun when the loop ended: it stays pending
            return
        except (BrokenExecutor, OSError) as error:
            raise RunError(f"the executor is broken: {error!r}; nothing finished is lost: resume") from error
        over = self._limits.exceeded({"seconds": outcome.seconds, "microseconds": outcome.microseconds})
        if outcome.score is not None and over is not None:
            outcome = replace(outcome, status=Status.OVER, score=None, error=over)
        worker = self._workers.setdefault(place, len(self._workers))
        trial = self._tell(proposal, outcome, key, (started - self._zero, finished - self._zero), worker)
        del self._owner[identity]
        for follower in self._followers.pop(identity):
            self._tell(self._pending[follower], repeated(trial), key)

    def _tell(
        self,
        proposal: Proposal,
        outcome: Outcome,
        key: str,
        times: tuple[float, float] | None = None,
        worker: int | None = None,
    ) -> Trial:
        """Write a trial down, then take it in."""
        now = self._now()
        started, finished = times or (now, now)
        trial = Trial(proposal, outcome, key, round(started, 6), round(finished, 6), worker)
        told = {name: value for name, value in trial.to_json().items() if name != "proposal"}
        self._store.append({"event": "told", "at": now, "number": trial.number, **told})
        del self._pending[trial.number]
        self._take(trial)
        return trial

    def _take(self, trial: Trial) -> None:
        """Let the search and the books know; of a trial from the log as of a new one."""
        agent = trial.proposal.notes.get("agent", 0)
        self._repeats.setdefault(agent, 0)
        if trial.evaluated:
            self._evaluated += 1
            self._known[trial.key, trial.proposal.fidelity] = trial
            self._repeats[agent] = 0
        elif trial.outcome.status is Status.CACHED:
            self._repeats[agent] += 1
        self._search.tell(trial)
        self._observe(trial)

    # Ending

    def _over(self) -> Reason | None:
        if self.interrupted:
            return Reason.INTERRUPTED
        if self._limits.evaluations is not None and self._evaluated >= self._limits.evaluations:
            return Reason.EVALUATIONS
        if self._limits.minutes is not None and self._now() >= self._limits.minutes * 60:
            return Reason.MINUTES
        if self._repeats and min(self._repeats.values()) >= self._limits.repeats:
            return Reason.CONVERGED
        return None

    def _drain(self) -> None:
        """Wait for what runs, unless interrupted, and take in what has finished.

        What has not begun stays pending, for a resumption with wider limits.
        """
        for future in self._running.values():
            future.cancel()
        while self._running and not self.interrupted:
            number = self._wait_for(self._done, None)
            if number is not None:
                self._finish(number)
        for number in [number for number, future in self._running.items() if future.done()]:
            self._finish(number)

    def _now(self) -> float:
        return round(self._clock() - self._zero, 6)


def repeated(trial: Trial) -> Outcome:
    """Return the outcome of an equal architecture, marked as an answer from the cache."""
    outcome = trial.outcome
    error = None if outcome.score is not None else f"as trial {trial.number}: {outcome.status.value}"
    return replace(outcome, status=Status.CACHED, seconds=0.0, error=error, source=trial.number)
