import itertools
import math
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.spaces import falling_space

from cellwright.errors import SpaceError
from cellwright.seeds import Use, rng_for
from cellwright.space import (
    Add,
    Choice,
    Concatenate,
    Connect,
    Decision,
    Dense,
    Float,
    Identity,
    Input,
    Integer,
    Mirror,
    Node,
    Point,
    Space,
    When,
)
from cellwright.testing.strategies import spaces

X = Input("x", (3,))
END = Node("end", ("x",), Dense(1))
AB = Choice("ab", ("a", "b"))
CD = Choice("cd", ("c", "d"), When("ab", ("b",)))
RATE = Float("rate", 0, 1)


def all_values(decision: Decision) -> Iterator[int]:
    assert not isinstance(decision, Float)
    return iter(range(decision.size) if isinstance(decision, Choice) else range(decision.low, decision.high + 1))


def counted(space: Space) -> int:
    """Count points the slow way: switched-off decisions are all one value."""
    found = set()
    for values in itertools.product(*map(all_values, space.decisions)):
        if space.allows(values):
            found.add(tuple(v if on else None for v, on in zip(values, space.active(values), strict=True)))
    return len(found)


@settings(deadline=None, max_examples=150)
@given(spaces(floats=False).filter(lambda s: math.prod(d.size or 0 for d in s.decisions) <= 3000))
def test_the_size_is_what_brute_force_counts(space: Space) -> None:
    assert space.size == counted(space)


def test_sizes_by_hand() -> None:
    three, wide = Integer("three", 1, 3), Integer("wide", 1, 10, when=When("three", (2, 3)))
    assert Space("s", (), (AB, three)).size == 6
    assert Space("s", (), (three, wide)).size == 1 + 10 + 10
    assert Space("s", (), (AB, CD)).size == 1 + 2
    assert Space("s", (), (AB, CD, three), ((When("ab", ("b",)), When("three", (1,))),)).size == 3 + 2 * 2
    assert Space("s", (), (AB, RATE)).size is None
    assert Space("s", (X, END)).size == 1


def test_a_condition_holds_only_while_its_own_decision_does() -> None:
    grandchild = Integer("n", 1, 5, when=When("cd", ("d",)))
    space = Space("s", (), (AB, CD, grandchild))
    assert space.active((1, 1, 3)) == [True, True, True]
    assert space.active((0, 1, 3)) == [True, False, False]
    assert space.size == 1 + 1 + 5


def test_a_combination_is_forbidden_only_while_it_matters() -> None:
    space = Space("s", (), (AB, CD), ((When("cd", ("d",)),),))
    assert not space.allows((1, 1))
    assert space.allows((0, 1))
    assert space.size == 2
    assert {space.sample(rng_for(0, Use.SAMPLE, n)).values for n in range(40)} == {(0, 0), (0, 1), (1, 0)}


def test_a_choice_of_one_at_two_nodes_is_one_decision() -> None:
    either = Choice("either", (Dense(2), Dense(3)))
    nodes = (X, Node("a", ("x",), either), Node("b", ("x",), either), Node("both", ("a", "b"), Concatenate()))
    space = Space("s", (*nodes, Node("end", ("both",), Dense(1))))
    assert space.size == 2
    assert [space.architecture(space.point([i])).parameters for i in (0, 1)] == [2 * 8 + 5, 2 * 12 + 7]


def test_sampling_is_even() -> None:
    space = Space("s", (), (Choice("c", tuple("abcd")), Integer("i", 1, 5)))
    rng = rng_for(0, Use.SAMPLE)
    drawn = np.array([space.sample(rng).values for _ in range(4000)])
    assert np.bincount(drawn[:, 0]).min() > 900
    assert np.bincount(drawn[:, 1])[1:].min() > 700


def test_equal_seeds_draw_equal_points() -> None:
    space = Space("s", (), (AB, CD, RATE))
    assert space.sample(rng_for(5, Use.SAMPLE)) == space.sample(rng_for(5, Use.SAMPLE))
    assert space.sample(rng_for(5, Use.SAMPLE)) != space.sample(rng_for(6, Use.SAMPLE))


