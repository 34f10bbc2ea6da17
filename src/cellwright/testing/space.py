"""Laws of operations, spaces, points and architectures."""

import json
import math
import pickle
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from cellwright.errors import SpaceError
from cellwright.seeds import Use, rng_for
from cellwright.space import (
    Architecture,
    Choice,
    Float,
    Input,
    Mirror,
    Node,
    Operation,
    Point,
    Shape,
    Space,
    space_from_json,
    space_to_json,
)
from cellwright.space.operation import operation_from_json, operation_to_json

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["check_operation", "check_space"]

_ROWS = 3


def check_operation(operation: Operation, inputs: Sequence[Shape], *, seed: int = 0) -> None:
    """Check an operation on sources of the given shapes.

    It survives JSON and pickling; what `cost` says agrees with the module built; the module answers for each row by
    itself, which the shared towers rely on, in use (`eval`) always, in training unless it is `of_rows`; and `passes` is
    true only of what changes nothing.

    Raises:
        AssertionError: a law is broken; the message says which, and by what.
    """
    import torch

    shapes = tuple(inputs)
    _check_copies(operation)
    shape, parameters, flops = operation.cost(shapes)
    module = operation.module(shapes)
    trainable = sum(weight.numel() for weight in module.parameters() if weight.requires_grad)
    _law(
        parameters == trainable, f"{operation!r} on {shapes} costs {parameters} parameters, its module has {trainable}"
    )
    _law(flops >= 0, f"{operation!r} on {shapes} costs {flops} FLOPs")
    generator = torch.Generator().manual_seed(seed)
    tensors = [torch.randn(_ROWS, *source, generator=generator) for source in shapes]
    for mode in (True, False):
        answer: Tensor = module.train(mode)(*tensors)
        got = tuple(answer.shape)
        _law(got == (_ROWS, *shape), f"{operation!r} on {shapes} promises {shape}, its module returns {got} of 3 rows")
    alone = module(*[tensor[1:2] for tensor in tensors])
    _law(torch.allclose(answer[1:2], alone, atol=1e-5), f"{operation!r} answers for a row by looking at other rows")
    if len(shapes) == 1 and operation.passes(shapes):
        _law(torch.equal(answer, tensors[0]), f"{operation!r} says it passes {shapes[0]} on, its module changes it")
    module.train()
    firsts = []
    with torch.random.fork_rng(devices=[]):
        for others in (1.0, 2.0):
            torch.manual_seed(seed)
            firsts.append(module(*[torch.cat([tensor[:1], others * tensor[1:]]) for tensor in tensors])[:1])
    _law(
        operation.of_rows or torch.allclose(firsts[0], firsts[1], atol=1e-5),
        f"{operation!r} looks at other rows in training and does not say so, by of_rows",
    )


def check_space(space: Space, *, seed: int = 0, draws: int = 20) -> None:
    """Check a space, and `draws` points drawn from it: copies, encoding, neighbours, mutation, architectures.

    Raises:
        AssertionError: a law is broken; the message says which, and by what.
    """
    copy = space_from_json(json.loads(json.dumps(space_to_json(space))))
    _law(copy == space, f"space {space.name!r} comes back from JSON changed")
    _law(copy.fingerprint == space.fingerprint, f"space {space.name!r} comes back from JSON with another fingerprint")
    _law(pickle.loads(pickle.dumps(space)) == space, f"space {space.name!r} comes back from pickling changed")  # noqa: S301  # made here
    renamed = replace(space, name=f"{space.name}, renamed")
    _law(renamed.fingerprint == space.fingerprint, f"the name of space {space.name!r} changes its fingerprint")
    rng = rng_for(seed, Use.SAMPLE)
    for _ in range(draws):
        try:
            point = space.sample(rng)
            _check_point(space, point)
            _check_steps(space, point, rng)
            _check_architecture(space, point)
        except SpaceError as error:
            raise AssertionError(f"a point drawn from space {space.name!r} is refused: {error}") from error
    _check_foreign(space, rng)


def _law(holds: bool, broken: str) -> None:
    if not holds:
        raise AssertionError(broken)


def _check_copies(operation: Operation) -> None:
    """Check JSON, pickling, hashing and the text that goes into keys."""
    for way, copy in (
        ("JSON", operation_from_json(json.loads(json.dumps(operation_to_json(operation))))),
        ("pickling", pickle.loads(pickle.dumps(operation))),  # noqa: S301  # made here
    ):
        _law(copy == operation, f"{operation!r} comes back from {way} as {copy!r}")
        _law(hash(copy) == hash(operation), f"{operation!r} comes back from {way} with another hash")
        _law(repr(copy) == repr(operation), f"{operation!r} comes back from {way} with another text: {copy!r}")


