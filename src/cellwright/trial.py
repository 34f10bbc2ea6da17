"""What is tried and what came of it: values with an exact JSON round trip."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from cellwright.errors import UsageError
from cellwright.space import Point

__all__ = ["CONTINUES", "INHERITS", "Fidelity", "Outcome", "Proposal", "Status", "Trial", "usual_epochs"]

#: the note of a proposal that goes on with the training of an earlier trial: that trial's number
CONTINUES = "continues"
#: the note of a proposal that begins with the weights of an earlier trial, where shapes agree: that trial's number;
#: None: it has no parent. Either way its own weights are kept for its children.
INHERITS = "inherits"


def usual_epochs(rows: int, fraction: float = 1.0) -> int:
    """Return the passes that make about 300,000 rows together, 1 to 20: enough for a first opinion of a network."""
    return max(1, min(20, round(300_000 / max(1.0, rows * fraction))))


class Status(StrEnum):
    """How a trial ended."""

    OK = "ok"
    CACHED = "cached"  # answered with the outcome of an equal architecture; no evaluation
    REJECTED = "rejected"  # over a limit, or not to be built, which is known before training; no evaluation
    OVER = "over"  # trained, and then found to be over a limit on what a network costs: its score does not count
    DIVERGED = "diverged"  # a loss or a prediction was not finite
    TIMEOUT = "timeout"
    MEMORY = "memory"
    KILLED = "killed"  # the worker died, as often as it was tried
    FAILED = "failed"  # any other error


@dataclass(frozen=True, slots=True)
class Fidelity:
    """How long, and on how many rows, an architecture is trained.

    Attributes:
        epochs: passes over the rows used.
        fraction: share of the training rows used, in (0, 1].
        seconds: training stops after so long with what it has; None: never.
        folds: 1: score on the validation rows; more: cut training and validation rows into so many parts, score on each
            what the others taught, and so on all of them: where rows are few, the validation rows alone are chance.
        stop: passes, a fraction too, after which training is left off, to be taken up again if the score deserves it;
            the schedule is still made for all of `epochs`. None: train to the end.
        replicate: tries of one architecture that differ in this alone are told apart, and differ in their seeds.
    """

    epochs: int = 1
    fraction: float = 1.0
    seconds: float | None = None
    folds: int = 1
    replicate: int = 0
    stop: float | None = None

    def __post_init__(self) -> None:
        if self.epochs < 1:
            raise UsageError(f"epochs must be at least 1, not {self.epochs!r}")
        if not 0 < self.fraction <= 1:
            raise UsageError(f"fraction must be in (0, 1], not {self.fraction!r}")
        if self.folds < 1:
            raise UsageError(f"folds must be at least 1, not {self.folds!r}")
        if self.stop is not None and not 0 < self.stop < self.epochs:
            raise UsageError(f"stop must be above 0 and below the {self.epochs} epochs, not {self.stop!r}")
        if self.seconds is not None and not self.seconds > 0:
            raise UsageError(f"seconds must be above 0, not {self.seconds!r}")


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a search asks to be tried.

    Attributes:
        number: counts the proposals of a run from 0; with the run's seed it decides every random number of the trial.
        notes: JSON that the search wants back with the trial, such as the agent.
    """

    number: int
    point: Point
    fidelity: Fidelity = field(default_factory=Fidelity)
    notes: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def to_json(self) -> dict[str, Any]:
        """Return the proposal as JSON."""
        return {
            "number": self.number,
            "point": self.point.to_json(),
            "fidelity": asdict(self.fidelity),
            "notes": dict(self.notes),
        }

    @property
    def origin(self) -> int:
        """Number of the trial that began this training: an earlier one where this goes on with it."""
        number: int = self.notes.get(CONTINUES, self.number)
        return number

    @property
    def heritage(self) -> dict[str, Any]:
        """What its notes say of weights to begin with, for another training of the same network."""
        return {INHERITS: self.notes[INHERITS]} if INHERITS in self.notes else {}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Proposal":
        """Return the proposal that `to_json` wrote."""
        point = Point.from_json(value["point"])
        return cls(value["number"], point, Fidelity(**value["fidelity"]), value["notes"])


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a proposal.

    Attributes:
        score: to be maximised, finite; None unless the status is ok, or cached from one that was.
        scores: metrics on the validation rows, by name.
        parameters: trainable numbers of the network; None where it was not known.
        seconds: of training.
        error: a sentence for people, and the traceback where there is one.
        source: number of the trial whose outcome this repeats.
        microseconds: in which a row is predicted, on the machine of the trial; None where it was not measured.
        curve: the learning curve: passes over the rows, and the score on the validation rows after them.
    """

    status: Status
    score: float | None = None
    scores: Mapping[str, float] = field(default_factory=dict, hash=False)
    parameters: int | None = None
    seconds: float = 0.0
    error: str | None = None
    source: int | None = None
    microseconds: float | None = None
    curve: tuple[tuple[float, float], ...] = field(default=(), hash=False)

    def __post_init__(self) -> None:
        if self.score is not None and not math.isfinite(self.score):
            raise UsageError(f"a score is a finite number or None, not {self.score!r}; say diverged instead")
        if (self.score is not None) != (self.status is Status.OK) and self.status is not Status.CACHED:
            raise UsageError(f"an outcome has a score if and only if it is ok; {self.status} came with {self.score!r}")
        if not all(math.isfinite(value) for value in self.scores.values()):
            raise UsageError(f"all scores are finite numbers; got {dict(self.scores)!r}")

    def to_json(self) -> dict[str, Any]:
        """Return the outcome as JSON."""
        return {
            "status": self.status.value,
            "score": self.score,
            "scores": dict(self.scores),
            "parameters": self.parameters,
            "seconds": self.seconds,
            "error": self.error,
            "source": self.source,
            "microseconds": self.microseconds,
            "curve": [list(point) for point in self.curve],
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Outcome":
        """Return the outcome that `to_json` wrote."""
        curve = tuple((passes, score) for passes, score in value["curve"])
        return cls(**{**value, "status": Status(value["status"]), "curve": curve})


@dataclass(frozen=True, slots=True)
class Trial:
    """A proposal with its outcome.

    Attributes:
        key: of the architecture, settings included.
        started: seconds of the run's clock at which evaluation began.
        finished: seconds of the run's clock at which it ended.
        worker: which of the workers, from 0; None: none was needed.
    """

    proposal: Proposal
    outcome: Outcome
    key: str
    started: float
    finished: float
    worker: int | None = None

    @property
    def number(self) -> int:
        return self.proposal.number

    @property
    def score(self) -> float | None:
        return self.outcome.score

    @property
    def passes(self) -> float:
        """Passes over the rows after which it was scored."""
        return self.proposal.fidelity.stop or self.proposal.fidelity.epochs

    @property
    def over(self) -> bool:
        """Return whether it was over a limit on what a network costs, or not to be built."""
        return self.outcome.status in (Status.REJECTED, Status.OVER)

    @property
    def evaluated(self) -> bool:
        """Whether a worker spent time on it."""
        return self.outcome.status not in (Status.CACHED, Status.REJECTED)

    def to_json(self) -> dict[str, Any]:
        """Return the trial as JSON."""
        return {
            "proposal": self.proposal.to_json(),
            "outcome": self.outcome.to_json(),
            "key": self.key,
            "started": self.started,
            "finished": self.finished,
            "worker": self.worker,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Trial":
        """Return the trial that `to_json` wrote."""
        parts = {"proposal": Proposal.from_json(value["proposal"]), "outcome": Outcome.from_json(value["outcome"])}
        return cls(**{**value, **parts})
