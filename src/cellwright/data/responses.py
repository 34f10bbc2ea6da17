"""Drug responses as users have them: a table of measurements, and tables of the drugs and cell lines it names.

Which file is what follows from its columns and from the names it shares with the measurements. Everything guessed or
dropped is told in notes.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cellwright.data.entities import cell_tables, drug_tables, free, named_by_smiles
from cellwright.data.frames import Frames, are_exact, few, keys_of
from cellwright.data.names import match_names
from cellwright.data.options import TableOptions
from cellwright.data.roles import doses_of, names_entities, need, roles_of, simple
from cellwright.data.tables import Sheet, files_of, passed_over, read
from cellwright.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_responses"]

_WANTED = {
    "cell": "wanted is one row a cell line: its name, and a column for each gene (or the other way round)",
    "drug": "wanted is one row a drug: its name, and a column of SMILES, or columns of descriptors; or SMILES as names",
}
#: ending of a dose column's name -> mol/l; the first that fits
_UNITS = {"mm": 1e-3, "um": 1e-6, "micromolar": 1e-6, "nm": 1e-9, "nanomolar": 1e-9, "m": 1.0, "molar": 1.0}


def read_responses(place: Path, *, pairs: bool, options: TableOptions) -> Frames:
    """Read and join the tables of a folder.

    Args:
        pairs: whether a row names two drugs; otherwise one.
        options: what somebody says of them.

    Raises:
        DataError: a table is missing, cannot be read, or does not join; the message names file, column and row.
    """
    sheets, columns = [read(path) for path in files_of(place)], options.columns
    absent = sorted(set(columns.values()) - {name for sheet in sheets for name in sheet.columns})
    if absent:
        raise DataError(f"no table of {str(place)!r} has a column {absent[0]!r}")
    main, roles = _measurements(sheets, columns, place, pairs=pairs)
    drugs = ("drug_1", "drug_2") if pairs else ("drug",)
    need(main, roles, "cell", *drugs, "value")
    notes = [note for sheet in sheets for note in sheet.notes] + [*passed_over(place)]
    notes += [f"{main.name}: {len(main.frame):,} rows; " + ", ".join(f"{role} = {roles[role]!r}" for role in roles)]
    rows = _rows(main, roles, ("cell", *drugs), notes)
    keys_by_kind = {kind: keys_of(kind, list(rows.columns)) for kind in ("cell", "drug")}
    named_of = {kind: set().union(*(rows[key].unique() for key in keys)) for kind, keys in keys_by_kind.items()}
    of_kind = _assigned([sheet for sheet in sheets if sheet is not main], named_of, columns)
    features: dict[str, tuple[str, pd.DataFrame]] = {}
    for kind, read_kind in (("cell", cell_tables), ("drug", drug_tables)):
        keys, named = keys_by_kind[kind], named_of[kind]
        tables = read_kind(of_kind[kind], named, columns, notes)
        if not tables and kind == "drug":
            tables = named_by_smiles(main, named, notes)
        if not tables:
            raise DataError(
                f"no table of {str(place)!r} describes the {kind}s that {main.name} names ({few(sorted(named))}): "
                f"{_WANTED[kind]}"
            )
        rows = _joined(rows, keys, kind, tables, notes)
        features |= {free(name, features): (kind, table) for name, table in tables.items()}
    return Frames(_averaged(rows, drugs, notes), features, tuple(notes))


def _measurements(
    sheets: list[Sheet], columns: Mapping[str, str], place: Path, *, pairs: bool
) -> tuple[Sheet, dict[str, str]]:
    """Return the table of measurements and what its columns mean."""
    found = [(sheet, roles_of(sheet, columns)) for sheet in sheets]
    drugs = ("drug_1", "drug_2") if pairs else ("drug",)
    fit = [(sheet, roles) for sheet, roles in found if "cell" in roles and all(drug in roles for drug in drugs)]
    whole = [(sheet, roles) for sheet, roles in fit if "value" in roles] or fit
    if len(whole) > 1:
        names = few([sheet.name for sheet, _ in whole])
        raise DataError(f"several tables of {str(place)!r} hold measurements: {names}; leave one, or name its file")
    if whole:
        return whole[0]
    other = [sheet for sheet, roles in found if "cell" in roles and ("drug" if pairs else "drug_1") in roles]
    if other:
        has, wants = ("one drug", "two drugs") if pairs else ("two drugs", "one drug")
        problem = "uno" if pairs else "combo"
        raise DataError(f"{other[0].name} names {has} a row and {wants} are wanted here; search {problem} instead")
    first = max(sheets, key=lambda sheet: len(sheet.frame))
    roles = roles_of(first, columns)
    need(first, roles, "cell", *drugs)
    raise AssertionError(first.name)


def _rows(main: Sheet, roles: Mapping[str, str], keys: tuple[str, ...], notes: list[str]) -> "pd.DataFrame":
    import pandas as pd

    rows = pd.DataFrame({key: main.names(roles[key]) for key in keys})
    if "drug_1" in keys:
        doses = [name for name in doses_of(main) if len(main.frame[name].unique()) > 1]
        if doses:
            unused = f"doses of pairs are not used ({few(doses)}): a pair's values are averaged over them"
            notes.append(f"{main.name}: {unused}")
    elif "dose" in roles:
        rows["dose"] = _dose(main, roles["dose"], notes)
    else:
        _check_no_doses(main, [roles[key] for key in keys])
    rows["value"] = main.numbers(roles["value"])
    return rows


def _check_no_doses(main: Sheet, keys: list[str]) -> None:
    """Raise DataError if rows of one cell line and drug differ in what looks like a dose: no mean of them would do."""
    for name in doses_of(main):
        if main.is_numeric(name) and main.frame.groupby(keys)[name].nunique().max() > 1:
            raise DataError(
                f"{main.name}: column {name!r} seems to hold doses, of which one cell line and drug have several: say "
                f"--column dose={name} (micromolar, unless the name ends in another unit: "
                f"{', '.join(unit for unit in _UNITS if len(unit) <= 2)}), or take the column out"
            )


def _dose(main: Sheet, column: str, notes: list[str]) -> np.ndarray:
    """Return -log10 of the dose in mol/l."""
    values = main.numbers(column)
    form = simple(column)
    if form.startswith("log"):
        sign = -1 if np.median(values) < 0 else 1
        notes.append(f"dose: {column!r} is taken as {'' if sign < 0 else '-'}log10 of mol/l")
        return sign * values
    wrong = np.flatnonzero(values <= 0)
    if len(wrong):
        raise DataError(
            f"{main.name}: column {column!r} is {values[wrong[0]]:g} in row {wrong[0] + 1:,}"
            f"{f' and {len(wrong) - 1:,} more' if len(wrong) > 1 else ''}; a dose is above 0: leave controls out"
        )
    unit = next((unit for unit in _UNITS if form.endswith(unit)), None)
    notes.append(f"dose: {column!r} is in {unit or 'micromolar (its name says no unit)'}; used is -log10 of mol/l")
    scaled: np.ndarray = -np.log10(values * _UNITS[unit or "um"])
    return scaled


def _assigned(
    sheets: list[Sheet], named: Mapping[str, set[str]], columns: Mapping[str, str]
) -> dict[str, list[tuple[Sheet, str | None]]]:
    """Return for each kind the tables that describe it and the column that names it (None: one column an entity).

    A table describes the kind of whose names it shares most.
    """
    found: dict[str, list[tuple[Sheet, str | None]]] = {kind: [] for kind in named}
    for sheet in sheets:
        shared = {kind: _key(sheet, kind, names, columns.get(kind)) for kind, names in named.items()}
        kind = max(shared, key=lambda one: shared[one][1] / max(1, len(named[one])))
        key, count = shared[kind]
        across = len(match_names(named["cell"], sheet.columns).found)
        if across > count:
            found["cell"].append((sheet, None))
        elif count:
            found[kind].append((sheet, key))
    return found


def _key(sheet: Sheet, kind: str, named: set[str], given: str | None) -> tuple[str | None, int]:
    """Return the column that shares most names with the measurements, and how many it shares.

    Numbers name entities only in a column that usually does, or the first one, or one that was given.
    """
    best: tuple[str | None, int] = (None, 0)
    for place, column in enumerate([given] if given in sheet.columns else sheet.columns):
        assert column is not None
        values = sheet.frame[column]
        if values.dtype.kind in "fiub" and not (place == 0 or names_entities(kind, column)):
            continue
        if values.dtype.kind == "f":
            if not are_exact(values):
                continue
            values = values.dropna().astype("Int64")
        if values.nunique() < 2 and len(values) > 1:
            continue
        shared = len(match_names(named, values.dropna().astype(str).str.strip()).found)
        if shared > best[1]:
            best = (column, shared)
    return best


def _joined(
    rows: "pd.DataFrame", keys: tuple[str, ...], kind: str, tables: "dict[str, pd.DataFrame]", notes: list[str]
) -> "pd.DataFrame":
    """Return the rows whose entities have features in every table, named as there; tell of the others."""
    known: set[str] | None = None
    for name, table in tables.items():
        if table.index.has_duplicates:
            twice = table.index[table.index.duplicated()]
            raise DataError(f"{table.attrs.get('file', name)}: {kind} {few(twice)} has several rows; keep one of each")
        known = set(table.index) if known is None else known & set(table.index)
    assert known is not None
    named = set().union(*(rows[key].unique() for key in keys))
    matches = match_names(named, known)
    lost = [*matches.absent, *matches.ambiguous]
    keep = np.logical_and.reduce([rows[key].isin(list(matches.found)) for key in keys])
    if not keep.any():
        raise DataError(
            f"no row names {'two' if len(keys) > 1 else 'a'} {kind}{'s' if len(keys) > 1 else ''} with features: "
            f"rows name {few(sorted(named))}, features are of {few(sorted(known))}"
        )
    fuzzy = sorted(name for name, other in matches.found.items() if name != other)
    if fuzzy:
        notes.append(f"{len(fuzzy):,} {kind}s are matched by letters and digits alone: {few(fuzzy)}")
    if lost:
        notes.append(
            f"{len(lost):,} of {len(named):,} {kind}s have no features: {few(sorted(lost))}; "
            f"{int((~keep).sum()):,} of {len(rows):,} rows left out"
        )
    rows = rows[keep].reset_index(drop=True)
    return rows.assign(**{key: rows[key].map(matches.found) for key in keys})


def _averaged(rows: "pd.DataFrame", drugs: tuple[str, ...], notes: list[str]) -> "pd.DataFrame":
    """Return one row for each combination, the mean of its values; the order of a pair means nothing."""
    import pandas as pd

    if len(drugs) > 1:
        names = pd.Index(np.sort(pd.unique(pd.concat([rows[drug] for drug in drugs]))))
        codes = np.sort(np.stack([names.get_indexer(pd.Index(rows[drug])) for drug in drugs], axis=1), axis=1)
        rows = rows.assign(drug_1=names[codes[:, 0]], drug_2=names[codes[:, 1]])
    keys = [name for name in rows.columns if name != "value"]
    mean: pd.DataFrame = rows.groupby(keys, sort=True)["value"].mean().reset_index()
    if len(mean) < len(rows):
        notes.append(f"{len(rows) - len(mean):,} repeated measurements averaged: {len(mean):,} rows")
    return mean
