"""Measurements as data frames, and how they become a data set."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from cellwright.data.dataset import GIVEN, Dataset, Table
from cellwright.data.words import few
from cellwright.errors import DataError
from cellwright.space.naming import identity_of, twins

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DOSE", "MOST_EXACT", "ROW", "Frames", "are_exact", "dataset_of", "keys_of"]

#: the kind of a table whose entity i is row i
ROW = "row"
DOSE = "dose"
_PLACES = ("joined", "trunk", "flatten", "output", "residual")  # of hand-designed networks and of spaces
#: below this a float holds every whole number exactly
MOST_EXACT = 2**53
_MOST_IDENTITIES = 2000  # a table of them has as many columns as rows


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """Measurements and the features of what they name, read and joined but not yet scaled.

    Attributes:
        responses: one row a measurement; a column for each key that features are read by (cell, and drug or drug_1 and
            drug_2), perhaps dose (-log10 of mol/l), perhaps given (0 training, 1 test, 2 validation, as the files say),
            perhaps group (text; rows of equal groups stay on one side of a split), and value (the target: float, or a
            string label for classes).
        features: by input name (kind of entity, table): the kind is what a key names ("cell", "drug"; "row" for an
            expression matrix whose entity i is row i); the table is indexed by entity id, float columns, NaN where
            missing.
        notes: what was guessed, dropped and joined, in sentences for people.
        dense: by input name, columns of the responses that are an input of their own; dose is one without being named.
        group: what the user calls the column group; "" where there is none.
        target: what the value is, in words; "" where that is not known.
    """

    responses: "pd.DataFrame"
    features: Mapping[str, tuple[str, "pd.DataFrame"]]
    notes: tuple[str, ...] = ()
    dense: Mapping[str, Sequence[str]] = field(default_factory=dict)
    group: str = ""
    target: str = ""


def are_exact(numbers: "pd.Series") -> bool:
    """Return whether real numbers are whole, NaN aside, and small enough for a float to hold each exactly."""
    there = numbers.dropna()
    return bool((there % 1 == 0).all() and (there.abs() < MOST_EXACT).all())


def keys_of(kind: str, columns: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that name entities of a kind: `drug`, or `drug_1` and `drug_2`."""
    twins = (f"{kind}_1", f"{kind}_2")
    return twins if all(twin in columns for twin in twins) else (kind,)


def dataset_of(frames: Frames) -> tuple[Dataset, tuple[str, ...]]:
    """Return the data set and the labels of its classes, sorted; no labels where the target is a number.

    Where a kind has two keys (both drugs of a pair), its tables are put side by side into one that both read, under the
    names of the keys; otherwise an input bears the name of its table. Doses are an input of their own, and so is which
    entity a row names ("id:drug"), of which a network may learn what the features do not tell.

    Raises:
        DataError: a row names an entity without features.
    """
    import pandas as pd

    responses = frames.responses
    columns = list(responses.columns)
    tables: dict[str, Table] = {}
    index: dict[str, np.ndarray] = {}
    kinds: dict[str, str] = {}
    dense = {DOSE: [DOSE], **frames.dense} if DOSE in columns else frames.dense
    for name, parts in dense.items():
        tables[name] = Table(responses[list(parts)].to_numpy(np.float32))
    for kind in dict.fromkeys(kind for kind, _ in frames.features.values()):
        named = {name: table for name, (of, table) in frames.features.items() if of == kind}
        if kind == ROW:
            tables |= {name: Table(table.to_numpy(np.float32)) for name, table in named.items()}
            continue
        keys = keys_of(kind, columns)
        known = _entities(named, [responses[key] for key in keys], kind)
        arrays = {name: table.loc[known].to_numpy(np.float32) for name, table in named.items()}
        for key in keys:
            index[key] = known.get_indexer(pd.Index(responses[key]))
        if len(keys) > 1:
            both = np.concatenate(list(arrays.values()), axis=1)
            kinds |= dict.fromkeys(keys, kind)
            tables |= {key: Table(both, key) for key in keys}
        else:
            tables |= {name: Table(array, keys[0]) for name, array in arrays.items()}
        if len(known) <= _MOST_IDENTITIES:
            one_each = np.eye(len(known), dtype=np.float32)
            tables |= {identity_of(key): Table(one_each, key) for key in keys}
    target, classes = _target(responses["value"])
    given = responses[GIVEN].to_numpy(np.int8) if GIVEN in columns else None
    group = np.unique(responses["group"].astype(str), return_inverse=True)[1].reshape(-1) if frames.group else None
    _check_names(tables, kinds)
    dataset = Dataset(tables, index, target, kinds, given, group=group, group_name=frames.group)
    return replace(dataset, alike=_alike(dataset)), classes


def _check_names(tables: Mapping[str, Table], kinds: Mapping[str, str]) -> None:
    """Raise DataError where the name of an input means something else."""
    for name in tables:
        if name in _PLACES:
            raise DataError(f"an input cannot be called {name!r}, as a part of networks is; rename it")
    for first, second in twins({name: table.shape for name, table in tables.items()}).items():
        keys = [tables[name].key for name in (first, second)]
        kind, other = (kinds.get(key or "") for key in keys)
        if keys[0] == keys[1] or kind is None or kind != other:
            names = first.removeprefix(identity_of("")), second.removeprefix(identity_of(""))
            raise DataError(
                f"{names[0]!r} and {names[1]!r} would be taken for both of a pair; rename one, or, where their order "
                f"means nothing, give both as one input: {{{names[0][:-2]!r}: ((first column, second column), table)}}"
            )


def _alike(dataset: Dataset) -> np.ndarray | None:
    """Return a number for what each row measures, (rows,), a pair in any order; None where no two measure one thing."""
    read = [np.sort(dataset.groups(kind), axis=1) for kind in dataset.members]
    read += [_numbered(table.features)[:, None] for table in dataset.tables.values() if table.key is None]
    different, alike = np.unique(np.concatenate(read, axis=1), axis=0, return_inverse=True)
    return None if len(different) == dataset.rows else alike.reshape(-1)


def _numbered(features: np.ndarray) -> np.ndarray:
    """Return a number for each row, (rows,), the same for rows that are equal, NaN included."""
    wide = np.ascontiguousarray(features).reshape(len(features), -1)
    whole = wide.view(np.dtype((np.void, wide.shape[1] * wide.itemsize))).reshape(-1)
    return np.unique(whole, return_inverse=True)[1].reshape(-1)


def _entities(tables: Mapping[str, "pd.DataFrame"], columns: "list[pd.Series[str]]", kind: str) -> "pd.Index[str]":
    """Return the entities that rows name, sorted; each has features in every table."""
    import pandas as pd

    named: pd.Index[str] = pd.Index(np.sort(pd.concat(columns).unique()))
    for name, table in tables.items():
        missing = named.difference(table.index)
        if len(missing):
            raise DataError(f"rows name {len(missing)} {kind}(s) without {name}: {few(missing)}")
        if table.index.has_duplicates:
            twice = table.index[table.index.duplicated()]
            raise DataError(f"{name} has a {kind} twice: {few(twice)}; keep one row of each")
    return named


def _target(values: "pd.Series[float] | pd.Series[str]") -> tuple[np.ndarray, tuple[str, ...]]:
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    if is_numeric_dtype(values) and not is_bool_dtype(values):
        return values.to_numpy(np.float32), ()
    labels, codes = np.unique(values.astype(str).to_numpy(dtype=str), return_inverse=True)
    return codes.reshape(-1).astype(np.int64), tuple(str(label) for label in labels)
