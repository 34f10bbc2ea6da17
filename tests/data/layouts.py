"""Made-up tables in the layouts that GDSC, CCLE, DepMap, DrugComb, NCI-ALMANAC, IMPROVE and GEO publish.

Each function writes the files of one source into a folder: 8 cell lines, 6 drugs, 12 genes.
"""

from collections.abc import Iterable
from itertools import combinations
from pathlib import Path

import numpy as np

SMILES = {
    "aspirin": "CC(=O)OC1=CC=CC=C1C(=O)O",
    "caffeine": "CN1C=NC2=C1C(=O)N(C(=O)N2C)C",
    "ibuprofen": "CC(C)CC1=CC=C(C=C1)C(C)C(=O)O",
    "paracetamol": "CC(=O)NC1=CC=C(C=C1)O",
    "phenol": "OC1=CC=CC=C1",
    "aniline": "NC1=CC=CC=C1",
}
DRUGS = tuple(SMILES)
CELLS = ("A-549", "MCF7", "PC-3", "HT-29", "22RV1", "K-562", "T-47D", "HCT-116")
TISSUES = ("LUNG", "BREAST", "PROSTATE", "LARGE_INTESTINE", "PROSTATE", "HAEMATOPOIETIC", "BREAST", "LARGE_INTESTINE")
COSMIC = tuple(905_934 + 17 * number for number in range(len(CELLS)))
MODELS = tuple(f"ACH-{number:06}" for number in range(1, len(CELLS) + 1))
GENES = tuple(f"GENE{number}" for number in range(12))
_RNG = np.random.default_rng(0)
LEVELS = np.round(_RNG.normal(6, 2, (len(GENES), len(CELLS))), 3)  # of expression, logarithms


def effect(drug: int, cell: int) -> float:
    """Return a made-up response, the same for every source."""
    return round(float(np.sin(1.3 * drug + 0.7 * cell)), 4)


def write(path: Path, rows: Iterable[Iterable[object]], separator: str = ",") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(separator.join("" if cell is None else str(cell) for cell in row) + "\n" for row in rows))


def drugs(path: Path, name: str = "drug_name", smiles: str = "smiles") -> None:
    write(path, [(name, smiles), *SMILES.items()])


def gdsc(folder: Path) -> None:
    """Fitted dose responses, in which one drug was screened twice; RMA expression, with a cell line twice."""
    header = (
        "DATASET,NLME_RESULT_ID,NLME_CURVE_ID,COSMIC_ID,CELL_LINE_NAME,SANGER_MODEL_ID,TCGA_DESC,DRUG_ID,DRUG_NAME,"
        "PUTATIVE_TARGET,PATHWAY_NAME,COMPANY_ID,WEBRELEASE,MIN_CONC,MAX_CONC,LN_IC50,AUC,RMSE,Z_SCORE"
    )
    rows: list[tuple[object, ...]] = []
    screens = [(1000 + number, name, 10) for number, name in enumerate(DRUGS)] + [(2000, DRUGS[0], 2)]
    for drug_id, name, most in screens:
        for cell, line in enumerate(CELLS):
            value = effect(DRUGS.index(name), cell) + (0.1 if drug_id == 2000 else 0)
            about = ("GDSC2", 282, 14_000_000 + len(rows), COSMIC[cell], line, f"SIDM{cell:05}", "UNCLASSIFIED")
            drug = (drug_id, name, "COX", "Other", 1047, "Y", most / 1000, most)
            rows.append((*about, *drug, round(3 * value, 4), round(0.5 + value / 4, 4), 0.05, round(value, 3)))
    write(folder / "GDSC2_fitted_dose_response.csv", [header.split(","), *rows])
    columns = [*(f"DATA.{cosmic}" for cosmic in COSMIC), f"DATA.{COSMIC[1]}.1"]
    levels = np.concatenate([LEVELS, LEVELS[:, [1]] + 1], axis=1)
    table = [(gene, f"title of {gene}", *row) for gene, row in zip(GENES, levels.tolist(), strict=True)]
    table[-1] = ("", "", *table[-1][2:])
    write(folder / "Cell_line_RMA_proc_basalExp.txt", [("GENE_SYMBOLS", "GENE_title", *columns), *table], "\t")
    write(
        folder / "drugs.csv",
        [("DRUG_NAME", "PubCHEM", "SMILES"), *((n, 2244 + k, s) for k, (n, s) in enumerate(SMILES.items()))],
    )


