"""What any network must beat: means without features, a linear model, gradient boosting; on the same split.

Each is fitted on the training rows and tuned on the validation rows, and predicts all rows asked for.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

import numpy as np

from cellwright.data.dataset import Dataset
from cellwright.data.splits import Split
from cellwright.metrics import Task
from cellwright.posttrain.linear import Block, Predictor, blocks_of, linear, probabilities
from cellwright.problem import Problem

__all__ = ["BASELINES", "boosting", "mean"]

_SWEEPS = 100
_COMPONENTS = 32
_MOST_TREES = 1000


def mean(problem: Problem, seed: int, *, refit: bool = False) -> Predictor:  # noqa: ARG001  # baselines share a signature
    """Return the mean of the training rows plus the effect of each row's entities: drugs, their pair, cell line.

    The effects are those of the additive least-squares model, found by backfitting; what has no training rows has no
    effect. Both drugs of a pair draw on one list of effects. Classification: the shares of the classes.
    """
    dataset, split = problem.data()
    learnt = _learnt(split, refit=refit)
    target = dataset.target[learnt]
    if problem.task is Task.CLASSIFICATION:
        shares = np.bincount(target, minlength=problem.outputs) / len(target)
        return lambda rows: np.tile(shares, (len(rows), 1))
    centre = float(target.mean())
    groups = [dataset.groups(kind) for kind in dataset.members]  # each (rows, entities a row)
    if any(members.shape[1] > 1 for members in groups):
        groups.append(dataset.groups("pair"))
    effects = _effects([members[learnt] for members in groups], [int(m.max()) + 1 for m in groups], target - centre)

    def predict(rows: np.ndarray) -> np.ndarray:
        parts = [effect[members[rows]].sum(axis=1) for effect, members in zip(effects, groups, strict=True)]
        return np.full(len(rows), centre) + sum(parts, np.zeros(len(rows)))

    return predict


def _learnt(split: Split, *, refit: bool) -> np.ndarray:
    return np.sort(np.concatenate([split.train, split.validation])) if refit else split.train


def _effects(groups: list[np.ndarray], sizes: list[int], residual: np.ndarray) -> list[np.ndarray]:
    """Return an effect for each member of each group.

    Shape: groups (rows, members a row) each; residual (rows,); results (size,) each.
    """
    residual = residual.astype(np.float64)
    effects = [np.zeros(size) for size in sizes]
    for _ in range(_SWEEPS):
        for place, (members, size) in enumerate(zip(groups, sizes, strict=True)):
            several = members.shape[1]
            sums = np.bincount(members.ravel(), np.repeat(residual, several), size)
            step = sums / np.maximum(1, np.bincount(members.ravel(), minlength=size)) / several
            effects[place] += step
            residual -= step[members].sum(axis=1)
    return effects


def boosting(problem: Problem, seed: int, *, refit: bool = False) -> Predictor:
    """Return scikit-learn's histogram gradient boosting, stopped by the validation rows.

    Tables of more than 32 columns enter as their 32 first principal components over the training rows' entities: trees
    on thousands of columns cost gigabytes, and on GDSC1 more components (128) score lower and take five times as long.
    Of both drugs of a pair enter the sum and the absolute difference, so that their order means nothing.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    dataset, split = problem.data()
    blocks = [_components(block, dataset, split.train, seed) for block in blocks_of(dataset)]
    kind = HistGradientBoostingRegressor if problem.task is Task.REGRESSION else HistGradientBoostingClassifier
    model = kind(max_iter=_MOST_TREES, max_leaf_nodes=63, early_stopping=True, n_iter_no_change=15, random_state=seed)
    judging = split.validation
    if problem.task is Task.CLASSIFICATION:  # scikit-learn refuses classes that training does not show
        judging = judging[np.isin(dataset.target[judging], dataset.target[split.train])]
    model.fit(
        _matrix(blocks, dataset, split.train),
        dataset.target[split.train],
        X_val=_matrix(blocks, dataset, judging),
        y_val=dataset.target[judging],
    )
    if refit:
        learnt = _learnt(split, refit=True)
        model = kind(max_iter=model.n_iter_, max_leaf_nodes=63, early_stopping=False, random_state=seed)
        model.fit(_matrix(blocks, dataset, learnt), dataset.target[learnt])
    if problem.task is Task.REGRESSION:
        return lambda rows: np.asarray(model.predict(_matrix(blocks, dataset, rows)))
    return probabilities(model, _matrix(blocks, dataset, np.arange(dataset.rows)), problem.outputs)


def _components(block: Block, dataset: Dataset, rows: np.ndarray, seed: int) -> Block:
    """Return the block, or its first principal components where it is wide."""
    from sklearn.decomposition import PCA

    seen = np.unique(np.concatenate(block.read(dataset, rows)))
    count = min(_COMPONENTS, len(seen) - 1)
    if block.features.shape[1] <= _COMPONENTS or count < 1:
        return block
    model = PCA(count, svd_solver="randomized", random_state=seed).fit(block.features[seen])
    return replace(block, features=model.transform(block.features))


def _matrix(blocks: list[Block], dataset: Dataset, rows: np.ndarray) -> np.ndarray:
    """Return the expanded features of rows side by side, float32 (rows, all widths)."""
    parts = []
    for block in blocks:
        parts.append(block.summed(dataset, rows))
        if len(block.keys) > 1:
            first, second = (block.features[entities] for entities in block.read(dataset, rows))
            parts.append(np.abs(first - second))
    return np.concatenate(parts, axis=1).astype(np.float32)


class Fit(Protocol):
    """Fits a simple model; `refit`: tuned as ever, then on training and validation rows together."""

    def __call__(self, problem: Problem, seed: int, *, refit: bool = False) -> Predictor:
        """Return what predicts any row."""
        ...


#: kind -> what fits it
BASELINES: Mapping[str, Fit] = {"mean": mean, "linear": linear, "boosting": boosting}
