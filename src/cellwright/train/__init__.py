"""Training, and the evaluators that a run submits."""

from cellwright.train.evaluate import Train
from cellwright.train.fit import Diverged, Fitted, Recipe, fit, predict
from cellwright.train.isolated import Isolated
from cellwright.train.resident import Resident

__all__ = ["Diverged", "Fitted", "Isolated", "Recipe", "Resident", "Train", "fit", "predict"]
