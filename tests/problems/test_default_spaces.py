"""The default spaces, at tiny inputs: every option builds and learns."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from cellwright.build import Members, Network
from cellwright.data.dataset import Dataset, Table
from cellwright.metrics import Task
from cellwright.problems import built_in, combo, nt3, uno
from cellwright.problems.response import general
from cellwright.problems.starting import points_of
from cellwright.seeds import Use, rng_for
from cellwright.space import Architecture, Choice, Dense, Float, Input, Integer, Shape, Space, When
from cellwright.testing import check_space
from cellwright.train.recipe import OPTIMIZERS, SCHEDULES, Recipe, recipe_of
from cellwright.train.resident import Resident

PAIRS: Mapping[str, Shape] = {
    "expression": (6,),
    "id:cell": (4,),
    "drug_1": (5,),
    "drug_2": (5,),
    "id:drug_1": (7,),
    "id:drug_2": (7,),
}
OF_PAIRS = {name: "drug" if "drug" in name else "cell" for name in PAIRS}
SINGLE: Mapping[str, Shape] = {
    "dose": (1,),
    "expression": (6,),
    "id:cell": (4,),
    "descriptors": (5,),
    "fingerprints": (8,),
    "id:drug": (7,),
}
OF_SINGLE = {
    "expression": "cell",
    "id:cell": "cell",
    "descriptors": "drug",
    "fingerprints": "drug",
    "id:drug": "drug",
}
LONG: Mapping[str, Shape] = {"expression": (1200,)}
SPACES: dict[str, tuple[Space, Mapping[str, str]]] = {
    "combo": (combo.better(PAIRS, 1, OF_PAIRS), OF_PAIRS),
    "uno": (uno.better(SINGLE, 1, OF_SINGLE), OF_SINGLE),
    "general": (general({"x": (7,), "dose": (1,), "wave": (12, 3)}, 3), {}),
    "nt3 short": (nt3.better({"expression": (200,)}, 3), {}),
    "nt3 long": (nt3.better(LONG, 2), {}),
}


def data_for(space: Space, kinds: Mapping[str, str], rows: int = 24) -> Dataset:
    """Return rows that a space's networks can read."""
    rng = np.random.default_rng(0)
    names = [name.removeprefix("id:") for name in space.inputs]
    keys = {
        name: None if not kinds or name not in kinds else short if short.startswith("drug_") else kinds[name]
        for name, short in zip(space.inputs, names, strict=True)
    }
    entities = {"cell": 4, "drug": 7}
    drugs: dict[Shape, np.ndarray] = {}
    tables = {}
    for name, shape in space.inputs.items():
        count = rows if keys[name] is None else entities[kinds[name]]
        array = rng.normal(size=(count, *shape)).astype(np.float32)
        if name.startswith("id:"):
            array = np.eye(count, dtype=np.float32)
        if kinds.get(name) == "drug":  # both of a pair read one table
            array = drugs.setdefault(shape, array)
        tables[name] = Table(array, keys[name])
    named = {key: key.split("_")[0] for key in keys.values() if key}
    index = {key: rng.integers(entities[kind], size=rows) for key, kind in named.items()}
    both = {key: kind for key, kind in named.items() if key != kind}
    return Dataset(tables, index, rng.normal(size=rows).astype(np.float32), both)


def step(architecture: Architecture, dataset: Dataset) -> tuple[torch.Tensor, float, float]:
    """Train a step; return the output, and the loss before and after a few."""
    names = frozenset(architecture.inputs)
    resident = Resident(dataset, Task.REGRESSION, inputs=names, device=torch.device("cpu"))
    torch.manual_seed(0)
    network = Members(architecture)
    optimizer = recipe_of(architecture, Recipe()).optimizer_of(network)
    rows = torch.arange(dataset.rows)
    losses = []
    for _ in range(4):
        optimizer.zero_grad()
        output = network(resident.batch(rows)).mean(dim=0)
        loss = ((output - resident.target[:, None]) ** 2).mean()
        loss.backward()
        losses.append(loss.item())
        assert any(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in network.parameters())
        optimizer.step()
    network.eval()
    after = network(resident.batch(rows)).mean(dim=0)
    assert sum(weight.numel() for weight in network.parameters()) == architecture.parameters
    return after.detach(), losses[0], losses[-1]


@pytest.mark.parametrize("name", SPACES)
def test_the_space_obeys_the_laws(name: str) -> None:
    check_space(SPACES[name][0], draws=4)


