"""Operations on sequences (channels, length): convolution, pooling, and their end, flattening."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from cellwright.errors import SpaceError
from cellwright.space.operation import (
    Cost,
    Operation,
    Shapes,
    activated,
    channels_and_length,
    need_activation,
    need_positive,
    one_shape,
)

if TYPE_CHECKING:
    from torch import nn

__all__ = ["Conv1D", "Flatten", "MaxPool1D"]

Padding = Literal["same", "valid"]


@dataclass(frozen=True, slots=True)
class Conv1D(Operation):
    """A convolution along a sequence; a vector counts as a sequence of one channel."""

    filters: int
    kernel: int
    stride: int = 1
    padding: Padding = "same"
    activation: str = "linear"

    def __post_init__(self) -> None:
        need_positive(self, "filters", "kernel", "stride")
        need_activation(self, self.activation)
        _check_padding(self, self.padding)

    def cost(self, inputs: Shapes) -> Cost:
        channels, length = channels_and_length(self, inputs)
        length = _windows(self, length, self.kernel, self.stride, self.padding)
        weights = channels * self.kernel
        return Cost((self.filters, length), (weights + 1) * self.filters, (2 * weights + 1) * self.filters * length)

    def module(self, inputs: Shapes) -> "nn.Module":
        from torch import nn

        channels, length = channels_and_length(self, inputs)
        convolution = nn.Conv1d(channels, self.filters, self.kernel, self.stride)
        nn.init.xavier_uniform_(convolution.weight)
        assert convolution.bias is not None
        nn.init.zeros_(convolution.bias)
        padding = _padding(length, self.kernel, self.stride, self.padding)
        return activated(nn.Sequential(_as_sequence(), nn.ConstantPad1d(padding, 0.0), convolution), self.activation)


@dataclass(frozen=True, slots=True)
class MaxPool1D(Operation):
    """The largest of each window along a sequence; `stride=None` means windows side by side."""

    pool: int
    stride: int | None = None
    padding: Padding = "valid"

    def __post_init__(self) -> None:
        need_positive(self, "pool", *(("stride",) if self.stride is not None else ()))
        _check_padding(self, self.padding)

    def cost(self, inputs: Shapes) -> Cost:
        channels, length = channels_and_length(self, inputs)
        length = _windows(self, length, self.pool, self.stride or self.pool, self.padding)
        return Cost((channels, length), 0, channels * length * (self.pool - 1))

    def module(self, inputs: Shapes) -> "nn.Module":
        from torch import nn

        stride = self.stride or self.pool
        padding = _padding(channels_and_length(self, inputs)[1], self.pool, stride, self.padding)
        return nn.Sequential(_as_sequence(), nn.ConstantPad1d(padding, -math.inf), nn.MaxPool1d(self.pool, stride))

    def passes(self, inputs: Shapes) -> bool:
        return self.pool == 1 and self.stride in (None, 1) and len(inputs[0]) == 2


def _check_padding(operation: Operation, padding: str) -> None:
    if padding not in ("same", "valid"):
        raise SpaceError(f"{type(operation).__name__} pads 'same' or 'valid', not {padding!r}")


def _windows(operation: Operation, length: int, window: int, stride: int, padding: Padding) -> int:
    """Return how many windows fit."""
    count = -(-length // stride) if padding == "same" else (length - window) // stride + 1
    if count < 1:
        raise SpaceError(f"{operation!r} needs a sequence of at least {window}, not {length}")
    return count


def _padding(length: int, window: int, stride: int, padding: Padding) -> tuple[int, int]:
    """Return the elements to add on the left and on the right (the odd one on the right, as Keras does)."""
    if padding == "valid":
        return 0, 0
    missing = max(0, (-(-length // stride) - 1) * stride + window - length)
    return missing // 2, missing - missing // 2


def _as_sequence() -> "nn.Module":
    """Return a module that gives vectors their one channel."""
    from torch import Tensor, nn

    class AsSequence(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x if x.ndim == 3 else x[:, None]  # (rows, channels, length)

    return AsSequence()


@dataclass(frozen=True, slots=True)
class Flatten(Operation):
    """A sequence as one vector."""

    def cost(self, inputs: Shapes) -> Cost:
        return Cost((math.prod(one_shape(self, inputs)),))

    def module(self, inputs: Shapes) -> "nn.Module":
        from torch import nn

        return nn.Flatten()

    def passes(self, inputs: Shapes) -> bool:
        return len(inputs[0]) == 1
