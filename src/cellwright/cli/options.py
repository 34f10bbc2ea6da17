"""The options that several commands share, and what their words mean."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from cellwright.errors import UsageError

__all__ = ["Evaluations", "Folder", "Json", "Minutes", "named", "number", "number_or_none", "positive", "whole"]

WHEN = "When it ends"


def positive(value: float | None) -> float | None:
    """Let finite numbers above 0 pass."""
    if value is not None and not 0 < value < math.inf:
        raise typer.BadParameter(f"{value:g} is not a number above 0.")
    return value


def whole(option: str, text: str) -> int:
    """Return the whole number above 0 that `text` says; 1,000 and 1_000 will do.

    Raises:
        UsageError: it says none.
    """
    digits = text.replace(",", "").replace("_", "")
    if not digits.isdecimal() or int(digits) < 1:
        raise UsageError(f"{option} must be a whole number above 0, not {text!r}")
    return int(digits)


def named(option: str, texts: Sequence[str], form: str) -> dict[str, str]:
    """Return what texts of a form such as ROLE=NAME say.

    Raises:
        UsageError: one has another form, or one name is given twice.
    """
    said: dict[str, str] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not (name and sign and value):
            raise UsageError(f"{option} takes {form}; not {text!r}")
        if name in said:
            raise UsageError(f"{option} {name} is given twice, as {said[name]!r} and {value!r}; give it once")
        said[name] = value
    return said


def number(option: str, text: str, other: str = "") -> float:
    """Return the finite number above 0 that `text` says.

    Args:
        other: what else might be said, for the message.

    Raises:
        UsageError: it says none.
    """
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise UsageError(f"{option} must be a number above 0{other}; not {text!r}")
    return value


def number_or_none(option: str, text: str) -> float | None:
    """Return the finite number above 0 that `text` says, or None for "none".

    Raises:
        UsageError: it says neither.
    """
    return None if text == "none" else number(option, text, ", or none")


Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="A run folder.", show_default=False)]
Evaluations = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", help="Stop after training N networks.", show_default=False, rich_help_panel=WHEN),
]
Minutes = Annotated[
    float | None,
    typer.Option(
        callback=positive, metavar="M", help="Stop after M minutes.", show_default=False, rich_help_panel=WHEN
    ),
]
