import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from pathlib import Path

import pytest

from cellwright.errors import UsageError
from cellwright.problem import Problem
from cellwright.space import Dense, Point, Sketch
from cellwright.testing.evaluators import Allocate, Crash, Raise, Sleep, Total
from cellwright.train import Isolated, Recipe, Train
from cellwright.trial import Fidelity, Outcome, Proposal, Status

Make = Callable[..., Isolated]


def proposal(value: int = 1) -> Proposal:
    return Proposal(value, Point((value,), "any"))


def child(outcome: Outcome) -> int:
    return int(outcome.scores["process"])


def children() -> set[int | None]:
    return {process.pid for process in multiprocessing.active_children()}


def gone(process: int, seconds: float = 10.0) -> bool:
    """Wait until a process has ended, or has nobody to take note of it."""
    stop = time.monotonic() + seconds
    while time.monotonic() < stop:
        try:
            state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def make() -> Iterator[Make]:
    """Makes Isolated evaluators that are closed at the end."""
    made: list[Isolated] = []

    def isolated(evaluate: Callable[[Proposal], Outcome], **options: float | None) -> Isolated:
        made.append(Isolated(evaluate, **options))  # type: ignore[arg-type]  # retries is an int
        return made[-1]

    yield isolated
    for one in made:
        one.close()
    assert not children()


def trainer(problem: Problem) -> tuple[Train, dict[str, Proposal]]:
    """Return an evaluator, and proposals that it answers soon, never, and with too much memory."""
    sketch = Sketch()
    first = sketch.node("first", sketch.input("dose", 1), (Dense(4), Dense(40_000)))
    space = sketch.space("s", sketch.node("second", first, (Dense(4), Dense(40_000))))
    points = {"soon": ((0, 0), 1), "never": ((0, 0), 10**9), "big": ((1, 1), 1)}
    proposals = {name: Proposal(0, space.point(at), Fidelity(epochs)) for name, (at, epochs) in points.items()}
    return Train(problem, space, seed=0, recipe=Recipe(patience=None), device="cpu"), proposals


def test_a_child_stays_warm_from_trial_to_trial(make: Make) -> None:
    isolated = make(Sleep(0.0))
    outcomes = [isolated(proposal(value)) for value in range(5)]
    assert [outcome.score for outcome in outcomes] == [0, 1, 2, 3, 4]
    assert {child(outcome) for outcome in outcomes} == children()
    assert os.getpid() not in children()


def test_the_outcome_is_that_of_the_evaluator_itself(response: Problem, make: Make) -> None:
    train, proposals = trainer(response)
    assert make(train)(proposals["soon"]).score == train(proposals["soon"]).score


def test_it_can_be_pickled(make: Make) -> None:
    isolated = make(Sleep(0.0), seconds=7.0)
    outcome = isolated(proposal())
    copy = pickle.loads(pickle.dumps(isolated))
    try:
        other = copy(proposal())
    finally:
        copy.close()
    assert other.score == outcome.score
    assert child(other) != child(outcome)


def test_two_threads_have_a_child_each(make: Make) -> None:
    isolated = make(Sleep(0.3))
    with ThreadPoolExecutor(2) as threads:
        outcomes = list(threads.map(isolated, [proposal(), proposal()]))
    assert {child(outcome) for outcome in outcomes} == children()
    assert len(children()) == 2


def test_a_trial_that_takes_too_long_is_killed_and_the_next_one_works(response: Problem, make: Make) -> None:
    train, proposals = trainer(response)
    isolated = make(train, seconds=6.0)
    assert isolated(proposals["soon"]).status is Status.OK
    before = children()
    outcome = isolated(proposals["never"])
    assert (outcome.status, outcome.seconds) == (Status.TIMEOUT, 6.0)
    assert outcome.error == "stopped after 6 seconds, the time-out of a trial"
    assert isolated(proposals["soon"]).status is Status.OK
    assert not before & children()


def test_a_child_without_memory_lives_on(response: Problem, make: Make) -> None:
    train, proposals = trainer(response)
    isolated = make(train, memory_gib=4.0)
    assert isolated(proposals["soon"]).status is Status.OK
    before = children()
    outcome = isolated(proposals["big"])
    assert outcome.status is Status.MEMORY
    assert outcome.parameters == 40_000 * 40_004 + 1
    assert "can't allocate memory" in str(outcome.error)
    assert isolated(proposals["soon"]).status is Status.OK
    assert children() == before


def test_memory_that_python_takes_is_limited_as_well(make: Make) -> None:
    assert make(Allocate(2.0), memory_gib=1.0)(proposal()).status is Status.MEMORY
    assert make(Allocate(0.1), memory_gib=1.0)(proposal()).status is Status.OK


