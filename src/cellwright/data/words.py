"""What users gave, in words."""

from collections.abc import Iterable

__all__ = ["counted", "few", "is_name", "kind_of"]


def counted(number: int, word: str) -> str:
    """Return a number of things in words: "1 row", "2,000 rows"."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def few(names: "Iterable[object]", most: int = 4) -> str:
    """Return the first names in words, and how many more there are."""
    every = list(names)
    shown = ", ".join(repr(str(name)) for name in every[:most])
    return shown if len(every) <= most else f"{shown} and {len(every) - most:,} more"


def is_name(value: object) -> bool:
    """Return whether a value can name a column or a row: a text or a number, not a list or a table."""
    try:
        hash(value)
    except TypeError:
        return False
    return True


def kind_of(value: object) -> str:
    """Return a value in words, or only its type where it is long, as tables are."""
    written = repr(value)
    kind = type(value).__name__
    if len(written) > 60 or "\n" in written:
        return f"something of type {kind}"
    return written if value is None or isinstance(value, str) else f"{written} (of type {kind})"
