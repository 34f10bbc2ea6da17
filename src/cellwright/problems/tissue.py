"""Tissue: from which tissue a cancer cell line came, from the expression of 6,163 genes: NT3's kind of problem."""

from collections.abc import Mapping
from pathlib import Path

from cellwright.data import tissue
from cellwright.errors import UsageError
from cellwright.metrics import Task
from cellwright.problem import Problem
from cellwright.problems import nt3
from cellwright.problems.built_in import Asked, BuiltIn
from cellwright.space import Shape

__all__ = ["TISSUE"]

PUBLISHED_INPUTS: Mapping[str, Shape] = {"expression": (6163,)}
_CLASSES = 19


def load(folder: Path, asked: Asked) -> Problem:
    """Prepare the cell lines of GDSC that have a tissue of origin."""
    if asked.target not in (None, "tissue"):
        raise UsageError(f"tissue has no target {asked.target!r}; known: tissue")
    return nt3.prepared_matrix(folder, "tissue", tissue.load(asked.fetched), asked, "tissue of origin")


TISSUE = BuiltIn(
    name="tissue",
    task=Task.CLASSIFICATION,
    metric="accuracy",
    title="tissue of origin of cancer cell lines, from gene expression (GDSC)",
    published=PUBLISHED_INPUTS,
    outputs=_CLASSES,
    manual=nt3.manual,
    spaces={"nt3": nt3.better, "nt3-small": nt3.small},
    load=load,
    source="tissue",
    starts=nt3.STARTS,
)
