"""Layers beyond the plain ones: gates, residuals, look-ups, encodings of numbers, and cheap first layers."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cellwright.errors import SpaceError
from cellwright.space.operation import Cost, Operation, Shapes, activated, need_activation, need_positive, vector_width

if TYPE_CHECKING:
    from torch import nn

__all__ = ["Embedding", "Gated", "Grouped", "Residual", "Scale", "Spline"]

_REACH = 2.5  # a standardised number is rarely further from 0


@dataclass(frozen=True, slots=True)
class Residual(Operation):
    """Its input plus a dense layer of it, as wide as the input (He et al., arXiv:1512.03385)."""

    activation: str

    def __post_init__(self) -> None:
        need_activation(self, self.activation)

    def cost(self, inputs: Shapes) -> Cost:
        width = vector_width(self, inputs)
        return Cost((width,), (width + 1) * width, (2 * width + 2) * width)

    def module(self, inputs: Shapes) -> "nn.Module":
        from torch import Tensor, nn

        layer = activated(_linear(vector_width(self, inputs), vector_width(self, inputs)), self.activation)

        class Sum(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.layer = layer

            def forward(self, x: Tensor) -> Tensor:
                return x + self.layer(x)  # type: ignore[no-any-return]  # torch modules return Any

        return Sum()


@dataclass(frozen=True, slots=True)
class Gated(Operation):
    """A dense layer whose outputs are let through by gates of their own (Dauphin et al., arXiv:1612.08083)."""

    width: int

    def __post_init__(self) -> None:
        need_positive(self, "width")

    def cost(self, inputs: Shapes) -> Cost:
        width = vector_width(self, inputs)
        return Cost((self.width,), 2 * (width + 1) * self.width, (4 * width + 6) * self.width)

    def module(self, inputs: Shapes) -> "nn.Module":
        from torch import nn

        return nn.Sequential(_linear(vector_width(self, inputs), 2 * self.width), nn.GLU(dim=1))


@dataclass(frozen=True, slots=True)
class Embedding(Operation):
    """A learnt vector for each entity of a one-hot identity; no bias, weights from N(0, initial_sd²).

    An entity that training has not met is all zeros, and stays so.
    """

    width: int
    initial_sd: float = 0.5

    def __post_init__(self) -> None:
        need_positive(self, "width")
        if not 0 < self.initial_sd < math.inf:
            raise SpaceError(f"Embedding needs an initial_sd above 0, not {self.initial_sd!r}")
        object.__setattr__(self, "initial_sd", float(self.initial_sd))

    def cost(self, inputs: Shapes) -> Cost:
        places = vector_width(self, inputs)
        return Cost((self.width,), places * self.width, 2 * places * self.width)

    def module(self, inputs: Shapes) -> "nn.Module":
        from torch import nn

        linear = nn.Linear(vector_width(self, inputs), self.width, bias=False)
        nn.init.normal_(linear.weight, 0.0, self.initial_sd)
        return linear


@dataclass(frozen=True, slots=True)
class Spline(Operation):
    """Each number as its weights on so many evenly spaced knots: a dense layer behind it is piecewise linear.

    Source: Gorishniy et al., arXiv:2203.05556, with knots that data does not decide, for standardised numbers.
    """

    knots: int

    def __post_init__(self) -> None:
        need_positive(self, "knots")
        if self.knots < 2:
            raise SpaceError("Spline needs at least two knots")

    def cost(self, inputs: Shapes) -> Cost:
        width = vector_width(self, inputs)
        return Cost((width * self.knots,), 0, 4 * width * self.knots)

    def module(self, inputs: Shapes) -> "nn.Module":
        import torch
        from torch import Tensor, nn

        step = 2 * _REACH / (self.knots - 1)
        places = torch.linspace(-_REACH, _REACH, self.knots)

        class Hats(nn.Module):
            knots: Tensor

            def __init__(self) -> None:
                super().__init__()
                self.register_buffer("knots", places, persistent=False)

            def forward(self, x: Tensor) -> Tensor:
                x = x.clamp(-_REACH, _REACH)[..., None]  # (rows, width, 1)
                return (1 - (x - self.knots).abs() / step).clamp_min(0).flatten(1)  # (rows, width * knots)

        return Hats()


@dataclass(frozen=True, slots=True)
class Scale(Operation):
    """Each feature times a learnt weight, 1 at first: features of no use can be turned down for all units at once."""

    def cost(self, inputs: Shapes) -> Cost:
        width = vector_width(self, inputs)
        return Cost((width,), width, width)

    def module(self, inputs: Shapes) -> "nn.Module":
        import torch
        from torch import Tensor, nn

        width = vector_width(self, inputs)

        class Weights(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.weight = nn.Parameter(torch.ones(width))

            def forward(self, x: Tensor) -> Tensor:
                return x * self.weight

        return Weights()


@dataclass(frozen=True, slots=True)
class Grouped(Operation):
    """A dense layer on each of so many stretches of a vector (the last one filled up with zeros), side by side.

    It costs a share of a dense layer's weights: a long input becomes short for few of them.

    Attributes:
        groups: stretches of equal length.
        width: units of each.
    """

    groups: int
    width: int
    activation: str = "linear"

    def __post_init__(self) -> None:
        need_positive(self, "groups", "width")
        need_activation(self, self.activation)

    def _length(self, inputs: Shapes) -> int:
        width = vector_width(self, inputs)
        if width < self.groups:
            raise SpaceError(f"{self!r} needs a vector of at least {self.groups}, not {width}")
        return -(-width // self.groups)

    def cost(self, inputs: Shapes) -> Cost:
        length, units = self._length(inputs), self.groups * self.width
        return Cost((units,), (length + 1) * units, (2 * length + 1) * units)

    def module(self, inputs: Shapes) -> "nn.Module":
        import torch
        from torch import Tensor, nn
        from torch.nn.functional import pad

        length = self._length(inputs)
        groups, width, missing = self.groups, self.width, length * self.groups - inputs[0][0]

        class Stretches(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                bound = math.sqrt(6 / (length + width))  # Glorot's, of each stretch
                self.weight = nn.Parameter(torch.empty(groups, length, width).uniform_(-bound, bound))
                self.bias = nn.Parameter(torch.zeros(groups * width))

            def forward(self, x: Tensor) -> Tensor:
                parts = pad(x, (0, missing)).view(-1, groups, length).transpose(0, 1)  # (groups, rows, length)
                return torch.bmm(parts, self.weight).transpose(0, 1).flatten(1) + self.bias  # (rows, groups * width)

        return activated(Stretches(), self.activation)


def _linear(inputs: int, outputs: int) -> "nn.Linear":
    """Return a linear layer that begins as Dense does."""
    from torch import nn

    linear = nn.Linear(inputs, outputs)
    nn.init.xavier_uniform_(linear.weight)
    nn.init.zeros_(linear.bias)
    return linear
