"""What any network must beat: means without features, a linear model, gradient boosting; on the same split.

Each is fitted on the training rows and tuned on the validation rows; where wanted, then on both together.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

import numpy as np

from cellwright.data.dataset import Dataset
from cellwright.metrics import Task
from cellwright.posttrain.linear import Block, Predictor, Simple, blocks_of, linear, probabilities
from cellwright.problem import Problem

__all__ = ["BASELINES", "boosting", "mean"]

_SWEEPS = 100
_COMPONENTS = 32
_MOST_TREES = 1000


def mean(problem: Problem, seed: int, *, refit: bool = False) -> Simple:  # noqa: ARG001  # as the others
    """Fit the mean plus the effect of each row's entities: drugs, cell line, pair of drugs.

    The effects are those of the additive least-squares model, found by backfitting; a pair's is what that leaves of it.
    What has no rows has no effect. Both drugs of a pair draw on one list of effects. Classification: the shares of the
    classes.
    """
    dataset, split = problem.data()
    tuned = _mean(problem, dataset, split.train)
    return Simple(tuned, _mean(problem, dataset, split.known) if refit else tuned)


def _mean(problem: Problem, dataset: Dataset, learnt: np.ndarray) -> Predictor:
    target = dataset.target[learnt]
    if problem.task is Task.CLASSIFICATION:
        shares = np.bincount(target, minlength=problem.outputs) / len(target)
        return lambda rows: np.tile(shares, (len(rows), 1))
    centre = float(target.mean())
    groups = [dataset.groups(kind) for kind in dataset.members]  # each (rows, entities a row)
    effects, residual = _effects(groups, learnt, target - centre)
    if any(members.shape[1] > 1 for members in groups):
        pairs = [dataset.groups("pair")]
        groups, effects = groups + pairs, effects + _effects(pairs, learnt, residual)[0]

    def predict(rows: np.ndarray) -> np.ndarray:
        parts = [effect[members[rows]].sum(axis=1) for effect, members in zip(effects, groups, strict=True)]
        return np.full(len(rows), centre) + sum(parts, np.zeros(len(rows)))

    return predict


def _effects(groups: list[np.ndarray], learnt: np.ndarray, residual: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
    """Return an effect for each member of each group, and what they leave unexplained.

    Shape: groups (all rows, members a row) each; residual (learnt,); results (members,) each and (learnt,).
    """
    residual = residual.astype(np.float64)
    effects = [np.zeros(int(members.max()) + 1) for members in groups]
    read = [members[learnt] for members in groups]
    for _ in range(_SWEEPS):
        for effect, members in zip(effects, read, strict=True):
            size = len(effect)
            several = members.shape[1]
            sums = np.bincount(members.ravel(), np.repeat(residual, several), size)
            step = sums / np.maximum(1, np.bincount(members.ravel(), minlength=size)) / several
            effect += step  # noqa: PLW2901  # in place
            residual -= step[members].sum(axis=1)
    return effects, residual


def boosting(problem: Problem, seed: int, *, refit: bool = False) -> Simple:
    """Fit scikit-learn's histogram gradient boosting, stopped by the validation rows.

    Tables of more than 32 columns enter as their 32 first principal components over the training rows' entities: trees
    on thousands of columns cost gigabytes, and on GDSC1 more components (128) score lower and take five times as long.
    Of both drugs of a pair enter the sum and the absolute difference, so that their order means nothing.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    dataset, split = problem.data()
    blocks = [_components(block, dataset, split.train, seed) for block in blocks_of(dataset)]
    features = _matrix(blocks, dataset)
    target = dataset.target
    kind = HistGradientBoostingRegressor if problem.task is Task.REGRESSION else HistGradientBoostingClassifier
    model = kind(max_iter=_MOST_TREES, max_leaf_nodes=63, early_stopping=True, n_iter_no_change=15, random_state=seed)
    judging = split.validation
    if problem.task is Task.CLASSIFICATION:  # scikit-learn refuses classes that training does not show
        judging = judging[np.isin(target[judging], target[split.train])]
    model.fit(features[split.train], target[split.train], X_val=features[judging], y_val=target[judging])
    final = model
    if refit:
        final = kind(max_iter=model.n_iter_, max_leaf_nodes=63, early_stopping=False, random_state=seed)
        final.fit(features[split.known], target[split.known])
    if problem.task is Task.CLASSIFICATION:
        return Simple(*[probabilities(one, features, problem.outputs) for one in (model, final)])
    return Simple(
        lambda rows: np.asarray(model.predict(features[rows])), lambda rows: np.asarray(final.predict(features[rows]))
    )


def _components(block: Block, dataset: Dataset, rows: np.ndarray, seed: int) -> Block:
    """Return the block, or its first principal components where it is wide."""
    from sklearn.decomposition import PCA

    seen = np.unique(np.concatenate(block.read(dataset, rows)))
    count = min(_COMPONENTS, len(seen) - 1)
    if block.features.shape[1] <= _COMPONENTS or count < 1:
        return block
    model = PCA(count, svd_solver="randomized", random_state=seed).fit(block.features[seen])
    return replace(block, features=model.transform(block.features))


def _matrix(blocks: list[Block], dataset: Dataset) -> np.ndarray:
    """Return the expanded features of all rows side by side, float32 (rows, all widths)."""
    rows = np.arange(dataset.rows)
    parts = []
    for block in blocks:
        parts.append(block.summed(dataset, rows))
        if len(block.keys) > 1:
            first, second = (block.features[entities] for entities in block.read(dataset, rows))
            parts.append(np.abs(first - second))
    return np.concatenate(parts, axis=1).astype(np.float32)


class Fit(Protocol):
    """Fits a baseline; `refit`: in the end on training and validation rows together."""

    def __call__(self, problem: Problem, seed: int, *, refit: bool = False) -> Simple:
        """Return what predicts any row."""
        ...


#: kind -> what fits it
BASELINES: Mapping[str, Fit] = {"mean": mean, "linear": linear, "boosting": boosting}
