"""A Gaussian process of scores over points, with a relevance for each decision.

Sources: Rasmussen and Williams, Gaussian Processes for Machine Learning (2006), chapters 4 and 5: a Matern 5/2 kernel,
automatic relevance determination, the hyperparameters of the greatest posterior density. Options without an order are
equal or not (Hamming distance), as in CoCaBO (Ru et al., ICML 2020).
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.spatial.distance import cdist
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import (
    ConstantKernel,
    Hyperparameter,
    Kernel,
    NormalizedKernelMixin,
    StationaryKernelMixin,
    WhiteKernel,
)
from threadpoolctl import ThreadpoolController

__all__ = ["Gaussian"]

# what is expected before there are data, of scores with variance 1; of logarithms these are the means and deviations
_AMPLITUDE, _RELEVANCE, _NOISE = 1.0, 2.0, 0.05  # variances; the relevance is that of all blocks together
_DOUBT = 1.0, 1.5, 1.5
_FARTHEST = 3.0  # deviations that they may be from what is expected
_BOUNDS = 1e-9, 1e9  # out of the way: scikit-learn warns of what is at a bound
_STEPS = 20  # of the optimiser
_TINY = 1e-8


class Relevance(StationaryKernelMixin, NormalizedKernelMixin, Kernel):  # type: ignore[misc]  # of an untyped library
    """Matern 5/2 of a distance to which each block of columns adds in proportion to its relevance.

    Args:
        blocks: the columns of each block.
        relevance: inverse squared length scales, (blocks,).
    """

    def __init__(self, blocks: Sequence[slice], relevance: np.ndarray) -> None:
        self.blocks = blocks
        self.relevance = relevance

    @property
    def hyperparameter_relevance(self) -> Any:
        """The relevances, as scikit-learn wants them described."""
        return Hyperparameter("relevance", "numeric", _BOUNDS, len(self.blocks))

    def __call__(self, left: np.ndarray, right: np.ndarray | None = None, eval_gradient: bool = False) -> Any:
        """Return the kernel (rows, others), and its gradient by the logarithms of relevances (rows, others, blocks)."""
        right = left if right is None else right
        relevance = np.atleast_1d(self.relevance)  # scikit-learn makes a number of one
        scales = np.sqrt(5 * np.repeat(relevance, [block.stop - block.start for block in self.blocks]))
        distance = cdist(left * scales, right * scales)
        decay = np.exp(-distance)
        kernel = (1 + distance + distance**2 / 3) * decay
        if not eval_gradient:
            return kernel
        apart = np.stack([cdist(left[:, block], right[:, block], "sqeuclidean") for block in self.blocks], axis=-1)
        return kernel, -5 / 6 * ((1 + distance) * decay)[:, :, None] * relevance * apart


class Gaussian:
    """A Gaussian process that has learnt scores, (rows,), of an `Encoding`'s rows, (rows, columns).

    Args:
        blocks: the columns of each decision; several are the options of one.
        like: another process over the same space, whose kernel serves; None: the likeliest is found, which takes most
            of the time.

    Attributes:
        span: what columns are divided by, (columns,): the unit of the kernel.
        kernel: with its hyperparameters.
    """

    def __init__(
        self, rows: np.ndarray, scores: np.ndarray, blocks: Sequence[slice], like: "Gaussian | None" = None
    ) -> None:
        self._blocks = blocks
        places = _places(rows, blocks)
        self.span: np.ndarray = like.span if like else np.maximum(1.0, np.ptp(places, axis=0))
        self._mean = float(scores.mean())
        first = ConstantKernel(_AMPLITUDE, _BOUNDS) * Relevance(
            tuple(blocks), np.full(len(blocks), _RELEVANCE / len(blocks))
        ) + WhiteKernel(_NOISE, _BOUNDS)
        self._process = GaussianProcessRegressor(
            like.kernel if like else first, alpha=_TINY, optimizer=None if like else _likeliest
        )
        with _one_thread():
            self._process.fit(places / self.span, scores - self._mean)
        self.kernel: Any = self._process.kernel_

    def __call__(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return what it expects of rows, and how unsure it is: mean and deviation, each (rows,); without noise."""
        with _one_thread():
            mean, deviation = self._process.predict(_places(rows, self._blocks) / self.span, return_std=True)
        return self._mean + mean, np.sqrt(np.maximum(deviation**2 - self.kernel.k2.noise_level, _TINY))


@cache
def _threads() -> ThreadpoolController:
    """Return what limits threads; finding the libraries that have any takes longer than a prediction."""
    return ThreadpoolController()


def _one_thread() -> Any:
    """Return a context in which linear algebra has one thread: matrices are small, and cores belong to the workers."""
    return _threads().limit(limits=1)


def _places(rows: np.ndarray, blocks: Sequence[slice]) -> np.ndarray:
    """Return rows whose squared distances are at most about 1 between values of a decision.

    What is switched off is none of the options; of numbers it is in the middle, as far from either end.
    """
    result = np.where(rows < 0, 0.5, rows.astype(np.float64))
    for block in blocks:
        if block.stop - block.start > 1:
            result[:, block] = np.sqrt(0.5) * np.maximum(rows[:, block], 0.0)
    return result


def _likeliest(
    density: Callable[..., tuple[float, np.ndarray]], expected: np.ndarray, **_: np.ndarray
) -> tuple[np.ndarray, float]:
    """Return the hyperparameters of the greatest posterior density, and its negative logarithm."""
    doubt = np.full(len(expected), _DOUBT[1])
    doubt[0], doubt[-1] = _DOUBT[0], _DOUBT[2]

    def posterior(theta: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = density(theta, eval_gradient=True)
        off = (theta - expected) / doubt
        return value + 0.5 * float(off @ off), gradient + off / doubt

    bounds = np.stack([expected - _FARTHEST * doubt, expected + _FARTHEST * doubt], axis=1)
    found = minimize(posterior, expected, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": _STEPS})
    return found.x, float(found.fun)
