"""How the files of CANDLE's benchmarks are called, and how a name in one of them leads to names in another."""

import csv
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from cellwright.data.names import match_names
from cellwright.errors import DataError, os_reason

__all__ = ["FILES", "cell_samples", "need", "pick", "pubchem_names"]

_EXPRESSION = ("combined_rnaseq_data_lincs1000", "combined_rnaseq_data")
_BY_SOURCE = ("combined_rnaseq_data_lincs1000_source_scale", "combined_rnaseq_data_lincs1000_combat")
#: what each file may be called: published names first, then patterns for other versions
FILES = {
    "combo: responses": ("ComboDrugGrowth_Nov2017.csv", "ComboDrugGrowth*.csv", "ComboDrugGrowth*.txt"),
    "combo: expression": (*_EXPRESSION, *_BY_SOURCE, "combined_rnaseq_data*", "*rnaseq*", "*RNA_Seq*", "*lincs1000*"),
    "combo: descriptors": (
        *("ALMANAC_drug_descriptors_dragon7.txt", "pan_drugs_dragon7_descriptors.tsv"),
        *("*drug_descriptors_dragon7*", "*dragon7_descriptors*", "*dragon7*"),
    ),
    "uno: responses": (
        *("rescaled_combined_single_drug_growth", "combined_single_drug_growth"),
        *("rescaled_combined_single_drug_growth*", "combined_single_drug_growth*"),
    ),
    "uno: areas": ("combined_single_response_agg", "combined_single_response*agg*"),
    "uno: expression": (*_BY_SOURCE, *_EXPRESSION, "combined_rnaseq_data*", "*rnaseq*"),
    "nt3: responses": ("nt_train2.csv", "nt_train*.csv"),
    "nt3: rows for testing": ("nt_test2.csv", "nt_test*.csv"),
}
for _kind in ("descriptors", "PFP", "ECFP"):
    FILES[f"uno: {_kind}"] = (
        *(f"pan_drugs_dragon7_{_kind}.tsv", f"Combined_PubChem_dragon7_{_kind}.tsv", f"NCI60_dragon7_{_kind}.tsv"),
        f"*dragon7_{_kind}*",
    )
_OTHER = (".zip", ".gz", ".bz2", ".xz", ".json", ".pkl", ".md5", ".part")
_MAPS = "NCI60_CELLNAME_to_Combo*.txt"


def pick(folder: Path, patterns: Sequence[str]) -> Path | None:
    """Return the file that the first fitting pattern names, or None.

    Raises:
        DataError: several files fit one pattern.
    """
    for pattern in patterns:
        fitting = sorted(path for path in folder.glob(pattern) if path.is_file() and path.suffix not in _OTHER)
        if len(fitting) > 1:
            names = ", ".join(repr(path.name) for path in fitting)
            raise DataError(f"{str(folder)!r} holds {names}, any of which could be {patterns[0]!r}; leave one there")
        if fitting:
            return fitting[0]
    return None


def need(folder: Path, what: str) -> Path:
    """Return a file of `FILES`.

    Raises:
        DataError: it is not there.
    """
    found = pick(folder, FILES[what])
    if found is None:
        names = " or ".join(repr(name) for name in FILES[what] if "*" not in name)
        raise DataError(f"no file of {what.split(': ')[1]} in {str(folder)!r}; expected {names}, unpacked")
    return found


def cell_samples(folder: Path, cells: Sequence[str], samples: Sequence[str], notes: list[str]) -> dict[str, str]:
    """Return the sample of each cell that has one; a sample is the name of a row of the expression.

    NCI-ALMANAC writes A549/ATCC where the expression has NCI60.A549. The published maps decide where they are there;
    else names are matched without prefix, suffix and punctuation, and a note says so.
    """
    there, mapped = set(samples), _maps(folder)
    found = {}
    for cell in cells:
        known = next((name for name in (*mapped.get(cell, ()), f"NCI60.{cell}", cell) if name in there), None)
        if known is not None:
            found[cell] = known
    left = {_bare(cell): cell for cell in cells if cell not in found}
    free = {_bare(sample): sample for sample in samples if sample not in found.values()}
    guessed = {left[name]: free[sample] for name, sample in match_names(left, free).found.items()}
    if guessed:
        pairs = ", ".join(f"{cell!r} as {sample!r}" for cell, sample in sorted(guessed.items())[:3])
        more = f" and {len(guessed) - 3} more" if len(guessed) > 3 else ""
        notes.append(f"names of cells guessed: {pairs}{more}; {_MAPS.replace('*', '')} would tell")
    return dict(sorted((found | guessed).items()))


def pubchem_names(folder: Path) -> dict[str, set[str]]:
    """Return the drugs that each PubChem name stands for, by the file drug_info; none where it is not there."""
    path = folder / "drug_info"
    found: defaultdict[str, set[str]] = defaultdict(set)
    if path.is_file():
        for row in _rows(path, ("ID", "PUBCHEM")):
            found[f"PubChem.CID.{row['PUBCHEM']}"].add(row["ID"])
    return dict(found)


def _bare(name: str) -> str:
    for suffix in ("/ATCC", "-ATCC", "_ATCC", "(TB)"):
        name = name.removesuffix(suffix)
    return name.removeprefix("NCI60.")


def _maps(folder: Path) -> dict[str, list[str]]:
    """Return the samples that may belong to each cell, by the published maps.

    Each line has the Name that NCI-ALMANAC uses, a CELLNAME as BR:MCF7, and the NCI60.ID. There are two maps, and the
    samples of the expression may be those of either.
    """
    rows = [row for path in sorted(folder.glob(_MAPS)) for row in _rows(path, ("NCI60.ID",))]
    by_cellname = defaultdict(list)
    for row in rows:
        by_cellname[row.get("CELLNAME")].append(row["NCI60.ID"])
    found: defaultdict[str, list[str]] = defaultdict(list)
    for row in rows:
        if row.get("Name"):
            same = by_cellname[row["CELLNAME"]] if row.get("CELLNAME") else []
            found[row["Name"]] += [row["NCI60.ID"], *same]
    return dict(found)


def _rows(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    """Return the lines of a small table with tabs, by column."""
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            reader = csv.reader(file, delimiter="\t")
            header = [name.strip() for name in next(reader, [])]
            missing = [name for name in columns if name not in header]
            if missing:
                raise DataError(f"{str(path)!r} has no column {missing[0]!r}; it has {', '.join(header) or 'nothing'}")
            # a line that ends early has nothing in its last columns
            return [dict(zip(header, map(str.strip, fields), strict=False)) for fields in reader if len(fields) > 1]
    except OSError as error:
        raise DataError(f"cannot read {str(path)!r}: {os_reason(error)}") from error
