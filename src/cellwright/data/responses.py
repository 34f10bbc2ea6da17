"""Drug responses as users have them: a table of measurements, and tables of the drugs and cell lines it names.

Which file is what follows from its columns and from the names it shares with the measurements. Everything guessed or
dropped is told in notes.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cellwright.data.frames import Frames, are_exact, few, keys_of
from cellwright.data.names import match_names, may_be_structure
from cellwright.data.roles import SMILES, doses_of, names_entities, need, roles_of, simple
from cellwright.data.tables import Sheet, files_of, read
from cellwright.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_responses"]

#: ending of a dose column's name -> mol/l; the first that fits
_UNITS = {"mm": 1e-3, "um": 1e-6, "micromolar": 1e-6, "nm": 1e-9, "nanomolar": 1e-9, "m": 1.0, "molar": 1.0}


def read_responses(place: Path, *, pairs: bool, columns: Mapping[str, str]) -> Frames:
    """Read and join the tables of a folder.

    Args:
        pairs: whether a row names two drugs; otherwise one.
        columns: role -> column, where somebody says it.

    Raises:
        DataError: a table is missing, cannot be read, or does not join; the message names file, column and row.
    """
    sheets = [read(path) for path in files_of(place)]
    absent = sorted(set(columns.values()) - {name for sheet in sheets for name in sheet.columns})
    if absent:
        raise DataError(f"no table of {str(place)!r} has a column {absent[0]!r}")
    main, roles = _measurements(sheets, columns, place, pairs=pairs)
    drugs = ("drug_1", "drug_2") if pairs else ("drug",)
    need(main, roles, "cell", *drugs, "value")
    notes = [f"{main.name}: {len(main.frame):,} rows; " + ", ".join(f"{role} = {roles[role]!r}" for role in roles)]
    rows = _rows(main, roles, ("cell", *drugs), notes)
    keys_by_kind = {kind: keys_of(kind, list(rows.columns)) for kind in ("cell", "drug")}
    named_of = {kind: set().union(*(rows[key].unique() for key in keys)) for kind, keys in keys_by_kind.items()}
    of_kind = _assigned([sheet for sheet in sheets if sheet is not main], named_of, columns)
    features: dict[str, tuple[str, pd.DataFrame]] = {}
    for kind, read_kind in (("cell", _cell_tables), ("drug", _drug_tables)):
        keys, named = keys_by_kind[kind], named_of[kind]
        tables = read_kind(of_kind[kind], named, columns, notes)
        if not tables and kind == "drug":
            tables = _named_by_smiles(main, named, notes)
        if not tables:
            raise DataError(
                f"no table of {str(place)!r} describes the {kind}s that {main.name} names ({few(sorted(named))}): "
                f"{_WANTED[kind]}"
            )
        rows = _joined(rows, keys, kind, tables, notes)
        features |= {_free(name, features): (kind, table) for name, table in tables.items()}
    return Frames(_averaged(rows, drugs, notes), features, tuple(notes))


_WANTED = {
    "cell": "wanted is one row a cell line: its name, and a column for each gene (or the other way round)",
    "drug": "wanted is one row a drug: its name, and a column of SMILES, or columns of descriptors; or SMILES as names",
}


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
    doses = [name for name in doses_of(main) if "drug_1" in keys and len(main.frame[name].unique()) > 1]
    if doses:
        notes.append(f"{main.name}: doses of pairs are not used ({few(doses)}): a pair's values are averaged over them")
    if "dose" in roles and "drug" in keys:
        rows["dose"] = _dose(main, roles["dose"], notes)
    rows["value"] = main.numbers(roles["value"])
    return rows


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


def _free(name: str, taken: Mapping[str, object]) -> str:
    """Return the name, or that with a number where it is taken."""
    number = 2
    free = name
    while free in taken:
        free, number = f"{name} {number}", number + 1
    return free


def _cell_tables(
    sheets: list[tuple[Sheet, str | None]],
    named: set[str],  # noqa: ARG001  # as of drugs
    columns: Mapping[str, str],  # noqa: ARG001  # as of drugs
    notes: list[str],
) -> dict[str, "pd.DataFrame"]:
    """Return the tables of cell lines, by input name."""
    found: dict[str, pd.DataFrame] = {}
    named_so_first = sorted(sheets, key=lambda one: "expr" not in one[0].path.name.lower())
    for sheet, key in named_so_first:
        table = _turned(sheet, notes) if key is None else _features(sheet, key, notes)
        if table is not None:
            table.attrs["file"] = sheet.name
            found[_free(sheet.path.name.split(".")[0] if found else "expression", found)] = table
    return found


def _drug_tables(
    sheets: list[tuple[Sheet, str | None]], named: set[str], columns: Mapping[str, str], notes: list[str]
) -> dict[str, "pd.DataFrame"]:
    """Return the tables of drugs, by input name: descriptors that are given, or those of the SMILES."""
    found: dict[str, pd.DataFrame] = {}
    for sheet, key in sheets:
        assert key is not None
        usual = next((name for name in sheet.columns if simple(name) in SMILES and name != key), None)
        smiles = columns["smiles"] if columns.get("smiles") in sheet.columns else usual
        if smiles is not None:
            tables = _chemistry(sheet, key, smiles, named, notes)
        else:
            given = _features(sheet, key, notes)
            tables = {} if given is None else {"descriptors": given}
        for name, table in tables.items():
            table.attrs["file"] = sheet.name
            found[_free(sheet.path.name.split(".")[0] if name in found else name, found)] = table
    return found


def _features(sheet: Sheet, key: str, notes: list[str]) -> "pd.DataFrame | None":
    """Return the columns of numbers, indexed by the key; None if there is none."""
    import pandas as pd

    counting = [name for name in sheet.columns if name != key and sheet.counts(name)]
    numeric = [name for name in sheet.columns if name not in (key, *counting) and sheet.is_numeric(name)]
    if not numeric:
        return None
    ids = sheet.names(key)
    table = pd.DataFrame(sheet.matrix(numeric), index=pd.Index(ids, name=None), columns=numeric)
    hollow = table.index[table.isna().all(axis=1)]
    table = table.drop(index=hollow)
    rest = [name for name in sheet.columns if name not in (key, *numeric)]
    notes.append(f"{sheet.name}: {len(table):,} rows named by {key!r}, {len(numeric):,} features"
                 + (f"; not used: {few(rest)}" if rest else ""))  # fmt: skip
    if len(hollow):
        notes.append(f"{sheet.name}: rows without a value left out: {few(hollow)}")
    missing = int(table.isna().to_numpy().sum())
    if missing:
        notes.append(f"{sheet.name}: {missing:,} empty cells become the mean of what is trained on")
    return table


def _turned(sheet: Sheet, notes: list[str]) -> "pd.DataFrame":
    """Return a table of one column a cell line the right way round."""
    import pandas as pd

    cells = [name for name in sheet.columns if sheet.is_numeric(name)]
    label = next((name for name in sheet.columns if name not in cells), None)
    features = sheet.names(label) if label is not None else pd.Series(map(str, range(len(sheet.frame))))
    notes.append(
        f"{sheet.name}: one column a cell line ({len(cells):,}), one row a feature ({len(features):,}): turned"
    )
    return pd.DataFrame(sheet.matrix(cells).T, index=pd.Index(cells), columns=list(features))


def _chemistry(sheet: Sheet, key: str, smiles: str, named: set[str], notes: list[str]) -> dict[str, "pd.DataFrame"]:
    """Return descriptors and fingerprints of the drugs that the measurements name."""
    import pandas as pd

    from cellwright.data import featurise

    ids = sheet.names(key)
    matches = match_names(named, ids)
    wanted = ids.isin(list(matches.found.values())) & ~sheet.frame[smiles].isna()
    texts = sheet.frame.loc[wanted, smiles].astype(str)
    parsed = featurise.parse(texts, drop_bad=True)
    good = np.asarray(parsed.rows)
    bad = sorted(set(range(len(texts))) - set(good.tolist()))
    first = ""
    if bad:
        first = f"{str(ids[wanted].iloc[bad[0]])!r}: {str(texts.iloc[bad[0]])!r}"
        notes.append(
            f"{sheet.name}: {len(bad):,} SMILES in {smiles!r} cannot be read and are left out (the first: {first})"
        )
    kept, names = texts.iloc[good].tolist(), ids[wanted].iloc[good].tolist()
    if not len(texts):
        return {}
    if not kept:
        raise DataError(f"{sheet.name}: no SMILES in {smiles!r} can be read; the first is of {first}")
    rest = [name for name in sheet.columns if name not in (key, smiles)]
    unused = f"; not used: {few(rest)}" if rest else ""
    notes.append(
        f"{sheet.name}: {len(kept):,} drugs named by {key!r}; descriptors and fingerprints of {smiles!r}{unused}"
    )
    computed = {"descriptors": featurise.descriptors(kept), "fingerprints": featurise.fingerprints(kept)}
    return {
        name: pd.DataFrame(features.values, index=pd.Index(names), columns=list(features.names))
        for name, features in computed.items()
    }


def _named_by_smiles(main: Sheet, named: set[str], notes: list[str]) -> dict[str, "pd.DataFrame"]:
    """Return descriptors and fingerprints of drugs that the measurements name by their SMILES, if they do."""
    import pandas as pd

    from cellwright.data import featurise

    texts = sorted(named)
    if sum(map(may_be_structure, texts)) < len(texts) / 2:
        return {}
    if len(featurise.parse(texts, drop_bad=True).rows) < len(texts) / 2:
        return {}
    sheet = Sheet(main.path, pd.DataFrame({"drug": texts, "SMILES": texts}))
    return _chemistry(sheet, "drug", "SMILES", named, notes)


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
