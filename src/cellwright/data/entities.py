"""Tables of the drugs and cell lines that measurements name: numbers as they are, or what SMILES tell."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from cellwright.data.frames import few
from cellwright.data.names import match_names, may_be_structure
from cellwright.data.roles import SMILES, simple
from cellwright.data.tables import Sheet
from cellwright.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["cell_tables", "drug_tables", "free", "named_by_smiles"]


def cell_tables(
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
            found[free(sheet.path.name.split(".")[0] if found else "expression", found)] = table
    return found


def drug_tables(
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
            found[free(sheet.path.name.split(".")[0] if name in found else name, found)] = table
    return found


def _features(sheet: Sheet, key: str, notes: list[str]) -> "pd.DataFrame | None":
    """Return the columns of numbers, indexed by the key; None if there is none."""
    import pandas as pd

    counting = [name for name in sheet.columns if name != key and sheet.counts(name)]
    numeric = [name for name in sheet.columns if name not in (key, *counting) and sheet.is_numeric(name)]
    if not numeric:
        return None
    ids = sheet.names(key)
    numeric, values = sheet.filled(numeric, notes)
    table = pd.DataFrame(values, index=pd.Index(ids, name=None), columns=numeric)
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
    named = pd.Index([sheet.repeated.get(cell, cell) for cell in cells])
    return pd.DataFrame(sheet.matrix(cells, repeats=True).T, index=named, columns=list(features))


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


def named_by_smiles(main: Sheet, named: set[str], notes: list[str]) -> dict[str, "pd.DataFrame"]:
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


def free(name: str, taken: Mapping[str, object]) -> str:
    """Return the name, or that with a number where it is taken."""
    number = 2
    free = name
    while free in taken:
        free, number = f"{name} {number}", number + 1
    return free
