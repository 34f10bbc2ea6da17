"""Drugs by their structures: descriptors and fingerprints of SMILES that a table gives."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from cellwright.data.names import may_be_structure
from cellwright.data.tables import Sheet
from cellwright.data.words import few
from cellwright.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["chemistry", "named_by_smiles"]


def chemistry(
    sheet: Sheet, key: str, smiles: str, labels: Mapping[str, tuple[str, ...]], notes: list[str]
) -> "dict[str, pd.DataFrame]":
    """Return descriptors and fingerprints of drugs, a row for each name in the measurements.

    Args:
        labels: what the table calls a drug, by its name in the measurements.

    Raises:
        DataError: no SMILES can be read, or a drug has two.
    """
    import pandas as pd

    from cellwright.data import featurise

    ids = sheet.names(key, missing=True)
    wanted = ids.isin({label for several in labels.values() for label in several}) & ~sheet.frame[smiles].isna()
    frame = pd.DataFrame({"id": ids[wanted], "text": sheet.frame.loc[wanted, smiles].astype(str).str.strip()})
    frame = frame.drop_duplicates()
    # a structure holds no comma, unless ChemAxon's extensions follow it; DepMap lists the forms of a drug so
    several = frame["text"].str.contains(",") & ~frame["text"].str.contains("|", regex=False)
    if several.any():
        frame.loc[several, "text"] = frame["text"][several].str.split(",").str[0].str.strip()
        notes.append(
            f"{sheet.name}: {smiles!r} lists several SMILES for {few(frame['id'][several].tolist())}; the first is used"
        )
        frame = frame.drop_duplicates()
    if not len(frame):
        return {}
    parsed = featurise.parse(frame["text"], drop_bad=True)
    good = np.asarray(parsed.rows, np.int64)
    bad = frame.drop(index=frame.index[good])
    first = f"{bad['id'].iloc[0]!r}: {bad['text'].iloc[0]!r}" if len(bad) else ""
    if len(bad):
        notes.append(
            f"{sheet.name}: {len(bad):,} SMILES in {smiles!r} cannot be read and are left out (the first: {first})"
        )
    frame = frame.iloc[good]
    if not len(frame):
        raise DataError(f"{sheet.name}: no SMILES in {smiles!r} can be read; the first is of {first}")
    twice = frame["id"][frame["id"].duplicated()]
    if len(twice):
        raise DataError(
            f"{sheet.name}: drug {few(twice.unique())} has several rows, of different SMILES; keep one of each"
        )
    rest = [name for name in sheet.columns if name not in (key, smiles)]
    unused = f"; not used: {few(rest)}" if rest else ""
    notes.append(
        f"{sheet.name}: {len(frame):,} drugs named by {key!r}; descriptors and fingerprints of {smiles!r}{unused}"
    )
    texts = frame["text"].tolist()
    place = {label: number for number, label in enumerate(frame["id"])}
    named = {name: place[label] for name, (label, *_) in labels.items() if label in place}
    computed = {"descriptors": featurise.descriptors(texts), "fingerprints": featurise.fingerprints(texts)}
    return {
        name: pd.DataFrame(features.values[list(named.values())], index=list(named), columns=list(features.names))
        for name, features in computed.items()
    }


def named_by_smiles(main: Sheet, named: Mapping[str, object], notes: list[str]) -> "dict[str, pd.DataFrame]":
    """Return descriptors and fingerprints of drugs that the measurements name by their SMILES, if they do."""
    import pandas as pd

    from cellwright.data import featurise

    texts = sorted(named)
    if sum(map(may_be_structure, texts)) < len(texts) / 2:
        return {}
    if len(featurise.parse(texts, drop_bad=True).rows) < len(texts) / 2:
        return {}
    sheet = Sheet(main.path, pd.DataFrame({"drug": texts, "SMILES": texts}))
    return chemistry(sheet, "drug", "SMILES", {text: (text,) for text in texts}, notes)
