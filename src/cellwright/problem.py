"""What must be learned: inputs, target, task, metric, split, and the network to beat."""

import contextlib
import json
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np

from cellwright.data.dataset import Dataset, Table
from cellwright.data.folder import load_data, save_data
from cellwright.data.scaling import fit_standard
from cellwright.data.splits import Split
from cellwright.errors import DataError, SpaceError, UsageError
from cellwright.space import Architecture, Shape

__all__ = ["LOWER_IS_BETTER", "Problem", "Task", "prepare", "scores"]

#: metrics of which less is better
LOWER_IS_BETTER = frozenset({"rmse", "mae", "log_loss"})
_FILE = "problem.json"


class Task(StrEnum):
    REGRESSION = "regression"
    CLASSIFICATION = "classification"


#: those of `scores` of which more is better, so that searches may maximise them
_MAXIMISED = {
    Task.REGRESSION: ("r2", "pearson"),
    Task.CLASSIFICATION: ("accuracy", "balanced_accuracy", "auc"),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """What must be learned; its data is a folder that every worker maps into memory.

    Attributes:
        name: for people and for the command line.
        task: regression or classification.
        metric: name of the score that searches maximise, one of `scores` of which more is better.
        target: what is predicted, with its unit.
        inputs: name and shape of each input.
        outputs: units of the last layer: 1, or the number of classes.
        rows: of all three parts together.
        split: what keeps rows together ("row", "pair", or an index column).
        manual: the network designed by hand, to be beaten.
        folder: where the data is.
    """

    name: str
    task: Task
    metric: str
    target: str
    inputs: tuple[tuple[str, Shape], ...]
    outputs: int
    rows: int
    split: str
    manual: Architecture | None
    folder: Path

    def data(self) -> tuple[Dataset, Split]:
        """Return the data, scaled, memory-mapped and read-only."""
        return load_data(self.folder)

    def save(self) -> None:
        """Write the description beside the data."""
        fields = {
            name: getattr(self, name) for name in ("name", "task", "metric", "target", "outputs", "rows", "split")
        }
        fields["inputs"] = [[name, list(shape)] for name, shape in self.inputs]
        fields["manual"] = self.manual.to_json() if self.manual else None
        (self.folder / _FILE).write_text(json.dumps(fields))

    @classmethod
    def load(cls, folder: Path) -> "Problem":
        """Return the problem saved in `folder`.

        Raises:
            DataError: there is none, or it is damaged.
        """
        try:
            fields: dict[str, Any] = json.loads((folder / _FILE).read_text())
            inputs = tuple((name, tuple(shape)) for name, shape in fields.pop("inputs"))
            manual = fields.pop("manual")
            task = Task(fields.pop("task"))
            architecture = Architecture.from_json(manual) if manual else None
            return cls(**fields, task=task, inputs=inputs, manual=architecture, folder=folder)
        except (OSError, ValueError, KeyError, TypeError, SpaceError) as error:
            raise DataError(f"no problem can be read from {str(folder)!r}: {error}") from error


def prepare(
    folder: Path,
    *,
    name: str,
    dataset: Dataset,
    split: Split,
    split_by: str,
    task: Task,
    metric: str,
    target: str,
    manual: Architecture | None,
    unscaled: frozenset[str] = frozenset(),
) -> Problem:
    """Scale the inputs by what training rows show, write everything into `folder`, and return the problem.

    The folder appears at once and whole, or not at all.

    Args:
        dataset: with raw features.
        unscaled: inputs that stay as they are, such as bits.

    Raises:
        UsageError: the metric is unknown, or less of it is better.
        DataError: the target holds NaN, or one value only, or features cannot be used, or the folder cannot be written.
    """
    if metric not in _MAXIMISED[task]:
        raise UsageError(f"{task} maximises one of {', '.join(_MAXIMISED[task])}, not {metric!r}")
    _check_target(dataset.target, split, task, target)
    _check_features(dataset.tables, unscaled)
    tables = {
        name: table if name in unscaled else Table(_scaled(dataset, table, split.train), table.key)
        for name, table in dataset.tables.items()
    }
    problem = Problem(
        name=name,
        task=task,
        metric=metric,
        target=target,
        inputs=tuple((name, table.shape) for name, table in tables.items()),
        outputs=1 if task is Task.REGRESSION else int(dataset.target.max()) + 1,
        rows=dataset.rows,
        split=split_by,
        manual=manual,
        folder=folder,
    )
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        building = folder.parent / f".making-{uuid.uuid4().hex}"
        try:
            building.mkdir()
            save_data(building, Dataset(tables, dataset.index, dataset.target), split)
            replace(problem, folder=building).save()
            _put(building, folder)
        finally:
            shutil.rmtree(building, ignore_errors=True)
    except OSError as error:
        raise DataError(
            f"cannot write the data to {str(folder)!r}: {error}; free space, or set CELLWRIGHT_DATA"
        ) from error
    load_data.cache_clear()
    return problem


def _put(building: Path, folder: Path) -> None:
    """Make `building` the folder, in the place of what stands there; others may be doing the same."""
    aside = building.with_name(f"{building.name}-old")
    try:
        with contextlib.suppress(FileNotFoundError):
            folder.replace(aside)
        building.replace(folder)
    except OSError:
        Problem.load(folder)  # another process was faster: its folder is as good
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _scaled(dataset: Dataset, table: Table, train: np.ndarray) -> np.ndarray:
    entity = train if table.key is None else dataset.index[table.key][train]
    counts = np.bincount(entity, minlength=len(table.features))
    return fit_standard(table.features, counts).apply(table.features)


def _check_target(target: np.ndarray, split: Split, task: Task, name: str) -> None:
    if task is Task.REGRESSION:
        bad = np.flatnonzero(~np.isfinite(target))
        if len(bad):
            raise DataError(f"target {name!r} is not a finite number in {len(bad)} rows, the first is row {bad[0]}")
    for part, rows in (("training", split.train), ("validation", split.validation), ("test", split.test)):
        if len(np.unique(target[rows])) < 2:
            what = "value" if task is Task.REGRESSION else "class"
            raise DataError(f"target {name!r} has one {what} only in the {part} rows; nothing can be learnt from them")


def _check_features(tables: Mapping[str, Table], unscaled: frozenset[str]) -> None:
    for name, table in tables.items():
        if np.isinf(table.features).any():
            raise DataError(f"input {name!r} holds infinite values; give NaN for what is missing")
        if name in unscaled and np.isnan(table.features).any():
            raise DataError(f"input {name!r} stays as it is and so must not hold NaN; scale it, or fill the gaps")


def scores(task: Task, target: np.ndarray, prediction: np.ndarray) -> Mapping[str, float]:
    """Return the metrics of a prediction over all rows at once.

    Regression: r2 (1 - residual / total sum of squares, never a mean over batches), rmse, mae, pearson.
    Classification: accuracy, balanced_accuracy, log_loss, auc (one against the rest, macro average).

    Shape: target (rows,); prediction (rows,) for regression, class probabilities (rows, classes) otherwise.
    """
    if task is Task.REGRESSION:
        return _regression_scores(target.astype(np.float64), prediction.astype(np.float64))
    return _classification_scores(target, prediction.astype(np.float64))


def _regression_scores(target: np.ndarray, prediction: np.ndarray) -> dict[str, float]:
    residual = target - prediction
    total = float(((target - target.mean()) ** 2).sum())
    spread = float(prediction.std())
    correlation = float(np.corrcoef(target, prediction)[0, 1]) if spread > 0 and total > 0 else 0.0
    return {
        "r2": 1.0 - float((residual**2).sum()) / total if total > 0 else float("nan"),
        "rmse": float(np.sqrt((residual**2).mean())),
        "mae": float(np.abs(residual).mean()),
        "pearson": correlation,
    }


def _classification_scores(target: np.ndarray, probability: np.ndarray) -> dict[str, float]:
    from sklearn.metrics import roc_auc_score

    chosen = probability.argmax(axis=1)
    classes = np.unique(target)
    recall = [float((chosen[target == label] == label).mean()) for label in classes]
    of_truth = probability[np.arange(len(target)), target].clip(1e-15)
    result = {
        "accuracy": float((chosen == target).mean()),
        "balanced_accuracy": float(np.mean(recall)),
        "log_loss": float(-np.log(of_truth).mean()),
    }
    if len(classes) < 2:
        return result  # a ranking of one class has no area
    areas = [roc_auc_score(target == label, probability[:, label]) for label in classes]
    result["auc"] = float(np.mean(areas[1:] if probability.shape[1] == 2 else areas))
    return result
