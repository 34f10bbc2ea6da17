"""What a user says of tables of their own, beside where they are."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cellwright.errors import UsageError

__all__ = ["TableOptions"]


@dataclass(frozen=True, slots=True)
class TableOptions:
    """How tables of the user's own are read; what is left out is guessed, and the guess is said.

    Attributes:
        columns: role -> column, such as value -> "LN_IC50".
        exclude: columns that are no features.
        group: the column whose equal values stay on one side of the split, such as the patient; never a feature.
        test: the column that says which rows are test rows, or names of the samples (cell lines) that are.
        drop_missing_targets: leave rows without a target out.
        min_class: classes of fewer rows are left out; 1: none is.
    """

    columns: Mapping[str, str] = field(default_factory=dict, hash=False)
    exclude: tuple[str, ...] = ()
    group: str | None = None
    test: str | tuple[str, ...] | None = None
    drop_missing_targets: bool = False
    min_class: int = 1

    def __post_init__(self) -> None:
        if self.min_class < 1:
            raise UsageError(f"the rows that a class needs must be at least 1, not {self.min_class!r}")

    @property
    def named(self) -> dict[str, str]:
        """Columns that somebody has named, by what they are for."""
        extra = {"group": self.group} if self.group is not None else {}
        if isinstance(self.test, str):
            extra["test"] = self.test
        return {**self.columns, **extra}
