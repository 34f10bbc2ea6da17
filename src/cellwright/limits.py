"""When a search ends, and what it does not try."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from cellwright.errors import UsageError

__all__ = ["Limits"]

_WORDS = {"flops": "operations a row", "seconds": "seconds of training", "microseconds": "microseconds a row"}


@dataclass(frozen=True, slots=True)
class Limits:
    """When a loop ends, and what it does not try.

    Attributes:
        evaluations: trials that a worker spends time on; answers from the cache do not count.
        minutes: of the run's clock, which stands still while the run is stopped.
        parameters: networks with more are rejected before a worker is bothered.
        repeats: answers from the cache in a row, from each agent, that count as converged.
        at_most: of other costs: flops, which are known before training, too; seconds and microseconds, which are not:
            the score of a network that turns out to need more does not count.
    """

    evaluations: int | None = None
    minutes: float | None = None
    parameters: int | None = None
    repeats: int = 30
    at_most: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in self.at_most:
            if name not in _WORDS:
                raise UsageError(f"there is no limit on {name!r}; known: {', '.join(_WORDS)}")
        own = {name: getattr(self, name) for name in ("evaluations", "minutes", "parameters", "repeats")}
        for name, value in {**own, **self.at_most}.items():
            if value is not None and not 0 < value < math.inf:
                raise UsageError(f"the limit on {name} must be above 0 and finite, not {value!r}")

    def exceeded(self, costs: Mapping[str, float | None]) -> str | None:
        """Return which limit a network exceeds, in words; None: none."""
        for name, most in {"parameters": self.parameters, **self.at_most}.items():
            cost = costs.get(name)
            if most is not None and cost is not None and cost > most:
                return f"{_shown(cost)} {_WORDS.get(name, name)}, over the limit of {_shown(most)}"
        return None


def _shown(number: float) -> str:
    return f"{number:,.0f}" if number >= 1000 else f"{number:.6g}"
