"""Spaces and architectures as text, as graphviz source and as SVG."""

import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import MISSING, fields
from typing import Any

from cellwright.errors import SpaceError
from cellwright.space.architecture import Architecture, Input, Vertex
from cellwright.space.canvas import Box, Drawing, dot, svg
from cellwright.space.decisions import Choice, Decision, When
from cellwright.space.graph import Space
from cellwright.space.joins import Connect
from cellwright.space.naming import input_in_words
from cellwright.space.operation import Operation, Shape
from cellwright.space.vertices import AnyVertex, Mirror, Node

__all__ = [
    "architecture_dot",
    "architecture_svg",
    "architecture_text",
    "in_words",
    "space_dot",
    "space_svg",
    "space_text",
]

_KINDS = {
    "Input": "input",
    "Dense": "dense",
    "Conv1D": "sequence",
    "MaxPool1D": "sequence",
    "Dropout": "random",
    "LayerNorm": "norm",
    "BatchNorm": "norm",
    "Concatenate": "merge",
    "Add": "merge",
    "Flatten": "merge",
    "Identity": "merge",
    "Activation": "function",
    "Connect": "connection",
    "Residual": "dense",
    "Gated": "dense",
    "Grouped": "dense",
    "Embedding": "dense",
    "Spline": "function",
    "Scale": "function",
    "Fuse": "merge",
    "Modulate": "merge",
}
_MOST_OPTIONS = 24
_GLUE = "\N{NO-BREAK SPACE}"


def architecture_text(architecture: Architecture) -> str:
    """Return an architecture as a table, one vertex a line, with its totals."""
    rows = [("", "operation", "reads", "shape", "parameters", "")]
    badges = _module_badges(architecture.vertices)
    seen: set[int] = set()
    for number, vertex in enumerate(architecture.vertices):
        parameters = _parameters(architecture.vertices, vertex)
        shared = f"shared {badges[vertex.module]}" if vertex.module in badges else ""
        count = "as above" if vertex.module in seen else f"{parameters:,}" if parameters else ""
        seen |= {vertex.module} - {-1}
        reads = ", ".join(map(str, vertex.sources))
        rows.append((str(number), in_words(vertex.operation), reads, _shape(vertex.shape), count, shared))
    table = _table(rows, right=(0, 3, 4)) if architecture.vertices else "no network, settings only"
    return "\n".join([table, "", *_totals(architecture)]) + "\n"


def space_text(space: Space, *, width: int = 110) -> str:
    """Return a space as text: its vertices with their options, settings, conditions, forbidden combinations, size.

    Args:
        width: characters after which a line breaks.
    """
    lines = [f"{space.name}: {_count(space.decisions, 'decision')}, {_size(space)}"]
    shown: dict[tuple[Any, ...], str] = {}
    for heading, entries in (
        ("inputs", [(input_in_words(name), _shape(shape)) for name, shape in space.inputs.items()]),
        ("vertices", [(v.name, _vertex_line(v, shown)) for v in space.vertices if not isinstance(v, Input)]),
        ("settings", [(decision.name, _range(decision)) for decision in space.settings]),
        ("conditions", [(d.name, f"only if {_condition(d.when)}") for d in space.decisions if d.when]),
        ("forbidden", [("", " and ".join(map(_condition, clause))) for clause in space.forbidden]),
    ):
        if entries:
            lines += ["", heading, *_entries(entries, width)]
    return "\n".join(lines) + "\n"


def architecture_dot(architecture: Architecture) -> str:
    """Return an architecture as graphviz source."""
    return dot(_architecture_drawing(architecture))


def space_dot(space: Space) -> str:
    """Return a space as graphviz source."""
    return dot(_space_drawing(space))


def architecture_svg(architecture: Architecture) -> str:
    """Return an architecture as an SVG that stands in a file or in an HTML page."""
    return svg(_architecture_drawing(architecture))


def space_svg(space: Space) -> str:
    """Return a space as an SVG that stands in a file or in an HTML page."""
    return svg(_space_drawing(space))


# Words


