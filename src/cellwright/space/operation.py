"""What an operation is: a frozen dataclass that knows its output shape, its cost and its torch module.

A shape leaves out the rows: `(width,)` for vectors, `(channels, length)` for sequences. FLOPs are those of one row
going forward, a multiply-add counted as two. `Operation` lists the three things one must answer. Torch is imported
only where a module is made.
"""

from dataclasses import fields
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol

from cellwright.errors import SpaceError

if TYPE_CHECKING:
    from torch import nn

__all__ = [
    "ACTIVATIONS",
    "Cost",
    "Operation",
    "Shape",
    "Shapes",
    "activated",
    "channels_and_length",
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
    #: whether its module, in training, answers for a row by looking at the others, so that all must be there
    of_rows: ClassVar[bool] = False

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


def channels_and_length(operation: Operation, inputs: Shapes) -> tuple[int, int]:
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


def activated(module: "nn.Module", name: str) -> "nn.Module":
    """Return `module` with its activation behind it."""
    from torch import nn

    return module if name == "linear" else nn.Sequential(module, getattr(nn, ACTIVATIONS[name])())


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
