"""How groups of rows become parts: by shares, in a drawn order, classes in proportion."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from cellwright.errors import DataError

__all__ = ["DRAWS", "are_of_one_class", "balanced", "cut", "hanging_together", "too_few"]

#: numbers of the draws among which `balanced` looks; the first is what rows without classes have
DRAWS: tuple[tuple[int, ...], ...] = ((), *((number,) for number in range(1, 20)))
_BALANCED = 0.02  # share of the rows that may be of the wrong class for a part


def too_few(rows: int, groups: int) -> DataError:
    return DataError(
        f"{rows} rows in {groups} group(s) cannot fill training, validation and test; "
        "split by something finer, or bring more data"
    )


def hanging_together(columns: np.ndarray) -> np.ndarray:
    """Return a number for each row, (rows, 1), the same for rows that share a group, directly or through others.

    Shape: columns (rows, groups a row), of which no two groups bear one number.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    labels, member = np.unique(columns, return_inverse=True)
    member = member.reshape(columns.shape)
    first, others = np.repeat(member[:, 0], columns.shape[1] - 1), member[:, 1:].ravel()
    edges = coo_array((np.ones(len(first), np.int8), (first, others)), shape=(len(labels), len(labels)))
    return np.asarray(connected_components(edges, directed=False)[1][member[:, :1]], np.int64)


def cut(
    groups: np.ndarray, shares: Sequence[float], rng: np.random.Generator, folds: int | None = None, fold: int = 0
) -> np.ndarray:
    """Return the part of each row, (rows,): the number of its share, or of none of them: `len(shares)`.

    As many groups as stay within a share, at least one. A row of several groups is in the first part of one of them.

    Args:
        folds: in place of the first share, so many parts of equal size take turns.
        fold: whose turn it is.

    Shape: groups (rows, groups a row).

    Raises:
        DataError: there are too few groups.
    """
    labels, member = np.unique(groups, return_inverse=True)
    member, count = member.reshape(groups.shape), len(labels)
    if count <= max(len(shares), folds or 0):
        raise too_few(len(groups), count)
    sizes = np.bincount(member.ravel(), minlength=count)
    order = rng.permutation(count)
    turn = None
    if folds is None:
        # huge groups are for training, the largest first, unless there is nothing else
        huge = sizes > sum(shares) * sizes.sum()
        order = order[np.argsort(np.where(huge, sizes, 0)[order], kind="stable")]
    else:
        before = np.cumsum(sizes[order]) - sizes[order]
        turn = (before * folds // sizes.sum() - fold) % folds  # 0: tests now
        order = order[np.argsort(turn, kind="stable")]
        shares = (1 / folds, *shares[1:])
    place = np.empty(count, dtype=np.int64)
    place[order] = np.arange(count)
    first = place[member].min(axis=1)  # (rows,): the place of each row's earliest group
    reached = np.cumsum(np.bincount(first, minlength=count)) / len(groups)
    ends: list[int] = []
    for number in range(len(shares)):
        end = int(np.searchsorted(reached, sum(shares[: number + 1]), side="right"))
        # a part always gets a group, and training keeps at least one
        end = min(max(end, (ends[-1] if ends else 0) + 1), count - len(shares) + number)
        ends.append(int((turn == 0).sum()) if turn is not None and not number else end)
    part: np.ndarray = np.searchsorted(ends, first, side="right")
    if len(np.unique(part)) <= len(shares):
        raise too_few(len(groups), count)
    return part


def are_of_one_class(groups: np.ndarray, target: np.ndarray) -> bool:
    """Return whether every row is of one group, and every group of one class."""
    if groups.shape[1] > 1:
        return False
    return len(np.unique(groups)) == len(np.unique(np.column_stack([groups, target]), axis=0))


def balanced(draws: Iterable[Callable[[], np.ndarray]], target: np.ndarray, train: int | None = None) -> np.ndarray:
    """Return the first draw of parts that gives every part the classes in proportion, or the one that comes nearest.

    Every class in training, and two classes in every part, come before proportions.

    Args:
        draws: each returns which rows are in which part, bool (parts, rows).
        train: the part that trains; None: each part is held out in its turn, and the others train.

    Raises:
        DataError: no draw fills all parts.
    """
    best: tuple[tuple[int, float], np.ndarray] | None = None
    failure = DataError("no draw")
    for draw in draws:
        try:
            parts = draw()
        except DataError as error:
            failure = error
            continue
        lack = _lack(parts, target, train)
        if best is None or lack < best[0]:
            best = lack, parts
        if best[0] <= (0, _BALANCED):
            break
    if best is None:
        raise failure
    return best[1]


def _lack(parts: np.ndarray, target: np.ndarray, train: int | None) -> tuple[int, float]:
    """Return how many classes are missing where they are needed, and the share of rows of the wrong class."""
    table = np.stack([np.bincount(target[rows], minlength=int(target.max()) + 1) for rows in parts])  # (parts, classes)
    every = table.sum(axis=0)
    trained = every - table if train is None else table[[train]]
    missing = int(((trained == 0) & (every > 0)).sum())
    if train is not None:
        missing += int(((table > 0).sum(axis=1) < 2).sum())
    expected = table.sum(axis=1, keepdims=True) * every / every.sum()
    return missing, float(np.abs(table - expected).sum() / 2 / every.sum())
