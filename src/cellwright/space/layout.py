"""Where boxes go in a layered drawing, and where the lines between them bend (Sugiyama's method).

Layers by longest path; a line that crosses layers gets a spot in each of them, and the lines from one box share their
spots as far as they go together; order within a layer by barycentres; horizontal places by least squares.
"""

from bisect import bisect_left, insort
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

__all__ = ["Layout", "Spot", "lay_out"]

_SWEEPS = 24
_GAP = 24.0  # between neighbours of a layer
_RISE = 44.0  # between layers


@dataclass(slots=True)
class Spot:
    """A box, or (with no width) a place where a line passes a layer. `x` and `y` are its centre.

    Attributes:
        layer: counted from the top.
        above: numbers of the spots it hangs on, in the layer before.
        below: numbers of those that hang on it.
    """

    layer: int
    width: float = 0.0
    height: float = 0.0
    x: float = 0.0
    y: float = 0.0
    above: list[int] = field(default_factory=list)
    below: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Layout:
    """A finished layout: the boxes' spots come first, in their order; then the bends.

    Attributes:
        spots: with `x` and `y`.
        routes: for each edge the numbers of the spots it runs through, both ends included.
        width: of the whole drawing; x runs from 0.
        height: of the whole drawing; y runs from 0.
    """

    spots: list[Spot]
    routes: list[tuple[int, ...]]
    width: float
    height: float


def lay_out(sizes: Sequence[tuple[float, float]], edges: Sequence[tuple[int, int]]) -> Layout:
    """Return a layout of boxes of given widths and heights; each edge goes from an earlier box to a later one."""
    if not sizes:
        return Layout([], [], 0.0, 0.0)
    layers = [0] * len(sizes)
    for source, target in sorted(edges, key=lambda edge: edge[1]):
        layers[target] = max(layers[target], layers[source] + 1)
    spots = [Spot(layer, width, height) for layer, (width, height) in zip(layers, sizes, strict=True)]
    routes = _routed(spots, edges)
    rows: list[list[int]] = [[] for _ in range(max(layers) + 1)]
    for number, spot in enumerate(spots):
        rows[spot.layer].append(number)
    rows = _ordered(spots, rows)
    _place(spots, rows)
    left = min(spot.x - spot.width / 2 for spot in spots)
    top = 0.0
    for row in rows:
        height = max(spots[number].height for number in row)
        for number in row:
            spots[number].x -= left
            spots[number].y = top + height / 2
        top += height + _RISE
    return Layout(spots, routes, max(spot.x + spot.width / 2 for spot in spots), top - _RISE)


def _routed(spots: list[Spot], edges: Sequence[tuple[int, int]]) -> list[tuple[int, ...]]:
    """Add the bends to `spots`, link everything, and return each edge's route."""
    trunks: dict[tuple[int, int], int] = {}
    links: set[tuple[int, int]] = set()
    routes = []
    for source, target in edges:
        route = [source]
        for layer in range(spots[source].layer + 1, spots[target].layer):
            if (source, layer) not in trunks:
                trunks[source, layer] = len(spots)
                spots.append(Spot(layer))
            route.append(trunks[source, layer])
        route.append(target)
        routes.append(tuple(route))
        for upper, lower in pairwise(route):
            if (upper, lower) not in links:
                links.add((upper, lower))
                spots[upper].below.append(lower)
                spots[lower].above.append(upper)
    return routes


def _ordered(spots: list[Spot], rows: list[list[int]]) -> list[list[int]]:
    """Return the rows in the order with the fewest crossings found."""
    best, fewest = [list(row) for row in rows], _crossings(spots, rows)
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        for row in rows if down else reversed(rows):
            place = {number: float(position) for one in rows for position, number in enumerate(one)}
            row.sort(key=_barycentre(spots, place, down=down))
        crossings = _crossings(spots, rows)
        if crossings < fewest:
            best, fewest = [list(row) for row in rows], crossings
    return best


