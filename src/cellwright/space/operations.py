"""What a node does: each operation knows its output shape, its cost and its torch module.

A shape leaves out the rows: `(width,)` for vectors, `(channels, length)` for sequences. FLOPs are those of one row
going forward, a multiply-add counted as two. An operation is one frozen dataclass below; `Operation` lists the three
things it must answer. Torch is imported only where a module is made.
"""

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, Protocol

from cellwright.errors import SpaceError

if TYPE_CHECKING:
    from torch import nn

__all__ = [
    "ACTIVATIONS",
    "Activation",
    "Add",
    "BatchNorm",
    "Concatenate",
    "Connect",
    "Conv1D",
    "Cost",
    "Dense",
    "Dropout",
    "Flatten",
    "Identity",
    "LayerNorm",
    "MaxPool1D",
    "Operation",
    "Shape",
    "Shapes",
    "activated",
    "need_activation",
    "need_positive",
    "one_shape",
    "operation_from_json",
    "operation_to_json",
    "vector_width",
]

Shape = tuple[int, ...]
Shapes = tuple[Shape, ...]

#: activation -> class in torch.nn
ACTIVATIONS = {
    "linear": "Identity",
    "relu": "ReLU",
    "tanh": "Tanh",
    "sigmoid": "Sigmoid",
    "gelu": "GELU",
    "silu": "SiLU",
    "elu": "ELU",
    "leaky_relu": "LeakyReLU",
    "softplus": "Softplus",
}
Padding = Literal["same", "valid"]


class Cost(NamedTuple):
    """What an operation makes of given input shapes."""

    shape: Shape
    parameters: int = 0
    flops: int = 0


class Operation(Protocol):
    """What a node does with its sources; a frozen dataclass of plain values."""

    __slots__ = ()
    classes: ClassVar[dict[str, type["Operation"]]] = {}
    #: how many sources it reads; None: any number
    arity: ClassVar[int | None] = 1
    #: whether the order of its sources has no meaning
    commutes: ClassVar[bool] = False

    def __init_subclass__(cls) -> None:
        """Make the operation known by its class's name, by which JSON refers to it."""
        super().__init_subclass__()
        other = Operation.classes.get(cls.__name__, cls)  # a dataclass with slots makes its class a second time
        if (other.__module__, other.__qualname__) != (cls.__module__, cls.__qualname__):
            raise SpaceError(f"two operations are called {cls.__name__!r}: {other!r} and {cls!r}; rename one")
        Operation.classes[cls.__name__] = cls

    def cost(self, inputs: Shapes) -> Cost:
        """Return output shape, parameters and FLOPs; raise SpaceError on shapes it cannot take."""
        ...

    def module(self, inputs: Shapes) -> "nn.Module":
        """Return a new torch module that takes one tensor (rows, *shape) an input."""
        ...

    def passes(self, inputs: Shapes) -> bool:
        """Return whether it gives its first input as it is, whatever else it reads."""
        return False


def one_shape(operation: Operation, inputs: Shapes) -> Shape:
    if len(inputs) != 1:
        raise SpaceError(f"{operation!r} takes one source, not {len(inputs)}; put Concatenate() or Add() before it")
    return inputs[0]


def vector_width(operation: Operation, inputs: Shapes) -> int:
    shape = one_shape(operation, inputs)
    if len(shape) != 1:
        raise SpaceError(f"{operation!r} takes vectors, not shape {shape}; put Flatten() before it")
    return shape[0]


def _sequence(operation: Operation, inputs: Shapes) -> tuple[int, int]:
    """Return channels and length; a vector counts as a sequence of one channel."""
    shape = one_shape(operation, inputs)
    if len(shape) > 2:
        raise SpaceError(f"{operation!r} takes sequences (channels, length), not shape {shape}")
    return (1, shape[0]) if len(shape) == 1 else (shape[0], shape[1])


def need_positive(operation: Operation, *names: str) -> None:
    for name in names:
        value = getattr(operation, name)
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise SpaceError(f"{type(operation).__name__} needs {name} >= 1, not {value!r}")


def need_activation(operation: Operation, name: str) -> None:
    if name not in ACTIVATIONS:
        raise SpaceError(f"{type(operation).__name__} knows no activation {name!r}; known: {', '.join(ACTIVATIONS)}")


def _check_padding(operation: Operation, padding: str) -> None:
    if padding not in ("same", "valid"):
        raise SpaceError(f"{type(operation).__name__} pads 'same' or 'valid', not {padding!r}")


def activated(module: "nn.Module", name: str) -> "nn.Module":
    """Return `module` with its activation behind it."""
    from torch import nn

    return module if name == "linear" else nn.Sequential(module, getattr(nn, ACTIVATIONS[name])())


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

    def cost(self, inputs: Shapes) -> Cost:
        _sequence(self, inputs)
        return Cost(inputs[0], 2 * inputs[0][0], 4 * math.prod(inputs[0]))

    def module(self, inputs: Shapes) -> "nn.Module":
        from torch import nn

        return nn.BatchNorm1d(one_shape(self, inputs)[0])


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
        channels, length = _sequence(self, inputs)
        length = _windows(self, length, self.kernel, self.stride, self.padding)
        weights = channels * self.kernel
        return Cost((self.filters, length), (weights + 1) * self.filters, (2 * weights + 1) * self.filters * length)

    def module(self, inputs: Shapes) -> "nn.Module":
        from torch import nn

        channels, length = _sequence(self, inputs)
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
        channels, length = _sequence(self, inputs)
        length = _windows(self, length, self.pool, self.stride or self.pool, self.padding)
        return Cost((channels, length), 0, channels * length * (self.pool - 1))

    def module(self, inputs: Shapes) -> "nn.Module":
        from torch import nn

        stride = self.stride or self.pool
        padding = _padding(_sequence(self, inputs)[1], self.pool, stride, self.padding)
        return nn.Sequential(_as_sequence(), nn.ConstantPad1d(padding, -math.inf), nn.MaxPool1d(self.pool, stride))

    def passes(self, inputs: Shapes) -> bool:
        return self.pool == 1 and self.stride in (None, 1) and len(inputs[0]) == 2


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


def operation_to_json(operation: Operation) -> dict[str, Any]:
    """Return the operation as JSON: its class under "operation", and its fields."""
    values = {field.name: getattr(operation, field.name) for field in fields(operation)}  # type: ignore[arg-type]  # a Protocol is no dataclass to mypy; every operation is one
    return {"operation": type(operation).__name__, **values}


def operation_from_json(value: dict[str, Any]) -> Operation:
    """Return the operation that `operation_to_json` wrote.

    Raises:
        SpaceError: its class is unknown here, or has other fields.
    """
    arguments = dict(value)
    name = arguments.pop("operation", None)
    if name not in Operation.classes:
        raise SpaceError(f"no operation is called {name!r}; import the module that defines it first")
    try:
        return Operation.classes[name](**arguments)
    except TypeError as error:
        raise SpaceError(f"operation {name!r} cannot be made from {arguments!r}: {error}") from error
