from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from cellwright.build import Network, split
from cellwright.data.dataset import Dataset, Table
from cellwright.metrics import Task
from cellwright.problems import uno
from cellwright.seeds import Use, rng_for
from cellwright.space import (
    ACTIVATIONS,
    Activation,
    Architecture,
    BatchNorm,
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
    Sketch,
    Space,
)
from cellwright.space.sketch import Block
from cellwright.testing.strategies import spaces
from cellwright.train.resident import Resident

CPU = torch.device("cpu")
ROWS = 23
WIDTHS = {"dose": (1,), "expression": (7,), "descriptors": (6,), "fingerprints": (6,)}
KEYS = {"dose": None, "expression": "cell", "descriptors": "drug", "fingerprints": "drug", "a": "cell", "b": None}
KEYS |= {"drug_1": "drug_1", "drug_2": "drug_2"}
ENTITIES = {"cell": 5, "drug": 4, "drug_1": 4, "drug_2": 4, None: ROWS}

vectors: tuple[Operation, ...] = (Identity(), Dense(5, "tanh"), Dense(3), LayerNorm(), Activation("gelu"))
sequences: tuple[Operation, ...] = (Identity(), Conv1D(2, 3, activation="relu"), MaxPool1D(2, padding="same"))


def data(architecture: Architecture, seed: int) -> Dataset:
    """Return rows that read entities; both drugs of a pair, where an architecture has them, read one table."""
    rng = np.random.default_rng(seed)
    tables: dict[str, Table] = {}
    for name, shape in architecture.inputs.items():
        twin = tables.get("drug_1") if name == "drug_2" else None
        features = twin.features if twin else rng.normal(size=(ENTITIES[KEYS[name]], *shape))
        tables[name] = Table(features, KEYS[name])
    keys = sorted({KEYS[name] for name in architecture.inputs} - {None}, key=str)
    index = {str(key): rng.integers(ENTITIES[key], size=ROWS) for key in keys}
    kinds = {key: "drug" for key in index if key.startswith("drug_")}
    return Dataset(tables, index, rng.normal(size=ROWS), kinds)


def answer(network: Network, dataset: Dataset, rows: Sequence[int], dedup: str, repeats: int = 1) -> list[Tensor]:
    """Return outputs, and the gradients of a function of them."""
    assert dedup in ("auto", "never")
    resident = Resident(
        dataset,
        Task.REGRESSION,
        inputs=frozenset(dataset.tables),
        device=CPU,
        dedup="auto" if dedup == "auto" else "never",
    )
    network.zero_grad()
    output = network(resident.batch(torch.tensor(rows), repeats=repeats))
    weights = torch.arange(output.numel(), dtype=torch.float64).reshape(output.shape).cos()
    (output * weights).sum().backward()
    return [output.detach(), *(weight.grad.clone() for weight in network.parameters() if weight.grad is not None)]


def check(architecture: Architecture, seed: int, *, count: int = 17, repeats: int = 1) -> Network:
    """Assert that shared towers answer as the expanded computation does, and that parameters are as estimated.

    By `count` of rows a batch holds few entities (they are selected) or nearly all (tables are used whole).
    """
    torch.manual_seed(seed)
    network = Network(architecture).double().eval()
    for weight in network.parameters():  # biases are 0 at first, and would hide what happens to them
        nn.init.normal_(weight, std=0.5)
    assert sum(weight.numel() for weight in network.parameters()) == architecture.parameters
    dataset = data(architecture, seed)
    rows = np.random.default_rng(seed).integers(ROWS, size=count).tolist()
    shared, expanded = (answer(network, dataset, rows, dedup, repeats) for dedup in ("auto", "never"))
    assert shared[0].shape == (count * repeats, *architecture.output)
    assert len(shared) == len(expanded)
    for one, other in zip(shared, expanded, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)
    return network


