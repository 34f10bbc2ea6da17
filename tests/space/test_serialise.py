import json
from typing import Any

import pytest
from hypothesis import given, settings

from cellwright.errors import SpaceError
from cellwright.space import Choice, Dense, Input, Node, Point, Space, When, space_from_json, space_to_json
from cellwright.testing.strategies import spaces


@settings(deadline=None, max_examples=100)
@given(spaces())
def test_a_space_survives_json(space: Space) -> None:
    copy = space_from_json(json.loads(json.dumps(space_to_json(space), sort_keys=True)))
    assert copy == space
    assert copy.fingerprint == space.fingerprint
    assert copy.size == space.size


def test_what_is_written() -> None:
    width = Choice("width", (Dense(2), Dense(3, "relu")), When("on", (True,)))
    on = Choice("on", (False, True))
    nodes = (Input("x", (3,)), Node("first", ("x",), Choice("on", (Dense(4),))), Node("end", ("first",), Dense(1)))
    assert space_to_json(Space("s", nodes)) == {
        "name": "s",
        "vertices": [
            {"input": "x", "shape": [3]},
            {
                "node": "first",
                "sources": ["x"],
                "choice": {
                    "decision": "choice",
                    "name": "on",
                    "options": [{"operation": "Dense", "width": 4, "activation": "linear"}],
                    "when": None,
                },
            },
            {
                "node": "end",
                "sources": ["first"],
                "fixed": {"operation": "Dense", "width": 1, "activation": "linear"},
            },
        ],
        "settings": [],
        "forbidden": [],
    }
    written = space_to_json(Space("s", (), (on, width), ((When("width", (Dense(2),)),),)))
    assert written["settings"][1]["when"] == {"decision": "on", "values": [True]}
    assert written["forbidden"] == [
        [{"decision": "width", "values": [{"operation": "Dense", "width": 2, "activation": "linear"}]}]
    ]


EMPTY: dict[str, Any] = {"name": "s", "vertices": [], "settings": [], "forbidden": []}
NODE = {"node": "n", "sources": ["x"]}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({}, "no space of this version of cellwright: KeyError"),
        (None, "no space of this version of cellwright: TypeError"),
        ([], "no space of this version of cellwright: TypeError"),
        ({**EMPTY, "vertices": ["x"]}, "no space of this version of cellwright: TypeError"),
        ({**EMPTY, "vertices": 3}, "no space of this version of cellwright: TypeError"),
        ({**EMPTY, "settings": ["x"]}, "no space of this version of cellwright: ValueError"),
        ({**EMPTY, "settings": [{"decision": "guess", "when": None}]}, "KeyError\\('guess'\\)"),
        ({**EMPTY, "vertices": [{**NODE, "fixed": {"operation": "Dance"}}]}, "no operation is called 'Dance'"),
        ({**EMPTY, "vertices": [{**NODE, "fixed": {"operation": "Dense"}}]}, "operation 'Dense' cannot be made from"),
        (
            {
                **EMPTY,
                "vertices": [
                    {**NODE, "choice": {"decision": "integer", "name": "i", "low": 1, "high": 2, "when": None}}
                ],
            },
            "a node decides by a choice, not by",
        ),
        (EMPTY, "space 's' is empty"),
    ],
)
def test_what_is_no_space_is_refused(value: Any, message: str) -> None:
    with pytest.raises(SpaceError, match=message):
        space_from_json(value)


def test_a_point_survives_json() -> None:
    point = Point((1, 0.1, 3), "0123456789abcdef")
    assert Point.from_json(json.loads(json.dumps(point.to_json()))) == point


@pytest.mark.parametrize("value", [{}, {"values": 3, "space": "x"}, {"values": [1]}, [], None])
def test_what_is_no_point_is_refused(value: Any) -> None:
    with pytest.raises(SpaceError, match="no point in"):
        Point.from_json(value)
