"""Where evaluations run: any concurrent.futures.Executor."""

import os
from concurrent.futures import Executor, ThreadPoolExecutor

from cellwright.errors import UsageError

__all__ = ["connect"]

_MOST = 32  # workers a core: more would bring the machine down before they help


def connect(address: str) -> tuple[Executor, int]:
    """Return the executor at `address` and how many evaluations it runs at once.

    Args:
        address: "local:N": N threads here, each of which drives a child process of its own.

    Raises:
        UsageError: there is no such executor.
    """
    kind, _, rest = address.partition(":")
    if kind != "local":
        raise UsageError(f"there is no executor {address!r}; known: local:N")
    if not rest.isdecimal() or int(rest) < 1:
        raise UsageError(f"local needs a number of workers above 0, as in local:2; got {address!r}")
    workers, cores = int(rest), os.cpu_count() or 1
    if workers > _MOST * cores:
        raise UsageError(
            f"{workers} workers are too many for {cores} cores; ask for {_MOST * cores} at most, better {cores}"
        )
    return ThreadPoolExecutor(workers, thread_name_prefix="worker"), workers
