"""What a reader returns: the fields of a table and the names of its columns, as they stand in the file."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Table"]


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A table as a reader found it.

    Attributes:
        frame: columns are numbered from 0.
        names: of the columns; "" where the file has none.
        notes: what was guessed.
        origin: says where in the file a row of the frame stands ("line 9"; "" if unknown).
        decimal_commas: whether a number may be written "1,5".
    """

    frame: "pd.DataFrame"
    names: tuple[str, ...]
    notes: tuple[str, ...] = ()
    origin: Callable[[int], str] | None = None
    decimal_commas: bool = False
