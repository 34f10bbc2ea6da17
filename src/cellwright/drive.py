"""A loop with isolated local workers on a log file, from opening to closing."""

import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path

from cellwright.executors import connect
from cellwright.methods import Search
from cellwright.run import Limits, Loop, Reason
from cellwright.space import Space
from cellwright.store import JsonLog
from cellwright.train.isolated import Isolated
from cellwright.trial import Outcome, Proposal, Trial

__all__ = ["drive"]


def drive(
    log: Path,
    method: Search,
    space: Space,
    evaluate: Callable[[Proposal], Outcome],
    *,
    limits: Limits,
    workers: int,
    timeout: float | None,
    memory_gib: float | None = None,
    retries: int = 1,
    observe: Callable[[Trial], None] = lambda _: None,
) -> Reason:
    """Run a loop on a log file with isolated local workers, ended cleanly by SIGINT and SIGTERM."""
    isolated = Isolated(evaluate, seconds=timeout, memory_gib=memory_gib, retries=retries)
    executor, workers = connect(f"local:{workers}")
    store = JsonLog(log, write=True)
    try:
        _start(isolated, executor, workers)
        loop = Loop(method, space, isolated, executor, store, workers=workers, limits=limits, observe=observe)
        with _signals(loop):
            return loop.run()
    finally:
        isolated.close()
        executor.shutdown(cancel_futures=True)
        store.close()


def _start(isolated: Isolated, executor: Executor, workers: int) -> None:
    """Have every worker's child ready before the run's clock starts: its time is for trials."""
    together = threading.Barrier(workers)

    def start() -> None:
        together.wait()  # so that each thread takes one of these calls
        isolated.start()

    for started in [executor.submit(start) for _ in range(workers)]:
        started.result()


@contextmanager
def _signals(loop: Loop) -> Iterator[None]:
    """Let SIGINT, SIGTERM and SIGHUP stop the loop cleanly; outside the main thread signals belong to others."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:  # the terminal is gone; under nohup it is ignored
        numbers.append(signal.SIGHUP)
    before = {number: signal.signal(number, loop.stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
