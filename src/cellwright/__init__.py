"""Designs deep networks for scientific data."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cellwright import problems
    from cellwright.api import resume, search
    from cellwright.comparison import compare
    from cellwright.problem import Problem
    from cellwright.runs import Run
    from cellwright.space import Choice, Float, Integer, Sketch, Space

__all__ = ["Choice", "Float", "Integer", "Problem", "Run", "Sketch", "Space", "compare", "problems", "resume", "search"]
__version__ = "0.1.0"

_HOME = {
    "Choice": "cellwright.space",
    "Float": "cellwright.space",
    "Integer": "cellwright.space",
    "Problem": "cellwright.problem",
    "Run": "cellwright.runs",
    "Sketch": "cellwright.space",
    "Space": "cellwright.space",
    "compare": "cellwright.comparison",
    "resume": "cellwright.api",
    "search": "cellwright.api",
}


def __dir__() -> list[str]:
    return [*__all__, "__version__"]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: torch and pandas are not loaded before they are needed."""
    if name == "problems":
        return import_module("cellwright.problems")
    if name not in _HOME:
        raise AttributeError(f"module 'cellwright' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
