"""Standard scaling that has seen training rows only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from cellwright.data.dataset import Dataset, Table
from cellwright.data.intensities import LARGEST_LOGARITHM

__all__ = ["Standard", "fit_standard", "have_other_units", "moments", "scale"]

#: scaled features stay within so many standard deviations: a descriptor of a drug unlike all training drugs must not
#: drown the others
CLIP = 10.0
_AT_ONCE = 4096
_FEWEST = 10  # features that show what is usual
_USUAL = 0.8  # share of the features: those beyond may have another unit
_TIMES = 20.0  # the usual deviation
_FEW = 1 / 3  # share of the features of another unit at most, for a stricter look
_FEW_TIMES = 5.0  # the median deviation, in that look
_WIDTHS = 2.0  # of the range of the usual values


@dataclass(frozen=True, slots=True, eq=False)
class Standard:
    """Mean and scale of each feature, float64 (*shape).

    A feature that is constant in training, or missing there throughout, teaches nothing: it has mean NaN and becomes 0
    everywhere, lest a network pass its raw value on through weights that never moved. One that is only ever 0 or 1 in
    training (a bit of a fingerprint) has mean 0 and scale 1: it stays as it is.

    Attributes:
        fill: what a missing one becomes, scaled: the mean of the training rows.
    """

    mean: np.ndarray
    scale: np.ndarray
    fill: np.ndarray

    def apply(self, features: np.ndarray) -> np.ndarray:
        """Return features at mean 0 and variance 1, missing ones the mean, within +-10, float32 (entities, *shape)."""
        result = np.empty(features.shape, np.float32)
        for block in _blocks(features.shape[1]):
            scaled = (features[:, block] - self.mean[block]) / self.scale[block]
            result[:, block] = np.clip(np.where(np.isnan(scaled), self.fill[block], scaled), -CLIP, CLIP)
        return result


def fit_standard(features: np.ndarray, counts: np.ndarray, *, common: bool = False) -> Standard:
    """Return the scaling that `counts[i]` training rows with the features of entity i ask for.

    The result is that of the expanded matrix, without expanding it.

    Args:
        common: features have one unit, such as genes in logarithms of expression: each has its mean, all have one
            scale, so that those that vary little stay small. A few of another unit (`have_other_units`) take no part,
            and have scales of their own.

    Shape: features (entities, *shape), NaN where missing; counts (entities,).
    """
    mean, deviation, bits = moments(features, counts)
    constant = deviation <= 1e-8 * np.abs(mean)  # relative: concentrations in mol/l vary by 1e-9
    bits &= ~constant
    one_unit = ~constant & ~bits
    if common and one_unit.any():
        one_unit[one_unit] = ~have_other_units(mean[one_unit], deviation[one_unit])
    if common and one_unit.any():
        deviation = np.where(one_unit, np.sqrt((deviation[one_unit] ** 2).mean()), deviation)
    fill = np.where(bits, mean, 0.0)
    mean, deviation = np.where(bits, 0.0, mean), np.where(bits, 1.0, deviation)
    return Standard(np.where(constant, np.nan, mean), np.where(constant, 1.0, deviation), fill)


def moments(features: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return mean and deviation of the features, and which of them are 0 or 1 wherever they are read."""
    parts = [_moments(features[:, block], counts) for block in _blocks(features.shape[1])]
    mean, deviation, bits = (np.concatenate(part) for part in zip(*parts, strict=True))
    return mean, deviation, bits


def have_other_units(mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """Return which features have another unit than most, such as an age or days of survival among genes.

    They reach what logarithms of expression never do, and vary far more than most or lie far beyond them.

    Shape: mean, deviation and result (*shape).
    """
    large: np.ndarray = np.abs(mean) + 2 * deviation > LARGEST_LOGARITHM
    if mean.size < _FEWEST:  # clinical measurements rather than genes, where one is so large
        return np.full(mean.shape, bool(large.any()) and bool(deviation.max() > _FEW_TIMES * np.median(deviation)))
    strict: np.ndarray = large & (deviation > _FEW_TIMES * np.median(deviation))
    if 0 < strict.mean() <= _FEW:
        either: np.ndarray = strict | (large & _lie_beyond(mean, deviation))
        return either
    usual = np.sqrt((deviation[deviation <= np.quantile(deviation, _USUAL)] ** 2).mean())
    result: np.ndarray = large & (_lie_beyond(mean, deviation) | (deviation > _TIMES * usual))
    return result


def _lie_beyond(mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """Return which features lie far from the range of most."""
    least, most = np.quantile(mean - 2 * deviation, 1 - _USUAL), np.quantile(mean + 2 * deviation, _USUAL)
    beyond: np.ndarray = np.maximum(least - mean, mean - most) > _WIDTHS * (most - least)
    return beyond


def scale(dataset: Dataset, train: np.ndarray, keep: Mapping[str, int], commensurable: Sequence[str]) -> Dataset:
    """Return the data with features chosen and scaled by what training rows read.

    Inputs that share an array go on sharing one.

    Args:
        train: the training rows.
        keep: for some inputs, how many features: those of largest variance.
        commensurable: inputs whose features have one unit.
    """
    done: dict[int, np.ndarray] = {}
    tables: dict[str, Table] = {}
    for name, table in dataset.tables.items():
        if id(table.features) not in done:
            keys = [other.key for other in dataset.tables.values() if other.features is table.features]
            counts = _readers(dataset, keys, train, len(table.features))
            features = table.features
            if name in keep:
                features = features[:, _most_variable(features, counts > 0, keep[name])]
            done[id(table.features)] = fit_standard(features, counts, common=name in commensurable).apply(features)
        tables[name] = Table(done[id(table.features)], table.key)
    return replace(dataset, tables=tables)


def _moments(features: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    weights = counts.astype(np.float64).reshape(-1, *[1] * (features.ndim - 1)) * ~np.isnan(features)
    values = np.nan_to_num(features.astype(np.float64), nan=0.0)
    total = np.maximum(weights.sum(axis=0), 1)
    mean = (weights * values).sum(axis=0) / total
    bits = ((values == 0) | (values == 1) | (weights == 0)).all(axis=0)
    values -= mean
    values **= 2
    return mean, np.sqrt((weights * values).sum(axis=0) / total), bits


def _blocks(width: int) -> list[slice]:
    """Return stretches of so many features that few are in double precision at once."""
    return [slice(start, start + _AT_ONCE) for start in range(0, width, _AT_ONCE)]


def _readers(dataset: Dataset, keys: Sequence[str | None], rows: np.ndarray, entities: int) -> np.ndarray:
    """Return how often `rows` read each entity through `keys`, (entities,)."""
    read = [rows if key is None else dataset.index[key][rows] for key in keys]
    return np.bincount(np.concatenate(read), minlength=entities)


def _most_variable(features: np.ndarray, seen: np.ndarray, count: int) -> np.ndarray:
    """Return the columns of largest variance over the entities `seen`, in their order; what is missing counts as 0."""
    values = features[seen].astype(np.float64)
    spread = np.nan_to_num(values - np.nan_to_num(values).mean(axis=0)).var(axis=0)
    return np.sort(np.argsort(-spread, kind="stable")[:count])
