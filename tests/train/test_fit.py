import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from cellwright.build import Members
from cellwright.data.dataset import Dataset, Table
from cellwright.data.folder import load_raw
from cellwright.data.splits import Division
from cellwright.errors import SpaceError, UsageError
from cellwright.metrics import Task, scores
from cellwright.problem import Problem, prepare
from cellwright.problems import tumor as tumor_module
from cellwright.space import Architecture, BatchNorm, Dense, Dropout, Sketch
from cellwright.space.architecture import MEMBERS
from cellwright.space.by_hand import by_hand
from cellwright.train import fitted as fitted_module
from cellwright.train.fit import Diverged, Fitted, fit
from cellwright.train.recipe import OPTIMIZERS, Recipe, recipe_of, usual_batch
from cellwright.trial import Fidelity

from .conftest import Batches, learnt

CPU = torch.device("cpu")


def network(problem: Problem, *, width: int = 16, dropout: float = 0.0, settings: Any = ()) -> Architecture:
    """Return towers of one layer on what has a key, and one layer behind them."""
    sketch = Sketch()
    towers = []
    for name, shape in problem.inputs:
        tower = sketch.input(name, shape)
        towers.append(tower if name == "dose" else sketch.node(f"{name}.1", tower, Dense(width, "tanh")))
    trunk = sketch.node("trunk", sketch.concatenate("cell", *towers), Dense(width, "relu"))
    space = sketch.space("s", sketch.node("drop", trunk, Dropout(dropout)), units=problem.outputs)
    return replace(space.architecture(space.point(())), settings=settings)


def trained(problem: Problem, architecture: Architecture | None = None, **options: Any) -> Fitted:
    given = {"epochs": 2, "fraction": 1.0, "seconds": None, "seed": 0, "subset_seed": 0, "dedup": "auto", **options}
    fidelity = Fidelity(given.pop("epochs"), given.pop("fraction"), given.pop("seconds"))
    fixed = {name: given.pop(name) for name in ("seed", "subset_seed", "dedup")}
    return fit(architecture or network(problem), problem, fidelity, recipe=Recipe(**given), device="cpu", **fixed)


def weights(fitted: Fitted) -> list[bytes]:
    return [tensor.numpy().tobytes() for tensor in fitted.network.state_dict().values()]


def test_equal_seeds_give_equal_bits_and_others_do_not(response: Problem) -> None:
    architecture = network(response, dropout=0.2)
    first, again, other = (trained(response, architecture, seed=seed) for seed in (5, 5, 6))
    assert weights(first) == weights(again)
    assert (first.scores, first.history, first.epochs) == (again.scores, again.history, 2.0)
    assert weights(first) != weights(other)
    assert first.scores != other.scores


def test_the_state_of_global_generators_does_not_matter(response: Problem) -> None:
    architecture = network(response, dropout=0.2)
    torch.manual_seed(1)
    first = trained(response, architecture)
    torch.manual_seed(2)
    assert weights(first) == weights(trained(response, architecture))


def test_shared_towers_learn_what_expanded_rows_do(response: Problem) -> None:
    shared, expanded = (trained(response, dedup=dedup, epochs=3) for dedup in ("auto", "never"))
    assert shared.history == pytest.approx(expanded.history, abs=1e-3)


@pytest.mark.parametrize("dropout", [0.0, 0.1])
def test_a_linear_response_is_learnt(response: Problem, dropout: float) -> None:
    assert trained(response, network(response, dropout=dropout), epochs=30, learning_rate=3e-3).scores["r2"] > 0.95


def test_tumours_are_told_apart(tumor: Problem) -> None:
    fitted = trained(tumor, epochs=20)
    assert fitted.scores["accuracy"] > 0.9
    assert fitted.history[-1] == -fitted.scores["log_loss"]


