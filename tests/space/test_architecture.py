import itertools
from collections import defaultdict
from hashlib import blake2b
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from torch import Tensor

from cellwright.errors import SpaceError
from cellwright.seeds import Use, rng_for
from cellwright.space import (
    Activation,
    Add,
    Architecture,
    Choice,
    Concatenate,
    Connect,
    Conv1D,
    Dense,
    Flatten,
    Identity,
    Input,
    MaxPool1D,
    Mirror,
    Node,
    Operation,
    Point,
    Shape,
    Space,
)
from cellwright.testing.strategies import spaces

X, Y = Input("x", (3,)), Input("y", (3,))


def built(*vertices: Input | Node | Mirror, values: Any = ()) -> Architecture:
    space = Space("s", vertices)
    return space.architecture(space.point(values))


# Equal functions, equal keys


def chain(*operations: Operation) -> Architecture:
    nodes = [Node(f"n{i}", (f"n{i - 1}" if i else "x",), operation) for i, operation in enumerate(operations)]
    return built(X, *nodes)


def test_identities_vanish() -> None:
    plain = chain(Dense(2), Dense(1))
    assert chain(Identity(), Dense(2), Identity(), Activation("linear"), Dense(1), Flatten()).key == plain.key
    assert chain(Dense(3), Dense(1)).key != plain.key
    assert chain(Dense(2, "relu"), Dense(1)).key != plain.key


def test_a_network_of_identities_is_its_input() -> None:
    nothing = chain(Identity())
    assert [vertex.operation for vertex in nothing.vertices] == [X]
    assert (nothing.parameters, nothing.flops, nothing.output) == (0, 0, (3,))


def test_dead_branches_vanish() -> None:
    dead = Node("dead", ("x",), Dense(100))
    end = Node("end", ("x",), Dense(1))
    assert built(X, Y, dead, end).key == built(X, end).key
    assert built(X, Y, dead, end).inputs == {"x": (3,)}
    assert built(X, Y, dead, end).parameters == 4


def skip(*sources: str) -> Architecture:
    choice = Node("skip", ("x", "y", "n"), Choice("skip", (Connect(sources),)))
    nodes = (Node("n", ("x",), Dense(3)), choice, Node("both", ("n", "skip"), Concatenate()))
    return built(X, Y, *nodes, Node("end", ("both",), Dense(1)), values=(0,))


def test_a_skip_connection_is_a_set() -> None:
    assert skip("x", "y").key == skip("y", "x").key == skip("y", "x", "y").key
    assert len({skip(*s).key for n in range(4) for s in itertools.combinations("xyn", n)}) == 8
    assert [skip(*"xyn"[:n]).vertices[-2].shape for n in (1, 2, 3)] == [(6,), (9,), (12,)]
    assert len(skip().vertices) == 3


def test_concatenations_of_concatenations_are_one() -> None:
    inner = Node("inner", ("x", "y"), Concatenate())
    nested = built(X, Y, inner, Node("outer", ("inner", "x"), Concatenate()), Node("end", ("outer",), Dense(1)))
    assert nested.key == built(X, Y, Node("o", ("x", "y", "x"), Concatenate()), Node("e", ("o",), Dense(1))).key
    kept = built(X, Y, inner, Node("end", ("inner", "inner"), Add()))
    assert [type(vertex.operation) for vertex in kept.vertices] == [Input, Input, Concatenate, Add]


def test_the_order_of_a_concatenation_matters_and_that_of_a_sum_does_not() -> None:
    def both(operation: Operation, *order: str) -> str:
        nodes = (Node("a", ("x",), Dense(2)), Node("b", ("y",), Dense(3)), Node("both", order, operation))
        return built(X, Y, *nodes, Node("end", ("both",), Dense(1))).key

    assert both(Add(), "a", "b") == both(Add(), "b", "a")
    assert both(Concatenate(), "a", "b") != both(Concatenate(), "b", "a")
    assert both(Add(), "a", "b") != both(Add("project"), "a", "b")


def test_a_sum_does_not_depend_on_which_node_computes_which_part() -> None:
    either = (Dense(2), Dense(3), Identity())
    nodes = [Node(name, ("x",), Choice(name, either)) for name in "ab"]
    space = Space("s", (X, *nodes, Node("sum", ("a", "b"), Add()), Node("end", ("sum",), Dense(1))))
    keys = {space.architecture(space.point(values)).key for values in itertools.product(range(3), repeat=2)}
    assert len(keys) == 6


