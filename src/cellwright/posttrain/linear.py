"""The linear model that any network must beat: ridge regression, or logistic regression for classes.

Rows are never expanded: what a regression needs of them are sums over pairs of entities, which are counted. Both drugs
of a pair have the same weights, so that their order means nothing.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from cellwright.data.dataset import Dataset
from cellwright.data.splits import Split
from cellwright.metrics import Task, scores
from cellwright.problem import Problem

__all__ = ["Block", "Predictor", "blocks_of", "linear", "probabilities"]

#: (rows) -> predictions (rows,) or class probabilities (rows, classes)
Predictor = Callable[[np.ndarray], np.ndarray]
_STRENGTHS = tuple(10.0**power for power in range(-2, 7))


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
    """Return the tables, flattened; one that several keys read appears once."""
    keys: dict[int, list[str | None]] = {}
    arrays = {id(table.features): table.features for table in dataset.tables.values()}
    for table in dataset.tables.values():
        keys.setdefault(id(table.features), []).append(table.key)
    return [
        Block(np.asarray(arrays[place], dtype=np.float64).reshape(len(arrays[place]), -1), tuple(read))
        for place, read in keys.items()
    ]


def linear(problem: Problem, seed: int) -> Predictor:
    """Return ridge regression (logistic regression for classes), its strength chosen on the validation rows."""
    dataset, split = problem.data()
    blocks = [_compact(_centred(block, dataset, split.train), dataset, split.train) for block in blocks_of(dataset)]
    if problem.task is Task.REGRESSION:
        return max(_ridge(dataset, split, blocks), key=lambda predict: _score(problem, split, dataset, predict))
    return _logistic(problem, dataset, split, blocks, seed)


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


def _ridge(dataset: Dataset, split: Split, blocks: list[Block]) -> list[Predictor]:
    """Return a solution of the normal equations for each strength."""
    target = dataset.target[split.train].astype(np.float64)
    centre = float(target.mean())
    gram = np.block([[_product(dataset, a, b, split.train) for b in blocks] for a in blocks])
    moment = np.concatenate([_moment(dataset, block, split.train, target - centre) for block in blocks])
    values, vectors = np.linalg.eigh(gram)
    rotated = vectors.T @ moment
    solved = [vectors @ (rotated / (np.maximum(values, 0.0) + strength)) for strength in _STRENGTHS]
    return [_linear_predictor(dataset, blocks, weights, centre) for weights in solved]


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


def _logistic(problem: Problem, dataset: Dataset, split: Split, blocks: list[Block], seed: int) -> Predictor:
    """Return the best of ever weaker penalties, each begun where the last one ended, until two bring nothing better."""
    from sklearn.linear_model import LogisticRegression

    features = np.concatenate([block.summed(dataset, np.arange(dataset.rows)) for block in blocks], axis=1)
    model = LogisticRegression(max_iter=2000, warm_start=True, random_state=seed)
    found: list[tuple[float, Predictor]] = []
    for strength in reversed(_STRENGTHS):
        model.set_params(C=1 / strength).fit(features[split.train], dataset.target[split.train])
        predict = probabilities(copy.deepcopy(model), features, problem.outputs)
        found.append((_score(problem, split, dataset, predict), predict))
        if max(score for score, _ in found) not in [score for score, _ in found[-2:]]:
            break
    return max(found, key=lambda one: one[0])[1]


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
