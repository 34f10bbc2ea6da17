from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from torch import nn

from cellwright.errors import SpaceError
from cellwright.space import (
    Activation,
    Add,
    BatchNorm,
    Concatenate,
    Connect,
    Conv1D,
    Cost,
    Dense,
    Dropout,
    Flatten,
    Identity,
    LayerNorm,
    MaxPool1D,
    Operation,
    Shape,
)
from cellwright.space.operation import operation_from_json, operation_to_json
from cellwright.testing import check_operation
from cellwright.testing.strategies import operations


@settings(deadline=None, max_examples=150)
@given(operations())
def test_random_operations_keep_the_laws(case: tuple[Operation, list[Shape]]) -> None:
    operation, shapes = case
    check_operation(operation, shapes)


@pytest.mark.parametrize(
    ("operation", "inputs", "cost"),
    [
        (Identity(), [(5,)], Cost((5,))),
        (Dense(10, "relu"), [(5,)], Cost((10,), 60, 110)),
        (Dropout(0.5), [(4, 5)], Cost((4, 5))),
        (Activation("relu"), [(4, 5)], Cost((4, 5), 0, 20)),
        (LayerNorm(), [(5,)], Cost((5,), 10, 40)),
        (BatchNorm(), [(4, 5)], Cost((4, 5), 8, 80)),
        (Conv1D(8, 3), [(100,)], Cost((8, 100), 32, 7 * 800)),
        (Conv1D(8, 3, padding="valid"), [(2, 100)], Cost((8, 98), 56, 13 * 8 * 98)),
        (Conv1D(8, 3, stride=2), [(100,)], Cost((8, 50), 32, 7 * 400)),
        (MaxPool1D(10), [(128, 60_000)], Cost((128, 6000), 0, 9 * 128 * 6000)),
        (MaxPool1D(3, 1, "same"), [(2, 10)], Cost((2, 10), 0, 40)),
        (Flatten(), [(4, 5)], Cost((20,))),
        (Concatenate(), [(4, 5), (3,)], Cost((23,))),
        (Add(), [(4,), (3,), (4,)], Cost((4,), 0, 8)),
        (Add(), [(4, 5), (4, 5)], Cost((4, 5), 0, 20)),
        (Add("project"), [(4,), (3,)], Cost((4,), 16, 28 + 4)),
        (Connect(("a", "b")), [(4,), (3,)], Cost((7,))),
    ],
)
def test_costs_by_hand(operation: Operation, inputs: list[Shape], cost: Cost) -> None:
    assert operation.cost(tuple(inputs)) == cost
    check_operation(operation, inputs)


@pytest.mark.parametrize(
    ("operation", "shape", "passes"),
    [
        (Identity(), (3,), True),
        (Dropout(0), (3,), True),
        (Dropout(0.1), (3,), False),
        (Activation("linear"), (3,), True),
        (Activation("relu"), (3,), False),
        (Flatten(), (3,), True),
        (Flatten(), (1, 3), False),
        (MaxPool1D(1), (2, 3), True),
        (MaxPool1D(1), (3,), False),  # makes a sequence of it
        (MaxPool1D(1, 2), (2, 3), False),
        (Dense(3), (3,), False),
    ],
)
def test_what_passes_its_input_on(operation: Operation, shape: Shape, passes: bool) -> None:
    assert operation.passes((shape,)) is passes


def test_add_pads_with_zeros() -> None:
    total = Add().module(((3,), (1,)))(torch.ones(2, 3), torch.ones(2, 1))
    assert total.tolist() == [[2, 1, 1]] * 2


def test_same_padding_puts_the_odd_element_on_the_right() -> None:
    pool = MaxPool1D(4, 1, "same").module(((1, 5),))
    assert pool(torch.tensor([[[5.0, 1, 2, 3, 4]]])).tolist() == [[[5, 5, 4, 4, 4]]]
    assert pool(torch.tensor([[[-5.0, -1, -2, -3, -4]]])).tolist() == [[[-1, -1, -1, -2, -3]]]


