"""Uno: how a tumour cell line responds to one drug, from gene expression and the drug's structure.

Data: GDSC1 (Yang et al. 2013; Iorio et al. 2016). Space and hand-designed network: SC19 (arXiv:1909.00311), there with
a dose as fourth input; a data set without doses leaves that input out.
"""

from collections.abc import Mapping
from itertools import combinations
from pathlib import Path

from cellwright.data import featurise, gdsc
from cellwright.data.frames import Frames, dataset_of
from cellwright.errors import UsageError
from cellwright.metrics import Task
from cellwright.problem import Problem, prepare
from cellwright.problems.blocks import mlp
from cellwright.problems.built_in import Asked, BuiltIn
from cellwright.problems.own_tables import read_own
from cellwright.problems.response import STARTS, response_space
from cellwright.space import Shape, Sketch, Space
from cellwright.space.by_hand import by_hand
from cellwright.space.naming import described

__all__ = ["TARGETS", "UNO"]

#: widths of the published data, in the order of the towers
PUBLISHED_INPUTS: Mapping[str, Shape] = {
    "dose": (1,),
    "expression": (942,),
    "descriptors": (5270,),
    "fingerprints": (2048,),
}
TARGETS = {"auc": "area under the dose-response curve, 0 to 1", "ln_ic50": "ln of the IC50 in micromolar"}
_GENES = 942
_MIDDLE = 8  # cells of uno-large behind the first


def better(inputs: Mapping[str, Shape], outputs: int = 1, kinds: Mapping[str, str] | None = None) -> Space:
    """Return the default space."""
    return response_space("uno", inputs, outputs, kinds)


def small(inputs: Mapping[str, Shape], outputs: int = 1, kinds: Mapping[str, str] | None = None) -> Space:
    """Return uno-small: a chain of three nodes on each input, then three nodes with two additions; 13^12 points."""
    sketch = Sketch()
    operations = mlp(0.3, 0.4, 0.5)
    inputs = described(inputs)
    towers = [
        source if name == "dose" else sketch.chain(name, source, operations, 3)
        for name, source in ((name, sketch.input(name, shape)) for name, shape in inputs.items())
    ]
    cell = sketch.concatenate("joined", *towers)
    first = sketch.node("trunk.1", cell, operations)
    both = sketch.add("sum.1", first, sketch.node("trunk.2", first, operations))
    third = sketch.node("trunk.3", both, operations)
    return sketch.space("uno-small", sketch.add("sum.2", both, third), units=outputs)


def large(inputs: Mapping[str, Shape], outputs: int = 1, kinds: Mapping[str, str] | None = None) -> Space:
    """Return uno-large: 25 decisions, 13^17 x (16 x 18 x ... x 30) points with all four inputs."""
    sketch = Sketch()
    operations = mlp(0.3, 0.4, 0.5)
    inputs = described(inputs)
    sources = {name: sketch.input(name, shape) for name, shape in inputs.items()}
    towers = [
        source if name == "dose" else sketch.chain(name, source, operations, 3) for name, source in sources.items()
    ]
    cell = sketch.concatenate("cell.1", *towers)
    known = [list(subset) for count in range(len(sources) + 1) for subset in combinations(sources.values(), count)]
    for number in range(2, 2 + _MIDDLE):
        node = sketch.node(f"node.{number}", cell, operations)
        skip = sketch.skip(f"skip.{number}", known)
        known += [[node], [cell]]
        cell = sketch.concatenate(f"cell.{number}", node, skip)
    return sketch.space("uno-large", cell, units=outputs)


def load(folder: Path, asked: Asked) -> Problem:
    """Prepare the response of cell lines to single drugs: GDSC1, or the user's own tables."""
    if asked.data is not None:
        frames = read_own(asked, pairs=False)
        target, keep = frames.target or "measured value", {}
    else:
        frames, target, keep = *_gdsc(asked), {"expression": _GENES}
    dataset, _ = dataset_of(frames)
    return prepare(
        folder,
        name="uno",
        dataset=dataset,
        division=asked.division,
        task=Task.REGRESSION,
        metric=asked.metric or "r2",
        target=target,
        manual=by_hand,
        keep=keep,
        notes=frames.notes,
    )


def _gdsc(asked: Asked) -> tuple[Frames, str]:
    """Return GDSC1 and what is predicted.

    Inputs: expression, of which the 942 genes most variable over the training cell lines are used; RDKit descriptors;
    2048-bit Morgan fingerprints.
    """
    import pandas as pd

    target = asked.target or "auc"
    if target not in TARGETS:
        raise UsageError(f"uno has no target {target!r}; known: {', '.join(TARGETS)}")
    source = gdsc.load(release="GDSC1", folder=asked.fetched)
    smiles = source.smiles.tolist()
    chemistry = {"descriptors": featurise.descriptors(smiles), "fingerprints": featurise.fingerprints(smiles)}
    features = {"expression": ("cell", source.expression)}
    for name, computed in chemistry.items():
        features[name] = ("drug", pd.DataFrame(computed.values, source.smiles.index, list(computed.names)))
    responses = source.responses[["cell", "drug", target]].rename(columns={target: "value"})
    return Frames(responses, features), f"{target}: {TARGETS[target]}"


UNO = BuiltIn(
    name="uno",
    task=Task.REGRESSION,
    metric="r2",
    title="response of cancer cell lines to single drugs (GDSC1, or your tables)",
    published=PUBLISHED_INPUTS,
    outputs=1,
    manual=by_hand,
    kinds={"expression": "cell", "descriptors": "drug", "fingerprints": "drug"},
    spaces={"uno": better, "uno-small": small, "uno-large": large},
    load=load,
    starts=STARTS,
    source="gdsc",
    roles=("cell", "drug", "dose", "value", "smiles"),
)