def test_points_are_made_by_order_or_by_name() -> None:
    space = Space("s", (), (AB, RATE))
    assert space.point({"rate": 0.5, "ab": 1}) == space.point((1, 0.5)) == Point((1, 0.5), space.fingerprint)
    assert space.named(space.point((1, 0.5))) == {"ab": "b", "rate": 0.5}


def test_names_leave_out_what_is_switched_off() -> None:
    space = Space("s", (), (AB, CD))
    assert space.named(space.point((0, 1))) == {"ab": "a"}
    assert space.named(space.point((1, 1))) == {"ab": "b", "cd": "d"}


def test_mutation_reaches_every_neighbour_evenly() -> None:
    space = Space("s", (), (Choice("c", tuple("abcd")), Choice("d", (1, 2))))
    point, rng = space.point((0, 0)), rng_for(0, Use.SAMPLE)
    others = [space.mutate(point, rng).values for _ in range(3000)]
    shares = {values: others.count(values) / 3000 for values in set(others)}
    assert shares == pytest.approx({(1, 0): 1 / 6, (2, 0): 1 / 6, (3, 0): 1 / 6, (0, 1): 1 / 2}, abs=0.03)


def test_settings_alone_build_no_network_but_count() -> None:
    space = Space("tune", (), (AB, CD))
    off, other = (space.architecture(space.point(values)) for values in ((0, 0), (0, 1)))
    assert off.vertices == ()
    assert off.key == other.key != space.architecture(space.point((1, 0))).key


def test_the_order_of_settings_does_not_change_the_architecture() -> None:
    one, other = Space("s", (X, END), (AB, RATE)), Space("s", (X, END), (RATE, AB))
    assert one.architecture(one.point((1, 0.5))).key == other.architecture(other.point((0.5, 1))).key


CHANGES: list[Callable[[], Space]] = [
    lambda: Space("s", (X, END), (AB, CD)),
    lambda: Space("s", (Input("x", (4,)), END), (AB, CD)),
    lambda: Space("s", (Input("y", (3,)), Node("end", ("y",), Dense(1))), (AB, CD)),
    lambda: Space("s", (X, Node("end", ("x",), Dense(2))), (AB, CD)),
    lambda: Space("s", (X, Node("end", ("x",), Choice("end", (Dense(1),)))), (AB, CD)),
    lambda: Space("s", (X, END), (CD.__class__("ab", ("b", "a")), CD)),
    lambda: Space("s", (X, END), (AB, Choice("cd", ("c", "d")))),
    lambda: Space("s", (X, END), (AB, Choice("cd", ("c", "d"), When("ab", ("a",))))),
    lambda: Space("s", (X, END), (AB, CD, Integer("i", 1, 2))),
    lambda: Space("s", (X, END), (AB, CD, Integer("i", 1, 2, log=True))),
    lambda: Space("s", (X, END), (AB, CD, Float("i", 1, 2))),
    lambda: Space("s", (X, END), (AB, CD), ((When("ab", ("a",)), When("cd", ("c",))),)),
    lambda: Space("s", (X, END), (AB, CD, Choice("n", (1,)))),
    lambda: Space("s", (X, END), (AB, CD, Choice("n", (1.0,)))),
    lambda: Space("s", (X, END), (AB, CD, Choice("n", (True,)))),
    lambda: Space("s", (X, END), (AB, CD, Choice("n", ("1",)))),
]


def test_the_fingerprint_changes_with_every_part_of_the_definition() -> None:
    prints = [make().fingerprint for make in CHANGES]
    assert len(set(prints)) == len(prints)
    assert [make().fingerprint for make in CHANGES] == prints


def test_the_fingerprint_is_the_same_in_every_process_and_version() -> None:
    assert Space("any name", (X, END), (AB, CD)).fingerprint == "e9a774e572ed7bc8"


