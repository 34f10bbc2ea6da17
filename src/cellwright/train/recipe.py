"""How weights are found: optimizer, learning rate and its schedule, batch size, weight decay, patience."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Any

import torch
from torch import nn

from cellwright.errors import UsageError
from cellwright.space import Architecture, Choice, Decision
from cellwright.space.architecture import MEMBERS

__all__ = ["OPTIMIZERS", "SCHEDULES", "SETTINGS", "Recipe", "pace", "recipe_of", "usual_batch"]

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
SCHEDULES = ("constant", "cosine")
#: what a space may decide beside the network
SETTINGS = (
    "optimizer",
    "learning_rate",
    "batch_size",
    "weight_decay",
    "schedule",
    "clip",
    "average",
    "repeats",
    MEMBERS,
)
_FUSED = ("adam", "adamw", "adagrad", "sgd")
_WARM_UP = 0.1  # share of the steps of a cosine schedule


@dataclass(frozen=True, slots=True)
class Recipe:
    """How weights are found.

    Attributes:
        batch_size: rows a step; None: `usual_batch` of the rows trained on.
        schedule: of the learning rate: "constant", or "cosine": up linearly over the first tenth of all steps, then
            down to 0 along a cosine.
        patience: epochs without a better validation score (r2; log loss for classes, of which accuracy is too coarse)
            after which training stops; the best weights return. A cosine goes to its end, and the best weights return.
            None: train to the end and keep the last weights, as where a trial is cross-validated.
        repeats: times that each row is in its batch, under other dropout masks and, of pairs, in either order: steadier
            gradients where rows are few (batch augmentation, Hoffer et al., arXiv:1901.09335).
        clip: the norm that a step's gradient is shortened to where it is longer, of each member by itself (Pascanu et
            al., arXiv:1211.5063): a few steps far too long can leave a network stuck for good. None: never.
        average: what is judged and kept is not the last weights but a mean over all steps, in which step t counts as
            t^average (Karras et al., arXiv:2312.02696): with 6 about the last quarter of what was done so far, however
            much that is. None: the last weights.
    """

    optimizer: str = "adam"
    learning_rate: float = 1e-3
    batch_size: int | None = None
    weight_decay: float = 0.0
    schedule: str = "constant"
    patience: int | None = 3
    repeats: int = 1
    clip: float | None = 1.0
    average: float | None = 6.0

    def __post_init__(self) -> None:
        if self.optimizer not in OPTIMIZERS:
            raise UsageError(f"there is no optimizer {self.optimizer!r}; known: {', '.join(OPTIMIZERS)}")
        if self.schedule not in SCHEDULES:
            raise UsageError(f"there is no schedule {self.schedule!r}; known: {', '.join(SCHEDULES)}")
        for name in ("batch_size", "repeats"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, Integral):
                raise UsageError(f"{name} is a whole number, not {value!r}")
        small = self.batch_size is not None and self.batch_size < 2
        hasty = self.patience is not None and self.patience < 1
        tight = self.clip is not None and not self.clip > 0
        early = self.average is not None and not 0 <= self.average < math.inf
        if not self.learning_rate > 0 or small or self.weight_decay < 0 or hasty or self.repeats < 1 or tight or early:
            raise UsageError(
                "a recipe needs learning_rate > 0, batch_size >= 2, weight_decay >= 0, patience >= 1, repeats >= 1, "
                f"clip > 0 and average >= 0; got {self!r}"
            )

    def optimizer_of(self, network: nn.Module) -> torch.optim.Optimizer:
        """Return the optimizer of a network's weights."""
        kind = getattr(torch.optim, OPTIMIZERS[self.optimizer])
        options: dict[str, Any] = {"lr": self.learning_rate, "weight_decay": self.weight_decay}
        if self.optimizer in _FUSED:
            options["fused"] = True
        if self.optimizer == "sgd":
            options["momentum"] = 0.9
        optimizer: torch.optim.Optimizer = kind(network.parameters(), **options)
        return optimizer


def pace(schedule: str, step: int, steps: int) -> float:
    """Return the factor of the learning rate at a step, counted from 0, of so many."""
    if schedule == "constant":
        return 1.0
    warm = max(1, round(_WARM_UP * steps))
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - warm) / max(1, steps - warm))))


def usual_batch(rows: int) -> int:
    """Return the power of two within 32 and 1,024 that makes about 150 steps of an epoch.

    Few rows need small batches to get anywhere in an epoch; with many, towers that run once for each distinct entity
    make large batches cheap (docs/method/training.md has the measurement).
    """
    return int(2 ** min(10, max(5, round(math.log2(max(1, rows) / 150)))))


def check_settings(decisions: Sequence[Decision]) -> None:
    """Raise UsageError unless a recipe takes all options of these decisions, and the ends of their ranges."""
    _check_names(decision.name for decision in decisions)
    for decision in decisions:
        values = decision.options if isinstance(decision, Choice) else (decision.low, decision.high)
        for value in values if decision.name != MEMBERS else ():
            replace(Recipe(), **{decision.name: value})


def recipe_of(architecture: Architecture, recipe: Recipe) -> Recipe:
    """Return `recipe` with the settings that the architecture brings.

    Raises:
        UsageError: a setting is no field of a recipe.
    """
    settings: dict[str, Any] = dict(architecture.settings)
    _check_names(settings)
    return replace(recipe, **{name: value for name, value in settings.items() if name != MEMBERS})


def _check_names(names: Iterable[str]) -> None:
    unknown = sorted(set(names) - set(SETTINGS))
    if unknown:
        raise UsageError(f"training has no setting {unknown[0]!r}; a space may decide {', '.join(SETTINGS)}")