def test_predictions_are_in_the_unit_of_the_target(response: Problem) -> None:
    fitted = trained(response, epochs=20, learning_rate=3e-3)
    dataset, split = response.data()
    predicted = fitted.predict(split.validation)
    assert predicted.shape == split.validation.shape
    assert fitted.location == pytest.approx(dataset.target[split.train].mean(), rel=1e-6)
    assert fitted.scores == scores(response.task, dataset.target[split.validation], predicted)


def test_long_predictions_are_made_in_pieces(response: Problem, monkeypatch: pytest.MonkeyPatch) -> None:
    fitted = trained(response, epochs=1)
    train = response.data()[1].train
    whole = fitted.predict(train)
    monkeypatch.setattr(fitted_module, "_MOST_ROWS", 100)
    np.testing.assert_allclose(fitted.predict(train), whole, 1e-4)
    monkeypatch.setattr(fitted_module, "_MOST_NUMBERS", 1)  # less than one row's
    few = train[:20]
    np.testing.assert_allclose(fitted.predict(few), whole[:20], 1e-4)


def test_validation_and_test_rows_teach_nothing(response: Problem, tmp_path: Path) -> None:
    dataset, split = response.data()
    target = np.array(dataset.target)
    target[split.validation] = -(target[split.validation] ** 3)
    target[split.test] = np.arange(len(split.test))
    garbled = prepare(
        tmp_path / "garbled",
        name="garbled",
        dataset=replace(load_raw(response.folder), target=target),
        division=response.division,
        task=response.task,
        metric="r2",
        target="response",
        manual=None,
    )
    first, other = (trained(problem, patience=None) for problem in (response, garbled))
    assert weights(first) == weights(other)
    assert (first.location, first.scale) == (other.location, other.scale)
    assert first.scores != other.scores


@pytest.mark.parametrize("fraction", [0.1, 0.5, 1.0])
def test_a_fraction_of_the_rows_is_used(response: Problem, fraction: float, batches: Batches) -> None:
    trained(response, epochs=1, fraction=fraction, subset_seed=4, seed=1)
    order = learnt(batches)
    used = set(order)
    assert used <= set(response.data()[1].train.tolist())
    assert len(order) == len(used) == round(fraction * 1600)
    batches.clear()
    trained(response, epochs=1, fraction=fraction, subset_seed=4, seed=2)
    again = learnt(batches)
    assert set(again) == used
    assert again != order
    batches.clear()
    trained(response, epochs=1, fraction=fraction, subset_seed=5, seed=1)
    assert (set(learnt(batches)) == used) == (fraction == 1)


def test_training_stops_when_its_seconds_are_over(response: Problem) -> None:
    fitted = trained(response, epochs=100_000, seconds=0.2)
    assert 0.2 <= fitted.seconds < 2
    assert 0 < fitted.epochs < 100_000
    short = trained(response, epochs=100_000, seconds=1e-9, batch_size=32)
    assert short.epochs == 32 / 1600
    assert short.scores["r2"] < fitted.scores["r2"]


def test_patience_returns_to_the_best_epoch(tumor: Problem) -> None:
    options = {"learning_rate": 0.01, "batch_size": 32, "seed": 1}
    patient = trained(tumor, network(tumor, width=64), epochs=100, patience=3, **options)
    best = int(np.argmax(patient.history))
    assert patient.epochs == best + 1
    assert len(patient.history) == best + 1 + 3 < 100
    assert patient.history[best] == -patient.scores["log_loss"]
    stopped = trained(tumor, network(tumor, width=64), epochs=best + 1, **options)
    assert weights(stopped) == weights(patient)
    assert stopped.scores == patient.scores


def test_without_patience_the_last_weights_are_kept(tumor: Problem) -> None:
    fitted = trained(tumor, network(tumor, width=64), epochs=25, learning_rate=0.01, seed=1, patience=None)
    assert len(fitted.history) == fitted.epochs == 25
    assert fitted.history[-1] == -fitted.scores["log_loss"] < max(fitted.history)


