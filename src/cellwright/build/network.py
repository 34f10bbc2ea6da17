"""The torch network of an architecture, with factored towers.

A vertex that depends on one entity alone (a cell line, a drug) runs once for each distinct entity of a batch, not once
a row; rows are gathered where different entities meet. Twins that read the same tensors by two keys (a mirrored tower
of both drugs of a pair) are one computation, gathered twice. A dense layer on a concatenation is linear before its
activation, so it is split by source, and each part is applied before the gather: rows then cost one addition.

Without dropout in a tower this equals the expanded computation to rounding. With it, all rows of a batch that share an
entity share its mask. Batch normalisation is of rows, so while it trains it expands what it reads. Rows that training
repeats in a batch are entities too, but they are repeated for the sake of different masks: dropout expands them.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from cellwright.build.split import dense, wide
from cellwright.space import Architecture, Concatenate, Dense, Dropout, Input, Operation, Shape
from cellwright.space.architecture import Vertex

__all__ = ["REPEATED", "Batch", "Members", "Network"]

#: the key of inputs of which each row has its own, while rows are repeated in a batch
REPEATED = "repeated row"


class Batch(NamedTuple):
    """The inputs of some rows.

    Attributes:
        features: by input name, (entities or rows, *shape). Inputs of twin keys may hold one tensor.
        keys: which of the inputs hold entities, and by which key they are read.
        gather: by key, for each row the position of its entity, integers (rows,).
    """

    features: Mapping[str, Tensor]
    keys: Mapping[str, str]
    gather: Mapping[str, Tensor]


class _Part(NamedTuple):
    """A tensor of (entities, *shape), or of (rows, *shape) where the key is None."""

    tensor: Tensor
    key: str | None


class Network(nn.Module):
    """The network of `architecture`, one member of it.

    Shape: Batch of n rows -> (n, units).
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        self.steps = nn.ModuleList()
        self._step: list[int] = []
        shapes = [vertex.shape for vertex in architecture.vertices]
        places: dict[object, int] = {}
        for number, vertex in enumerate(architecture.vertices):
            if isinstance(vertex.operation, Input):
                self._step.append(-1)
                continue
            inputs = tuple(shapes[source] for source in vertex.sources)
            identity = vertex.module if vertex.module >= 0 else _twin(architecture.vertices[:number], vertex, inputs)
            if identity not in places:
                places[identity] = len(self.steps)
                self.steps.append(vertex.operation.module(inputs))
            self._step.append(places[identity])

    def forward(self, batch: Batch) -> Tensor:
        modules = list(self.steps)
        values: list[list[_Part]] = []
        done: dict[tuple[int, tuple[int, ...]], Tensor] = {}  # by step and what it read, while twins may come
        for vertex, step in zip(self.architecture.vertices, self._step, strict=True):
            operation = vertex.operation
            if isinstance(operation, Input):
                values.append([_Part(batch.features[operation.name], batch.keys.get(operation.name))])
                continue
            read = [values[source] for source in vertex.sources]
            keys = {part.key for parts in read for part in parts}
            if len(keys) > 1 and isinstance(operation, Concatenate):
                made = [_Part(part.tensor.flatten(1), part.key) for parts in read for part in parts]
            elif len(keys) > 1 and isinstance(operation, Dense):
                tensors, by = [part.tensor for part in read[0]], [part.key for part in read[0]]
                made = [_Part(dense(modules[step], tensors, by, batch.gather), None)]
            elif len(keys) > 1 or (self.training and _is_of_rows(operation, keys)):
                made = [_Part(modules[step](*[_rows(parts, batch.gather) for parts in read]), None)]
            else:
                (key,) = keys
                tensors = [parts[0].tensor for parts in read]  # parts side by side have different keys
                reading = (step, tuple(map(id, tensors)))
                if key is None or reading not in done:
                    done[reading] = _applied(modules[step], operation, tensors, key)
                made = [_Part(done[reading], key)]
            values.append(made)
        return _rows(values[-1], batch.gather)


class Members(nn.Module):
    """As many networks of `architecture` as it has members, of which no two share a weight.

    Shape: Batch of n rows -> (members, n, units).
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        self.networks = nn.ModuleList(Network(architecture) for _ in range(architecture.members))

    def forward(self, batch: Batch) -> Tensor:
        return torch.stack([network(batch) for network in self.networks])


def _twin(before: Sequence[Vertex], vertex: Vertex, inputs: tuple[Shape, ...]) -> object:
    """Return what a vertex without weights shares with its twins, and with nobody who reads the same vertices."""
    alike = sum((other.operation, other.sources) == (vertex.operation, vertex.sources) for other in before)
    return vertex.operation, inputs, alike


def _is_of_rows(operation: Operation, keys: set[str | None]) -> bool:
    """Return whether an operation in training needs every row, though it reads entities."""
    return operation.of_rows or (isinstance(operation, Dropout) and REPEATED in keys)


def _applied(module: nn.Module, operation: Operation, tensors: list[Tensor], key: str | None) -> Tensor:
    if key is not None and isinstance(operation, Dense) and wide(tensors[0].shape[1], operation.width):
        return dense(module, tensors, [None], {})
    result: Tensor = module(*tensors)
    return result


def _gathered(part: _Part, gather: Mapping[str, Tensor]) -> Tensor:
    return part.tensor if part.key is None else part.tensor.index_select(0, gather[part.key])  # (rows, *shape)


def _rows(parts: list[_Part], gather: Mapping[str, Tensor]) -> Tensor:
    """Return parts side by side, row by row."""
    rows = [_gathered(part, gather) for part in parts]
    return rows[0] if len(rows) == 1 else torch.cat(rows, dim=1)
