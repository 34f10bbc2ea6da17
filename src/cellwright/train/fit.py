"""The training loop: one network, one problem, so many epochs."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from cellwright.build import Network
from cellwright.errors import UsageError
from cellwright.metrics import Task, scores
from cellwright.problem import Problem
from cellwright.seeds import Use, rng_for, seed_for
from cellwright.space import Architecture
from cellwright.train.resident import Dedup, Resident, pick_device
from cellwright.trial import Fidelity

__all__ = ["OPTIMIZERS", "SETTINGS", "Diverged", "Fitted", "Recipe", "fit", "predict", "recipe_of", "usual_batch"]

#: name -> class in torch.optim
OPTIMIZERS = {
    "adam": "Adam",
    "adamw": "AdamW",
    "nadam": "NAdam",
    "adamax": "Adamax",
    "rmsprop": "RMSprop",
    "adagrad": "Adagrad",
    "sgd": "SGD",
}
#: what a space may decide about training
SETTINGS = ("optimizer", "learning_rate", "batch_size", "weight_decay")
_FUSED = ("adam", "adamw", "adagrad", "sgd")
_ROWS_AT_ONCE = 8192


class Diverged(ArithmeticError):
    """A loss or a prediction is not finite."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How weights are found.

    Attributes:
        batch_size: rows a step; None: `usual_batch` of the rows trained on.
        patience: epochs without a better validation score (r2; log loss for classes, of which accuracy is too coarse)
            after which training stops and the best weights return; None: train to the end and keep the last weights.
    """

    optimizer: str = "adam"
    learning_rate: float = 1e-3
    batch_size: int | None = None
    weight_decay: float = 0.0
    patience: int | None = None

    def __post_init__(self) -> None:
        if self.optimizer not in OPTIMIZERS:
            raise UsageError(f"there is no optimizer {self.optimizer!r}; known: {', '.join(OPTIMIZERS)}")
        small = self.batch_size is not None and self.batch_size < 2
        hasty = self.patience is not None and self.patience < 1
        if not self.learning_rate > 0 or small or self.weight_decay < 0 or hasty:
            raise UsageError(
                f"a recipe needs learning_rate > 0, batch_size >= 2, weight_decay >= 0 and patience >= 1; got {self!r}"
            )


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A trained network and how it came about.

    Attributes:
        history: validation score after each epoch, higher is better.
        epochs: of which the weights are, counted from 1; a fraction where time ran out.
        seconds: spent on training steps.
        scores: on the validation rows.
    """

    network: Network
    history: tuple[float, ...]
    epochs: float
    seconds: float
    scores: dict[str, float]
    location: float
    scale: float


def usual_batch(rows: int) -> int:
    """Return the power of two within 32 and 1,024 that makes about 150 steps of an epoch.

    Few rows need small batches to get anywhere in an epoch; with many, towers that run once for each distinct entity
    make large batches cheap (docs/method/training.md has the measurement).
    """
    return int(2 ** min(10, max(5, round(math.log2(max(1, rows) / 150)))))


def recipe_of(architecture: Architecture, recipe: Recipe) -> Recipe:
    """Return `recipe` with the settings that the architecture brings.

    Raises:
        UsageError: a setting is no field of a recipe.
    """
    settings: dict[str, Any] = dict(architecture.settings)
    unknown = sorted(set(settings) - set(SETTINGS))
    if unknown:
        raise UsageError(f"training has no setting {unknown[0]!r}; a space may decide {', '.join(SETTINGS)}")
    return replace(recipe, **settings)


def fit(
    architecture: Architecture,
    problem: Problem,
    fidelity: Fidelity,
    *,
    recipe: Recipe,
    seed: int,
    subset_seed: int = 0,
    device: str = "auto",
    dedup: Dedup = "auto",
) -> Fitted:
    """Train `architecture` on the training rows and score it on the validation rows.

    Args:
        seed: decides weights, dropout and the order of rows.
        subset_seed: decides which rows are used where the fidelity asks for a fraction; one for all trials of a run,
            so that their scores compare.

    Raises:
        Diverged: a loss or a prediction is not finite.
    """
    recipe = recipe_of(architecture, recipe)
    dataset, split = problem.data()
    resident = Resident(
        dataset, problem.task, inputs=frozenset(architecture.inputs), device=pick_device(device), dedup=dedup
    )
    rows = _subset(split.train, fidelity.fraction, subset_seed)
    location, scale = _moments(dataset.target[rows]) if problem.task is Task.REGRESSION else (0.0, 1.0)
    torch.manual_seed(seed_for(seed, Use.WEIGHTS))
    network = Network(architecture).to(resident.device)
    loss = _loss(problem.task, location, scale)
    optimizer = _optimizer(network, recipe)
    shuffle = rng_for(seed, Use.ORDER)
    deadline = math.inf if fidelity.seconds is None else fidelity.seconds
    history: list[float] = []
    best: tuple[float, dict[str, float], dict[str, Tensor], float] | None = None
    seconds, done = 0.0, 0.0
    batch_size = recipe.batch_size or usual_batch(len(rows))
    for _ in range(fidelity.epochs):
        order = torch.from_numpy(shuffle.permutation(rows)).to(resident.device)
        spent, share = _epoch(network, resident, order, batch_size, loss, optimizer, deadline - seconds)
        seconds, done = seconds + spent, done + share
        measured = validate(network, resident, problem, split.validation, location, scale)
        history.append(measured["r2"] if problem.task is Task.REGRESSION else -measured["log_loss"])
        if best is None or recipe.patience is None or history[-1] > best[0]:
            weights = {} if recipe.patience is None else _copied(network)
            best = (history[-1], measured, weights, done)
        stale = len(history) - 1 - int(np.argmax(history))
        if seconds >= deadline or (recipe.patience is not None and stale >= recipe.patience):
            break
    assert best is not None
    if best[2]:
        network.load_state_dict(best[2])
    return Fitted(network, tuple(history), best[3], seconds, best[1], location, scale)


