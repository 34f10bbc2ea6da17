"""Standard scaling that has seen training rows only."""

from dataclasses import dataclass

import numpy as np

__all__ = ["Standard", "fit_standard"]

#: scaled features stay within so many standard deviations: a descriptor of a drug unlike all training drugs must not
#: drown the others
CLIP = 10.0


@dataclass(frozen=True, slots=True, eq=False)
class Standard:
    """Mean and scale of each feature, float64 (*shape).

    A feature that is constant in training, or missing there throughout, teaches nothing: it has mean NaN and becomes 0
    everywhere, lest a network pass its raw value on through weights that never moved. One that is only ever 0 or 1 in
    training (a bit of a fingerprint) has mean 0 and scale 1: it stays as it is.
    """

    mean: np.ndarray
    scale: np.ndarray

    def apply(self, features: np.ndarray) -> np.ndarray:
        """Return features at mean 0 and variance 1, missing ones 0, within +-10, float32 (entities, *shape)."""
        scaled = (features - self.mean) / self.scale
        clipped: np.ndarray = np.clip(np.nan_to_num(scaled, nan=0.0), -CLIP, CLIP).astype(np.float32)
        return clipped


def fit_standard(features: np.ndarray, counts: np.ndarray, *, common: bool = False) -> Standard:
    """Return the scaling that `counts[i]` training rows with the features of entity i ask for.

    The result is that of the expanded matrix, without expanding it.

    Args:
        common: features have one unit, such as genes in logarithms of expression: each has its mean, all have one
            scale, so that those that vary little stay small.

    Shape: features (entities, *shape), NaN where missing; counts (entities,).
    """
    weights = counts.reshape(-1, *[1] * (features.ndim - 1)) * ~np.isnan(features)
    values = np.nan_to_num(features.astype(np.float64), nan=0.0)
    seen = weights.sum(axis=0)
    total = np.maximum(seen, 1)
    mean = (weights * values).sum(axis=0) / total
    variance = (weights * (values - mean) ** 2).sum(axis=0) / total
    deviation = np.sqrt(variance)
    constant = deviation <= 1e-8 * np.abs(mean)  # relative: concentrations in mol/l vary by 1e-9
    bits = ((values == 0) | (values == 1) | (weights == 0)).all(axis=0)
    mean, deviation = np.where(bits, 0.0, mean), np.where(bits, 1.0, deviation)
    if common and not (constant | bits).all():
        deviation = np.where(bits, deviation, np.sqrt((deviation[~constant & ~bits] ** 2).mean()))
    return Standard(np.where(constant, np.nan, mean), np.where(constant, 1.0, deviation))
