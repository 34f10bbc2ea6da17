from cellwright.executors.virtual import VirtualCluster
from cellwright.limits import Limits
from cellwright.methods import Random
from cellwright.replay import Reason
from cellwright.run import Loop
from cellwright.space import Space
from cellwright.store import Memory
from cellwright.trial import Fidelity, Outcome, Proposal, Status, Trial
from tests.spaces import settings_space

SPACE = settings_space()


def lasts(proposal: Proposal) -> Outcome:
    """Take 10 s for even numbers, 4 s for odd ones."""
    return Outcome(Status.OK, 1.0, seconds=4.0 if proposal.number % 2 else 10.0)


def run(workers: int, limits: Limits, space: Space = SPACE) -> tuple[Reason, list[Trial], VirtualCluster]:
    cluster, told = VirtualCluster(workers), list[Trial]()
    loop = Loop(
        Random(space, seed=0, fidelity=Fidelity()), space, cluster.timed(lasts), cluster, Memory(),
        workers=workers, limits=limits, observe=told.append, clock=cluster.clock, wait=cluster.wait,
    )  # fmt: skip
    return loop.run(), told, cluster


def test_trials_end_when_their_seconds_are_over_in_no_real_time() -> None:
    reason, told, cluster = run(2, Limits(evaluations=5))
    assert reason is Reason.EVALUATIONS
    # worker 1: 0 until 10, then 3 until 14, then 4 (from 14 on); worker 2: 1 until 4, then 2 until 14
    assert [(trial.number, trial.started, trial.finished) for trial in told] == [
        (1, 0.0, 4.0), (0, 0.0, 10.0), (2, 4.0, 14.0), (3, 10.0, 14.0), (4, 14.0, 24.0),
    ]  # fmt: skip
    assert cluster.clock() == 24.0


def test_more_workers_do_more_in_the_same_time() -> None:
    counts = []
    for workers in (1, 4):
        reason, told, _ = run(workers, Limits(minutes=5))
        assert reason is Reason.MINUTES
        assert all(trial.started <= 300 for trial in told)
        counts.append(len(told))
    assert counts[1] > 3.5 * counts[0]
