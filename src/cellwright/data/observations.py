"""A user's own data frames, under the names used here, checked where they come in."""

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cellwright.data.dataset import GIVEN, RESERVED
from cellwright.data.frames import DOSE, Frames, are_exact
from cellwright.data.given import given_rows, parts_of
from cellwright.data.precision import is_cut, notes_on_empty, numbers_of
from cellwright.data.sides import check_sides
from cellwright.data.words import few, is_name, kind_of
from cellwright.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Features", "frames_of"]

_RESERVED = ("value", DOSE, *RESERVED)  # these mean something else here
_FEW_VALUES = 10  # whole numbers that may be classes
_DATES = ("date", "datetime", "datetime64", "time", "timedelta", "timedelta64", "period")  # as pandas names them

Features = Mapping[str, "Sequence[str] | tuple[str | Sequence[str], pd.DataFrame]"]
"""What `frames_of` takes: by input name, columns of the responses, or the key column(s) and the table they read."""


def frames_of(
    responses: "pd.DataFrame",
    target: Hashable,
    features: Features,
    *,
    classes: bool = False,
    group: Hashable = None,
    split: str = "auto",
    test: Any = None,
    drop_missing_targets: bool = False,
    min_class: int = 1,
) -> Frames:
    """Return a user's own frames under the names used here.

    Args:
        responses: one row an observation.
        target: the column to predict.
        features: by input name, a list of columns of `responses`; or a key column and the table it reads, indexed by
            what the column names; or two key columns for both of a pair, whose order then has no meaning of its own.
            Columns do not change places with a pair: what belongs to one of the two, such as its dose, belongs into
            the table, with a key for each drug at each dose.
        classes: numbers in the target are labels.
        group: the column of which rows of equal values stay together.
        split: what rows are split by; a column that is no input is the group.
        test: the column that says which rows are test rows, or True or False of each row, or labels of test rows.
        drop_missing_targets: leave rows without a target out.
        min_class: leave classes of fewer rows out.

    Raises:
        DataError: a column is missing or holds no numbers.
    """
    import pandas as pd

    if not isinstance(responses, pd.DataFrame):
        raise DataError(f"the responses are a data frame, one row an observation, not {type(responses).__name__}")
    if not isinstance(features, Mapping):
        raise DataError(f"features are {{input name: columns, or (key column, table)}}, not {kind_of(features)}")
    if not len(responses):
        raise DataError("the responses have no row")
    _column(responses, target)
    by_column = isinstance(test, str) or (is_name(test) and test in responses.columns)
    part = None if test is None or by_column else given_rows(test, responses)
    used, notes = _used(responses, target, classes=classes, drop=drop_missing_targets, least=min_class)
    responses = responses[used]
    values = _checked_target(_found(responses, target, droppable=True), str(target), classes=classes)
    if not classes and pd.api.types.is_integer_dtype(values) and values.nunique() <= _FEW_VALUES:
        few_values = f"{str(target)!r} holds {values.nunique()} whole numbers, taken for quantities"
        notes += (f"{few_values}; task='classification' takes them for classes",)
    rows: dict[str, pd.Series] = {"value": _ids(values) if classes else values}
    tables, dense, origins = _inputs(responses, target, features, rows)
    if group is None and split not in (*RESERVED, *(kind for kind, _ in tables.values())):
        group = split if split in responses.columns and split not in origins.values() else None
    taken = {target, *(origins[within] for columns in dense.values() for within in columns)}
    for use, column in (("group", group), ("test", test if by_column else None)):
        if column is None:
            continue
        _column(responses, column)
        if column in taken:
            raise DataError(f"column {column!r} is the {use}, and so neither the target nor part of an input")
    if group is not None:
        if "group" in rows and rows["group"].tolist() != _ids(_found(responses, group)).tolist():
            raise DataError("beside a group, what rows refer to cannot be called 'group'; rename the column")
        rows["group"] = _ids(_found(responses, group))
    if by_column:
        rows[GIVEN] = pd.Series(parts_of(_column(responses, test), str(test)))
    elif part is not None:
        rows[GIVEN] = pd.Series(part[used])
    frame = pd.DataFrame({name: column.reset_index(drop=True) for name, column in rows.items()})
    notes += notes_on_empty(frame, tables, dense)
    return Frames(frame, tables, notes, dense, "" if group is None else str(group))


