"""A cluster in virtual time: evaluations are looked up, and the time they would have taken passes in no time."""

import heapq
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from queue import SimpleQueue
from typing import Any

from cellwright.trial import Outcome, Proposal

__all__ = ["VirtualCluster"]


class VirtualCluster(Executor):
    """Workers whose evaluations take as long as their outcomes say, on a clock that jumps from end to end.

    Give the loop its `clock` and its `wait`, and an evaluator wrapped by `timed`. One thread drives it.
    """

    def __init__(self, workers: int) -> None:
        self._now = 0.0
        self._within = 0.0  # seconds into the evaluation being looked up
        self._idle = workers
        self._waiting: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._ends: list[tuple[float, int, Future[Any], Any]] = []  # a heap: when, which call, its result
        self._calls = 0

    def clock(self) -> float:
        """Return the seconds since the cluster was made."""
        return self._now + self._within

    def timed(self, evaluate: Callable[[Proposal], Outcome]) -> Callable[[Proposal], Outcome]:
        """Return an evaluator after which the clock has moved on by the seconds of the outcome."""

        def evaluate_in_time(proposal: Proposal) -> Outcome:
            outcome = evaluate(proposal)
            self._within += outcome.seconds
            return outcome

        return evaluate_in_time

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Have a worker call `fn` as soon as one is free."""
        future: Future[Any] = Future()
        self._waiting.append((future, partial(fn, *args, **kwargs)))
        self._start()
        return future

    def wait(self, done: SimpleQueue[int | None], seconds: float | None) -> int | None:
        """Let time pass until a call ends, for so many seconds at most; return what `done` was told, or None."""
        if done.empty():
            if not self._ends or (seconds is not None and self._ends[0][0] > self._now + seconds):
                self._now += seconds or 0.0
                return None
            self._now, _, future, result = heapq.heappop(self._ends)
            self._idle += 1
            self._start()
            future.set_result(result)
        return done.get_nowait()

    def _start(self) -> None:
        """Give waiting calls to idle workers: each is made when it begins, and its result kept until its end."""
        while self._idle and self._waiting:
            future, call = self._waiting.popleft()
            if future.set_running_or_notify_cancel():
                result = call()
                self._calls += 1
                heapq.heappush(self._ends, (self.clock(), self._calls, future, result))
                self._idle -= 1
            self._within = 0.0
