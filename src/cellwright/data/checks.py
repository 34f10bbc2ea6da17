"""Whether something can be learnt from a data set as it came, and as it is split."""

from hashlib import sha256

import numpy as np

from cellwright.data.dataset import Dataset, Table
from cellwright.data.splits import Split
from cellwright.data.words import few
from cellwright.errors import DataError

__all__ = ["check_parts", "check_values", "digest"]


def digest(dataset: Dataset, words: str) -> str:
    """Return what changes when the data or the words do."""
    found = sha256(f"{words}{dataset.group_name!r}".encode())
    arrays = [*(table.features for table in dataset.tables.values()), *dataset.index.values(), dataset.target]
    for array in (*arrays, dataset.given, dataset.group):
        if array is None:
            found.update(b"none")
            continue
        found.update(repr(array.shape).encode())
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()[:12]


def check_values(dataset: Dataset, name: str, *, classes: bool) -> None:
    """Raise DataError where target or inputs hold what cannot be used, or all rows read the same.

    Args:
        name: of the target.
        classes: the target holds classes.
    """
    if not classes:
        bad = np.flatnonzero(~np.isfinite(dataset.target))
        if len(bad):
            raise DataError(f"target {name!r} is not a finite number in {len(bad)} rows, the first is row {bad[0]}")
    for table_name, table in dataset.tables.items():
        if np.isinf(table.features).any():
            raise DataError(f"input {table_name!r} holds infinite values; give NaN for what is missing")
    if all(_is_constant(dataset, table) for table in dataset.tables.values()):
        one = len(dataset.tables) == 1
        raise DataError(
            f"input{'' if one else 's'} {few(dataset.tables)} {'is' if one else 'are'} constant over all rows; nothing "
            "can be learnt from that"
        )


def _is_constant(dataset: Dataset, table: Table) -> bool:
    """Return whether all rows read the same."""
    if table.key is not None:
        entities = np.unique(dataset.index[table.key])
        return len(entities) == 1 or _is_one(table.features[entities])
    return _is_one(table.features)


def _is_one(features: np.ndarray) -> bool:
    first = features[:1]
    same = features[1:2] == first  # most inputs differ in their second row already
    if not (same | np.isnan(first)).all():
        return False
    return bool(((features == first) | (np.isnan(features) & np.isnan(first))).all())


def check_parts(target: np.ndarray, split: Split, name: str, *, classes: bool) -> None:
    """Raise DataError where a part has one row, or one value of the target.

    Args:
        name: of the target.
        classes: the target holds classes.
    """
    for part, rows in (("training", split.train), ("validation", split.validation), ("test", split.test)):
        if len(rows) < 2:
            raise DataError(
                f"there is 1 {part} row only, and 2 are needed; bring more data, or split by something finer"
            )
        if len(np.unique(target[rows])) < 2:
            what = "class" if classes else "value"
            raise DataError(f"target {name!r} has one {what} only in the {part} rows; nothing can be learnt from them")
