"""Each law of cellwright.testing is broken once on purpose."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from torch import Tensor, nn

from cellwright.space import (
    Architecture,
    Choice,
    Cost,
    Dense,
    Float,
    Identity,
    Input,
    Integer,
    Node,
    Operation,
    Point,
    Shape,
    Space,
    Vertex,
    When,
)
from cellwright.testing import check_operation, check_space
from cellwright.testing.strategies import spaces

Shapes = tuple[Shape, ...]


@dataclass(frozen=True, slots=True)
class Honest(Operation):
    """Shifts each row by a learnt number."""

    width: int = 3

    def cost(self, inputs: Shapes) -> Cost:
        return Cost((self.width,), 1)

    def module(self, inputs: Shapes) -> nn.Module:
        return Module(lambda x: x)

    def passes(self, inputs: Shapes) -> bool:
        return False


class Module(nn.Module):
    def __init__(self, function: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.shift = nn.Parameter(torch.ones(()))
        self.fixed = nn.Parameter(torch.ones(()), requires_grad=False)
        self.function = function

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.function(x) + self.shift


@dataclass(frozen=True, slots=True)
class Miscounts(Operation):
    def cost(self, inputs: Shapes) -> Cost:
        return Cost(inputs[0], 2)

    def module(self, inputs: Shapes) -> nn.Module:
        return Module(lambda x: x)


@dataclass(frozen=True, slots=True)
class Owes(Operation):
    def cost(self, inputs: Shapes) -> Cost:
        return Cost(inputs[0], 1, -1)

    def module(self, inputs: Shapes) -> nn.Module:
        return Module(lambda x: x)


@dataclass(frozen=True, slots=True)
class Looks(Operation):
    def cost(self, inputs: Shapes) -> Cost:
        return Cost(inputs[0], 1)

    def module(self, inputs: Shapes) -> nn.Module:
        return Module(lambda x: x - x.mean(0))


class Centred(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x - x.mean(0) if self.training else x


@dataclass(frozen=True, slots=True)
class Peeks(Operation):
    def cost(self, inputs: Shapes) -> Cost:
        return Cost(inputs[0])

    def module(self, inputs: Shapes) -> nn.Module:
        return Centred()


@dataclass(frozen=True, slots=True)
class Pretends(Operation):
    def cost(self, inputs: Shapes) -> Cost:
        return Cost(inputs[0], 1)

    def module(self, inputs: Shapes) -> nn.Module:
        return Module(lambda x: x)

    def passes(self, inputs: Shapes) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class Forgets(Operation):
    sizes: tuple[int, ...] = (1, 2)  # a list, when it comes back from JSON

    def cost(self, inputs: Shapes) -> Cost:
        return Cost(inputs[0])

    def module(self, inputs: Shapes) -> nn.Module:
        return nn.Identity()


@dataclass(frozen=True, slots=True, eq=False)
class Unequal(Operation):
    def cost(self, inputs: Shapes) -> Cost:
        return Cost(inputs[0])

    def module(self, inputs: Shapes) -> nn.Module:
        return nn.Identity()


def test_an_honest_operation_passes() -> None:
    check_operation(Honest(), [(3,)])


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        (Miscounts(), r"Miscounts\(\) on \(\(3,\),\) costs 2 parameters, its module has 1"),
        (Owes(), r"Owes\(\) on .* costs -1 FLOPs"),
        (Honest(4), r"Honest\(width=4\) on .* promises \(4,\), its module returns \(3, 3\) of 3 rows"),
        (Looks(), r"Looks\(\) answers for a row by looking at other rows"),
        (Peeks(), r"Peeks\(\) looks at other rows in training and does not say so"),
        (Pretends(), r"Pretends\(\) says it passes \(3,\) on, its module changes it"),
        (Forgets(), r"Forgets\(sizes=\(1, 2\)\) comes back from JSON as Forgets\(sizes=\[1, 2\]\)"),
        (Unequal(), r"Unequal\(\) comes back from JSON as Unequal\(\)"),
    ],
)
def test_a_broken_operation_is_found(operation: Operation, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        check_operation(operation, [(3,)])


WIDTHS = (Identity(), Dense(2), Dense(3))


def small() -> tuple[Any, ...]:
    first = Choice("first", WIDTHS)
    second = Choice("second", (Identity(), Dense(4)), When("first", (Dense(2), Dense(3))))
    vertices = (Input("x", (3,)), Node("a", ("x",), first), Node("b", ("a",), second), Node("c", ("b",), Dense(1)))
    return vertices, (Integer("batch", 1, 4), Float("rate", 0, 1))


@settings(deadline=None, max_examples=60)
@given(spaces())
def test_random_spaces_keep_the_laws(space: Space) -> None:
    check_space(space, draws=3)


def test_a_space_of_settings_keeps_the_laws() -> None:
    check_space(Space("tune", (), small()[1]))


def test_a_space_with_nothing_to_choose_keeps_the_laws() -> None:
    check_space(Space("constant", (Input("x", (3,)), Node("c", ("x",), Dense(1)))), draws=1)


def _moved(vertex: Vertex) -> Vertex:
    return vertex._replace(sources=tuple(source + 1 for source in vertex.sources))


def _idle(space: Space, point: Point) -> Architecture:
    """An architecture with an identity behind its input."""
    built = architecture(space, point)
    if space.name != "sound":
        return built
    first, *others = built.vertices
    idle = Vertex(Identity(), (0,), -1, first.shape)
    return replace(built, vertices=(first, idle, *map(_moved, others)))


def _recounted(space: Space, point: Point, what: str, value: Any) -> Architecture:
    built = architecture(space, point)
    built.__dict__[what] = value
    return built


def _twice(space: Space, point: Point) -> Iterator[Point]:
    yield from neighbours(space, point)
    yield from neighbours(space, point)


def _two(space: Space, point: Point, _rng: np.random.Generator) -> Point:
    first, second, *others = point.values
    return Point(((first + 1) % 2, (second + 1) % 2, *others), point.fingerprint)


architecture, encode, neighbours = Space.architecture, Space.encode, Space.neighbours


@pytest.mark.parametrize(
    ("method", "broken", "message"),
    [
        ("encode", lambda s, p: encode(s, p) * 0, "decision '.*' is encoded from .* and decoded to"),
        ("encode", lambda s, p: encode(s, p) + 1, "is encoded outside the unit cube"),
        ("mutate", _two, r"a mutation of Point\(.*\) changes \['first', 'second'\], not one decision"),
        ("mutate", lambda _s, p, _r: p, r"a mutation of Point\(.*\) changes \[\], not one decision"),
        ("neighbours", _twice, r"Point\(.*\) has a neighbour twice"),
        ("neighbours", lambda _s, p: iter([p]), r"a neighbour of Point\(.*\) changes \[\], not one decision"),
        ("architecture", lambda s, p: architecture(s, s.point(p.values[:4])), "takes a point of another space"),
        ("architecture", lambda s, p: _recounted(s, p, "parameters", 5), r"has parameters 5, counted again \d+"),
        ("architecture", lambda s, p: _recounted(s, p, "key", "k"), "has key k, counted again"),
        (
            "architecture",
            lambda s, p: replace(architecture(s, p), settings=(("second", p.values[-3:][0]),)),
            "'second' is switched off in .* and changes the architecture",
        ),
        ("architecture", _idle, "is not canonical: as a space it builds another"),
        ("sample", lambda s, _r: Point((9, 0, 1, 0.5), s.fingerprint), "decision 'first' takes an index"),
    ],
)
def test_a_broken_space_is_found(
    monkeypatch: pytest.MonkeyPatch, method: str, broken: Callable[..., Any], message: str
) -> None:
    vertices, tuned = small()
    space = Space("sound", vertices, tuned)
    check_space(space)
    monkeypatch.setattr(Space, method, broken)
    with pytest.raises(AssertionError, match=message):
        check_space(space)


def test_an_unequal_operation_breaks_the_copy_of_its_space() -> None:
    with pytest.raises(AssertionError, match="space 'odd' comes back from JSON changed"):
        check_space(Space("odd", (Input("x", (3,)), Node("c", ("x",), Unequal()))))
