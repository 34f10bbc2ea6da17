"""Tumor: is a breast tumour malignant, from 30 measurements of cell nuclei. Ships with scikit-learn; for trying out."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from cellwright.data.dataset import Dataset, Table
from cellwright.data.splits import Division
from cellwright.errors import UsageError
from cellwright.metrics import Task
from cellwright.problem import Problem, prepare
from cellwright.problems.built_in import Asked, BuiltIn
from cellwright.problems.starting import Wanted
from cellwright.space import (
    Architecture,
    Choice,
    Decision,
    Dense,
    Dropout,
    Identity,
    LayerNorm,
    Operation,
    Shape,
    Sketch,
    Space,
)
from cellwright.space.architecture import MEMBERS

__all__ = ["TUMOR"]

PUBLISHED_INPUTS: Mapping[str, Shape] = {"measurements": (30,)}
_OPERATIONS: tuple[Operation, ...] = (
    Identity(),
    *(Dense(width, activation) for width in (4, 8, 16, 32, 64) for activation in ("relu", "tanh")),
    LayerNorm(),
    Dropout(0.1),
    Dropout(0.3),
)


_LINEAR: Wanted = {"learning_rate": 1e-2, "weight_decay": 1.0}
_LAYER: Wanted = {**_LINEAR, "dense.1": Dense(16, "relu")}
#: linear models and one layer, of which strong weight decay makes the most: rows are few
_STARTS: tuple[Wanted, ...] = (
    _LINEAR,
    {**_LINEAR, "learning_rate": 3e-2},
    _LAYER,
    {**_LAYER, "dense.1": Dense(8, "relu"), MEMBERS: 4},
)


def better(inputs: Mapping[str, Shape], outputs: int = 2, kinds: Mapping[str, str] | None = None) -> Space:
    """Return the default space: the nodes of tumor-small, and how they are trained; the linear model is in it."""
    settings = (
        Choice("optimizer", ("adamw",)),
        Choice("learning_rate", (3e-3, 1e-2, 3e-2)),
        Choice("weight_decay", (0.0, 1e-1, 1.0, 3.0)),
        Choice(MEMBERS, (1, 2, 4)),
    )
    return _space("tumor", inputs, outputs, settings)


def small(inputs: Mapping[str, Shape], outputs: int = 2, kinds: Mapping[str, str] | None = None) -> Space:
    """Return tumor-small: three dense nodes, each with a skip decision back to the measurements."""
    return _space("tumor-small", inputs, outputs)


def _space(name: str, inputs: Mapping[str, Shape], outputs: int, settings: Sequence[Decision] = ()) -> Space:
    sketch = Sketch()
    source = sketch.input("measurements", inputs["measurements"])
    block = source
    for number in (1, 2, 3):
        node = sketch.node(f"dense.{number}", block, _OPERATIONS)
        skip = sketch.skip(f"skip.{number}", [[], [source]])
        block = sketch.concatenate(f"cell.{number}", node, skip)
    return sketch.space(name, block, units=outputs, settings=settings)


def manual(inputs: Mapping[str, Shape], outputs: int = 2) -> Architecture:
    """Return what one would write down first: two layers of 64 with dropout."""
    sketch = Sketch()
    block = sketch.input("measurements", inputs["measurements"])
    for number in (1, 2):
        block = sketch.node(f"dense.{number}", block, Dense(64, "relu"))
        block = sketch.node(f"dropout.{number}", block, Dropout(0.1))
    space = sketch.space("tumor-manual", block, units=outputs)
    return space.architecture(space.point(()))


def _larger(division: Division) -> Division:
    """Return a division whose usual parts are a fifth: of so few rows a tenth would be decided by a single one."""
    usual = Division(division.by)
    if (division.validation, division.test) != (usual.validation, usual.test):
        return division
    return replace(division, validation=0.2, test=0.2)


def load(folder: Path, asked: Asked) -> Problem:
    """Prepare scikit-learn's breast-cancer set (569 x 30); classes keep their shares in each part."""
    if asked.target not in (None, "malignant"):
        raise UsageError(f"tumor has no target {asked.target!r}; known: malignant")
    if asked.division.by not in ("row", "auto"):
        raise UsageError(f"tumor has one row a patient and cannot be split by {asked.division.by!r}; use row")
    from sklearn.datasets import load_breast_cancer

    source = load_breast_cancer()
    malignant = (source.target == 0).astype(np.int64)  # scikit-learn's class 0
    return prepare(
        folder,
        name="tumor",
        dataset=Dataset({"measurements": Table(source.data.astype(np.float32))}, {}, malignant),
        division=_larger(asked.division),
        task=Task.CLASSIFICATION,
        metric=asked.metric or "accuracy",
        target="malignant",
        classes=("benign", "malignant"),
        manual=manual,
    )


TUMOR = BuiltIn(
    name="tumor",
    task=Task.CLASSIFICATION,
    metric="accuracy",
    title="is a breast tumour malignant, from 30 measurements (scikit-learn)",
    published=PUBLISHED_INPUTS,
    outputs=2,
    manual=manual,
    spaces={"tumor": better, "tumor-small": small},
    load=load,
    source="tumor",
    starts=_STARTS,
)
