"""Evaluation in a warm child process that may be killed without harming anything else."""

import contextlib
import multiprocessing
import os
import pickle
import resource
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import CancelledError
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

from pebble import ProcessExpired, ProcessFuture, ProcessPool
from pebble.common.types import RemoteTraceback

from cellwright.errors import RunError, ScriptError, UsageError
from cellwright.trial import Outcome, Proposal, Status

__all__ = ["Isolated", "check_script", "start_failure"]

#: exit status of a child that found the script that it imports starting workers
_UNGUARDED = 78
_GUARD = (
    "error: each worker imports your script, which then starts workers of its own.\n"
    "Put what the script runs under: if __name__ == '__main__':"
)
_STDIN = (
    "error: each worker imports your script, and {0!r} is no file that can be imported.\n"
    "Save the script as a .py file, and put what it runs under: if __name__ == '__main__':"
)
_FIRST = "cellwright.train.uninterrupted"  # what the server imports before all else
_PATIENCE = 60.0  # seconds
_GIB = 1 << 30
_child: dict[str, Callable[[Proposal], Outcome]] = {}  # in a child: the evaluator it was started with


class Isolated:
    """Calls an evaluator in a child process of the calling thread.

    The child stays warm from trial to trial. It is killed when a trial takes too long, and replaced when it dies; a
    trial whose child died is tried again `retries` times, since the cause may lie outside it. A child ends with its
    parent, however that ends.

    Children are copied from a server process that has imported, once, the module named by the evaluator's attribute
    `preload` (by default the one that defines it), so that a child starts in milliseconds.

    Args:
        evaluate: picklable; lets no exception out.
        seconds: a trial may take, wall time; None: for ever.
        memory_gib: a child may allocate; None: no limit.
        retries: how often a trial whose child died is tried again.
    """

    def __init__(
        self,
        evaluate: Callable[[Proposal], Outcome],
        *,
        seconds: float | None = None,
        memory_gib: float | None = None,
        retries: int = 1,
    ) -> None:
        check_script()
        if seconds is not None and not seconds > 0:
            raise UsageError(f"the time-out must be above 0 seconds, not {seconds!r}")
        if memory_gib is not None and not memory_gib > 0:
            raise UsageError(f"the memory limit must be above 0 GiB, not {memory_gib!r}")
        if retries < 0:
            raise UsageError(f"retries must not be negative: {retries!r}")
        self._payload = pickle.dumps(evaluate)
        self._preload: str = getattr(evaluate, "preload", type(evaluate).__module__)
        self._seconds = seconds
        self._memory_gib = memory_gib
        self._retries = retries
        self._prepare()

    def __call__(self, proposal: Proposal) -> Outcome:
        error = ""
        for _ in range(self._retries + 1):
            try:
                outcome: Outcome = self._schedule(_evaluate, [proposal], self._seconds).result()
            except Exception as problem:  # noqa: BLE001  # the worker's edge
                met = self._met(problem)
                if isinstance(met, Outcome):
                    return met
                error = met
            else:
                return outcome
        times = self._retries + 1
        return Outcome(Status.KILLED, error=f"{error} (tried {times} time{'s' if times > 1 else ''})")

    def _met(self, problem: Exception) -> Outcome | str:
        """Return what a trial comes to that ended so, or, where it may be tried again, why it died.

        Raises:
            CancelledError: all children are stopped.
        """
        if isinstance(problem.__cause__, RemoteTraceback):  # the evaluator let it out
            return Outcome(Status.FAILED, error="".join(traceback.format_exception(problem)))
        match problem:
            case TimeoutError():
                words = f"stopped after {self._seconds or 0:g} seconds, the time-out of a trial"
                return Outcome(Status.TIMEOUT, seconds=self._seconds or 0.0, error=words)
            case ProcessExpired():
                return _cause(problem.exitcode)
            case CancelledError() if not self._closed:
                return "its worker was stopped"
            case CancelledError():
                raise problem
            case RuntimeError():  # Pebble gives a pool up when its worker dies before it takes a trial
                if self._closed:
                    raise CancelledError from problem
                return f"its worker died before it took the trial: {problem}"
        return Outcome(Status.FAILED, error="".join(traceback.format_exception(problem)))  # such as a result too large

    def start(self) -> None:
        """Have the child of the calling thread ready; without it the first call does that."""
        self._schedule(_ready, [], None).result()

    def close(self) -> None:
        """Kill all children; trials still running raise CancelledError in their threads."""
        with self._lock:
            self._closed = True
            pools = dict(self._pools)
            self._pools.clear()
        for pool, future in pools.items():
            _end(pool)
            if future is not None:
                # Pebble may leave it without an answer, and its thread waiting for ever
                future.cancel()  # type: ignore[no-untyped-call]  # Pebble leaves it untyped

    def __getstate__(self) -> dict[str, Any]:
        names = ("_payload", "_preload", "_seconds", "_memory_gib", "_retries")
        return {name: self.__dict__[name] for name in names}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._prepare()

    def _prepare(self) -> None:
        self._closed = False
        self._lock: threading.Lock = threading.Lock()
        self._pools: dict[ProcessPool, ProcessFuture[Any] | None] = {}  # with what its thread last waited for
        self._local = threading.local()

    def _schedule(self, call: Callable[..., Any], arguments: list[Any], seconds: float | None) -> "ProcessFuture[Any]":
        """Have the child of this thread make a call."""
        with self._lock:
            if self._closed:
                raise CancelledError
            pool = self._pool()
            future: ProcessFuture[Any] = pool.schedule(call, args=arguments, timeout=seconds)
            self._pools[pool] = future
        return future

    def _pool(self) -> ProcessPool:
        """Return the pool of one child that belongs to this thread, a new one if the last one broke."""
        pool: ProcessPool | None = getattr(self._local, "pool", None)
        if pool is not None and not pool.active:
            del self._pools[pool]
            _end(pool)
            pool = None
        if pool is None:
            pool = ProcessPool(
                max_workers=1,
                context=_context(self._preload),
                initializer=_start,
                initargs=[self._payload, self._memory_gib],
            )
            self._pools[pool] = None
            self._local.pool = pool
        return pool


