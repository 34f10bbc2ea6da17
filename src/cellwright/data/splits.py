"""Which rows train, which choose, which judge."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from cellwright.data.dataset import Dataset
from cellwright.errors import DataError, UsageError
from cellwright.seeds import Use, rng_for

__all__ = ["Division", "Split", "inner_folds", "split_rows"]


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Disjoint row numbers, ascending, int64.

    Attributes:
        train: what networks and scalers learn from.
        validation: what searches and early stopping see.
        test: touched once, at the end.
    """

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray

    @property
    def known(self) -> np.ndarray:
        """Training and validation rows together."""
        return np.sort(np.concatenate([self.train, self.validation]))


@dataclass(frozen=True, slots=True)
class Division:
    """How rows are divided.

    Attributes:
        by: what is never on two sides: "row", "pair", a kind of entity ("cell", "drug"), or "given": the test rows are
            those the data names; "auto": those where it names some, else by row.
        seed: decides which groups go where.
        validation: share of the rows to validate on; as many groups as stay within it, at least one.
        test: share of the rows to test on, likewise.
        folds: None, or how many parts of equal size take turns as test rows (cross-validation).
        fold: whose turn it is, from 0.
    """

    by: str = "row"
    seed: int = 0
    validation: float = 0.1
    test: float = 0.1
    folds: int | None = None
    fold: int = 0

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise UsageError(f"the seed of a split must not be negative: {self.seed!r}")
        if not (0 < self.validation < 1 and 0 < self.test < 1 and self.validation + self.test < 1):
            raise UsageError(
                f"validation {self.validation!r} and test {self.test!r} must be above 0 and leave rows to train on"
            )
        if self.folds is not None and (self.folds < 2 or not 0 <= self.fold < self.folds):
            raise UsageError(f"there is no fold {self.fold + 1} of {self.folds}; there are 1 to N of at least 2")
        if self.folds is not None and self.by == "given":
            raise UsageError("where the data names its test rows there are no folds")

    def of(self, dataset: Dataset) -> "Division":
        """Return what this means for a data set: "auto" becomes "given" or "row"."""
        if self.by != "auto":
            return self
        return replace(self, by="row" if dataset.given is None or self.folds is not None else "given")

    def __str__(self) -> str:
        return self.by if self.folds is None else f"{self.by}, fold {self.fold + 1} of {self.folds}"


def split_rows(dataset: Dataset, division: Division, *, classes: bool = False, labels: Sequence[str] = ()) -> Split:
    """Divide the rows of `dataset`.

    A row with several entities of one kind (both drugs of a pair) is tested on if one of them is a test entity, and
    else validated on if one of them is a validation entity: what trains has met none of either.

    Args:
        classes: the target holds classes, which keep their shares in each part, where rows are split by row.
        labels: of the classes, for messages.

    Raises:
        DataError: the data knows no such grouping, or has too few groups to fill all three parts.
    """
    if division.by == "given":
        return _given(dataset, division, classes=classes)
    groups = dataset.groups(division.by)
    if classes and division.by == "row":
        return _each_class(dataset.target, groups, division, labels)
    return Split(*_parts(groups, np.arange(dataset.rows), division, 0))


