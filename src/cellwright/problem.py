"""What must be learned: inputs, target, task, metric, split, and the network to beat."""

import json
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cellwright.data import arguments
from cellwright.data.cache import data_folder
from cellwright.data.checks import check_parts, check_values, digest
from cellwright.data.dataset import Dataset
from cellwright.data.folder import copy_raw, load_data, load_raw, make_folder, save_data, save_raw
from cellwright.data.frames import dataset_of
from cellwright.data.observations import Features, frames_of
from cellwright.data.scaling import scale
from cellwright.data.split_notes import split_notes
from cellwright.data.splits import Division, Split, split_rows
from cellwright.errors import DataError, SpaceError, UsageError
from cellwright.metrics import MAXIMISED, Task
from cellwright.space import Architecture, Shape
from cellwright.space.by_hand import by_hand

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Problem", "prepare"]

_FILE = "problem.json"


@dataclass(frozen=True, slots=True)
class Problem:
    """What must be learned; its data is a folder that every worker maps into memory.

    Attributes:
        name: for people and for the command line.
        task: regression or classification.
        metric: name of the score that searches maximise, one of `scores` of which more is better.
        target: what is predicted, with its unit.
        inputs: name and shape of each input.
        outputs: units of the last layer: 1, or the number of classes.
        rows: of all three parts together.
        division: how the rows are divided.
        manual: the network designed by hand, to be beaten.
        folder: where the data is.
        classes: their labels, in the order of their codes.
        keep: for some inputs, of how many features the training rows may choose: those of largest variance.
        commensurable: inputs whose features have one unit, and so keep their sizes relative to one another.
        notes: what was guessed, dropped and joined when the data was read, and `split_notes` at their end, for people.
        split_notes: by what the rows were divided and how many are in each part, and what stands on both sides.
        splits: what else the rows can be divided by.
        kinds: for inputs that tell of an entity, what kind of entity that is.
    """

    name: str
    task: Task
    metric: str
    target: str
    inputs: tuple[tuple[str, Shape], ...]
    outputs: int
    rows: int
    division: Division
    manual: Architecture | None
    folder: Path
    classes: tuple[str, ...] = ()
    keep: tuple[tuple[str, int], ...] = ()
    commensurable: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    split_notes: tuple[str, ...] = ()
    splits: tuple[str, ...] = ("row",)
    kinds: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        arguments.name("the name of a problem", self.name)  # of folders, too

    @property
    def split_text(self) -> str:
        """By what the rows were divided, and how many groups and rows are in each part."""
        return self.split_notes[0] if self.split_notes else f"split by {self.division}"

    @classmethod
    def from_frames(
        cls,
        responses: "pd.DataFrame",
        *,
        target: Hashable,
        features: Features,
        name: str = "mine",
        task: str | None = None,
        metric: str | None = None,
        split: str | Division = "auto",
        manual: Callable[[Mapping[str, Shape], int], Architecture] | None = by_hand,
        group: Hashable = None,
        test: Hashable | Collection[Hashable] = None,
        drop_missing_targets: bool = False,
        min_class: int = 1,
    ) -> "Problem":
        """Return a problem on data of the user's own, kept in the data folder; docs/data.md has an example.

        Args:
            responses: one row an observation.
            target: its column to predict: a number (regression), or a label (classification).
            features: by input name, a list of columns of `responses`; or a key column and the table it reads, indexed
                by what the column names; or a tuple of two key columns, for both of a pair.
            name: for people, and part of the names of folders.
            task: "regression" or "classification", where numbers are classes; None: as the column is.
            metric: which score searches maximise; None: r2, or accuracy.
            split: "row", "pair", a key column, the name of a pair's input, a column that is no input (as `group`), or
                a whole Division; "auto": by `test` where it is given, else by `group`, else by row.
            manual: takes input shapes and units of the last layer; by default the design of SC19's Uno.
            group: a column of `responses`, such as the patient: rows of equal values stay on one side of the split, and
                of cross-validation in a search. It is no input.
            test: the test rows: a column of `responses` (True and False, 1 and 0, or train, test and validation), or
                True or False of each row, or labels of the index.
            drop_missing_targets: leave rows without a target out.
            min_class: leave classes of fewer rows out.

        Raises:
            DataError: a column is missing, holds no numbers, or rows name what the tables do not have.
            UsageError: an argument is none of what it can be.
        """
        arguments.name("name", name)
        if arguments.text_or_none("task", task) not in (None, *Task):
            raise UsageError(f"there is no task {task!r}; known: {', '.join(Task)}")
        arguments.text_or_none("metric", metric)
        arguments.function("manual", manual, "input shapes and units of the last layer")
        division = split if isinstance(split, Division) else Division(arguments.text("split", split))
        frames = frames_of(
            responses,
            target,
            features,
            classes=task == Task.CLASSIFICATION,
            group=group,
            split=division.by,
            test=test,
            drop_missing_targets=arguments.truth("drop_missing_targets", drop_missing_targets),
            min_class=arguments.whole("min_class", min_class, 1),
        )
        dataset, classes = dataset_of(frames)
        if classes and task == Task.REGRESSION:
            raise DataError(f"column {target!r} holds labels, such as {classes[0]!r}; regression needs numbers")
        kind = Task.CLASSIFICATION if classes else Task.REGRESSION
        division = division.with_group(frames.group) if frames.group else division
        metric = metric or MAXIMISED[kind][0]
        shapes = {key: table.shape for key, table in dataset.tables.items()}
        network = manual(shapes, max(1, len(classes))) if manual else None
        if not isinstance(network, Architecture | None):
            raise UsageError(f"manual must return an Architecture, not {type(network).__name__}")
        key = network.key if network else None
        words = repr(
            (division, metric, name, str(target), list(shapes), dict(dataset.kinds), classes, key, frames.notes)
        )
        return prepare(
            data_folder() / "prepared" / f"{name}-{digest(dataset, words)}",
            name=name,
            dataset=dataset,
            division=division,
            task=kind,
            metric=metric,
            target=str(target),
            manual=manual,
            classes=classes,
            notes=frames.notes,
        )

    def __repr__(self) -> str:
        inputs = ", ".join(f"{name} {' x '.join(map(str, shape))}" for name, shape in self.inputs)
        by_hand = f"{self.manual.parameters:,} parameters" if self.manual else "none"
        lines = [
            f"Problem {self.name!r}: {self.task} of {self.target}; score: {self.metric}",
            f"  {self.rows:,} rows, split by {self.division}",
            f"  inputs: {inputs}",
            f"  hand-designed network: {by_hand}",
        ]
        if self.notes:
            count = f"{len(self.notes)} notes (.notes), the first" if len(self.notes) > 1 else "note"
            lines.append(f"  {count}: {self.notes[0]}")
        return "\n".join(lines)

    def data(self) -> tuple[Dataset, Split]:
        """Return the data, scaled, memory-mapped and read-only."""
        return load_data(self.folder)

    def divided(self, division: Division, folder: Path) -> "Problem":
        """Return the same problem with its rows divided otherwise, features chosen and scaled anew, in `folder`.

        Raises:
            DataError: the rows cannot be divided so, or the folder cannot be written.
        """
        dataset = load_raw(self.folder)
        spec = replace(self, division=division.of(dataset), folder=folder)
        return _prepared(spec, dataset, lambda building: copy_raw(self.folder, building))

    def save(self) -> None:
        """Write the description beside the data."""
        fields = asdict(replace(self, manual=None))
        del fields["folder"]
        fields["manual"] = self.manual.to_json() if self.manual else None
        (self.folder / _FILE).write_text(json.dumps(fields))

    @classmethod
    def load(cls, folder: str | Path) -> "Problem":
        """Return the problem saved in `folder`.

        Raises:
            DataError: there is none, or it is damaged.
        """
        folder = arguments.path("the folder of a problem", folder)
        try:
            fields: dict[str, Any] = json.loads((folder / _FILE).read_text())
            inputs = tuple((name, tuple(shape)) for name, shape in fields.pop("inputs"))
            manual = fields.pop("manual")
            fields |= {
                name: tuple(fields[name]) for name in ("classes", "commensurable", "notes", "split_notes", "splits")
            }
            fields |= {name: tuple(tuple(pair) for pair in fields[name]) for name in ("keep", "kinds")}
            fields["division"] = Division(**fields["division"])
            fields["task"] = Task(fields["task"])
            return cls(
                **fields,
                inputs=inputs,
                manual=Architecture.from_json(manual) if manual else None,
                folder=folder,
            )
        except (OSError, ValueError, KeyError, TypeError, SpaceError, UsageError) as error:
            raise DataError(
                f"no problem can be read from {str(folder)!r}: {error}; restore it from a copy, or make it again"
            ) from error


