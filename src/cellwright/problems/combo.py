"""Combo: how a tumour cell line responds to two drugs together, from gene expression and the drugs' structures.

Spaces and hand-designed network: SC19 (arXiv:1909.00311); data: the user's tables, or CANDLE's files.
"""

from collections.abc import Mapping
from pathlib import Path

from cellwright.data.frames import dataset_of
from cellwright.metrics import Task
from cellwright.problem import Problem, prepare
from cellwright.problems.blocks import mlp
from cellwright.problems.built_in import Asked, BuiltIn
from cellwright.problems.own_tables import read_own
from cellwright.problems.response import STARTS, response_space
from cellwright.space import Architecture, Dense, Shape, Sketch, Space
from cellwright.space.sketch import Block

__all__ = ["COMBO"]

PUBLISHED_INPUTS: Mapping[str, Shape] = {"expression": (942,), "drug_1": (3820,), "drug_2": (3820,)}
_MIDDLE = 8  # cells of combo-large between the first and the last


def _towers(sketch: Sketch, inputs: Mapping[str, Shape]) -> tuple[list[Block], Block]:
    """Return the inputs and the first cell of the published spaces: a chain on the expression, one for both drugs."""
    operations = mlp(0.05, 0.1, 0.2)
    sources = [sketch.input(name, inputs[name]) for name in ("expression", "drug_1", "drug_2")]
    expression = sketch.chain("expression", sources[0], operations, 3)
    first = sketch.chain("drug", sources[1], operations, 3)
    second = sketch.mirror("drug twin", sources[2], first)
    return sources, sketch.concatenate("cell.1", expression, first, second)


def better(inputs: Mapping[str, Shape], outputs: int = 1, kinds: Mapping[str, str] | None = None) -> Space:
    """Return the default space."""
    return response_space("combo", inputs, outputs, kinds)


def small(inputs: Mapping[str, Shape], outputs: int = 1, kinds: Mapping[str, str] | None = None) -> Space:
    """Return combo-small: 13 decisions, 13^12 x 9 points."""
    sketch = Sketch()
    operations = mlp(0.05, 0.1, 0.2)
    (expression, drug_1, drug_2), cell = _towers(sketch, inputs)
    chain = sketch.chain("cell.2", cell, operations, 3)
    skip = sketch.skip(
        "skip",
        [
            [],
            [expression],
            [drug_1],
            [drug_2],
            [cell],
            [expression, drug_1, drug_2],
            [expression, drug_1],
            [drug_1, drug_2],
            [expression, drug_2],
        ],
    )
    second = sketch.concatenate("cell.2", chain, skip)
    return sketch.space("combo-small", sketch.chain("cell.3", second, operations, 3), units=outputs)


def large(inputs: Mapping[str, Shape], outputs: int = 1, kinds: Mapping[str, str] | None = None) -> Space:
    """Return combo-large: 41 decisions, 13^33 x (6 x 7 x ... x 13) points."""
    sketch = Sketch()
    operations = mlp(0.05, 0.1, 0.2)
    sources, first = _towers(sketch, inputs)
    cell, middle = first, list[Block]()
    for number in range(2, 2 + _MIDDLE):
        chain = sketch.chain(f"cell.{number}", cell, operations, 3)
        skip = sketch.skip(
            f"skip.{number}", [[], sources, *([source] for source in sources), [first], *([one] for one in middle)]
        )
        cell = sketch.concatenate(f"cell.{number}", chain, skip)
        middle.append(cell)
    last = sketch.chain(f"cell.{2 + _MIDDLE}", cell, operations, 3)
    return sketch.space("combo-large", last, units=outputs)


def manual(inputs: Mapping[str, Shape], outputs: int = 1) -> Architecture:
    """Return the network designed by hand: 13,772,001 parameters at the published input sizes."""
    sketch = Sketch()
    layer = Dense(1000, "relu")
    expression = sketch.chain("expression", sketch.input("expression", inputs["expression"]), layer, 3)
    first = sketch.chain("drug", sketch.input("drug_1", inputs["drug_1"]), layer, 3)
    second = sketch.mirror("drug twin", sketch.input("drug_2", inputs["drug_2"]), first)
    trunk = sketch.chain("trunk", sketch.concatenate("joined", expression, first, second), layer, 3)
    space = sketch.space("combo-manual", trunk, units=outputs)
    return space.architecture(space.point(()))


def load(folder: Path, asked: Asked) -> Problem:
    """Prepare the user's drug pairs: tables (docs/data.md), or CANDLE's files by their names."""
    frames = read_own(asked, pairs=True)
    dataset, _ = dataset_of(frames)
    return prepare(
        folder,
        name="combo",
        dataset=dataset,
        division=asked.division,
        task=Task.REGRESSION,
        metric=asked.metric or "r2",
        target=frames.target or "measured value",
        manual=manual,
        notes=frames.notes,
    )


COMBO = BuiltIn(
    name="combo",
    task=Task.REGRESSION,
    metric="r2",
    title="response of cancer cell lines to pairs of drugs (your tables)",
    published=PUBLISHED_INPUTS,
    outputs=1,
    manual=manual,
    kinds={"expression": "cell", "drug_1": "drug", "drug_2": "drug"},
    spaces={"combo": better, "combo-small": small, "combo-large": large},
    load=load,
    starts=STARTS,
    source=None,
    roles=("cell", "drug", "drug_1", "drug_2", "value", "smiles"),
)
