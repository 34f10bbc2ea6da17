"""The spaces and hand-designed networks of SC19, written down from arXiv:1909.00311, and what a sketch refuses."""

from collections.abc import Callable
from typing import Any

import pytest

from cellwright.errors import SpaceError
from cellwright.seeds import Use, rng_for
from cellwright.space import (
    Activation,
    Block,
    Choice,
    Conv1D,
    Dense,
    Dropout,
    Flatten,
    Identity,
    MaxPool1D,
    Node,
    Operation,
    Sketch,
    Space,
    When,
)
from cellwright.testing import check_space


def mlp(*rates: float) -> tuple[Operation, ...]:
    options: list[Operation] = [Identity()]
    for width, rate in zip((100, 500, 1000), rates, strict=True):
        options += [Dense(width, function) for function in ("relu", "tanh", "sigmoid")]
        options.append(Dropout(rate))
    return tuple(options)


def combo_inputs(sketch: Sketch) -> tuple[Block, Block, Block]:
    return sketch.input("expression", 942), sketch.input("drug 1", 3820), sketch.input("drug 2", 3820)


def combo_cell(sketch: Sketch, inputs: tuple[Block, Block, Block]) -> Block:
    options = mlp(0.05, 0.1, 0.2)
    expression, first, second = inputs
    drug = sketch.chain("drug", first, options, 3)
    towers = (sketch.chain("cell line", expression, options, 3), drug, sketch.mirror("drug 2", second, drug))
    return sketch.concatenate("cell 1", *towers)


def combo_small() -> Space:
    sketch, options = Sketch(), mlp(0.05, 0.1, 0.2)
    expression, first, second = inputs = combo_inputs(sketch)
    cell = combo_cell(sketch, inputs)
    chosen = [
        *([], [expression], [first], [second], [cell], list(inputs)),
        *([expression, first], [first, second], [expression, second]),
    ]
    middle = sketch.concatenate("cell 2", sketch.chain("middle", cell, options, 3), sketch.skip("skip", chosen))
    return sketch.space("combo-small", sketch.chain("last", middle, options, 3))


def combo_large() -> Space:
    sketch, options = Sketch(), mlp(0.05, 0.1, 0.2)
    inputs = combo_inputs(sketch)
    cells = [combo_cell(sketch, inputs)]
    for number in range(2, 10):
        chain = sketch.chain(f"chain {number}", cells[-1], options, 3)
        chosen = [[], list(inputs), *[[one] for one in (*inputs, *cells)]]
        cells.append(sketch.concatenate(f"cell {number}", chain, sketch.skip(f"skip {number}", chosen)))
    return sketch.space("combo-large", sketch.chain("last", cells[-1], options, 3))


def uno(options: Operation | tuple[Operation, ...]) -> Space:
    sketch = Sketch()
    dose = sketch.input("dose", 1)
    inputs = [sketch.input("rna", 942), sketch.input("descriptors", 5270), sketch.input("fingerprints", 2048)]
    towers = [sketch.chain(f"tower {number}", one, options, 3) for number, one in enumerate(inputs)]
    first = sketch.node("n1", sketch.concatenate("cell 1", dose, *towers), options)
    total = sketch.add("add 1", first, sketch.node("n2", first, options))
    return sketch.space("uno-small", sketch.add("add 2", total, sketch.node("n3", total, options)))


def nt3_small() -> Space:
    sketch = Sketch()
    block = sketch.input("expression", (1, 60_483))
    functions = (Identity(), Activation("relu"), Activation("tanh"), Activation("sigmoid"))
    kernels = (Identity(), *[Conv1D(8, kernel) for kernel in (3, 4, 5, 6)])
    pools = (Identity(), *[MaxPool1D(pool, 1, "same") for pool in (3, 4, 5, 6)])
    widths = (Identity(), *[Dense(width) for width in (10, 50, 100, 200, 250, 500, 750, 1000)])
    rates = (Identity(), *[Dropout(rate) for rate in (0.5, 0.4, 0.3, 0.2, 0.1, 0.05)])
    for cell, parts in enumerate(((kernels, functions, pools),) * 2 + ((widths, functions, rates),) * 2):
        if cell == 2:
            block = sketch.node("flat", block, Flatten())
        for number, options in enumerate(parts):
            block = sketch.node(f"{cell}.{number}", block, options)
    return sketch.space("nt3-small", block, units=2)


SPACES = [
    (combo_small, 13, 209_682_766_102_329),
    (combo_large, 41, 13**33 * 51_891_840),
    (lambda: uno(mlp(0.3, 0.4, 0.5)), 12, 13**12),
    (nt3_small, 12, 635_040_000),
]


@pytest.mark.parametrize(("make", "decisions", "size"), SPACES)
def test_the_published_spaces_have_their_published_size(make: Callable[[], Space], decisions: int, size: int) -> None:
    space = make()
    assert len(space.decisions) == decisions
    assert space.size == size


@pytest.mark.parametrize("make", [make for make, _, _ in SPACES])
def test_the_published_spaces_keep_the_laws(make: Callable[[], Space]) -> None:
    check_space(make(), draws=2)


