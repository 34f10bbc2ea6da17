"""Drug responses as users have them: a table of measurements, and tables of the drugs and cell lines it names.

Which file is what follows from its columns and from the names it shares with the measurements. Everything guessed or
dropped is told in notes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cellwright.data.attributes import by_column, parts_column, test_rows
from cellwright.data.dataset import GIVEN
from cellwright.data.entities import cell_tables, drug_tables, free, known_to_all
from cellwright.data.frames import Frames, keys_of
from cellwright.data.keys import Join, Key, joined_by, joins_of, keys_of_sheet, labels_of, primary_key
from cellwright.data.measurements import conditions_of, measured, measurements_among, note_columns
from cellwright.data.options import TableOptions
from cellwright.data.repeats import averaged, paired
from cellwright.data.roles import described, smiles_column
from cellwright.data.structures import chemistry, named_by_smiles
from cellwright.data.tables import Sheet, files_of, passed_over, read
from cellwright.data.unjoined import why_unjoined, words_of
from cellwright.data.words import few
from cellwright.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_responses"]


def read_responses(place: Path, *, pairs: bool, options: TableOptions, given: bool = False) -> Frames:
    """Read and join the tables of a folder.

    Args:
        pairs: whether a row names two drugs; otherwise one.
        options: what somebody says of them.
        given: test rows are wanted: where the options do not say which, a column of a usual name may.

    Raises:
        DataError: a table is missing, cannot be read, or does not join; the message names file, column and row.
    """
    sheets = [read(path) for path in files_of(place)]
    _check_columns(sheets, options, place)
    main, roles = measurements_among(sheets, options, str(place), pairs=pairs)
    if options.group is not None and not any(options.group in sheet.columns for sheet in sheets):
        raise DataError(
            f"rows cannot be split by {options.group!r}: no table of {str(place)!r} has a column of this name; there "
            f"are row, pair, cell, drug, and the columns of {main.name}: {few(main.columns, 12)}"
        )
    others = [sheet for sheet in sheets if sheet is not main]
    parts = parts_column(main) if options.test is None else None
    if given and parts is not None:
        options = replace(options, test=parts)
    every_key = {kind: keys_of_sheet(main, kind, roles, options) for kind in ("cell", "drug")}
    joins, keys = _joined_tables(others, every_key, options)
    used = [*roles.values(), *(column for key in keys.values() for column in key.columns)]
    used += [name for name in options.named.values() if name in main.columns]
    notes = [*(note for sheet in sheets for note in sheet.notes), *passed_over(place)]
    notes.append(f"{main.name}: {len(main.frame):,} rows; {_shown(roles, keys)}")
    notes += [note for kind in keys for note in _how_joined(main, kind, joins[kind])]
    joining = [column for several in joins.values() for join in several for column in join.key.columns]
    smiles = smiles_column(main, options.columns)
    note_columns(main, roles, [*used, *joining, *options.exclude, *([smiles] if smiles else [])], notes)
    if parts is not None:
        use = "" if given else f"; --test {parts} would use them"
        notes.append(f"{main.name}: column {parts!r} says which rows are test rows{use}")
    rows = measured(main, roles, keys, options, notes)
    labels = {kind: [(join, labels_of(join, keys[kind])) for join in joins[kind]] for kind in joins}
    features: dict[str, tuple[str, pd.DataFrame]] = {}
    for kind in keys:
        tables = _tables(kind, main, keys[kind], labels[kind], options, notes)
        if not tables:
            raise why_unjoined(kind, place, main, keys, joins, others)
        rows = _with_features(rows, keys_of(kind, list(rows.columns)), kind, tables, notes)
        features |= {free(name, features): (kind, table) for name, table in tables.items()}
    if options.group is not None:
        rows["group"] = by_column(options.group, main, rows, labels)
    if options.test is not None:
        rows[GIVEN] = test_rows(options.test, main, rows, labels, notes)
    apart, conditions = conditions_of(main, used, every_key, options.exclude)
    drugs = keys_of("drug", list(rows.columns))
    about = main.frame.loc[rows.index, apart]
    rows = averaged(paired(rows, drugs), about, main.name, notes, conditions=conditions)
    return Frames(rows, features, tuple(notes), group=options.group or "", target=described(roles["value"]))


def _check_columns(sheets: Sequence[Sheet], options: TableOptions, place: Path) -> None:
    """Raise DataError where an option names a column that no table has."""
    there = {name for sheet in sheets for name in sheet.columns}
    absent = sorted({*options.columns.values(), *options.exclude} - there)
    if absent:
        shown = "; ".join(f"{sheet.name} has {few(sheet.columns, 6)}" for sheet in sheets[:4])
        raise DataError(f"no table of {str(place)!r} has a column {absent[0]!r}: {shown}")


def _joined_tables(
    others: Sequence[Sheet], every_key: Mapping[str, Sequence[Key]], options: TableOptions
) -> tuple[dict[str, list[Join]], dict[str, Key]]:
    """Return for each kind the tables that describe it, and the key of the measurements that joins most.

    A table describes the kind of whose names it shares most.
    """
    of_kind: dict[str, list[list[Join]]] = {kind: [] for kind in every_key}
    for sheet in others:
        found = {kind: joins_of(sheet, kind, keys, options.columns.get(kind)) for kind, keys in every_key.items()}
        shares = {kind: max((join.share for join in joins), default=0.0) for kind, joins in found.items()}
        kind = max(shares, key=lambda one: shares[one])
        if found[kind]:
            of_kind[kind].append(found[kind])
    keys = {}
    for kind, several in of_kind.items():
        said = options.columns.keys() & {kind, f"{kind}_1", f"{kind}_2"}
        all_joins = [join for joins in several for join in joins]
        keys[kind] = every_key[kind][0] if said else primary_key(every_key[kind], all_joins)
    return {kind: [joined_by(joins, keys[kind]) for joins in several] for kind, several in of_kind.items()}, keys


def _shown(roles: Mapping[str, str], keys: Mapping[str, Key]) -> str:
    """Return the columns of the measurements in words, by role."""
    drugs = keys["drug"].columns
    roles_of_drugs = ("drug",) if len(drugs) == 1 else ("drug_1", "drug_2")
    named = {"cell": keys["cell"].columns[0], **dict(zip(roles_of_drugs, drugs, strict=True))}
    return ", ".join(f"{role} = {column!r}" for role, column in {**roles, **named}.items())


def _how_joined(main: Sheet, kind: str, joins: Sequence[Join]) -> list[str]:
    notes = []
    for join in joins:
        where = "the columns of" if join.column is None else f"{join.column!r} of"
        cut = f", {join.fit.how}" if join.fit.how else ""
        notes.append(
            f"{join.key} of {main.name} and {where} {join.sheet.name} join {len(join.fit.found):,} of "
            f"{len(join.key.counts):,} {words_of(kind)}{cut}"
        )
    return notes


def _tables(
    kind: str,
    main: Sheet,
    key: Key,
    tables: Sequence[tuple[Join, Mapping[str, tuple[str, ...]]]],
    options: TableOptions,
    notes: list[str],
) -> "dict[str, pd.DataFrame]":
    """Return the features of a kind by input name."""
    unused = {*options.exclude, *options.named.values()}
    if kind == "cell":
        return cell_tables(tables, unused, notes)
    found = drug_tables(tables, options.columns, unused, notes)
    if found:
        return found
    smiles = smiles_column(main, options.columns)
    if smiles is not None and len(key.columns) == 1 and smiles not in key.columns:
        here = Sheet(main.path, main.frame[[key.columns[0], smiles]])
        return chemistry(here, key.columns[0], smiles, {name: (name,) for name in key.counts}, notes)
    return named_by_smiles(main, key.counts, notes)


def _with_features(
    rows: "pd.DataFrame", keys: tuple[str, ...], kind: str, tables: "Mapping[str, pd.DataFrame]", notes: list[str]
) -> "pd.DataFrame":
    """Return the rows whose entities have features in every table; tell of the others."""
    known = known_to_all(tables.values())
    named = set().union(*(rows[key].unique() for key in keys))
    lost = sorted(named - known)
    keep = np.logical_and.reduce([rows[key].isin(known) for key in keys])
    words = words_of(kind)
    if not keep.any():
        raise DataError(
            f"no row names {'two' if len(keys) > 1 else 'any'} {words} with features: rows name {few(sorted(named))}, "
            f"features are of {few(sorted(known))}"
        )
    if lost:
        notes.append(
            f"{len(lost):,} of {len(named):,} {words} have no features: {few(lost)}; "
            f"{int((~keep).sum()):,} of {len(rows):,} rows left out"
        )
    return rows[keep]
