"""Everything a report says about a run, gathered once."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from cellwright.comparison import Comparison, compare
from cellwright.errors import SpaceError
from cellwright.finals import Finals, read_finals
from cellwright.methods.confirmed import averaged, ranked
from cellwright.problem import Problem
from cellwright.report.series import fence
from cellwright.report.utilisation import most_at_once
from cellwright.report.words import metric_name
from cellwright.space import Architecture, Space
from cellwright.store.folder import Request
from cellwright.trial import Status, Trial

__all__ = ["Findings", "Source", "gather"]


class Told(Protocol):
    """What a log says: trials in the order told."""

    @property
    def trials(self) -> Sequence[Trial]: ...


class Source(Protocol):
    """What a report needs of a run."""

    folder: Path
    request: Request
    problem: Problem
    space: Space

    def replay(self) -> Told:
        """Return what the log says now."""
        ...

    def summary(self) -> dict[str, Any]:
        """Return the run in short."""
        ...

    def limits(self) -> tuple[int | None, float | None]:
        """Return the evaluations and minutes after which it ends, as of its last resumption."""
        ...

    def leaders(self, top: int) -> list[tuple[Trial, Architecture]]:
        """Return the best trials with what they built, best first."""
        ...


@dataclass(frozen=True)
class Findings:
    """What came of a run.

    Attributes:
        trials: in the order told.
        summary: of the run.
        limits: evaluations and minutes after which it ends.
        finals: the final table; None: no post-training yet.
        chosen: the trial the headline is about, and what it built; None: no trial succeeded.
        comparison: with other runs; None: none was named.
    """

    folder: Path
    request: Request
    problem: Problem
    space: Space
    trials: tuple[Trial, ...]
    summary: Mapping[str, Any]
    limits: tuple[int | None, float | None]
    finals: Finals | None
    chosen: tuple[Trial, Architecture] | None
    comparison: Comparison | None = None

    @cached_property
    def evaluated(self) -> tuple[Trial, ...]:
        """Trials a worker spent time on."""
        return tuple(trial for trial in self.trials if trial.evaluated)

    @cached_property
    def scored(self) -> tuple[Trial, ...]:
        """Evaluated trials that succeeded."""
        return tuple(trial for trial in self.evaluated if trial.score is not None)

    @cached_property
    def scores(self) -> list[float]:
        """Scores of `scored`."""
        return [trial.score for trial in self.scored if trial.score is not None]

    @cached_property
    def furthest(self) -> float:
        """The most epochs that a success was trained for."""
        return max((trial.passes for trial in self.scored), default=0.0)

    @cached_property
    def full(self) -> list[int]:
        """Places among `scored` of what was trained so far."""
        return [place for place, trial in enumerate(self.scored) if trial.passes == self.furthest]

    @cached_property
    def judged(self) -> tuple[Trial, ...]:
        """Networks that were trained furthest, once each, with the mean score of their tries, the best first."""
        return tuple(trial for trial in ranked(list(self.trials)) if trial.passes == self.furthest)

    @cached_property
    def series(self) -> tuple[Trial, ...]:
        """First tries of networks, trained for as long as most were: what may be compared over time."""
        first = [trial for trial in self.scored if not trial.proposal.fidelity.replicate]
        common = Counter(trial.passes for trial in first).most_common(1)
        return tuple(trial for trial in first if trial.passes == common[0][0])

    @cached_property
    def floor(self) -> float:
        """The score below which pictures leave the scale."""
        return fence(self.scores)

    @property
    def below(self) -> int:
        """How many scores lie below the floor."""
        return sum(score < self.floor for score in self.scores)

    @property
    def metric(self) -> str:
        """The metric in words."""
        return metric_name(self.problem.metric)

    @property
    def validated(self) -> str:
        """The search's scores in words."""
        return f"{'validation' if self.request.fidelity.folds == 1 else 'cross-validated'} {self.metric}"

    @cached_property
    def spans(self) -> list[tuple[float, float]]:
        """Begin and end of each evaluation, seconds."""
        return [(trial.started, trial.finished) for trial in self.evaluated if trial.worker is not None]

    @cached_property
    def workers(self) -> int:
        """How many worked at once: as asked for first, or more if a resumption took more."""
        return max(self.request.workers, most_at_once(self.spans))

    @property
    def utilisation(self) -> float | None:
        """Share of the workers' time spent on trials; None: no time has passed."""
        share: float | None = self.summary["utilisation"]
        return share

    def count(self, status: Status) -> int:
        """Return how many trials ended so."""
        return sum(trial.outcome.status is status for trial in self.trials)


def gather(run: Source, against: Sequence[Source] = ()) -> Findings:
    """Return the findings of a run, beside other runs.

    Raises:
        UsageError: another run has another metric.
        RunError: the log or the final table is damaged.
    """
    trials = tuple(run.replay().trials)
    finals = read_finals(run.folder)
    leaders = run.leaders(1)
    chosen = _retrained(run.space, trials, finals) or (leaders[0] if leaders else None)
    return Findings(
        folder=run.folder,
        request=run.request,
        problem=run.problem,
        space=run.space,
        trials=trials,
        summary=run.summary(),
        limits=run.limits(),
        finals=finals,
        chosen=chosen,
        comparison=compare(run, *against) if against else None,
    )


def _retrained(space: Space, trials: Sequence[Trial], finals: Finals | None) -> tuple[Trial, Architecture] | None:
    """Return the trial behind the best of the final table; None where there is no such trial."""
    row = finals.chosen if finals else None
    if row is None or row.number is None:
        return None
    told = next((trial for trial in trials if trial.number == row.number), None)
    if told is None:
        return None
    trial = next((trial for trial, _ in averaged(list(trials)) if trial.key == told.key), told)
    try:
        return trial, space.architecture(trial.proposal.point)
    except SpaceError:  # the table is from another run
        return None
