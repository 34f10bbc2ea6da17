"""What a task is, and how good predictions of it are."""

from collections.abc import Mapping
from enum import StrEnum

import numpy as np

__all__ = ["LOWER_IS_BETTER", "MAXIMISED", "Task", "scores"]

#: metrics of which less is better
LOWER_IS_BETTER = frozenset({"rmse", "mae", "log_loss"})


class Task(StrEnum):
    REGRESSION = "regression"
    CLASSIFICATION = "classification"


#: those of `scores` of which more is better, so that searches may maximise them
MAXIMISED = {
    Task.REGRESSION: ("r2", "pearson"),
    Task.CLASSIFICATION: ("accuracy", "balanced_accuracy", "auc"),
}


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