def test_a_child_that_dies_once_is_replaced_and_the_trial_tried_again(make: Make, tmp_path: Path) -> None:
    isolated = make(Crash(str(tmp_path / "marker")))
    assert isolated(proposal(5)).score == 5
    assert isolated(proposal(6)).score == 6


@pytest.mark.parametrize(("retries", "times"), [(0, "1 time"), (2, "3 times")])
def test_a_child_that_always_dies_is_an_outcome(make: Make, retries: int, times: str) -> None:
    isolated = make(Crash(), retries=retries)
    for _ in range(2):
        outcome = isolated(proposal())
        assert outcome.status is Status.KILLED
        assert outcome.error == (
            f"its worker was killed with SIGKILL: by hand, or by the kernel for want of memory (tried {times})"
        )


def test_a_signal_without_a_name_is_told_by_its_number(make: Make) -> None:
    outcome = make(Crash(signal=signal.SIGRTMIN + 2), retries=0)(proposal())
    assert outcome.error == f"its worker was killed with signal {signal.SIGRTMIN + 2} (tried 1 time)"


@pytest.mark.parametrize("error", [RuntimeError("mine"), TimeoutError("mine"), CancelledError("mine"), OSError("mine")])
def test_what_an_evaluator_lets_out_is_a_failure_with_its_traceback(make: Make, error: Exception) -> None:
    outcome = make(Raise(error), retries=3)(proposal())
    assert outcome.status is Status.FAILED
    assert "mine" in str(outcome.error)
    assert "evaluators.py" in str(outcome.error)


def test_a_child_killed_between_trials_costs_no_try(make: Make) -> None:
    isolated = make(Sleep(0.0), retries=0)
    dead = child(isolated(proposal()))
    os.kill(dead, signal.SIGKILL)
    time.sleep(0.5)  # until it has been noticed
    outcome = isolated(proposal(2))
    assert outcome.score == 2
    assert child(outcome) != dead


def test_a_child_killed_just_before_a_trial_is_replaced(make: Make) -> None:
    isolated = make(Sleep(0.0))
    os.kill(child(isolated(proposal())), signal.SIGKILL)
    assert isolated(proposal(2)).score == 2


def test_an_evaluator_that_cannot_start_is_an_outcome(make: Make) -> None:
    isolated = make(Total())
    isolated._payload = b"no pickle"
    outcome = isolated(proposal())
    assert outcome.status is Status.KILLED
    assert "died before it took the trial" in str(outcome.error)


@pytest.mark.parametrize("delay", [0.0, 0.05, 0.15, 1.0])
def test_closing_ends_running_trials_at_once(make: Make, delay: float) -> None:
    isolated = make(Sleep(60.0))
    ended: list[str] = []

    def evaluate() -> None:
        try:
            isolated(proposal())
        except CancelledError:
            ended.append("cancelled")

    threads = [threading.Thread(target=evaluate, daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    time.sleep(delay)
    isolated.close()
    for thread in threads:
        thread.join(timeout=20)
    assert ended == ["cancelled"] * 2
    assert not children()
    with pytest.raises(CancelledError):
        isolated(proposal())


def test_closing_twice_is_once(make: Make) -> None:
    isolated = make(Total())
    isolated(proposal())
    isolated.close()
    isolated.close()


def test_children_end_with_a_driver_that_is_killed() -> None:
    script = """
import os, threading
from cellwright.space import Point
from cellwright.testing.evaluators import Sleep
from cellwright.train import Isolated
from cellwright.trial import Proposal
isolated = Isolated(Sleep(0.0))
process = int(isolated(Proposal(0, Point((1,), "any"))).scores["process"])
busy = Isolated(Sleep(1000.0))
threading.Thread(target=busy, args=[Proposal(0, Point((1,), "any"))]).start()
while len(busy._pools) == 0 or not (workers := set(next(iter(busy._pools))._pool_manager.worker_manager.workers)):
    pass
print(process, *workers, flush=True)
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as driver:
        assert driver.stdout is not None
        processes = [int(word) for word in driver.stdout.readline().split()]
        driver.kill()
    assert len(processes) == 2
    assert all(gone(process) for process in processes)


@pytest.mark.parametrize("options", [{"seconds": 0.0}, {"memory_gib": -1.0}])
def test_limits_below_zero_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="must be above 0"):
        Isolated(Total(), **options)  # type: ignore[arg-type]  # retries is not among them


def test_a_child_keeps_to_one_core() -> None:
    script = """
import sklearn.metrics, torch  # as the server has that children are copied from
from cellwright.train.isolated import _one_thread
_one_thread()
import sklearn.ensemble, torch
from sklearn.utils._openmp_helpers import _openmp_effective_n_threads
print(torch.get_num_threads(), _openmp_effective_n_threads())
"""
    environment = {**os.environ, "OMP_NUM_THREADS": "2"}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "1"]
