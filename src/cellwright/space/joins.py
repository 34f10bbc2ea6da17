"""Operations that read several sources: side by side, added, or chosen."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from cellwright.errors import SpaceError
from cellwright.space.operation import Cost, Operation, Shapes

if TYPE_CHECKING:
    from torch import nn

__all__ = ["Add", "Concatenate", "Connect"]


@dataclass(frozen=True, slots=True)
class Concatenate(Operation):
    """All sources, flattened, one behind the other."""

    arity: ClassVar[int | None] = None

    def cost(self, inputs: Shapes) -> Cost:
        return Cost((sum(math.prod(shape) for shape in inputs),))

    def module(self, inputs: Shapes) -> "nn.Module":
        import torch
        from torch import Tensor, nn

        class Concatenation(nn.Module):
            def forward(self, *tensors: Tensor) -> Tensor:
                return torch.cat([tensor.flatten(1) for tensor in tensors], dim=1)

        return Concatenation()


@dataclass(frozen=True, slots=True)
class Add(Operation):
    """The sum of all sources; narrower vectors are fitted to the widest.

    Attributes:
        fit: "pad" with zeros (as SC19 does), or "project" linearly.
    """

    arity: ClassVar[int | None] = None
    fit: Literal["pad", "project"] = "pad"

    def __post_init__(self) -> None:
        if self.fit not in ("pad", "project"):
            raise SpaceError(f"Add fits by 'pad' or 'project', not {self.fit!r}")

    def cost(self, inputs: Shapes) -> Cost:
        if not inputs:
            raise SpaceError("Add() needs at least one source")
        if len(set(inputs)) > 1 and any(len(shape) != 1 for shape in inputs):
            raise SpaceError(f"Add() takes equal shapes or vectors, not {inputs}; put Flatten() before it")
        widest = max(inputs)
        narrow = [shape[0] for shape in inputs if shape != widest] if self.fit == "project" else []
        parameters = sum((width + 1) * widest[0] for width in narrow)
        flops = sum((2 * width + 1) * widest[0] for width in narrow) + (len(inputs) - 1) * math.prod(widest)
        return Cost(widest, parameters, flops)

    def module(self, inputs: Shapes) -> "nn.Module":
        from torch import Tensor, nn
        from torch.nn.functional import pad

        widest = max(inputs)
        project = self.fit == "project"

        class Sum(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.fitted = nn.ModuleList(
                    nn.Linear(shape[0], widest[0]) if project and shape != widest else nn.Identity() for shape in inputs
                )

            def forward(self, *tensors: Tensor) -> Tensor:
                total: Tensor | int = 0
                for fit, tensor in zip(self.fitted, tensors, strict=True):
                    fitted = fit(tensor)
                    missing = widest[-1] - fitted.shape[-1]
                    total = total + (pad(fitted, (0, missing)) if missing else fitted)
                assert isinstance(total, Tensor)
                return total

        return Sum()


@dataclass(frozen=True, slots=True)
class Connect(Operation):
    """A skip connection: some of the node's sources, side by side; with no names, none.

    Only an option of a Choice. It never becomes a module: the canonical form joins what it names to the reader's own
    sources.
    """

    sources: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        sources: Any = self.sources
        if isinstance(sources, str):
            raise SpaceError(f"Connect takes a tuple of names, not {self.sources!r}; write ({self.sources!r},)")
        object.__setattr__(self, "sources", tuple(self.sources))

    def cost(self, inputs: Shapes) -> Cost:
        return Concatenate().cost(inputs)

    def module(self, inputs: Shapes) -> "nn.Module":
        return Concatenate().module(inputs)
