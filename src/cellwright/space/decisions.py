"""What is left open in a space: a choice between options, or a number in a range.

Every decision maps the unit interval onto its values (`at`) and back (`unit`), so that drawing, encoding and
decoding are one mechanism: a uniform number gives a uniform value (log-uniform with `log=True`).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np

from cellwright.errors import SpaceError

__all__ = ["Choice", "Decision", "Float", "Integer", "Value", "When"]

Value = int | float
_STEPS = (-1 / 3, -0.1, 0.1, 1 / 3)  # to neighbours, as shares of a range: far ones cross it, near ones end the way
_NEAR, _WIDTH = (
    0.8,
    0.1,
)  # how often a number is redrawn near itself, and how near: a deviation, as a share of its range


def _check_names(kind: str, name: Any, when: Any = None) -> None:
    if not isinstance(name, str) or not name:
        raise SpaceError(f"a {kind} needs a name, not {name!r}")
    if when is not None and not isinstance(when, When):
        raise SpaceError(f"{kind} {name!r} depends on a When, not on {when!r}")


def _several(owner: str, field: str, values: Any) -> tuple[Any, ...]:
    """Return `values` as a tuple, if they are several hashable things: a string would fall apart into letters."""
    if isinstance(values, str | bytes):
        raise SpaceError(f"{owner} takes a tuple of {field}, not {values!r}; write ({values!r},)")
    try:
        several = tuple(values)
        hash(several)
    except TypeError as error:
        raise SpaceError(f"{owner} takes a tuple of hashable {field}, not {values!r}: {error}") from error
    return tuple(_plain(value) for value in several)


def _plain(value: Any) -> Any:
    """Return a number of numpy as Python's, which JSON holds."""
    return value.item() if isinstance(value, np.generic) else value


