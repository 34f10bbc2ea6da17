"""How busy the loop keeps its workers, and what a trial costs it.

Two measurements:
1. utilisation: 2 workers, an evaluator that sleeps, 200 trials, through the real loop, log, and isolated child
   processes;
2. cost of ask + log + tell a trial, without evaluation, in blocks up to 20,000 trials, for random and a3c, on uno-small
   (12 decisions).

    python benchmarks/loop_overhead.py            # prints tables, writes benchmarks/results/loop_overhead.json
"""

import argparse
import tempfile
import time
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import numpy as np
import torch
from common import write_result

from cellwright.drive import drive
from cellwright.limits import Limits
from cellwright.methods.catalogue import method_of
from cellwright.problems import uno
from cellwright.replay import replay
from cellwright.run import Loop
from cellwright.store import JsonLog
from cellwright.testing.evaluators import Sleep
from cellwright.trial import Fidelity, Outcome, Proposal, Status

SPACE = uno.small({"expression": (942,), "descriptors": (217,), "fingerprints": (2048,)})


class Direct(Executor):
    """Evaluates at once in the calling thread, so that only the loop itself is measured."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future:
        future: Future = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def score(proposal: Proposal) -> Outcome:
    """Return a cheap smooth score of a point."""
    value = float(np.dot(proposal.point.values, np.arange(len(proposal.point.values)))) / 1000
    return Outcome(Status.OK, score=value, scores={"r2": value}, parameters=1, seconds=0.0)


def utilisation(method: str, seconds: float, trials: int) -> dict[str, float]:
    """Return the share of time in which 2 workers were busy."""
    search = method_of(method, SPACE, 0, Fidelity(), {})
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log.jsonl"
        drive(log, search, SPACE, Sleep(seconds), limits=Limits(evaluations=trials), workers=2, timeout=60)
        state = replay(JsonLog(log, write=False))
    done = [trial for trial in state.trials if trial.evaluated]
    # a worker counts as busy while its evaluator sleeps, not while a proposal or a result is on its way
    calls = sum(trial.finished - trial.started for trial in done)
    clock = state.clock
    return {
        "slept": seconds * len(done) / (2 * clock),
        "in_call": calls / (2 * clock),
        "wall": clock,
        "trials": len(done),
    }


def cost(method: str, trials: int, block: int) -> list[float]:
    """Return milliseconds a trial in blocks of trials."""
    search = method_of(method, SPACE, 0, Fidelity(), {})
    marks: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        store = JsonLog(Path(folder) / "log.jsonl", write=True)
        told = 0

        def observe(_: Any) -> None:
            nonlocal told
            told += 1
            if told % block == 0:
                marks.append(time.perf_counter())
            if told == trials:
                loop.stop()

        # a learnt policy repeats itself, and an answer from the cache is a trial as well: count what is told
        limits = Limits(repeats=10**9)
        loop = Loop(search, SPACE, score, Direct(), store, workers=1, limits=limits, observe=observe)
        started = time.perf_counter()
        loop.run()
        store.close()
    return (np.diff([started, *marks[: trials // block]]) / block * 1000).round(3).tolist()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=20_000)
    parser.add_argument("--sleeps", type=int, default=200)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    result: dict[str, Any] = {"utilisation": {}, "milliseconds": {}}
    for method in ("random", "a3c"):
        busy = utilisation(method, 0.5, arguments.sleeps)
        result["utilisation"][method] = busy
        print(f"{method:7} busy {busy['slept']:.1%} (with the way to the child and back {busy['in_call']:.1%})")
    for method in ("random", "a3c"):
        blocks = cost(method, arguments.trials, max(1, arguments.trials // 10))
        result["milliseconds"][method] = blocks
        print(f"{method:7} ms a trial, by tenths of {arguments.trials:,}: {blocks}")
    write_result("loop_overhead", result)


if __name__ == "__main__":
    main()
