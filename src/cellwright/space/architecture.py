"""A network's graph with every choice closed, in canonical form.

Canonical means: identities are gone, concatenations of concatenations are one, branches that do not reach the output
are gone, and vertices are numbered from the output backwards, so that points which build the same function share one
key. Two points that differ only in what has no effect are one architecture.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Any, NamedTuple

from cellwright.errors import SpaceError
from cellwright.space.operations import (
    Add,
    Concatenate,
    Flatten,
    Operation,
    Shape,
    operation_from_json,
    operation_to_json,
)

__all__ = ["Architecture", "Input", "Vertex"]


@dataclass(frozen=True, slots=True)
class Input:
    """A place where data enters: `shape` leaves out the rows, `(width,)` for a table."""

    name: str
    shape: Shape

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", tuple(self.shape))
        if not self.shape or any(isinstance(n, bool) or not isinstance(n, int) or n < 1 for n in self.shape):
            raise SpaceError(f"input {self.name!r} needs a shape of positive widths, not {self.shape!r}")


class Vertex(NamedTuple):
    """One step of an architecture.

    Attributes:
        operation: what it does; an Input takes no sources.
        sources: positions of the vertices it reads, all earlier.
        module: vertices of one number share one module and its weights; -1: it has no weights.
        shape: of the output.
    """

    operation: Operation | Input
    sources: tuple[int, ...]
    module: int
    shape: Shape


@dataclass(frozen=True)
class Architecture:
    """What is built and trained: vertices in topological order, the last one the output, and settings.

    Attributes:
        vertices: the graph.
        settings: hyperparameters by name, those that matter.
    """

    vertices: tuple[Vertex, ...]
    settings: tuple[tuple[str, Any], ...] = ()

    @cached_property
    def key(self) -> str:
        """32 hexadecimal digits; equal keys, equal functions and settings."""
        return _digest([_part(repr(v.operation), v.sources, v.module) for v in self.vertices], self.settings)

    @cached_property
    def parameters(self) -> int:
        """Trainable numbers, shared ones counted once."""
        shapes = [vertex.shape for vertex in self.vertices]
        modules = {
            vertex.module: vertex.operation.cost(tuple(shapes[source] for source in vertex.sources)).parameters
            for vertex in self.vertices
            if vertex.module >= 0 and not isinstance(vertex.operation, Input)
        }
        return sum(modules.values())

    @cached_property
    def flops(self) -> int:
        """Floating-point operations of one row going forward."""
        shapes = [vertex.shape for vertex in self.vertices]
        return sum(
            vertex.operation.cost(tuple(shapes[source] for source in vertex.sources)).flops
            for vertex in self.vertices
            if not isinstance(vertex.operation, Input)
        )

    @property
    def inputs(self) -> dict[str, Shape]:
        """The inputs it reads, by name."""
        return {v.operation.name: v.shape for v in self.vertices if isinstance(v.operation, Input)}

    @property
    def output(self) -> Shape:
        return self.vertices[-1].shape

    def to_json(self) -> dict[str, Any]:
        """Return the architecture as JSON."""
        vertices = [
            {"input": v.operation.name, "shape": list(v.operation.shape)}
            if isinstance(v.operation, Input)
            else {**operation_to_json(v.operation), "sources": list(v.sources), "module": v.module}
            for v in self.vertices
        ]
        return {"vertices": vertices, "settings": dict(self.settings)}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Architecture":
        """Return the architecture that `to_json` wrote."""
        vertices: list[Vertex] = []
        for entry in value["vertices"]:
            fields = dict(entry)
            if "input" in fields:
                vertices.append(input_vertex(Input(fields["input"], tuple(fields["shape"]))))
                continue
            sources, module = tuple(fields.pop("sources")), fields.pop("module")
            operation = operation_from_json(fields)
            shape = operation.cost(tuple(vertices[source].shape for source in sources)).shape
            vertices.append(Vertex(operation, sources, module, shape))
        return cls(tuple(vertices), tuple(value["settings"].items()))


def input_vertex(source: Input) -> Vertex:
    return Vertex(source, (), -1, source.shape)


def _part(operation: str, sources: tuple[int, ...], module: int) -> str:
    return f"{operation}{sources}{module}"


def _digest(parts: list[str], settings: tuple[tuple[str, Any], ...]) -> str:
    return blake2b(f"{';'.join(parts)}|{settings!r}".encode(), digest_size=16).hexdigest()


class Step(NamedTuple):
    """One vertex of a space with its decision closed, as `canonical` takes it.

    Attributes:
        operation: None: it passes on what it reads, side by side.
        sources: positions of earlier steps.
        owner: position of the step whose module it uses.
        text: the operation's repr, written once.
    """

    operation: Operation | Input | None
    sources: tuple[int, ...]
    owner: int
    text: str


class _Live(NamedTuple):
    """A vertex of which it is not yet known whether it reaches the output."""

    operation: Operation | Input
    sources: tuple[int, ...]
    owner: int
    shape: Shape
    parameters: int
    text: str


def canonical(steps: Sequence[Step], output: int, settings: tuple[tuple[str, Any], ...]) -> Architecture:
    """Return the canonical architecture of a graph whose choices are closed.

    A value is a tuple of live vertices: none (absent), one, or several side by side: a concatenation that nobody has
    needed as a tensor yet.

    Raises:
        SpaceError: shapes do not fit, or nothing reaches the output.
    """
    live: list[_Live] = []
    joined: dict[tuple[int, ...], int] = {}
    values: list[tuple[int, ...]] = []

    def add(operation: Operation, sources: tuple[int, ...], owner: int, text: str) -> int:
        shape, parameters, _ = operation.cost(tuple([live[source].shape for source in sources]))
        live.append(_Live(operation, sources, owner if parameters else -1, shape, parameters, text))
        return len(live) - 1

    def tensor(value: tuple[int, ...]) -> int:
        if len(value) == 1:
            return value[0]
        if value not in joined:
            joined[value] = add(_CONCATENATE, value, -1, _CONCATENATE_TEXT)
        return joined[value]

    # operations are final classes, and `type(x) is` is ten times as fast as isinstance with a Protocol
    for operation, sources, owner, text in steps:
        kind = type(operation)
        if kind is Input:
            live.append(_Live(operation, (), -1, operation.shape, 0, text))  # type: ignore[arg-type, union-attr]  # an Input, by its kind
            value: tuple[int, ...] = (len(live) - 1,)
        elif operation is None or kind is Concatenate:
            value = tuple([part for source in sources for part in values[source]])
            if operation is not None and len(value) == 1 and len(live[value[0]].shape) > 1:
                value = (add(_FLATTEN, value, -1, repr(_FLATTEN)),)
        elif kind is Add:
            value = tuple(sorted([tensor(values[source]) for source in sources if values[source]]))
            value = value if len(value) < 2 else (add(operation, value, owner, text),)  # type: ignore[arg-type]  # an Add, by its kind
        else:
            value = values[sources[0]]
            shapes = tuple([live[part].shape for part in value])
            if value and not operation.passes(shapes if len(shapes) == 1 else (_CONCATENATE.cost(shapes).shape,)):  # type: ignore[union-attr]  # an Operation, by its kind
                value = (add(operation, (tensor(value),), owner, text),)  # type: ignore[arg-type]  # as above
        values.append(value)
    if not values[output]:
        raise SpaceError("nothing reaches the output: every connection to it is switched off")
    return _numbered(live, tensor(values[output]), settings)


def _numbered(live: list[_Live], output: int, settings: tuple[tuple[str, Any], ...]) -> Architecture:
    """Return the vertices that reach the output, numbered in the order in which a walk back from it leaves them."""
    number: dict[int, int] = {}
    modules: dict[int, int] = {}
    users: dict[int, tuple[tuple[Shape, ...], str]] = {}
    vertices: list[Vertex] = []
    parts: list[str] = []
    total = 0
    stack = [output]
    while stack:
        here = stack[-1]
        operation, sources, owner, shape, parameters, text = live[here]
        waiting = [source for source in sources if source not in number]
        if waiting:
            stack.extend(reversed(waiting))
            continue
        stack.pop()
        if here in number:
            continue
        module = -1
        if owner >= 0:
            use = (tuple([live[source].shape for source in sources]), text)
            if owner not in modules:
                modules[owner] = len(modules)
                users[owner] = use
                total += parameters
            elif users[owner] != use:
                raise SpaceError(
                    f"a mirror cannot use {text} on shapes {use[0]}: it was made for {users[owner][0]}; "
                    "mirror nodes only between sources of equal shape"
                )
            module = modules[owner]
        read = tuple([number[source] for source in sources])
        number[here] = len(vertices)
        vertices.append(Vertex(operation, read, module, shape))
        parts.append(_part(text, read, module))
    architecture = Architecture(tuple(vertices), settings)
    # known already, so nobody needs to walk again: cached_property looks into the instance dictionary first
    architecture.__dict__["parameters"] = total
    architecture.__dict__["key"] = _digest(parts, settings)
    return architecture


_CONCATENATE = Concatenate()
_CONCATENATE_TEXT = repr(_CONCATENATE)
_FLATTEN = Flatten()
