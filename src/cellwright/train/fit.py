"""The training loop: one network, one problem, so many epochs."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor, nn

from cellwright.build import Members
from cellwright.data.dataset import Dataset
from cellwright.data.splits import inner_folds
from cellwright.metrics import Task, scores
from cellwright.problem import Problem
from cellwright.seeds import Use, rng_for, seed_for
from cellwright.space import Architecture
from cellwright.train.recipe import Recipe, pace, recipe_of, usual_batch
from cellwright.train.resident import Dedup, Resident, pick_device
from cellwright.trial import Fidelity

__all__ = ["Diverged", "Fitted", "cross_fit", "fit"]

_ROWS_AT_ONCE = 8192


class Diverged(ArithmeticError):
    """A loss or a prediction is not finite."""


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A trained network, of one member or of several, and how it came about.

    Attributes:
        resident: the data it can predict rows of.
        location: what its output is shifted by, in the target's unit; 0 for classes.
        scale: what its output is multiplied by before that; 1 for classes.
        history: validation score after each epoch, higher is better.
        epochs: of which the weights are, counted from 1; a fraction where time ran out.
        seconds: spent on training steps.
        scores: on the validation rows; of a network that has learnt from them in the end, before it did.
    """

    network: Members
    resident: Resident
    task: Task
    location: float
    scale: float
    history: tuple[float, ...] = ()
    epochs: float = 0.0
    seconds: float = 0.0
    scores: Mapping[str, float] = field(default_factory=dict)

    @torch.no_grad()
    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Return predictions in the target's unit (rows,), or class probabilities (rows, classes).

        Of a pair of drugs both orders are predicted, and their mean is the answer.

        Raises:
            Diverged: a prediction is not finite.
        """
        self.network.eval()
        parts = []
        for chunk in torch.split(torch.from_numpy(np.array(rows)).to(self.resident.device), _ROWS_AT_ONCE):
            orders = [None, torch.ones_like(chunk, dtype=torch.bool)] if self.resident.has_twins else [None]
            answers = [self._answer(self.network(self.resident.batch(chunk, swap))) for swap in orders]
            parts.append(torch.stack(answers).mean(dim=0))
        self.network.train()
        result: np.ndarray = torch.cat(parts).cpu().numpy()
        if not np.isfinite(result).all():
            raise Diverged("the network predicts numbers that are not finite")
        return result

    def _answer(self, output: Tensor) -> Tensor:
        """Return the mean of what members say of rows: (members, rows, units) -> (rows,), or probabilities."""
        if self.task is Task.REGRESSION:
            return output[..., 0].mean(dim=0) * self.scale + self.location
        return output.softmax(dim=-1).mean(dim=0)

    def measured(self, target: np.ndarray, rows: np.ndarray) -> dict[str, float]:
        """Return the scores on `rows`."""
        return dict(scores(self.task, np.asarray(target[rows]), self.predict(rows)))


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
    refit: bool = False,
) -> Fitted:
    """Train `architecture` on the training rows and score it on the validation rows.

    Args:
        seed: decides weights, dropout and the order of rows.
        subset_seed: decides which rows are used where the fidelity asks for a fraction; one for all trials of a run,
            so that their scores compare.
        refit: train again from the beginning, on training and validation rows, for as many epochs as were best.

    Raises:
        Diverged: a loss or a prediction is not finite.
    """
    recipe = recipe_of(architecture, recipe)
    dataset, split = problem.data()
    resident = Resident(
        dataset, problem.task, inputs=frozenset(architecture.inputs), device=pick_device(device), dedup=dedup
    )
    rows = _subset(split.train, fidelity.fraction, subset_seed)
    lesson = _Lesson(architecture, dataset, resident, problem.task, recipe, fidelity, seed)
    fitted = lesson.learn(rows, lambda one: one.measured(dataset.target, split.validation))
    if not refit:
        return fitted
    rows = _subset(np.sort(np.concatenate([split.train, split.validation])), fidelity.fraction, subset_seed)
    again = lesson.learn(rows, None, epochs=fitted.epochs)
    seconds = fitted.seconds + again.seconds
    return replace(fitted, network=again.network, location=again.location, scale=again.scale, seconds=seconds)


def cross_fit(
    architecture: Architecture,
    problem: Problem,
    fidelity: Fidelity,
    *,
    recipe: Recipe,
    seed: int,
    subset_seed: int = 0,
    device: str = "auto",
) -> tuple[dict[str, float], float]:
    """Score `architecture` by cross-validation over training and validation rows; return scores and seconds.

    Each part of the rows is predicted by a network that learnt from the others, and all predictions are scored at once.
    Arguments as of `fit`; `subset_seed` decides the parts.

    Raises:
        Diverged: a loss or a prediction is not finite.
    """
    recipe = recipe_of(architecture, recipe)
    dataset, split = problem.data()
    resident = Resident(dataset, problem.task, inputs=frozenset(architecture.inputs), device=pick_device(device))
    rows = np.sort(np.concatenate([split.train, split.validation]))
    classes = problem.task is Task.CLASSIFICATION
    parts = inner_folds(dataset, rows, problem.division.by, fidelity.folds, subset_seed, classes=classes)
    share = replace(fidelity, seconds=fidelity.seconds and fidelity.seconds / len(parts))
    answers, seconds = [], 0.0
    for number, (learnt, held) in enumerate(parts):
        of_part = seed_for(seed, Use.SUBSET, number)
        lesson = _Lesson(architecture, dataset, resident, problem.task, recipe, share, of_part)
        fitted = lesson.learn(_subset(learnt, fidelity.fraction, subset_seed), None)
        answers.append(fitted.predict(held))
        seconds += fitted.seconds
    target = dataset.target[np.concatenate([held for _, held in parts])]
    return dict(scores(problem.task, target, np.concatenate(answers))), seconds


@dataclass(frozen=True, slots=True, eq=False)
class _Lesson:
    """One network's training, on whichever rows."""

    architecture: Architecture
    dataset: Dataset
    resident: Resident
    task: Task
    recipe: Recipe
    fidelity: Fidelity
    seed: int

    def learn(
        self, rows: np.ndarray, measure: Callable[[Fitted], dict[str, float]] | None, epochs: float | None = None
    ) -> Fitted:
        """Train a new network on `rows`.

        Args:
            measure: scores on the validation rows, by which the best weights are chosen; None: keep the last.
            epochs: after which to stop, of those that the schedule is made for; None: when the fidelity says so.
        """
        task, recipe, resident = self.task, self.recipe, self.resident
        resident.acquaint(self.dataset, rows)
        labels = resident.target[torch.from_numpy(np.array(rows)).to(resident.device)]
        location, scale = _moments(labels) if task is Task.REGRESSION else (0.0, 1.0)
        torch.manual_seed(seed_for(self.seed, Use.WEIGHTS))
        network = Members(self.architecture).to(resident.device)
        fitted = Fitted(network, resident, task, location, scale)
        pass_ = _Pass(fitted, recipe, recipe.batch_size or usual_batch(len(rows)), self.fidelity.epochs, len(rows))
        shuffle = rng_for(self.seed, Use.ORDER)
        left = math.inf if epochs is None else epochs
        keep = recipe.patience is not None and measure is not None
        history: list[float] = []
        best: tuple[float, Mapping[str, float], Mapping[str, Tensor], float] = (-math.inf, {}, {}, 0.0)
        for _ in range(self.fidelity.epochs):
            order = torch.from_numpy(shuffle.permutation(rows)).to(resident.device)
            pass_.over(order[: max(1, round(min(1.0, left) * len(order)))], self.fidelity.seconds)
            left -= 1
            measured = measure(fitted) if measure else {}
            history.append(_goodness(task, measured) if measured else 0.0)
            if not keep or history[-1] > best[0]:
                best = (history[-1], measured, _copied(network) if keep else {}, pass_.epochs)
            late = pass_.seconds >= (self.fidelity.seconds or math.inf)
            if left <= 0 or late or (keep and _stale(history, recipe)):
                break
        if best[2]:
            network.load_state_dict(best[2])
        return replace(fitted, history=tuple(history), epochs=best[3], seconds=pass_.seconds, scores=best[1])