def crossing() -> Space:
    """A space in which everything that can be shared meets everything else."""
    sketch = Sketch()
    dose, expression, descriptors, bits = (sketch.input(name, shape) for name, shape in WIDTHS.items())
    tower = sketch.chain("tower", descriptors, vectors, 2)
    mirror = sketch.mirror("mirror", bits, tower)
    mime = sketch.mime("mime", expression, tower)
    wave = sketch.node("pool", sketch.node("wave", expression, sequences), sequences)
    same = sketch.concatenate("same", tower, mirror, descriptors)  # one key
    summed = sketch.add("summed", same, mime, dose)  # three keys, unequal widths
    projected = sketch.add("projected", mime, sketch.node("flat", wave, Flatten()), expression, project=True)
    skip = sketch.skip("skip", [[], [dose], [dose, bits], [same, mime], [projected]])
    cell = sketch.concatenate("cell", same, skip, wave, summed, projected)
    trunk = sketch.node("trunk.1", cell, (*vectors, *(Dense(4, name) for name in ACTIVATIONS)))
    deeper = sketch.node("trunk.2", sketch.concatenate("again", trunk, cell, dose), vectors)
    return sketch.space("crossing", sketch.add("end", trunk, deeper), units=2)


def pairs() -> Space:
    """A space of twins: what both drugs have in common, and what they have not."""
    sketch = Sketch()
    expression, first, second = sketch.input("expression", 7), sketch.input("drug_1", 6), sketch.input("drug_2", 6)
    tower = sketch.chain("tower", first, (*vectors, Dropout(0.5)), 2)
    twin = sketch.mirror("twin", second, tower)
    other = sketch.mime("other", second, tower)  # weights of its own, but operations without weights are alike
    wave = sketch.node("wave", tower, (*sequences, Activation("relu")))
    waves = sketch.mirror("waves", twin, wave)
    one, two = sketch.concatenate("one", tower, wave, first), sketch.concatenate("two", twin, waves, second)
    skip = sketch.skip("skip", [[], [first], [first, second], [tower, other], [one, two], [expression, two]])
    sides = [sketch.node("left", one, vectors), sketch.node("right", two, vectors)]
    cell = sketch.concatenate("cell", expression, one, skip, two, *sides)
    trunk = sketch.node("trunk", cell, (*vectors, Dropout(0.5), *(Dense(4, name) for name in ACTIVATIONS)))
    again = sketch.concatenate("again", trunk, two, one)
    return sketch.space("pairs", sketch.add("end", sketch.node("deeper", again, vectors), tower, twin), units=2)


CROSSING = crossing()
PAIRS = pairs()
UNO = uno.small(WIDTHS)


@settings(max_examples=6)  # of wide layers
@given(st.integers(0, 2**31))
def test_towers_answer_as_expanded_rows_do_in_the_uno_space(seed: int) -> None:
    check(UNO.architecture(UNO.sample(rng_for(seed, Use.SAMPLE))), seed)


@settings(max_examples=80)
@given(st.integers(0, 2**31))
def test_towers_answer_as_expanded_rows_do_where_keys_cross(seed: int) -> None:
    architecture = CROSSING.architecture(CROSSING.sample(rng_for(seed, Use.SAMPLE)))
    check(architecture, seed, count=4 + seed % 14, repeats=1 + seed % 3)


@settings(max_examples=80)
@given(st.integers(0, 2**31), st.sampled_from([2, 3, 17]))
def test_twins_answer_as_expanded_rows_do(seed: int, count: int) -> None:
    check(PAIRS.architecture(PAIRS.sample(rng_for(seed, Use.SAMPLE))), seed, count=count)


@settings(max_examples=60)
@given(spaces(), st.integers(0, 2**31))
def test_towers_answer_as_expanded_rows_do_in_random_spaces(space: Space, seed: int) -> None:
    check(space.architecture(space.sample(rng_for(seed, Use.SAMPLE))), seed)


LAYER = Dense(5, "tanh")


