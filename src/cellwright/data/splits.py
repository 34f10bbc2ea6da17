"""Which rows train, which choose, which judge."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from cellwright.data import arguments
from cellwright.data.dataset import GIVEN, TEST, VALIDATION, Dataset
from cellwright.data.parts import DRAWS, are_of_one_class, balanced, cut, hanging_together, too_few
from cellwright.errors import DataError, UsageError
from cellwright.seeds import Use, rng_for

__all__ = ["Division", "Split", "groups_of", "inner_folds", "split_rows"]


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
        by: what is never on two sides: "row", "pair", a kind of entity ("cell", "drug"), the name of the user's group
            ("patient_id"), or "given": the test rows are those the data names, and the others are divided by the group
            where there is one; "auto": given where the data names test rows, else by the group, else by row.
        seed: decides which groups go where.
        validation: share of the rows to validate on; as many groups as stay within it, at least one.
        test: share of the rows to test on, likewise.
        folds: None, or how many parts of equal size take turns as test rows (cross-validation).
        fold: whose turn it is, from 0.
        also: what is not on two sides either, such as the group where rows are divided by cell line; "": nothing.
    """

    by: str = "row"
    seed: int = 0
    validation: float = 0.1
    test: float = 0.1
    folds: int | None = None
    fold: int = 0
    also: str = ""

    def __post_init__(self) -> None:
        arguments.text("what a split is by", self.by)
        set_ = partial(object.__setattr__, self)  # numbers of numpy's are no JSON
        if isinstance(self.seed, int) and self.seed < 0:
            raise UsageError(f"the seed of a split must not be negative: {self.seed!r}")
        set_("seed", arguments.whole("the seed of a split", self.seed))
        set_("validation", arguments.real("the share of validation rows", self.validation))
        set_("test", arguments.real("the share of test rows", self.test))
        if not (0 < self.validation < 1 and 0 < self.test < 1 and self.validation + self.test < 1):
            raise UsageError(
                f"validation {self.validation!r} and test {self.test!r} must be above 0 and leave rows to train on"
            )
        set_("fold", arguments.whole("the fold of a split", self.fold, None))
        if self.folds is None:
            return
        set_("folds", arguments.whole("the folds of a split", self.folds, None))
        if self.folds < 2 or not 0 <= self.fold < self.folds:
            raise UsageError(f"there is no fold {self.fold + 1} of {self.folds}; there are 1 to N of at least 2")
        if self.by == GIVEN:
            raise UsageError("where the data names its test rows there are no folds")

    def of(self, dataset: Dataset) -> "Division":
        """Return what this means for a data set: "auto" becomes "given", the name of the group, or "row"."""
        if self.by != "auto":
            return self
        if dataset.names_test_rows and self.folds is None:
            return replace(self, by=GIVEN)
        return replace(self, by=dataset.group_name or "row")

    def with_group(self, group: str) -> "Division":
        """Return the division that keeps rows of one group together as well."""
        if self.by == "row":
            return replace(self, by=group)
        return self if self.by in ("auto", GIVEN, group) else replace(self, also=group)

    def __str__(self) -> str:
        by = "given test rows" if self.by == GIVEN else self.by
        together = f", with each {self.also} on one side" if self.also not in ("", self.by) else ""
        return f"{by}{together}" if self.folds is None else f"{by}{together}, fold {self.fold + 1} of {self.folds}"


def groups_of(dataset: Dataset, division: Division) -> np.ndarray:
    """Return the groups of each row that are on one side of a division, int64 (rows, groups a row).

    Where test rows are given, these are the groups that divide the other rows.

    Raises:
        DataError: the data knows no such grouping.
    """
    division = division.of(dataset)
    groups = dataset.groups((dataset.group_name or "row") if division.by == GIVEN else division.by)
    if division.also in ("", division.by):
        return groups
    others = dataset.groups(division.also)
    together = hanging_together(np.concatenate([groups, others + groups.max(initial=0) + 1], axis=1))
    count = len(np.unique(together))
    if count <= max(2, division.folds or 0):
        raise DataError(
            f"{dataset.rows:,} rows fall into {count} group(s) that share no {division.by} and no {division.also}, too "
            f"few for a split: split by {division.also!r} alone, or leave the group out"
        )
    return together


