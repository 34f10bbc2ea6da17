from collections.abc import Sequence

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from cellwright.build import Network
from cellwright.data.dataset import Dataset, Table
from cellwright.metrics import Task
from cellwright.problems import uno
from cellwright.seeds import Use, rng_for
from cellwright.space import (
    ACTIVATIONS,
    Activation,
    Architecture,
    Conv1D,
    Dense,
    Flatten,
    Identity,
    LayerNorm,
    MaxPool1D,
    Operation,
    Sketch,
    Space,
)
from cellwright.testing.strategies import spaces
from cellwright.train.resident import Resident

CPU = torch.device("cpu")
ROWS = 23
WIDTHS = {"dose": (1,), "expression": (7,), "descriptors": (6,), "fingerprints": (6,)}
KEYS = {"dose": None, "expression": "cell", "descriptors": "drug", "fingerprints": "drug", "a": "cell", "b": None}
ENTITIES = {"cell": 5, "drug": 4, None: ROWS}

vectors: tuple[Operation, ...] = (Identity(), Dense(5, "tanh"), Dense(3), LayerNorm(), Activation("gelu"))
sequences: tuple[Operation, ...] = (Identity(), Conv1D(2, 3, activation="relu"), MaxPool1D(2, padding="same"))


def data(architecture: Architecture, seed: int) -> Dataset:
    rng = np.random.default_rng(seed)
    tables = {
        name: Table(rng.normal(size=(ENTITIES[KEYS[name]], *shape)), KEYS[name])
        for name, shape in architecture.inputs.items()
    }
    index = {key: rng.integers(ENTITIES[key], size=ROWS) for key in ("cell", "drug")}
    return Dataset(tables, index, rng.normal(size=ROWS))


def answer(network: Network, dataset: Dataset, rows: Sequence[int], dedup: str) -> list[Tensor]:
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
    output = network(resident.batch(torch.tensor(rows)))
    weights = torch.arange(output.numel(), dtype=torch.float64).reshape(output.shape).cos()
    (output * weights).sum().backward()
    return [output.detach(), *(weight.grad.clone() for weight in network.parameters() if weight.grad is not None)]


def check(architecture: Architecture, seed: int) -> Network:
    """Assert that shared towers answer as the expanded computation does, and that parameters are as estimated."""
    torch.manual_seed(seed)
    network = Network(architecture).double().eval()
    for weight in network.parameters():  # biases are 0 at first, and would hide what happens to them
        nn.init.normal_(weight, std=0.5)
    assert sum(weight.numel() for weight in network.parameters()) == architecture.parameters
    dataset = data(architecture, seed)
    rows = np.random.default_rng(seed).integers(ROWS, size=17).tolist()
    shared, expanded = (answer(network, dataset, rows, dedup) for dedup in ("auto", "never"))
    assert shared[0].shape == (17, *architecture.output)
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


CROSSING = crossing()
UNO = uno.small(WIDTHS)


@settings(max_examples=6)  # of wide layers
@given(st.integers(0, 2**31))
def test_towers_answer_as_expanded_rows_do_in_the_uno_space(seed: int) -> None:
    check(UNO.architecture(UNO.sample(rng_for(seed, Use.SAMPLE))), seed)


@settings(max_examples=80)
@given(st.integers(0, 2**31))
def test_towers_answer_as_expanded_rows_do_where_keys_cross(seed: int) -> None:
    check(CROSSING.architecture(CROSSING.sample(rng_for(seed, Use.SAMPLE))), seed)


@settings(max_examples=60)
@given(spaces(), st.integers(0, 2**31))
def test_towers_answer_as_expanded_rows_do_in_random_spaces(space: Space, seed: int) -> None:
    check(space.architecture(space.sample(rng_for(seed, Use.SAMPLE))), seed)


def test_the_hand_made_uno_has_the_published_parameters() -> None:
    with torch.device("meta"):
        network = Network(uno.manual(uno.PUBLISHED_INPUTS))
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
    read: list[Tensor] = []
    for step in network.steps:
        if isinstance(step, nn.Sequential):
            step.register_forward_hook(lambda _module, _inputs, output: read.append(output))
    network(twins)
    assert len(read) == 4
    assert torch.equal(read[0], read[2]) == (kind == "mirror")
    assert torch.equal(read[1], read[3]) == (kind == "mirror")