def test_divergence_is_told(response: Problem) -> None:
    with pytest.raises(Diverged, match="the training loss is not finite"):
        trained(response, optimizer="sgd", learning_rate=1e20)
    with pytest.raises(Diverged, match="predicts numbers that are not finite"):
        trained(response, optimizer="sgd", learning_rate=1e38, batch_size=4096, epochs=1)


def test_training_that_diverges_late_is_worth_its_best_epoch(response: Problem) -> None:
    # a rate that grows for five epochs, in the end beyond what training can bear
    options: dict[str, Any] = {
        "optimizer": "sgd",
        "learning_rate": 1.0,
        "schedule": "cosine",
        "clip": None,
        "batch_size": 32,
    }
    fitted = trained(response, epochs=100, **options)
    assert len(fitted.history) < 100
    assert fitted.scores["r2"] == max(fitted.history) > 0.9
    assert fitted.epochs == np.argmax(fitted.history) + 1
    with pytest.raises(Diverged):
        trained(response, epochs=100, patience=None, **options)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("decay", [0.0, 0.01])
def test_every_optimizer_learns(response: Problem, optimizer: str, decay: float) -> None:
    rate = {"sgd": 0.02, "adagrad": 0.05}.get(optimizer, 5e-3)
    fitted = trained(response, optimizer=optimizer, learning_rate=rate, weight_decay=decay, epochs=4)
    assert fitted.scores["r2"] > 0.5


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("learning_rate", 0.01),
        ("batch_size", 200),
        ("optimizer", "sgd"),
        ("weight_decay", 0.1),
        ("schedule", "cosine"),
        ("clip", 1e-3),
        ("average", 1.0),
    ],
)
def test_a_setting_of_the_space_goes_before_the_recipe(response: Problem, name: str, value: Any) -> None:
    decided = trained(response, network(response, settings=((name, value),)), epochs=1, patience=None)
    assert weights(decided) == weights(trained(response, epochs=1, patience=None, **{name: value}))
    assert weights(decided) != weights(trained(response, epochs=1, patience=None))
    assert recipe_of(network(response, settings=((name, value),)), Recipe(patience=2)) == replace(
        Recipe(patience=2), **{name: value}
    )


def test_a_row_repeated_in_its_batch_meets_other_masks_and_nothing_else(response: Problem) -> None:
    """Without masks the mean over equal rows is that of the rows, so the weights agree; with masks they do not."""

    def apart(dropout: float) -> float:
        once, thrice = (
            trained(response, network(response, dropout=dropout), epochs=1, repeats=repeats).network.state_dict()
            for repeats in (1, 3)
        )
        return max(float((once[name] - thrice[name]).abs().max()) for name in once)

    assert apart(0.0) < 1e-4
    assert apart(0.5) > 1e-3


def test_each_member_is_clipped_by_itself(response: Problem) -> None:
    """With plain gradient descent at a rate of 1 no member moves further than the norm allows, whatever others do."""

    def steps(clip: float | None) -> list[float]:
        of = network(response, settings=((MEMBERS, 2),))
        given = {"optimizer": "sgd", "learning_rate": 1.0, "batch_size": 10**6, "epochs": 1}
        still, moved = (trained(response, of, **{**given, **more}) for more in ({"clip": 1e-9}, {"clip": clip}))
        pairs = zip(still.network.networks, moved.network.networks, strict=True)
        return [
            float(
                torch.cat(
                    [(a - b).detach().flatten() for a, b in zip(one.parameters(), two.parameters(), strict=True)]
                ).norm()
            )
            for one, two in pairs
        ]

    assert steps(0.01) == pytest.approx([0.01, 0.01], rel=1e-2)
    assert min(steps(None)) > 0.1


def test_an_unknown_setting_is_answered_with_the_known_ones(response: Problem) -> None:
    with pytest.raises(UsageError, match="no setting 'momentum'; a space may decide optimizer, learning_rate"):
        trained(response, network(response, settings=(("momentum", 0.5),)))


