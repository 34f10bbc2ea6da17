"""The searches of others that come with the extra hpo: what they are told, and that they find something."""

import math
import sys
from collections.abc import Mapping

import numpy as np
import pytest
from tests.methods.driving import told
from tests.spaces import settings_space

from cellwright.errors import UsageError
from cellwright.methods.catalogue import method_of
from cellwright.methods.optuna import Optuna
from cellwright.space import Choice, Float, Integer, Space, When
from cellwright.trial import Fidelity, Proposal

SETTINGS = settings_space()
MIXED = Space(
    "mixed",
    (),
    (
        Choice("batch", (256, 64, 1024, 16)),  # not in order
        Choice("kind", ("a", "b", "c")),
        Float("rate", 1e-4, 1.0, log=True),
        Integer("units", 1, 400),
        Integer("depth", 2, 6),
        Float("decay", 0.0, 1.0, when=When("kind", ("b", "c"))),
        Choice("fixed", ("only",)),
    ),
)


def worth(proposal: Proposal) -> float:
    """Return what a point is worth, 0 at most."""
    named = MIXED.named(proposal.point)
    return -float(
        abs(math.log2(named["batch"]) - 6)
        + (named["kind"] != "b")
        + abs(math.log10(named["rate"]) + 2)
        + abs(named["units"] - 100) / 100
        + abs(named["depth"] - 3) / 2
        + abs(named.get("decay", 1.0) - 0.3)
    )


@pytest.mark.parametrize("method", ["tpe", "cmaes", "nsga2", "gp"])
def test_they_find_better_than_chance(method: str) -> None:
    count = 30 if method == "gp" else 120
    bests: Mapping[str, list[float]] = {"random": [], method: []}
    for name, best in bests.items():
        for seed in range(1 if method == "gp" else 3):
            trials = told(method_of(name, MIXED, seed, Fidelity(), {}), MIXED, worth, count)
            best.append(sum(sorted(trial.score or 0.0 for trial in trials)[-5:]) / 5)
    assert np.mean(bests[method]) > np.mean(bests["random"])


def test_decisions_that_are_switched_off_are_not_told() -> None:
    search = Optuna(SETTINGS, seed=0, fidelity=Fidelity(), sampler="tpe")
    trials = told(search, SETTINGS, lambda proposal: float(SETTINGS.encode(proposal.point).sum()), 30)
    for trial, own in zip(trials, search._trials, strict=True):
        assert ("momentum" in own.params) == (SETTINGS.named(trial.proposal.point)["optimizer"] == "sgd")
        assert own.values == [trial.score]


def test_options_that_are_numbers_are_told_in_their_order() -> None:
    search = Optuna(MIXED, seed=0, fidelity=Fidelity(), sampler="tpe")
    for trial, own in zip(told(search, MIXED, worth, 40), search._trials, strict=True):
        named = MIXED.named(trial.proposal.point)
        assert own.params["batch"] == [16, 64, 256, 1024].index(named["batch"])
        assert own.params["rate"] == named["rate"]


def test_nsga2_weighs_objectives_by_itself() -> None:
    search = method_of("nsga2", MIXED, 0, Fidelity(), {}, objectives=("score", "-parameters"))
    assert isinstance(search, Optuna)
    told(search, MIXED, worth, 60)
    assert all(len(own.values) == 2 for own in search._trials)
    assert {own.system_attrs.get("NSGAIISampler:generation", 0) for own in search._trials} == {0, 1}


@pytest.mark.parametrize(("method", "package"), [("tpe", "optuna"), ("cmaes", "cmaes")])
def test_a_missing_package_is_named(method: str, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(UsageError, match=r"pip install 'cellwright\[hpo\]'"):
        method_of(method, MIXED, 0, Fidelity(), {})
