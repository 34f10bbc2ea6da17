"""The canonical form of an architecture.

Identities are gone, concatenations of concatenations are one, branches that do not reach the output
are gone, and vertices are numbered from the output backwards, so that points which build the same function share one
key. Two points that differ only in what has no effect are one architecture.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import blake2b
from math import prod
from typing import Any, NamedTuple

from cellwright.errors import SpaceError
from cellwright.space.architecture import Architecture, Input, Vertex, digest
from cellwright.space.joins import Add, Concatenate
from cellwright.space.operation import Operation, Shape
from cellwright.space.sequences import Flatten

__all__ = ["Step", "canonical"]


class Step(NamedTuple):
    """One vertex of a space with its decision closed, as `canonical` takes it.

    Attributes:
        operation: None: it passes on what it reads, side by side.
        sources: positions of earlier steps.
        owner: position of the step whose module it uses.
        text: the operation's repr, written once.
    """

    operation: Operation | Input | None
    sources: tuple[int, ...]
    owner: int
    text: str


class _Live(NamedTuple):
    """A vertex of which it is not yet known whether it reaches the output."""

    operation: Operation | Input
    sources: tuple[int, ...]
    owner: int
    shape: Shape
    parameters: int
    text: str


@lru_cache(maxsize=1 << 16)
def _answer(operation: Operation, inputs: tuple[Shape, ...]) -> tuple[Shape, int] | None:
    """Return output shape and parameters, or None where the input passes; a search asks the same again and again."""
    if operation.passes(inputs):
        return None
    shape, parameters, _ = operation.cost(inputs)
    return shape, parameters


class _Draft:
    """The vertices laid out so far.

    A value is a tuple of positions in `live`: none (absent), one, or several side by side: a concatenation that nobody
    has needed as a tensor yet.
    """

    def __init__(self) -> None:
        self.live: list[_Live] = []
        self._joined: dict[tuple[int, ...], int] = {}
        self._forms: list[bytes] = []

    def lay(self, step: Step, sources: tuple[int, ...], shape: Shape, parameters: int) -> tuple[int, ...]:
        """Add a vertex and return it as a value."""
        operation, _, owner, text = step
        assert operation is not None
        self.live.append(_Live(operation, sources, owner if parameters else -1, shape, parameters, text))
        return (len(self.live) - 1,)

    def apply(self, step: Step, value: tuple[int, ...]) -> tuple[int, ...]:
        """Return what an operation with one source makes of a value."""
        live = self.live
        shape = live[value[0]].shape if len(value) == 1 else (sum([prod(live[part].shape) for part in value]),)
        answer = _answer(step.operation, (shape,))  # type: ignore[arg-type]  # canonical sees to Inputs and None
        return value if answer is None else self.lay(step, (self.tensor(value),), *answer)

    def meet(self, step: Step, read: list[tuple[int, ...]]) -> tuple[int, ...]:
        """Return what an operation with several sources makes of them; where one is absent, the others side by side."""
        operation, live = step.operation, self.live
        if not all(read):
            return sum(read, ())
        assert operation is not None
        assert not isinstance(operation, Input)
        places = [self.tensor(value) for value in read]
        if operation.commutes:
            places = self._in_order(places)
        answer = _answer(operation, tuple([live[place].shape for place in places]))  # type: ignore[arg-type]  # operations are frozen
        return read[0] if answer is None else self.lay(step, tuple(places), *answer)

    def _in_order(self, places: Iterable[int]) -> list[int]:
        """Return vertices in an order that depends on nothing but what they compute."""
        live, forms = self.live, self._forms
        for _, sources, _, _, _, text in live[len(forms) :]:
            forms.append(blake2b(b";".join([text.encode(), *[forms[source] for source in sources]])).digest())
        return sorted(places, key=lambda part: (forms[part], part))

    def tensor(self, value: tuple[int, ...]) -> int:
        """Return the vertex that holds a value, a concatenation where it is several side by side."""
        if len(value) == 1:
            return value[0]
        if value not in self._joined:
            live = self.live
            # a concatenation flattens by itself
            parts = tuple([live[part].sources[0] if type(live[part].operation) is Flatten else part for part in value])
            width = sum([prod(live[part].shape) for part in parts])
            self._joined[value] = self.lay(_CONCATENATE, parts, (width,), 0)[0]
        return self._joined[value]

    def sum(self, step: Step, value: tuple[int, ...]) -> tuple[int, ...]:
        """Return the sum of some vertices, in an order that depends on nothing but what they compute."""
        operation, live = step.operation, self.live
        assert type(operation) is Add
        if operation.fit == "pad":  # where each source has weights of its own, a mirror relies on their order
            value = tuple(self._in_order(value))
        answer = _answer(operation, tuple([live[part].shape for part in value]))
        assert answer is not None
        return self.lay(step, value, *answer)


def canonical(steps: Sequence[Step], output: int, settings: tuple[tuple[str, Any], ...]) -> Architecture:
    """Return the canonical architecture of a graph whose choices are closed.

    Raises:
        SpaceError: shapes do not fit, or nothing reaches the output.
    """
    draft = _Draft()
    live = draft.live
    values: list[tuple[int, ...]] = []
    # operations are final classes, and `type(x) is` is ten times as fast as isinstance with a Protocol
    for step in steps:
        operation, sources, _, _ = step
        kind = type(operation)
        if kind is Input:
            value = draft.lay(step, (), operation.shape, 0)  # type: ignore[union-attr]  # an Input, by its kind
        elif operation is None or kind is Concatenate:
            value = tuple([part for source in sources for part in values[source]])
            if operation is not None and len(value) == 1:
                value = draft.apply(_FLATTEN, value)
        elif kind is Add:
            read = [values[source] for source in sources if values[source]]
            value = draft.sum(step, tuple([draft.tensor(one) for one in read])) if len(read) > 1 else sum(read, ())
        elif len(sources) > 1:
            value = draft.meet(step, [values[source] for source in sources])
        else:
            value = values[sources[0]]
            if value:
                value = draft.apply(step, value)
        values.append(value)
    if not values[output]:
        raise SpaceError("nothing reaches the output: every connection to it is switched off")
    return _numbered(live, draft.tensor(values[output]), settings)


def _numbered(live: list[_Live], output: int, settings: tuple[tuple[str, Any], ...]) -> Architecture:
    """Return the vertices that reach the output, numbered in the order in which a walk back from it leaves them."""
    number = [-1] * len(live)
    modules: dict[int, int] = {}
    users: dict[int, tuple[tuple[Shape, ...], str]] = {}
    vertices: list[Vertex] = []
    parts: list[tuple[str, tuple[int, ...], int]] = []
    total = 0
    stack = [output]
    while stack:
        here = stack.pop()
        if here >= 0:
            if number[here] < 0:
                stack.append(~here)  # to be left when its sources are
                stack += live[here].sources[::-1]
            continue
        operation, sources, owner, shape, parameters, text = live[~here]
        module = -1
        if owner >= 0:
            use = (tuple([live[source].shape for source in sources]), text)
            if owner not in modules:
                modules[owner] = len(modules)
                users[owner] = use
                total += parameters
            elif users[owner] != use:
                raise SpaceError(
                    f"a mirror cannot use {text} on shapes {use[0]}: it was made for {users[owner][0]}; "
                    "mirror nodes only between sources of equal shape"
                )
            module = modules[owner]
        read = tuple([number[source] for source in sources])
        if (type(operation) is Add and operation.fit == "pad") or (len(read) > 1 and _commutes(operation)):
            read = tuple(sorted(read))
        number[~here] = len(vertices)
        vertices.append(Vertex(operation, read, module, shape))
        parts.append((text, read, module))
    architecture = Architecture(tuple(vertices), settings)
    # known already, so nobody needs to walk again: cached_property looks into the instance dictionary first
    architecture.__dict__["parameters"] = architecture.members * total
    architecture.__dict__["key"] = digest(parts, settings)
    return architecture


def _commutes(operation: Operation | Input) -> bool:
    return not isinstance(operation, Input) and operation.commutes


_CONCATENATE = Step(Concatenate(), (), -1, repr(Concatenate()))
_FLATTEN = Step(Flatten(), (), -1, repr(Flatten()))