@settings(deadline=None, max_examples=20)
@given(spaces(), st.integers(0, 1000))
def test_a_pickled_space_draws_the_same(space: Space, seed: int) -> None:
    space.sample(rng_for(seed, Use.SAMPLE))
    copy = pickle.loads(pickle.dumps(space))
    point = copy.sample(rng_for(seed, Use.SAMPLE))
    assert point == space.sample(rng_for(seed, Use.SAMPLE))
    assert copy.architecture(point) == space.architecture(point)


def wide(count: int) -> tuple[Choice, ...]:
    return tuple(Choice(f"c{n}", tuple(range(20))) for n in range(count))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Space("s", ()), "space 's' is empty"),
        (lambda: Space("s", (X, END), ("rate",)), "space 's' has the setting 'rate', which is no decision"),  # type: ignore[arg-type]  # on purpose
        (lambda: Space("s", (X, "end")), "space 's' holds 'end', which is no Input, Node or Mirror"),  # type: ignore[arg-type]  # on purpose
        (lambda: Node("", ("x",), Dense(1)), "a vertex needs a name, not ''"),
        (lambda: Node("n", "x", Dense(1)), "'n' takes a tuple of names as sources, not 'x'"),  # type: ignore[arg-type]  # on purpose
        (lambda: Mirror("m", (X,), "n"), "'m' takes a tuple of names as sources, not"),  # type: ignore[arg-type]  # on purpose
        (lambda: Space("s", (X, X, END)), "two vertices are called 'x'"),
        (lambda: Space("s", (END, X)), r"'end' reads 'x', which does not come before it; known here: \[\]"),
        (lambda: Space("s", (X, Mirror("m", ("x",), "x"))), "'m' mirrors 'x', which is no node before it"),
        (lambda: Space("s", (X, Mirror("m", ("x",), "y"))), "'m' mirrors 'y', which is no node before it"),
        (lambda: Space("s", (X, Node("n", ("x",), "relu"))), "node 'n' offers 'relu', which is no operation"),  # type: ignore[arg-type]  # on purpose
        (lambda: Space("s", (X, Node("n", ("x",), Choice("n", (1,))))), "node 'n' offers 1, which is no operation"),
        (lambda: Space("s", (X, Node("n", ("x",), Connect(("x",))))), "node 'n' connects .* an option of a Choice"),
        (
            lambda: Space("s", (X, Node("n", ("x",), Choice("n", (Connect(("y",)),))))),
            r"node 'n' connects \['y'\]: .* names sources of its node \(\('x',\)\)",
        ),
        (
            lambda: Space("s", (X, Node("n", ("x",), Choice("n", (Connect(("x",)),))), Mirror("m", ("x",), "n"))),
            "node 'm' connects .* cannot be mirrored",
        ),
        (lambda: Space("s", (X, Node("n", (), Dense(1)))), "node 'n' reads nothing; give it sources"),
        (
            lambda: Space("s", (X, END, Node("n", ("x", "end"), Dense(1)))),
            r"node 'n' gives Dense\(.*\) 2 sources; put a node with Concatenate\(\) or Add\(\) before it",
        ),
        (
            lambda: Space("s", (X, Node("n", ("x",), Choice("n", (Connect(),))), Node("o", ("n",), Dense(1)))),
            "the output 'o' of space 's' can be cut off from every input",
        ),
        (
            lambda: Space("s", (X, END, Node("n", ("x",), AB.__class__("ab", (Dense(1),)))), (AB,)),
            "two different decisions are called 'ab'",
        ),
        (lambda: Space("s", (), (CD,)), r"a condition asks about 'ab'; known here: \['cd'\]"),
        (lambda: Space("s", (), (CD, AB)), "decision 'cd' depends on 'ab', which must come before it"),
        (lambda: Space("s", (), (RATE, Choice("c", (1,), When("rate", (1,))))), "cannot ask about the real .* 'rate'"),
        (lambda: Space("s", (), (AB, Choice("c", (1,), When("ab", ("z",))))), "decision 'ab' has no option 'z'"),
        (
            lambda: Space("s", (), (Choice("t", (True, False)), Choice("c", (1,), When("t", (1,))))),
            "decision 't' has no option 1",
        ),
        (
            lambda: Space("s", (), (Integer("i", 1, 3), Choice("c", (1,), When("i", (4,))))),
            "decision 'i' takes a whole number from 1 to 3, not 4",
        ),
        (lambda: Space("s", (), (AB,), ((),)), r"space 's' forbids \(\); a combination is a tuple of When"),
        (lambda: Space("s", (), (AB,), (("ab",),)), r"space 's' forbids \('ab',\)"),  # type: ignore[arg-type]  # on purpose
        (lambda: Space("s", (), (Choice("c", ((1, 2), 3)),)), r"an option is an operation, a number.* not \(1, 2\)"),
        (
            lambda: Space("s", (), wide(5), ((*(When(f"c{n}", (0,)) for n in range(5)),),)).size,
            "size of 's' cannot be counted: its conditions tie 3200000 assignments",
        ),
    ],
)
def test_a_space_that_cannot_be_is_refused(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(SpaceError, match=message):
        make()


SPACE = Space("s", (), (AB, RATE), ((When("ab", ("b",)),),))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SPACE.point((0,)), "space 's' has 2 decisions, not 1"),
        (lambda: SPACE.point((2, 0.5)), "decision 'ab' takes an index from 0 to 1, not 2"),
        (lambda: SPACE.point((1, 0.5)), r"space 's' forbids this combination: \(1, 0.5\)"),
        (lambda: SPACE.point({"ab": 0, "rat": 1}), r"missing: \['rate'\], unknown: \['rat'\]"),
        (lambda: SPACE.at([0.5]), r"space 's' takes 2 numbers in \[0, 1\], not \[0.5\]"),
        (lambda: SPACE.at([0.1, 1.5]), r"space 's' takes 2 numbers in \[0, 1\]"),
        (lambda: SPACE.at([0.1, math.nan]), r"space 's' takes 2 numbers in \[0, 1\]"),
        (lambda: SPACE.at([0.9, 0.5]), "space 's' forbids this combination"),
        (lambda: SPACE.encode(Point((0, 0.5), "0123456789abcdef")), "point of space 0123456789abcdef .* given to 's'"),
        (
            lambda: Space("s", (), (AB,), ((When("ab", ("a", "b")),),)).sample(rng_for(0, Use.SAMPLE)),
            "space 's' forbids almost everything",
        ),
        (
            lambda: (one := Space("s", (X, END))).mutate(one.point(()), rng_for(0, Use.SAMPLE)),
            r"space 's' leaves nothing to change at \(\)",
        ),
    ],
)
def test_a_point_that_cannot_be_is_refused(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(SpaceError, match=message):
        make()


def test_shapes_that_do_not_fit_are_refused_when_they_meet() -> None:
    space = Space("s", (Input("x", (2, 5)), Node("n", ("x",), Identity()), Node("end", ("n",), Dense(1))))
    with pytest.raises(SpaceError, match=r"Dense\(.*\) takes vectors, not shape \(2, 5\)"):
        space.architecture(space.point(()))


def test_a_mirror_between_sources_of_unequal_shape_is_refused() -> None:
    y = Input("y", (4,))
    nodes = (X, y, Node("n", ("x",), Dense(2)), Mirror("m", ("y",), "n"), Node("end", ("n", "m"), Add()))
    space = Space("s", nodes)
    with pytest.raises(SpaceError, match=r"a mirror cannot use Dense\(.*\) on shapes"):
        space.architecture(space.point(()))


def test_points_are_found_where_one_of_thousands_is_allowed() -> None:
    space = falling_space()
    drawn = [space.sample(rng_for(0, Use.SAMPLE, number)).values for number in range(300)]
    assert all(space.allows(values) for values in drawn)
    assert len(set(drawn)) > 150
    for layer in range(8):
        assert len({values[layer] for values in drawn}) >= 5
