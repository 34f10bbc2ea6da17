"""A trained network, and what it says."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from cellwright.build import Members
from cellwright.metrics import Task, scores
from cellwright.train.resident import Resident

__all__ = ["Diverged", "Fitted"]

_MOST_ROWS, _MOST_NUMBERS = 8192, 2**28  # predicted at once; the numbers that a network computes on the way
_TIMED_ROWS, _TIMES = 2048, 3


class Diverged(ArithmeticError):
    """A loss or a prediction is not finite."""


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A trained network, of one member or of several, and how it came about.

    Attributes:
        resident: the data it can predict rows of.
        location: what its output is shifted by, in the target's unit; 0 for classes.
        scale: what its output is multiplied by before that; 1 for classes.
        history: validation score after each epoch, higher is better.
        curve: epochs trained, and the scores on validation rows after them; since training was taken up again.
        epochs: of which the weights are, counted from 1; a fraction where time ran out.
        seconds: spent on training steps.
        scores: on the validation rows; of a network that has learnt from them in the end, before it did.
    """

    network: Members
    resident: Resident
    task: Task
    location: float
    scale: float
    history: tuple[float, ...] = ()
    curve: tuple[tuple[float, Mapping[str, float]], ...] = ()
    epochs: float = 0.0
    seconds: float = 0.0
    scores: Mapping[str, float] = field(default_factory=dict)

    @torch.no_grad()
    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Return predictions in the target's unit (rows,), or class probabilities (rows, classes).

        Of a pair of drugs both orders are predicted, and their mean is the answer.

        Raises:
            Diverged: a prediction is not finite.
        """
        self.network.eval()
        parts = []
        for chunk in torch.split(torch.from_numpy(np.array(rows)).to(self.resident.device), self._at_once):
            orders = [None, torch.ones_like(chunk, dtype=torch.bool)] if self.resident.has_twins else [None]
            answers = [self._answer(self.network(self.resident.batch(chunk, swap))) for swap in orders]
            parts.append(torch.stack(answers).mean(dim=0))
        self.network.train()
        result: np.ndarray = torch.cat(parts).cpu().numpy()
        if not np.isfinite(result).all():
            raise Diverged("the network predicts numbers that are not finite")
        return result

    @property
    def _at_once(self) -> int:
        """Return how many rows are predicted at once: fewer with a network that computes much on the way."""
        numbers = sum(math.prod(vertex.shape) for vertex in self.network.architecture.vertices)
        return max(1, min(_MOST_ROWS, _MOST_NUMBERS // numbers))

    def _answer(self, output: Tensor) -> Tensor:
        """Return the mean of what members say of rows: (members, rows, units) -> (rows,), or probabilities."""
        if self.task is Task.REGRESSION:
            return output[..., 0].mean(dim=0) * self.scale + self.location
        return output.softmax(dim=-1).mean(dim=0)

    def microseconds(self, rows: np.ndarray) -> float:
        """Return the microseconds in which a row is predicted, among up to 2,048 at once: the least of three times."""
        few = rows[:_TIMED_ROWS]
        times = []
        for _ in range(_TIMES):
            started = time.perf_counter()
            self.predict(few)
            times.append(time.perf_counter() - started)
        return 1e6 * min(times) / len(few)

    def measured(self, target: np.ndarray, rows: np.ndarray) -> dict[str, float]:
        """Return the scores on `rows`."""
        return dict(scores(self.task, np.asarray(target[rows]), self.predict(rows)))