def _is_whole(value: Any) -> bool:
    """Return whether `value` is a whole number; True and False are none here, numpy's integers are."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def _is_real(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


@dataclass(frozen=True, slots=True)
class When:
    """The condition that another decision takes one of some values.

    Attributes:
        decision: name of the other decision.
        values: for a Choice its options, for an Integer numbers; a Float cannot be asked about.
    """

    decision: str
    values: tuple[Any, ...]

    def __post_init__(self) -> None:
        _check_names("condition", self.decision)
        object.__setattr__(self, "values", _several(f"the condition on {self.decision!r}", "values", self.values))
        if not self.values:
            raise SpaceError(f"a condition on {self.decision!r} names no value; give at least one")


@dataclass(frozen=True, slots=True)
class Choice:
    """A decision between options: operations at a node, or plain values (numbers, strings, booleans).

    In a point it appears as the option's index. The same Choice at two nodes is one decision and two modules (a
    MimeNode of the SC19 paper).

    Attributes:
        name: identifies the decision within its space.
        options: at least one, all different.
        when: the decision matters only then; None: always.
    """

    name: str
    options: tuple[Any, ...]
    when: When | None = None

    def __post_init__(self) -> None:
        _check_names("choice", self.name, self.when)
        object.__setattr__(self, "options", _several(f"choice {self.name!r}", "options", self.options))
        if not self.options:
            raise SpaceError(f"choice {self.name!r} has no options; give at least one")
        # 1 == 1.0 == True in Python, yet as options they differ
        if len({(type(option), option) for option in self.options}) < len(self.options):
            raise SpaceError(f"choice {self.name!r} lists an option twice: {self.options!r}")

    @property
    def size(self) -> int:
        return len(self.options)

    def at(self, unit: float) -> int:
        """Return the index that `unit` in [0, 1] falls on."""
        return min(int(unit * len(self.options)), len(self.options) - 1)

    def unit(self, value: Value) -> float:
        """Return the middle of the part of [0, 1] that belongs to an index."""
        return (value + 0.5) / len(self.options)

    def check(self, value: Any) -> int:
        if not _is_whole(value) or not 0 <= value < len(self.options):
            raise SpaceError(f"decision {self.name!r} takes an index from 0 to {len(self.options) - 1}, not {value!r}")
        return int(value)

    def means(self, value: Value) -> Any:
        """Return the option behind an index."""
        return self.options[int(value)]

    def neighbours(self, value: Value) -> Iterator[int]:
        return (index for index in range(len(self.options)) if index != value)


@dataclass(frozen=True, slots=True)
class Integer:
    """A decision between the whole numbers from `low` to `high`, both included."""

    name: str
    low: int
    high: int
    log: bool = False
    when: When | None = None

    def __post_init__(self) -> None:
        _check_names("integer", self.name, self.when)
        if not _is_whole(self.low) or not _is_whole(self.high) or self.low > self.high or (self.log and self.low < 1):
            raise SpaceError(
                f"integer {self.name!r} needs whole numbers low <= high, and low >= 1 with log=True; "
                f"got {self.low!r} to {self.high!r}"
            )
        for end in ("low", "high"):
            object.__setattr__(self, end, int(getattr(self, end)))

    @property
    def size(self) -> int:
        return self.high - self.low + 1

    def at(self, unit: float) -> int:
        """Return the number that `unit` in [0, 1] falls on."""
        if self.log:
            value = int(self.low * ((self.high + 1) / self.low) ** unit)
        else:
            value = self.low + math.floor(unit * self.size)
        return max(self.low, min(value, self.high))

    def unit(self, value: Value) -> float:
        """Return the middle of the part of [0, 1] that belongs to a number."""
        if self.log:
            return math.log((value + 0.5) / self.low) / math.log((self.high + 1) / self.low)
        return (value - self.low + 0.5) / self.size

    def check(self, value: Any) -> int:
        if not _is_whole(value) or not self.low <= value <= self.high:
            raise SpaceError(
                f"decision {self.name!r} takes a whole number from {self.low} to {self.high}, not {value!r}"
            )
        return int(value)

    def means(self, value: Value) -> Value:
        """Return the number itself."""
        return value

    def neighbours(self, value: Value) -> Iterator[int]:
        """Yield the numbers next to one, and those a tenth and a third of the range away."""
        unit = self.unit(value)
        far = {self.at(unit + step) for step in _STEPS if 0 <= unit + step <= 1}
        near = {int(value) + step for step in (-1, 1) if self.low <= value + step <= self.high}
        return iter(sorted((far | near) - {int(value)}))


@dataclass(frozen=True, slots=True)
class Float:
    """A decision on a real number from `low` to `high`; with `log=True` uniform in its logarithm."""

    name: str
    low: float
    high: float
    log: bool = False
    when: When | None = None

    def __post_init__(self) -> None:
        _check_names("float", self.name, self.when)
        finite = all(_is_real(end) and math.isfinite(end) for end in (self.low, self.high))
        if not finite or self.low >= self.high or (self.log and self.low <= 0):
            raise SpaceError(
                f"float {self.name!r} needs finite low < high, and low > 0 with log=True; "
                f"got {self.low!r} to {self.high!r}"
            )
        if not math.isfinite(self.high / self.low if self.log else float(self.high) - float(self.low)):
            raise SpaceError(
                f"float {self.name!r} spans more than numbers can tell apart: {self.low!r} to {self.high!r}"
            )
        # 1 and 1.0 are one definition
        object.__setattr__(self, "low", float(self.low))
        object.__setattr__(self, "high", float(self.high))

    @property
    def size(self) -> None:
        """None: there is no counting real numbers."""
        return None

    def at(self, unit: float) -> float:
        """Return the number that lies `unit` of the way from low to high."""
        value = self.low * (self.high / self.low) ** unit if self.log else self.low + unit * (self.high - self.low)
        return max(self.low, min(value, self.high))

    def unit(self, value: Value) -> float:
        """Return how far along the range a number lies, in [0, 1]; `at` gives it back to rounding."""
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def check(self, value: Any) -> float:
        if not _is_real(value) or not self.low <= value <= self.high:
            raise SpaceError(f"decision {self.name!r} takes a number from {self.low} to {self.high}, not {value!r}")
        return float(value)

    def means(self, value: Value) -> Value:
        """Return the number itself."""
        return value

    def neighbours(self, value: Value) -> Iterator[float]:
        """Yield the numbers a fortieth, a tenth and a third of the range away."""
        unit = self.unit(value)
        return (self.at(unit + step) for step in (*_STEPS, -1 / 40, 1 / 40) if 0 <= unit + step <= 1)


Decision = Choice | Integer | Float


def redraw(decision: Decision, value: Value, rng: np.random.Generator) -> Value:
    """Return another value of `decision`: of options any, of numbers in a range most often one near.

    Raises:
        SpaceError: the decision has one value only.
    """
    if decision.size == 1:
        raise SpaceError(f"decision {decision.name!r} has one value only and cannot be changed")
    near = not isinstance(decision, Choice) and rng.random() < _NEAR
    width = max(_WIDTH, 1 / (decision.size or np.inf))
    while True:
        # what leaves the range is reflected at its end
        unit = 1 - abs(1 - abs(decision.unit(value) + width * rng.normal())) if near else rng.random()
        other = decision.at(max(unit, 0.0))
        if other != value:
            return other