def in_words(thing: Any) -> str:
    """Return an operation, an option or an input in words: `Dense 500 relu`, `Conv1D 8 kernel 3 same`."""
    if isinstance(thing, Input):
        return input_in_words(thing.name)
    if isinstance(thing, Connect):
        return " + ".join(thing.sources) or "nothing"
    if type(thing).__name__ not in Operation.classes:
        return thing if isinstance(thing, str) else f"{thing:g}" if isinstance(thing, float) else repr(thing)
    words = [type(thing).__name__]
    for position, one in enumerate(fields(thing)):
        value = getattr(thing, one.name)
        if one.default is MISSING or value != one.default:
            plain = position == 0 or isinstance(value, str)
            value = " + ".join(map(str, value)) if isinstance(value, tuple) else value
            words.append(str(value) if plain else f"{one.name.replace('_', ' ')} {value}")
    return " ".join(words)


def _shape(shape: Shape) -> str:
    return " x ".join(f"{width:,}" for width in shape)


def _range(decision: Decision) -> str:
    if isinstance(decision, Choice):
        return _options(decision)
    return f"{decision.low:,} to {decision.high:,}{', log' if decision.log else ''}"


def _options(choice: Choice) -> str:
    """Return the options of a choice, the middle left out of very long lists."""
    words = [in_words(option) for option in choice.options]
    if len(words) > _MOST_OPTIONS:
        words[_MOST_OPTIONS - 2 : -1] = [f"... {len(words) - _MOST_OPTIONS + 1:,} more ..."]
    return f"{_count(choice.options, 'option')}: {'; '.join(words)}"


def _count(things: Sequence[Any], word: str) -> str:
    return f"{len(things):,} {word}{'s' * (len(things) != 1)}"


def _condition(condition: When) -> str:
    return f"{condition.decision} is {' or '.join(map(in_words, condition.values))}"


def _size(space: Space) -> str:
    try:
        size = space.size
    except SpaceError:
        return "points not counted: its conditions tie too much together"
    return (
        "infinitely many points (it decides about real numbers)"
        if size is None
        else f"{size:,} point{'s' * (size != 1)}"
    )


def _totals(architecture: Architecture) -> list[str]:
    settings = ", ".join(f"{name} {in_words(value)}" for name, value in architecture.settings)
    members, total = architecture.members, architecture.parameters
    each = f" ({members} ensemble members of {total // members:,})" if members > 1 else ""
    return [
        f"{total:,} parameters{each}, {architecture.flops:,} FLOPs a row",
        *([f"settings: {settings}"] if settings else []),
        f"key {architecture.key}",
    ]


def _parameters(vertices: Sequence[Vertex], vertex: Vertex) -> int:
    if isinstance(vertex.operation, Input):
        return 0
    return vertex.operation.cost(tuple(vertices[source].shape for source in vertex.sources)).parameters


def _module_badges(vertices: Iterable[Vertex]) -> dict[int, str]:
    """Return a letter for each module that several vertices share."""
    uses = Counter(vertex.module for vertex in vertices if vertex.module >= 0)
    return _letters(module for module, count in uses.items() if count > 1)


