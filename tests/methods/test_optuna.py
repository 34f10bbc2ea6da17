"""The searches of others that come with the extra hpo: what they are told, and that they find something."""

import math
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from tests.methods.driving import told
from tests.spaces import settings_space

from cellwright.errors import UsageError
from cellwright.methods.catalogue import method_of
from cellwright.methods.cma import CmaEs
from cellwright.methods.optuna import Optuna
from cellwright.space import Choice, Float, Integer, Point, Space, When
from cellwright.trial import CONTINUES, Fidelity, Outcome, Proposal, Status, Trial

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
    for trial, own in zip(trials, search._trials.values(), strict=True):
        assert ("momentum" in own.params) == (SETTINGS.named(trial.proposal.point)["optimizer"] == "sgd")
        assert own.values == [trial.score]


def test_options_that_are_numbers_are_told_in_their_order() -> None:
    search = Optuna(MIXED, seed=0, fidelity=Fidelity(), sampler="tpe")
    for trial, own in zip(told(search, MIXED, worth, 40), search._trials.values(), strict=True):
        named = MIXED.named(trial.proposal.point)
        assert own.params["batch"] == [16, 64, 256, 1024].index(named["batch"])
        assert own.params["rate"] == named["rate"]


def test_nsga2_weighs_objectives_by_itself() -> None:
    search = method_of("nsga2", MIXED, 0, Fidelity(), {}, objectives=("score", "-parameters"))
    assert isinstance(search, Optuna)
    told(search, MIXED, worth, 60)
    own = search._trials.values()
    assert all(len(one.values) == 2 for one in own)
    assert {one.system_attrs["NSGAIISampler:generation"] for one in own} == {0, 1}


