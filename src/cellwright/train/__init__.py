"""Training, and the evaluators that a run submits."""

from cellwright.train.evaluate import Train, failure
from cellwright.train.fit import Diverged, Fitted, Recipe, fit, predict
from cellwright.train.isolated import Isolated
from cellwright.train.resident import Resident, pick_device

__all__ = ["Diverged", "Fitted", "Isolated", "Recipe", "Resident", "Train", "failure", "fit", "pick_device", "predict"]
