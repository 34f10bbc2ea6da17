"""Measurements as data frames, and how they become a data set."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import numpy as np

from cellwright.data.dataset import Dataset, Table
from cellwright.errors import DataError
from cellwright.space.naming import identity_of, twins

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MOST_EXACT", "ROW", "Features", "Frames", "are_exact", "dataset_of", "few", "frames_of", "keys_of"]

#: the kind of a table whose entity i is row i
ROW = "row"
_DOSE = "dose"
_RESERVED = ("value", _DOSE, "given", ROW, "pair", "auto")  # these mean something else here
_PLACES = ("joined", "trunk", "flatten", "output", "residual")  # of networks made by hand and of spaces
#: below this a float holds every whole number exactly
MOST_EXACT = 2**53
_FEW_VALUES = 10  # whole numbers that may be classes
_STEPS = 1000  # of single precision, that a column's values should span at least
_MOST_IDENTITIES = 2000  # a table of them has as many columns as rows


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """Measurements and the features of what they name, read and joined but not yet scaled.

    Attributes:
        responses: one row a measurement; a column for each key that features are read by (cell, and drug or drug_1 and
            drug_2), perhaps dose (-log10 of mol/l), perhaps given (0 training, 1 test, as the files say), perhaps group
            (text; rows of equal groups stay on one side of a split), and value (the target: float, or a string label
            for classes).
        features: by input name (kind of entity, table): the kind is what a key names ("cell", "drug"; "row" for an
            expression matrix whose entity i is row i); the table is indexed by entity id, float columns, NaN where
            missing.
        notes: what was guessed, dropped and joined, in sentences for people.
        dense: by input name, columns of the responses that are an input of their own; dose is one without being named.
        group: what the user calls the column group; "" where there is none.
        target: what the user calls the column value; "" where it is not known.
    """

    responses: "pd.DataFrame"
    features: Mapping[str, tuple[str, "pd.DataFrame"]]
    notes: tuple[str, ...] = ()
    dense: Mapping[str, Sequence[str]] = field(default_factory=dict)
    group: str = ""
    target: str = ""


Features = Mapping[str, "Sequence[str] | tuple[str | Sequence[str], pd.DataFrame]"]
"""What `frames_of` takes: by input name, columns of the responses, or the key column(s) and the table they read."""


def frames_of(responses: "pd.DataFrame", target: str, features: Features, *, classes: bool = False) -> Frames:
    """Return a user's own frames under the names used here.

    Args:
        responses: one row an observation.
        target: the column to predict.
        features: by input name, a list of columns of `responses`; or a key column and the table it reads, indexed by
            what the column names; or two key columns for both of a pair, whose order then has no meaning of its own.
            Columns do not change places with a pair: what belongs to one of the two, such as its dose, belongs into
            the table, with a key for each drug at each dose.
        classes: numbers in the target are labels.

    Raises:
        DataError: a column is missing or holds no numbers.
    """
    import pandas as pd

    if not isinstance(responses, pd.DataFrame):
        raise DataError(f"the responses are a data frame, one row an observation, not {type(responses).__name__}")
    if not isinstance(features, Mapping):
        raise DataError(f"features are {{input name: columns, or (key column, table)}}, not {features!r}")
    if not len(responses):
        raise DataError("the responses have no row")
    for name in features:
        if not isinstance(name, str):
            raise DataError(f"the name of an input is text, not {name!r}")
    values = _checked_target(_found(responses, target), target, classes=classes)
    notes: tuple[str, ...] = ()
    if not classes and pd.api.types.is_integer_dtype(values) and values.nunique() <= _FEW_VALUES:
        few_values = f"{target!r} holds {values.nunique()} whole numbers, taken for quantities"
        notes = (f"{few_values}; task='classification' takes them for classes",)
    rows: dict[str, pd.Series] = {"value": _ids(values) if classes else values}
    origins: dict[str, Any] = {}
    tables: dict[str, tuple[str, pd.DataFrame]] = {}
    dense: dict[str, list[str]] = {}
    pairs: dict[str, Sequence[str]] = {}
    for name, what in features.items():
        if isinstance(what, tuple) and len(what) == 2 and isinstance(what[1], pd.DataFrame):
            keys, table = what
            pair = isinstance(keys, tuple | list)
            if pair and len(keys) != 2:
                raise DataError(f"input {name!r} has {len(keys)} key columns; it can have one, or two for a pair")
            if pair:
                pairs[name] = keys
            kind = name if pair else str(keys)
            names = [f"{kind}_{number}" for number in (1, 2)] if pair else [kind]
            if kind in _RESERVED:
                named = "input" if pair else "column"
                raise DataError(f"what rows refer to cannot be called {kind!r} here; rename the {named}")
            for key, column in zip(names, keys if pair else [keys], strict=True):
                _check_same(origins, key, column)
                rows[key] = _ids(_found(responses, column))
            index = pd.Index(_ids(table.index.to_series()))
            tables[name] = (kind, pd.DataFrame(_numbers(table, name), index=index, columns=list(table.columns)))
        else:
            if isinstance(what, str) or not isinstance(what, Sequence):
                raise DataError(
                    f"input {name!r} is a list of columns, or (key column, table), not {type(what).__name__}"
                )
            if target in what:
                raise DataError(f"input {name!r} has the column {target!r}, which is to be predicted; leave it out")
            dense[name] = [f"{name}.{column}" for column in what]
            for within, given in zip(dense[name], what, strict=True):
                _check_same(origins, within, given)
            part = _numbers(responses[[_column(responses, column).name for column in what]], name)
            rows |= {column: pd.Series(part[:, place]) for place, column in enumerate(dense[name])}
    for pair_name, keys in pairs.items():
        for name, columns in dense.items():
            _check_sides(pair_name, keys, name, [column.removeprefix(f"{name}.") for column in columns])
        for name in features:
            shared = name in tables and name != pair_name and tables[name][0] == pair_name
            if shared or name in (f"{pair_name}_1", f"{pair_name}_2"):
                raise DataError(f"input {name!r} would be taken for part of the pair {pair_name!r}; rename one of them")
    frame = pd.DataFrame({name: column.reset_index(drop=True) for name, column in rows.items()})
    return Frames(frame, tables, notes, dense)


def _checked_target(values: "pd.Series", name: str, *, classes: bool) -> "pd.Series":
    """Return a target, unless it cannot be what it looks like."""
    import pandas as pd

    if pd.api.types.is_complex_dtype(values):
        raise DataError(f"target {name!r} holds complex numbers; give their parts as targets of their own")
    if not classes and not pd.api.types.is_numeric_dtype(values) and values.nunique() > _FEW_VALUES:
        numbers = pd.to_numeric(values.astype(str), errors="coerce")
        if numbers.notna().all() and not are_exact(numbers):  # whole ones may be names of classes
            raise DataError(
                f"target {name!r} holds numbers as text or objects: convert it with pandas.to_numeric, or say "
                "task='classification'"
            )
    if not classes and pd.api.types.is_float_dtype(values):
        held = values.to_numpy(np.float64)
        if np.isfinite(held).all() and _is_cut(held[:, None])[0]:
            raise DataError(
                f"target {name!r} varies too little around {np.median(held):g} for single precision: subtract that"
            )
    return values


def _is_cut(values: np.ndarray) -> np.ndarray:
    """Return which columns vary by little more than single precision tells apart at their size, bool (columns,).

    Shape: values, float64 (rows, columns), NaN where missing.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # what is beyond single precision is told elsewhere
        step = np.spacing(np.nanmax(np.abs(values), axis=0, initial=0.0).astype(np.float32))
        spread = np.nanmax(values, axis=0, initial=-np.inf) - np.nanmin(values, axis=0, initial=np.inf)
        cut: np.ndarray = (spread > 0) & (spread < _STEPS * step)
    return cut


