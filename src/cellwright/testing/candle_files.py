"""Made-up files of the names, layouts and widths of CANDLE's Combo, Uno and NT3, from which something can be learnt.

Cells, drugs and samples have a few hidden traits each; their features show the traits, with noise, and the target
comes of products of traits, of both drugs and the cell among them. The same arguments give the same bytes.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cellwright.seeds import Use, rng_for

__all__ = ["write_combo", "write_nt3", "write_uno"]

_TRAITS = 4
#: NCI-60, as NCI-ALMANAC writes them
_LINES = (
    *("786-0", "A498", "A549/ATCC", "ACHN", "BT-549", "CAKI-1", "CCRF-CEM", "COLO 205", "DU-145", "EKVX", "HCC-2998"),
    *("HCT-116", "HCT-15", "HL-60(TB)", "HOP-62", "HOP-92", "HS 578T", "HT29", "IGROV1", "K-562", "KM12", "LOX IMVI"),
    *("M14", "MALME-3M", "MCF7", "MDA-MB-231/ATCC", "MDA-MB-435", "MDA-MB-468", "MOLT-4", "NCI-H226", "NCI-H23"),
    *("NCI-H322M", "NCI-H460", "NCI-H522", "NCI/ADR-RES", "OVCAR-3", "OVCAR-4", "OVCAR-5", "OVCAR-8", "PC-3"),
    *("RPMI-8226", "RXF 393", "SF-268", "SF-295", "SF-539", "SK-MEL-2", "SK-MEL-28", "SK-MEL-5", "SK-OV-3", "SN12C"),
    *("SNB-19", "SNB-75", "SR", "SW-620", "T-47D", "TK-10", "U251", "UACC-257", "UACC-62", "UO-31"),
)
_SOURCES = ("CCLE", "CTRP", "GDSC", "NCI60", "gCSI")


def write_combo(
    folder: Path,
    *,
    seed: int = 0,
    lines: int = 60,
    drugs: int = 54,
    rows: int = 20_000,
    genes: int = 942,
    descriptors: int = 3820,
) -> None:
    """Write Combo's files into a folder, which is made: pairs of drugs on a line, 3 x 3 doses each, some repeated.

    `rows` counts measurements; 9 make one row of the problem, until all pairs are there and replicates follow.
    """
    rng = rng_for(seed, Use.SYNTHETIC, 1)
    folder.mkdir(parents=True, exist_ok=True)
    names = [*_LINES, *(f"LINE-{number}" for number in range(61, lines + 1))][:lines]
    samples = [f"NCI60.{name.removesuffix('/ATCC').removesuffix('(TB)').replace(' ', '-')}" for name in names]
    numbers = [740 + 37 * place * (place + 3) for place in range(drugs)]
    cells, chemistry = _traits(rng, lines), _traits(rng, drugs)
    _write_expression(folder / "combined_rnaseq_data_lincs1000", rng, [*samples, "CCLE.22RV1"], cells, genes)
    ids = [f"NSC.{number}" for number in numbers]
    _write_descriptors(folder / "ALMANAC_drug_descriptors_dragon7.txt", rng, ids, chemistry, descriptors)
    _write_columns(
        folder / "NCI60_CELLNAME_to_Combo.txt",
        {"NCI60.ID": samples, "CELLNAME": [f"XX:{name}" for name in names], "Name": names},
    )
    line, first, second, dose_1, dose_2 = _combo_design(rng, lines, drugs, rows)
    growth = _pair_growth(cells[line], chemistry[first], chemistry[second], dose_1, dose_2, first == second)
    growth = np.clip(growth + 4 * rng.normal(size=rows), -100, 170)
    table = _combo_columns(np.array(names)[line], np.array(numbers), (first, second), (dose_1, dose_2), growth)
    _write_columns(folder / "ComboDrugGrowth_Nov2017.csv", table, separator=",")


def write_uno(
    folder: Path,
    *,
    seed: int = 0,
    cells: int = 100,
    drugs: int = 80,
    rows: int = 20_000,
    genes: int = 942,
    descriptors: int = 5270,
    bits: int = 1024,
) -> None:
    """Write Uno's files into a folder, which is made: growth at doses, areas under curves, and the features.

    `rows` counts measurements of growth. Fingerprints are of two kinds, each of so many bits.
    """
    rng = rng_for(seed, Use.SYNTHETIC, 2)
    folder.mkdir(parents=True, exist_ok=True)
    samples = [f"{_SOURCES[number % 5]}.CELL-{number}" for number in range(cells)]
    ids = [f"NSC.{700000 + 13 * number}" if number % 2 else f"CTRP.{number}" for number in range(drugs)]
    of_cells, of_drugs = _traits(rng, cells), _traits(rng, drugs)
    _write_expression(folder / "combined_rnaseq_data_lincs1000_source_scale", rng, samples, of_cells, genes)
    _write_descriptors(folder / "pan_drugs_dragon7_descriptors.tsv", rng, ids, of_drugs, descriptors)
    for kind in ("PFP", "ECFP"):
        present = of_drugs @ rng.normal(size=(_TRAITS, bits)) + rng.normal(size=(drugs, bits)) > 1
        top = f"pan_drugs_dragon7\t{bits}"  # the benchmark passes over this line
        _write_rows(folder / f"pan_drugs_dragon7_{kind}.tsv", top, ids, present, "%d", "\t")
    cell, drug = rng.integers(cells, size=rows), rng.integers(drugs, size=rows)
    dose = rng.integers(8, 19, size=rows) / 2  # -log10 of mol/l
    potency = _potency(of_cells, of_drugs)
    growth = 100 - 150 / (1 + np.exp(2 * (dose - potency[cell, drug]))) + 4 * rng.normal(size=rows)
    _write_columns(
        folder / "rescaled_combined_single_drug_growth",
        {
            "SOURCE": np.array([sample.split(".")[0] for sample in samples])[cell],
            "DRUG_ID": np.array(ids)[drug],
            "CELLNAME": np.array(samples)[cell],
            "CONCUNIT": np.full(rows, "M"),
            "LOG_CONCENTRATION": -dose,
            "EXPID": np.full(rows, "E1"),
            "GROWTH": np.round(growth, 2),
        },
    )
    _write_areas(folder / "combined_single_response_agg", rng, samples, ids, potency)


def write_nt3(folder: Path, *, seed: int = 0, samples: int = 100, genes: int = 60483) -> None:
    """Write NT3's files into a folder, which is made: a fifth of the samples for testing, half of all tumours."""
    rng = rng_for(seed, Use.SYNTHETIC, 3)
    folder.mkdir(parents=True, exist_ok=True)
    traits = _traits(rng, samples)
    evidence = traits[:, 0] + traits[:, 1] * traits[:, 2]
    labels = (evidence > np.median(evidence)).astype(int)
    shown = rng.normal(size=(_TRAITS, genes)) * (rng.random(genes) < 0.3)
    tested = samples // 5
    for name, part in (("nt_train2.csv", slice(tested, None)), ("nt_test2.csv", slice(0, tested))):
        rest = traits[part] @ shown
        values = np.exp((rest + rng.normal(size=rest.shape)) / 2).astype(np.float32)
        _write_rows(folder / name, None, [str(label) for label in labels[part]], values, "%.5g", ",")


