"""The training loop: one network, so many passes over rows, which can be left off and taken up again."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from cellwright.build import Members
from cellwright.data.dataset import Dataset
from cellwright.metrics import Task
from cellwright.seeds import Use, rng_for, seed_for
from cellwright.space import Architecture
from cellwright.train.average import Average
from cellwright.train.fitted import Diverged, Fitted
from cellwright.train.kept import Slot
from cellwright.train.recipe import Recipe, pace, usual_batch
from cellwright.train.resident import Resident
from cellwright.trial import Fidelity

__all__ = ["Lesson", "Measure"]

#: scores of a network on the rows by which the best weights are chosen
Measure = Callable[[Fitted], dict[str, float]]


class _Best(NamedTuple):
    """The best weights so far, empty where the last ones count, and when they were reached."""

    score: float = -math.inf
    measured: Mapping[str, float] = {}  # never written to
    weights: Mapping[str, Tensor] = {}
    epochs: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """One network's training, on whichever rows."""

    architecture: Architecture
    dataset: Dataset
    resident: Resident
    task: Task
    recipe: Recipe
    fidelity: Fidelity
    seed: int

    def learn(
        self,
        rows: np.ndarray,
        measure: Measure | None,
        *,
        watch: Measure | None = None,
        stop: float | None = None,
        slot: Slot | None = None,
    ) -> Fitted:
        """Train a network on `rows`: a new one, or one that was left off.

        Args:
            measure: None: keep the last weights.
            watch: where there is no `measure`, what the learning curve is made of; it decides nothing.
            stop: passes after which to leave off, of those that the schedule is made for; None: as the fidelity says.
            slot: where a network that is left off is kept, and looked for, and weights are inherited; None: nowhere.
        """
        task, recipe, resident = self.task, self.recipe, self.resident
        resident.acquaint(self.dataset, rows)
        labels = resident.target[torch.from_numpy(np.array(rows)).to(resident.device)]
        location, scale = _moments(labels) if task is Task.REGRESSION else (0.0, 1.0)
        torch.manual_seed(seed_for(self.seed, Use.WEIGHTS))
        network = Members(self.architecture).to(resident.device)
        fitted = Fitted(network, resident, task, location, scale)
        pass_ = _Pass(fitted, recipe, recipe.batch_size or usual_batch(len(rows)), self.fidelity.epochs, len(rows))
        fitted = replace(fitted, network=pass_.judged)
        history: list[float] = []
        curve: list[tuple[float, Mapping[str, float]]] = []
        best = _Best()
        left_off = slot.load(resident.device) if slot else None
        identity = f"{self.architecture.key} {self.seed}"
        if left_off is not None and left_off.get("identity") == identity:
            pass_.take_up(left_off)
            history, best = list(left_off["history"]), _Best(*left_off["best"])
        elif slot:
            slot.inherit(network)
        keep = recipe.patience is not None and measure is not None
        last_epoch, last_row = pass_.place_of(self.fidelity.stop if stop is None else stop)
        whole = history, best  # as of the last whole pass
        late = False
        for epoch in range(pass_.epoch, last_epoch + 1):
            if late or (keep and _stale(history, recipe)):
                break
            order = rng_for(self.seed, Use.ORDER, epoch).permutation(rows)
            end = last_row if epoch == last_epoch else len(order)
            try:
                late = pass_.over(order, end, self.fidelity.seconds)
                measured = measure(fitted) if measure else {}
            except Diverged:
                if best.weights:
                    break  # the best epoch came before
                raise
            scored = measured or _watched(watch, fitted)
            if scored:
                curve.append((pass_.epochs, scored))
            history = [*history, _goodness(task, measured) if measured else 0.0]
            if not keep or history[-1] > best.score:
                best = _Best(history[-1], measured, _copied(pass_.judged) if keep else {}, pass_.epochs)
            if pass_.epoch > epoch:
                whole = history, best
        if slot and self.fidelity.stop is not None:
            slot.save({**pass_.state(), "identity": identity, "history": whole[0], "best": tuple(whole[1])})
        elif slot:
            slot.clear()
        if best.weights:
            pass_.judged.load_state_dict(best.weights)
        if slot:
            slot.leave(pass_.judged)
        return replace(
            fitted,
            history=tuple(history),
            curve=tuple(curve),
            epochs=best.epochs,
            seconds=pass_.seconds,
            scores=best.measured,
        )


