"""Random operations and random spaces, as strategies of hypothesis, which must be installed."""

from hypothesis import strategies as st

from cellwright.space import (
    ACTIVATIONS,
    Activation,
    Add,
    BatchNorm,
    Choice,
    Concatenate,
    Connect,
    Conv1D,
    Decision,
    Dense,
    Dropout,
    Flatten,
    Float,
    Identity,
    Input,
    Integer,
    LayerNorm,
    MaxPool1D,
    Mirror,
    Node,
    Operation,
    Shape,
    Space,
    When,
)
from cellwright.space.vertices import AnyVertex

__all__ = ["operations", "spaces"]

_activations = st.sampled_from(sorted(ACTIVATIONS))
_small = st.integers(1, 5)
_vectors = st.tuples(st.integers(1, 6))
_sequences = st.tuples(st.integers(1, 3), st.integers(6, 9))
_paddings = st.sampled_from(["same", "valid"])

_anything = st.one_of(
    st.just(Identity()),
    st.builds(Activation, _activations),
    st.builds(Dropout, st.sampled_from([0.0, 0.1, 0.5])),
    st.just(BatchNorm()),
    st.just(LayerNorm()),
    st.just(Flatten()),
)
_of_vectors = st.one_of(_anything, st.builds(Dense, _small, _activations))
_of_sequences = st.one_of(
    _anything,
    st.builds(Conv1D, _small, _small, st.integers(1, 3), _paddings, _activations),
    st.builds(MaxPool1D, _small, st.none() | st.integers(1, 3), _paddings),
)


@st.composite
def operations(draw: st.DrawFn) -> tuple[Operation, list[Shape]]:
    """Draw an operation, and shapes that it takes."""
    kind = draw(st.sampled_from(["vector", "sequence", "add", "join"]))
    if kind == "vector":
        return draw(_of_vectors), [draw(_vectors)]
    if kind == "sequence":
        return draw(_of_sequences), [draw(_sequences)]
    if kind == "add":
        return draw(st.sampled_from([Add(), Add("project")])), draw(st.lists(_vectors, min_size=1, max_size=4))
    return Concatenate(), draw(st.lists(st.one_of(_vectors, _sequences), min_size=1, max_size=4))


_in_spaces: st.SearchStrategy[Operation] = st.sampled_from(
    [
        Identity(),
        Dense(2, "tanh"),
        Dense(3, "relu"),
        Dense(3),
        Dropout(0.5),
        Activation("tanh"),
        Activation("linear"),
        LayerNorm(),
        Flatten(),
    ]
)


@st.composite
def spaces(draw: st.DrawFn, *, floats: bool = True) -> Space:
    """Draw a space of vectors with fixed nodes, choices, mirrors, mimes, skip connections, conditions and settings."""
    inputs = [Input(name, (3,)) for name in "ab"[: draw(st.integers(1, 2))]]
    vertices: list[AnyVertex] = list(inputs)
    choices: list[Choice] = []
    for number in range(draw(st.integers(1, 5))):
        vertices.append(_vertex(draw, f"n{number}", vertices, choices))
        operation = getattr(vertices[-1], "operation", None)
        if isinstance(operation, Choice) and operation not in choices:
            choices.append(operation)
    vertices.append(Node("joined", (vertices[-1].name, "a"), Concatenate()))
    vertices.append(Node("output", ("joined",), Dense(1)))
    settings = draw(_settings(floats=floats))
    return Space("random", tuple(vertices), settings, draw(_forbidden([*choices, *settings])))


def _vertex(draw: st.DrawFn, name: str, before: list[AnyVertex], choices: list[Choice]) -> AnyVertex:
    names = [vertex.name for vertex in before]
    several = tuple(draw(st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True)))
    plain = [choice for choice in choices if not isinstance(choice.options[0], Connect)]
    # a mirror is offered where the shapes are equal for sure
    first = [v for v in before if isinstance(v, Node) and v.sources in (("a",), ("b",)) and v.name.startswith("n")]
    mirrored = [v for v in first if not _connects(v)]
    kinds = ["fixed", "choice", "choice", "skip", "merge"] + ["mime"] * bool(plain) + ["mirror"] * bool(mirrored)
    kind = draw(st.sampled_from(kinds))
    if kind == "merge":
        return Node(name, several, draw(st.sampled_from([Add(), Add("project"), Concatenate()])))
    if kind == "skip":
        subsets = draw(st.lists(st.lists(st.sampled_from(several), unique=True), min_size=1, max_size=3))
        connections = tuple(dict.fromkeys(Connect(tuple(subset)) for subset in subsets))
        return Node(name, several, Choice(name, connections, draw(_conditions(choices))))
    if kind == "mirror":
        return Mirror(
            name, (draw(st.sampled_from([n for n in names if n in "ab"])),), draw(st.sampled_from(mirrored)).name
        )
    if kind == "mime":
        return Node(name, several[:1], draw(st.sampled_from(plain)))
    if kind == "fixed":
        return Node(name, several[:1], draw(_in_spaces))
    options = draw(st.lists(_in_spaces, min_size=1, max_size=3, unique=True))
    return Node(name, several[:1], Choice(name, tuple(options), draw(_conditions(choices))))


def _connects(node: Node) -> bool:
    return isinstance(node.operation, Choice) and isinstance(node.operation.options[0], Connect)


@st.composite
def _conditions(draw: st.DrawFn, earlier: list[Choice]) -> When | None:
    if not earlier or draw(st.integers(0, 2)):
        return None
    choice = draw(st.sampled_from(earlier))
    values = draw(st.lists(st.sampled_from(choice.options), min_size=1, unique=True))
    return When(choice.name, tuple(values))


@st.composite
def _settings(draw: st.DrawFn, *, floats: bool) -> tuple[Decision, ...]:
    layers = Integer("layers", 1, 3)
    some: list[Decision] = [
        layers,
        Choice("optimiser", ("adam", "sgd", 1, 1.0, True, None), When("layers", (2, 3))),
        Integer("batch", 1, 4, log=True, when=When("optimiser", ("adam", 1))),
    ]
    if floats:
        some += [Float("rate", 1e-5, 0.1, log=True), Float("decay", -1, 1, when=When("layers", (1,)))]
    return tuple(some[: draw(st.integers(0, len(some)))])


@st.composite
def _forbidden(draw: st.DrawFn, decisions: list[Decision]) -> tuple[tuple[When, ...], ...]:
    # never the first value, so that something is left
    open_ = [d for d in decisions if not isinstance(d, Float) and (d.size or 0) > 1]
    if len(open_) < 2 or draw(st.booleans()):
        return ()
    pair = draw(st.lists(st.sampled_from(open_), min_size=2, max_size=2, unique=True))
    return (tuple(When(d.name, (d.means(d.at(1.0)),)) for d in pair),)