@pytest.mark.parametrize("operations", [(LAYER, Dropout(0.5)), (Dropout(0.5), LAYER), (LAYER, BatchNorm())])
def test_repeated_rows_have_masks_of_their_own(operations: Sequence[Operation]) -> None:
    """In training, what comes before a mask runs once for each row, and what comes after it once for each repeat."""
    sketch = Sketch()
    end = sketch.input("dose", 1)
    for number, operation in enumerate(operations):
        end = sketch.node(f"layer.{number}", end, operation)
    space = sketch.space("s", end)
    architecture = space.architecture(space.point(()))
    torch.manual_seed(0)
    network = Network(architecture).double()
    seen = watched(network)
    answers = []
    for dedup in ("auto", "never"):
        torch.manual_seed(1)
        answers.append(answer(network, data(architecture, 0), range(ROWS), dedup, repeats=2))
    for one, other in zip(*answers, strict=True):
        torch.testing.assert_close(one, other)
    first, second = answers[0][0].chunk(2)
    assert torch.allclose(first, second) == (Dropout(0.5) not in operations)
    assert len(seen[0]) == (2 * ROWS if operations[0] == Dropout(0.5) else ROWS)


def test_the_hand_made_uno_has_the_published_parameters() -> None:
    with torch.device("meta"):
        network = Network(uno.UNO.manual(uno.UNO.published, uno.UNO.outputs))
    assert sum(weight.numel() for weight in network.parameters()) == 19_274_001


def test_a_tower_runs_once_for_each_distinct_entity() -> None:
    seen: list[int] = []
    sketch = Sketch()
    cell = sketch.node("cell", sketch.input("expression", 7), Dense(3, "relu"))
    both = sketch.concatenate("both", cell, sketch.input("dose", 1))
    space = sketch.space("s", both)
    architecture = space.architecture(space.point(()))
    network = Network(architecture).double()
    network.steps[0].register_forward_hook(lambda _module, _inputs, output: seen.append(len(output)))
    dataset = data(architecture, 0)
    answer(network, dataset, range(ROWS), "auto")
    answer(network, dataset, range(ROWS), "never")
    assert seen == [len(np.unique(dataset.index["cell"])), ROWS]


@pytest.fixture(params=[1, 4, 100])
def all_large(request: pytest.FixtureRequest) -> Iterator[None]:
    """Have every split layer bring its own gradient, some units at a time where it is wider than the parameter."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(split, "_LARGE", 0)
        patch.setattr(split, "_WIDE", request.param)
        patch.setattr(split, "_UNITS", 2)
        yield


@pytest.mark.usefixtures("all_large")
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])  # it sets constants only
@given(st.integers(0, 2**31), st.sampled_from([2, 17]), st.sampled_from([CROSSING, PAIRS]))
def test_large_layers_have_the_gradients_of_expanded_rows(seed: int, count: int, space: Space) -> None:
    check(space.architecture(space.sample(rng_for(seed, Use.SAMPLE))), seed, count=count)


@pytest.mark.parametrize("kind", ["mirror", "mime"])
def test_a_mirror_shares_its_weights_and_a_mime_does_not(kind: str) -> None:
    sketch = Sketch()
    first, second = (sketch.input(name, 6) for name in ("descriptors", "fingerprints"))
    tower = sketch.chain("tower", first, Dense(4, "tanh"), 2)
    copy = (sketch.mirror if kind == "mirror" else sketch.mime)("copy", second, tower)
    space = sketch.space("s", sketch.concatenate("both", tower, copy))
    architecture = space.architecture(space.point(()))
    towers = 6 * 4 + 4 + 4 * 4 + 4
    assert architecture.parameters == (1 if kind == "mirror" else 2) * towers + 8 + 1
    network = check(architecture, 0)
    batch = Resident(data(architecture, 0), Task.REGRESSION, inputs=frozenset(architecture.inputs), device=CPU).batch(
        torch.arange(3)
    )
    twins = batch._replace(features=dict.fromkeys(batch.features, batch.features["descriptors"]))
    read = watched(network)
    network(twins)
    assert len(read) == (2 if kind == "mirror" else 4)  # twins that read one tensor run once
    assert all(not torch.equal(one, other) for one, other in zip(read, read[2:], strict=False))


def twin_towers(*operations: Operation) -> Architecture:
    sketch = Sketch()
    end = first = sketch.input("drug_1", 6)
    names: list[str] = []
    for number, operation in enumerate(operations):
        end = sketch.node(f"tower.{number}", end, operation)
        names += end.names
    copy = sketch.mirror("copy", sketch.input("drug_2", 6), Block(tuple(names)))
    space = sketch.space("s", sketch.concatenate("both", end, copy, first))
    return space.architecture(space.point(()))


def watched(network: Network) -> list[Tensor]:
    """Return a list that will hold what each call of a tower's layer gives."""
    seen: list[Tensor] = []
    for step in network.steps:
        if isinstance(step, nn.Sequential | nn.Dropout):
            step.register_forward_hook(lambda _module, _inputs, output: seen.append(output))
    return seen


