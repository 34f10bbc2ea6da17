"""Sizes of spaces and networks as they are published (SC19.md, sections 2 and 3)."""

import math
from collections.abc import Callable, Mapping

import pytest
import torch

from cellwright.build import Network
from cellwright.problems import combo, nt3, tissue, tumor, uno
from cellwright.problems.blocks import mlp
from cellwright.problems.response import general
from cellwright.space import Architecture, Shape, Space
from cellwright.space.by_hand import by_hand
from cellwright.space.naming import twins

COMBO, UNO, NT3 = combo.PUBLISHED_INPUTS, uno.PUBLISHED_INPUTS, nt3.PUBLISHED_INPUTS
SPACES: dict[str, tuple[Space, int, int]] = {
    "combo-small": (combo.small(COMBO), 209_682_766_102_329, 13),
    "combo-large": (combo.large(COMBO), 13**33 * 51_891_840, 41),
    "uno-small": (uno.small(UNO), 13**12, 12),
    "uno-large": (uno.large(UNO), 13**17 * (16 * 18 * 20 * 22 * 24 * 26 * 28 * 30), 25),
    "nt3-small": (nt3.small(NT3), 635_040_000, 12),
}
BY_HAND: dict[str, tuple[Architecture, int]] = {
    "combo": (combo.manual(COMBO), 13_772_001),
    "uno": (by_hand(UNO), 19_274_001),
    "nt3 as CANDLE has it": (nt3.manual(NT3), 154_922_918),
    "nt3 as the paper counts it": (nt3.paper_manual(NT3), 96_777_878),
}


@pytest.mark.parametrize("name", SPACES)
def test_a_space_has_the_published_size(name: str) -> None:
    space, size, decisions = SPACES[name]
    assert space.name == name
    assert space.size == size
    assert len(space.decisions) == decisions
    assert math.prod(decision.size or 0 for decision in space.decisions) == size


def test_the_mlp_node_has_13_operations() -> None:
    assert len(mlp(0.3, 0.4, 0.5)) == len(set(mlp(0.3, 0.4, 0.5))) == 13


@pytest.mark.parametrize("name", BY_HAND)
def test_a_network_made_by_hand_has_the_published_parameters(name: str) -> None:
    architecture, parameters = BY_HAND[name]
    assert architecture.parameters == parameters
    with torch.device("meta"):
        network = Network(architecture)
    assert sum(weight.numel() for weight in network.parameters()) == parameters


def test_both_drugs_of_a_pair_share_their_tower() -> None:
    one_more = {"expression": (942,), "drug_1": (3820,), "drug_2": (3820,), "drug_3": (3820,)}
    assert twins(one_more) == {"drug_1": "drug_2"}
    shared = by_hand(COMBO).parameters
    tower = 3820 * 1000 + 1000 + 2 * (1000 * 1000 + 1000)
    assert (
        by_hand(one_more).parameters == shared + tower + 1000 * 1000
    )  # a tower of its own, and its place in the trunk
    assert twins({"drug_1": (5,), "drug_2": (6,)}) == {}


@pytest.mark.parametrize(
    ("manual", "inputs"),
    [
        (combo.manual, COMBO),
        (by_hand, UNO),
        (nt3.manual, {"expression": (500,)}),
        (tumor.manual, tumor.PUBLISHED_INPUTS),
    ],
)
@pytest.mark.parametrize("outputs", [1, 2, 19])
def test_a_network_made_by_hand_ends_in_the_units_asked_for(
    manual: Callable[[Mapping[str, Shape], int], Architecture], inputs: Mapping[str, Shape], outputs: int
) -> None:
    assert manual(inputs, outputs).output == (outputs,)
    assert manual(inputs, outputs).inputs == inputs


def test_tissue_has_the_space_and_the_network_of_nt3() -> None:
    assert tissue.TISSUE.spaces == nt3.NT3.spaces
    assert tissue.TISSUE.manual is nt3.manual


def test_the_general_space_takes_any_inputs() -> None:
    space = general({"x": (7,), "dose": (1,), "wave": (12, 3)}, 4)
    assert set(space.inputs) == {"x", "dose", "wave"}
