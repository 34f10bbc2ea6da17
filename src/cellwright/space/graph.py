"""What may be built: a graph with decisions at some nodes, and free decisions beside it."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from cellwright.errors import SpaceError
from cellwright.space.architecture import Architecture, Input, Step, canonical
from cellwright.space.decisions import Choice, Decision, Float, Value, When, redraw
from cellwright.space.operations import Connect, Operation, Shape
from cellwright.space.point import Point

__all__ = ["Mirror", "Node", "Space"]

_MOST_ENTANGLED = 1_000_000
_MOST_DRAWS = 10_000


def _names(vertex: str, sources: Sequence[str]) -> tuple[str, ...]:
    """Return `sources` as a tuple; a string would fall apart into letters."""
    if not isinstance(vertex, str) or not vertex:
        raise SpaceError(f"a vertex needs a name, not {vertex!r}")
    if isinstance(sources, str) or not all(isinstance(source, str) for source in sources):
        raise SpaceError(f"{vertex!r} takes a tuple of names as sources, not {sources!r}")
    return tuple(sources)


@dataclass(frozen=True, slots=True)
class Node:
    """A step with an operation of its own.

    Attributes:
        name: identifies the node.
        sources: what it reads, all before it; several only for Add, Concatenate and Connect.
        operation: fixed (a ConstantNode of the SC19 paper) or a Choice of operations (a VariableNode).
    """

    name: str
    sources: tuple[str, ...]
    operation: Operation | Choice

    def __post_init__(self) -> None:
        object.__setattr__(self, "sources", _names(self.name, self.sources))


@dataclass(frozen=True, slots=True)
class Mirror:
    """The module of another node, weights included, in a second place (a MirrorNode of the SC19 paper)."""

    name: str
    sources: tuple[str, ...]
    of: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "sources", _names(self.name, self.sources))


class _Place(NamedTuple):
    """A vertex made ready for closing: what it can be, for each option of its decision."""

    decision: int  # position, -1: none
    steps: tuple[Step, ...]  # one an option
    off: Step


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
    vertices: tuple[Input | Node | Mirror, ...]
    settings: tuple[Decision, ...] = ()
    forbidden: tuple[tuple[When, ...], ...] = field(default=())

    def __post_init__(self) -> None:
        for name in ("vertices", "settings", "forbidden"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        object.__setattr__(self, "forbidden", tuple(tuple(clause) for clause in self.forbidden))
        if not self.vertices and not self.settings:
            raise SpaceError(f"space {self.name!r} is empty; give it vertices or settings")
        for setting in self.settings:
            if not isinstance(setting, Decision):
                raise SpaceError(f"space {self.name!r} has the setting {setting!r}, which is no decision")
        self._check_vertices()
        self._check_conditions()
        assert self._places is not None

    # What it is

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
        if any(isinstance(decision, Float) for decision in self.decisions):
            return None
        tied = sorted(self._tied)
        sizes = [self._size(index) for index in tied]
        free = math.prod(self._size(i) for i, d in enumerate(self.decisions) if i not in self._tied and d.when is None)
        if math.prod(sizes) > _MOST_ENTANGLED:
            raise SpaceError(
                f"the size of {self.name!r} cannot be counted: its conditions tie {math.prod(sizes)} assignments"
            )
        values: list[Value] = [decision.at(0.0) for decision in self.decisions]
        total = 0
        for assignment in product(*(range(size) for size in sizes)):
            for index, step in zip(tied, assignment, strict=True):
                values[index] = getattr(self.decisions[index], "low", 0) + step
            active = self.active(values)
            # a switched-off decision counts once: with its first value
            if any(not active[i] and step for i, step in zip(tied, assignment, strict=True)):
                continue
            if not self.allows(values):
                continue
            rest = (self._size(i) for i, d in enumerate(self.decisions) if i not in self._tied and d.when and active[i])
            total += math.prod(rest)
        return total * free

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
        """Draw a point, uniform over each decision among what is allowed.

        Raises:
            SpaceError: 10,000 draws in a row were forbidden.
        """
        for _ in range(_MOST_DRAWS):
            values = self._closed(rng.random(len(self.decisions)))
            if not self.forbidden or self.allows(values):
                return Point(values, self.fingerprint)
        raise SpaceError(f"space {self.name!r} forbids almost everything: {_MOST_DRAWS} draws in a row were forbidden")

    def mutate(self, point: Point, rng: np.random.Generator) -> Point:
        """Return `point` with one active decision changed, uniform over decisions and over their other values.

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
        active = [True] * len(self.decisions)
        for index, condition in self._conditions:
            parent = condition[0]
            active[index] = active[parent] and values[parent] in condition[1]
        return active

    def allows(self, values: Sequence[Value]) -> bool:
        """Return whether no forbidden combination occurs among the active decisions."""
        if not self._clauses:
            return True
        active = self.active(values)
        return not any(all(active[i] and values[i] in wanted for i, wanted in clause) for clause in self._clauses)

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

    def _size(self, index: int) -> int:
        size = self.decisions[index].size
        assert size is not None
        return size

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {decision.name: index for index, decision in enumerate(self.decisions)}

    @cached_property
    def _conditions(self) -> list[tuple[int, tuple[int, frozenset[Value]]]]:
        return [(i, self._resolved(d.when)) for i, d in enumerate(self.decisions) if d.when is not None]

    @cached_property
    def _clauses(self) -> list[list[tuple[int, frozenset[Value]]]]:
        return [[self._resolved(condition) for condition in clause] for clause in self.forbidden]

    @cached_property
    def _tied(self) -> frozenset[int]:
        """Decisions whose values decide about others: parents of conditions, members of forbidden combinations."""
        tied = {condition[0] for _, condition in self._conditions}
        tied |= {index for clause in self._clauses for index, _ in clause}
        return frozenset(tied)

    def _resolved(self, condition: When) -> tuple[int, frozenset[Value]]:
        """Return the position of the decision asked about, and the values that fulfil the condition."""
        index = self._positions.get(condition.decision)
        if index is None:
            raise SpaceError(f"a condition asks about {condition.decision!r}; known here: {sorted(self._positions)}")
        decision = self.decisions[index]
        if isinstance(decision, Float):
            raise SpaceError(
                f"a condition cannot ask about the real number {decision.name!r}; use an Integer or Choice"
            )
        if isinstance(decision, Choice):
            options = {(type(option), option): position for position, option in enumerate(decision.options)}
            unknown = [value for value in condition.values if (type(value), value) not in options]
            if unknown:
                raise SpaceError(f"decision {decision.name!r} has no option {unknown[0]!r}: {decision.options!r}")
            return index, frozenset(options[type(value), value] for value in condition.values)
        return index, frozenset(decision.check(value) for value in condition.values)

    def _check_vertices(self) -> None:
        seen: dict[str, Input | Node | Mirror] = {}
        for vertex in self.vertices:
            if not isinstance(vertex, Input | Node | Mirror):
                raise SpaceError(f"space {self.name!r} holds {vertex!r}, which is no Input, Node or Mirror")
            if vertex.name in seen:
                raise SpaceError(f"two vertices are called {vertex.name!r}; rename one")
            for source in getattr(vertex, "sources", ()):
                if source not in seen:
                    raise SpaceError(
                        f"{vertex.name!r} reads {source!r}, which does not come before it; known here: {list(seen)}"
                    )
            if isinstance(vertex, Mirror) and not isinstance(seen.get(vertex.of), Node | Mirror):
                raise SpaceError(f"{vertex.name!r} mirrors {vertex.of!r}, which is no node before it")
            if isinstance(vertex, Node | Mirror):
                _check_sources(vertex, _original(vertex, seen))
            seen[vertex.name] = vertex
        if self.vertices and self.vertices[-1].name in self._may_vanish():
            raise SpaceError(
                f"the output {self.vertices[-1].name!r} of space {self.name!r} can be cut off from every input; "
                "give it a source that is always there"
            )

    def _may_vanish(self) -> set[str]:
        """Return the vertices that some point leaves without any input."""
        gone: set[str] = set()
        nodes: dict[str, Input | Node | Mirror] = {}
        for vertex in self.vertices:
            nodes[vertex.name] = vertex
            if isinstance(vertex, Input):
                continue
            operation = _original(vertex, nodes).operation
            options = operation.options if isinstance(operation, Choice) else (operation,)
            conditional = isinstance(operation, Choice) and operation.when is not None
            for option in options:
                read = option.sources if isinstance(option, Connect) else vertex.sources
                if all(source in gone for source in read) or (conditional and isinstance(option, Connect)):
                    gone.add(vertex.name)
        return gone

    def _check_conditions(self) -> None:
        for index, (parent, _) in self._conditions:
            if parent >= index:
                raise SpaceError(
                    f"decision {self.decisions[index].name!r} depends on {self.decisions[parent].name!r}, "
                    "which must come before it"
                )
        for clause in self.forbidden:
            if not clause or not all(isinstance(condition, When) for condition in clause):
                raise SpaceError(f"space {self.name!r} forbids {clause!r}; a combination is a tuple of When, not empty")
        assert self._clauses is not None
        assert self.fingerprint  # refuses what JSON cannot hold

    @cached_property
    def _places(self) -> list[_Place]:
        position = {vertex.name: index for index, vertex in enumerate(self.vertices)}
        nodes = {vertex.name: vertex for vertex in self.vertices}
        places = []
        for index, vertex in enumerate(self.vertices):
            if isinstance(vertex, Input):
                step = Step(vertex, (), index, repr(vertex))
                places.append(_Place(-1, (step,), step))
                continue
            original = _original(vertex, nodes)
            sources = tuple(position[source] for source in vertex.sources)
            operation = original.operation
            options = operation.options if isinstance(operation, Choice) else (operation,)
            steps = []
            for option in options:
                if isinstance(option, Connect):
                    # what is chosen is a set: the order in which an option names it has no meaning
                    chosen = sorted({position[source] for source in option.sources})
                    steps.append(Step(None, tuple(chosen), index, ""))
                else:
                    steps.append(Step(option, sources, position[original.name], repr(option)))
            off = Step(None, () if any(isinstance(option, Connect) for option in options) else sources, index, "")
            decision = self._positions[operation.name] if isinstance(operation, Choice) else -1
            places.append(_Place(decision, tuple(steps), off))
        return places


