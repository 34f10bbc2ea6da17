"""The network one writes down for inputs of several kinds: a tower on each, and a trunk on all.

Source: the hand-designed network of SC19's Uno (arXiv:1909.00311).
"""

from collections.abc import Mapping

from cellwright.space.architecture import Architecture
from cellwright.space.naming import described, twins
from cellwright.space.operation import Shape
from cellwright.space.plain import Dense
from cellwright.space.sequences import Flatten
from cellwright.space.sketch import Block, Sketch

__all__ = ["by_hand"]


def by_hand(inputs: Mapping[str, Shape], outputs: int = 1) -> Architecture:
    """Return three dense layers of 1,000 on each input, one for both of a pair, and three on all, two of them residual.

    A single number (a dose) goes to the trunk as it is. 19,274,001 parameters at the published inputs of Uno.
    """
    inputs = described(inputs)
    sketch = Sketch()
    layer = Dense(1000, "relu")
    second = {twin: first for first, twin in twins(inputs).items()}
    towers: dict[str, Block] = {}
    for name, shape in inputs.items():
        source = sketch.input(name, shape)
        if len(shape) > 1:
            source = sketch.node(f"{name} flat", source, Flatten())
        if shape == (1,):
            towers[name] = source
        elif second.get(name) in towers:
            towers[name] = sketch.mirror(name, source, towers[second[name]])
        else:
            towers[name] = sketch.chain(name, source, layer, 3)
    trunk = sketch.node("trunk.1", sketch.concatenate("joined", *towers.values()), layer)
    for number in (2, 3):
        deeper = sketch.node(f"trunk.{number}", trunk, layer)
        trunk = sketch.add(f"residual.{number}", trunk, deeper)
    space = sketch.space("by-hand", trunk, units=outputs)
    return space.architecture(space.point(()))