@pytest.mark.parametrize(("method", "package"), [("tpe", "optuna"), ("cmaes", "cmaes")])
def test_a_missing_package_is_named(method: str, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(UsageError, match=r"pip install (optuna|cmaes)"):
        method_of(method, MIXED, 0, Fidelity(), {})


LETTERS = Space("letters", (), tuple(Choice(f"d{number}", tuple("abcdefgh")) for number in range(10)))


def alike(proposal: Proposal) -> float:
    """Return how many decisions are f."""
    return float(sum(value == 5 for value in proposal.point.values))


@pytest.mark.parametrize("method", ["tpe", "cmaes", "nsga2"])
def test_they_learn_from_starts(method: str) -> None:
    starts = [LETTERS.point([5] * 9 + [last]) for last in range(3)]
    reached: dict[tuple[Point, ...], float] = {}
    for given in ((), tuple(starts)):
        search = method_of(method, LETTERS, 0, Fidelity(), {}, starts=given)
        trials = told(search, LETTERS, alike, 150)
        reached[given] = sum(trial.score or 0.0 for trial in trials[-50:]) / 50
    assert reached[tuple(starts)] > reached[()] + 0.3


def test_what_goes_on_takes_the_place_of_what_it_goes_on_with() -> None:
    search = Optuna(LETTERS, seed=0, fidelity=Fidelity(), sampler="nsga2")
    trials = told(search, LETTERS, alike, 60)
    later = next(trial for trial in trials if search._trials[trial.number].system_attrs["NSGAIISampler:generation"])
    for number, before in ((60, trials[0]), (61, later)):
        own = search._trials[before.number]
        proposal = Proposal(number, before.proposal.point, Fidelity(epochs=9), {CONTINUES: before.number})
        search.tell(Trial(proposal, Outcome(Status.OK, 20.0), before.key, 0.0, 1.0))
        assert search._trials[before.number].values == [20.0]
        assert search._trials[before.number].system_attrs == own.system_attrs
        assert search._trials[before.number].params == own.params
    assert len(search._trials) == 60


def test_cmaes_uses_all_that_many_workers_bring() -> None:
    search = CmaEs(LETTERS, seed=0, fidelity=Fidelity())
    told(search, LETTERS, alike, 600, workers=300)
    assert search._optimizer.generation == 600 // search._optimizer.population_size


def test_cmaes_takes_failures_for_the_worst_success() -> None:
    kinds = Float("x", 0, 1), Integer("n", 1, 100), Choice("k", (4, 1, 2)), Choice("c", tuple("ab"))
    space = Space("kinds", (), kinds)
    search = CmaEs(space, seed=0, fidelity=Fidelity())
    heard: list[tuple[Point | None, float]] = []
    follow = search._optimizer.tell

    def listen(solutions: list[tuple[Any, float]]) -> None:
        heard.extend((search._point(solution), loss) for solution, loss in solutions)
        follow(solutions)

    search._optimizer.tell = listen
    start = Proposal(0, space.point([0.25, 7, 0, 1]))
    search.tell(Trial(start, Outcome(Status.FAILED), "start", 0.0, 1.0))
    trials = told(search, space, lambda proposal: -100.0 - space.encode(proposal.point)[0], 40)
    assert heard[0][0] == start.point
    size = search._optimizer.population_size
    assert heard[0][1] == max(-(trial.score or 0.0) for trial in trials[: size - 1])
    assert all(loss >= 100 for _, loss in heard)


def test_cmaes_moves_on_where_most_is_rejected() -> None:
    search = method_of("cmaes", MIXED, 0, Fidelity(), {})
    moved, rejected = set(), []
    for number in range(400):
        proposal = search.ask(number, {})
        assert proposal is not None
        moved.add(proposal.notes.get("generation"))
        named = MIXED.named(proposal.point)
        rejected.append(named["units"] > 40)
        outcome = Outcome(Status.REJECTED, parameters=1) if rejected[-1] else Outcome(Status.OK, worth(proposal))
        search.tell(Trial(proposal, outcome, MIXED.architecture(proposal.point).key, number, number))
    assert len(moved) > 20
    assert None not in moved
    assert np.mean(rejected[:50]) > 0.7
    assert np.mean(rejected[200:]) < 0.3


def test_cmaes_begins_all_over_the_ranges() -> None:
    many = Choice("many", tuple(np.random.default_rng(0).permutation(60).tolist()))
    wide = Space("wide", (), (*MIXED.decisions[:5], many))
    drawn = [method_of("cmaes", wide, seed, Fidelity(), {}).ask(0, {}) for seed in range(40)]
    named = [wide.named(proposal.point) for proposal in drawn if proposal]
    for name, low, high in (("units", 60, 340), ("rate", 10**-3.2, 10**-0.8), ("many", 9, 50)):
        values = [one[name] for one in named]
        assert min(values) < low
        assert max(values) > high


def test_cmaes_goes_on_when_a_generation_is_used_up() -> None:
    space = Space("few", (), (Choice("a", tuple("abcdef")), Choice("b", tuple("abcdef"))))
    trials = told(method_of("cmaes", space, 0, Fidelity(), {}), space, lambda proposal: proposal.point.values[0], 36)
    assert len({trial.proposal.point for trial in trials}) > 30
    assert "generation" in trials[25].proposal.notes


def test_cmaes_needs_something_to_decide() -> None:
    with pytest.raises(UsageError, match="a decision between two options or more"):
        method_of("cmaes", Space("one", (), (Choice("only", ("a",)),)), 0, Fidelity(), {})


def test_the_gaussian_process_hears_of_failures() -> None:
    space = Space("reals", (), (Float("x", 0, 1), Float("y", 0, 1)))

    def score(proposal: Proposal) -> float | None:
        x, y = proposal.point.values
        return None if x > 0.5 else x - abs(y - 0.5)

    trials = told(method_of("gp", space, 0, Fidelity(), {}), space, score, 30)
    assert sum(trial.score is None for trial in trials[15:]) < 8
    assert max(trial.score or -1 for trial in trials) > 0.45
