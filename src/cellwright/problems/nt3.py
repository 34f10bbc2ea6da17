"""NT3: what a sample is, tumour or normal or of which tissue, from its gene expression.

Space: SC19 (arXiv:1909.00311). Hand-made networks: CANDLE's, and the one whose parameters the paper counts.
"""

from collections.abc import Mapping
from pathlib import Path

from cellwright.data import candle
from cellwright.data.frames import Frames, dataset_of
from cellwright.data.matrix import read_matrix
from cellwright.metrics import Task
from cellwright.problem import Problem, prepare
from cellwright.problems.built_in import Asked, BuiltIn
from cellwright.problems.response import training
from cellwright.problems.starting import Wanted
from cellwright.space import (
    Activation,
    Architecture,
    BatchNorm,
    Choice,
    Conv1D,
    Dense,
    Dropout,
    Flatten,
    Grouped,
    Identity,
    LayerNorm,
    MaxPool1D,
    Operation,
    Scale,
    Shape,
    Sketch,
    Space,
    When,
)
from cellwright.space.architecture import MEMBERS

__all__ = ["NT3", "STARTS", "better", "manual", "paper_manual", "prepared_matrix", "small"]

PUBLISHED_INPUTS: Mapping[str, Shape] = {"expression": (60_483,)}
_LEAST = 38  # genes that the windows of the hand-designed network take
_ACTIVATIONS: tuple[Operation, ...] = (Identity(), *(Activation(name) for name in ("relu", "tanh", "sigmoid")))


_NORMED: Wanted = {"select": LayerNorm(), "learning_rate": 2e-3}
_RELU: Wanted = {"activation.1": Activation("relu")}
_NARROW: Wanted = {
    "dense.1": Dense(64, "linear"),
    "norm.1": BatchNorm(),
    **_RELU,
    "dropout.1": Dropout(0.5),
    "learning_rate": 2e-3,
    "weight_decay": 1.0,
    "batch_size": 32,
}
#: what does well on many data: linear models, and one layer
STARTS: tuple[Wanted, ...] = (
    {},
    _NORMED,
    {**_NORMED, "input dropout": Dropout(0.5)},
    {**_NORMED, "dense.1": Dense(16, "linear"), **_RELU},
    _NARROW,
    {**_NARROW, MEMBERS: 2},
    {**_NARROW, "repeats": 4},
    {**_NARROW, "repeats": 4, MEMBERS: 2},
)


def better(inputs: Mapping[str, Shape], outputs: int = 2, kinds: Mapping[str, str] | None = None) -> Space:
    """Return the default space: a first layer that is narrow, selective, grouped or shortening; the linear model too.

    What the published space lacks: the normalised sample, pooling that shortens, gates on features, stretches of the
    input with few weights each, normalisation, dropout on the input, a linear path beside the layers, and the training
    itself.
    """
    sketch = Sketch()
    source = sketch.input("expression", inputs["expression"])
    # a sample's own level and spread tell of the laboratory: where samples are few, taking them out helps any network
    chosen = sketch.node("select", source, (Identity(), LayerNorm(), BatchNorm(), Scale()))
    block = sketch.node("input dropout", chosen, (Identity(), *(Dropout(rate) for rate in (0.2, 0.5, 0.7))))
    block = sketch.node("shorten", block, _shortening(inputs["expression"]))
    if inputs["expression"][0] >= _LONG:
        pools = (Identity(), MaxPool1D(4), MaxPool1D(10))
        block = sketch.node("pool", block, pools, when=When("shorten", _CONVOLUTIONS))
    block = sketch.node("vector", block, Flatten())
    for number in (1, 2):
        widths = (8, 16, 32, 64, 96, 128) if number == 1 else (16, 32, 64)
        layers = tuple(Dense(width, "linear") for width in widths)
        block = sketch.node(f"dense.{number}", block, (Identity(), *layers))
        block = sketch.node(f"norm.{number}", block, (Identity(), BatchNorm(), LayerNorm()))
        functions = (Identity(), Activation("relu"), Activation("gelu"))
        block = sketch.node(f"activation.{number}", block, functions, when=When(f"dense.{number}", layers))
        block = sketch.node(f"dropout.{number}", block, (Identity(), *(Dropout(rate) for rate in (0.2, 0.5))))
    linear = sketch.skip("linear path", [[], [chosen]])
    end = sketch.concatenate("end", block, linear)
    settings = training(
        batch_sizes=(16, 32, 64, 128),
        rates=(3e-4, 1e-3, 2e-3, 4e-3),
        decays=(0.0, 1e-2, 1e-1, 1.0),
        members=(1, 2, 4),
    )
    settings = (*settings, Choice("repeats", (1, 4)))  # rows are few: steadier gradients of noisy dropout pay
    return sketch.space("nt3", end, units=outputs, settings=settings)


_LONG = 1000  # genes from which on convolutions are offered
_CONVOLUTIONS = tuple(Conv1D(8, kernel, stride, "valid", "relu") for kernel, stride in ((20, 5), (20, 10), (50, 25)))


