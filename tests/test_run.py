import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from cellwright.errors import RunError, UsageError
from cellwright.limits import Limits
from cellwright.methods import Listed, Random, Search
from cellwright.methods.catalogue import AGENTS, METHODS, method_of
from cellwright.replay import Reason, replay
from cellwright.run import Loop
from cellwright.space import Choice, Dense, Identity, Sketch, Space
from cellwright.store import JsonLog
from cellwright.testing.evaluators import Total
from cellwright.trial import Fidelity, Outcome, Proposal, Status, Trial
from tests.spaces import small_space

Evaluate = Callable[[Proposal], Outcome]


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as executor:
        yield executor


@dataclass
class Counted:
    """Scores the sum of values and remembers which numbers it was asked for."""

    seconds: float = 0.0

    def __post_init__(self) -> None:
        self.numbers: list[int] = []

    def __call__(self, proposal: Proposal) -> Outcome:
        self.numbers.append(proposal.number)
        time.sleep(self.seconds)
        return Total()(proposal)


def _loop(
    path: Path,
    executor: Executor,
    *,
    search: Search | None = None,
    space: Space | None = None,
    evaluate: Evaluate | None = None,
    workers: int = 1,
    limits: Limits | None = None,
) -> tuple[Loop, JsonLog]:
    space = space or small_space()
    store = JsonLog(path, write=True)
    search = search or Random(space, seed=1, fidelity=Fidelity())
    loop = Loop(
        search, space, evaluate or Total(), executor, store, workers=workers, limits=limits or Limits(evaluations=20)
    )
    return loop, store


def _run(path: Path, executor: Executor, **options: object) -> Reason:
    loop, store = _loop(path, executor, **options)  # type: ignore[arg-type]  # handed through
    try:
        return loop.run()
    finally:
        store.close()


def _trials(path: Path) -> list[Trial]:
    return replay(JsonLog(path, write=False)).trials


def _essence(path: Path) -> list[tuple[int, tuple[float, ...], str, float | None, str]]:
    return [(t.number, t.proposal.point.values, t.outcome.status, t.score, t.key) for t in _trials(path)]