def validate(
    network: Network, resident: Resident, problem: Problem, rows: np.ndarray, location: float, scale: float
) -> dict[str, float]:
    """Return the scores on `rows`."""
    prediction = predict(network, resident, rows, problem.task, location, scale)
    target = resident.target[torch.from_numpy(np.array(rows)).to(resident.device)].cpu().numpy()
    return dict(scores(problem.task, target, prediction))


@torch.no_grad()
def predict(
    network: Network, resident: Resident, rows: np.ndarray, task: Task, location: float, scale: float
) -> np.ndarray:
    """Return predictions in the target's unit (rows,), or class probabilities (rows, classes).

    Raises:
        Diverged: a prediction is not finite.
    """
    network.eval()
    parts = []
    for chunk in torch.split(torch.from_numpy(np.array(rows)).to(resident.device), _ROWS_AT_ONCE):
        output = network(resident.batch(chunk))  # (rows, units)
        parts.append(output[:, 0] * scale + location if task is Task.REGRESSION else output.softmax(dim=1))
    network.train()
    result: np.ndarray = torch.cat(parts).cpu().numpy()
    if not np.isfinite(result).all():
        raise Diverged("the network predicts numbers that are not finite")
    return result


def _epoch(
    network: Network,
    resident: Resident,
    order: Tensor,
    batch_size: int,
    loss: Callable[[Tensor, Tensor], Tensor],
    optimizer: torch.optim.Optimizer,
    seconds: float,
) -> tuple[float, float]:
    """Pass over the rows once, or until the time is up; return seconds spent and the share of rows seen."""
    started = time.perf_counter()
    network.train()
    total = torch.zeros((), device=resident.device)
    seen = 0
    for rows in torch.split(order, batch_size):
        if len(rows) == 1 and len(order) > 1:
            break  # batch normalisation has no variance of one row
        optimizer.zero_grad(set_to_none=True)
        value = loss(network(resident.batch(rows)), resident.target[rows])
        value.backward()  # type: ignore[no-untyped-call]  # torch leaves backward untyped
        optimizer.step()
        total += value.detach()
        seen += len(rows)
        if time.perf_counter() - started >= seconds:
            break
    if not math.isfinite(total.item()):
        raise Diverged("the training loss is not finite")
    return time.perf_counter() - started, seen / len(order)


def _subset(rows: np.ndarray, fraction: float, seed: int) -> np.ndarray:
    count = max(2, round(fraction * len(rows)))
    return np.asarray(
        rows if count >= len(rows) else np.sort(rng_for(seed, Use.SUBSET).choice(rows, count, replace=False))
    )


def _moments(target: np.ndarray) -> tuple[float, float]:
    """Return mean and standard deviation: networks learn the standardised target."""
    return float(target.mean()), float(target.std()) or 1.0


def _loss(task: Task, location: float, scale: float) -> Callable[[Tensor, Tensor], Tensor]:
    if task is Task.CLASSIFICATION:
        return nn.functional.cross_entropy
    return lambda output, target: nn.functional.mse_loss(output[:, 0], (target - location) / scale)


def _optimizer(network: Network, recipe: Recipe) -> torch.optim.Optimizer:
    kind = getattr(torch.optim, OPTIMIZERS[recipe.optimizer])
    options: dict[str, Any] = {"lr": recipe.learning_rate, "weight_decay": recipe.weight_decay}
    if recipe.optimizer in _FUSED:
        options["fused"] = True
    if recipe.optimizer == "sgd":
        options["momentum"] = 0.9
    optimizer: torch.optim.Optimizer = kind(network.parameters(), **options)
    return optimizer


def _copied(network: Network) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}
