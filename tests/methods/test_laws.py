"""Every search keeps the laws, and each law is noticed when it is broken."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.spaces import settings_space

from cellwright.methods import Random, Search
from cellwright.methods.catalogue import METHODS, method_of
from cellwright.problems import uno
from cellwright.space import Choice, Space
from cellwright.testing import check_search
from cellwright.trial import Fidelity, Proposal, Trial

REPEATING = {"random", "a3c", "a2c"}  # the loop answers for them
TRIALS = {"tpe": 40, "nsga2": 60, "gp": 13}  # slow; gp is random up to its tenth trial
NETWORKS = uno.small({"expression": (942,), "descriptors": (217,), "fingerprints": (2048,)})


@pytest.mark.parametrize("space", [settings_space(), NETWORKS], ids=["settings", "networks"])
@pytest.mark.parametrize("method", METHODS)
def test_every_method_keeps_the_laws(method: str, space: Space) -> None:
    def make(space: Space, seed: int) -> Search:
        return method_of(method, space, seed, Fidelity(), {})

    check_search(make, space, trials=TRIALS.get(method, 120), repeats=method in REPEATING)


@pytest.mark.parametrize("objectives", [(), ("score", "-parameters")])
@pytest.mark.parametrize("replicates", [0, 2])
@pytest.mark.parametrize("halving", [None, "asha", "hyperband"])
def test_and_so_does_what_is_wrapped_around_them(
    objectives: tuple[str, ...], replicates: int, halving: str | None
) -> None:
    def make(space: Space, seed: int) -> Search:
        extras: Any = {"objectives": objectives, "replicates": replicates, "halving": halving}
        return method_of("evolution", space, seed, Fidelity(9), {}, **extras)

    check_search(make, settings_space())


@pytest.mark.parametrize("method", METHODS)
def test_every_method_keeps_them_with_halving(method: str) -> None:
    def make(space: Space, seed: int) -> Search:
        return method_of(method, space, seed, Fidelity(9), {}, halving="hyperband")

    check_search(make, settings_space(), trials=TRIALS.get(method, 120), repeats=method in REPEATING)


@pytest.mark.long
@pytest.mark.parametrize("method", [method for method in METHODS if method not in TRIALS])
def test_many_trials_take_bounded_memory(method: str, request: pytest.FixtureRequest) -> None:
    if "long" not in request.config.getoption("-m"):
        pytest.skip("takes minutes; run with -m long")

    def make(space: Space, seed: int) -> Search:
        return method_of(method, space, seed, Fidelity(), {})

    check_search(make, NETWORKS, trials=20, many=10_000, repeats=method in REPEATING)


class Broken(Random):
    """Random search with a fault."""

    def __init__(self, space: Space, seed: int, fault: str) -> None:
        super().__init__(space, seed=0 if fault == "seedless" else seed, fidelity=Fidelity())
        self.fault, self.asked = fault, 0
        self.heard: list[float | None] = []

    def ask(self, number: int, pending: Mapping[int, Proposal]) -> Proposal | None:
        self.asked += 1
        match self.fault:
            case "moody":
                return super().ask(number * 1000 + self.asked, pending) and self._as(number, self.asked)
            case "forgetful":
                return super().ask(3 if number > 20 else number, pending) and self._as(number, min(number, 20))
            case "despondent" if len(self.heard) > 3 and all(one is None for one in self.heard[-3:]):
                return None
            case "miscounting":
                return super().ask(number + 1, pending)
            case "tuples" | "arrays" | "outside":
                return self._odd(number)
        return super().ask(number, pending)

    def tell(self, trial: Trial) -> None:
        self.heard.append(trial.score)

    def _odd(self, number: int) -> Proposal:
        proposal = self._as(number, number)
        if self.fault == "outside":
            return replace(proposal, point=replace(proposal.point, values=(9, *proposal.point.values[1:])))
        return replace(proposal, notes={"path": (1, 2) if self.fault == "tuples" else np.float32(1)})

    def _as(self, number: int, drawn: int) -> Proposal:
        proposal = Random.ask(self, drawn, {})
        assert proposal is not None
        return Proposal(number, proposal.point, proposal.fidelity)


@pytest.mark.parametrize(
    ("fault", "law"),
    [
        ("seedless", "the seed matters"),
        ("moody", "asking twice gives the same|telling the log again"),
        ("forgetful", "nothing known is proposed"),
        ("despondent", "a search with nothing pending proposes something"),
        ("miscounting", "bears the number asked for"),
        ("tuples", "proposals survive JSON"),
        ("arrays", "proposals survive JSON"),
        ("outside", "points belong to the space"),
    ],
)
def test_a_broken_law_is_named(fault: str, law: str) -> None:
    with pytest.raises(AssertionError, match=law):
        check_search(lambda space, seed: Broken(space, seed, fault), settings_space())


@pytest.mark.parametrize("method", ["surrogate", "auto", "agebo"])
def test_where_more_is_near_the_best_than_is_looked_at_too(method: str) -> None:
    large = Space("large", (), tuple(Choice(f"d{number}", tuple(range(40))) for number in range(8)))
    check_search(lambda space, seed: method_of(method, space, seed, Fidelity(), {}), large)