@pytest.mark.parametrize("name", SPACES)
def test_drawn_networks_learn(name: str) -> None:
    space, kinds = SPACES[name]
    dataset = data_for(space, kinds)
    for number in range(30):
        architecture = space.architecture(space.sample(rng_for(0, Use.SAMPLE, number)))
        after, first, last = step(architecture, dataset)
        assert after.shape == (dataset.rows, *architecture.output)
        assert torch.isfinite(after).all()
        assert np.isfinite([first, last]).all()


@pytest.mark.parametrize("name", SPACES)
def test_every_option_builds_and_learns(name: str) -> None:
    space, kinds = SPACES[name]
    dataset = data_for(space, kinds)
    most = max(decision.size or 0 for decision in space.decisions)
    for turn in range(most):  # each option once, all decisions at the same time
        values = [turn % (decision.size or 1) for decision in space.decisions]
        assert space.allows(values)
        architecture = space.architecture(space.point(values))
        after, _, last = step(architecture, dataset)
        assert torch.isfinite(after).all()
        assert np.isfinite(last)


@pytest.mark.parametrize("name", SPACES)
def test_the_settings_are_some_that_training_has(name: str) -> None:
    space, _ = SPACES[name]
    assert {setting.name for setting in space.settings} == {
        "optimizer",
        "learning_rate",
        "weight_decay",
        "batch_size",
        "schedule",
        "members",
        *(["repeats"] if name.startswith("nt3") else []),
    }
    for number in range(20):
        recipe = recipe_of(space.architecture(space.sample(rng_for(0, Use.SAMPLE, number))), Recipe())
        assert recipe.optimizer in OPTIMIZERS
        assert recipe.schedule in SCHEDULES
        assert recipe.batch_size


def test_both_drugs_of_a_pair_have_one_set_of_weights() -> None:
    space, kinds = SPACES["combo"]
    dataset = data_for(space, kinds)
    one = {**{name: shape for name, shape in PAIRS.items() if "drug" not in name}, "drug": (5,), "id:drug": (7,)}
    single = combo.better(one, 1, {**OF_PAIRS, "drug": "drug", "id:drug": "drug"})
    names = [decision.name for decision in single.decisions]
    for number in range(15):
        point = space.sample(rng_for(2, Use.SAMPLE, number))
        architecture = space.architecture(point)
        modules = [vertex.module for vertex in architecture.vertices if vertex.module >= 0]
        # whatever reads the second drug alone is a second place of what reads the first
        reads: list[frozenset[str]] = []
        for vertex in architecture.vertices:
            operation = vertex.operation
            own = frozenset([operation.name]) if isinstance(operation, Input) else frozenset[str]()
            reads.append(own.union(*(reads[source] for source in vertex.sources)))
        of: dict[str, list[int]] = {"drug_1": [], "drug_2": []}
        for vertex, read in zip(architecture.vertices, reads, strict=True):
            for key, found in of.items():
                if vertex.module >= 0 and {name.removeprefix("id:") for name in read} - {"expression", "cell"} == {key}:
                    found.append(vertex.module)
        assert of["drug_1"]
        assert sorted(of["drug_1"]) == sorted(of["drug_2"])
        assert len(modules) > len(set(modules))
        values = {decision.name: value for decision, value in zip(space.decisions, point.values, strict=True)}
        if values["drug pair"] == 1:  # the sum of both is as wide as one: then a pair costs no weight more than a drug
            mine = {name.replace("drug_1", "drug"): value for name, value in values.items()}
            alone = single.architecture(single.point([mine[name] for name in names]))
            assert alone.parameters == architecture.parameters
        if values["drug pair"] > 0:  # fused symmetrically: the order means nothing even to an untrained network
            resident = Resident(
                dataset, Task.REGRESSION, inputs=frozenset(architecture.inputs), device=torch.device("cpu")
            )
            network = Network(architecture).eval()
            rows = torch.arange(dataset.rows)
            with torch.no_grad():
                as_it_is, turned = (
                    network(resident.batch(rows, torch.full((dataset.rows,), swap))) for swap in (False, True)
                )
            torch.testing.assert_close(as_it_is, turned, rtol=1e-4, atol=1e-5)


def test_what_a_drug_meets_modulates_it_and_numbers_are_splines() -> None:
    space = SPACES["uno"][0]
    names = [decision.name for decision in space.decisions]
    assert {"drug by cell", "drug by dose", "dose spline", "drug embedding", "cell embedding"} <= set(names)
    assert "cell by dose" not in names
    assert "drug pair" not in names