def test_a_sum_of_one_is_that_one() -> None:
    gone = Node("gone", ("x",), Choice("gone", (Connect(), Connect(("x",)))))
    inner = Node("inner", ("x", "y"), Concatenate())
    alone = (X, Y, inner, gone, Node("sum", ("inner", "gone"), Add()), Node("out", ("sum", "x"), Concatenate()))
    assert built(*alone, values=(0,)).key == built(X, Y, Node("out", ("x", "y", "x"), Concatenate())).key


def test_flattening_before_a_concatenation_is_no_step() -> None:
    s = Input("s", (2, 4))
    flat = (s, X, Node("flat", ("s",), Flatten()), Node("end", ("flat", "x"), Concatenate()))
    once = (s, X, Node("once", ("s",), Concatenate()), Node("end", ("once", "x"), Concatenate()))
    straight = (s, X, Node("end", ("s", "x"), Concatenate()))
    assert built(*flat).key == built(*once).key == built(*straight).key
    assert built(*straight).output == (11,)


def test_a_concatenation_of_one_sequence_is_flat() -> None:
    alone = built(Input("s", (2, 4)), Node("end", ("s",), Concatenate()))
    assert (alone.output, type(alone.vertices[-1].operation)) == ((8,), Flatten)


def test_a_mirror_counts_once_and_is_not_two_modules() -> None:
    first, end = Node("a", ("x",), Dense(5)), Node("both", ("a", "b"), Concatenate())
    shared, apart = (
        built(X, Y, first, Mirror("b", ("y",), "a"), end),
        built(X, Y, first, Node("b", ("y",), Dense(5)), end),
    )
    assert (shared.parameters, apart.parameters) == (20, 40)
    assert shared.flops == apart.flops == 70
    assert shared.key != apart.key
    assert [vertex.module for vertex in shared.vertices] == [-1, 0, -1, 0, -1]


def test_a_mirror_of_a_mirror_is_the_same_module() -> None:
    nodes = (Node("a", ("x",), Dense(5)), Mirror("b", ("y",), "a"), Mirror("c", ("x",), "b"))
    network = built(X, Y, *nodes, Node("all", ("a", "b", "c"), Concatenate()))
    assert network.parameters == 20


def test_a_mirror_whose_original_is_dead_is_a_module_of_its_own() -> None:
    lonely = built(X, Y, Node("a", ("x",), Dense(5)), Mirror("b", ("y",), "a"))
    assert lonely.key == built(Y, Node("b", ("y",), Dense(5))).key


def test_nothing_reaching_the_output_is_refused() -> None:
    from cellwright.space.canonical import Step, canonical  # a Space refuses this earlier

    with pytest.raises(SpaceError, match="nothing reaches the output"):
        canonical([Step(None, (), 0, "")], 0, ())


# Equal keys, equal functions: against a slow twin that evaluates the space as it is written


def module(operation: Operation, shapes: tuple[Shape, ...]) -> torch.nn.Module:
    """The operation's module with weights that depend on nothing but what it is."""
    made = operation.module(shapes).eval()
    digest = blake2b(repr((operation, shapes)).encode(), digest_size=4).digest()
    generator = torch.Generator().manual_seed(int.from_bytes(digest, "big"))
    with torch.no_grad():
        for weight in made.parameters():
            weight.copy_(torch.randn(weight.shape, generator=generator))
    return made


def applied(operation: Operation, tensors: list[Tensor]) -> Tensor:
    shapes = tuple(tuple(tensor.shape[1:]) for tensor in tensors)
    with torch.no_grad():
        result: Tensor = module(operation, shapes)(*tensors)
    return result


def evaluated(architecture: Architecture, rows: dict[str, Tensor]) -> Tensor:
    values: list[Tensor] = []
    for operation, sources, _, shape in architecture.vertices:
        here = rows[operation.name] if isinstance(operation, Input) else None
        values.append(applied(operation, [values[s] for s in sources]) if here is None else here)  # type: ignore[arg-type]  # no Input then
        assert tuple(values[-1].shape[1:]) == shape
    return values[-1]


