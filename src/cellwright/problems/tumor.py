"""Tumor: is a breast tumour malignant, from 30 measurements of cell nuclei. Ships with scikit-learn; for trying out."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from cellwright.data.dataset import Dataset, Table
from cellwright.data.splits import Division
from cellwright.errors import UsageError
from cellwright.metrics import Task
from cellwright.problem import Problem, prepare
from cellwright.problems.built_in import Asked, BuiltIn
from cellwright.space import Architecture, Dense, Dropout, Identity, LayerNorm, Operation, Shape, Sketch, Space

__all__ = ["TUMOR"]

PUBLISHED_INPUTS: Mapping[str, Shape] = {"measurements": (30,)}
_OPERATIONS: tuple[Operation, ...] = (
    Identity(),
    *(Dense(width, activation) for width in (4, 8, 16, 32, 64) for activation in ("relu", "tanh")),
    LayerNorm(),
    Dropout(0.1),
    Dropout(0.3),
)


def small(inputs: Mapping[str, Shape], outputs: int = 2, kinds: Mapping[str, str] | None = None) -> Space:
    """Return tumor-small: three dense nodes, each with a skip decision back to the measurements."""
    sketch = Sketch()
    source = sketch.input("measurements", inputs["measurements"])
    block = source
    for number in (1, 2, 3):
        node = sketch.node(f"dense.{number}", block, _OPERATIONS)
        skip = sketch.skip(f"skip.{number}", [[], [source]])
        block = sketch.concatenate(f"cell.{number}", node, skip)
    return sketch.space("tumor-small", block, units=outputs)


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
    spaces={"tumor-small": small},
    load=load,
    source="tumor",
)