def _traits(rng: np.random.Generator, entities: int) -> np.ndarray:
    return rng.normal(size=(entities, _TRAITS))


def _potency(cells: np.ndarray, drugs: np.ndarray) -> np.ndarray:
    """Return at which -log10 dose each drug halves the growth of each cell, (cells, drugs)."""
    potency: np.ndarray = 6 + 0.8 * drugs[:, 0] + 0.6 * cells @ drugs.T
    return potency


def _pair_growth(
    cells: np.ndarray, first: np.ndarray, second: np.ndarray, dose_1: np.ndarray, dose_2: np.ndarray, alone: np.ndarray
) -> np.ndarray:
    """Return the growth in percent of each row; doses are 0, 1, 2 from low to high; a drug alone acts once."""
    hits = []
    for drugs, dose in ((first, dose_1), (second, dose_2)):
        strength = 0.7 * drugs[:, 0] + 0.6 * (cells * drugs).sum(axis=1)
        hits.append((dose + 1) / 3 / (1 + np.exp(-strength)))
    together = np.tanh((first * second)[:, 1:].sum(axis=1)) * np.tanh(cells[:, 0] + 0.5)
    both = hits[0] + hits[1] - hits[0] * hits[1] + 0.4 * together * np.sqrt(hits[0] * hits[1])
    growth: np.ndarray = 100 - 130 * np.where(alone, hits[0], both)
    return growth


def _combo_design(rng: np.random.Generator, lines: int, drugs: int, rows: int) -> tuple[np.ndarray, ...]:
    """Return line, both drugs and both doses of each row; every tenth pair is one before it, the other way round."""
    one, two = np.triu_indices(drugs)
    shuffled = rng.permutation(lines * len(one))
    block = np.arange(rows) // 9
    again = block % 10 == 9
    triple = shuffled[(block - again) % len(shuffled)]
    line, pair = triple // len(one), triple % len(one)
    first, second = np.where(again, two[pair], one[pair]), np.where(again, one[pair], two[pair])
    cell = np.arange(rows) % 9
    dose_1, dose_2 = cell // 3, cell % 3
    return line, first, second, dose_1, np.where(first == second, dose_1, dose_2)


