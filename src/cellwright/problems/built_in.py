"""What a built-in problem is: the seam between the catalogue and the modules of the problems."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from cellwright.data.options import TableOptions
from cellwright.data.splits import Division
from cellwright.metrics import Task
from cellwright.problem import Problem
from cellwright.problems.starting import Wanted
from cellwright.space import Architecture, Shape, Space

__all__ = ["SHARE", "Asked", "BuiltIn", "MakeSpace"]

SHARE = 20
MakeSpace = Callable[[Mapping[str, Shape], int, Mapping[str, str]], Space]
"""Takes input shapes, units of the last layer, and for some inputs the kind of entity they tell of."""
MakeManual = Callable[[Mapping[str, Shape], int], Architecture]


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants of a problem.

    Attributes:
        fetched: the folder of fetched data sets.
        target: what to predict, where there is a choice; None: the usual.
        division: how rows are divided.
        metric: the score that searches maximise; None: the problem's own.
        data: a file or folder of the user's own tables; None: the problem's own source.
        tables: how those are read.
    """

    fetched: Path
    target: str | None = None
    division: Division = field(default_factory=lambda: Division("auto"))
    metric: str | None = None
    data: Path | None = None
    tables: TableOptions = field(default_factory=TableOptions)


class Load(Protocol):
    """Prepares a problem."""

    def __call__(self, folder: Path, asked: Asked) -> Problem:
        """Prepare the problem in `folder`.

        Raises:
            UsageError: something unknown was asked for.
            DataError: the data is not there or cannot be used.
        """
        ...


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """A problem that cellwright brings.

    Attributes:
        title: what must be learned, in words.
        published: input shapes of the published data, at which parameters are quoted.
        share: a found network has at most one in so many of the parameters of the hand-designed one, by default.
        starts: points of the default space that a search tries first, such as a plain linear model.
        kinds: for inputs there that tell of an entity, what kind that is.
        outputs: units of the last layer there.
        manual: the network designed by hand.
        spaces: by name, the default first.
        source: the data source it has; None: the user's tables only.
        note: what somebody who compares these numbers with published ones should know; "" where nothing.
        roles: what columns of the user's own tables may mean; none: it takes no such tables.
    """

    name: str
    task: Task
    metric: str
    title: str
    published: Mapping[str, Shape]
    outputs: int
    manual: MakeManual
    spaces: Mapping[str, MakeSpace]
    load: Load
    source: str | None
    roles: tuple[str, ...] = ()
    share: int = SHARE
    starts: Sequence[Wanted] = ()
    kinds: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
