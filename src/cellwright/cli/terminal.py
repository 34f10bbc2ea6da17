"""What is shown, and how: JSON, tables, numbers in words."""

import json
import math
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console, RenderableType
from rich.table import Table

__all__ = [
    "brief",
    "count",
    "duration",
    "grid",
    "plural",
    "print_json",
    "score_text",
    "show",
    "stderr",
    "table",
    "times",
    "width",
]

_PIPED_WIDTH = 1000  # a file or another program gets whole lines
_LONGEST = 200  # characters of what a network is


def stderr() -> Console:
    """Return a console on what is stderr now."""
    return Console(file=sys.stderr, highlight=False, markup=False, emoji=False)


def show(*things: RenderableType) -> None:
    """Print to stdout."""
    piped = not sys.stdout.isatty()
    console = Console(
        file=sys.stdout, width=_PIPED_WIDTH if piped else None, highlight=False, markup=False, emoji=False
    )
    with console.capture() as text:
        for thing in things:
            console.print(thing)
    print("\n".join(line.rstrip() for line in text.get().split("\n")) if piped else text.get(), end="")


def width() -> int:
    """Return how many columns a table on stdout may take."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else _PIPED_WIDTH


def print_json(value: Any) -> None:
    """Print one JSON document; numbers that are not finite are null."""
    print(json.dumps(_finite(value), indent=2, allow_nan=False, ensure_ascii=False))


def table(*columns: str, right: Iterable[str] = (), shrink: str | None = None) -> Table:
    """Return an empty table.

    Args:
        right: columns of numbers.
        shrink: the column that gives way, with an ellipsis, where the terminal is narrow; others are never cut.
    """
    result = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True, header_style="bold")
    numbers = set(right)
    for column in columns:
        result.add_column(
            column,
            justify="right" if column in numbers else "left",
            no_wrap=True,
            overflow="ellipsis",
            min_width=None if column == shrink else len(column),
            ratio=1 if column == shrink and sys.stdout.isatty() else None,
        )
    result.expand = shrink is not None and sys.stdout.isatty()
    return result


def grid(rows: Mapping[str, str] | Sequence[tuple[str, str]]) -> Table:
    """Return names with what is said about them, wrapped beside them."""
    result = Table.grid(padding=(0, 2))
    result.add_column(style="bold", no_wrap=True)
    result.add_column(overflow="fold")
    for name, words in rows.items() if isinstance(rows, Mapping) else rows:
        result.add_row(name, words)
    return result


def brief(text: str) -> str:
    """Return a text that is cut where it would make a line endless in a file or another program."""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1].rstrip()}…"


def count(value: int | None) -> str:
    """Return a count with its thousands parted; very large ones by their power of ten."""
    if value is None:
        return "?"
    return f"{value:,}" if value < 10**15 else f"{float(value):.2e}" if value < 10**300 else f"10^{len(str(value)) - 1}"


def plural(number: int, noun: str) -> str:
    """Return `3 trials`, `1 trial`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def score_text(value: float | None) -> str:
    """Return a score as it stands in a table."""
    if value is None:
        return ""
    return f"{value:.4f}" if abs(value) < 1e4 else f"{value:.3e}"


def duration(seconds: float) -> str:
    """Return `8.4 s`, `42 s`, `1 min 23 s`, `2 h 5 min`."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    hours, minutes = whole // 3600, whole % 3600 // 60
    if hours:
        return f"{hours:,} h {minutes} min" if minutes else f"{hours:,} h"
    if minutes:
        return f"{minutes} min {whole % 60} s" if whole % 60 else f"{minutes} min"
    return f"{whole} s"


def times(ratio: float | None, less: str, more: str) -> str:
    """Return a ratio to be proud of, or not: `34x fewer`, `1.2x more`, `1.02x more`."""
    if ratio is None:
        return ""
    word, factor = (less, ratio) if ratio >= 1 else (more, 1 / ratio)
    return f"{factor:.{0 if factor >= 9.95 else 1 if factor >= 1.095 else 2}f}x {word}"


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {name: _finite(each) for name, each in value.items()}
    return [_finite(each) for each in value] if isinstance(value, list | tuple) else value