def _check_point(space: Space, point: Point) -> None:
    copy = Point.from_json(json.loads(json.dumps(point.to_json())))
    _law(copy == point, f"{point!r} comes back from JSON as {copy!r}")
    _law(space.point(point.values) == point, f"{point!r} is not what its own values make")
    unit = space.encode(point)
    _law(bool(((unit >= 0) & (unit <= 1)).all()), f"{point!r} is encoded outside the unit cube: {unit!r}")
    back = space.at(unit)
    for decision, value, again in zip(space.decisions, point.values, back.values, strict=True):
        slack = 1e-9 * (decision.high - decision.low) if isinstance(decision, Float) and not decision.log else 0.0
        same = (
            math.isclose(value, again, rel_tol=1e-9, abs_tol=slack) if isinstance(decision, Float) else value == again
        )
        _law(same, f"decision {decision.name!r} is encoded from {value!r} and decoded to {again!r}")


def _check_steps(space: Space, point: Point, rng: np.random.Generator) -> None:
    """Check that a neighbour, and a mutation, is another point with one active decision changed."""
    neighbours = list(space.neighbours(point))
    _law(len(set(neighbours)) == len(neighbours), f"{point!r} has a neighbour twice")
    try:
        steps = [("a mutation", space.mutate(point, rng))]
    except SpaceError:
        _law(not neighbours, f"{point!r} has neighbours and cannot be mutated")
        return
    steps += [("a neighbour", neighbour) for neighbour in neighbours]
    active = space.active(point.values)
    for what, other in steps:
        changed = [i for i, pair in enumerate(zip(point.values, other.values, strict=True)) if pair[0] != pair[1]]
        names = [space.decisions[index].name for index in changed]
        _law(len(changed) == 1, f"{what} of {point!r} changes {names}, not one decision")
        _law(active[changed[0]], f"{what} of {point!r} changes {names[0]!r}, which is switched off")
        _law(space.point(other.values) == other, f"{what} of {point!r} is no point of the space: {other!r}")


def _check_architecture(space: Space, point: Point) -> None:
    architecture = space.architecture(point)
    copy = Architecture.from_json(json.loads(json.dumps(architecture.to_json(), sort_keys=True)))
    _law(copy == architecture, f"the architecture of {point!r} comes back from JSON changed")
    for what in ("key", "parameters", "flops"):
        ours, theirs = getattr(architecture, what), getattr(copy, what)
        _law(ours == theirs, f"the architecture of {point!r} has {what} {ours}, counted again {theirs}")
    fixed = _fixed(architecture)
    again = fixed.architecture(fixed.point([0] * len(fixed.decisions)))
    _law(again.key == architecture.key, f"the architecture of {point!r} is not canonical: as a space it builds another")
    for index, active in enumerate(space.active(point.values)):
        for value in () if active else space.decisions[index].neighbours(point.values[index]):
            other = space.architecture(space.point((*point.values[:index], value, *point.values[index + 1 :])))
            name = space.decisions[index].name
            _law(other.key == architecture.key, f"{name!r} is switched off in {point!r} and changes the architecture")


def _fixed(architecture: Architecture) -> Space:
    """Return the space that can be this architecture only."""
    names: list[str] = []
    owners: dict[int, str] = {}
    vertices: list[Input | Node | Mirror] = []
    for position, (operation, sources, module, _) in enumerate(architecture.vertices):
        read = tuple(names[source] for source in sources)
        names.append(operation.name if isinstance(operation, Input) else f"#{position}")
        if isinstance(operation, Input):
            vertices.append(operation)
        elif module in owners:
            vertices.append(Mirror(names[-1], read, owners[module]))
        else:
            vertices.append(Node(names[-1], read, operation))
            owners |= {module: names[-1]} if module >= 0 else {}
    return Space("fixed", tuple(vertices), tuple(Choice(name, (value,)) for name, value in architecture.settings))


def _check_foreign(space: Space, rng: np.random.Generator) -> None:
    other = replace(space, settings=(*space.settings, Choice("a decision of another space", (0, 1))))
    _law(other.fingerprint != space.fingerprint, f"one more setting leaves the fingerprint of {space.name!r} as it is")
    foreign = other.sample(rng)
    for what in (space.architecture, space.encode):
        try:
            what(foreign)
        except SpaceError:
            continue
        raise AssertionError(f"{what.__name__}() of space {space.name!r} takes a point of another space")