def parameters(space: Space) -> int:
    return space.architecture(space.point([0] * len(space.decisions))).parameters


def test_the_hand_made_combo_network_has_its_parameters() -> None:
    sketch, dense = Sketch(), Dense(1000, "relu")
    expression, first, second = combo_inputs(sketch)
    drug = sketch.chain("drug", first, dense, 3)
    cell = sketch.chain("cell", expression, dense, 3)
    joined = sketch.concatenate("joined", cell, drug, sketch.mirror("drug 2", second, drug))
    assert parameters(sketch.space("combo", sketch.chain("top", joined, dense, 3))) == 13_772_001


def test_the_hand_made_uno_network_has_its_parameters() -> None:
    assert parameters(uno(Dense(1000, "relu"))) == 19_274_001


def nt3_by_hand(*body: Operation) -> Space:
    sketch = Sketch()
    block = sketch.input("expression", 60_483)
    head = (Flatten(), Dense(200, "relu"), Dropout(0.1), Dense(20, "relu"), Dropout(0.1))
    for number, operation in enumerate((*body, *head)):
        block = sketch.node(f"n{number}", block, operation)
    return sketch.space("nt3", block, units=2)


def test_the_hand_made_nt3_networks_have_their_parameters() -> None:
    original = nt3_by_hand(
        Conv1D(128, 20, padding="valid", activation="relu"),
        MaxPool1D(1),
        Conv1D(128, 10, padding="valid", activation="relu"),
        MaxPool1D(10),
    )
    assert parameters(original) == 154_922_918
    counted = nt3_by_hand(
        Conv1D(8, 20, activation="relu"),
        MaxPool1D(1, 1, "same"),
        Conv1D(8, 10, activation="relu"),
        MaxPool1D(10, 1, "same"),
    )
    assert parameters(counted) == 96_777_878


def test_a_conditional_node_passes_its_input_on_when_it_is_off() -> None:
    sketch = Sketch()
    first = sketch.node("first", sketch.input("x", 3), (Dense(2), Dense(4)))
    second = sketch.node("second", first, Dense(5), when=When("first", (Dense(4),)))
    space = sketch.space("s", second)
    assert [parameters_at(space, values) for values in ((0, 0), (1, 0))] == [8 + 3, 16 + 25 + 6]
    assert space.size == 2


def parameters_at(space: Space, values: tuple[int, ...]) -> int:
    return space.architecture(space.point(values)).parameters


def test_a_mime_repeats_the_choice_and_a_mirror_the_weights() -> None:
    sketch = Sketch()
    x, y = sketch.input("x", 3), sketch.input("y", 3)
    tower = sketch.chain("tower", x, (Dense(2), Dense(4)), 2)
    mirror = sketch.mirror("mirror", y, tower)
    joined = sketch.concatenate("joined", tower, mirror, sketch.mime("mime", y, mirror))
    space = sketch.space("s", joined)
    assert [decision.name for decision in space.decisions] == ["tower.1", "tower.2"]
    assert parameters_at(space, (0, 1)) == 2 * (8 + 12) + 13


def test_a_sketch_can_be_finished_twice() -> None:
    sketch = Sketch()
    x = sketch.input("x", 3)
    assert sketch.space("s", x) == sketch.space("s", x)


def test_sampling_the_largest_space_is_repeatable() -> None:
    one, other = combo_large(), combo_large()
    points = [space.sample(rng_for(1, Use.SAMPLE)) for space in (one, other)]
    assert one.architecture(points[0]).key == other.architecture(points[1]).key


def mime_an_input() -> Any:
    sketch = Sketch()
    x = sketch.input("x", 3)
    return sketch.mime("m", x, x)


def mime_a_stranger() -> Any:
    sketch = Sketch()
    return sketch.mime("m", sketch.input("x", 3), Block(("elsewhere",)))


def two_conditions() -> Any:
    sketch = Sketch()
    condition = When("c", (1,))
    return sketch.node("n", sketch.input("x", 3), Choice("n", (Dense(1),)), when=condition)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (mime_an_input, "'m' mimes 'x', which is no node of this sketch"),
        (mime_a_stranger, "'m' mimes 'elsewhere', which is no node of this sketch"),
        (two_conditions, "node 'n' has a condition and a choice"),
        (lambda: Sketch().input("x", 0), "input 'x' needs a shape"),
        (lambda: Sketch().space("s", Block(("x",))), r"'flatten' reads 'x', which does not come before it"),
    ],
)
def test_what_a_sketch_refuses(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(SpaceError, match=message):
        make()


def test_a_choice_written_out_keeps_its_own_name() -> None:
    sketch = Sketch()
    sketch.node("n", sketch.input("x", 3), width := Choice("width", (Dense(2), Dense(4))))
    assert sketch.space("s", Block(("n",))).decisions == (width,)


def test_a_single_operation_is_a_fixed_node() -> None:
    sketch = Sketch()
    x = sketch.input("x", (2, 4))
    space = sketch.space("s", sketch.node("n", x, Conv1D(2, 3)))
    assert isinstance(space.vertices[1], Node)
    assert space.decisions == ()
