"""Boxes and lines as graphviz source and as SVG, whatever they stand for."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from cellwright.space.layout import Layout, Spot, lay_out

__all__ = ["COLOURS", "Box", "Drawing", "dot", "svg"]

#: kind of box -> fill and line
COLOURS = {
    "input": ("#e7eefb", "#4268b3"),
    "dense": ("#fdf1d8", "#c08a1e"),
    "sequence": ("#e4f4e8", "#3a8a57"),
    "random": ("#f3e9f8", "#8a55a8"),
    "norm": ("#e2f3f5", "#2f8791"),
    "merge": ("#f1f2f4", "#7b818c"),
    "function": ("#fbe8e4", "#c2553f"),
    "decision": ("#fff8dc", "#b58b00"),
    "connection": ("#ffffff", "#c2553f"),
    "other": ("#f7f3ec", "#7a6a55"),
}
_LINE = "#8a8f98"
_MARGIN = 18.0
_ROW = 15.0  # between lines of text
_TIP = 5.0  # of an arrow
_FONT = "Helvetica, Arial, 'Liberation Sans', sans-serif"


@dataclass(frozen=True, slots=True)
class Box:
    """One box of a drawing.

    Attributes:
        title: its first line.
        lines: below it, smaller.
        kind: a key of `COLOURS`.
        badge: a letter on boxes that share something; "": none.
        details: shown when the mouse rests on it.
    """

    title: str
    lines: tuple[str, ...]
    kind: str
    badge: str = ""
    details: str = ""


@dataclass(frozen=True, slots=True)
class Drawing:
    """Boxes, and lines from earlier boxes to later ones.

    Attributes:
        edges: source, target, and whether the line is there in any case (else it is dashed).
        caption: lines of text below.
    """

    name: str
    boxes: tuple[Box, ...]
    edges: tuple[tuple[int, int, bool], ...]
    caption: tuple[str, ...]


def dot(drawing: Drawing) -> str:
    """Return graphviz source."""
    caption = "\n".join(drawing.caption)
    lines = [
        f"digraph {_quoted(drawing.name)} {{",
        f'  graph [label={_quoted(caption)}, fontname="Helvetica", fontsize=11];',
        '  node [shape=box, style="rounded,filled", fontname="Helvetica", fontsize=11];',
        f'  edge [color="{_LINE}", arrowsize=0.6];',
    ]
    for number, box in enumerate(drawing.boxes):
        fill, line = COLOURS[box.kind]
        label = "\n".join([box.title, *box.lines, *([f"[{box.badge}]"] if box.badge else [])])
        style = ', style="rounded,filled,dashed"' if box.kind == "connection" else ""
        width = ", penwidth=2.5" if box.badge else ""
        lines.append(f'  v{number} [label={_quoted(label)}, fillcolor="{fill}", color="{line}"{style}{width}];')
    for source, target, always in drawing.edges:
        lines.append(f"  v{source} -> v{target}{'' if always else ' [style=dashed]'};")
    return "\n".join([*lines, "}"]) + "\n"


def _quoted(words: str) -> str:
    """Return a graphviz string: escapes as in JSON, and entities as in HTML."""
    return json.dumps(words.replace("&", "&amp;"), ensure_ascii=False)


def svg(drawing: Drawing) -> str:
    """Return a self-contained SVG element."""
    sizes = [_size(box) for box in drawing.boxes]
    layout = lay_out(sizes, [(source, target) for source, target, _ in drawing.edges])
    widest = max((_width(line, 12) for line in drawing.caption), default=0.0)
    width = max(layout.width, widest) + 2 * _MARGIN
    left = (width - layout.width) / 2
    below = layout.height + (2 * _MARGIN if drawing.boxes else _MARGIN)
    height = below + _ROW * 1.2 * len(drawing.caption) + _MARGIN / 2
    frame = f'viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {frame} role="img" font-family="{_FONT}" font-size="12">',
        f"<title>{escape(drawing.name)}</title>",
        f'<g transform="translate({left:.1f},{_MARGIN:.1f})">',
        *_lines(layout, [always for _, _, always in drawing.edges]),
        *(_box(box, spot) for box, spot in zip(drawing.boxes, layout.spots, strict=False)),
        "</g>",
    ]
    for number, line in enumerate(drawing.caption):
        y = below + _ROW * (1.2 * number + 0.6)
        parts.append(f'<text x="{width / 2:.1f}" y="{y:.1f}" text-anchor="middle" fill="#3c424d">{escape(line)}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _width(words: str, size: float) -> float:
    """Return about how wide a text is; narrow letters count half."""
    return size * sum(0.34 if letter in "iljtfrI.,:;'| ()[]" else 0.62 for letter in words)


def _size(box: Box) -> tuple[float, float]:
    wide = max([1.07 * _width(box.title, 13), *(_width(line, 11) for line in box.lines)])
    return max(wide + 26, 64.0), 14 + _ROW * (1 + len(box.lines))


def _box(box: Box, spot: Spot) -> str:
    fill, line = COLOURS[box.kind]
    left, top = spot.x - spot.width / 2, spot.y - spot.height / 2
    dashes = ' stroke-dasharray="5 3"' if box.kind == "connection" else ""
    parts = [f"<title>{escape(box.details)}</title>"] if box.details else []
    frame = f'width="{spot.width:.1f}" height="{spot.height:.1f}" rx="7"'
    if box.badge:  # a second box peeps out behind it
        parts.append(
            f'<rect x="{left + 4:.1f}" y="{top + 4:.1f}" {frame} fill="{fill}" stroke="{line}" stroke-width="1.2"/>'
        )
    parts.append(
        f'<rect x="{left:.1f}" y="{top:.1f}" {frame} fill="{fill}" stroke="{line}" stroke-width="1.2"{dashes}/>'
    )
    y = top + 7 + _ROW * 0.8
    parts.append(_text(spot.x, y, box.title, 'font-size="13" font-weight="600" fill="#1c2330"'))
    for number, words in enumerate(box.lines, start=1):
        parts.append(_text(spot.x, y + _ROW * number, words, 'font-size="11" fill="#525a66"'))
    if box.badge:
        x = left + spot.width - 2
        parts.append(f'<circle cx="{x:.1f}" cy="{top + 2:.1f}" r="9" fill="{line}"/>')
        parts.append(_text(x, top + 6, box.badge, 'font-size="11" font-weight="700" fill="#ffffff"'))
    return f"<g>{''.join(parts)}</g>"


def _text(x: float, y: float, words: str, style: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="middle" {style}>{escape(words)}</text>'


def _lines(layout: Layout, always: Sequence[bool]) -> list[str]:
    """Return the lines: from spot to spot, each piece once however many edges run through it."""
    pieces: dict[tuple[int, int], bool] = {}
    for route, sure in zip(layout.routes, always, strict=True):
        for piece in pairwise(route):
            pieces[piece] = pieces.get(piece, False) or sure
    tops = _band(layout)
    parts = []
    for (upper, lower), sure in pieces.items():
        source, target = layout.spots[upper], layout.spots[lower]
        x, end = _port(layout, upper, lower), target.y - target.height / 2
        half = tops[target.layer] / 2
        start = source.y + (source.height / 2 if source.width else tops[source.layer] / 2)
        entry = target.y - half
        middle = (start + entry) / 2
        path = f"M{source.x:.1f} {start:.1f}C{source.x:.1f} {middle:.1f} {x:.1f} {middle:.1f} {x:.1f} {entry:.1f}"
        path += f"V{end - _TIP:.1f}" if target.width else f"V{target.y + half:.1f}"
        dashes = "" if sure else ' stroke-dasharray="4 3"'
        parts.append(f'<path d="{path}" fill="none" stroke="{_LINE}" stroke-width="1.3"{dashes}/>')
        if target.width:
            tip = f"M{x:.1f} {end:.1f}l-3.2 {-_TIP - 1:.1f}h6.4z"
            parts.append(f'<path d="{tip}" fill="{_LINE}"/>')
    return parts


def _band(layout: Layout) -> dict[int, float]:
    """Return each layer's height, that of its highest box."""
    band: dict[int, float] = {}
    for spot in layout.spots:
        band[spot.layer] = max(band.get(spot.layer, 0.0), spot.height)
    return band


def _port(layout: Layout, upper: int, lower: int) -> float:
    """Return where along the top of a box a line enters it: side by side, in the order of where they come from."""
    spot = layout.spots[lower]
    if not spot.width:
        return spot.x
    order = sorted(spot.above, key=lambda number: layout.spots[number].x)
    step = min(16.0, (spot.width - 24) / max(1, len(order) - 1))
    return spot.x + (order.index(upper) - (len(order) - 1) / 2) * step