def _check_same(origins: dict[str, Any], name: str, column: Any) -> None:
    """Raise DataError if what is called `name` here has come from another column already."""
    if origins.setdefault(name, column) != column:
        raise DataError(
            f"columns {origins[name]!r} and {column!r} would both be called {name!r} here; rename an input, or a column"
        )


def _check_sides(pair: str, keys: Sequence[str], name: str, columns: Sequence[str]) -> None:
    """Refuse columns one of which seems to belong to each of a pair, whose members change places without them.

    They are two, and differ as the pair's key columns do: dose_a and dose_b beside drug_a and drug_b.
    """
    first, second = map(str, keys)
    start = _alike_so_far(first, second)
    end = _alike_so_far(first[start:][::-1], second[start:][::-1])
    one, other = first[start : len(first) - end], second[start : len(second) - end]
    known = set(columns)
    for column in columns:
        for place in [match.start() for match in re.finditer(re.escape(one), column)] if one else [len(column)]:
            before, after = column[:place], column[place + len(one) :]
            twin = f"{before}{other}{after}"
            if twin not in known:
                continue
            form = re.compile(f"{re.escape(before)}.{{0,{max(len(one), len(other))}}}{re.escape(after)}", re.DOTALL)
            if {each for each in columns if form.fullmatch(each)} == {column, twin}:
                raise DataError(
                    f"columns {column!r} and {twin!r} of input {name!r} seem to belong to one each of the pair "
                    f"{pair!r}, which may come in either order: put them into the pair's table, under keys "
                    "such as a drug at a dose; or, if they belong to the row, rename them"
                )


