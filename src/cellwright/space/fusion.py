"""How vectors of different origin meet: both drugs of a pair, a drug and the cell it acts on, a drug and its dose."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from cellwright.errors import SpaceError
from cellwright.space.operation import Cost, Operation, Shapes

if TYPE_CHECKING:
    from torch import nn

__all__ = ["Fuse", "Modulate"]

_PARTS = ("sum", "product", "difference")


@dataclass(frozen=True, slots=True)
class Fuse(Operation):
    """What two vectors of equal width are together, whichever comes first.

    Attributes:
        parts: side by side, in this order: "sum", "product", "difference" (absolute).
    """

    arity: ClassVar[int | None] = 2
    commutes: ClassVar[bool] = True
    parts: tuple[str, ...]

    def __post_init__(self) -> None:
        given: Any = self.parts
        parts = (given,) if isinstance(given, str) else tuple(given)
        if not parts or [part for part in _PARTS if part in parts] != list(parts):
            raise SpaceError(f"Fuse takes some of {_PARTS}, in this order, not {self.parts!r}")
        object.__setattr__(self, "parts", parts)

    def cost(self, inputs: Shapes) -> Cost:
        width = _equal(self, inputs)
        return Cost((len(self.parts) * width,), 0, 2 * len(self.parts) * width)

    def module(self, inputs: Shapes) -> "nn.Module":
        import torch
        from torch import Tensor, nn

        parts = self.parts
        _equal(self, inputs)

        class Fusion(nn.Module):
            def forward(self, a: Tensor, b: Tensor) -> Tensor:
                made = []
                if "sum" in parts:
                    made.append(a + b)
                if "product" in parts:
                    made.append(a * b)
                if "difference" in parts:
                    made.append((a - b).abs())
                return torch.cat(made, dim=1)

        return Fusion()


def _equal(operation: Operation, inputs: Shapes) -> int:
    if len(inputs) != 2 or inputs[0] != inputs[1] or len(inputs[0]) != 1:
        raise SpaceError(f"{operation!r} takes two vectors of equal width, not {inputs}")
    return inputs[0][0]


@dataclass(frozen=True, slots=True)
class Modulate(Operation):
    """Its first source, changed by what the second one is (Perez et al., arXiv:1709.07871).

    Attributes:
        how: "none" leaves the first as it is; "scale" multiplies each feature by 1 + a linear function of the second;
            "film" adds another linear function as well.
    """

    arity: ClassVar[int | None] = 2
    how: Literal["none", "scale", "film"]

    def __post_init__(self) -> None:
        if self.how not in ("none", "scale", "film"):
            raise SpaceError(f"Modulate knows 'none', 'scale' and 'film', not {self.how!r}")

    def cost(self, inputs: Shapes) -> Cost:
        if len(inputs) != 2 or any(len(shape) != 1 for shape in inputs):
            raise SpaceError(f"{self!r} takes two vectors, not {inputs}; put Flatten() before it")
        (width,), (by,) = inputs
        times = {"none": 0, "scale": 1, "film": 2}[self.how]
        return Cost((width,), times * (by + 1) * width, times * (2 * by + 2) * width)

    def passes(self, inputs: Shapes) -> bool:
        return self.how == "none"

    def module(self, inputs: Shapes) -> "nn.Module":
        from torch import Tensor, nn

        how = self.how
        (width,), (by,) = inputs

        class Modulation(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                if how != "none":
                    self.change = nn.Linear(by, width if how == "scale" else 2 * width)

            def forward(self, x: Tensor, other: Tensor) -> Tensor:
                if how == "none":
                    return x
                change: Tensor = self.change(other)
                if how == "scale":
                    return x * (1 + change)
                scale, shift = change.chunk(2, dim=1)
                return x * (1 + scale) + shift

        return Modulation()