def _used(
    responses: "pd.DataFrame", target: Hashable, *, classes: bool, drop: bool, least: int
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return which rows are not left out on request, bool (rows,), and what to say of the others."""
    import pandas as pd

    values = _column(responses, target)
    notes: list[str] = []
    used = np.ones(len(values), bool)
    if drop:
        used = values.notna().to_numpy(bool, copy=True)
        if not used.any():
            raise DataError(f"column {target!r} is empty in all rows")
        if not used.all():
            notes.append(f"{int((~used).sum()):,} of {len(used):,} rows left out: {str(target)!r} is empty")
    if least > 1:
        if not classes and pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
            raise DataError(
                f"min_class leaves classes out, and target {str(target)!r} holds numbers; task='classification' takes "
                "them for classes"
            )
        counts = _ids(values[used]).value_counts()
        rare = counts[counts < least]
        if len(rare):
            used[used] = ~_ids(values[used]).isin(rare.index).to_numpy(bool)
            notes.append(
                f"{int(rare.sum()):,} rows left out: {len(rare)} class(es) with fewer than {least} rows: "
                f"{few(rare.index)}"
            )
        if len(rare) > len(counts) - 2:
            raise DataError(
                f"column {str(target)!r} has {len(counts) - len(rare)} class(es) of at least {least} rows, and 2 are "
                f"needed; the largest has {int(counts.max())}: lower min_class"
            )
    return used, tuple(notes)


def _table_of(what: Any) -> bool:
    """Return whether an input is given by a key and a table: by two, of which the second cannot name a column."""
    return isinstance(what, tuple) and len(what) == 2 and not is_name(what[1])


def _inputs(
    responses: "pd.DataFrame", target: Hashable, features: Features, rows: "dict[str, pd.Series]"
) -> tuple[dict[str, tuple[str, "pd.DataFrame"]], dict[str, Sequence[str]], dict[str, Hashable]]:
    """Return tables and columns by input name, and what the columns are called by the user; add them to `rows`."""
    import pandas as pd

    origins: dict[str, Hashable] = {}
    tables: dict[str, tuple[str, pd.DataFrame]] = {}
    dense: dict[str, Sequence[str]] = {}
    pairs: dict[str, Sequence[str]] = {}
    for name, what in features.items():
        if not isinstance(name, str) or not name:
            raise DataError(f"the name of an input is text, not {name!r}")
        if _table_of(what):
            keys, table = what
            pair = isinstance(keys, tuple | list)
            if not isinstance(table, pd.DataFrame):
                raise DataError(
                    f"the table of input {name!r} is a data frame, indexed by what the key column names, not "
                    f"something of type {type(table).__name__}"
                )
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
            tables[name] = (kind, pd.DataFrame(numbers_of(table, name), index=index, columns=list(table.columns)))
        else:
            columns = _columns(responses, what, name, target)
            dense[name] = [f"{name}.{column}" for column in columns]
            for within, given in zip(dense[name], columns, strict=True):
                _check_same(origins, within, given)
            part = numbers_of(pd.concat([_column(responses, column) for column in columns], axis=1), name)
            rows |= {column: pd.Series(part[:, place]) for place, column in enumerate(dense[name])}
    for pair_name, keys in pairs.items():
        for name, within_input in dense.items():
            check_sides(pair_name, keys, name, [column.removeprefix(f"{name}.") for column in within_input])
        for name in features:
            shared = name in tables and name != pair_name and tables[name][0] == pair_name
            if shared or name in (f"{pair_name}_1", f"{pair_name}_2"):
                raise DataError(f"input {name!r} would be taken for part of the pair {pair_name!r}; rename one of them")
    return tables, dense, origins


def _columns(responses: "pd.DataFrame", what: Any, name: str, target: Hashable) -> list[Hashable]:
    """Return the columns that are an input themselves."""
    import pandas as pd

    if isinstance(what, str) or not isinstance(what, Sequence | pd.Index):
        raise DataError(f"input {name!r} is a list of columns, or (key column, table), not {type(what).__name__}")
    columns = list(what)
    if not columns:
        raise DataError(f"input {name!r} has no column; name some, or leave the input out")
    for column in columns:
        _column(responses, column)
    if target in columns:
        raise DataError(f"input {name!r} has the column {target!r}, which is to be predicted; leave it out")
    if len(set(columns)) < len(columns):
        twice = next(column for column in columns if columns.count(column) > 1)
        raise DataError(f"input {name!r} names the column {twice!r} twice; name it once")
    return columns


def _checked_target(values: "pd.Series", name: str, *, classes: bool) -> "pd.Series":
    """Return a target, unless it cannot be what it looks like."""
    import pandas as pd

    if pd.api.types.infer_dtype(values) in _DATES:
        raise DataError(
            f"target {name!r} holds dates or times, which are neither numbers nor classes: give numbers, such as days "
            "since a date, or texts, such as the year"
        )
    odd = [value for value in values if not is_name(value)] if values.dtype == object else []
    if odd:
        raise DataError(f"target {name!r} holds {kind_of(odd[0])}; it takes numbers, or texts")
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
        if np.isfinite(held).all() and is_cut(held[:, None])[0]:
            raise DataError(
                f"target {name!r} varies too little around {np.median(held):g} for single precision: subtract that"
            )
    return values


def _check_same(origins: dict[str, Hashable], name: str, column: Hashable) -> None:
    """Raise DataError if what is called `name` here has come from another column already."""
    if origins.setdefault(name, column) != column:
        raise DataError(
            f"columns {origins[name]!r} and {column!r} would both be called {name!r} here; rename an input, or a column"
        )


def _ids(names: "pd.Series") -> "pd.Series[str]":
    """Return identifiers as text, whole numbers without a decimal point."""
    import pandas as pd

    if pd.api.types.is_float_dtype(names) and names.notna().all() and are_exact(names):
        names = names.astype("int64")
    return names.astype(str)


def _column(responses: "pd.DataFrame", column: object) -> "pd.Series":
    if not is_name(column):
        raise DataError(f"a column is named by a text or a number, not by {kind_of(column)}")
    if column not in responses.columns:
        raise DataError(f"the responses have no column {column!r}; they have {few(list(responses.columns), 12)}")
    times = int((responses.columns == column).sum())
    if times > 1:
        raise DataError(f"the responses have {times} columns {column!r}; rename all but one")
    found = responses[column]
    if found.ndim > 1:  # of several levels of columns, one is named
        raise DataError(f"{column!r} stands for {found.shape[1]} columns; name one: {(column, found.columns[0])!r}")
    return found


def _found(responses: "pd.DataFrame", column: object, *, droppable: bool = False) -> "pd.Series":
    """Return a column of which no cell may be empty: a target, or what names an entity."""
    found = _column(responses, column)
    empty = np.flatnonzero(found.isna())
    if len(empty):
        raise DataError(
            f"column {column!r} is empty in {len(empty):,} rows, the first is row {empty[0]}; leave them out"
            f"{' (drop_missing_targets=True)' * droppable}"
        )
    return found
