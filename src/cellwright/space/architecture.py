"""A network's graph with every choice closed; `canonical` makes one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Any, NamedTuple

from cellwright.errors import SpaceError
from cellwright.space.operation import Operation, Shape, operation_from_json, operation_to_json

__all__ = ["MEMBERS", "Architecture", "Input", "Vertex", "digest"]

#: the setting that belongs to the network, where all others are about training
MEMBERS = "members"


@dataclass(frozen=True, slots=True)
class Input:
    """A place where data enters: `shape` leaves out the rows, `(width,)` for a table."""

    name: str
    shape: Shape

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise SpaceError(f"an input needs a name, not {self.name!r}")
        shape: Any = tuple(self.shape) if isinstance(self.shape, Iterable) else self.shape
        if not isinstance(shape, tuple) or not shape or any(type(n) is not int or n < 1 for n in shape):
            raise SpaceError(f"input {self.name!r} needs a shape of positive widths such as (942,), not {shape!r}")
        object.__setattr__(self, "shape", shape)


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
        settings: hyperparameters that matter, sorted by name.
    """

    vertices: tuple[Vertex, ...]
    settings: tuple[tuple[str, Any], ...] = ()

    def __repr__(self) -> str:
        inputs = [vertex for vertex in self.vertices if isinstance(vertex.operation, Input)]
        layers = len(self.vertices) - len(inputs)
        settings = "".join(f", {name} {value}" for name, value in self.settings)
        return f"Architecture {self.key[:8]}: {layers} layers, {self.parameters:,} parameters{settings}"

    @cached_property
    def key(self) -> str:
        """32 hexadecimal digits; equal keys, equal functions and settings."""
        return digest([(repr(v.operation), v.sources, v.module) for v in self.vertices], self.settings)

    @cached_property
    def parameters(self) -> int:
        """Trainable numbers of all members, shared ones counted once."""
        shapes = [vertex.shape for vertex in self.vertices]
        modules = {
            vertex.module: vertex.operation.cost(tuple(shapes[source] for source in vertex.sources)).parameters
            for vertex in self.vertices
            if vertex.module >= 0 and not isinstance(vertex.operation, Input)
        }
        return self.members * sum(modules.values())

    @cached_property
    def flops(self) -> int:
        """Floating-point operations of one row going forward, through all members."""
        shapes = [vertex.shape for vertex in self.vertices]
        return self.members * sum(
            vertex.operation.cost(tuple(shapes[source] for source in vertex.sources)).flops
            for vertex in self.vertices
            if not isinstance(vertex.operation, Input)
        )

    @cached_property
    def members(self) -> int:
        """How many networks of this kind, of weights of their own, give their mean; the setting of that name, or 1.

        Raises:
            SpaceError: the setting is no number of networks.
        """
        members = dict(self.settings).get(MEMBERS, 1)
        if type(members) is not int or members < 1:
            raise SpaceError(f"the setting {MEMBERS!r} is a whole number of networks from 1, not {members!r}")
        return members

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
        """Return the architecture that `to_json` wrote.

        Raises:
            SpaceError: something in it is missing or unknown here, or shapes do not fit.
        """
        vertices: list[Vertex] = []
        try:
            for entry in value["vertices"]:
                vertices.append(_vertex_from_json(entry, vertices))
            return cls(tuple(vertices), tuple(sorted(value["settings"].items())))
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            raise SpaceError(f"this is no architecture of this version of cellwright: {error!r}") from error


def _vertex_from_json(entry: dict[str, Any], before: Sequence[Vertex]) -> Vertex:
    fields = dict(entry)
    if "input" in fields:
        source = Input(fields["input"], tuple(fields["shape"]))
        return Vertex(source, (), -1, source.shape)
    sources, module = tuple(fields.pop("sources")), fields.pop("module")
    operation = operation_from_json(fields)
    return Vertex(operation, sources, module, operation.cost(tuple(before[source].shape for source in sources)).shape)


def digest(parts: list[tuple[str, tuple[int, ...], int]], settings: tuple[tuple[str, Any], ...]) -> str:
    """Return the key of an architecture whose vertices are `parts`: operation in words, sources, module."""
    return blake2b(repr((parts, settings)).encode(), digest_size=16).hexdigest()
