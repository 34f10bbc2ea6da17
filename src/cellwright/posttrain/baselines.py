"""What any network must beat: means without features, a linear model, gradient boosting; on the same split.

Each is fitted on the training rows and tuned on the validation rows, and predicts all rows asked for.
"""

from collections.abc import Callable, Mapping

import numpy as np

from cellwright.data.dataset import Dataset, Table
from cellwright.data.splits import Split
from cellwright.metrics import Task, scores
from cellwright.problem import Problem

__all__ = ["BASELINES", "Predictor", "boosting", "linear", "mean"]

#: (rows) -> predictions (rows,) or class probabilities (rows, classes)
Predictor = Callable[[np.ndarray], np.ndarray]
_SWEEPS = 30
_STRENGTHS = tuple(10.0**power for power in range(-2, 7))
_COMPONENTS = 32
_MOST_TREES = 1000


def mean(problem: Problem, seed: int) -> Predictor:  # noqa: ARG001  # baselines share a signature
    """Return the mean of the training rows plus the effect of each row's entities (drug, cell line).

    The effects are those of the additive least-squares model, found by backfitting; an entity without training rows has
    none. Classification: the shares of the classes.
    """
    dataset, split = problem.data()
    target = dataset.target[split.train]
    if problem.task is Task.CLASSIFICATION:
        shares = np.bincount(target, minlength=problem.outputs) / len(target)
        return lambda rows: np.tile(shares, (len(rows), 1))
    centre = float(target.mean())
    effects = _effects(dataset, split.train, target - centre)

    def predict(rows: np.ndarray) -> np.ndarray:
        parts = [effect[dataset.index[key][rows]] for key, effect in effects.items()]
        return np.full(len(rows), centre) + sum(parts, np.zeros(len(rows)))

    return predict


def _effects(dataset: Dataset, rows: np.ndarray, residual: np.ndarray) -> dict[str, np.ndarray]:
    residual = residual.astype(np.float64)
    columns = {key: np.asarray(column[rows]) for key, column in dataset.index.items()}
    effects = {key: np.zeros(int(dataset.index[key].max()) + 1) for key in columns}
    for _ in range(_SWEEPS):
        for key, column in columns.items():
            size = len(effects[key])
            step = np.bincount(column, residual, size) / np.maximum(1, np.bincount(column, minlength=size))
            effects[key] += step
            residual -= step[column]
    return effects


def linear(problem: Problem, seed: int) -> Predictor:
    """Return ridge regression (logistic regression for classes), its strength chosen on the validation rows."""
    return _ridge(problem) if problem.task is Task.REGRESSION else _logistic(problem, seed)


def _ridge(problem: Problem) -> Predictor:
    """Solve the normal equations in factored form: rows are counted, never expanded."""
    dataset, split = problem.data()
    target = dataset.target[split.train].astype(np.float64)
    centre = target.mean()
    tables = {name: _centred(dataset, table, split.train) for name, table in dataset.tables.items()}
    gram = np.block([[_product(dataset, a, b, split.train) for b in tables.values()] for a in tables.values()])
    moment = np.concatenate([_moment(dataset, table, split.train, target - centre) for table in tables.values()])
    values, vectors = np.linalg.eigh(gram)
    rotated = vectors.T @ moment
    best: tuple[float, Predictor] | None = None
    for strength in _STRENGTHS:
        weights = vectors @ (rotated / (np.maximum(values, 0.0) + strength))
        predict = _linear_predictor(dataset, tables, weights, float(centre))
        score = _score(problem, split, dataset, predict)
        if best is None or score > best[0]:
            best = (score, predict)
    assert best is not None
    return best[1]


def _linear_predictor(dataset: Dataset, tables: Mapping[str, Table], weights: np.ndarray, centre: float) -> Predictor:
    parts: list[tuple[str | None, np.ndarray]] = []
    start = 0
    for table in tables.values():
        width = table.features.shape[1]
        parts.append((table.key, table.features @ weights[start : start + width]))  # (entities,)
        start += width

    def predict(rows: np.ndarray) -> np.ndarray:
        total = np.full(len(rows), centre)
        for key, part in parts:
            total += part[rows if key is None else dataset.index[key][rows]]
        return total

    return predict


def _entities(dataset: Dataset, table: Table, rows: np.ndarray) -> np.ndarray:
    return np.asarray(rows if table.key is None else dataset.index[table.key][rows])


