"""Training, and the evaluators that a run submits.

Names are imported when they are first used: a worker that trains nothing need not wait for torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cellwright.train.evaluate import Train
    from cellwright.train.isolated import Isolated
    from cellwright.train.recipe import Recipe
    from cellwright.train.resident import check_device

__all__ = ["Isolated", "Recipe", "Train", "check_device"]

_HOME = {"Isolated": "isolated", "Recipe": "recipe", "Train": "evaluate", "check_device": "resident"}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'cellwright.train' has no attribute {name!r}")
    return getattr(import_module(f"cellwright.train.{_HOME[name]}"), name)
