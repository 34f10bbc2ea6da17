"""One value a decision: what a search sees."""

from dataclasses import dataclass
from typing import Any

from cellwright.errors import SpaceError
from cellwright.space.decisions import Value

__all__ = ["Point"]


@dataclass(frozen=True, slots=True)
class Point:
    """A value for each decision of a space. Make it with the space's `point`, `sample`, `mutate` or `at`.

    Attributes:
        values: in the order of the space's decisions: an index for a Choice, a number for the others.
        fingerprint: of the space it belongs to.
    """

    values: tuple[Value, ...]
    fingerprint: str

    def to_json(self) -> dict[str, Any]:
        """Return the point as JSON."""
        return {"values": list(self.values), "space": self.fingerprint}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Point":
        """Return the point that `to_json` wrote."""
        try:
            return cls(tuple(value["values"]), value["space"])
        except (KeyError, TypeError) as error:
            raise SpaceError(f"no point in {value!r}: it needs 'values' and 'space'") from error