@pytest.mark.parametrize("operations", [(Dense(4, "tanh"), Dense(3, "relu")), (Dense(4, "tanh"), Dropout(0.5))])
def test_a_twin_tower_runs_once(operations: tuple[Operation, ...]) -> None:
    architecture = twin_towers(*operations)
    network = Network(architecture).double()
    dataset = data(architecture, 0)
    met = {key: len(np.unique(dataset.index[key][:3])) for key in ("drug_1", "drug_2")}
    union = len(np.unique([dataset.index[key][:3] for key in met]))
    seen = watched(network)
    answer(network, dataset, range(3), "auto")
    assert [len(one) for one in seen] == [union, union]
    seen.clear()
    answer(network, dataset, range(3), "never")
    assert len(seen) == 4


def test_two_dropouts_of_one_vertex_have_masks_of_their_own() -> None:
    sketch = Sketch()
    tower = sketch.node("tower", sketch.input("drug_1", 6), Dense(50, "sigmoid"))
    drops = [sketch.node(f"drop.{number}", tower, Dropout(0.5)) for number in range(2)]
    space = sketch.space("s", sketch.add("sum", *drops))
    network = Network(space.architecture(space.point(()))).double()
    seen = watched(network)
    answer(network, data(network.architecture, 0), range(ROWS), "auto")
    masks = [one == 0 for one in seen if (one == 0).any()]
    assert len(masks) >= 2
    assert not torch.equal(masks[0], masks[1])


class _Centre(nn.Module):
    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        return rows - rows.mean(dim=0) if self.training else rows


@dataclass(frozen=True, slots=True)
class Centre(Operation):
    """A user's own operation: in training, each feature less its mean over the batch."""

    of_rows: ClassVar[bool] = True

    def cost(self, inputs: tuple[Shape, ...]) -> Cost:
        return Cost(inputs[0], 0, 0)

    def module(self, inputs: tuple[Shape, ...]) -> nn.Module:
        return _Centre()


@pytest.mark.parametrize("operation", [BatchNorm(), Centre()])
def test_what_looks_at_other_rows_sees_every_row_while_it_trains(operation: Operation) -> None:
    architecture = twin_towers(Dense(4, "tanh"), operation, Dense(3))
    torch.manual_seed(0)
    networks = [Network(architecture).double() for _ in range(2)]
    networks[1].load_state_dict(networks[0].state_dict())
    dataset = data(architecture, 0)
    shared, expanded = (
        answer(one, dataset, range(ROWS), dedup) for one, dedup in zip(networks, ("auto", "never"), strict=True)
    )
    for one, other in zip(shared, expanded, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)
    for name, tensor in networks[0].state_dict().items():
        torch.testing.assert_close(tensor, networks[1].state_dict()[name], rtol=1e-9, atol=1e-9)