def ccle(folder: Path, *, gct: bool = False) -> None:
    """Broad's tables of 2012: cell lines bear the name of their tissue, and the doses of a curve stand in one cell."""
    header = (
        "CCLE Cell Line Name,Primary Cell Line Name,Compound,Target,Doses (uM),Activity Data (median),Activity SD,"
        "Num Data,FitType,EC50 (uM),IC50 (uM),Amax,ActArea"
    )
    names = [f"{line.replace('-', '')}_{tissue}" for line, tissue in zip(CELLS, TISSUES, strict=True)]
    rows = [
        (
            names[cell],
            CELLS[cell],
            drug,
            "COX",
            '".0025,.008,.025"',
            '"-3.1,-5,7"',
            '"1,2,3"',
            3,
            "Sigmoid",
            1.5,
            8,
            -2,
            value,
        )
        for number, drug in enumerate(DRUGS)
        for cell in range(len(CELLS))
        for value in [effect(number, cell)]
    ]
    write(folder / "CCLE_NP24.2009_Drug_data_2015.02.24.csv", [header.split(","), *rows])
    table = [
        (f"{number}_at", gene, *row) for number, (gene, row) in enumerate(zip(GENES, LEVELS.tolist(), strict=True))
    ]
    first = [("#1.2",), (len(GENES), len(CELLS))] if gct else []
    name = "CCLE_Expression_Entrez_2012-09-29" + (".gct" if gct else ".txt")
    write(folder / name, [*first, ("Name", "Description", *names), *table], "\t")
    drugs(folder / "drugs.csv", "Compound", "isosmiles")


def depmap(folder: Path) -> None:
    """Expression with a row for each model and the genes' Entrez ids; the secondary screen, which brings the SMILES."""
    header = (
        "broad_id,depmap_id,ccle_name,screen_id,upper_limit,lower_limit,slope,r2,auc,ec50,ic50,name,moa,target,"
        "disease.area,indication,smiles,phase,passed_str_profiling,row_name"
    )
    rows = [
        (
            *(f"BRD-K{1000 + number}", MODELS[cell], f"{CELLS[cell]}_{TISSUES[cell]}", "HTS002"),
            *(1, 0.2, 0.5, 0.9, value, 3, "", drug, "inhibitor", "PTGS1", "pain", ""),
            *(f'"{SMILES[drug]}, {SMILES[drug]}.Cl"', "Launched", "TRUE", MODELS[cell]),
        )
        for number, drug in enumerate(DRUGS)
        for cell in range(len(CELLS))
        for value in [effect(number, cell)]
    ]
    write(folder / "secondary-screen-dose-response-curve-parameters.csv", [header.split(","), *rows])
    genes = [f"{gene} ({7157 + number})" for number, gene in enumerate(GENES)]
    expression = [(model, *row) for model, row in zip(MODELS, LEVELS.T.tolist(), strict=True)]
    write(folder / "OmicsExpressionProteinCodingGenesTPMLogp1.csv", [("", *genes), *expression])
    about = [(model, line, tissue) for model, line, tissue in zip(MODELS, CELLS, TISSUES, strict=True)]
    write(folder / "Model.csv", [("ModelID", "CellLineName", "OncotreeLineage"), *about])


def drugcomb(folder: Path) -> None:
    """The summary: a row for each pair and cell line, single agents among them."""
    header = (
        "block_id,drug_row,drug_col,cell_line_name,conc_row_unit,conc_col_unit,css_row,css_col,css_ri,S_sum,S_mean,S_max,"
        "synergy_zip,synergy_loewe,synergy_hsa,synergy_bliss,ic50_row,ic50_col,ri_row,ri_col,study_name,tissue_name"
    )
    pairs: list[tuple[str, str]] = [*combinations(DRUGS, 2), *((drug, "NULL") for drug in DRUGS)]
    rows: list[tuple[object, ...]] = []
    for one, other in pairs:
        for cell, line in enumerate(CELLS):
            value = None if other == "NULL" else effect(DRUGS.index(one) + DRUGS.index(other), cell)
            numbers = (30.1, 20.2, 25, 1, 2, 3, value, value, value, value, 1.5, 2.5, 10, 20)
            rows.append((len(rows), one, other, line, "uM", "uM", *numbers, "ALMANAC", TISSUES[cell].lower()))
    write(folder / "summary_v_1_5.csv", [header.split(","), *rows])
    drugs(folder / "drugs.csv", "dname")
    write(
        folder / "expression.csv",
        [("cell_line_name", *GENES), *((line, *row) for line, row in zip(CELLS, LEVELS.T.tolist(), strict=True))],
    )


