"""How rows were divided, in words."""

from collections.abc import Sequence

import numpy as np

from cellwright.data.dataset import GIVEN, VALIDATION, Dataset
from cellwright.data.splits import Division, Split, groups_of

__all__ = ["split_notes"]


def split_notes(
    dataset: Dataset, division: Division, split: Split, classes: Sequence[str] | None = None
) -> tuple[str, ...]:
    """Return by what the rows were divided, how many groups and rows each part has, and what stands on both sides.

    Args:
        classes: names of the classes that the target holds, if it holds classes: those without training rows are named.
    """
    parts = (split.train, split.validation, split.test)
    groups = groups_of(dataset, division)
    by_group = dataset.group_name if division.by == GIVEN else division.by
    if division.by == GIVEN and (np.asarray(dataset.given) == VALIDATION).any():
        by_group = ""  # nothing was left to divide
    counts = ""
    if by_group not in ("", "row"):
        new: list[int] = []
        seen = np.array([], np.int64)
        for rows in parts[: 2 if division.by == GIVEN else 3]:
            new.append(len(np.setdiff1d(groups[rows], seen)))
            seen = np.union1d(seen, groups[rows])
        named = (f"{count:,} {part}" for count, part in zip(new, ("training", "validation", "test"), strict=False))
        others = f"; the others by {by_group}" if division.by == GIVEN else ""
        counts = f"{others} ({len(seen):,} groups: {', '.join(named)})"
    train, validation, test = (f"{len(rows):,}" for rows in parts)
    notes = [f"split by {division}{counts}; {train} training, {validation} validation and {test} test rows"]
    sides = np.zeros(dataset.rows, np.int64)
    sides[split.validation], sides[split.test] = 1, 2
    if dataset.group is not None:
        torn, every = _on_several_sides(np.asarray(dataset.group), sides)
        if torn:
            which = "given split" if division.by == GIVEN else "split"
            notes.append(
                f"{torn:,} of {every:,} values of {dataset.group_name!r} have rows on both sides of the {which}"
            )
    if dataset.alike is not None:
        torn, _ = _on_several_sides(np.asarray(dataset.alike), sides)
        if torn:
            notes.append(f"{torn:,} sets of rows with equal inputs have rows on both sides of the split")
    if classes is not None:
        for number in np.setdiff1d(dataset.target, dataset.target[split.train]).tolist():
            name = classes[number] if number < len(classes) else str(number)
            count = int((dataset.target == number).sum())
            notes.append(
                f"class {name!r} has no training row, so that no network can tell it: its {count:,} row(s) count as "
                "errors"
            )
    if dataset.names_test_rows and division.by != GIVEN:
        notes.append(f"the test rows that the data names are not used as such: rows are split by {division}")
    return tuple(notes)


def _on_several_sides(groups: np.ndarray, sides: np.ndarray) -> tuple[int, int]:
    """Return how many groups have rows on several sides, and how many there are."""
    held = np.unique(np.stack([groups, sides], axis=1), axis=0)
    times = np.unique(held[:, 0], return_counts=True)[1]
    return int((times > 1).sum()), len(times)
