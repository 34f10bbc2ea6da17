"""The layouts that public sources of drug responses publish are read as they are downloaded."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cellwright.data.frames import Frames
from cellwright.data.options import TableOptions
from cellwright.data.responses import read_responses

from . import layouts

ONE_DRUG = len(layouts.DRUGS) * len(layouts.CELLS)
PAIRS = len(layouts.DRUGS) * (len(layouts.DRUGS) - 1) // 2 * len(layouts.CELLS)


def read(folder: Path, *, pairs: bool = False, **columns: str) -> Frames:
    return read_responses(folder, pairs=pairs, options=TableOptions(columns))


def noted(frames: Frames, words: str) -> bool:
    return any(words in note for note in frames.notes)


@pytest.mark.parametrize(
    ("layout", "pairs", "rows", "genes"),
    [
        (layouts.gdsc, False, ONE_DRUG, 11),
        (layouts.ccle, False, ONE_DRUG, 12),
        (layouts.depmap, False, ONE_DRUG, 12),
        (layouts.drugcomb, True, PAIRS, 12),
        (layouts.almanac, True, PAIRS, 12),
        (layouts.geo, False, ONE_DRUG, 12),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_layout_is_read_as_it_is_downloaded(
    layout: Callable[[Path], None], pairs: bool, rows: int, genes: int, tmp_path: Path
) -> None:
    layout(tmp_path)
    frames = read(tmp_path, pairs=pairs)
    assert len(frames.responses) == rows
    assert list(frames.features) == ["expression", "descriptors", "fingerprints"]
    assert frames.features["expression"][1].shape == (len(layouts.CELLS), genes)
    assert not noted(frames, "have no features")


def test_gdsc_is_joined_by_cosmic_ids_and_drug_names(tmp_path: Path) -> None:
    layouts.gdsc(tmp_path)
    frames = read(tmp_path, value="LN_IC50")
    assert noted(frames, "cell = 'COSMIC_ID', drug = 'DRUG_NAME'")
    assert noted(frames, "join 8 of 8 cell lines, without 'DATA.', with which names in the table begin")
    assert noted(frames, "several columns of one cell line are averaged: '905951'")
    assert noted(frames, "1 row without a 'GENE_SYMBOLS' left out")
    assert frames.target.startswith("LN_IC50 (natural logarithm")
    # the lowest and highest dose of a curve are no dose of the row, and two screens of one drug are averaged
    assert "dose" not in frames.responses
    assert noted(frames, "8 repeated measurements averaged: 48 rows; they differ in")
    assert noted(frames, "'DRUG_ID', 'MIN_CONC', 'MAX_CONC'")
    means = frames.responses.set_index(["cell", "drug"])["value"]
    first = layouts.effect(0, 0)
    assert means[str(layouts.COSMIC[0]), "aspirin"] == pytest.approx(3 * (first + 0.05), abs=1e-3)
    expression = frames.features["expression"][1]
    np.testing.assert_allclose(expression.loc[str(layouts.COSMIC[1])], layouts.LEVELS[:-1, 1] + 0.5, rtol=1e-6)


def test_value_columns_are_listed_and_one_is_chosen(tmp_path: Path) -> None:
    layouts.gdsc(tmp_path)
    frames = read(tmp_path)
    assert noted(frames, "value columns: 'AUC' (taken; --target chooses another), 'LN_IC50', 'Z_SCORE'")
    assert noted(frames, "columns that are not used: 'DATASET'")


def test_ccle_is_joined_by_the_names_with_tissues(tmp_path: Path) -> None:
    layouts.ccle(tmp_path)
    frames = read(tmp_path)
    assert noted(frames, "cell = 'CCLE Cell Line Name', drug = 'Compound', value = 'ActArea'")


def test_depmap_joins_models_and_takes_the_smiles_of_the_screen(tmp_path: Path) -> None:
    layouts.depmap(tmp_path)
    frames = read(tmp_path)
    assert noted(frames, "cell = 'depmap_id', drug = 'broad_id', value = 'auc'")
    assert noted(frames, "lists several SMILES for 'BRD-K1000'")
    by_lineage = read_responses(tmp_path, pairs=False, options=TableOptions(group="OncotreeLineage"))
    assert by_lineage.responses.groupby("cell")["group"].nunique().max() == 1
    assert set(by_lineage.responses["group"]) == set(layouts.TISSUES)
    assert by_lineage.group == "OncotreeLineage"


@pytest.mark.parametrize("layout", [layouts.drugcomb, layouts.almanac])
def test_single_agents_among_pairs_are_left_out_and_counted(layout: Callable[[Path], None], tmp_path: Path) -> None:
    layout(tmp_path)
    frames = read(tmp_path, pairs=True)
    singles = len(layouts.DRUGS) * len(layouts.CELLS) * (3 if layout is layouts.almanac else 1)
    assert noted(frames, f"{singles:,} of")
    assert noted(frames, "name one drug only (single agents) and are left out")


@pytest.mark.parametrize("value", ["synergy_zip", "synergy_bliss"])
def test_a_score_of_drugcomb_that_single_agents_lack_is_a_target(value: str, tmp_path: Path) -> None:
    layouts.drugcomb(tmp_path)
    assert len(read(tmp_path, pairs=True, value=value).responses) == PAIRS


def test_improve_is_joined_by_its_own_ids(tmp_path: Path) -> None:
    layouts.improve(tmp_path, header_lines=1)
    frames = read(tmp_path)
    assert len(frames.responses) == ONE_DRUG
    assert noted(frames, "cell = 'improve_sample_id', drug = 'improve_chem_id', value = 'auc'")
