import contextlib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cellwright.data import candle
from cellwright.data.candle.matrices import read_matrix
from cellwright.data.candle.measurements import read_measurements
from cellwright.errors import DataError
from cellwright.testing.candle_files import write_combo, write_nt3, write_uno

HEADER = "COMBODRUGSEQ,NSC1,CONC1,NSC2,CONC2,PERCENTGROWTH,VALID,CELLNAME"
COMBO = {
    "ComboDrugGrowth_Nov2017.csv": [
        HEADER,
        "1,740,1e-6,750,1e-5,10,Y,786-0",
        "2,740,1E-06,750,1e-5,30,Y,786-0",  # a replicate: mean 20
        "3,750,1e-5,740,1e-6,50,Y,786-0 ",  # and another, the other way round: mean 30
        "4,740,1e-5,750,1e-5,40,Y,786-0",  # a higher dose: 40 is not less than 30
        "5,740,1e-4,750,1e-5,-60,N,786-0",
        "6,740,1e-4,,,-50,Y,A549/ATCC",
        "7,740,1e-5,,,80,Y,A549/ATCC",
        "8,,,750,1e-5,25,Y,A549/ATCC",
        "9,750,1,740,1,11,Y,HL-60(TB)",
        "10,740,1e-4,999,1e-4,1,Y,786-0",
        "11,740,1e-4,750,1e-4,2,Y,NOWHERE",
        "\x1a",
    ],
    "combined_rnaseq_data_lincs1000": [
        "Sample\tCancer_type_id\tG1\tG2",
        "CCLE.786-0\tx\t9\t9",
        "NCI60.786-0\tx\t1\t2.5",
        "NCI60.A549\tx\t3\tna",
        "NCI60.LEUKEMIA\tx\t5\t6",
    ],
    "ALMANAC_drug_descriptors_dragon7.txt": ["NAME\tMW\tAMW", "NSC.750\t1\t-", "NSC.740\t2\t1e99", "NSC.1\t3\tna"],
    "NCI60_CELLNAME_to_Combo.txt": [
        "NCI60.ID\tCELLNAME\tName",
        "NCI60.786-0\tRE:786-0\t786-0",
        "NCI60.gone\tLC:A549\tA549/ATCC",
        "NCI60.LEUKEMIA\tLE:HL-60\tHL-60(TB)",
    ],
    "NCI60_CELLNAME_to_Combo.new.txt": ["NCI60.ID\tCELLNAME", "NCI60.A549\tLC:A549"],
}
UNO = {
    "rescaled_combined_single_drug_growth": [
        "SOURCE\tDRUG_ID\tCELLNAME\tCONCUNIT\tLOG_CONCENTRATION\tEXPID\tGROWTH",
        "CCLE\tCCLE.1\tCCLE.22RV1\tM\t-6.5\tE\t50",
        "CCLE\tCCLE.1\tCCLE.22RV1\tM\t-6.5\tF\t70",
        "CCLE\tCCLE.1\tCCLE.22RV1\tM\t-5\tE\t-10",
        "NCI60\tNSC.740\tNCI60.SR\tM\t-4\tE\t100",
        "NCI60\tNSC.740\tNCI60.SR\tu\t2\tE\t100",
        "SCL\tSCL.1\tSCL.X\tM\t-4\tE\t100",
    ],
    "combined_rnaseq_data_lincs1000_source_scale": ["Sample\tG1", "NCI60.SR\t1", "CCLE.22RV1\t2", "TCGA.A\t3"],
    "pan_drugs_dragon7_descriptors.tsv": ["NAME\tMW", "NSC.740\t1", "CCLE.1\tna", "X.1\t3"],
    "pan_drugs_dragon7_ECFP.tsv": ["whatever 3", "CCLE.1\t0\t1\t1", "NSC.740\t1\t0\t0"],
    "pan_drugs_dragon7_PFP.tsv": ["whatever 3", "CCLE.1\t0\t0", "NSC.740\t1\t1"],
}
AREAS = [
    "SOURCE\tCELL\tDRUG\tSTUDY\tAUC\tIC50\tEC50\tEC50se\tR2fit\tEinf\tHS\tAAC1\tAUC1\tDSS1",
    *(
        f"CCLE\tCCLE.22RV1\t{rest}\t0\t0\t0\t0\t0"
        for rest in ("CCLE.1\tS\t0.7\t6\t6\t1\t0.9", "CCLE.1\tS\t0.5\t6\t6\t3\t0.3")
    ),
    "CCLE\tCCLE.22RV1\tCCLE.1\tS\t0.1\t6\t6\t3.5\t0.9\t0\t0\t0\t0\t0",
    "CCLE\tCCLE.22RV1\tCCLE.1\tS\t0.1\t6\t6\t1\t0.2\t0\t0\t0\t0\t0",
    "CCLE\tCCLE.22RV1\tCCLE.1\tS\t\t6\t6\t\t0.9\t0\t0\t0\t0\t0",
]
NT3 = {"nt_train2.csv": ["1,0.5,2", "0,1e3,na", "1.0,0,0"], "nt_test2.csv": ["0,7,8"]}