def _shortening(shape: Shape) -> tuple[Operation, ...]:
    """Return what makes a long input short with few weights."""
    groups = [count for count in (16, 64, 256) if count * 8 <= shape[0]]
    stretches = [Grouped(count, width, "relu") for count in groups for width in (1, 2)]
    return (Identity(), *stretches, *(_CONVOLUTIONS if shape[0] >= _LONG else ()))


def small(inputs: Mapping[str, Shape], outputs: int = 2, kinds: Mapping[str, str] | None = None) -> Space:
    """Return nt3-small: 12 decisions, (5 x 4 x 5)^2 x (9 x 4 x 7)^2 = 635,040,000 points.

    Pooling has stride 1, as published, and so shortens nothing.
    """
    convolutions = [Identity(), *(Conv1D(8, kernel) for kernel in (3, 4, 5, 6))]
    pools = [Identity(), *(MaxPool1D(pool, 1, "same") for pool in (3, 4, 5, 6))]
    layers = [Identity(), *(Dense(width) for width in (10, 50, 100, 200, 250, 500, 750, 1000))]
    dropouts = [Identity(), *(Dropout(rate) for rate in (0.5, 0.4, 0.3, 0.2, 0.1, 0.05))]
    sketch = Sketch()
    block = sketch.input("expression", inputs["expression"])
    for number in (1, 2):
        for name, operations in (("conv", convolutions), ("activation", _ACTIVATIONS), ("pool", pools)):
            block = sketch.node(f"{name}.{number}", block, operations)
    block = sketch.node("vector", block, Flatten())
    for number in (1, 2):
        for name, operations in (("dense", layers), ("dense activation", _ACTIVATIONS), ("dropout", dropouts)):
            block = sketch.node(f"{name}.{number}", block, operations)
    return sketch.space("nt3-small", block, units=outputs)


def manual(inputs: Mapping[str, Shape], outputs: int = 2) -> Architecture:
    """Return CANDLE's network: 154,922,918 parameters at the published input size."""
    convolutions = (Conv1D(128, 20, 1, "valid", "relu"), Conv1D(128, 10, 1, "valid", "relu"), MaxPool1D(10))
    return _by_hand(inputs, outputs, convolutions)


def paper_manual(inputs: Mapping[str, Shape], outputs: int = 2) -> Architecture:
    """Return the network whose parameters the paper counts: 96,777,878 at the published input size."""
    pool = MaxPool1D(10, 1, "same")
    convolutions = (Conv1D(8, 20, activation="relu"), Conv1D(8, 10, activation="relu"), pool)
    return _by_hand(inputs, outputs, convolutions)


def _by_hand(inputs: Mapping[str, Shape], outputs: int, convolutions: tuple[Operation, ...]) -> Architecture:
    sketch = Sketch()
    block = sketch.input("expression", inputs["expression"])
    dense = (Flatten(), Dense(200, "relu"), Dropout(0.1), Dense(20, "relu"), Dropout(0.1))
    for number, operation in enumerate((*convolutions, *dense)):
        block = sketch.node(f"layer.{number}", block, operation)
    space = sketch.space("nt3-manual", block, units=outputs)
    return space.architecture(space.point(()))


def load(folder: Path, asked: Asked) -> Problem:
    """Prepare the user's expression matrix, or CANDLE's files by their names."""
    assert asked.data is not None
    frames = (
        candle.read_nt3(asked.data)
        if candle.holds(asked.data, "nt3") and not asked.tables.named
        else read_matrix(asked.data, asked.tables)
    )
    return prepared_matrix(folder, "nt3", frames, asked, frames.target or "class")


def prepared_matrix(folder: Path, name: str, frames: Frames, asked: Asked, target: str) -> Problem:
    """Prepare a labelled matrix in `folder`."""
    dataset, classes = dataset_of(frames)
    by_hand = dataset.tables["expression"].shape[0] >= _LEAST
    few = () if by_hand else (f"the hand-designed network takes at least {_LEAST} genes, and is left out",)
    return prepare(
        folder,
        name=name,
        dataset=dataset,
        division=asked.division,
        task=Task.CLASSIFICATION,
        metric=asked.metric or "accuracy",
        target=target,
        classes=classes,
        manual=manual if by_hand else None,
        commensurable=("expression",),
        notes=(*frames.notes, *few),
    )


NT3 = BuiltIn(
    name="nt3",
    task=Task.CLASSIFICATION,
    metric="accuracy",
    title="tumour or normal, or which tissue, from gene expression (your table)",
    published=PUBLISHED_INPUTS,
    outputs=2,
    manual=manual,
    spaces={"nt3": better, "nt3-small": small},
    load=load,
    source=None,
    roles=("label",),
    starts=STARTS,
    note=(
        "CANDLE's network, the one designed by hand here, has 154,922,918 parameters at 60,483 genes; the paper "
        "(arXiv:1909.00311) counts 96,777,878, which are those of another network: 8 filters instead of 128, and "
        "pooling that does not shorten (cellwright.problems.nt3.paper_manual)"
    ),
    share=100,  # two convolutions without pooling that shortens: most of its 155 million are one dense layer
)