@pytest.mark.parametrize(
    "wrong",
    [
        {"learning_rate": 0.0},
        {"learning_rate": math.nan},
        {"batch_size": 1},
        {"weight_decay": -1.0},
        {"patience": 0},
        {"repeats": 0},
        {"clip": 0.0},
        {"average": -1.0},
        {"average": math.inf},
    ],
)
def test_a_recipe_out_of_range_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=r"a recipe needs .*got Recipe"):
        Recipe(**wrong)


def test_an_unknown_optimizer_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="no optimizer 'lion'; known: adam, adamw"):
        Recipe("lion")


@pytest.mark.parametrize(
    ("rows", "batch"), [(1, 32), (1000, 32), (6_000, 32), (7_200, 64), (40_000, 256), (154_000, 1024), (10**7, 1024)]
)
def test_the_usual_batch_makes_about_150_steps(rows: int, batch: int) -> None:
    assert usual_batch(rows) == batch


def test_batch_normalisation_trains_with_a_row_left_over(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(41, 2)).astype(np.float32)
    dataset = Dataset({"measurements": Table(features)}, {}, features.sum(axis=1))
    problem = prepare(
        tmp_path / "left",
        name="left",
        dataset=dataset,
        division=Division(),
        task=Task.REGRESSION,
        metric="r2",
        target="sum",
        manual=tumor_module.manual,
    )
    assert len(problem.data()[1].train) == 33
    sketch = Sketch()
    space = sketch.space("s", sketch.node("normal", sketch.input("measurements", 2), BatchNorm()))
    fitted = trained(problem, space.architecture(space.point(())), batch_size=32, epochs=1)
    assert fitted.epochs == 1.0


def test_the_hand_made_uno_trains_on_any_inputs(response: Problem) -> None:
    small = by_hand({name: shape for name, shape in response.inputs if name != "dose"})
    assert set(small.inputs) == {"expression", "descriptors"}
    assert trained(response, small, epochs=1, fraction=0.1).epochs == 1


def test_members_are_networks_of_their_own_and_give_their_mean(response: Problem) -> None:
    alone = network(response)
    three = replace(alone, settings=(("members", 3),))
    assert three.parameters == 3 * alone.parameters
    assert three.flops == 3 * alone.flops
    assert three.key != alone.key
    fitted = trained(response, three)
    assert sum(weight.numel() for weight in fitted.network.parameters()) == three.parameters
    rows = np.arange(20)
    answers = []
    for member in fitted.network.networks:
        one = Members(alone)
        one.networks[0].load_state_dict(member.state_dict())
        answers.append(replace(fitted, network=one).predict(rows))
    assert np.abs(answers[0] - answers[1]).max() > 1e-3
    np.testing.assert_allclose(fitted.predict(rows), np.mean(answers, axis=0), rtol=1e-4, atol=1e-5)


def test_a_member_learns_as_if_it_were_alone(response: Problem) -> None:
    """The second member's weights are drawn after the first one's, so the first is the network of one member."""
    alone = network(response, dropout=0.0)
    two = replace(alone, settings=(("members", 2),))
    one, both = trained(response, alone), trained(response, two)
    for ours, theirs in zip(both.network.networks[0].parameters(), one.network.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


def test_members_of_classes_average_their_probabilities(tumor: Problem) -> None:
    fitted = trained(tumor, replace(network(tumor), settings=(("members", 2),)))
    found = fitted.predict(np.arange(10))
    assert found.shape == (10, 2)
    np.testing.assert_allclose(found.sum(axis=1), 1.0, rtol=1e-5)


@pytest.mark.parametrize("members", [0, -1, 1.5, True, "two"])
def test_members_are_counted(response: Problem, members: Any) -> None:
    with pytest.raises(SpaceError, match="whole number of networks from 1"):
        _ = replace(network(response), settings=(("members", members),)).parameters
