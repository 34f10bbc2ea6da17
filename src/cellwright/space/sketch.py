"""Short hands for writing a space down: nodes, chains, mirrors, mimes, cells and skip connections in a line each."""

from collections.abc import Sequence
from dataclasses import dataclass

from cellwright.errors import SpaceError
from cellwright.space.architecture import Input
from cellwright.space.decisions import Choice, Decision, When
from cellwright.space.graph import Space
from cellwright.space.joins import Add, Concatenate, Connect
from cellwright.space.operation import Operation, Shape
from cellwright.space.plain import Dense
from cellwright.space.sequences import Flatten
from cellwright.space.vertices import AnyVertex, Mirror, Node

__all__ = ["Block", "Sketch"]


@dataclass(frozen=True, slots=True)
class Block:
    """Nodes one behind the other; others read its last one.

    Attributes:
        names: of the nodes, in order.
    """

    names: tuple[str, ...]

    @property
    def end(self) -> str:
        return self.names[-1]


class Sketch:
    """A space being written down.

        sketch = Sketch()
        cell_line = sketch.input("expression", 942)
        tower = sketch.chain("tower", cell_line, mlp, 3)     # three nodes, three decisions
        space = sketch.space("mine", tower)                  # ... and Dense(1) behind it

    `operation` is one operation (fixed) or a sequence of operations (a decision that bears the node's name).
    """

    def __init__(self) -> None:
        self._vertices: list[AnyVertex] = []

    def input(self, name: str, shape: int | Shape) -> Block:
        """Add a place where data enters."""
        return self._add(Input(name, (shape,) if isinstance(shape, int) else shape))

    def node(
        self, name: str, source: Block, operation: Operation | Sequence[Operation] | Choice, *, when: When | None = None
    ) -> Block:
        """Add one node; with `when` it is there only then, and passes its input on otherwise."""
        return self._add(Node(name, (source.end,), _decided(name, operation, when)))

    def chain(self, name: str, source: Block, operation: Operation | Sequence[Operation], length: int) -> Block:
        """Add `length` nodes one behind the other, each with a decision of its own."""
        if length < 1:
            raise SpaceError(f"chain {name!r} needs at least one node, not {length!r}")
        names: list[str] = []
        for number in range(1, length + 1):
            source = self.node(f"{name}.{number}", source, operation)
            names.append(source.end)
        return Block(tuple(names))

    def mirror(self, name: str, source: Block, block: Block, *others: Block) -> Block:
        """Put the same modules, weights included, behind another source; `others` are further sources of each."""
        names: list[str] = []
        for number, original in enumerate(block.names, start=1):
            source = self._add(Mirror(f"{name}.{number}", (source.end, *(other.end for other in others)), original))
            names.append(source.end)
        return Block(tuple(names))

    def mime(self, name: str, source: Block, block: Block) -> Block:
        """Put the same decisions, with weights of their own, behind another source."""
        nodes = {vertex.name: vertex for vertex in self._vertices}
        names: list[str] = []
        for number, original in enumerate(block.names, start=1):
            model = nodes.get(original)
            while isinstance(model, Mirror):
                model = nodes.get(model.of)
            if not isinstance(model, Node):
                raise SpaceError(f"{name!r} mimes {original!r}, which is no node of this sketch")
            source = self._add(Node(f"{name}.{number}", (source.end,), model.operation))
            names.append(source.end)
        return Block(tuple(names))

    def concatenate(self, name: str, *sources: Block) -> Block:
        """Add a cell's usual rule: all sources side by side."""
        return self._add(Node(name, tuple(source.end for source in sources), Concatenate()))

    def meet(self, name: str, operation: Operation | Sequence[Operation], *sources: Block) -> Block:
        """Add a node that reads several sources, such as Fuse or Modulate."""
        return self._add(Node(name, tuple(source.end for source in sources), _decided(name, operation, None)))

    def add(self, name: str, *sources: Block, project: bool = False) -> Block:
        """Add the sum of the sources; narrower ones are padded with zeros, or projected linearly."""
        return self._add(Node(name, tuple(source.end for source in sources), Add("project" if project else "pad")))

    def skip(self, name: str, options: Sequence[Sequence[Block]]) -> Block:
        """Add a decision between connections; each option lists what it lets through, an empty one nothing."""
        connections = tuple(Connect(tuple(block.end for block in option)) for option in options)
        sources = dict.fromkeys(source for connection in connections for source in connection.sources)
        return self._add(Node(name, tuple(sources), Choice(name, connections)))

    def space(
        self,
        name: str,
        output: Block,
        *,
        units: int = 1,
        settings: Sequence[Decision] = (),
        forbidden: Sequence[tuple[When, ...]] = (),
    ) -> Space:
        """Return the space that ends in `output`, flattened, and a linear Dense(units)."""
        end = (Node("flatten", (output.end,), Flatten()), Node("output", ("flatten",), Dense(units)))
        return Space(name, (*self._vertices, *end), tuple(settings), tuple(forbidden))

    def _add(self, vertex: AnyVertex) -> Block:
        self._vertices.append(vertex)
        return Block((vertex.name,))


def _decided(name: str, operation: Operation | Sequence[Operation] | Choice, when: When | None) -> Operation | Choice:
    """Return the operation of a node: fixed, or a choice that bears the node's name."""
    if isinstance(operation, Choice):
        if when is not None:
            raise SpaceError(f"node {name!r} has a condition and a choice; give the condition to the choice")
        return operation
    if isinstance(operation, Sequence):
        return Choice(name, tuple(operation), when)
    return operation if when is None else Choice(name, (operation,), when)