def almanac(folder: Path) -> None:
    """Raw growth of pairs at several concentrations, single agents among them."""
    header = (
        "COMBODRUGSEQ,SCREENER,STUDY,TESTDATE,PLATE,PANELNBR,CELLNBR,PREFIX1,NSC1,SAMPLE1,CONCINDEX1,CONC1,CONCUNIT1,"
        "PREFIX2,NSC2,SAMPLE2,CONCINDEX2,CONC2,CONCUNIT2,PERCENTGROWTH,PERCENTGROWTHNOTZ,TESTVALUE,CONTROLVALUE,TZVALUE,"
        "EXPECTEDGROWTH,SCORE,VALID,PANEL,CELLNAME"
    )
    nsc = [740 + 13 * number for number in range(len(DRUGS))]
    pairs: list[tuple[int, int | None]] = [*combinations(range(len(DRUGS)), 2), *((n, None) for n in range(len(DRUGS)))]
    rows: list[tuple[object, ...]] = []
    for one, other in pairs:
        for cell, line in enumerate(CELLS):
            for level in (1, 2, 3):
                growth = round(90 - 25 * level + 5 * effect(one + (other or 0), cell), 3)
                start = (len(rows), "FG", "FG1404", "04/15/2014", f"P{len(rows) % 5}", 4, cell)
                first = ("S", nsc[one], 1, level, 10.0 ** (level - 8), "M")
                second = ("",) * 6 if other is None else ("S", nsc[other], 2, level, 10.0 ** (level - 8), "M")
                end = (
                    growth,
                    "",
                    0.5 + growth / 1000,
                    1.1,
                    0.4,
                    "" if other is None else 60.5,
                    "" if other is None else 1.5,
                )
                rows.append((*start, *first, *second, *end, "Y", "Lung", line))
    write(folder / "combo_growth.csv", [header.split(","), *rows])
    write(folder / "smiles.csv", [("NSC", "SMILES"), *zip(nsc, SMILES.values(), strict=True)])
    write(
        folder / "expression.csv",
        [("CELLNAME", *GENES), *((line, *row) for line, row in zip(CELLS, LEVELS.T.tolist(), strict=True))],
    )


def improve(folder: Path, *, header_lines: int = 3) -> None:
    """IMPROVE's benchmark: expression has three header lines, Ensembl and Entrez ids and symbols."""
    header = [
        "source",
        "improve_sample_id",
        "improve_chem_id",
        "study",
        "auc",
        "ic50",
        "ec50",
        "ec50se",
        "r2fit",
        "einf",
        "hs",
        "aac1",
        "auc1",
        "dss1",
    ]
    rows = [
        ("CCLE", MODELS[cell], f"Drug_{number}", "CCLE", value, 2 * value, 3, 0.1, 0.9, 0.2, 1, 1 - value, value, 0.3)
        for number in range(len(DRUGS))
        for cell in range(len(CELLS))
        for value in [effect(number, cell)]
    ]
    write(folder / "response.tsv", [header, *rows], "\t")
    lines: list[tuple[object, ...]] = [
        ("", *(f"ENSG{number:011}" for number in range(len(GENES)))),
        ("", *range(100, 100 + len(GENES))),
        ("improve_sample_id", *GENES),
    ]
    expression = [(model, *row) for model, row in zip(MODELS, LEVELS.T.tolist(), strict=True)]
    write(folder / "cancer_gene_expression.tsv", [*lines[3 - header_lines :], *expression], "\t")
    smiles = [(f"Drug_{number}", smiles) for number, smiles in enumerate(SMILES.values())]
    write(folder / "drug_SMILES.tsv", [("improve_chem_id", "canSMILES"), *smiles], "\t")


def geo(folder: Path) -> None:
    """A matrix as a GEO series has it, a column for each sample (GSM), beside responses of these samples."""
    samples = [f"GSM{88_700 + number}" for number in range(len(CELLS))]
    matrix = [(f'"{200 + number}_s_at"', *row) for number, row in enumerate(LEVELS.tolist())]
    write(folder / "GSE1_series_matrix.txt", [('"ID_REF"', *(f'"{one}"' for one in samples)), *matrix], "\t")
    rows = [(sample, drug, effect(n, cell)) for n, drug in enumerate(DRUGS) for cell, sample in enumerate(samples)]
    write(folder / "responses.csv", [("geo_accession", "agent", "response"), *rows])
    drugs(folder / "drugs.csv", "agent")
