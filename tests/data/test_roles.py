from pathlib import Path

import pandas as pd
import pytest

from cellwright.data.roles import need, roles_of, simple
from cellwright.data.tables import Sheet
from cellwright.errors import DataError


def sheet(header: str, **cells: object) -> Sheet:
    names = header.split(",")
    return Sheet(Path("t.csv"), pd.DataFrame({name: [cells.get(name, 1)] * 3 for name in names}))


def test_a_name_is_simple_without_case_and_punctuation() -> None:
    assert simple("Dose (µM)") == simple("dose_uM") == simple("DOSE-μm") == "doseum"


@pytest.mark.parametrize(
    ("header", "roles"),
    [
        ("drug,cell_line,dose_uM,growth", {"drug": "drug", "cell": "cell_line", "dose": "dose_uM", "value": "growth"}),
        ("CELL_LINE_NAME,DRUG_NAME,LN_IC50", {"cell": "CELL_LINE_NAME", "drug": "DRUG_NAME", "value": "LN_IC50"}),
        (
            "drug_a,drug_b,cell_line,synergy",
            {"drug_1": "drug_a", "drug_2": "drug_b", "cell": "cell_line", "value": "synergy"},
        ),
        ("Drug1,Drug2,Cell line,Loewe", {"drug_1": "Drug1", "drug_2": "Drug2", "cell": "Cell line", "value": "Loewe"}),
        ("NSC1,NSC2,CELLNAME,SCORE", {"drug_1": "NSC1", "drug_2": "NSC2", "cell": "CELLNAME", "value": "SCORE"}),
        (
            "drug_row,drug_col,cell_line_name,synergy_zip,synergy",
            {"drug_1": "drug_row", "drug_2": "drug_col", "cell": "cell_line_name", "value": "synergy"},
        ),
        (
            "Anchor Name,Library Name,Cell Line name,Bliss",
            {"drug_1": "Anchor Name", "drug_2": "Library Name", "cell": "Cell Line name", "value": "Bliss"},
        ),
        ("compound,depmap_id,auc", {"drug": "compound", "cell": "depmap_id", "value": "auc"}),
        (
            "sample,compound,log10_conc,viability",
            {"cell": "sample", "drug": "compound", "dose": "log10_conc", "value": "viability"},
        ),
        (
            "improve_sample_id,improve_chem_id,auc,r2fit",
            {"cell": "improve_sample_id", "drug": "improve_chem_id", "value": "auc"},
        ),
        (
            "depmap_id,broad_id,auc,ic50,target",
            {"cell": "depmap_id", "drug": "broad_id", "value": "auc"},
        ),
        (
            "COSMIC_ID,CELL_LINE_NAME,DRUG_ID,DRUG_NAME,MIN_CONC,MAX_CONC,LN_IC50,AUC,RMSE",
            {"cell": "CELL_LINE_NAME", "drug": "DRUG_NAME", "value": "AUC"},
        ),
        (
            "CCLE Cell Line Name,Compound,IC50 (uM),ActArea",
            {"cell": "CCLE Cell Line Name", "drug": "Compound", "value": "ActArea"},
        ),
        # by elimination: the one column of numbers
        ("drug,cell,measured thing", {"drug": "drug", "cell": "cell", "value": "measured thing"}),
        # the likelier name comes first
        ("drug,cell,ic50,auc,growth", {"drug": "drug", "cell": "cell", "value": "growth"}),
        # no measurements
        ("cell_line,TP53,KRAS", {"cell": "cell_line"}),
        ("name,smiles", {}),
    ],
)
def test_roles_are_guessed_from_names(header: str, roles: dict[str, str]) -> None:
    text = {name: "A" for name in header.split(",") if simple(name) in ("smiles", "name", "target")}
    found = roles_of(sheet(header, **text), {})
    if "drug" in roles or "drug_1" in roles:
        assert found == roles
    else:
        assert {role: name for role, name in found.items() if role != "value"} == roles


def test_what_is_said_comes_before_what_is_guessed() -> None:
    table = sheet("drug,cell,dose,growth,auc")
    assert roles_of(table, {"value": "auc"})["value"] == "auc"
    assert roles_of(table, {"value": "dose"}) == {"value": "dose", "drug": "drug", "cell": "cell"}
    # columns of other tables say nothing of this one
    assert roles_of(table, {"smiles": "structure"}) == roles_of(table, {})


def test_a_pair_may_be_named_column_by_column() -> None:
    found = roles_of(sheet("first,second,line,y"), {"drug_1": "first", "drug_2": "second"})
    assert found == {"drug_1": "first", "drug_2": "second", "cell": "line", "value": "y"}


def test_two_columns_of_numbers_are_no_value() -> None:
    assert "value" not in roles_of(sheet("drug,cell,first,second"), {})
    assert roles_of(sheet("drug,cell,first,second", second="text"), {})["value"] == "first"


@pytest.mark.parametrize(
    ("role", "words"),
    [("cell", "the cell line"), ("drug_2", "the second drug of a pair"), ("value", "the measured value")],
)
def test_a_missing_role_asks_for_its_column(role: str, words: str) -> None:
    with pytest.raises(DataError, match=f"t.csv: which column holds {words}.*--column {role}=NAME; there are 'a', 'b'"):
        need(sheet("a,b"), {}, role)
    need(sheet("a,b"), {role: "a"}, role)


def test_plates_are_no_pairs_and_cells_come_before_samples() -> None:
    roles = roles_of(sheet("row,col,drug,sample_id,cell_line,dose,growth"), {})
    assert {role: roles[role] for role in ("drug", "cell", "dose", "value")} == {
        "drug": "drug",
        "cell": "cell_line",
        "dose": "dose",
        "value": "growth",
    }
    assert "drug_1" not in roles
    assert roles_of(sheet("a,b,cell,synergy"), {})["drug_2"] == "b"
    assert roles_of(sheet("LIBRARY_NAME,ANCHOR_NAME,CELL_LINE_NAME,Bliss"), {})["drug_1"] == "ANCHOR_NAME"