def prepare(
    folder: Path,
    *,
    name: str,
    dataset: Dataset,
    division: Division,
    task: Task,
    metric: str,
    target: str,
    manual: Callable[[Mapping[str, Shape], int], Architecture] | None,
    classes: Sequence[str] = (),
    keep: Mapping[str, int] | None = None,
    commensurable: Sequence[str] = (),
    notes: Sequence[str] = (),
) -> Problem:
    """Divide the rows, choose and scale features by what training rows show, write all into `folder`.

    The folder appears at once and whole, or not at all.

    Args:
        dataset: with raw features.
        manual: takes input shapes and units of the last layer.
        keep: for some inputs, how many features: those that vary most over the training rows' entities.
        commensurable: inputs whose features have one unit.

    Raises:
        UsageError: the metric is unknown, or less of it is better.
        DataError: rows cannot be divided so, or the target holds NaN, or one value only, or features cannot be used, or
            the folder cannot be written.
    """
    if metric not in MAXIMISED[task]:
        raise UsageError(f"{task} maximises one of {', '.join(MAXIMISED[task])}, not {metric!r}")
    check_values(dataset, target, classes=task is Task.CLASSIFICATION)
    keep = {name: count for name, count in (keep or {}).items() if count < dataset.tables[name].shape[0]}
    inputs = {name: (keep[name],) if name in keep else table.shape for name, table in dataset.tables.items()}
    outputs = 1 if task is Task.REGRESSION else max(len(classes), int(dataset.target.max()) + 1)
    spec = Problem(
        name=name,
        task=task,
        metric=metric,
        target=target,
        inputs=tuple(inputs.items()),
        outputs=outputs,
        rows=dataset.rows,
        division=division.of(dataset),
        manual=manual(inputs, outputs) if manual else None,
        folder=folder,
        classes=tuple(classes),
        keep=tuple(keep.items()),
        commensurable=tuple(commensurable),
        notes=tuple(notes),
        splits=dataset.groupings,
        kinds=tuple((name, dataset.kinds.get(t.key, t.key)) for name, t in dataset.tables.items() if t.key is not None),
    )
    return _prepared(spec, dataset, lambda building: save_raw(building, dataset))


def _prepared(spec: Problem, dataset: Dataset, save_source: Callable[[Path], None]) -> Problem:
    """Make the folder of `spec`; `save_source` puts the data as it came into a folder."""
    classes = spec.task is Task.CLASSIFICATION
    split = split_rows(dataset, spec.division, classes=classes, labels=spec.classes)
    check_parts(dataset.target, split, spec.target, classes=classes)
    about_split = split_notes(dataset, spec.division, split, spec.classes if classes else None)
    read = spec.notes[: len(spec.notes) - len(spec.split_notes)]  # what was said of another split holds no longer
    spec = replace(spec, notes=(*read, *about_split), split_notes=about_split)
    scaled = scale(dataset, split.train, dict(spec.keep), spec.commensurable)

    def fill(building: Path) -> None:
        save_source(building)
        save_data(building, scaled, split)
        replace(spec, folder=building).save()

    make_folder(spec.folder, fill, _FILE, Problem.load)
    return spec
