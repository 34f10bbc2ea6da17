"""The vertices of a space, and what each can be once its decision is taken."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from cellwright.errors import SpaceError
from cellwright.space.architecture import Input
from cellwright.space.canonical import Step
from cellwright.space.decisions import Choice
from cellwright.space.joins import Connect
from cellwright.space.operation import Operation

__all__ = ["AnyVertex", "Mirror", "Node", "Place", "check_vertices", "places_of"]


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


AnyVertex = Input | Node | Mirror


class Place(NamedTuple):
    """A vertex made ready for closing: what it can be, for each option of its decision."""

    decision: int  # position, -1: none
    steps: tuple[Step, ...]  # one an option
    off: Step


def check_vertices(space: str, vertices: Sequence[AnyVertex]) -> None:
    """Raise SpaceError unless each vertex reads what comes before it, and the last one always reads something."""
    seen: dict[str, AnyVertex] = {}
    for vertex in vertices:
        if not isinstance(vertex, AnyVertex):
            raise SpaceError(f"space {space!r} holds {vertex!r}, which is no Input, Node or Mirror")
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
    if vertices and vertices[-1].name in _may_vanish(vertices):
        raise SpaceError(
            f"the output {vertices[-1].name!r} of space {space!r} can be cut off from every input; "
            "give it a source that is always there"
        )


def places_of(vertices: Sequence[AnyVertex], decisions: Mapping[str, int]) -> list[Place]:
    """Return each vertex made ready for closing, given the positions of decisions by name."""
    position = {vertex.name: index for index, vertex in enumerate(vertices)}
    nodes = {vertex.name: vertex for vertex in vertices}
    places = []
    for index, vertex in enumerate(vertices):
        if isinstance(vertex, Input):
            step = Step(vertex, (), index, repr(vertex))
            places.append(Place(-1, (step,), step))
            continue
        original = _original(vertex, nodes)
        sources = tuple(position[source] for source in vertex.sources)
        operation, options = original.operation, _options(original)
        steps = []
        for option in options:
            if isinstance(option, Connect):
                # what is chosen is a set: the order in which an option names it has no meaning
                chosen = sorted({position[source] for source in option.sources})
                steps.append(Step(None, tuple(chosen), index, ""))
            else:
                steps.append(Step(option, sources, position[original.name], repr(option)))
        off = Step(None, () if any(isinstance(option, Connect) for option in options) else sources, index, "")
        decision = decisions[operation.name] if isinstance(operation, Choice) else -1
        places.append(Place(decision, tuple(steps), off))
    return places


def _may_vanish(vertices: Sequence[AnyVertex]) -> set[str]:
    """Return the vertices that some point leaves without any input."""
    gone: set[str] = set()
    nodes: dict[str, AnyVertex] = {}
    for vertex in vertices:
        nodes[vertex.name] = vertex
        if isinstance(vertex, Input):
            continue
        original = _original(vertex, nodes)
        conditional = isinstance(original.operation, Choice) and original.operation.when is not None
        for option in _options(original):
            read = option.sources if isinstance(option, Connect) else vertex.sources
            if all(source in gone for source in read) or (conditional and isinstance(option, Connect)):
                gone.add(vertex.name)
    return gone


def _options(node: Node) -> tuple[Operation, ...]:
    return node.operation.options if isinstance(node.operation, Choice) else (node.operation,)


def _original(vertex: Node | Mirror, nodes: Mapping[str, AnyVertex]) -> Node:
    """Return the node whose module `vertex` uses."""
    here: AnyVertex = vertex
    while isinstance(here, Mirror):
        here = nodes[here.of]
    assert isinstance(here, Node)
    return here


def _check_sources(vertex: Node | Mirror, original: Node) -> None:
    """Raise SpaceError unless each option can read the vertex's sources."""
    choice = isinstance(original.operation, Choice)
    for option in _options(original):
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
