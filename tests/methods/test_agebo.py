from typing import Any

import numpy as np
import pytest
from tests.methods.driving import told
from tests.spaces import settings_space, small_space

from cellwright.errors import UsageError
from cellwright.methods import Evolution
from cellwright.methods.agebo import Agebo
from cellwright.space import Choice, Dense, Float, Identity, Sketch, Space
from cellwright.trial import Fidelity, Proposal


def both() -> Space:
    """Four nodes and three settings."""
    sketch = Sketch()
    operations = (Identity(), *(Dense(width) for width in (2, 3, 4, 5)))
    block = sketch.chain("node", sketch.input("x", 5), operations, 4)
    settings = (Float("rate", 1e-4, 1e-1, log=True), Float("decay", 0.0, 1.0), Choice("batch", (16, 32, 64)))
    return sketch.space("both", block, settings=settings)


SPACE = both()
NODES = 4


def worth(proposal: Proposal) -> float:
    """Return what a point is worth: settings and nodes matter."""
    units = SPACE.encode(proposal.point)
    return -float(np.abs(units[:NODES] - 0.7).sum() + 3 * np.abs(units[NODES:] - 0.4).sum())


def test_a_child_differs_from_a_parent_in_one_decision_on_the_network_and_its_settings_are_its_own() -> None:
    search = Agebo(SPACE, seed=0, fidelity=Fidelity(), population=10, sample=3)
    trials = told(search, SPACE, worth, 10)
    networks = [trial.proposal.point.values[:NODES] for trial in trials]
    settings = {trial.proposal.point.values[NODES:] for trial in trials}
    new = 0
    for number in range(10, 40):
        child = search.ask(number, {})
        assert child is not None
        values = child.point.values
        assert min(sum(a != b for a, b in zip(values, of, strict=False)) for of in networks) <= 1
        new += values[NODES:] not in settings
    assert new > 15


def test_settings_are_found_sooner_than_by_evolution_alone() -> None:
    ends: dict[type, list[float]] = {Agebo: [], Evolution: []}
    for kind, of in ends.items():
        for seed in range(4):
            search = kind(SPACE, seed=seed, fidelity=Fidelity(), population=20, sample=5)
            of.append(np.mean([trial.score or 0.0 for trial in told(search, SPACE, worth, 80)[-20:]]).item())
    assert np.mean(ends[Agebo]) > np.mean(ends[Evolution])


@pytest.mark.parametrize("space", [small_space(), settings_space()], ids=["no settings", "settings alone"])
def test_either_kind_of_decision_may_be_missing(space: Space) -> None:
    search = Agebo(space, seed=0, fidelity=Fidelity(), population=5, sample=2)
    trials = told(search, space, lambda proposal: float(space.encode(proposal.point).sum()), 25)
    assert len({trial.key for trial in trials}) == 25


@pytest.mark.parametrize("options", [{"sample": 0}, {"sample": 51}])
def test_options_out_of_range_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="1 <= sample <= population"):
        Agebo(SPACE, seed=0, fidelity=Fidelity(), **options)