def test_it_makes_as_many_evaluations_as_asked_and_none_twice(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    evaluate = Counted()
    assert _run(tmp_path / "log", pool, evaluate=evaluate, workers=4) is Reason.EVALUATIONS
    evaluated = [trial for trial in _trials(tmp_path / "log") if trial.evaluated]
    assert len(evaluated) == len(evaluate.numbers) == 20
    assert max(Counter(trial.key for trial in evaluated).values()) == 1


def test_equal_architectures_are_answered_from_the_cache_also_in_flight(
    tmp_path: Path, pool: ThreadPoolExecutor
) -> None:
    space = small_space()
    # Dense, then Identity twice, in three places: one architecture
    points = [space.point(values) for values in ((1, 0, 0), (0, 1, 0), (0, 0, 1))]
    evaluate = Counted(seconds=0.05)
    search = Listed(points, fidelity=Fidelity())
    reason = _run(tmp_path / "log", pool, search=search, space=space, evaluate=evaluate, workers=4, limits=Limits())
    assert reason is Reason.EXHAUSTED
    assert evaluate.numbers == [0]
    assert [(t.outcome.status, t.outcome.source, t.score) for t in _trials(tmp_path / "log")] == [
        (Status.OK, None, 1.0),
        (Status.CACHED, 0, 1.0),
        (Status.CACHED, 0, 1.0),
    ]


def test_too_large_networks_are_rejected_without_a_worker(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    evaluate = Counted()
    _run(tmp_path / "log", pool, evaluate=evaluate, limits=Limits(evaluations=10, parameters=30))
    rejected = [t for t in _trials(tmp_path / "log") if t.outcome.status is Status.REJECTED]
    assert rejected
    assert not {t.number for t in rejected} & set(evaluate.numbers)
    assert all(t.outcome.parameters > 30 and "over the limit of 30" in (t.outcome.error or "") for t in rejected)  # type: ignore[operator]  # rejected for a number known


def test_what_turns_out_to_cost_too_much_does_not_count(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    space = small_space()
    slow, deep = space.architecture(space.point((3, 3, 3))), space.architecture(space.point((2, 2, 2)))

    def evaluate(proposal: Proposal) -> Outcome:
        return replace(Total()(proposal), microseconds=float(sum(proposal.point.values)), seconds=1.0)

    limits = Limits(evaluations=30, at_most={"flops": deep.flops, "microseconds": 5.0, "seconds": 2.0})
    assert slow.flops > deep.flops
    _run(tmp_path / "log", pool, evaluate=evaluate, limits=limits)
    trials = _trials(tmp_path / "log")
    over = [trial for trial in trials if trial.outcome.status is Status.OVER]
    assert over
    for trial in over:
        assert (trial.evaluated, trial.over, trial.score) == (True, True, None)
        assert trial.outcome.error == f"{trial.outcome.microseconds:g} microseconds a row, over the limit of 5"
        assert trial.outcome.scores, "they are kept"
    rejected = [trial for trial in trials if trial.outcome.status is Status.REJECTED]
    assert rejected
    assert all("operations a row, over the limit of" in (trial.outcome.error or "") for trial in rejected)
    assert all(trial.outcome.microseconds <= 5 for trial in trials if trial.score is not None)  # type: ignore[operator]  # measured


@pytest.mark.parametrize(
    ("at_most", "message"),
    [
        ({"layers": 3.0}, "there is no limit on 'layers'; known: flops, seconds, microseconds"),
        ({"seconds": 0.0}, "the limit on seconds must be above 0"),
        ({"flops": float("nan")}, "the limit on flops must be above 0"),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused(at_most: dict[str, float], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Limits(at_most=at_most)


def test_a_limit_below_every_network_is_said_and_not_searched_for_ever(
    tmp_path: Path, pool: ThreadPoolExecutor
) -> None:
    with pytest.raises(RunError, match="proposals in a row were rejected"):
        _run(tmp_path / "log", pool, limits=Limits(evaluations=10, parameters=1))

    assert replay(JsonLog(tmp_path / "log", write=False)).reason is Reason.EXHAUSTED


class Mostly:
    """Proposes a point that is allowed once in so many, each time another."""

    def __init__(self, space: Space, every: int) -> None:
        self.space, self.every = space, every

    def ask(self, number: int, pending: Mapping[int, Proposal]) -> Proposal | None:
        turn = number // self.every
        if turn >= self.space.decisions[0].size:  # type: ignore[operator]  # a choice
            return Proposal(number, self.space.point((0, 1)))
        return Proposal(number, self.space.point((turn, 0 if number % self.every == 0 else 1)))

    def tell(self, trial: Trial) -> None:
        pass


def _few_allowed() -> Space:
    """Return a space whose second decision makes networks large."""
    sketch = Sketch()
    first = sketch.node("a", sketch.input("x", 4), tuple(Dense(width) for width in range(1, 65)))
    return sketch.space("few", sketch.node("b", first, (Identity(), Dense(10_000))))


def test_rejections_between_networks_that_are_accepted_do_not_add_up(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    space = _few_allowed()
    evaluate = Counted(seconds=0.2)
    limits = Limits(evaluations=60, parameters=1000)
    # 60 trainings are submitted at once, 100 rejections before each: 6,000 in all
    reason = _run(
        tmp_path / "log", pool, search=Mostly(space, 100), space=space, evaluate=evaluate, workers=64, limits=limits
    )
    assert reason is Reason.EVALUATIONS
    assert len(evaluate.numbers) == 60


def test_after_thousands_of_rejections_a_search_can_be_resumed(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    space = _few_allowed()
    limits = Limits(parameters=1000)
    for _ in range(2):
        reason = _run(tmp_path / "log", pool, search=Mostly(space, 1), space=space, workers=2, limits=limits)
        assert reason is Reason.EXHAUSTED
    assert sum(trial.evaluated for trial in _trials(tmp_path / "log")) == 64


def test_what_is_pending_counts_towards_the_evaluations_of_a_resumption(
    tmp_path: Path, pool: ThreadPoolExecutor
) -> None:
    space = small_space()
    loop, store = _loop(tmp_path / "log", pool, evaluate=Counted(seconds=0.05), workers=16)
    threading.Timer(0.12, loop.stop).start()
    assert loop.run() is Reason.INTERRUPTED
    store.close()
    state = replay(JsonLog(tmp_path / "log", write=False))
    done = sum(trial.evaluated for trial in state.trials)
    assert len(state.pending) > 2
    assert _run(tmp_path / "log", pool, space=space, workers=16, limits=Limits(evaluations=done + 2)) is (
        Reason.EVALUATIONS
    )
    assert sum(trial.evaluated for trial in _trials(tmp_path / "log")) == done + 2


def test_minutes_without_end_are_no_limit(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    assert _run(tmp_path / "log", pool, limits=Limits(evaluations=3, minutes=1e12)) is Reason.EVALUATIONS


def test_a_search_that_proposes_only_what_is_known_has_converged(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    # 4^3 points, 1 + 3 + 9 + 27 = 40 architectures
    assert _run(tmp_path / "log", pool, limits=Limits(evaluations=1000, repeats=200)) is Reason.CONVERGED
    assert sum(trial.evaluated for trial in _trials(tmp_path / "log")) == 40


def test_a_used_up_space_does_not_fill_the_log_while_its_last_networks_train(
    tmp_path: Path, pool: ThreadPoolExecutor
) -> None:
    space = Space("two", (), (Choice("a", ("x", "y")),))
    search = Random(space, seed=0, fidelity=Fidelity())
    evaluate = Counted(seconds=0.3)
    reason = _run(tmp_path / "log", pool, search=search, space=space, evaluate=evaluate, workers=4, limits=Limits())
    assert reason is Reason.CONVERGED
    assert len(evaluate.numbers) == 2
    assert len(_trials(tmp_path / "log")) < 80


def test_time_ends_a_run_and_lets_running_trials_finish(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    evaluate = Counted(seconds=0.1)
    reason = _run(tmp_path / "log", pool, evaluate=evaluate, workers=2, limits=Limits(minutes=0.5 / 60))
    assert reason is Reason.MINUTES
    assert len(_trials(tmp_path / "log")) >= 2
    assert {t.number for t in _trials(tmp_path / "log") if t.evaluated} == set(evaluate.numbers)


def test_the_clock_stands_still_while_a_run_is_stopped(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    path = tmp_path / "log"
    _run(path, pool, evaluate=Counted(0.02), limits=Limits(evaluations=5))
    before = replay(JsonLog(path, write=False)).clock
    time.sleep(0.5)
    _run(path, pool, evaluate=Counted(0.02), limits=Limits(evaluations=10))
    assert replay(JsonLog(path, write=False)).clock < before + 0.45


@pytest.mark.parametrize("method", sorted(METHODS))
def test_a_run_killed_anywhere_and_resumed_is_a_run_never_stopped(
    method: str, tmp_path: Path, pool: ThreadPoolExecutor
) -> None:
    space = small_space()
    options: dict[str, object] = {"agents": 2, "batch": 3} if method in AGENTS else {}
    limits = Limits(evaluations=10)

    def run(path: Path) -> None:
        search = method_of(method, space, 3, Fidelity(), dict(options))
        with ThreadPoolExecutor(1) as single:
            _run(path, single, search=search, space=space, limits=limits)

    whole = tmp_path / "whole"
    run(whole)
    log = whole.read_bytes()
    assert len(_trials(whole)) >= 10
    ends = [position + 1 for position, byte in enumerate(log) if byte == 10]
    for cut in [0, *ends, *(end - 9 for end in ends[::5])]:
        broken = tmp_path / "broken"
        broken.write_bytes(log[:cut])
        run(broken)
        assert _essence(broken) == _essence(whole), f"cut after {cut} bytes"


def test_a_signal_leaves_running_trials_to_the_resumption(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    path = tmp_path / "log"
    loop, store = _loop(path, pool, evaluate=Counted(seconds=0.3), workers=2)
    threading.Timer(0.1, loop.stop).start()
    assert loop.run() is Reason.INTERRUPTED
    store.close()
    state = replay(JsonLog(path, write=False))
    assert state.reason is Reason.INTERRUPTED
    assert sorted(state.pending) == [0, 1, 2]
    evaluate = Counted()
    assert _run(path, pool, evaluate=evaluate, workers=2) is Reason.EVALUATIONS
    assert {0, 1, 2} <= set(evaluate.numbers)


def test_wider_limits_continue_a_finished_run(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    path = tmp_path / "log"
    _run(path, pool, limits=Limits(evaluations=5))
    evaluate = Counted()
    _run(path, pool, evaluate=evaluate, limits=Limits(evaluations=9))
    assert len(evaluate.numbers) == 4
    assert sum(trial.evaluated for trial in _trials(path)) == 9


def test_a_finished_run_is_not_continued_by_the_same_limits(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    path = tmp_path / "log"
    _run(path, pool, limits=Limits(evaluations=5))
    evaluate = Counted()
    assert _run(path, pool, evaluate=evaluate, limits=Limits(evaluations=5)) is Reason.EVALUATIONS
    assert not evaluate.numbers


def test_a_failure_is_kept_and_told_and_the_run_goes_on(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    def evaluate(proposal: Proposal) -> Outcome:
        return Outcome(Status.DIVERGED, error="no") if proposal.number % 2 else Total()(proposal)

    told: list[Trial] = []

    class Watching:
        def ask(self, number: int, pending: Mapping[int, Proposal]) -> Proposal | None:
            return Random(small_space(), seed=1, fidelity=Fidelity()).ask(number, pending)

        def tell(self, trial: Trial) -> None:
            told.append(trial)

    _run(tmp_path / "log", pool, search=Watching(), evaluate=evaluate)
    failed = [trial for trial in told if trial.outcome.status is Status.DIVERGED]
    assert failed
    assert all(trial.score is None for trial in failed)
    assert told == _trials(tmp_path / "log")


def test_a_search_with_nothing_to_propose_ends_the_run(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    space = small_space()
    search = Listed([space.point((1, 1, 1))], fidelity=Fidelity())
    assert _run(tmp_path / "log", pool, search=search, space=space) is Reason.EXHAUSTED


def test_workers_are_kept_busy(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    most = 0
    now = 0
    lock = threading.Lock()

    def evaluate(proposal: Proposal) -> Outcome:
        nonlocal most, now
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.02)
        with lock:
            now -= 1
        return Total()(proposal)

    _run(tmp_path / "log", pool, evaluate=evaluate, workers=3, limits=Limits(evaluations=30))
    # one proposal more than workers is handed out, and this pool has four threads
    assert most == 4


@pytest.mark.parametrize("name", ["evaluations", "minutes", "parameters", "repeats"])
@pytest.mark.parametrize("value", [0, -1, float("inf"), float("nan")])
def test_limits_out_of_range_are_refused(name: str, value: float) -> None:
    with pytest.raises(UsageError, match=f"limit on {name} must be above 0"):
        Limits(**{name: value})  # type: ignore[arg-type]  # wrong on purpose


def test_the_log_says_under_which_limits_it_goes_on(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    path = tmp_path / "log"
    _run(path, pool, workers=3, limits=Limits(evaluations=3))
    _run(path, pool, workers=2, limits=Limits(minutes=0.001))
    state = replay(JsonLog(path, write=False))
    assert (state.evaluations, state.minutes, state.workers) == (None, 0.001, 2)


def test_a_log_that_tells_of_what_was_never_asked_is_refused(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    path = tmp_path / "log"
    _run(path, pool, limits=Limits(evaluations=3))
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(line for line in lines if b'"asked"' not in line))
    with pytest.raises(RunError, match="never asked"):
        _trials(path)


def test_an_unknown_event_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log"
    store = JsonLog(path, write=True)
    store.append({"event": "sung", "at": 0.0})
    store.close()
    with pytest.raises(RunError, match=r"event 1 of the log is damaged.*'sung'"):
        _trials(path)


@pytest.mark.parametrize(
    "event",
    [
        {"event": "asked", "at": 0.0},
        {"event": "started"},
        {"event": "stopped", "at": 0.0, "reason": "whim"},
        {"event": "asked", "at": 0.0, "proposal": {"number": 0, "point": {}, "fidelity": {}, "notes": {}}},
    ],
)
def test_a_damaged_event_is_named_by_its_number(event: dict[str, object], tmp_path: Path) -> None:
    path = tmp_path / "log"
    store = JsonLog(path, write=True)
    store.append({"event": "started", "at": 0.0, "workers": 1, "evaluations": 1, "minutes": None})
    store.append(event)
    store.close()
    with pytest.raises(RunError, match="event 2 of the log is damaged"):
        _trials(path)
