"""Training that is left off and taken up again is training that was never stopped."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.train.test_evaluate import proposal, space
from tests.train.test_fit import network, weights

from cellwright.build import Members
from cellwright.problem import Problem
from cellwright.space import Architecture, Dense, Sketch
from cellwright.train import kept
from cellwright.train.evaluate import Train
from cellwright.train.fit import Fitted, cross_fit, fit
from cellwright.train.kept import Slot
from cellwright.train.recipe import Recipe
from cellwright.trial import CONTINUES, INHERITS, Fidelity

FULL = Fidelity(4)


def of(problem: Problem) -> Architecture:
    return replace(network(problem, dropout=0.3), settings=(("members", 2),))


def taught(problem: Problem, fidelity: Fidelity, slot: Slot | None = None, **recipe: Any) -> Fitted:
    given = Recipe(schedule="cosine", batch_size=64, **recipe)
    return fit(of(problem), problem, fidelity, recipe=given, seed=3, device="cpu", slot=slot)


@pytest.mark.parametrize("stops", [(2.0,), (0.3,), (0.01, 1.0, 2.7), (3.5,)])
@pytest.mark.parametrize("patience", [None, 2])
def test_going_on_is_as_never_having_stopped(
    response: Problem, tmp_path: Path, stops: tuple[float, ...], patience: int | None
) -> None:
    slot = Slot(tmp_path, "7")
    unbroken = taught(response, FULL, patience=patience)
    before = 0.0
    for stop in stops:
        part = taught(response, replace(FULL, stop=stop), slot, patience=patience)
        assert patience or part.epochs == pytest.approx(stop, abs=64 / 1000)
        assert weights(part) != weights(unbroken)
        assert (tmp_path / "7.pt").exists()
        assert part.epochs >= before
        before = part.epochs
    last = taught(response, FULL, slot, patience=patience)
    assert weights(last) == weights(unbroken)
    assert last.scores == unbroken.scores
    assert last.epochs == unbroken.epochs
    assert not (tmp_path / "7.pt").exists(), "it is finished"


@pytest.mark.parametrize("stop", [0.3, 2.0, 2.7])
@pytest.mark.parametrize("patience", [None, 2])
def test_what_was_left_off_and_not_told_is_found_again(
    response: Problem, tmp_path: Path, stop: float, patience: int | None
) -> None:
    slot, part = Slot(tmp_path, "7"), replace(FULL, stop=stop)
    first, again = (taught(response, part, slot, patience=patience) for _ in range(2))
    assert weights(again) == weights(first)
    assert (again.scores, again.history, again.epochs) == (first.scores, first.history, first.epochs)
    assert weights(taught(response, FULL, slot, patience=patience)) == weights(
        taught(response, FULL, patience=patience)
    )


def test_stops_within_one_batch_are_one_and_the_same(response: Problem, tmp_path: Path) -> None:
    def learnt(stop: float | None) -> Fitted:
        few = Recipe(batch_size=2048)
        return fit(of(response), response, Fidelity(2, stop=stop), recipe=few, seed=3, device="cpu", slot=slot)

    slot = Slot(tmp_path, "7")
    first, second, last = (learnt(stop) for stop in (2 / 9, 2 / 3, None))
    assert weights(first) == weights(second) != weights(last)
    assert (second.epochs, last.epochs) == (1, 2)


def test_an_odd_measurement_does_not_count_towards_patience(response: Problem, tmp_path: Path) -> None:
    def learnt(stop: float | None, slot: Slot | None) -> Fitted:
        recipe = Recipe(schedule="constant", batch_size=64, learning_rate=0.03, patience=2)
        return fit(of(response), response, Fidelity(30, stop=stop), recipe=recipe, seed=3, device="cpu", slot=slot)

    unbroken = learnt(None, None)
    assert len(unbroken.history) < 30
    for stop in (1.3, 2.3, unbroken.epochs + 1.5, len(unbroken.history) + 3.5):
        slot = Slot(tmp_path, f"{stop}")
        learnt(stop, slot)
        assert weights(learnt(None, slot)) == weights(unbroken)


def test_what_another_network_left_is_let_lie(response: Problem, tmp_path: Path) -> None:
    slot = Slot(tmp_path, "7")
    other = network(response, width=5)
    fit(other, response, replace(FULL, stop=1.0), recipe=Recipe(), seed=3, device="cpu", slot=slot)
    assert weights(taught(response, FULL, slot)) == weights(taught(response, FULL))


def test_what_was_lost_or_damaged_costs_time_and_nothing_else(response: Problem, tmp_path: Path) -> None:
    slot = Slot(tmp_path, "7")
    part = replace(FULL, stop=1.5)
    first = taught(response, part, slot)
    (tmp_path / "7.pt").unlink()
    assert weights(taught(response, part, slot)) == weights(first)
    (tmp_path / "7.pt").write_bytes(b"no network")
    assert weights(taught(response, FULL, slot)) == weights(taught(response, FULL))


def test_where_nothing_can_be_kept_training_goes_on(response: Problem, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    slot = Slot(tmp_path / "file" / "folder", "7")
    assert weights(taught(response, replace(FULL, stop=1.0), slot)) == weights(
        taught(response, replace(FULL, stop=1.0))
    )


def test_the_oldest_go_when_the_folder_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "_MOST_BYTES", 100_000)
    for number in range(5):
        Slot(tmp_path, str(number)).save({"network": torch.zeros(10_000)})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["3.pt", "4.pt"]
    left = tmp_path / ".5.pt.999"
    left.write_bytes(bytes(60_000))  # its worker was killed
    os.utime(left, (0, 0))  # long ago: clocks of file systems may tick every few milliseconds only
    for number in (6, 7):
        Slot(tmp_path, str(number)).save({"network": torch.zeros(10_000)})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["6.pt", "7.pt"]


def test_cross_validation_goes_on_in_each_part(response: Problem, tmp_path: Path) -> None:
    def crossed(fidelity: Fidelity, slot: Slot | None) -> dict[str, float]:
        return dict(
            cross_fit(of(response), response, fidelity, recipe=Recipe(), seed=1, device="cpu", slot=slot).scores
        )

    full = Fidelity(3, folds=3)
    slot = Slot(tmp_path, "5")
    unbroken = crossed(full, None)
    assert crossed(replace(full, stop=1.0), slot) != unbroken
    assert sorted(path.name for path in tmp_path.iterdir()) == ["5-0.pt", "5-1.pt", "5-2.pt"]
    assert crossed(full, slot) == unbroken


def test_the_evaluator_goes_on_with_the_trial_that_is_named(response: Problem, tmp_path: Path) -> None:
    where = space(response)
    train = Train(response, where, seed=1, kept=tmp_path)
    full = proposal(where, 4, epochs=4)
    unbroken = Train(response, where, seed=1)(full)
    train(replace(full, fidelity=replace(full.fidelity, stop=1.0)))
    assert [path.name for path in tmp_path.iterdir()] == ["4.pt"]
    later = train(replace(full, number=9, notes={CONTINUES: 4}))
    assert later.scores == unbroken.scores
    assert not list(tmp_path.iterdir())
    assert train(replace(full, number=9)).scores != unbroken.scores, "its own number means other weights"


def layers(problem: Problem, *widths: int) -> Members:
    sketch = Sketch()
    end = sketch.concatenate("all", *(sketch.input(name, shape) for name, shape in problem.inputs))
    for number, width in enumerate(widths):
        end = sketch.node(f"layer.{number}", end, Dense(width, "relu"))
    made = sketch.space("s", end, units=1)
    return Members(made.architecture(made.point(())))


def test_a_child_has_its_parent_s_weights_where_layers_agree(response: Problem, tmp_path: Path) -> None:
    parent, child = layers(response, 8, 4, 4), layers(response, 8, 5, 4, 4)
    Slot(tmp_path, "1", bequeath=True).leave(parent)
    before = [tensor.clone() for tensor in child.state_dict().values()]
    Slot(tmp_path, "2", parent="1").inherit(child)
    old, new = list(parent.state_dict().values()), list(child.state_dict().values())
    assert all(torch.equal(old[place], new[place]) for place in (0, 1)), "the first layer is its parent's"
    assert all(torch.equal(before[place], new[place]) for place in (2, 3, 4)), "the second one fits nowhere"
    assert all(torch.equal(old[place - 2], new[place]) for place in (6, 7, 8, 9)), "from the third on, its parent's"


@pytest.mark.parametrize("folds", [1, 2])
def test_a_child_knows_what_its_parent_learnt(response: Problem, tmp_path: Path, folds: int) -> None:
    where = space(response)
    train = Train(response, where, seed=1, kept=tmp_path)

    def score(number: int, epochs: int, notes: dict[str, Any]) -> float:
        outcome = train(replace(proposal(where, number, epochs=epochs, folds=folds), notes=notes))
        assert outcome.score is not None
        return outcome.score

    parent = score(1, 12, {INHERITS: None})
    alone, heir = score(2, 1, {}), score(2, 1, {INHERITS: 1})
    assert alone < heir
    assert heir > parent - 0.1
    again = proposal(where, 3, epochs=1, folds=folds)
    train(replace(again, fidelity=replace(again.fidelity, replicate=1), notes={INHERITS: 1}))
    assert {path.name[0] for path in tmp_path.iterdir()} == {"1", "2"}, "a further try has no children"
    for path in tmp_path.glob("1*"):
        path.unlink()
    assert score(2, 1, {INHERITS: 1}) == alone, "lost weights cost their advantage and nothing else"