def twin(space: Space, point: Point, rows: dict[str, Tensor]) -> Tensor:
    """Evaluate a space at a point, node by node, with nothing left out."""
    chosen = space.named(point)
    nodes = {vertex.name: vertex for vertex in space.vertices}
    order = list(nodes)
    values: dict[str, Tensor | None] = {}
    for name, vertex in nodes.items():
        if isinstance(vertex, Input):
            values[name] = rows[name]
            continue
        original: Any = vertex
        while isinstance(original, Mirror):
            original = nodes[original.of]
        operation, sources = original.operation, list(vertex.sources)
        if isinstance(operation, Choice):
            skips = isinstance(operation.options[0], Connect)
            operation = chosen.get(operation.name, Connect() if skips else Connect(tuple(sources)))
        if isinstance(operation, Connect):
            sources = sorted(set(operation.sources), key=order.index)
        read = [value for value in map(values.get, sources) if value is not None]
        if not read:
            values[name] = None
        elif isinstance(operation, Connect | Add) and len(read) == 1:
            values[name] = read[0]
        else:
            values[name] = applied(Concatenate() if isinstance(operation, Connect) else operation, read)
    result = values[order[-1]]
    assert result is not None
    return result


def rows_for(space: Space) -> dict[str, Tensor]:
    rng = np.random.default_rng(0)
    return {
        name: torch.tensor(rng.normal(size=(2, *shape)), dtype=torch.float32) for name, shape in space.inputs.items()
    }


@settings(deadline=None, max_examples=50)
@given(spaces())
def test_the_canonical_architecture_computes_what_the_space_says(space: Space) -> None:
    rows = rows_for(space)
    for number in range(3):
        point = space.sample(rng_for(0, Use.SAMPLE, number))
        ours, theirs = evaluated(space.architecture(point), rows), twin(space, point, rows)
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)


def crowded() -> Space:
    """A small space in which many points are one function."""
    some = (Identity(), Dense(3, "tanh"), Activation("tanh"))
    nodes = (
        Node("a", ("x",), Choice("a", some)),
        Node("b", ("a",), Choice("b", some)),
        Mirror("c", ("y",), "b"),
        Node("sum", ("a", "b", "c"), Add()),
        Node("skip", ("x", "b"), Choice("skip", (Connect(), Connect(("x",)), Connect(("b",)), Connect(("x", "b"))))),
        Node("join", ("sum", "skip"), Concatenate()),
        Node("d", ("join",), Choice("d", some)),
    )
    return Space("crowded", (X, Y, *nodes, Node("end", ("d",), Dense(1))))


def test_two_different_functions_never_share_a_key() -> None:
    space = crowded()
    rows = rows_for(space)
    answers: dict[str, list[tuple[float, ...]]] = defaultdict(list)
    for values in itertools.product(range(3), range(3), range(4), range(3)):
        point = space.point(values)
        answers[space.architecture(point).key].append(tuple(twin(space, point, rows).flatten().tolist()))
    for same in answers.values():
        assert np.ptp(np.array(same), axis=0) == pytest.approx(0, abs=1e-5)
    # and, with these weights, no function has two keys
    assert len({tuple(np.round(same[0], 4)) for same in answers.values()}) == len(answers)


def test_json_keeps_everything() -> None:
    space = crowded()
    architecture = space.architecture(space.point((1, 1, 3, 2)))
    copy = Architecture.from_json(architecture.to_json())
    assert (copy, copy.key, copy.parameters, copy.flops) == (
        architecture,
        architecture.key,
        architecture.parameters,
        architecture.flops,
    )


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"vertices": [], "settings": []},
        {"vertices": [{"input": "x"}], "settings": {}},
        {"vertices": [{"operation": "Dense", "width": 3, "sources": [0], "module": 0}], "settings": {}},
        {"vertices": ["x"], "settings": {}},
    ],
)
def test_what_is_no_architecture_is_refused(value: Any) -> None:
    with pytest.raises(SpaceError, match="this is no architecture of this version of cellwright"):
        Architecture.from_json(value)


@pytest.mark.parametrize("shape", [(), (0,), (2.5,), 5, None, (True,), "5"])
def test_an_input_without_a_shape_is_refused(shape: Any) -> None:
    with pytest.raises(SpaceError, match="input 'x' needs a shape of positive widths"):
        Input("x", shape)


def test_an_input_without_a_name_is_refused() -> None:
    with pytest.raises(SpaceError, match="an input needs a name, not 3"):
        Input(3, (1,))  # type: ignore[arg-type]  # on purpose


def test_sequences_keep_their_shape_through_a_single_connection() -> None:
    s = Input("s", (2, 9))
    nodes = (
        Node("conv", ("s",), Choice("conv", (Identity(), Conv1D(4, 3, padding="valid")))),
        Node("pool", ("conv",), MaxPool1D(2)),
        Node("flat", ("pool",), Flatten()),
    )
    assert built(s, *nodes, values=(0,)).output == (8,)
    assert built(s, *nodes, values=(1,)).output == (12,)