def split_rows(dataset: Dataset, division: Division, *, classes: bool = False, labels: Sequence[str] = ()) -> Split:
    """Divide the rows of `dataset`.

    A row with several entities of one kind (both drugs of a pair) is tested on if one of them is a test entity, and
    else validated on if one of them is a validation entity: what trains has met none of either.

    Args:
        classes: the target holds classes, which keep their shares in each part as far as groups allow it.
        labels: of the classes, for messages.

    Raises:
        DataError: the data knows no such grouping, or has too few groups to fill all three parts, or a class has.
    """
    division = division.of(dataset)
    groups = groups_of(dataset, division)
    if division.by == GIVEN:
        split = _given(dataset, groups, division, classes=classes, labels=labels)
    else:
        every = np.arange(dataset.rows)
        shares = (division.test, division.validation)
        part = _divided(dataset, every, groups, division, shares, classes=classes, labels=labels)
        split = Split(*(np.flatnonzero(part == number) for number in (2, 1, 0)))
    if classes and division.by != GIVEN:  # who names test rows may test on what training does not show
        _check_classes(dataset, split, groups, division, labels)
    return split


def inner_folds(
    dataset: Dataset, rows: np.ndarray, division: Division, folds: int, seed: int, *, classes: bool = False
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return, for each of so many parts of `rows`, the rows to learn from and those of the part, both ascending.

    Args:
        division: what keeps rows together, as where they were split; its seed and shares mean nothing here.
        classes: the target holds classes, which keep their shares in each part as far as groups allow it.

    Raises:
        DataError: there are fewer groups than parts, or a part would leave one class to learn from.
    """
    groups = groups_of(dataset, division)[rows]
    target = dataset.target[rows]
    labels, member = np.unique(groups, return_inverse=True)
    member = member.reshape(groups.shape)
    if len(labels) < folds:
        raise DataError(f"{len(labels)} group(s) cannot make {folds} parts; take fewer, or split by something finer")

    def dealt(*draw: int, of_class: bool = False) -> np.ndarray:
        """Return which rows each part holds, (folds, rows): those of several groups stand in several parts."""
        order = rng_for(seed, Use.SUBSET, folds, *draw).permutation(len(labels))
        if of_class:  # class after class
            first = np.unique(member, return_index=True)[1]  # row of each group
            order = order[np.argsort(target[first[order]], kind="stable")]
        part = np.empty(len(labels), dtype=np.int64)
        part[order] = np.arange(len(labels)) % folds
        found: np.ndarray = (part[member] == np.arange(folds)[:, None, None]).any(axis=2)
        return found

    held = dealt(of_class=classes and _of_one_class(groups, target, division))
    if classes and not _of_one_class(groups, target, division):
        held = balanced((partial(dealt, *draw) for draw in DRAWS), target)
    if not all(0 < here.sum() < len(rows) for here in held):
        raise DataError(f"{len(rows)} rows cannot make {folds} parts; take fewer, or split by something finer")
    if classes and any(len(np.unique(target[~here])) < 2 for here in held):
        raise DataError(
            f"one of {folds} parts would leave rows of one class only to learn from; take fewer, or split by "
            "something finer"
        )
    return [(rows[~here], rows[here]) for here in held]


def _of_one_class(groups: np.ndarray, target: np.ndarray, division: Division) -> bool:
    """Return whether groups can be dealt out class after class; rows that are alike count as of the first one's."""
    single = division.by == "row" and groups.shape[1] == 1 and not division.also
    return single or are_of_one_class(groups, target)


def _divided(
    dataset: Dataset,
    rows: np.ndarray,
    groups: np.ndarray,
    division: Division,
    shares: Sequence[float],
    *,
    classes: bool,
    labels: Sequence[str],
) -> np.ndarray:
    """Return the part of each of `rows`: the number of its share, or `len(shares)` for training.

    Shape: rows (rows,); groups (rows, groups a row), of these.
    """

    def drawn(*stream: int, of: np.ndarray | slice = slice(None)) -> np.ndarray:
        rng = rng_for(division.seed, Use.SPLIT, *stream)
        return cut(groups[of], shares, rng, division.folds, division.fold)

    if not classes:
        return drawn(0)
    target = dataset.target[rows]
    if not _of_one_class(groups, target, division):

        def dealt(*draw: int) -> np.ndarray:
            part = drawn(0, *draw)
            return np.stack([part == number for number in range(len(shares) + 1)])

        held = balanced((partial(dealt, *draw) for draw in DRAWS), target, train=len(shares))
        return np.asarray(held.argmax(axis=0))
    _, first, member = np.unique(groups, return_index=True, return_inverse=True)
    of_group = target[first[member.reshape(-1)]]
    least = len(shares) + 1 if division.folds is None else division.folds + 1
    part = np.full(len(rows), len(shares))
    for number in np.unique(target).tolist():
        here = np.flatnonzero(of_group == number)
        different = len(np.unique(groups[here]))
        if different >= least:
            part[here] = drawn(number, of=here)
        elif division.by != GIVEN:  # there, its rows are for training
            rows_of_class = int((target == number).sum())
            others = np.unique(target, return_counts=True)[1]
            leaves_two = int((others > rows_of_class).sum()) > 1
            raise _rare(_label(labels, number), different, least, rows_of_class if leaves_two else None, division)
    if len(np.unique(part)) <= len(shares):
        raise too_few(len(rows), len(first))
    return part


def _given(dataset: Dataset, groups: np.ndarray, division: Division, *, classes: bool, labels: Sequence[str]) -> Split:
    """Test on the rows the data names, and validate on those it names or on some of the others."""
    if dataset.given is None or not 0 < int((dataset.given == TEST).sum()) < dataset.rows - 1:
        raise DataError("the data names no test rows (or nothing else); split by row")
    test, validation = (np.flatnonzero(dataset.given == part) for part in (TEST, VALIDATION))
    rest = np.flatnonzero((dataset.given != TEST) & (dataset.given != VALIDATION))
    if not len(rest):
        raise DataError("the data names test and validation rows and leaves none to train on; name fewer")
    if len(validation):
        return Split(rest, validation, test)
    shares = (division.validation,)
    part = _divided(dataset, rest, groups[rest], division, shares, classes=classes, labels=labels)
    return Split(rest[part == 1], rest[part == 0], test)


def _label(labels: Sequence[str], number: int) -> str:
    return repr(labels[number] if labels else number)


def _rare(label: str, groups: int, least: int, rows: int | None, division: Division) -> DataError:
    """Return what to say of a class that cannot be in every part."""
    of = f"{groups} row(s), not counting repeats" if division.by == "row" else f"rows of {groups} {division.by}(s) only"
    return DataError(f"class {label} has {of}; this split needs {least} of each class: {_way_out(rows)}")


def _way_out(rows: int | None) -> str:
    """Return what to do about a class of so few rows; None: without it, fewer than two classes would be left."""
    if rows is None:
        return "split by something else, or bring more data"
    most = rows + 1
    return (
        f"leave the class out (--min-class {most}, or min_class={most}, leaves out all classes of fewer than {most} "
        "rows), split by something else, or bring more data"
    )


def _check_classes(
    dataset: Dataset, split: Split, groups: np.ndarray, division: Division, labels: Sequence[str]
) -> None:
    """Raise DataError if a class has no training row."""
    for number in np.setdiff1d(dataset.target, dataset.target[split.train]).tolist():
        rows = np.flatnonzero(dataset.target == number)
        of = f" of {len(np.unique(groups[rows]))} {division.by}(s)" if division.by != "row" else ""
        raise DataError(
            f"class {_label(labels, number)} has {len(rows)} row(s){of}, and none is a training row: "
            f"{_way_out(len(rows))}"
        )