class _Pass:
    """Passes over rows, with one optimizer and one schedule.

    Attributes:
        epoch: the pass under way or next, counted from 0.
        seconds: spent here; not what was spent before training was left off.
    """

    def __init__(self, fitted: Fitted, recipe: Recipe, batch_size: int, epochs: int, rows: int) -> None:
        self.epoch = 0
        self.seconds = 0.0
        self._row = 0  # of this pass
        self._step = 0
        self._fitted = fitted
        self._recipe = recipe
        self._batch_size = batch_size
        self._optimizer = recipe.optimizer_of(fitted.network)
        self._average = None if recipe.average is None else Average(fitted.network, recipe.average)
        self._weights = [list(member.parameters()) for member in fitted.network.networks]  # of each member
        self._epochs = epochs
        self._steps = epochs * max(1, -(-rows // batch_size) - (rows % batch_size == 1))  # one row is left out
        self._rows = rows
        target, regression = fitted.resident.target, fitted.task is Task.REGRESSION
        self._target = (target - fitted.location) / fitted.scale if regression else target
        self._loss = _mean_square if regression else _cross_entropy

    @property
    def judged(self) -> Members:
        """The network whose weights count: the average, if there is one."""
        return self._average.network if self._average else self._fitted.network

    @property
    def epochs(self) -> float:
        """Passes made, a fraction where training was left off, or time ran out."""
        return self.epoch + self._row / self._rows

    def place_of(self, passes: float | None) -> tuple[int, int]:
        """Return the pass, and its row after a whole batch, at which so many passes are made; None: all."""
        passes = self._epochs if passes is None else passes
        epoch = max(0, math.ceil(passes) - 1)
        if passes >= epoch + 1:
            return epoch, self._rows
        batches = max(1, round((passes - epoch) * self._rows / self._batch_size))
        return epoch, min(self._rows, batches * self._batch_size)

    def over(self, order: np.ndarray, end: int, limit: float | None) -> bool:
        """Go on with a pass up to a row of its order, or until `limit` seconds are spent; return whether they are.

        Where that row is reached already, nothing is done.

        Raises:
            Diverged: the loss is not finite.
        """
        network, resident = self._fitted.network, self._fitted.resident
        network.train()
        started, before, deadline = time.perf_counter(), self.seconds, math.inf if limit is None else limit
        total = torch.zeros((), device=resident.device)
        places = torch.from_numpy(order[self._row : end]).to(resident.device)
        for rows in torch.split(places, self._batch_size) if len(places) else ():
            if len(rows) == 1 < self._rows:
                self._row += 1
                break  # batch normalisation has no variance of one row
            self._row += len(rows)
            self._set_pace()
            self._optimizer.zero_grad(set_to_none=True)
            repeats = self._recipe.repeats  # the same rows, under other masks
            # in training either drug of a pair may come first, so that order comes to mean nothing
            swap = torch.rand(len(rows) * repeats, device=rows.device) < 0.5 if resident.has_twins else None
            answers = network(resident.batch(rows, swap, repeats))
            value = self._loss(answers, self._target.index_select(0, rows).repeat(repeats))
            value.backward()  # type: ignore[no-untyped-call]  # torch leaves backward untyped
            if self._recipe.clip is not None:
                for weights in self._weights:
                    nn.utils.clip_grad_norm_(weights, self._recipe.clip)
            self._optimizer.step()
            self._step += 1
            if self._average:
                self._average.take(self._step)
            total += value.detach()
            self.seconds = before + time.perf_counter() - started
            if self.seconds >= deadline:
                break
        if not math.isfinite(total.item()):
            raise Diverged("the training loss is not finite")
        self.seconds = before + time.perf_counter() - started
        if self._row >= self._rows:
            self.epoch, self._row = self.epoch + 1, 0
        return self.seconds >= deadline

    def state(self) -> dict[str, Any]:
        """Return all that going on depends on."""
        device = self._fitted.resident.device
        return {
            "network": self._fitted.network.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "average": self._average and self._average.state(),
            "place": (self.epoch, self._row, self._step),
            "chance": torch.cuda.get_rng_state(device) if device.type == "cuda" else torch.get_rng_state(),
        }

    def take_up(self, state: Mapping[str, Any]) -> None:
        """Go on where `state` was."""
        device = self._fitted.resident.device
        self._fitted.network.load_state_dict(state["network"])
        self._optimizer.load_state_dict(state["optimizer"])
        if self._average:
            self._average.take_up(state["average"])
        self.epoch, self._row, self._step = state["place"]
        chance = state["chance"].cpu()
        if device.type == "cuda":
            torch.cuda.set_rng_state(chance, device)
        else:
            torch.set_rng_state(chance)

    def _set_pace(self) -> None:
        if self._recipe.schedule != "constant":
            rate = self._recipe.learning_rate * pace(self._recipe.schedule, self._step, self._steps)
            for group in self._optimizer.param_groups:
                group["lr"] = rate


def _watched(watch: Measure | None, fitted: Fitted) -> Mapping[str, float]:
    """Return scores for the learning curve; none where there are none to be had."""
    try:
        return watch(fitted) if watch else {}
    except Diverged:  # only the end counts
        return {}


def _goodness(task: Task, measured: dict[str, float]) -> float:
    """Return what early stopping goes by, higher being better."""
    return measured["r2"] if task is Task.REGRESSION else -measured["log_loss"]


def _stale(history: list[float], recipe: Recipe) -> bool:
    """Return whether patience is at its end; a schedule that is going down deserves to be waited for."""
    if recipe.patience is None or recipe.schedule != "constant" or not history:
        return False
    return len(history) - 1 - int(np.argmax(history)) >= recipe.patience


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
