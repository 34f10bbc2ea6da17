"""Which rows train, which choose, which judge."""

from dataclasses import dataclass

import numpy as np

from cellwright.errors import DataError, UsageError
from cellwright.seeds import Use, rng_for

__all__ = ["Split", "split_rows"]


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


def split_rows(
    groups: np.ndarray, *, seed: int, validation: float = 0.1, test: float = 0.1, classes: np.ndarray | None = None
) -> Split:
    """Split rows so that those of one group stay together.

    Args:
        groups: the group of each row, integers (rows,).
        seed: decides which groups go where.
        validation: share of the rows to validate on; as many groups as stay within it, at least one.
        test: share of the rows to test on, likewise.
        classes: class of each row; each class is then split for itself (only where every row is its own group).

    Raises:
        UsageError: the shares leave nothing to train on.
        DataError: too few groups to fill all three parts.
    """
    if not (0 < validation < 1 and 0 < test < 1 and validation + test < 1):
        raise UsageError(f"validation {validation!r} and test {test!r} must be above 0 and leave rows to train on")
    if classes is not None:
        parts = [
            _parts(groups[classes == label], np.flatnonzero(classes == label), (seed, number), validation, test)
            for number, label in enumerate(np.unique(classes))
        ]
        train, valid, judged = (np.sort(np.concatenate(part)) for part in zip(*parts, strict=True))
        return Split(train, valid, judged)
    return Split(*_parts(groups, np.arange(len(groups)), (seed, 0), validation, test))


def _parts(
    groups: np.ndarray, rows: np.ndarray, seed: tuple[int, int], validation: float, test: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    labels, member, counts = np.unique(groups, return_inverse=True, return_counts=True)
    if len(labels) < 3:
        raise DataError(
            f"{len(rows)} rows in {len(labels)} group(s) cannot fill training, validation and test; "
            "split by something finer, or bring more data"
        )
    order = rng_for(seed[0], Use.SPLIT, seed[1]).permutation(len(labels))
    reached = np.cumsum(counts[order]) / len(rows)
    # a part always gets a group, and training keeps at least one
    tested = min(max(1, int(np.searchsorted(reached, test, side="right"))), len(labels) - 2)
    valid = int(np.searchsorted(reached, test + validation, side="right"))
    valid = min(max(tested + 1, valid), len(labels) - 1)
    part = np.empty(len(labels), dtype=np.int64)
    part[order] = np.repeat([2, 1, 0], [tested, valid - tested, len(labels) - valid])
    of_row = part[member.reshape(-1)]
    return rows[of_row == 0], rows[of_row == 1], rows[of_row == 2]
