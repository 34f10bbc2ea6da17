"""Uno: how a tumour cell line responds to one drug, from gene expression and the drug's structure.

Data: GDSC1 (Yang et al. 2013; Iorio et al. 2016). Space and hand-made network: SC19 (arXiv:1909.00311), there with a
dose as fourth input; a data set without doses leaves that input out.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cellwright.data import featurise, gdsc
from cellwright.data.dataset import Dataset, Table
from cellwright.data.splits import split_rows
from cellwright.errors import UsageError
from cellwright.problem import Problem, Task, prepare
from cellwright.problems.blocks import mlp
from cellwright.space import Architecture, Dense, Shape, Sketch, Space

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PUBLISHED_INPUTS", "TARGETS", "load", "manual", "small"]

#: widths of the published data, in the order of the towers
PUBLISHED_INPUTS: Mapping[str, Shape] = {
    "dose": (1,),
    "expression": (942,),
    "descriptors": (5270,),
    "fingerprints": (2048,),
}
TARGETS = {"auc": "area under the dose-response curve, 0 to 1", "ln_ic50": "ln of the IC50 in micromolar"}
_GENES = 942


def small(inputs: Mapping[str, Shape], outputs: int = 1) -> Space:
    """Return uno-small: a chain of three nodes on each input, then three nodes with two additions; 13^12 points."""
    sketch = Sketch()
    operations = mlp(0.3, 0.4, 0.5)
    towers = [
        source if name == "dose" else sketch.chain(name, source, operations, 3)
        for name, source in ((name, sketch.input(name, shape)) for name, shape in inputs.items())
    ]
    cell = sketch.concatenate("cell", *towers)
    first = sketch.node("trunk.1", cell, operations)
    both = sketch.add("sum.1", first, sketch.node("trunk.2", first, operations))
    third = sketch.node("trunk.3", both, operations)
    return sketch.space("uno-small", sketch.add("sum.2", both, third), units=outputs)


def manual(inputs: Mapping[str, Shape], outputs: int = 1) -> Architecture:
    """Return the network designed by hand: 19,274,001 parameters at the published input sizes."""
    sketch = Sketch()
    layer = Dense(1000, "relu")
    towers = [
        source if name == "dose" else sketch.chain(name, source, layer, 3)
        for name, source in ((name, sketch.input(name, shape)) for name, shape in inputs.items())
    ]
    trunk = sketch.node("trunk.1", sketch.concatenate("cell", *towers), layer)
    for number in (2, 3):
        deeper = sketch.node(f"trunk.{number}", trunk, layer)
        trunk = sketch.add(f"residual.{number}", trunk, deeper)
    space = sketch.space("uno-manual", trunk, units=outputs)
    return space.architecture(space.point(()))


def load(folder: Path, *, target: str | None, split: str, seed: int, data: Path) -> Problem:
    """Prepare Uno on GDSC1 in `folder`.

    Inputs: expression of the 942 genes most variable over the training cell lines, RDKit descriptors, and 2048-bit
    Morgan fingerprints (as bits, unscaled).

    Raises:
        UsageError: an unknown target.
        DataError: GDSC has not been fetched, or RDKit is missing.
    """
    target = target or "auc"
    if target not in TARGETS:
        raise UsageError(f"uno has no target {target!r}; known: {', '.join(TARGETS)}")
    source = gdsc.load(release="GDSC1", folder=data)
    responses = source.responses
    cells = _positions(responses["cell"], source.expression.index)
    drugs = _positions(responses["drug"], source.smiles.index)
    index = {"cell": cells, "drug": drugs}
    descriptors = featurise.descriptors(source.smiles.tolist())
    bits = featurise.fingerprints(source.smiles.tolist())
    dataset = Dataset(
        {
            "expression": Table(source.expression.to_numpy(np.float32), "cell"),
            "descriptors": Table(descriptors.values, "drug"),
            "fingerprints": Table(bits.values, "drug"),
        },
        index,
        responses[target].to_numpy(np.float32),
    )
    rows = split_rows(dataset.groups(split), seed=seed)
    genes = _most_variable(dataset.tables["expression"].features, np.unique(cells[rows.train]))
    chosen = Table(dataset.tables["expression"].features[:, genes], "cell")
    dataset = Dataset({**dataset.tables, "expression": chosen}, index, dataset.target)
    return prepare(
        folder,
        name="uno",
        dataset=dataset,
        split=rows,
        split_by=split,
        task=Task.REGRESSION,
        metric="r2",
        target=f"{target}: {TARGETS[target]}",
        manual=manual({name: table.shape for name, table in dataset.tables.items()}),
        unscaled=frozenset({"fingerprints"}),
    )


def _positions(names: "pd.Series[str]", known: "pd.Index[str]") -> np.ndarray:
    return np.asarray([known.get_loc(name) for name in names], dtype=np.int64)


def _most_variable(expression: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """Return the columns of largest variance over `cells`, in their order."""
    variance = expression[cells].astype(np.float64).var(axis=0)
    return np.sort(np.argsort(-variance, kind="stable")[:_GENES])