def _combo_columns(
    names: np.ndarray,
    numbers: np.ndarray,
    drugs: tuple[np.ndarray, np.ndarray],
    doses: tuple[np.ndarray, np.ndarray],
    growth: np.ndarray,
) -> dict[str, Any]:
    """Return the 29 columns of NCI-ALMANAC; what is not read is filled with something plausible."""
    rows, alone = len(names), drugs[0] == drugs[1]
    highest = 10.0 ** -(5 + np.arange(len(numbers)) % 3)
    table: dict[str, Any] = {"COMBODRUGSEQ": np.arange(1, rows + 1), "SCREENER": np.full(rows, "FG")}
    for name, text in (("STUDY", "ST1"), ("TESTDATE", "01/02/2012"), ("PLATE", "PL1"), ("PANELNBR", "1")):
        table[name] = np.full(rows, text)
    table["CELLNBR"] = np.full(rows, "1")
    for place in (0, 1):
        number = str(place + 1)
        empty = alone if place else np.zeros(rows, dtype=bool)
        values = {
            "PREFIX": np.full(rows, "S"),
            "NSC": numbers[drugs[place]],
            "SAMPLE": np.full(rows, 1),
            "CONCINDEX": doses[place] + 1,
            "CONC": highest[drugs[place]] * 10.0 ** (doses[place] - 2),
            "CONCUNIT": np.full(rows, "M"),
        }
        for name, column in values.items():
            table[name + number] = np.ma.masked_array(column, empty)
    table["CONCINDEX2"] = np.where(alone, 0, doses[1] + 1)
    table["PERCENTGROWTH"] = np.round(growth, 3)
    table["PERCENTGROWTHNOTZ"] = np.round((growth + 100) / 2, 3)
    for name in ("TESTVALUE", "CONTROLVALUE", "TZVALUE"):
        table[name] = np.full(rows, 1.5)
    for name in ("EXPECTEDGROWTH", "SCORE"):
        table[name] = np.ma.masked_array(np.full(rows, 5), alone)
    return table | {"VALID": np.full(rows, "Y"), "PANEL": np.full(rows, "Panel"), "CELLNAME": names}


def _write_areas(
    path: Path, rng: np.random.Generator, samples: Sequence[str], ids: Sequence[str], potency: np.ndarray
) -> None:
    """Write the area under the curve of every drug on every cell; some curves fit badly."""
    cell, drug = (places.ravel() for places in np.indices(potency.shape))
    grid = np.linspace(4, 10, 25)
    area = (1 - 1 / (1 + np.exp(2 * (grid[:, None] - potency[cell, drug])))).mean(axis=0)
    curves = len(cell)
    columns: dict[str, Any] = {
        "SOURCE": np.array([sample.split(".")[0] for sample in samples])[cell],
        "CELL": np.array(samples)[cell],
        "DRUG": np.array(ids)[drug],
        "STUDY": np.full(curves, "S1"),
        "AUC": np.round(area + 0.01 * rng.normal(size=curves), 4),
        "IC50": np.round(potency[cell, drug], 3),
        "EC50": np.round(potency[cell, drug], 3),
        "EC50se": np.round(rng.exponential(size=curves), 3),
        "R2fit": np.round(1 - rng.exponential(0.2, size=curves), 3),
    }
    _write_columns(path, columns | {name: np.full(curves, 0.5) for name in ("Einf", "HS", "AAC1", "AUC1", "DSS1")})


def _write_expression(
    path: Path, rng: np.random.Generator, samples: Sequence[str], traits: np.ndarray, genes: int
) -> None:
    """Write the expression of samples; those beyond the traits are strangers."""
    hidden = np.concatenate([traits, _traits(rng, len(samples) - len(traits))])
    values = 4 + hidden @ rng.normal(size=(_TRAITS, genes)) / 2 + 0.5 * rng.normal(size=(len(samples), genes))
    top = "\t".join(["Sample", *(f"GENE{number}" for number in range(genes))])
    _write_rows(path, top, samples, values, "%.4g", "\t")


def _write_descriptors(
    path: Path, rng: np.random.Generator, ids: Sequence[str], traits: np.ndarray, count: int
) -> None:
    """Write descriptors of drugs, of very different sizes, one in a hundred missing, and one column altogether."""
    shown = traits @ rng.normal(size=(_TRAITS, count)) + 0.5 * rng.normal(size=(len(ids), count))
    values = shown * 10.0 ** rng.integers(-2, 4, size=count)
    values[rng.random(values.shape) < 0.01] = np.nan
    values[:, count - 1] = np.nan
    _write_rows(path, "\t".join(["NAME", *(f"D{number}" for number in range(count))]), ids, values, "%.5g", "\t")


def _write_rows(
    path: Path, top: str | None, names: Sequence[str], values: np.ndarray, style: str, separator: str
) -> None:
    """Write a wide table: a line each, formatted at once; "na" where missing."""
    line = separator.join([style] * values.shape[1])
    with path.open("w", encoding="utf-8", newline="\n") as file:
        if top is not None:
            file.write(top + "\n")
        for name, row in zip(names, values, strict=True):
            file.write(f"{name}{separator}{(line % tuple(row.tolist())).replace('nan', 'na')}\n")


def _write_columns(path: Path, columns: Mapping[str, Any], *, separator: str = "\t") -> None:
    """Write a long table; nothing where masked."""
    import pyarrow as pa
    from pyarrow import csv

    arrays = {
        name: pa.array(np.ma.getdata(column), mask=np.ma.getmaskarray(np.ma.asarray(column)))
        for name, column in columns.items()
    }
    with path.open("wb") as file:
        file.write((separator.join(columns) + "\n").encode())
        options = csv.WriteOptions(include_header=False, delimiter=separator, quoting_style="none")
        csv.write_csv(pa.table(arrays), file, options)