def test_dense_starts_as_published() -> None:
    linear = Dense(50).module(((100,),))
    assert isinstance(linear, nn.Linear)
    assert linear.bias.abs().max() == 0
    assert linear.weight.abs().max() <= (6 / 150) ** 0.5


def test_equal_operations_are_one_text() -> None:
    assert repr(Dropout(0)) == repr(Dropout(0.0))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Dense(0), "Dense needs width >= 1, not 0"),
        (lambda: Dense(2.5), "Dense needs width >= 1, not 2.5"),  # type: ignore[arg-type]  # on purpose
        (lambda: Dense(5, "rely"), "Dense knows no activation 'rely'; known: linear, relu"),
        (lambda: Activation("rely"), "Activation knows no activation 'rely'"),
        (lambda: Dropout(1), r"Dropout needs a rate in \[0, 1\), not 1"),
        (lambda: Dropout("0.1"), r"Dropout needs a rate in \[0, 1\), not '0.1'"),  # type: ignore[arg-type]  # on purpose
        (lambda: Conv1D(8, 0), "Conv1D needs kernel >= 1, not 0"),
        (lambda: Conv1D(8, 3, padding="full"), "Conv1D pads 'same' or 'valid', not 'full'"),  # type: ignore[arg-type]  # on purpose
        (lambda: MaxPool1D(2, 0), "MaxPool1D needs stride >= 1, not 0"),
        (lambda: MaxPool1D(2, padding="full"), "MaxPool1D pads 'same' or 'valid', not 'full'"),  # type: ignore[arg-type]  # on purpose
        (lambda: Add("repeat"), "Add fits by 'pad' or 'project', not 'repeat'"),  # type: ignore[arg-type]  # on purpose
        (lambda: Connect("abc"), r"Connect takes a tuple of names, not 'abc'; write \('abc',\)"),  # type: ignore[arg-type]  # on purpose
        (lambda: Dense(3).cost(((4, 5),)), r"Dense\(.*\) takes vectors, not shape \(4, 5\); put Flatten"),
        (lambda: Dense(3).cost(((4,), (5,))), r"Dense\(.*\) takes one source, not 2; put Concatenate"),
        (lambda: Conv1D(8, 3).cost(((4, 5, 6),)), r"Conv1D\(.*\) takes sequences .* not shape \(4, 5, 6\)"),
        (lambda: BatchNorm().cost(((4, 5, 6),)), r"BatchNorm\(\) takes sequences .* not shape \(4, 5, 6\)"),
        (lambda: Conv1D(8, 6, padding="valid").cost(((5,),)), r"Conv1D\(.*\) needs a sequence of at least 6, not 5"),
        (lambda: Add().cost(((4, 5), (4,))), r"Add\(\) takes equal shapes or vectors, not .*put Flatten\(\) before"),
        (lambda: Add().cost(()), r"Add\(\) needs at least one source"),
        (lambda: operation_from_json({"operation": "Dance"}), "no operation is called 'Dance'; import the module"),
        (lambda: operation_from_json({"operation": "Dense", "wide": 3}), "operation 'Dense' cannot be made .*'wide'"),
    ],
)
def test_what_cannot_be_is_refused(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(SpaceError, match=message):
        make()


@dataclass(frozen=True, slots=True)
class Twice(Operation):
    """As somebody outside would write one."""

    by: float = 2.0

    def cost(self, inputs: tuple[Shape, ...]) -> Cost:
        return Cost(inputs[0], 0, 1)

    def module(self, inputs: tuple[Shape, ...]) -> nn.Module:
        by = self.by

        class Module(nn.Module):
            def forward(self, x: torch.Tensor) -> torch.Tensor:
                return by * x

        return Module()


def test_an_operation_from_outside_is_known_by_its_name() -> None:
    assert operation_from_json(operation_to_json(Twice(3.0))) == Twice(3.0)
    check_operation(Twice(), [(4,)])


def test_two_operations_of_one_name_are_refused() -> None:
    with pytest.raises(SpaceError, match="two operations are called 'Twice'"):
        type("Twice", (Operation,), {"__slots__": ()})
