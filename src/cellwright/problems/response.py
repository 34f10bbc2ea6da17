"""The default space of drug response, and of any problem with inputs of several kinds.

A tower on the features of each kind of entity (cell line, drug) beside an embedding of the entity; drugs modulated by
the cell line they act on and by their dose; both drugs of a pair fused; a trunk. What the published spaces lack:
normalisation, residual and gated layers, narrow first layers (where most parameters are), embeddings, modulation,
symmetric fusion, numbers as splines, and the training itself (docs/spaces.md has the measurements behind the choices).
"""

from collections.abc import Mapping, Sequence

from cellwright.problems.starting import Wanted
from cellwright.space import (
    Add,
    BatchNorm,
    Choice,
    Concatenate,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Fuse,
    Gated,
    Identity,
    LayerNorm,
    Modulate,
    Operation,
    Residual,
    Shape,
    Sketch,
    Space,
    Spline,
)
from cellwright.space.architecture import MEMBERS
from cellwright.space.naming import is_identity, twins
from cellwright.space.sketch import Block

__all__ = ["STARTS", "general", "response_space", "training"]

_SHRINKING: tuple[Operation, ...] = (
    *(Dense(width) for width in (16, 32, 64)),
    *(Dense(width, activation) for width in (32, 64, 96, 128, 256) for activation in ("relu", "gelu")),
)
_SECOND: tuple[Operation, ...] = (
    Identity(),
    *(Dense(width, activation) for width in (32, 64, 128) for activation in ("relu", "gelu")),
    Residual("gelu"),
    Gated(64),
)
# batch normalisation works row by row: in a tower it would undo that entities are computed once
_TOWER_NORMS: tuple[Operation, ...] = (Identity(), LayerNorm())
_NORMS: tuple[Operation, ...] = (Identity(), LayerNorm(), BatchNorm())
_EMBEDDINGS: tuple[Operation, ...] = tuple(Embedding(width, sd) for width in (16, 32, 64) for sd in (0.1, 0.5))
_PAIRS: tuple[Operation, ...] = (
    Concatenate(),
    Fuse(("sum",)),
    Fuse(("sum", "product")),
    Fuse(("sum", "product", "difference")),
)
_TRUNK: tuple[Operation, ...] = tuple(
    Dense(width, activation) for width in (32, 64, 128, 256, 512) for activation in ("relu", "gelu", "silu")
)
_DEEPER: tuple[Operation, ...] = (
    Identity(),
    Residual("relu"),
    Residual("gelu"),
    Gated(128),
    *(Dense(width, "gelu") for width in (8, 16, 32, 64, 128, 256)),
)
_GOOD: Wanted = {
    "* dense": Dense(32),
    "* norm": LayerNorm(),
    "trunk norm": Identity(),
    "* embedding": Embedding(32, 0.1),
    "* add embedding": Add("project"),
    "* pair": Fuse(("sum", "product")),
    "* spline": Spline(12),
    "trunk.1": Dense(256, "gelu"),
    "trunk.2": Residual("gelu"),
    "learning_rate": 8e-3,
    "weight_decay": 1e-2,
    MEMBERS: 2,
}
#: what does well on many data (benchmarks/starts.py), the plainest of dense layers among it
STARTS: tuple[Wanted, ...] = (
    _GOOD,
    {**_GOOD, "learning_rate": 4e-3},
    {**_GOOD, "* by *": Modulate("film")},
    {"* dense": Dense(64, "relu"), "trunk.1": Dense(128, "relu"), "learning_rate": 4e-3},
    {**_GOOD, "* dense": Dense(64, "relu"), "learning_rate": 4e-3, MEMBERS: 1},
    {**_GOOD, "* dropout": Dropout(0.1), "learning_rate": 4e-3, "weight_decay": 1e-1},
)


def _dropouts(*rates: float) -> tuple[Operation, ...]:
    return (Identity(), *(Dropout(rate) for rate in rates))


