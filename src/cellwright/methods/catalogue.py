"""The searches by name."""

import math
from collections.abc import Callable, Mapping, Sequence
from inspect import Parameter, signature
from typing import Any

from cellwright.errors import UsageError
from cellwright.methods.agebo import Agebo
from cellwright.methods.auto import Auto
from cellwright.methods.confirmed import Confirmed
from cellwright.methods.evolution import Evolution
from cellwright.methods.halved import Halved
from cellwright.methods.local import Local
from cellwright.methods.objectives import Traded
from cellwright.methods.protocol import Search
from cellwright.methods.random import Random
from cellwright.methods.started import Started
from cellwright.methods.surrogate import Surrogate
from cellwright.space import Point, Space
from cellwright.trial import INHERITS, Fidelity

__all__ = ["AGENTS", "METHODS", "check_options", "method_of", "with_agents"]


def _a3c(space: Space, **options: Any) -> Search:
    from cellwright.methods.a3c import A3C  # with torch

    return A3C(space, **options)


def _a2c(space: Space, **options: Any) -> Search:
    return _a3c(space, **{**options, "synchronous": True})


def _ppo(space: Space, **options: Any) -> Search:
    from cellwright.methods.ppo import PolicySearch  # with torch

    return PolicySearch(space, **options)


def _cmaes(space: Space, **options: Any) -> Search:
    from cellwright.methods.cma import CmaEs  # with the extra hpo, as the next

    return CmaEs(space, **options)


def _optuna(sampler: str) -> Callable[..., Search]:
    def made(space: Space, **options: Any) -> Search:
        from cellwright.methods.optuna import Optuna

        return Optuna(space, sampler=sampler, **options)

    return made


#: method -> what makes it of a space, and by name of seed, fidelity and its options
METHODS: dict[str, Callable[..., Search]] = {
    "a3c": _a3c,
    "a2c": _a2c,
    "agebo": Agebo,
    "auto": Auto,
    "evolution": Evolution,
    "local": Local,
    "surrogate": Surrogate,
    "ppo": _ppo,
    "random": Random,
    "tpe": _optuna("tpe"),
    "gp": _optuna("gp"),
    "nsga2": _optuna("nsga2"),
    "cmaes": _cmaes,
}
_TAKES = {int: "a whole number", float: "a number", bool: "true or false"}
AGENTS = ("a3c", "a2c")  # methods that have agents
_TRADING = ("nsga2",)  # what weighs several objectives by itself


def method_of(
    name: str,
    space: Space,
    seed: int,
    fidelity: Fidelity,
    options: dict[str, Any],
    *,
    objectives: Sequence[str] = (),
    replicates: int = 0,
    halving: str | None = None,
    starts: Sequence[Point] = (),
) -> Search:
    """Return the search called `name`.

    With several objectives it is told how trials stand in all of them; with halving, few are trained to the end; with
    replicates, leaders are tried again; starts are tried first.
    """
    objectives = objectives if len(objectives) > 1 else ()
    trading = bool(objectives) and name in _TRADING
    if trading:
        options = {**options, "objectives": objectives}
    method = METHODS[name](space, seed=seed, fidelity=fidelity, **options)
    notes = {INHERITS: None} if options.get("inherit") else {}  # their weights are for their children too
    method = Started(method, starts, fidelity=fidelity, notes=notes) if starts else method
    if objectives and not trading:
        method = Traded(method, objectives, space)
    if halving is not None:
        method = Halved(method, space, seed=seed, fidelity=fidelity, kind=halving, objectives=objectives)
    return Confirmed(method, space, replicates=replicates, objectives=objectives) if replicates else method


def with_agents(name: str, options: Mapping[str, Any], workers: int) -> dict[str, Any]:
    """Return the options, with as many agents as keep all workers busy.

    Those of a3c wait for the last of their batch, each by itself, so there are twice as many; those of a2c for all.
    """
    batch = options.get("batch", 8)
    if name in AGENTS and isinstance(batch, int) and batch > 0:  # else the method says so
        batches = 2 * workers if name == "a3c" else workers
        return {"agents": max(3, -(-batches // batch)), **options}
    return dict(options)


def check_options(name: str, space: Space, options: Mapping[str, Any]) -> None:
    """Raise UsageError unless the search called `name` takes such options."""
    known = _options_of(type(METHODS[name](space, seed=0, fidelity=Fidelity())))
    for option, value in options.items():
        if option not in known:
            raise UsageError(f"method {name} has no option {option!r}; it has {', '.join(known) or 'none'}")
        kind = known[option]
        fits = isinstance(value, bool) == (kind is bool) and isinstance(value, int | float) and math.isfinite(value)
        if not (fits and isinstance(value, (int, kind))):
            raise UsageError(f"option {option} of method {name} takes {_TAKES[kind]}, not {value!r}")


def _options_of(search: type[Search]) -> dict[str, type]:
    """Return the options of a search with their types."""
    parameters = dict(signature(search).parameters)
    if any(one.kind is Parameter.VAR_KEYWORD for one in parameters.values()):  # the settings of its policy
        from cellwright.methods.policy.ppo import Ppo

        parameters |= signature(Ppo).parameters
    given = {"seed", "synchronous"}  # by other means: the latter makes a3c a2c
    return {name: one.annotation for name, one in parameters.items() if one.annotation in _TAKES and name not in given}