def test_without_kinds_each_input_is_a_kind_of_its_own() -> None:
    space = general({"a": (3,), "b": (4,), "c": (5,)})
    names = {decision.name for decision in space.decisions}
    assert {"a second", "b second", "c second", "b by a", "c by a"} <= names
    assert "c by b" not in names


def test_the_linear_model_is_in_the_space_of_nt3() -> None:
    for name, outputs in (("nt3 short", 3), ("nt3 long", 2)):
        space = SPACES[name][0]
        values = [0] * len(space.decisions)
        found = space.architecture(space.point(values))
        assert [type(vertex.operation) for vertex in found.vertices] == [Input, Dense]
        assert found.output == (outputs,)
        assert found.parameters == (space.inputs["expression"][0] + 1) * outputs


def test_convolutions_and_pools_are_for_long_inputs() -> None:
    short, long = (
        {decision.name: decision for decision in SPACES[f"nt3 {of}"][0].decisions} for of in ("short", "long")
    )
    assert "pool" not in short
    assert "pool" in long
    space = SPACES["nt3 long"][0]
    options = long["shorten"]
    assert isinstance(options, Choice)
    for index in range(len(options.options)):
        values = [0] * len(space.decisions)
        values[[decision.name for decision in space.decisions].index("shorten")] = index
        pooled = space.active(values)[[decision.name for decision in space.decisions].index("pool")]
        assert pooled == type(options.options[index]).__name__.startswith("Conv")


def test_wider_trunks_cost_more() -> None:
    space = SPACES["uno"][0]
    place = [decision.name for decision in space.decisions].index("trunk.1")
    sizes = []
    for option in (0, 3, 6, 9, 12):
        values = [0] * len(space.decisions)
        values[place] = option
        sizes.append(space.architecture(space.point(values)).parameters)
    assert all(first < second for first, second in pairwise(sizes))


@pytest.mark.parametrize("name", ["nt3", "tissue"])
def test_a_search_of_expression_starts_with_linear_models(name: str) -> None:
    (built,) = built_in(name)
    space = next(iter(built.spaces.values()))({"expression": (500,)}, 3, {})
    points = points_of(space, built.starts)
    built_ones = [space.architecture(point) for point in points]
    assert built_ones[0].parameters == 501 * 3
    assert [one.parameters for one in built_ones[1:3]] == [501 * 3 + 1000] * 2
    assert len({one.key for one in built_ones}) == len(points) == 8


@pytest.mark.parametrize("name", ["uno", "combo"])
def test_a_search_of_responses_starts_with_what_does_well(name: str) -> None:
    (built,) = built_in(name)
    space = next(iter(built.spaces.values()))(built.published, 1, built.kinds)
    networks = [space.architecture(point) for point in points_of(space, built.starts)]
    assert len({one.key for one in networks}) == len(built.starts) == 6
    limit = built.manual(built.published, 1).parameters // built.share
    assert all(one.parameters <= limit for one in networks)


def test_without_some_settings_there_are_starts_too() -> None:
    space = next(iter(built_in("nt3")[0].spaces.values()))({"expression": (500,)}, 2, {})
    fixed = replace(space, settings=tuple(one for one in space.settings if one.name != "learning_rate"))
    assert points_of(fixed, built_in("nt3")[0].starts)[1].fingerprint == fixed.fingerprint


def test_starts_take_what_a_changed_space_offers() -> None:
    space = SPACES["uno"][0]
    kept = tuple(one for one in space.settings if one.name not in ("learning_rate", "batch_size"))
    rate, batch = Float("learning_rate", 1e-3, 1e-2, log=True), Choice("batch_size", (300,))
    changed = replace(space, settings=(*kept, rate, batch, Integer("layers", 1, 9), Float("momentum", 0.0, 0.5)))
    points = points_of(changed, ({"learning_rate": 8e-3, "batch_size": 256, "momentum": 0.9}, {"learning_rate": 1.0}))
    found = [
        dict(zip([decision.name for decision in changed.decisions], point.values, strict=True)) for point in points
    ]
    settings = ("learning_rate", "batch_size", "layers", "momentum")
    assert [found[0][name] for name in settings] == [8e-3, 0, 5, 0.25]
    assert found[1]["learning_rate"] == pytest.approx(1e-5**0.5)


def test_starts_that_are_forbidden_or_the_same_are_left_out() -> None:
    space = SPACES["uno"][0]
    option = {"learning_rate": 8e-3}
    forbidden = replace(space, forbidden=((When("learning_rate", (8e-3,)),),))
    assert len(points_of(space, ({}, option, option))) == 2
    assert points_of(forbidden, ({}, option)) == points_of(forbidden, ({},))
