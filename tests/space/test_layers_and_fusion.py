import pytest
import torch

from cellwright.errors import SpaceError
from cellwright.space import (
    Concatenate,
    Dense,
    Embedding,
    Fuse,
    Gated,
    Grouped,
    Modulate,
    Operation,
    Residual,
    Scale,
    Shape,
    Sketch,
    Space,
    Spline,
)
from cellwright.space.operation import operation_from_json, operation_to_json
from cellwright.testing import check_operation

TWO: list[Shape] = [(4,), (4,)]


@pytest.mark.parametrize(
    ("operation", "shapes"),
    [
        (Residual("gelu"), [(5,)]),
        (Gated(3), [(5,)]),
        (Embedding(4), [(6,)]),
        (Spline(5), [(2,)]),
        (Scale(), [(4,)]),
        (Grouped(3, 2, "relu"), [(10,)]),
        (Grouped(4, 1), [(8,)]),
        (Fuse(("sum",)), TWO),
        (Fuse(("sum", "product", "difference")), TWO),
        (Modulate("none"), [(4,), (3,)]),
        (Modulate("scale"), [(4,), (3,)]),
        (Modulate("film"), [(4,), (3,)]),
    ],
)
def test_they_obey_the_laws(operation: Operation, shapes: list[Shape]) -> None:
    check_operation(operation, shapes)
    assert operation_from_json(operation_to_json(operation)) == operation


def test_a_spline_is_a_partition_of_one_with_a_hat_on_each_knot() -> None:
    module = Spline(6).module(((1,),))
    weights = module(torch.tensor([[-2.5], [-2.0], [0.3], [9.0]]))
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(4))
    torch.testing.assert_close(weights[0], torch.tensor([1.0, 0, 0, 0, 0, 0]))
    torch.testing.assert_close(weights[1], torch.tensor([0.5, 0.5, 0, 0, 0, 0]))
    torch.testing.assert_close(weights[3], torch.tensor([0, 0, 0, 0, 0, 1.0]))


def test_a_fusion_by_hand() -> None:
    module = Fuse(("sum", "product", "difference")).module(((2,), (2,)))
    a, b = torch.tensor([[1.0, 5.0]]), torch.tensor([[3.0, 2.0]])
    assert module(a, b).tolist() == [[4, 7, 3, 10, 2, 3]]
    assert module(b, a).tolist() == module(a, b).tolist()


def test_a_modulation_by_hand() -> None:
    module = Modulate("film").module(((2,), (1,)))
    with torch.no_grad():
        module.change.weight.copy_(torch.tensor([[1.0], [2.0], [3.0], [4.0]]))  # type: ignore[union-attr,operator]
        module.change.bias.zero_()  # type: ignore[union-attr,operator]
    assert module(torch.tensor([[10.0, 20.0]]), torch.tensor([[2.0]])).tolist() == [[10 * 3 + 6, 20 * 5 + 8]]


def test_a_grouped_layer_is_a_dense_layer_of_each_stretch() -> None:
    module = Grouped(2, 1).module(((3,),))
    weight = module.weight
    x = torch.tensor([[1.0, 2.0, 3.0]])
    expected = torch.stack([x[0, :2] @ weight[0, :, 0], x[0, 2] * weight[1, 0, 0]])  # type: ignore[index]
    torch.testing.assert_close(module(x)[0], expected)


def test_an_entity_that_training_has_not_met_is_zero() -> None:
    module = Embedding(3).module(((4,),))
    assert module(torch.zeros(1, 4)).tolist() == [[0, 0, 0]]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Fuse(("product", "sum")), "in this order"),
        (lambda: Fuse(("total",)), "takes some of"),
        (lambda: Fuse(()), "takes some of"),
        (
            lambda: Modulate("twist"),  # type: ignore[arg-type]  # wrong on purpose
            "knows 'none', 'scale' and 'film'",
        ),
        (lambda: Spline(1), "at least two knots"),
        (lambda: Embedding(2, 0), "initial_sd above 0"),
        (lambda: Fuse(("sum",)).cost(((3,), (4,))), "two vectors of equal width"),
        (lambda: Modulate("film").cost(((3,), (4, 2))), "takes two vectors"),
        (lambda: Grouped(9, 1).cost(((3,),)), "a vector of at least 9"),
    ],
)
def test_what_cannot_be_is_refused(make: object, message: str) -> None:
    with pytest.raises(SpaceError, match=message):
        make()  # type: ignore[operator]


def meeting(operations: list[Operation], *, swapped: bool = False) -> Space:
    sketch = Sketch()
    a = sketch.node("a", sketch.input("x", 3), Dense(2, "tanh"))
    b = sketch.node("b", sketch.input("y", 3), Dense(2, "relu"))
    return sketch.space("s", sketch.meet("met", operations, *((b, a) if swapped else (a, b))))


def test_an_option_that_takes_the_first_source_cuts_the_other_off() -> None:
    space = meeting([Modulate("none"), Modulate("film"), Concatenate()])
    none, film, both = (space.architecture(space.point((index,))) for index in range(3))
    assert list(none.inputs) == ["x"]
    assert list(film.inputs) == list(both.inputs) == ["x", "y"]
    assert film.parameters == 2 * 8 + (2 + 1) * 4 + 3
    alone = meeting([Modulate("none")])
    assert none.key == alone.architecture(alone.point((0,))).key


def test_the_order_of_what_commutes_has_no_meaning() -> None:
    for operation, same in ((Fuse(("product",)), True), (Modulate("scale"), False)):
        keys = set()
        for swapped in (False, True):
            space = meeting([operation], swapped=swapped)
            keys.add(space.architecture(space.point((0,))).key)
        assert (len(keys) == 1) is same


def test_a_node_of_two_sources_needs_two() -> None:
    sketch = Sketch()
    x = sketch.input("x", 3)
    with pytest.raises(SpaceError, match=r"gives Fuse\(.*\) 1 sources; it takes 2"):
        sketch.space("s", sketch.node("met", x, Fuse(("sum",))))


def test_a_mirror_reads_several_sources() -> None:
    sketch = Sketch()
    x, y, z = (sketch.input(name, 3) for name in "xyz")
    film = sketch.meet("film", Modulate("film"), x, z)
    twin = sketch.mirror("twin", y, film, z)
    space = sketch.space("s", sketch.meet("pair", Fuse(("sum",)), film, twin))
    assert space.architecture(space.point(())).parameters == (3 + 1) * 6 + 4