def inner_folds(
    dataset: Dataset, rows: np.ndarray, by: str, folds: int, seed: int, *, classes: bool = False
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return, for each of so many parts of `rows`, the rows to learn from and those of the part, both ascending.

    Args:
        by: what keeps rows together, as in a Division.
        classes: the target holds classes, which keep their shares in each part, where rows are split by row or each is
            a group of its own.

    Raises:
        DataError: there are fewer groups than parts.
    """
    by = by if by in dataset.members or by == "pair" else "row"
    groups = dataset.groups(by)[rows]
    labels, member = np.unique(groups, return_inverse=True)
    member = member.reshape(groups.shape)
    if len(labels) < folds:
        raise DataError(f"{len(labels)} group(s) cannot make {folds} parts; take fewer, or split by something finer")
    order = rng_for(seed, Use.SUBSET, folds).permutation(len(labels))
    if classes and (by == "row" or len(labels) == len(rows)):  # deal out class after class
        first = np.unique(member, return_index=True)[1]  # row of each group
        order = order[np.argsort(dataset.target[rows][first[order]], kind="stable")]
    part = np.empty(len(labels), dtype=np.int64)
    part[order] = np.arange(len(labels)) % folds
    held = [(part[member] == number).any(axis=1) for number in range(folds)]
    if not all(0 < here.sum() < len(rows) for here in held):
        raise DataError(f"{len(rows)} rows cannot make {folds} parts; take fewer, or split by something finer")
    return [(rows[~here], rows[here]) for here in held]


def _each_class(target: np.ndarray, groups: np.ndarray, division: Division, labels: Sequence[str]) -> Split:
    """Divide the rows of each class for themselves; a group belongs to the class of its first row."""
    least = 3 if division.folds is None else division.folds + 1
    present = np.unique(target)
    _, first, member = np.unique(groups, return_index=True, return_inverse=True)
    target = target[first[member.reshape(-1)]]
    for number in present.tolist():
        different = len(np.unique(groups[target == number]))
        if different < least:
            raise DataError(
                f"class {labels[number] if labels else number!r} has {different} row(s), not counting repeats; "
                f"this split needs {least} of each class: leave the class out, or bring more data"
            )
    of_class = [np.flatnonzero(target == label) for label in present]
    parts = [_parts(groups[members], members, division, number) for number, members in enumerate(of_class)]
    return Split(*(np.sort(np.concatenate(part)) for part in zip(*parts, strict=True)))


def _given(dataset: Dataset, division: Division, *, classes: bool) -> Split:
    """Test on the rows the data names, and split the others by row."""
    if dataset.given is None or not 0 < int(dataset.given.sum()) < dataset.rows - 1:
        raise DataError("the data names no test rows (or nothing else); split by row")
    rest = np.flatnonzero(~dataset.given)
    order = rng_for(division.seed, Use.SPLIT, 0).permutation(len(rest))
    if classes:  # interleave the classes, so that the first rows hold each in proportion
        labels = dataset.target[rest]
        place = np.empty(len(rest))
        for label in np.unique(labels):
            members = order[labels[order] == label]
            place[members] = (np.arange(len(members)) + 0.5) / len(members)
        order = np.argsort(place, kind="stable")
    count = min(max(1, round(division.validation * len(rest))), len(rest) - 1)
    return Split(np.sort(rest[order[count:]]), np.sort(rest[order[:count]]), np.flatnonzero(dataset.given))


def _too_few(rows: int, groups: int) -> DataError:
    return DataError(
        f"{rows} rows in {groups} group(s) cannot fill training, validation and test; "
        "split by something finer, or bring more data"
    )


def _parts(
    groups: np.ndarray, rows: np.ndarray, division: Division, stream: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return training, validation and test rows.

    Shape: groups (rows, groups a row); rows (rows,), what the results name.
    """
    labels, member = np.unique(groups, return_inverse=True)
    member, count = member.reshape(groups.shape), len(labels)
    if count < 3 or count <= (division.folds or 0):
        raise _too_few(len(rows), count)
    sizes = np.bincount(member.ravel(), minlength=count)
    order = rng_for(division.seed, Use.SPLIT, stream).permutation(count)
    share = division.test
    if division.folds is None:
        # huge groups are for training, the largest first, unless there is nothing else
        huge = sizes > (share + division.validation) * sizes.sum()
        order = order[np.argsort(np.where(huge, sizes, 0)[order], kind="stable")]
    else:
        before = np.cumsum(sizes[order]) - sizes[order]
        turn = (before * division.folds // sizes.sum() - division.fold) % division.folds  # 0: tests now
        order = order[np.argsort(turn, kind="stable")]
        share = 1 / division.folds
    place = np.empty(count, dtype=np.int64)
    place[order] = np.arange(count)
    first = place[member].min(axis=1)  # (rows,): the place of each row's earliest group
    reached = np.cumsum(np.bincount(first, minlength=count)) / len(rows)
    tested = int(np.searchsorted(reached, share, side="right")) if division.folds is None else int((turn == 0).sum())
    # a part always gets a group, and training keeps at least one
    tested = min(max(1, tested), count - 2) if division.folds is None else tested
    valid = min(max(tested + 1, int(np.searchsorted(reached, share + division.validation, side="right"))), count - 1)
    tests, validates = first < tested, (first >= tested) & (first < valid)
    parts = rows[~(tests | validates)], rows[validates], rows[tests]
    if not all(map(len, parts)):
        raise _too_few(len(rows), count)
    return parts
