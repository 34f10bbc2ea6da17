"""Rows of data in factored form: tables of entities, and for each row which entity it reads.

A row of a drug-response set names a cell line and a drug; their features stand once in tables of some hundred
entities, not once a row. A dense input is the special case of one entity a row.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from cellwright.errors import DataError

__all__ = ["GIVEN", "RESERVED", "TEST", "VALIDATION", "Dataset", "Table"]

#: in a column of given parts; 0 trains
TEST, VALIDATION = 1, 2
GIVEN = "given"
#: what a split can be by in any data, and what stands for no split in particular
RESERVED = ("", "row", "pair", GIVEN, "auto")


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """The features of one input.

    Attributes:
        features: float32 (entities, *shape); NaN marks what is missing.
        key: the index column that says which entity a row reads; None: entity i belongs to row i (a dense input).
            Inputs of several keys may hold one array: both drugs of a pair read the table of drugs.
    """

    features: np.ndarray
    key: str | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one entity."""
        return tuple(self.features.shape[1:])


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """Named inputs and a target, row by row.

    Attributes:
        tables: by input name.
        index: for each key the entity a row reads, integers (rows,).
        target: (rows,) float32 for regression, int64 class codes for classification.
        kinds: what a key names, where several keys name the same: drug_1 and drug_2 both name a "drug".
        given: what rows are for where whoever made the data has decided it, integers (rows,): 0 training, 1 test,
            2 validation.
        alike: a number for each row, integers (rows,), the same for rows that measure one thing; None: all are others.
        group: a number for each row, integers (rows,), the same for rows that belong together, such as those of one
            patient; no input.
        group_name: what the user calls that; "" where there is none.
    """

    tables: Mapping[str, Table]
    index: Mapping[str, np.ndarray]
    target: np.ndarray
    kinds: Mapping[str, str] = field(default_factory=dict)
    given: np.ndarray | None = None
    alike: np.ndarray | None = None
    group: np.ndarray | None = None
    group_name: str = ""

    def __post_init__(self) -> None:
        if not self.tables:
            raise DataError("a data set needs at least one input")
        self._check_group()
        for key, column in self.index.items():
            if column.shape != (self.rows,):
                raise DataError(f"index column {key!r} has {len(column)} entries for {self.rows} rows")
        unknown = sorted(set(self.kinds) - set(self.index))
        if unknown:
            raise DataError(f"a kind is given for {unknown[0]!r}; there are the index columns {sorted(self.index)}")
        for name, table in self.tables.items():
            entities = len(table.features)
            if table.features.ndim < 2 or table.features.shape[1] < 1:
                raise DataError(f"input {name!r} needs features (entities, width), not shape {table.features.shape}")
            if table.key is None and entities != self.rows:
                raise DataError(f"input {name!r} has {entities} rows, the target {self.rows}")
            if table.key is not None:
                self._check_index(name, table.key, entities)
        for kind, keys in self.members.items():
            sizes = {len(table.features) for table in self.tables.values() if table.key in keys}
            if len(sizes) > 1:
                raise DataError(f"inputs of the {kind}s have {sorted(sizes)} entities; all need the same, in one order")

    def _check_group(self) -> None:
        for column, named in ((self.group, "the group"), (self.given, "the given split")):
            if column is not None and column.shape != (self.rows,):
                raise DataError(f"{named} has {len(column)} entries for {self.rows} rows")
        if self.group is None:
            return
        name = self.group_name
        if name in RESERVED or (name in self.members and not self._is_group(self.members[name])):
            raise DataError(f"a group cannot be called {name!r}, which means something else here; rename its column")

    def _is_group(self, keys: tuple[str, ...]) -> bool:
        """Return whether rows of equal groups are those that read one entity."""
        if len(keys) > 1:
            return False
        both = np.stack([np.asarray(self.group, np.int64), np.asarray(self.index[keys[0]], np.int64)], axis=1)
        return len(np.unique(both, axis=0)) == len(np.unique(both[:, 0])) == len(np.unique(both[:, 1]))

    def _check_index(self, name: str, key: str, entities: int) -> None:
        if key not in self.index:
            raise DataError(f"input {name!r} is read by {key!r}; there are the index columns {sorted(self.index)}")
        column = self.index[key]
        if len(column) and not 0 <= int(column.min()) <= int(column.max()) < entities:
            raise DataError(
                f"index column {key!r} runs from {column.min()} to {column.max()}; "
                f"input {name!r} has {entities} entities"
            )

    @property
    def rows(self) -> int:
        return len(self.target)

    @property
    def members(self) -> dict[str, tuple[str, ...]]:
        """The keys of each kind, sorted by kind."""
        found: dict[str, list[str]] = {}
        for key in sorted(self.index):
            found.setdefault(self.kinds.get(key, key), []).append(key)
        return {kind: tuple(keys) for kind, keys in sorted(found.items())}

    @property
    def groupings(self) -> tuple[str, ...]:
        """What rows can be held together by."""
        own = [self.group_name] if self.group is not None else []
        pair = ["pair"] if self.index else []
        given = [GIVEN] if self.names_test_rows else []
        return tuple(dict.fromkeys(["row", *pair, *self.members, *own, *given]))

    @property
    def names_test_rows(self) -> bool:
        """Whether whoever made the data has said which rows are for testing."""
        return self.given is not None and bool((self.given == TEST).any())

    def groups(self, by: str) -> np.ndarray:
        """Return the groups each row belongs to, int64 (rows, groups a row).

        Args:
            by: "row" (each its own, but for those that are alike); "pair": rows of the same two entities of one kind,
                in any order (both drugs), or, where no kind occurs twice, rows that agree in every index column (a
                dose-response curve); a kind; the name of the user's group.

        Raises:
            DataError: there is no such grouping.
        """
        members = self.members
        if by == "row":
            return (np.arange(self.rows) if self.alike is None else np.asarray(self.alike, np.int64))[:, None]
        if by == "pair" and self.index:
            twice = [keys for keys in members.values() if len(keys) > 1]
            columns = np.stack([self.index[key] for key in (twice[0] if twice else sorted(self.index))], axis=1)
            if twice:
                columns = np.sort(columns, axis=1)
            return np.unique(columns, axis=0, return_inverse=True)[1].reshape(-1, 1).astype(np.int64)
        if by in members:
            return np.stack([self.index[key] for key in members[by]], axis=1).astype(np.int64)
        if self.group is not None and by == self.group_name:
            return np.asarray(self.group, np.int64)[:, None]
        known = ", ".join(self.groupings)
        raise DataError(f"rows cannot be split by {by!r}; this data knows {known}")

    def expanded(self, name: str, rows: np.ndarray) -> np.ndarray:
        """Return the features of an input row by row, (rows, *shape)."""
        table = self.tables[name]
        return np.asarray(table.features[rows if table.key is None else self.index[table.key][rows]])