def _centred(dataset: Dataset, table: Table, rows: np.ndarray) -> Table:
    """Return the table flattened, with mean 0 over the training rows, float64."""
    flat = np.asarray(table.features, dtype=np.float64).reshape(len(table.features), -1)
    counts = np.bincount(_entities(dataset, table, rows), minlength=len(flat))
    return Table(flat - counts @ flat / len(rows), table.key)


def _product(dataset: Dataset, a: Table, b: Table, rows: np.ndarray) -> np.ndarray:
    """Return the sum over rows of the outer products of their features in two tables."""
    from scipy.sparse import coo_array

    where = (_entities(dataset, a, rows), _entities(dataset, b, rows))
    counts = coo_array((np.ones(len(rows)), where), shape=(len(a.features), len(b.features))).tocsr()
    product: np.ndarray = a.features.T @ (counts @ b.features)
    return product


def _moment(dataset: Dataset, table: Table, rows: np.ndarray, target: np.ndarray) -> np.ndarray:
    sums = np.bincount(_entities(dataset, table, rows), target, len(table.features))
    return np.asarray(sums @ table.features)


def _logistic(problem: Problem, seed: int) -> Predictor:
    from sklearn.linear_model import LogisticRegression

    dataset, split = problem.data()
    features = _matrix(dataset, np.arange(dataset.rows))
    best: tuple[float, Predictor] | None = None
    for strength in _STRENGTHS:
        model = LogisticRegression(C=1 / strength, max_iter=2000, random_state=seed)
        model.fit(features[split.train], dataset.target[split.train])
        predict = _probabilities(model, features, problem.outputs)
        score = _score(problem, split, dataset, predict)
        if best is None or score > best[0]:
            best = (score, predict)
    assert best is not None
    return best[1]


def boosting(problem: Problem, seed: int) -> Predictor:
    """Return scikit-learn's histogram gradient boosting, stopped by the validation rows.

    Tables of more than 32 columns enter as their 32 first principal components over the training rows' entities: trees
    on thousands of columns cost gigabytes, and on GDSC1 more components (128) score lower and take five times as long.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    dataset, split = problem.data()
    reduced = Dataset(
        {name: _components(dataset, table, split.train, seed) for name, table in dataset.tables.items()},
        dataset.index,
        dataset.target,
    )
    kind = HistGradientBoostingRegressor if problem.task is Task.REGRESSION else HistGradientBoostingClassifier
    model = kind(max_iter=_MOST_TREES, max_leaf_nodes=63, early_stopping=True, n_iter_no_change=15, random_state=seed)
    model.fit(
        _matrix(reduced, split.train),
        dataset.target[split.train],
        X_val=_matrix(reduced, split.validation),
        y_val=dataset.target[split.validation],
    )
    if problem.task is Task.REGRESSION:
        return lambda rows: np.asarray(model.predict(_matrix(reduced, rows)))
    return _probabilities(model, _matrix(reduced, np.arange(dataset.rows)), problem.outputs)


def _components(dataset: Dataset, table: Table, rows: np.ndarray, seed: int) -> Table:
    """Return the table, or its first principal components where it is wide."""
    from sklearn.decomposition import PCA

    flat = np.asarray(table.features).reshape(len(table.features), -1)
    seen = np.unique(_entities(dataset, table, rows))
    count = min(_COMPONENTS, len(seen) - 1)
    if flat.shape[1] <= _COMPONENTS or count < 1:
        return Table(flat, table.key)
    model = PCA(count, svd_solver="randomized", random_state=seed).fit(flat[seen])
    return Table(model.transform(flat).astype(np.float32), table.key)


def _matrix(dataset: Dataset, rows: np.ndarray) -> np.ndarray:
    """Return the expanded features of rows side by side, float32 (rows, all widths)."""
    return np.concatenate([dataset.expanded(name, rows).reshape(len(rows), -1) for name in dataset.tables], axis=1)


def _probabilities(model: "object", features: np.ndarray, classes: int) -> Predictor:
    """Return class probabilities with a column for each class, also for those training did not show."""

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


#: kind -> what fits it
BASELINES: Mapping[str, Callable[[Problem, int], Predictor]] = {"mean": mean, "linear": linear, "boosting": boosting}