def _original(vertex: Node | Mirror, nodes: Mapping[str, Input | Node | Mirror]) -> Node:
    """Return the node whose module `vertex` uses."""
    here: Input | Node | Mirror = vertex
    while isinstance(here, Mirror):
        here = nodes[here.of]
    assert isinstance(here, Node)
    return here


def _check_sources(vertex: Node | Mirror, original: Node) -> None:
    """Raise SpaceError unless each option can read the vertex's sources."""
    choice = isinstance(original.operation, Choice)
    options = original.operation.options if isinstance(original.operation, Choice) else (original.operation,)
    for option in options:
        if not isinstance(option, tuple(Operation.classes.values())):
            raise SpaceError(f"node {vertex.name!r} offers {option!r}, which is no operation")
        if isinstance(option, Connect):
            unknown = [source for source in option.sources if source not in vertex.sources]
            if unknown or not choice or isinstance(vertex, Mirror):
                raise SpaceError(
                    f"node {vertex.name!r} connects {unknown or option.sources!r}: a Connect is an option of a "
                    f"Choice and names sources of its node ({vertex.sources!r}); it cannot be mirrored"
                )
            continue
        if not vertex.sources:
            raise SpaceError(f"node {vertex.name!r} reads nothing; give it sources")
        arity = Operation.classes[type(option).__name__].arity
        if arity is not None and len(vertex.sources) != arity:
            way = "put a node with Concatenate() or Add() before it" if arity == 1 else f"it takes {arity}"
            raise SpaceError(f"node {vertex.name!r} gives {option!r} {len(vertex.sources)} sources; {way}")