class _Pass:
    """Passes over rows, with one optimizer and one schedule.

    Attributes:
        seconds: spent on them.
    """

    def __init__(self, fitted: Fitted, recipe: Recipe, batch_size: int, epochs: int, rows: int) -> None:
        self.seconds = 0.0
        self._seen = 0
        self._fitted = fitted
        self._recipe = recipe
        self._batch_size = batch_size
        self._optimizer = recipe.optimizer_of(fitted.network)
        self._steps = epochs * -(-rows // batch_size)
        self._rows = rows
        self._step = 0
        target, regression = fitted.resident.target, fitted.task is Task.REGRESSION
        self._target = (target - fitted.location) / fitted.scale if regression else target
        self._loss = _mean_square if regression else _cross_entropy

    @property
    def epochs(self) -> float:
        """Passes made, a fraction where time ran out."""
        return self._seen / self._rows

    def over(self, order: Tensor, limit: float | None) -> None:
        """Pass over rows once, or until `limit` seconds of training are spent in all.

        Raises:
            Diverged: the loss is not finite.
        """
        network, resident = self._fitted.network, self._fitted.resident
        network.train()
        started, before, deadline = time.perf_counter(), self.seconds, math.inf if limit is None else limit
        total = torch.zeros((), device=resident.device)
        for rows in torch.split(order, self._batch_size):
            if len(rows) == 1 and len(order) > 1:
                break  # batch normalisation has no variance of one row
            self._set_pace()
            self._optimizer.zero_grad(set_to_none=True)
            # in training either drug of a pair may come first, so that order comes to mean nothing
            swap = torch.rand(len(rows), device=rows.device) < 0.5 if resident.has_twins else None
            value = self._loss(network(resident.batch(rows, swap)), self._target.index_select(0, rows))
            value.backward()  # type: ignore[no-untyped-call]  # torch leaves backward untyped
            self._optimizer.step()
            total += value.detach()
            self._seen += len(rows)
            self.seconds = before + time.perf_counter() - started
            if self.seconds >= deadline:
                break
        if not math.isfinite(total.item()):
            raise Diverged("the training loss is not finite")
        self.seconds = before + time.perf_counter() - started

    def _set_pace(self) -> None:
        if self._recipe.schedule != "constant":
            rate = self._recipe.learning_rate * pace(self._recipe.schedule, self._step, self._steps)
            for group in self._optimizer.param_groups:
                group["lr"] = rate
        self._step += 1


def _goodness(task: Task, measured: dict[str, float]) -> float:
    """Return what early stopping goes by, higher being better."""
    return measured["r2"] if task is Task.REGRESSION else -measured["log_loss"]


def _stale(history: list[float], recipe: Recipe) -> bool:
    """Return whether patience is at its end; a schedule that is going down deserves to be waited for."""
    if recipe.patience is None or recipe.schedule != "constant":
        return False
    return len(history) - 1 - int(np.argmax(history)) >= recipe.patience


def _subset(rows: np.ndarray, fraction: float, seed: int) -> np.ndarray:
    count = max(2, round(fraction * len(rows)))
    return np.asarray(
        rows if count >= len(rows) else np.sort(rng_for(seed, Use.SUBSET).choice(rows, count, replace=False))
    )


def _moments(target: Tensor) -> tuple[float, float]:
    """Return mean and standard deviation: networks learn the standardised target."""
    values = target.double()
    return float(values.mean()), float(values.std(correction=0)) or 1.0


def _mean_square(output: Tensor, target: Tensor) -> Tensor:
    """Return the sum of the members' losses: each learns as if it were alone."""
    return nn.functional.mse_loss(output[..., 0], target.expand(output.shape[:2])) * len(output)


def _cross_entropy(output: Tensor, target: Tensor) -> Tensor:
    """As `_mean_square`, of classes."""
    return nn.functional.cross_entropy(output.flatten(0, 1), target.repeat(len(output))) * len(output)


def _copied(network: Members) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}
