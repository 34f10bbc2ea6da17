"""A loop with isolated local workers on a log file, from opening to closing."""

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, wait
from contextlib import contextmanager
from pathlib import Path

from cellwright.executors import connect
from cellwright.limits import Limits
from cellwright.methods import Search
from cellwright.replay import Reason
from cellwright.run import Loop
from cellwright.space import Space
from cellwright.store import JsonLog
from cellwright.train.isolated import Isolated, start_failure
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
    seconds: float | None = None,
    observe: Callable[[Trial], None] = lambda _: None,
) -> Reason:
    """Run a loop on a log file with isolated local workers, ended cleanly by SIGINT and SIGTERM.

    Args:
        seconds: after which it ends for Reason.MINUTES, without what runs then, unlike at the minutes of `limits`; they
            begin with this call. None: never.
    """
    isolated = Isolated(evaluate, seconds=timeout, memory_gib=memory_gib, retries=retries)
    executor, workers = connect(f"local:{workers}")
    store = JsonLog(log, write=True)
    try:
        with _one_thread():
            loop = Loop(method, space, isolated, executor, store, workers=workers, limits=limits, observe=observe)
            with _signals(loop), _deadline(loop, seconds) as passed:
                if not loop.over():
                    _start(loop, isolated, executor, workers)
                reason = loop.run()
                return Reason.MINUTES if passed.is_set() and reason is Reason.INTERRUPTED else reason
    finally:
        isolated.close()
        executor.shutdown(cancel_futures=True)
        store.close()


def _start(loop: Loop, isolated: Isolated, executor: Executor, workers: int) -> None:
    """Have every worker's child ready before the run's clock starts: its time is for trials.

    Raises:
        RunError: a child cannot be started.
    """
    together = threading.Barrier(workers)

    def start() -> None:
        together.wait()  # so that each thread takes one of these calls
        isolated.start()

    waiting = {executor.submit(start) for _ in range(workers)}
    while waiting and not loop.interrupted:
        done, waiting = wait(waiting, timeout=0.1)
        for future in done:
            try:
                future.result()
            except (RuntimeError, OSError, EOFError) as error:  # Pebble's ProcessExpired is an OSError
                raise start_failure(error) from None


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let the driver compute on one thread: its controller is small, and the cores belong to the workers."""
    torch = sys.modules.get("torch")  # a search that needs it has loaded it
    before = torch.get_num_threads() if torch else 1
    if torch:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        if torch:
            torch.set_num_threads(before)


@contextmanager
def _deadline(loop: Loop, seconds: float | None) -> Iterator[threading.Event]:
    """Stop the loop as a signal does when the time is up; the event tells whether that is so."""
    passed = threading.Event()

    def stop() -> None:
        passed.set()
        loop.stop()

    timer = None if seconds is None else threading.Timer(max(0.0, seconds), stop)
    if timer:
        timer.daemon = True
        timer.start()
    try:
        yield passed
    finally:
        if timer:
            timer.cancel()


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