def training(
    *,
    batch_sizes: tuple[int, ...],
    rates: tuple[float, ...],
    decays: tuple[float, ...] = (0.0, 1e-3, 1e-2, 1e-1),
    members: tuple[int, ...] = (1, 2),
) -> tuple[Choice, ...]:
    """Return the settings of training as decisions, and the number of members."""
    return (
        Choice("optimizer", ("adamw",)),
        Choice("learning_rate", rates),
        Choice("weight_decay", decays),
        Choice("batch_size", batch_sizes),
        Choice("schedule", ("cosine", "constant")),
        Choice(MEMBERS, members),
    )


def general(inputs: Mapping[str, Shape], outputs: int = 1, kinds: Mapping[str, str] | None = None) -> Space:
    """Return the space for any inputs; those of one kind meet in one vector.

    Args:
        kinds: for inputs that tell of an entity, what kind of entity that is.
    """
    return response_space("general", inputs, outputs, kinds)


def response_space(
    name: str, inputs: Mapping[str, Shape], outputs: int = 1, kinds: Mapping[str, str] | None = None
) -> Space:
    """Return the space of `general` under another name."""
    sketch = Sketch()
    sources = {key: sketch.node(f"{key} flat", sketch.input(key, shape), Flatten()) for key, shape in inputs.items()}
    numbers = {
        key: sketch.node(f"{key} spline", sources[key], (Identity(), Spline(6), Spline(12)))
        for key, shape in inputs.items()
        if shape == (1,) and key not in (kinds or {})
    }
    second = twins(inputs)
    groups: dict[str, list[str]] = {}
    for key in inputs:
        if key not in numbers and key not in second.values():
            groups.setdefault((kinds or {}).get(key, key), []).append(key)
    vectors: list[Block] = []
    context: dict[str, Block] = {}
    for kind, keys in groups.items():
        vector = _vector(sketch, kind, {key: sources[key] for key in keys}, context)
        if any(key in second for key in keys):
            twin = _vector(sketch, kind, {key: sources[second[key]] for key in keys}, context, twin=True)
            vector = sketch.meet(f"{kind} pair", _PAIRS, vector, twin)
        vectors.append(vector)
        if not context:  # what comes first (the cell line), and numbers (the dose), modulate what comes after
            context = {kind: vector, **numbers}
    trunk = sketch.concatenate("joined", *vectors, *numbers.values())
    trunk = sketch.node("trunk.1", trunk, _TRUNK)
    trunk = sketch.node("trunk norm", trunk, _NORMS)
    trunk = sketch.node("trunk dropout", trunk, _dropouts(0.1, 0.2, 0.3))
    for number in (2, 3):
        trunk = sketch.node(f"trunk.{number}", trunk, _DEEPER)
    settings = training(batch_sizes=(256, 512, 1024, 2048), rates=(5e-4, 1e-3, 2e-3, 4e-3, 8e-3))
    return sketch.space(name, trunk, units=outputs, settings=settings)


def _vector(
    sketch: Sketch, kind: str, sources: Mapping[str, Block], context: Mapping[str, Block], *, twin: bool = False
) -> Block:
    """Return one vector of an entity: its features, its own embedding, and what modulates it.

    Args:
        sources: by input.
        context: vectors that may modulate it, by name.
        twin: the second of a pair: the modules of the first, in a second place.
    """

    def put(step: str, operation: Operation | Sequence[Operation], *read: Block) -> Block:
        if twin:
            return sketch.mirror(f"{kind} twin {step}", read[0], Block((f"{kind} {step}",)), *read[1:])
        return sketch.meet(f"{kind} {step}", operation, *read)

    features = []
    for key in (key for key in sources if not is_identity(key)):
        block = put(f"{key} dropout", _dropouts(0.1, 0.3, 0.5), sources[key])
        features.append(put(f"{key} dense", _SHRINKING, block))
    vector = features[0] if len(features) == 1 else put("features", Concatenate(), *features)
    vector = put("norm", _TOWER_NORMS, vector)
    vector = put("second", _SECOND, vector)
    for key in (key for key in sources if is_identity(key)):
        own = put("embedding", _EMBEDDINGS, sources[key])
        vector = put("add embedding", (Modulate("none"), Add("project")), vector, own)
    for name, by in context.items():
        vector = put(f"by {name}", tuple(Modulate(how) for how in ("none", "scale", "film")), vector, by)
    return vector
