"""Training a network on a problem's rows, and scoring it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from cellwright.data.splits import inner_folds
from cellwright.metrics import Task, scores
from cellwright.problem import Problem
from cellwright.seeds import Use, rng_for, seed_for
from cellwright.space import Architecture
from cellwright.train.fitted import Diverged, Fitted
from cellwright.train.kept import Slot
from cellwright.train.lesson import Lesson, Measure
from cellwright.train.recipe import Recipe, recipe_of
from cellwright.train.resident import Dedup, Resident, pick_device
from cellwright.trial import Fidelity

__all__ = ["Crossed", "Diverged", "Fitted", "cross_fit", "fit"]


class Crossed(NamedTuple):
    """What cross-validation found.

    Attributes:
        seconds: of training in all.
        microseconds: in which a row is predicted.
        curve: epochs, and scores after them; of the first part of the rows.
    """

    scores: Mapping[str, float]
    seconds: float
    microseconds: float
    curve: tuple[tuple[float, Mapping[str, float]], ...] = ()


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
    slot: Slot | None = None,
) -> Fitted:
    """Train `architecture` on the training rows and score it on the validation rows.

    Args:
        seed: decides weights, dropout and the order of rows.
        subset_seed: decides which rows are used where the fidelity asks for a fraction; one for all trials of a run,
            so that their scores compare.
        slot: where a network that is left off, since the fidelity says so, is kept, and looked for first, and whose
            weights it inherits.
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
    lesson = Lesson(architecture, dataset, resident, problem.task, recipe, fidelity, seed)
    fitted = lesson.learn(rows, lambda one: one.measured(dataset.target, split.validation), slot=slot)
    if not refit:
        return fitted
    rows = _subset(split.known, fidelity.fraction, subset_seed)
    again = lesson.learn(rows, None, stop=fitted.epochs)
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
    slot: Slot | None = None,
) -> Crossed:
    """Score `architecture` by cross-validation over training and validation rows.

    Each part of the rows is predicted by a network that learnt from the others, and all predictions are scored at once.
    Arguments as of `fit`; `subset_seed` decides the parts.

    Raises:
        Diverged: a loss or a prediction is not finite.
    """
    recipe = recipe_of(architecture, recipe)
    dataset, split = problem.data()
    resident = Resident(dataset, problem.task, inputs=frozenset(architecture.inputs), device=pick_device(device))
    rows = split.known
    classes = problem.task is Task.CLASSIFICATION
    parts = inner_folds(dataset, rows, problem.division, fidelity.folds, subset_seed, classes=classes)
    share = replace(fidelity, seconds=fidelity.seconds and fidelity.seconds / len(parts))
    answers, seconds = [], 0.0
    curve: tuple[tuple[float, Mapping[str, float]], ...] = ()
    for number, (learnt, held) in enumerate(parts):
        of_part = seed_for(seed, Use.SUBSET, number)
        lesson = Lesson(architecture, dataset, resident, problem.task, recipe, share, of_part)
        taught = _subset(learnt, fidelity.fraction, subset_seed)
        watch: Measure | None = None if number else lambda one: one.measured(dataset.target, parts[0][1])
        fitted = lesson.learn(taught, None, watch=watch, slot=slot.part(number) if slot else None)
        curve = curve or fitted.curve
        answers.append(fitted.predict(held))
        seconds += fitted.seconds
    target = dataset.target[np.concatenate([held for _, held in parts])]
    measured = dict(scores(problem.task, target, np.concatenate(answers)))
    return Crossed(measured, seconds, fitted.microseconds(held), curve)


def _subset(rows: np.ndarray, fraction: float, seed: int) -> np.ndarray:
    count = max(2, round(fraction * len(rows)))
    return np.asarray(
        rows if count >= len(rows) else np.sort(rng_for(seed, Use.SUBSET).choice(rows, count, replace=False))
    )
