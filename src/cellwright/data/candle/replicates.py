"""Repeated measurements of the same, made one."""

import math
from collections.abc import Sequence

import numpy as np

__all__ = ["coded", "mean_of_equal"]


def coded(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the distinct values, ascending, and for each value which of them it is; NaN equals NaN."""
    import pandas as pd

    # by hashing, not np.unique's sorting: there are many millions of values, and few distinct
    codes, distinct = pd.factorize(values.ravel(), use_na_sentinel=False)
    order = np.argsort(distinct)
    place = np.empty(len(distinct), dtype=np.int32)
    place[order] = np.arange(len(distinct), dtype=np.int32)
    return distinct[order], place[codes].reshape(values.shape)


def mean_of_equal(codes: Sequence[np.ndarray], values: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
    """Return the distinct combinations of codes, in their order, and the mean of the values of each, float64.

    Shape: each of codes, and values, (rows,); each result (combinations,).
    """
    if not len(values):
        return list(codes), values.astype(np.float64)
    sizes = tuple(int(code.max()) + 1 for code in codes)
    assert math.prod(sizes) < 2**63
    key = np.ravel_multi_index(tuple(codes), sizes)
    order = np.argsort(key, kind="stable")
    key = key[order]
    starts = np.flatnonzero(np.concatenate(([True], key[1:] != key[:-1])))
    distinct, counts = key[starts], np.diff(np.append(starts, len(key)))
    del key  # there may be 28 million rows
    means = np.add.reduceat(values[order], starts, dtype=np.float64) / counts
    return list(np.unravel_index(distinct, sizes)), means
