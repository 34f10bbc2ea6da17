"""What may be built: a graph with decisions at some nodes, and free decisions beside it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Any

import numpy as np

from cellwright.errors import SpaceError
from cellwright.space.architecture import Architecture, Input
from cellwright.space.canonical import canonical
from cellwright.space.conditions import Conditions
from cellwright.space.decisions import Choice, Decision, Value, When, redraw
from cellwright.space.operation import Shape
from cellwright.space.point import Point
from cellwright.space.vertices import AnyVertex, Node, Place, check_vertices, places_of

__all__ = ["Space"]

_MOST_DRAWS = 10_000
_SOON, _MENDED = 200, 20  # draws that may be forbidden, and how many after them are mended
_REDRAWN = 1000  # decisions, to mend a draw
_SHOWN = 8  # decisions that a representation names


@dataclass(frozen=True)
class Space:
    """Everything that may be built and tried.

    Attributes:
        name: for people.
        vertices: inputs, nodes and mirrors, each after what it reads; the last one is the output.
        settings: free decisions, such as the learning rate.
        forbidden: combinations that may not occur; each is a tuple of conditions that must not all hold.
    """

    name: str
    vertices: tuple[AnyVertex, ...]
    settings: tuple[Decision, ...] = ()
    forbidden: tuple[tuple[When, ...], ...] = field(default=())

    def __post_init__(self) -> None:
        for name in ("vertices", "settings", "forbidden"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if any(isinstance(clause, When) for clause in self.forbidden):
            raise SpaceError(
                f"space {self.name!r} forbids a single When; write [(When(...), When(...))], a list of tuples"
            )
        object.__setattr__(self, "forbidden", tuple(tuple(clause) for clause in self.forbidden))
        if not self.vertices and not self.settings:
            raise SpaceError(f"space {self.name!r} is empty; give it vertices or settings")
        for setting in self.settings:
            if not isinstance(setting, Decision):
                raise SpaceError(f"space {self.name!r} has the setting {setting!r}, which is no decision")
        check_vertices(self.name, self.vertices)
        assert self._conditions is not None  # made, and so checked
        assert self.fingerprint  # refuses what JSON cannot hold
        assert self._places is not None

    # What it is

    def __repr__(self) -> str:
        size = "infinitely many points" if self.size is None else f"{self.size:,} points"
        names = [decision.name for decision in self.decisions]
        shown = ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else "")
        return f"Space {self.name!r}: {len(names)} decisions, {size}\n  decisions: {shown}"

    @cached_property
    def decisions(self) -> tuple[Decision, ...]:
        """All decisions: those of the nodes in order, then the settings."""
        found: dict[str, Decision] = {}
        at_nodes = [v.operation for v in self.vertices if isinstance(v, Node) and isinstance(v.operation, Choice)]
        for decision in (*at_nodes, *self.settings):
            if found.setdefault(decision.name, decision) != decision:
                raise SpaceError(f"two different decisions are called {decision.name!r}; rename one")
        return tuple(found.values())

    @cached_property
    def size(self) -> int | None:
        """The exact number of points that differ in an active decision; None where a Float makes it infinite.

        Raises:
            SpaceError: conditions and forbidden combinations tie more than a million assignments together.
        """
        return self._conditions.count()

    @cached_property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that change if and only if the definition does."""
        from cellwright.space.serialise import space_to_json

        definition = {**space_to_json(self), "name": ""}
        return sha256(json.dumps(definition, sort_keys=True).encode()).hexdigest()[:16]

    @cached_property
    def inputs(self) -> dict[str, Shape]:
        """Input shapes by name."""
        return {vertex.name: vertex.shape for vertex in self.vertices if isinstance(vertex, Input)}

    # Points

    def point(self, values: Sequence[Any] | Mapping[str, Any]) -> Point:
        """Return the checked point of `values`, in the order of the decisions or by name.

        Raises:
            SpaceError: a value is missing, unknown, out of range or part of a forbidden combination.
        """
        if isinstance(values, Mapping):
            names = [decision.name for decision in self.decisions]
            if set(values) != set(names):
                raise SpaceError(
                    f"space {self.name!r} decides {names!r}; "
                    f"missing: {sorted(set(names) - set(values))}, unknown: {sorted(set(values) - set(names))}"
                )
            values = [values[name] for name in names]
        if len(values) != len(self.decisions):
            raise SpaceError(f"space {self.name!r} has {len(self.decisions)} decisions, not {len(values)}")
        checked = tuple(decision.check(value) for decision, value in zip(self.decisions, values, strict=True))
        if not self.allows(checked):
            raise SpaceError(f"space {self.name!r} forbids this combination: {checked!r}")
        return Point(checked, self.fingerprint)

    def sample(self, rng: np.random.Generator) -> Point:
        """Draw a point, uniform over what is allowed; where that is rare, near what was drawn uniformly.

        Raises:
            SpaceError: nothing that is allowed was found.
        """
        for number in range(_SOON + _MENDED):
            drawn = self._closed(rng.random(len(self.decisions)))
            if not self.forbidden or self.allows(drawn):
                return Point(drawn, self.fingerprint)
            if number >= _SOON and (mended := self.mended(drawn, rng)) is not None:
                return Point(mended, self.fingerprint)
        raise SpaceError(f"space {self.name!r} forbids almost everything: no draw was allowed, nor could be mended")

    def mended(self, values: Sequence[Value], rng: np.random.Generator) -> tuple[Value, ...] | None:
        """Return values with decisions of forbidden combinations drawn anew until none is left; None: one always is.

        Source: a random walk as in WalkSAT (Selman et al., AAAI 1994).
        """
        found = list(values)
        for _ in range(_REDRAWN):
            broken = list(self._conditions.broken(found))
            if not broken:
                return tuple(found)
            clause = broken[int(rng.integers(len(broken)))]
            places = [place for place in clause if self.decisions[place].size != 1]
            if not places:
                return None
            place = places[int(rng.integers(len(places)))]
            found[place] = self.decisions[place].at(rng.random())
        return None

    def mutate(self, point: Point, rng: np.random.Generator) -> Point:
        """Return `point` with one active decision changed: to any other option, or to a number that most often is near.

        Raises:
            SpaceError: no decision can be changed.
        """
        active = self.active(self._values(point))
        open_ = [i for i, decision in enumerate(self.decisions) if active[i] and decision.size != 1]
        for _ in range(_MOST_DRAWS if open_ else 0):
            index = open_[int(rng.integers(len(open_)))]
            values = list(point.values)
            values[index] = redraw(self.decisions[index], values[index], rng)
            if self.allows(values):
                return Point(tuple(values), self.fingerprint)
        raise SpaceError(f"space {self.name!r} leaves nothing to change at {point.values!r}")

    def cross(self, point: Point, other: Point, rng: np.random.Generator) -> Point:
        """Return a point that takes each decision from either of two; `point` itself where that is forbidden."""
        both = np.array([self._values(point), self._values(other)], dtype=object)
        values = tuple(both[rng.integers(2, size=len(point.values)), np.arange(len(point.values))])
        return Point(values, self.fingerprint) if self.allows(values) else point

    def neighbours(self, point: Point) -> Iterator[Point]:
        """Yield the allowed points that differ from `point` in one active decision.

        Of a Choice all other options, of an Integer or Float some numbers near and far.
        """
        active = self.active(self._values(point))
        for index, decision in enumerate(self.decisions):
            for value in decision.neighbours(point.values[index]) if active[index] else ():
                values = (*point.values[:index], value, *point.values[index + 1 :])
                if self.allows(values):
                    yield Point(values, self.fingerprint)

    def encode(self, point: Point) -> np.ndarray:
        """Return `point` in the unit cube, float64 (decisions,)."""
        values = zip(self.decisions, self._values(point), strict=True)
        return np.array([decision.unit(value) for decision, value in values])

    def at(self, vector: Sequence[float] | np.ndarray) -> Point:
        """Return the point that a vector in the unit cube falls on; `at(encode(point))` is `point`, Floats to rounding.

        Raises:
            SpaceError: wrong length, outside the cube, or forbidden.
        """
        unit = np.asarray(vector, dtype=np.float64)
        if unit.shape != (len(self.decisions),) or not ((unit >= 0) & (unit <= 1)).all():
            raise SpaceError(f"space {self.name!r} takes {len(self.decisions)} numbers in [0, 1], not {vector!r}")
        return self.point(self._closed(unit))

    def active(self, values: Sequence[Value]) -> list[bool]:
        """Return for each decision whether it matters, given all values."""
        return self._conditions.active(values)

    def allows(self, values: Sequence[Value]) -> bool:
        """Return whether no forbidden combination occurs among the active decisions."""
        return self._conditions.allow(values)

    # Architectures

    def architecture(self, point: Point) -> Architecture:
        """Return what `point` builds; of a space with settings only, an architecture without vertices.

        Raises:
            SpaceError: the point belongs to another space, or shapes do not fit.
        """
        values = self._values(point)
        active = self.active(values) if self._conditions else None
        steps = []
        for decision, options, off in self._places:
            if decision < 0:
                steps.append(options[0])
            elif active is None or active[decision]:
                steps.append(options[values[decision]])  # type: ignore[index]  # a Choice's value is an index
            else:
                steps.append(off)
        settings = tuple(sorted(self.named(point, self.settings).items())) if self.settings else ()
        return canonical(steps, len(steps) - 1, settings) if steps else Architecture((), settings)

    def named(self, point: Point, decisions: Sequence[Decision] | None = None) -> dict[str, Any]:
        """Return what active decisions mean, by name: options of choices, numbers of others."""
        values = self._values(point)
        active = self.active(values)
        wanted = None if decisions is None else {decision.name for decision in decisions}
        return {
            decision.name: decision.means(values[index])
            for index, decision in enumerate(self.decisions)
            if active[index] and (wanted is None or decision.name in wanted)
        }

    # Made ready once

    def _values(self, point: Point) -> tuple[Value, ...]:
        if point.fingerprint != self.fingerprint:
            raise SpaceError(
                f"a point of space {point.fingerprint} was given to {self.name!r} ({self.fingerprint}); "
                "make it again with this space's point()"
            )
        return point.values

    def _closed(self, unit: np.ndarray) -> tuple[Value, ...]:
        if self._sizes is not None:
            return tuple(np.minimum((unit * self._sizes).astype(np.int64), self._sizes - 1).tolist())
        return tuple(decision.at(u) for decision, u in zip(self.decisions, unit.tolist(), strict=True))

    @cached_property
    def _sizes(self) -> np.ndarray | None:
        """Option counts where all decisions are choices, for drawing them at once."""
        choices = all(isinstance(decision, Choice) for decision in self.decisions)
        return np.array([decision.size for decision in self.decisions]) if choices else None

    @cached_property
    def _conditions(self) -> Conditions:
        return Conditions(self.name, self.decisions, self.forbidden)

    @cached_property
    def _places(self) -> list[Place]:
        return places_of(self.vertices, self._conditions.positions)
