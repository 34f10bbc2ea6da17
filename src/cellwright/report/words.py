"""Numbers, names and options in words."""

import math

from cellwright.space import Shape

__all__ = [
    "COST_NAMES",
    "NOTHING",
    "amount",
    "brief",
    "count",
    "duration",
    "entity",
    "fewer",
    "metric_name",
    "percent",
    "score",
    "shape_in_words",
    "share_of",
    "spread",
]

NOTHING = "\N{EN DASH}"
_TIMES = "\N{MULTIPLICATION SIGN}"
_METRICS = {
    "r2": "R²",
    "rmse": "RMSE",
    "mae": "MAE",
    "pearson": "Pearson r",
    "auc": "AUC",
    "balanced_accuracy": "balanced accuracy",
}


#: what a network costs, with its unit
COST_NAMES = {
    "parameters": "parameters",
    "flops": "FLOPs per row",
    "seconds": "seconds of training",
    "microseconds": "microseconds per predicted row",
}


def metric_name(metric: str) -> str:
    """Return a metric as one writes it: R², AUC, balanced accuracy."""
    return _METRICS.get(metric, metric.replace("_", " "))


def entity(kind: str) -> str:
    """Return what a group of rows has in common, as the field says it."""
    return "cell line" if kind == "cell" else kind


def count(number: float | None) -> str:
    """Return a whole number with thousands set apart."""
    return NOTHING if number is None else f"{number:,.0f}"


def score(value: float | None, decimals: int = 3) -> str:
    """Return a score with `decimals`, fewer where it is large."""
    if value is None or not math.isfinite(value):
        return NOTHING
    whole = len(str(int(abs(value))))
    text = f"{value:.2e}" if abs(value) >= 1e7 else f"{value:,.{max(0, min(decimals, 5 - whole))}f}"
    return text.replace("-", "\N{MINUS SIGN}", 1) if value < 0 else text


def spread(mean: float | None, deviation: float | None) -> str:
    """Return `0.842 ± 0.002`, with as many decimals as the deviation is worth."""
    if mean is None or not math.isfinite(mean):
        return NOTHING
    if deviation is None or not math.isfinite(deviation):
        return score(mean)
    decimals = max(3, min(4, math.ceil(-math.log10(deviation)))) if deviation > 0 else 3
    return f"{score(mean, decimals)}\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}{score(deviation, decimals)}"


def percent(share: float | None) -> str:
    """Return a share of 1 as a percentage."""
    if share is None or not math.isfinite(share):
        return NOTHING
    return f"{100 * share:.{1 if 0.0005 <= share < 0.0995 else 0}f}%"


def duration(seconds: float | None) -> str:
    """Return a time in the unit that suits it."""
    if seconds is None or not math.isfinite(seconds):
        return NOTHING
    if seconds < 0.01:
        return "under 0.01 s"
    if seconds < 120:
        return f"{seconds:.{2 if seconds < 1 else 1 if seconds < 10 else 0}f} s"
    if seconds < 7200:
        return f"{seconds / 60:.{1 if seconds < 600 else 0}f} min"
    return f"{seconds / 3600:.1f} h"


def fewer(ratio: float | None, less: str, more: str) -> str:
    """Return how many times less one has, in the words given: 34 times fewer, 1.5 times more."""
    if ratio is None or not math.isfinite(ratio) or ratio <= 0:
        return NOTHING
    times, word = (ratio, less) if ratio >= 1 else (1 / ratio, more)
    figure = f"{times:,.{0 if times >= 10 else 1}f}"
    return f"1.0{_TIMES}" if figure == "1.0" else f"{figure}{_TIMES} {word}"


def shape_in_words(shape: Shape) -> str:
    """Return a shape: its widths with thousands set apart."""
    return f" {_TIMES} ".join(f"{width:,}" for width in shape)


def share_of(ratio: float | None) -> str:
    """Return a network's size beside the hand-designed one's, `ratio` times as large; empty where unknown."""
    if ratio is None or not math.isfinite(ratio) or ratio <= 0:
        return ""
    if ratio >= 1.95:
        return f"1/{ratio:,.0f} of the hand-designed network's"
    if ratio > 0.5:
        return f"{100 / ratio:.0f}% of the hand-designed network's"
    return f"{1 / ratio:.1f} times the hand-designed network's"


def amount(number: int, one: str, many: str = "") -> str:
    """Return `1 trial`, `2,000 trials`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def brief(text: str, most: int = 30) -> str:
    """Return a text cut to `most` characters."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