def _barycentre(spots: list[Spot], place: dict[int, float], *, down: bool) -> Callable[[int], float]:
    def centre(number: int) -> float:
        linked = spots[number].above if down else spots[number].below
        return sum(place[other] for other in linked) / len(linked) if linked else place[number]

    return centre


def _crossings(spots: list[Spot], rows: list[list[int]]) -> int:
    """Count the pairs of lines that cross between neighbouring rows."""
    total = 0
    for upper, lower in pairwise(rows):
        place = {number: position for position, number in enumerate(lower)}
        seen: list[int] = []
        for number in upper:
            ends = sorted(place[other] for other in spots[number].below)
            total += sum(len(seen) - bisect_left(seen, end + 1) for end in ends)
            for end in ends:
                insort(seen, end)
    return total


def _place(spots: list[Spot], rows: list[list[int]]) -> None:
    """Set each spot's x: near those it is linked with, in order, without overlap, and straight where it can be."""
    for row in rows:
        _spread(spots, row, [0.0] * len(row), [1.0] * len(row))
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        for row in rows if down else reversed(rows):
            linked = [spots[number].above if down else spots[number].below for number in row]
            wishes = [
                sum(spots[other].x for other in others) / len(others) if others else spots[number].x
                for number, others in zip(row, linked, strict=True)
            ]
            _spread(spots, row, wishes, [len(others) + 0.1 for others in linked])
    runs = _runs(spots, rows)
    for drawn in [True] * _SWEEPS + [False] * 4 * _SWEEPS:  # towards what they are linked with, then just straight
        _straighten(spots, rows, runs, drawn=drawn)


def _straighten(spots: list[Spot], rows: list[list[int]], runs: list[list[int]], *, drawn: bool) -> None:
    """Move each run to its mean and make room again: by turns, this finds a place that keeps both, if there is one."""
    wishes, weights = [0.0] * len(spots), [0.0] * len(spots)
    for run in runs:
        pulls = [spots[number].x for number in run]
        if drawn:
            inside = set(run)
            for number in run:
                pulls += [spots[n].x for n in (*spots[number].above, *spots[number].below) if n not in inside]
        for number in run:
            wishes[number], weights[number] = sum(pulls) / len(pulls), len(run)
    for row in rows:
        _spread(spots, row, [wishes[number] for number in row], [weights[number] for number in row])


def _runs(spots: list[Spot], rows: list[list[int]]) -> list[list[int]]:
    """Return the paths that want to be straight: the bends of a line, and boxes that have each other only."""
    runs: dict[int, list[int]] = {}
    for number in (number for row in rows for number in row):
        here = spots[number]
        runs[number] = [number]
        for other in here.above:
            upper = spots[other]
            if not (upper.width or here.width) or len(upper.below) == len(here.above) == 1:
                runs[number] = runs[other]
                runs[number].append(number)
    return list({id(run): run for run in runs.values()}.values())


def _spread(spots: list[Spot], row: list[int], wishes: list[float], weights: list[float]) -> None:
    """Give a row the places nearest to its wishes that keep order and gaps: isotonic regression by pooling."""
    offsets = [0.0]
    for left, right in pairwise(row):
        offsets.append(offsets[-1] + (spots[left].width + spots[right].width) / 2 + _GAP)
    pools: list[tuple[float, float, int]] = []  # mean, weight, members
    for wish, weight, offset in zip(wishes, weights, offsets, strict=True):
        mean, mass, members = wish - offset, weight, 1
        while pools and pools[-1][0] > mean:
            before, heavy, count = pools.pop()
            mean = (mean * mass + before * heavy) / (mass + heavy)
            mass, members = mass + heavy, members + count
        pools.append((mean, mass, members))
    means = [mean for mean, _, members in pools for _ in range(members)]
    for number, mean, offset in zip(row, means, offsets, strict=True):
        spots[number].x = mean + offset
