"""Arguments as users give them: each is what it should be, or a message says what it is."""

import math
import os
from collections.abc import Callable, Mapping, Sequence
from numbers import Integral, Real
from pathlib import Path
from typing import Any

from cellwright.data.words import kind_of
from cellwright.errors import UsageError

__all__ = ["function", "mapping", "name", "path", "real", "text", "text_or_none", "texts", "truth", "whole"]

_LONGEST = 100  # characters of a name that becomes part of the names of files
_MOST_BYTES = 200
_BESIDE_LETTERS = " -_."


def text(argument: str, value: object) -> str:
    """Return a text.

    Raises:
        UsageError: it is none, or empty.
    """
    if not isinstance(value, str) or not value:
        raise UsageError(f"{argument} must be a text, not {kind_of(value)}")
    return value


def text_or_none(argument: str, value: object) -> str | None:
    """Return a text, or None.

    Raises:
        UsageError: it is something else.
    """
    return None if value is None else text(argument, value)


def texts(argument: str, value: object) -> tuple[str, ...]:
    """Return several texts, of which one alone may stand by itself.

    Raises:
        UsageError: it is something else.
    """
    several = [value] if isinstance(value, str) else value
    if not isinstance(several, Sequence) or not all(isinstance(one, str) and one for one in several):
        raise UsageError(f"{argument} must be a text, or a list of texts, not {kind_of(value)}")
    return tuple(several)


def truth(argument: str, value: object) -> bool:
    """Return True or False.

    Raises:
        UsageError: it is neither.
    """
    if str(value) not in ("True", "False") or isinstance(value, str):
        raise UsageError(f"{argument} must be True or False, not {kind_of(value)}")
    return bool(value)


def whole(argument: str, value: object, least: int | None = 0) -> int:
    """Return a whole number of at least `least`.

    Raises:
        UsageError: it is none.
    """
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise UsageError(f"{argument} must be a whole number, not {kind_of(value)}")
    if least is not None and int(value) < least:
        raise UsageError(f"{argument} must be at least {least}, not {int(value)}")
    return int(value)


def real(argument: str, value: object, above: float | None = None) -> float:
    """Return a number, finite and above `above` where that is given.

    Raises:
        UsageError: it is none.
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        raise UsageError(f"{argument} must be a number, not {kind_of(value)}")
    if above is not None and not above < float(value) < math.inf:
        raise UsageError(f"{argument} must be a finite number above {above:g}, not {float(value)!r}")
    return float(value)


def mapping(argument: str, value: object) -> dict[str, Any]:
    """Return a dictionary whose keys are texts; None is an empty one.

    Raises:
        UsageError: it is something else.
    """
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise UsageError(f"{argument} must be a dictionary of names and values, not {kind_of(value)}")
    return dict(value)


def function(argument: str, value: Any, takes: str) -> Callable[..., Any] | None:
    """Return what can be called, or None.

    Raises:
        UsageError: it cannot.
    """
    if value is not None and not callable(value):
        raise UsageError(f"{argument} must be a function of {takes}, or None, not {kind_of(value)}")
    return value  # type: ignore[no-any-return]  # callable, or None


def path(argument: str, value: object) -> Path:
    """Return the path of a file or folder.

    Raises:
        UsageError: it is none.
    """
    if not isinstance(value, str | os.PathLike) or not str(value) or "\0" in str(value):
        raise UsageError(f"{argument} must be the path of a file or folder, not {kind_of(value)}")
    return Path(value)


def name(argument: str, value: object) -> str:
    """Return a name that can be part of the name of a file or folder anywhere.

    Raises:
        UsageError: it cannot.
    """
    given = text(argument, value)
    if len(given) > _LONGEST or len(given.encode(errors="replace")) > _MOST_BYTES:
        raise UsageError(
            f"{argument} {given[:20]!r}... has {len(given)} characters; it can have {_LONGEST} ({_MOST_BYTES} bytes)"
        )
    wrong = [one for one in given if not (one.isprintable() and (_is_of_words(one) or one in _BESIDE_LETTERS))]
    if wrong:
        raise UsageError(
            f"{argument} {given!r} holds {wrong[0]!r}; it may hold letters, digits, spaces, '-', '_' and '.': "
            "it becomes part of the names of folders"
        )
    if given[0] in ". " or given[-1] in ". ":
        raise UsageError(f"{argument} {given!r} must not begin or end with a dot or a space")
    return given


def _is_of_words(one: str) -> bool:
    """Return whether a character is a letter, a mark on one, or a digit, of any script."""
    import unicodedata

    return unicodedata.category(one)[0] in "LMN"
