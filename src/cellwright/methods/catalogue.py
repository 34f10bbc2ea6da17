"""The searches by name."""

from collections.abc import Callable, Sequence
from typing import Any

from cellwright.methods.confirmed import Confirmed
from cellwright.methods.evolution import Evolution
from cellwright.methods.objectives import Traded
from cellwright.methods.protocol import Search
from cellwright.methods.random import Random
from cellwright.space import Space
from cellwright.trial import Fidelity

__all__ = ["AGENTS", "METHODS", "method_of"]

AGENTS = ("a3c", "a2c")  # methods that have agents


def _random(space: Space, seed: int, fidelity: Fidelity, options: dict[str, Any]) -> Search:
    return Random(space, seed=seed, fidelity=fidelity, **options)


def _evolution(space: Space, seed: int, fidelity: Fidelity, options: dict[str, Any]) -> Search:
    return Evolution(space, seed=seed, fidelity=fidelity, **options)


def _a3c(space: Space, seed: int, fidelity: Fidelity, options: dict[str, Any]) -> Search:
    from cellwright.methods.a3c import A3C

    return A3C(space, seed=seed, fidelity=fidelity, **options)


def _a2c(space: Space, seed: int, fidelity: Fidelity, options: dict[str, Any]) -> Search:
    return _a3c(space, seed, fidelity, {**options, "synchronous": True})


#: method -> what makes it
METHODS: dict[str, Callable[[Space, int, Fidelity, dict[str, Any]], Search]] = {
    "a3c": _a3c,
    "a2c": _a2c,
    "evolution": _evolution,
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
) -> Search:
    """Return the search called `name`.

    With several objectives it is told how trials stand in all of them; with replicates, leaders are tried again.
    """
    method = METHODS[name](space, seed, fidelity, dict(options))
    traded = Traded(method, objectives, space) if len(objectives) > 1 else method
    return Confirmed(traded, replicates=replicates) if replicates else traded