def _alike_so_far(first: str, second: str) -> int:
    """Return how many characters both begin with."""
    return sum(1 for _ in takewhile(lambda two: two[0] == two[1], zip(first, second, strict=False)))


def _ids(names: "pd.Series") -> "pd.Series[str]":
    """Return identifiers as text, whole numbers without a decimal point."""
    import pandas as pd

    if pd.api.types.is_float_dtype(names) and names.notna().all() and are_exact(names):
        names = names.astype("int64")
    return names.astype(str)


def are_exact(numbers: "pd.Series") -> bool:
    """Return whether real numbers are whole, NaN aside, and small enough for a float to hold each exactly."""
    there = numbers.dropna()
    return bool((there % 1 == 0).all() and (there.abs() < MOST_EXACT).all())


def _column(responses: "pd.DataFrame", column: object) -> "pd.Series":
    if column not in responses.columns:
        raise DataError(f"the responses have no column {column!r}; they have {few(list(responses.columns), 12)}")
    times = int((responses.columns == column).sum())
    if times > 1:
        raise DataError(f"the responses have {times} columns {column!r}; rename all but one")
    found: pd.Series = responses[column]
    return found


def _found(responses: "pd.DataFrame", column: object) -> "pd.Series":
    """Return a column of which no cell may be empty: a target, or what names an entity."""
    found = _column(responses, column)
    empty = np.flatnonzero(found.isna())
    if len(empty):
        raise DataError(
            f"column {column!r} is empty in {len(empty):,} rows, the first is row {empty[0]}; leave them out"
        )
    return found


def _numbers(table: "pd.DataFrame", name: str) -> np.ndarray:
    text = [str(column) for column, kind in table.dtypes.items() if kind.kind not in "fiub"]
    if text:
        raise DataError(
            f"input {name!r} takes numbers, and {few(text)} hold other things; encode them, or leave them out"
        )
    exact = table.to_numpy(np.float64, na_value=np.nan, copy=True)
    cut = _is_cut(exact)
    if cut.any():  # such as seconds since 1970; scaling takes off their mean in any case
        exact[:, cut] -= np.nanmedian(exact[:, cut], axis=0)
    with np.errstate(over="ignore"):  # told below
        numbers: np.ndarray = exact.astype(np.float32)
    infinite = np.argwhere(np.isinf(numbers))
    if len(infinite):
        row, place = infinite[0]
        raise DataError(
            f"input {name!r}: column {str(table.columns[place])!r} is infinite, or beyond 3.4e38, in row "
            f"{table.index[row]!r}; give NaN for what is missing"
        )
    return numbers


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
    dense = {_DOSE: [_DOSE], **frames.dense} if _DOSE in columns else frames.dense
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
    given = responses["given"].to_numpy(bool) if "given" in columns else None
    _check_names(tables, kinds)
    dataset = Dataset(tables, index, target, kinds, given)
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


def few(names: "Sequence[str] | pd.Index[str]", most: int = 4) -> str:
    """Return the first names in words, and how many more there are."""
    shown = ", ".join(repr(str(name)) for name in list(names)[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most:,} more"