def write(folder: Path, files: dict[str, list[str]], **changed: Any) -> Path:
    """Write files, with lines of one changed: `line` (counted from 1), `text`; or the file left out, `without`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, lines in files.items():
        content = list(lines)
        if name == changed.get("file"):
            content[changed["line"] - 1] = changed["text"]
        if name != changed.get("without"):
            (folder / name).write_text("".join(f"{line}\n" for line in content))
    return folder


def rows(table: Any) -> list[tuple[Any, ...]]:
    values = table.itertuples(index=False)
    return [tuple(round(value, 6) if isinstance(value, float) else value for value in row) for row in values]


def test_combo_is_the_least_mean_of_replicates_over_doses(tmp_path: Path) -> None:
    frames = candle.read_combo(write(tmp_path, COMBO))
    assert list(frames.responses.columns) == ["cell", "drug_1", "drug_2", "value"]
    assert rows(frames.responses) == [
        ("786-0", "NSC.740", "NSC.750", 0.3),
        ("A549/ATCC", "NSC.740", "NSC.740", -0.5),
        ("A549/ATCC", "NSC.750", "NSC.750", 0.25),
        ("HL-60(TB)", "NSC.740", "NSC.750", 0.11),
    ]


def test_features_of_combo_are_named_as_the_responses_name_them(tmp_path: Path) -> None:
    features = candle.read_combo(write(tmp_path, COMBO)).features
    (cell, expression), (drug, descriptors) = features["expression"], features["descriptors"]
    assert (cell, drug) == ("cell", "drug")
    assert list(expression.index) == ["786-0", "A549/ATCC", "HL-60(TB)"]  # by map, by both maps, by map
    assert list(descriptors.index) == ["NSC.740", "NSC.750"]
    assert list(expression.columns) == ["G1", "G2"]
    np.testing.assert_array_equal(expression, [[1, 2.5], [3, np.nan], [5, 6]])
    np.testing.assert_array_equal(descriptors, [[2, np.nan], [1, np.nan]])


def test_what_was_dropped_is_counted_and_named(tmp_path: Path) -> None:
    notes = " | ".join(candle.read_combo(write(tmp_path, COMBO)).notes)
    assert "1 rows were dropped for want of features of cell 'NOWHERE'" in notes
    assert "1 rows were dropped for want of features of drug 'NSC.999'" in notes
    assert "3 rows of one drug alone" in notes
    assert "1 of 2 columns are missing" in notes


def test_without_a_map_names_of_cells_are_guessed_and_noted(tmp_path: Path) -> None:
    files = {name: lines for name, lines in COMBO.items() if "CELLNAME" not in name}
    frames = candle.read_combo(write(tmp_path, files))
    assert list(frames.features["expression"][1].index) == ["786-0", "A549/ATCC"]
    assert any("'A549/ATCC' as 'NCI60.A549'" in note for note in frames.notes)


def test_uno_averages_replicates_at_a_dose(tmp_path: Path) -> None:
    frames = candle.read_uno(write(tmp_path, UNO))
    assert list(frames.responses.columns) == ["cell", "drug", "dose", "value"]
    assert rows(frames.responses) == [
        ("CCLE.22RV1", "CCLE.1", 5.0, -0.1),
        ("CCLE.22RV1", "CCLE.1", 6.5, 0.6),
        ("NCI60.SR", "NSC.740", 4.0, 1.0),
    ]
    assert list(frames.features) == ["expression", "descriptors", "fingerprints"]
    kind, prints = frames.features["fingerprints"]
    assert (kind, list(prints.columns)) == ("drug", ["PFP.1", "PFP.2", "ECFP.1", "ECFP.2", "ECFP.3"])
    np.testing.assert_array_equal(prints, [[0, 0, 0, 1, 1], [1, 1, 1, 0, 0]])
    assert list(prints.index) == list(frames.features["descriptors"][1].index) == ["CCLE.1", "NSC.740"]
    notes = " | ".join(frames.notes)
    assert "1 rows were dropped whose concentration is not in mol/l" in notes
    assert "of cell 'SCL.X'" in notes
    assert "of drug 'SCL.1'" in notes


def test_uno_without_fingerprints_has_none(tmp_path: Path) -> None:
    files = {name: lines for name, lines in UNO.items() if "FP" not in name}
    assert list(candle.read_uno(write(tmp_path, files)).features) == ["expression", "descriptors"]


def test_uno_finds_compounds_by_their_pubchem_names(tmp_path: Path) -> None:
    files = {name: lines for name, lines in UNO.items() if "dragon7" not in name} | {
        "Combined_PubChem_dragon7_descriptors.tsv": ["NAME\tMW\tAMW", "PubChem.CID.7\t5\t1", "PubChem.CID.8\t6\t1"],
        "NCI60_dragon7_descriptors.tsv": ["NAME\tMW", "NSC.740\t3"],
        "drug_info": ["ID\tPUBCHEM\tNAME", "CCLE.1\t7\tx", "CTRP.9\t7\tx", "SCL.1\t\t"],
    }
    table = candle.read_uno(write(tmp_path, files)).features["descriptors"][1]
    assert table["MW"].to_dict() == {"CCLE.1": 5.0, "NSC.740": 3.0}


def test_uno_without_doses_reads_areas_of_curves_that_fit(tmp_path: Path) -> None:
    files = {"combined_single_response_agg": AREAS} | {k: v for k, v in UNO.items() if "growth" not in k}
    frames = candle.read_uno(write(tmp_path, files))
    assert rows(frames.responses) == [("CCLE.22RV1", "CCLE.1", 0.6)]
    assert "3 of 5 curves were dropped: no area, R2fit < 0.3, or EC50se > 3" in frames.notes


def test_uno_prefers_growth_to_areas(tmp_path: Path) -> None:
    frames = candle.read_uno(write(tmp_path, UNO | {"combined_single_response_agg": AREAS}))
    assert "dose" in frames.responses
    assert any("combined_single_response_agg was left aside" in note for note in frames.notes)


def test_nt3_keeps_the_files_order_and_test_set(tmp_path: Path) -> None:
    frames = candle.read_nt3(write(tmp_path, NT3))
    assert rows(frames.responses) == [(0, "1"), (0, "0"), (0, "1"), (1, "0")]
    kind, table = frames.features["expression"]
    assert (kind, list(table.columns), list(table.index)) == ("row", ["gene_1", "gene_2"], [0, 1, 2, 3])
    np.testing.assert_array_equal(table, np.array([[0.5, 2], [1e3, np.nan], [0, 0], [7, 8]], dtype=np.float32))


def test_labels_of_nt3_may_be_words(tmp_path: Path) -> None:
    frames = candle.read_nt3(write(tmp_path, {"nt_train3.csv": ["tumor,1"], "nt_test3.csv": ["normal,2"]}))
    assert list(frames.responses["value"]) == ["tumor", "normal"]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ((), set()),
        (("responses.csv", "ComboDrugGrowth_Nov2017.zip"), set()),
        (("ComboDrugGrowth.txt",), {"combo"}),
        (("ComboDrugGrowth_Nov2019.csv", "combined_rnaseq_data"), {"combo"}),
        (("ComboDrugGrowth_Nov2017.csv", "rescaled_combined_single_drug_growth"), {"combo", "uno"}),
        (("combined_single_drug_growth.tsv",), {"uno"}),
        (("combined_single_response_rescaled_agg",), {"uno"}),
        (("nt_train2.csv",), {"nt3"}),
    ],
)
def test_a_layout_is_known_by_its_names(tmp_path: Path, names: tuple[str, ...], expected: set[str]) -> None:
    for name in names:
        (tmp_path / name).touch()
    assert {benchmark for benchmark in ("combo", "uno", "nt3") if candle.holds(tmp_path, benchmark)} == expected
    assert not candle.holds(tmp_path / "a file that is not there", "combo")


RESPONSES, EXPRESSION, DRUGS, _, _ = COMBO


@pytest.mark.parametrize(
    ("file", "line", "text", "message"),
    [
        (RESPONSES, 1, HEADER.replace("NSC2", "NSC"), r"has no column 'NSC2'; it has COMBODRUGSEQ, NSC1"),
        (RESPONSES, 3, "2,740,1,750,1,much,Y,A", r"line 3, column 'PERCENTGROWTH': 'much' is not a number"),
        (RESPONSES, 3, "2,740,1,750,1,,Y,A", r"line 3, column 'PERCENTGROWTH': the number is missing"),
        (RESPONSES, 3, "2,740,1,750,1,inf,Y,A", r"line 3, column 'PERCENTGROWTH': 'inf' is not a finite number"),
        (RESPONSES, 3, "2,740,1,750,1,1e99,Y,A", r"a value of column 'PERCENTGROWTH' is missing or too large"),
        (RESPONSES, 4, "3,740,low,750,1,1,Y,A", r"line 4, column 'CONC1': 'low' is not a number"),
        (RESPONSES, 5, "4,740,1,750", r"line 5: 4 fields, but the header names 8"),
        (EXPRESSION, 3, "NCI60.786-0\tx\t1\thigh", r"line 3, column 'G2': 'high' is not a number"),
        (EXPRESSION, 2, "NCI60.786-0\tx\t1", r"line 2: 3 fields, but line 1 has 4"),
        (EXPRESSION, 1, "Sample", r"line 1: one field"),
        (DRUGS, 2, "NSC.750\t1\t1_0", r"line 2, column 'AMW': '1_0' is not a number"),
        ("NCI60_CELLNAME_to_Combo.txt", 1, "NCI60\tCELLNAME\tName", r"has no column 'NCI60.ID'; it has NCI60, CELL"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, file: str, line: int, text: str, message: str) -> None:
    folder = write(tmp_path, COMBO, file=file, line=line, text=text)
    with pytest.raises(DataError, match=message) as caught:
        candle.read_combo(folder)
    assert file in str(caught.value)


def test_rows_that_are_not_valid_need_no_number(tmp_path: Path) -> None:
    folder = write(tmp_path, COMBO, file=RESPONSES, line=6, text="5,740,1e-4,750,1e-5,,N,786-0")
    assert len(candle.read_combo(folder).responses) == 4


@pytest.mark.parametrize(
    ("without", "message"),
    [
        (RESPONSES, "no file of responses in .*; expected 'ComboDrugGrowth_Nov2017.csv', unpacked"),
        (EXPRESSION, "no file of expression in .*; expected 'combined_rnaseq_data_lincs1000' or"),
        (DRUGS, "no file of descriptors in .*; expected 'ALMANAC_drug_descriptors_dragon7.txt' or"),
    ],
)
def test_a_missing_file_is_named(tmp_path: Path, without: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        candle.read_combo(write(tmp_path, COMBO, without=without))


@pytest.mark.parametrize("lines", [[], [HEADER], [HEADER, *[""] * 20], [HEADER, "1,740,1,750,1,5,N,786-0"]])
def test_responses_without_a_row_are_refused(tmp_path: Path, lines: list[str]) -> None:
    with pytest.raises(
        DataError, match=r"is empty|it holds no measurement|none of its 1 rows has 'Y' in column 'VALID'"
    ):
        candle.read_combo(write(tmp_path, COMBO | {RESPONSES: lines}))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({EXPRESSION: ["Sample\tG1", "NCI60.B\t1"]}, r"no cell of .*\('786-0', 'A549/ATCC', .* which knows 'NCI60.B'"),
        ({DRUGS: ["NAME\tMW", "NSC.5\t1"]}, r"no drug of .*\('NSC.740', 'NSC.750', 'NSC.999'\) has a row in"),
        (
            {
                EXPRESSION: ["Sample\tG1", "NCI60.786-0\t1"],
                RESPONSES: [HEADER, "1,1,1,2,1,5,Y,786-0", "2,740,1,,,5,Y,B"],
            },
            "has both its cell in the expression and its drugs in the descriptors",
        ),
    ],
)
def test_names_that_do_not_meet_are_shown(tmp_path: Path, changed: dict[str, list[str]], message: str) -> None:
    with pytest.raises(DataError, match=message):
        candle.read_combo(write(tmp_path, COMBO | changed))


def test_several_files_of_one_kind_are_refused(tmp_path: Path) -> None:
    files = {"ComboDrugGrowth_A.csv" if name == RESPONSES else name: lines for name, lines in COMBO.items()}
    folder = write(tmp_path, files | {"ComboDrugGrowth_B.csv": [HEADER]})
    with pytest.raises(DataError, match=r"holds 'ComboDrugGrowth_A.csv', 'ComboDrugGrowth_B.csv'.*; leave one there"):
        candle.read_combo(folder)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"combined_rnaseq_data_lincs1000_source_scale": ["Sample\tG1", "A\t1"]}, "no cell of .* has a row in"),
        ({"pan_drugs_dragon7_ECFP.tsv": ["x", "A\t1"]}, "no drug of .* has a row in"),
        (
            {"combined_rnaseq_data_lincs1000_source_scale": ["Sample\tG1", "SCL.X\t1"]},
            "has both its cell in the expression and its drug in the descriptors",
        ),
    ],
)
def test_names_that_do_not_meet_in_uno_are_shown(tmp_path: Path, changed: dict[str, list[str]], message: str) -> None:
    with pytest.raises(DataError, match=message):
        candle.read_uno(write(tmp_path, UNO | changed))


def test_areas_of_which_no_curve_fits_are_refused(tmp_path: Path) -> None:
    files = {"combined_single_response_agg": [AREAS[0], AREAS[3]]}
    with pytest.raises(DataError, match="no row has an area"):
        candle.read_uno(write(tmp_path, files))


@pytest.mark.parametrize(
    ("train", "test", "message"),
    [
        (["1,2,3", "1,2"], ["1,2,3"], r"nt_train2.csv', line 2: 2 fields, but line 1 has 3"),
        (["1,2,3"], ["1,2"], r"nt_train2.csv' has 3 fields a line, .*nt_test2.csv' 2"),
        (["1,2,x"], ["1,2,3"], r"nt_train2.csv', line 1, column '2': 'x' is not a number"),
        (["1,2,3", ",2,3"], ["1,2,3"], r"nt_train2.csv', row 2, first field: '' is no label"),
        (["inf,2,3"], ["1,2,3"], r"nt_train2.csv', row 1, first field: 'inf' is no label"),
        ([], ["1,2,3"], r"nt_train2.csv' is empty"),
    ],
)
def test_what_nt3_cannot_use_is_named(tmp_path: Path, train: list[str], test: list[str], message: str) -> None:
    with pytest.raises(DataError, match=message):
        candle.read_nt3(write(tmp_path, {"nt_train2.csv": train, "nt_test2.csv": test}))


def test_nt3_needs_both_files(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no file of rows for testing in .*; expected 'nt_test2.csv'"):
        candle.read_nt3(write(tmp_path, NT3, without="nt_test2.csv"))


def test_a_name_that_repeats_counts_once(tmp_path: Path) -> None:
    lines = [*COMBO[DRUGS], "740\t8\t8"]
    frames = candle.read_combo(write(tmp_path, COMBO | {DRUGS: lines}))
    assert frames.features["descriptors"][1]["MW"].tolist() == [2, 1]
    assert f"{DRUGS}: 1 rows repeat a name; the first of each name counts" in frames.notes


def test_columns_of_one_name_are_told_apart(tmp_path: Path) -> None:
    path = write(tmp_path, {"table": ["NAME\tA\tA\tB\tA", "x\t1\t2\t3\t4"]}) / "table"
    assert read_matrix(path).columns == ("A", "A.1", "B", "A.2")


def test_files_that_cannot_be_opened_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot read .*absent"):
        read_matrix(tmp_path / "absent")
    with pytest.raises(DataError, match=r"cannot read .*absent"):
        read_measurements(tmp_path / "absent", {})
    with pytest.raises(DataError, match="has a header and no rows"):
        read_matrix(write(tmp_path, {"table": ["NAME\tA"]}) / "table")


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1))
def test_damaged_files_are_read_or_refused_but_never_crash(seed: int) -> None:
    rng = np.random.default_rng(seed)
    with TemporaryDirectory() as name:
        folder = Path(name)
        files, read = ((COMBO, candle.read_combo), (UNO, candle.read_uno), (NT3, candle.read_nt3))[seed % 3]
        path = write(folder, files) / sorted(files)[int(rng.integers(len(files)))]
        content = bytearray(path.read_bytes())
        for _ in range(int(rng.integers(1, 4))):
            at = int(rng.integers(len(content)))
            content[at : at + int(rng.integers(3))] = rng.choice([b"", b"\t", b",", b'"', b"\n", b"\xff", b"\0", b"x"])
        path.write_bytes(content)
        with contextlib.suppress(DataError):
            read(folder)


def test_made_up_files_are_read_at_their_true_widths(tmp_path: Path) -> None:
    write_combo(tmp_path / "combo", rows=5400)
    write_uno(tmp_path / "uno", cells=20, drugs=10, rows=500)
    write_nt3(tmp_path / "nt3", samples=10)
    assert all(candle.holds(tmp_path / name, name) for name in ("combo", "uno", "nt3"))
    combo, uno, nt3 = (
        candle.read_combo(tmp_path / "combo"),
        candle.read_uno(tmp_path / "uno"),
        candle.read_nt3(tmp_path / "nt3"),
    )
    shapes = [{name: table.shape for name, (_, table) in frames.features.items()} for frames in (combo, uno, nt3)]
    assert shapes[0] == {"expression": (60, 942), "descriptors": (54, 3820)}
    assert shapes[1] == {"expression": (20, 942), "descriptors": (10, 5270), "fingerprints": (10, 2048)}
    assert shapes[2] == {"expression": (10, 60483)}
    assert len(combo.responses) == 540  # 600 blocks of 9 doses, every tenth a repetition
    assert not any("guessed" in note or "dropped" in note for note in combo.notes)
