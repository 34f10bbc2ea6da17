"""The linear model that any network must beat: ridge regression, or logistic regression for classes.

Rows are never expanded: what a regression needs of them are sums over pairs of entities, which are counted. Both drugs
of a pair have the same weights, so that their order means nothing.
"""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from cellwright.data.dataset import Dataset
from cellwright.data.splits import Split
from cellwright.metrics import Task, scores
from cellwright.problem import Problem
from cellwright.space.naming import is_identity

__all__ = ["Block", "Predictor", "Simple", "blocks_of", "linear", "probabilities"]

#: (rows) -> predictions (rows,) or class probabilities (rows, classes)
Predictor = Callable[[np.ndarray], np.ndarray]
_STRENGTHS = tuple(10.0**power for power in range(6, -3, -1))


class Simple(NamedTuple):
    """A linear baseline.

    Attributes:
        tuned: learnt from the training rows, tuned on the validation rows.
        final: the same, or, where it was fitted again, learnt from both.
    """

    tuned: Predictor
    final: Predictor


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """The features of one table and the keys through which rows read it.

    Attributes:
        features: float64 (entities, width).
        keys: an index column each, None for one entity a row.
    """

    features: np.ndarray
    keys: tuple[str | None, ...]

    def read(self, dataset: Dataset, rows: np.ndarray) -> list[np.ndarray]:
        """Return for each key the entities that rows read, (rows,)."""
        return [np.asarray(rows if key is None else dataset.index[key][rows]) for key in self.keys]

    def summed(self, dataset: Dataset, rows: np.ndarray) -> np.ndarray:
        """Return for each row the sum of what it reads, (rows, width)."""
        parts = [self.features[entities] for entities in self.read(dataset, rows)]
        return np.asarray(sum(parts[1:], parts[0]))


def blocks_of(dataset: Dataset) -> list[Block]:
    """Return the tables of features, flattened; one that several keys read appears once."""
    keys: dict[int, list[str | None]] = {}
    tables = [table for name, table in dataset.tables.items() if not is_identity(name)]
    arrays = {id(table.features): table.features for table in tables}
    for table in tables:
        keys.setdefault(id(table.features), []).append(table.key)
    return [
        Block(np.asarray(arrays[place], dtype=np.float64).reshape(len(arrays[place]), -1), tuple(read))
        for place, read in keys.items()
    ]


def linear(problem: Problem, seed: int, *, refit: bool = False) -> Simple:
    """Fit ridge regression (logistic regression for classes), its strength chosen on the validation rows."""
    dataset, split = problem.data()
    fit = _ridge if problem.task is Task.REGRESSION else _logistic

    def fitted(rows: np.ndarray, strengths: tuple[float, ...]) -> Iterator[tuple[float, Predictor]]:
        blocks = [_compact(_centred(block, dataset, rows), dataset, rows) for block in blocks_of(dataset)]
        return fit(problem, dataset, rows, blocks, strengths, seed)

    tried: list[tuple[float, float, Predictor]] = []
    for strength, predict in fitted(split.train, _STRENGTHS):
        tried.append((_score(problem, split, dataset, predict), strength, predict))
        if max(score for score, _, _ in tried) not in [score for score, _, _ in tried[-3:]]:
            break  # ever weaker penalties bring nothing more
    _, strength, predict = max(tried, key=lambda one: one[0])
    if not refit:
        return Simple(predict, predict)
    ((_, again),) = fitted(split.known, (strength,))
    return Simple(predict, again)


def _centred(block: Block, dataset: Dataset, rows: np.ndarray) -> Block:
    """Return the block with mean 0 over what the rows read."""
    read = np.concatenate(block.read(dataset, rows))
    counts = np.bincount(read, minlength=len(block.features))
    return replace(block, features=block.features - counts @ block.features / len(read))


def _compact(block: Block, dataset: Dataset, rows: np.ndarray) -> Block:
    """Return the block in the coordinates of what the rows read, where that has fewer dimensions than features.

    Weights with an L2 penalty have no part outside of it, so this changes nothing but the work.
    """
    seen = np.unique(np.concatenate(block.read(dataset, rows)))
    if block.features.shape[1] <= len(seen):
        return block
    values, vectors = np.linalg.eigh(block.features[seen] @ block.features[seen].T)
    kept = values > values[-1] * 1e-10
    basis = block.features[seen].T @ (vectors[:, kept] / np.sqrt(values[kept]))  # (width, dimensions)
    return replace(block, features=block.features @ basis)


