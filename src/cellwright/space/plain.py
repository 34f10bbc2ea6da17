"""The plain layers: dense, activation, dropout, normalisation, and nothing at all."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from cellwright.errors import SpaceError
from cellwright.space.operation import (
    ACTIVATIONS,
    Cost,
    Operation,
    Shapes,
    activated,
    channels_and_length,
    need_activation,
    need_positive,
    one_shape,
    vector_width,
)

if TYPE_CHECKING:
    from torch import nn

__all__ = ["Activation", "BatchNorm", "Dense", "Dropout", "Identity", "LayerNorm"]


@dataclass(frozen=True, slots=True)
class Identity(Operation):
    """Its input, unchanged."""

    def cost(self, inputs: Shapes) -> Cost:
        return Cost(one_shape(self, inputs))

    def module(self, inputs: Shapes) -> "nn.Module":
        from torch import nn

        return nn.Identity()

    def passes(self, inputs: Shapes) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class Dense(Operation):
    """A fully connected layer with bias, Glorot-uniform weights and zero bias (as in the published networks)."""

    width: int
    activation: str = "linear"

    def __post_init__(self) -> None:
        need_positive(self, "width")
        need_activation(self, self.activation)

    def cost(self, inputs: Shapes) -> Cost:
        width = vector_width(self, inputs)
        return Cost((self.width,), (width + 1) * self.width, (2 * width + 1) * self.width)

    def module(self, inputs: Shapes) -> "nn.Module":
        from torch import nn

        linear = nn.Linear(vector_width(self, inputs), self.width)
        nn.init.xavier_uniform_(linear.weight)
        nn.init.zeros_(linear.bias)
        return activated(linear, self.activation)


@dataclass(frozen=True, slots=True)
class Activation(Operation):
    """A function applied to each element."""

    function: str

    def __post_init__(self) -> None:
        need_activation(self, self.function)

    def cost(self, inputs: Shapes) -> Cost:
        shape = one_shape(self, inputs)
        return Cost(shape, 0, math.prod(shape))

    def module(self, inputs: Shapes) -> "nn.Module":
        from torch import nn

        module: nn.Module = getattr(nn, ACTIVATIONS[self.function])()
        return module

    def passes(self, inputs: Shapes) -> bool:
        return self.function == "linear"


@dataclass(frozen=True, slots=True)
class Dropout(Operation):
    """Zeroes a share of the elements in training and scales up the others; changes nothing in use."""

    rate: float

    def __post_init__(self) -> None:
        if isinstance(self.rate, bool) or not isinstance(self.rate, int | float) or not 0 <= self.rate < 1:
            raise SpaceError(f"Dropout needs a rate in [0, 1), not {self.rate!r}")
        object.__setattr__(self, "rate", float(self.rate))  # 0 and 0.0 are one operation

    def cost(self, inputs: Shapes) -> Cost:
        return Cost(one_shape(self, inputs))

    def module(self, inputs: Shapes) -> "nn.Module":
        from torch import nn

        return nn.Dropout(self.rate)

    def passes(self, inputs: Shapes) -> bool:
        return self.rate == 0


@dataclass(frozen=True, slots=True)
class LayerNorm(Operation):
    """Each row to mean 0 and variance 1, then a learnt scale and shift a feature (a channel, in sequences)."""

    def cost(self, inputs: Shapes) -> Cost:
        shape = one_shape(self, inputs)
        return Cost(shape, 2 * shape[0], 8 * math.prod(shape))

    def module(self, inputs: Shapes) -> "nn.Module":
        from torch import nn

        shape = one_shape(self, inputs)
        return nn.LayerNorm(shape[0]) if len(shape) == 1 else nn.GroupNorm(1, shape[0])


@dataclass(frozen=True, slots=True)
class BatchNorm(Operation):
    """Each feature (channel, in sequences) to mean 0 and variance 1 over the batch, then a learnt scale and shift."""

    of_rows: ClassVar[bool] = True

    def cost(self, inputs: Shapes) -> Cost:
        channels_and_length(self, inputs)
        return Cost(inputs[0], 2 * inputs[0][0], 4 * math.prod(inputs[0]))

    def module(self, inputs: Shapes) -> "nn.Module":
        from torch import nn

        return nn.BatchNorm1d(one_shape(self, inputs)[0])