def _letters(things: Iterable[Any]) -> dict[Any, str]:
    """Return A, B, ..., Z, A1, B1, ... for things in their order."""
    return {
        thing: chr(ord("A") + number % 26) + (str(number // 26) if number >= 26 else "")
        for number, thing in enumerate(things)
    }


# Text


def _table(rows: Sequence[tuple[str, ...]], *, right: tuple[int, ...]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)


def _entries(entries: Sequence[tuple[str, str]], most: int) -> list[str]:
    """Return names and what is said about them, in two columns; lines break behind `,`, `;`, `:` and `->` only."""
    width = max(len(name) for name, _ in entries)
    lines = []
    for name, words in entries:
        parts = [part.replace(" ", _GLUE) for part in re.split(r"(?<=[,;:>]) ", words)]
        first = f"  {name.ljust(width)}  " if width else "  "
        wrapper = textwrap.TextWrapper(most, first, " " * len(first), break_long_words=False, break_on_hyphens=False)
        lines += [line.replace(_GLUE, " ") for line in wrapper.wrap(" ".join(parts))]
    return lines


def _vertex_line(vertex: Node | Mirror, shown: dict[tuple[Any, ...], str]) -> str:
    """Return a vertex in words; a list of options is written out once."""
    reads = f"{', '.join(vertex.sources)} -> " if vertex.sources else ""
    if isinstance(vertex, Mirror):
        return f"{reads}mirror of {vertex.of}"
    operation = vertex.operation
    if not isinstance(operation, Choice):
        return f"{reads}{in_words(operation)}"
    first = shown.setdefault(operation.options, vertex.name)
    words = _options(operation) if first == vertex.name else f"{_count(operation.options, 'option')} as {first}"
    called = "" if operation.name == vertex.name else f"choice {operation.name}: "
    skips = any(isinstance(option, Connect) for option in operation.options)
    return f"{called}{words}" if skips else f"{reads}{called}{words}"


# Drawings


def _architecture_drawing(architecture: Architecture) -> Drawing:
    badges = _module_badges(architecture.vertices)
    boxes: list[Box] = []
    seen: set[int] = set()
    for vertex in architecture.vertices:
        parameters = _parameters(architecture.vertices, vertex)
        weights = f"weights of {badges[vertex.module]}" if vertex.module in seen else f"{parameters:,} parameters"
        lines = [_shape(vertex.shape), *([weights] if parameters else [])]
        lines += [f"{times} times the same" for times in Counter(vertex.sources).values() if times > 1]
        seen |= {vertex.module} - {-1}
        boxes.append(
            Box(in_words(vertex.operation), tuple(lines), _kind(vertex.operation), badges.get(vertex.module, ""))
        )
    edges = [
        (source, target, True)
        for target, vertex in enumerate(architecture.vertices)
        for source in dict.fromkeys(vertex.sources)
    ]
    caption = _totals(architecture)
    if badges:
        caption.insert(1, "boxes with the same letter share their weights")
    return Drawing("architecture", tuple(boxes), tuple(edges), tuple(caption))


def _space_drawing(space: Space) -> Drawing:
    position = {vertex.name: number for number, vertex in enumerate(space.vertices)}
    badges = _space_badges(space)
    boxes = tuple(_space_box(vertex, badges.get(vertex.name, "")) for vertex in space.vertices)
    edges = [
        (position[source], position[vertex.name], not _is_skip(vertex))
        for vertex in space.vertices
        if not isinstance(vertex, Input)
        for source in dict.fromkeys(vertex.sources)
    ]
    caption = [f"{space.name}: {_count(space.decisions, 'decision')}, {_size(space)}"]
    caption += [f"{decision.name}: {_brief(_range(decision), 90)}" for decision in space.settings]
    if badges:
        caption.append("boxes with the same letter share their choice; mirrors share their weights too")
    return Drawing(space.name, boxes, tuple(edges), tuple(caption))


def _space_badges(space: Space) -> dict[str, str]:
    """Return a letter for each vertex that shares its choice or its module with another."""
    owners: dict[str, str] = {}
    for vertex in space.vertices:
        if isinstance(vertex, Mirror):
            owners[vertex.name] = owners[vertex.of]
        elif isinstance(vertex, Node):
            choice = isinstance(vertex.operation, Choice)
            owners[vertex.name] = f"choice {vertex.operation.name}" if choice else f"node {vertex.name}"  # type: ignore[union-attr]  # a Choice, as asked
    uses = Counter(owners.values())
    letters = _letters(owner for owner, count in uses.items() if count > 1)
    return {name: letters[owner] for name, owner in owners.items() if owner in letters}


def _space_box(vertex: AnyVertex, badge: str) -> Box:
    if isinstance(vertex, Input):
        return Box(vertex.name, (_shape(vertex.shape),), "input")
    if isinstance(vertex, Mirror):
        return Box(vertex.name, (f"mirror of {vertex.of}",), "decision", badge)
    operation = vertex.operation
    if not isinstance(operation, Choice):
        return Box(vertex.name, (in_words(operation),), _kind(operation), badge)
    words = _options(operation)
    kind = "connection" if _is_skip(vertex) else "decision"
    lines = [_count(operation.options, "connection" if kind == "connection" else "option")]
    if kind == "decision":
        lines.append(_brief(", ".join(dict.fromkeys(in_words(option).split()[0] for option in operation.options)), 34))
    if operation.when:
        lines.append(_brief(f"if {_condition(operation.when)}", 34))
    return Box(vertex.name, tuple(lines), kind, badge, words)


def _is_skip(vertex: AnyVertex) -> bool:
    return (
        isinstance(vertex, Node)
        and isinstance(vertex.operation, Choice)
        and any(isinstance(option, Connect) for option in vertex.operation.options)
    )


def _kind(operation: Operation | Input) -> str:
    return _KINDS.get(type(operation).__name__, "other")


def _brief(words: str, most: int) -> str:
    return words if len(words) <= most else f"{words[: most - 3]}..."