def _ridge(
    problem: Problem,  # noqa: ARG001  # as _logistic
    dataset: Dataset,
    rows: np.ndarray,
    blocks: list[Block],
    strengths: tuple[float, ...],
    seed: int,  # noqa: ARG001  # as _logistic
) -> Iterator[tuple[float, Predictor]]:
    """Yield a solution of the normal equations for each strength."""
    target = dataset.target[rows].astype(np.float64)
    centre = float(target.mean())
    gram = np.block([[_product(dataset, a, b, rows) for b in blocks] for a in blocks])
    moment = np.concatenate([_moment(dataset, block, rows, target - centre) for block in blocks])
    values, vectors = np.linalg.eigh(gram)
    rotated = vectors.T @ moment
    for strength in strengths:
        weights = vectors @ (rotated / (np.maximum(values, 0.0) + strength))
        yield strength, _linear_predictor(dataset, blocks, weights, centre)


def _linear_predictor(dataset: Dataset, blocks: list[Block], weights: np.ndarray, centre: float) -> Predictor:
    parts: list[Block] = []
    start = 0
    for block in blocks:
        width = block.features.shape[1]
        parts.append(Block((block.features @ weights[start : start + width])[:, None], block.keys))  # (entities, 1)
        start += width
    return lambda rows: centre + np.asarray(sum(part.summed(dataset, rows)[:, 0] for part in parts))


def _product(dataset: Dataset, a: Block, b: Block, rows: np.ndarray) -> np.ndarray:
    """Return the sum over rows of the outer products of what they read in two blocks."""
    from scipy.sparse import coo_array

    shape = (len(a.features), len(b.features))
    ones = np.ones(len(rows))
    counts = sum(
        coo_array((ones, (left, right)), shape=shape).tocsr()
        for left in a.read(dataset, rows)
        for right in b.read(dataset, rows)
    )
    return np.asarray(a.features.T @ (counts @ b.features))


def _moment(dataset: Dataset, block: Block, rows: np.ndarray, target: np.ndarray) -> np.ndarray:
    sums = sum(np.bincount(entities, target, len(block.features)) for entities in block.read(dataset, rows))
    return np.asarray(sums @ block.features)


def _logistic(
    problem: Problem,
    dataset: Dataset,
    rows: np.ndarray,
    blocks: list[Block],
    strengths: tuple[float, ...],
    seed: int,
) -> Iterator[tuple[float, Predictor]]:
    """Yield a model for each strength, begun where the last one ended."""
    from sklearn.linear_model import LogisticRegression

    features = np.concatenate([block.summed(dataset, np.arange(dataset.rows)) for block in blocks], axis=1)
    model = LogisticRegression(max_iter=2000, warm_start=True, random_state=seed)
    for strength in strengths:
        model.set_params(C=1 / strength).fit(features[rows], dataset.target[rows])
        yield strength, probabilities(copy.deepcopy(model), features, problem.outputs)


def probabilities(model: object, features: np.ndarray, classes: int) -> Predictor:
    """Return class probabilities with a column for each class, also for those training did not show.

    Args:
        model: any classifier of scikit-learn.
        features: of all rows, (rows, width).
    """

    def predict(rows: np.ndarray) -> np.ndarray:
        known = model.predict_proba(features[rows])  # type: ignore[attr-defined]  # any scikit-learn classifier
        result = np.zeros((len(rows), classes))
        result[:, model.classes_] = known  # type: ignore[attr-defined]  # as above
        return result

    return predict


def _score(problem: Problem, split: Split, dataset: Dataset, predict: Predictor) -> float:
    """Return what a strength is chosen by: R2, or log loss for classes, as networks are stopped by."""
    measured = scores(problem.task, dataset.target[split.validation], predict(split.validation))
    return measured["r2"] if problem.task is Task.REGRESSION else -measured["log_loss"]
