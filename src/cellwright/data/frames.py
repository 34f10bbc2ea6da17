"""What readers of data files hand over: measurements, and the features of what they name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Frames"]


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """Measurements and the features of what they name, read and joined but not yet scaled.

    Attributes:
        responses: one row a measurement; a column for each key that features are read by (cell, and drug or drug_1 and
            drug_2), perhaps dose (-log10 of mol/l), perhaps given (0 training, 1 test, as the files say), and value
            (the target: float, or a string label for classes).
        features: by input name (kind of entity, table): the kind is what a key names ("cell", "drug"; "row" for an
            expression matrix whose entity i is row i); the table is indexed by entity id, float columns, NaN where
            missing.
        notes: what was guessed, dropped and joined, in sentences for people.
    """

    responses: "pd.DataFrame"
    features: Mapping[str, tuple[str, "pd.DataFrame"]]
    notes: tuple[str, ...] = ()
