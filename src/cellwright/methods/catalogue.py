"""The searches by name."""

from collections.abc import Callable, Sequence
from typing import Any

from cellwright.methods.auto import Auto
from cellwright.methods.confirmed import Confirmed
from cellwright.methods.evolution import Evolution
from cellwright.methods.local import Local
from cellwright.methods.objectives import Traded
from cellwright.methods.protocol import Search
from cellwright.methods.random import Random
from cellwright.methods.started import Started
from cellwright.methods.surrogate import Surrogate
from cellwright.space import Point, Space
from cellwright.trial import Fidelity

__all__ = ["AGENTS", "METHODS", "method_of"]

AGENTS = ("a3c", "a2c")  # methods that have agents


def _random(space: Space, seed: int, fidelity: Fidelity, options: dict[str, Any]) -> Search:
    return Random(space, seed=seed, fidelity=fidelity, **options)


def _evolution(space: Space, seed: int, fidelity: Fidelity, options: dict[str, Any]) -> Search:
    return Evolution(space, seed=seed, fidelity=fidelity, **options)


def _local(space: Space, seed: int, fidelity: Fidelity, options: dict[str, Any]) -> Search:
    return Local(space, seed=seed, fidelity=fidelity, **options)


def _auto(space: Space, seed: int, fidelity: Fidelity, options: dict[str, Any]) -> Search:
    return Auto(space, seed=seed, fidelity=fidelity, **options)


def _surrogate(space: Space, seed: int, fidelity: Fidelity, options: dict[str, Any]) -> Search:
    return Surrogate(space, seed=seed, fidelity=fidelity, **options)


def _a3c(space: Space, seed: int, fidelity: Fidelity, options: dict[str, Any]) -> Search:
    from cellwright.methods.a3c import A3C

    return A3C(space, seed=seed, fidelity=fidelity, **options)


def _ppo(space: Space, seed: int, fidelity: Fidelity, options: dict[str, Any]) -> Search:
    from cellwright.methods.ppo import PolicySearch

    return PolicySearch(space, seed=seed, fidelity=fidelity, **options)


def _a2c(space: Space, seed: int, fidelity: Fidelity, options: dict[str, Any]) -> Search:
    return _a3c(space, seed, fidelity, {**options, "synchronous": True})


#: method -> what makes it
METHODS: dict[str, Callable[[Space, int, Fidelity, dict[str, Any]], Search]] = {
    "a3c": _a3c,
    "a2c": _a2c,
    "auto": _auto,
    "evolution": _evolution,
    "local": _local,
    "surrogate": _surrogate,
    "ppo": _ppo,
    "random": _random,
}


def method_of(
    name: str,
    space: Space,
    seed: int,
    fidelity: Fidelity,
    options: dict[str, Any],
    *,
    objectives: Sequence[str] = (),
    replicates: int = 0,
    starts: Sequence[Point] = (),
) -> Search:
    """Return the search called `name`.

    With several objectives it is told how trials stand in all of them; with replicates, leaders are tried again; starts
    are tried first.
    """
    method = METHODS[name](space, seed, fidelity, dict(options))
    method = Started(method, starts, fidelity=fidelity) if starts else method
    traded = Traded(method, objectives, space) if len(objectives) > 1 else method
    return Confirmed(traded, replicates=replicates) if replicates else traded
