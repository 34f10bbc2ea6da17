"""What post-training found, read from `posttrain.json`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from cellwright.errors import RunError, os_reason

__all__ = ["Finals", "OfSplit", "Ratios", "Row", "Spread", "read_finals"]

_FILE = "posttrain.json"
_NETWORKS = frozenset({"found", "manual", "ensemble"})  # kinds of rows; all others are baselines


@dataclass(frozen=True, slots=True)
class Spread:
    """A mean over seeds and its standard deviation; None: one seed."""

    mean: float
    sd: float | None = None


@dataclass(frozen=True, slots=True)
class Ratios:
    """The hand-designed network's figure over this one's; `score` the other way round."""

    parameters: float | None = None
    training_seconds: float | None = None
    score: float | None = None


@dataclass(frozen=True, slots=True)
class OfSplit:
    """What a model reached on the test rows of one split, by metric."""

    scores: Mapping[str, Spread] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """One model of the final table.

    Attributes:
        kind: found, manual, mean, linear, boosting or ensemble.
        scores: on the test rows, by metric.
        validation: on the validation rows, by metric.
        number: of the trial it comes from.
        splits: by what the rows are divided by; the run's own split is one.
    """

    name: str
    kind: str
    parameters: int | None = None
    training_seconds: float | None = None
    scores: Mapping[str, Spread] = field(default_factory=dict)
    validation: Mapping[str, Spread] = field(default_factory=dict)
    ratios: Ratios = field(default_factory=Ratios)
    key: str | None = None
    number: int | None = None
    note: str | None = None
    splits: Mapping[str, OfSplit] = field(default_factory=dict)

    @property
    def is_baseline(self) -> bool:
        """Whether it is a baseline and no network."""
        return self.kind not in _NETWORKS

    @property
    def title(self) -> str:
        """The name in a table."""
        return "hand-designed network" if self.kind == "manual" else self.name


@dataclass(frozen=True, slots=True)
class Finals:
    """The final table.

    Attributes:
        metric: by which models are chosen.
        metrics: all, in the order of the columns.
        splits: what the rows are divided by; the run's own first.
        refit: whether final weights were learnt from training and validation rows together.
    """

    metric: str
    metrics: tuple[str, ...]
    epochs: int
    seeds: int
    rows: tuple[Row, ...]
    splits: tuple[str, ...] = ()
    refit: bool = False

    @property
    def manual(self) -> Row | None:
        """The hand-designed network."""
        return next((row for row in self.rows if row.kind == "manual"), None)

    @property
    def chosen(self) -> Row | None:
        """The found network that is best on the validation rows; the test rows choose nothing."""
        found = [row for row in self.rows if row.kind == "found" and self.metric in row.scores]
        judged = [row for row in found if self.metric in row.validation]
        if judged:
            return max(judged, key=lambda row: row.validation[self.metric].mean)
        return found[0] if found else None

    def simpler(self, score: float) -> Row | None:
        """Return the best baseline on the test rows if that is above a network's score there."""
        simple = [row for row in self.rows if row.is_baseline and self.metric in row.scores]
        best = max(simple, key=lambda row: row.scores[self.metric].mean, default=None)
        return best if best and best.scores[self.metric].mean > score else None


_ADAPTER = TypeAdapter(Finals)


def read_finals(folder: Path) -> Finals | None:
    """Return the final table of a run folder, None where there was no post-training.

    Raises:
        RunError: the table is damaged or cannot be read.
    """
    path = folder / _FILE
    try:
        return _ADAPTER.validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RunError(f"cannot read {str(path)!r}: {os_reason(error)}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise RunError(
            f"{str(path)!r} is damaged: {place}: {first['msg']}; remove it, or make it again (cellwright posttrain)"
        ) from error
