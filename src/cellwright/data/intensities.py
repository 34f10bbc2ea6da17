"""Raw values of expression: counts, TPM, FPKM and intensities are recognised, and become logarithms."""

import numpy as np

__all__ = ["LARGEST_LOGARITHM", "are_raw", "as_logarithms"]

#: of base 2: scanners and sequencers count to less than 2^32
LARGEST_LOGARITHM = 32.0

_FEWEST = 10  # columns that show a distribution
_SHARE = 1e-3  # of the columns that exceed it at least: one column may be something else, such as an age
_BODY = 1.0  # level below which log2(1 + x) bends little, so that logarithms look like raw values
_ALIKE = 0.6  # rank correlation of level and spread; of logarithms it is about 0
_LOWEST = 0.8  # share of the columns in which this is looked for: those above may have another unit
_SPAN = 0.6  # standard deviation of the columns' levels, in powers of 2
_NEGATIVE = 0.35  # share of the logarithms: some intensities are below their background
_CEILING = 0.1  # share of large columns that come near the largest value of all, on a scale that ends there
_PERCENT = 100.0
_MOST_LARGE = 0.5  # share of the columns that logarithms would not reach, above which a doubt is said


def are_raw(values: np.ndarray) -> bool:
    """Return whether values are raw expression, and no logarithms of it, scores, ratios or shares.

    Three things tell. Raw values exceed what logarithms reach. Their columns span orders of magnitude and vary in
    proportion to their level, as whatever is multiplied does, while logarithms vary alike at any level. And their scale
    has no end, as that of percentages, pixels and ranks has. A few columns of another unit change none of these.

    Shape: values (rows, columns), NaN where missing.
    """
    filled = ~np.isnan(values)
    rows = filled.sum(axis=0)
    used = rows > 0
    if used.sum() < _FEWEST or len(values) < 2:
        return False
    values, rows = values[:, used], rows[used]
    size = np.where(filled[:, used], np.abs(values), 0.0)
    whole, largest = _are_whole(values), size.max(axis=0)
    high = largest > LARGEST_LOGARITHM
    if high.sum() < max(3, _SHARE * len(high)) or _has_an_end(largest[high], whole=whole):
        return False
    logs = np.log2(1 + size)
    if logs[values < 0].sum() > _NEGATIVE * logs.sum():
        return False
    level, spread = size.sum(axis=0, dtype=np.float64) / rows, np.nanstd(values, axis=0, dtype=np.float64)
    body = level > (0 if whole else _BODY)
    if body.sum() < _FEWEST or (high.mean() < 0.5 and (body & ~high).sum() < 0.2 * high.sum()):
        return False  # nothing lies between the small and the large: they have different units
    span = np.log2(level[body]).std()
    body &= level <= np.quantile(level[body], _LOWEST)
    return bool(span > _SPAN and _rank_correlation(level[body], spread[body]) > _ALIKE)


def as_logarithms(values: np.ndarray, name: str, notes: list[str], *, within_samples: bool = False) -> np.ndarray:
    """Return raw expression as log2(1 + x), float32, and anything else as it is; a note says which.

    Values below zero keep their sign.

    Args:
        name: of the table, for the note.
        notes: receives it.
        within_samples: logarithms of a row then have mean 0 and variance 1, which takes the depth of sequencing and the
            brightness of an array off. Each row is seen alone, so nothing is learnt from test rows.

    Shape: values (rows, columns), NaN where missing.
    """
    if not are_raw(values):
        least, most = np.nanmin(values), np.nanmax(values)
        large = float(np.mean(np.nanmax(np.abs(values[:, ~np.isnan(values).all(axis=0)]), axis=0) > LARGEST_LOGARITHM))
        notes.append(
            f"{name}: the values, from {least:,.4g} to {most:,.4g}, are no raw counts or intensities by their "
            "distribution: they are used as they are"
            + ("; if they are raw after all, give their logarithms instead" if large > _MOST_LARGE else "")
        )
        return values
    kind = "counts (whole numbers" if _are_whole(values) else "raw intensities, TPM or FPKM (values"
    done = ("sign(x) log2(1 + |x|)" if (values < 0).any() else "log2(1 + x)") + (
        ", standardised within each sample" if within_samples else ""
    )
    notes.append(f"{name}: the values look like {kind} up to {np.nanmax(values):,.0f}): they become {done}")
    logs = np.sign(values) * np.log2(1 + np.abs(values))
    if within_samples:
        filled = ~np.isnan(logs)
        count = np.maximum(filled.sum(axis=1, keepdims=True), 1)
        logs = logs - np.where(filled, logs, 0).sum(axis=1, keepdims=True) / count
        deviation = np.sqrt(np.where(filled, logs**2, 0).sum(axis=1, keepdims=True) / count)
        logs = logs / np.maximum(deviation, 1e-6)
    result: np.ndarray = logs.astype(np.float32)
    return result


def _has_an_end(largest: np.ndarray, *, whole: bool) -> bool:
    """Return whether a scale ends, at 100 percent or at a largest value that many columns come near."""
    near = int((largest >= 0.9 * largest.max()).sum())
    percent = not whole and largest.max() <= _PERCENT
    return bool(percent or (near >= 3 and near > _CEILING * len(largest)))


def _are_whole(values: np.ndarray) -> bool:
    """Return whether values are whole numbers from 0, but for a few columns."""
    fits = np.isnan(values) | ((values >= 0) & (values == np.round(values)))
    return bool(fits.all(axis=0).mean() > 0.95)  # the rest may be an age in years and months


def _rank_correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Return Spearman's correlation."""
    import pandas as pd

    ranks = [pd.Series(part).rank().to_numpy() for part in (first, second)]
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])