def check_script() -> None:
    """End a child that imports a script which starts workers; its parent says so.

    Raises:
        ScriptError: there is no file of the script that children could import.
    """
    if getattr(multiprocessing.process.current_process(), "_inheriting", False):  # a child, importing the script
        os._exit(_UNGUARDED)
    main = sys.modules["__main__"]
    file = getattr(main, "__file__", None)
    if file is not None and getattr(main, "__spec__", None) is None and not Path(file).is_file():
        raise ScriptError(_STDIN.format(Path(file).name))


def start_failure(error: Exception) -> RunError:
    """Return why a child could not be started: what becomes of another one tells it."""
    reason = str(error) or type(error).__name__
    try:
        child = multiprocessing.get_context("forkserver").Process(target=_ready, daemon=True)
        child.start()
        child.join(_PATIENCE)
        status = child.exitcode
        child.kill()
    except (OSError, EOFError, RuntimeError) as again:
        return RunError(f"workers cannot be started: {reason}; then {str(again) or type(again).__name__}")
    if status == _UNGUARDED:
        return ScriptError(_GUARD)
    if status and status > 0:
        return ScriptError(
            f"error: workers cannot be started: each imports your script, and that ends with exit status {status}.\n"
            "What went wrong stands above."
        )
    if status == 0:
        return RunError("workers could not be started: the process that starts them died; try again")
    if status is None:
        return RunError(
            f"a worker takes more than {_PATIENCE:g} s to start: give the machine less to do, and try again"
        )
    return RunError(f"workers cannot be started: {_cause(status)}")


def _end(pool: ProcessPool) -> None:
    pool.stop()  # type: ignore[no-untyped-call]  # Pebble leaves it untyped
    pool.join()


def _context(preload: str) -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    if preload != "__main__":  # which would run the user's script
        context.set_forkserver_preload([_FIRST, preload])
    return context


def _start(payload: bytes, memory_gib: float | None) -> None:
    """Make a new child ready: it answers to its parent alone, and dies with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the driver's to handle
    os.setpgrp()
    threading.Thread(target=_die_with_parent, daemon=True).start()
    with contextlib.suppress(
        OSError
    ):  # where the kernel allows it: short of memory, it ends a child and not the driver
        Path("/proc/self/oom_score_adj").write_text("500")
    if memory_gib is not None:
        limit = int(memory_gib * _GIB)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    _one_thread()
    _child["evaluate"] = pickle.loads(payload)  # noqa: S301  # written by our own parent


def _one_thread() -> None:
    """Keep to one core: a worker is one of many."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"
    if "torch" in sys.modules:  # loaded before the variables were set
        sys.modules["torch"].set_num_threads(1)
    if "sklearn" in sys.modules:  # likewise; boosting with more threads than cores takes minutes for seconds
        sys.modules["threadpoolctl"].threadpool_limits(1)


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _ready() -> None:
    """Do nothing, in a child that has started."""


def _evaluate(proposal: Proposal) -> Outcome:
    return _child["evaluate"](proposal)


def _cause(exitcode: int | None) -> str:
    """Return in words why a child ended."""
    if exitcode is not None and exitcode < 0:
        known = {one.value: one.name for one in signal.Signals}
        name = known.get(-exitcode, f"signal {-exitcode}")
        hint = ": by hand, or by the kernel for want of memory" if name == "SIGKILL" else ""
        return f"its worker was killed with {name}{hint}"
    return f"its worker ended with exit status {exitcode}"
