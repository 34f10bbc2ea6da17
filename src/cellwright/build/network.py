"""The torch network of an architecture, with factored towers.

A vertex that depends on one entity alone (a cell line, a drug) runs once for each distinct entity of a batch, not once
a row; rows are gathered where different entities meet. A dense layer on a concatenation is linear before its
activation, so it is split by source, and each part is applied before the gather: rows then cost one addition.

Without dropout or batch normalisation in a tower this equals the expanded computation to rounding. With them, all rows
of a batch that share an entity share its mask and count once in its statistics.
"""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from cellwright.space import Architecture, Concatenate, Dense, Input

__all__ = ["Batch", "Network"]


class Batch(NamedTuple):
    """The inputs of some rows.

    Attributes:
        features: by input name, (entities or rows, *shape).
        keys: which of the inputs hold entities, and by which key they are read.
        gather: by key, for each row the position of its entity, int64 (rows,).
    """

    features: Mapping[str, Tensor]
    keys: Mapping[str, str]
    gather: Mapping[str, Tensor]


class _Part(NamedTuple):
    """A tensor of (entities, width), or of (rows, width) where the key is None."""

    tensor: Tensor
    key: str | None


class Network(nn.Module):
    """The network of `architecture`.

    Shape: Batch of n rows -> (n, units).
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        shapes = [vertex.shape for vertex in architecture.vertices]
        self.steps = nn.ModuleList()
        self._step: list[int] = []
        places: dict[int, int] = {}
        for vertex in architecture.vertices:
            if isinstance(vertex.operation, Input):
                self._step.append(-1)
                continue
            if vertex.module < 0 or vertex.module not in places:
                places[vertex.module] = len(self.steps)
                self.steps.append(vertex.operation.module(tuple(shapes[source] for source in vertex.sources)))
            self._step.append(places[vertex.module])

    def forward(self, batch: Batch) -> Tensor:
        values: list[list[_Part]] = []
        for vertex, step in zip(self.architecture.vertices, self._step, strict=True):
            operation, sources = vertex.operation, vertex.sources
            if isinstance(operation, Input):
                values.append([_Part(batch.features[operation.name], batch.keys.get(operation.name))])
                continue
            parts = [part for source in sources for part in values[source]]
            keys = {part.key for part in parts}
            module = self.steps[step]
            if len(keys) > 1 and isinstance(operation, Concatenate):
                values.append([_Part(part.tensor.flatten(1), part.key) for part in parts])
            elif len(keys) > 1 and isinstance(operation, Dense):
                values.append([_Part(_split(module, parts, batch.gather), None)])
            elif len(keys) > 1:
                read = [_rows(values[source], batch.gather) for source in sources]
                values.append([_Part(module(*read), None)])
            else:
                read = [_joined(values[source]) for source in sources]
                values.append([_Part(module(*read), next(iter(keys)))])
        return _rows(values[-1], batch.gather)


def _joined(parts: list[_Part]) -> Tensor:
    """Return parts of one key side by side."""
    return parts[0].tensor if len(parts) == 1 else torch.cat([part.tensor for part in parts], dim=1)


def _gathered(part: _Part, gather: Mapping[str, Tensor]) -> Tensor:
    return part.tensor if part.key is None else part.tensor.index_select(0, gather[part.key])  # (rows, width)


def _rows(parts: list[_Part], gather: Mapping[str, Tensor]) -> Tensor:
    """Return parts side by side, row by row."""
    return _joined([_Part(_gathered(part, gather), None) for part in parts])


def _split(module: nn.Module, parts: list[_Part], gather: Mapping[str, Tensor]) -> Tensor:
    """Return a dense layer of a concatenation: each part times its columns of the weights, then gathered and added."""
    layer = module[0] if isinstance(module, nn.Sequential) else module
    assert isinstance(layer, nn.Linear)
    total: Tensor | None = None
    by_key: dict[str | None, Tensor] = {}
    start = 0
    for tensor, key in parts:
        stop = start + tensor.shape[1]
        product = linear(tensor, layer.weight[:, start:stop])
        by_key[key] = by_key[key] + product if key in by_key else product
        start = stop
    for key, product in by_key.items():
        gathered = _gathered(_Part(product, key), gather)  # (rows, units)
        total = gathered + layer.bias if total is None else total + gathered
    assert total is not None
    for behind in list(module)[1:] if isinstance(module, nn.Sequential) else []:
        total = behind(total)
    return total
